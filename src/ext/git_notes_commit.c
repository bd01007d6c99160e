/*
 * Commits of notes: who makes them, and their signatures.
 *
 * libgit2 neither signs nor verifies, so both are git's own, with the user's configuration:
 * gpg.format, user.signingKey, gpg.ssh.allowedSignersFile, gpg.minTrustLevel.
 */
#include "git_notes_internal.h"

#include "git_spawn.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <stdio.h>
#include <string.h>

#define FIXED_NAME "perfgate"
#define FIXED_EMAIL "perfgate@localhost"
/* A key on a token waits for a finger. */
#define SIGN_BUDGET_NS (30 * NS_PER_S)
#define PARENTS_MAX 2

/* -- who -------------------------------------------------------------- */

static int make_signature(git_repository *repository, const struct extgit_notes_author *author,
			  git_signature **out)
{
	AUTO(git_signature) git_signature *own = NULL;
	const char *name = author->name, *email = author->email;

	if ((!name || !email) && git_signature_default(&own, repository) < 0)
		own = NULL;
	if (!name)
		name = own ? own->name : FIXED_NAME;
	if (!email)
		email = own ? own->email : FIXED_EMAIL;
	return git_signature_now(out, name, email);
}

char *extgit_notes_identity(const struct extgit *git, const struct extgit_notes_author *author)
{
	AUTO(git_signature) git_signature *signature = NULL;

	if (make_signature(extgit_raw(git), author, &signature) < 0)
		return xstrdup(FIXED_NAME " <" FIXED_EMAIL ">");
	return xasprintf("%s <%s>", signature->name, signature->email);
}

/* -- verifying -------------------------------------------------------- */

/* The key that git names in front of "No principal matched.". */
static bool put_unknown_key(const char *text, char *out, size_t size)
{
	static const char mark[] = "signature with ";
	const char *key = strstr(text, mark);

	if (!key || !strstr(text, "No principal matched"))
		return false;
	key += strlen(mark);
	snprintf(out, size, "%.*s is not among the allowed signers", (int)strcspn(key, "\n"), key);
	return true;
}

/* Why the signature does not count: an "error:", else the last line; git is silent without one. */
static void put_doubt(const char *text, char *out, size_t size)
{
	static const char mark[] = "error: ";
	const char *line = strstr(text, mark), *end = text + strlen(text);

	if (put_unknown_key(text, out, size))
		return;
	if (line) {
		line += strlen(mark);
	} else {
		while (end > text && end[-1] == '\n')
			end--;
		for (line = end; line > text && line[-1] != '\n';)
			line--;
	}
	snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
	if (*out == '\0')
		snprintf(out, size, "it is not signed");
}

int extgit_notes_verify(const struct extgit *git, const char *commit, char *doubt, size_t size,
			struct error *err)
{
	const char *arguments[] = {"verify-commit", commit, NULL};
	const struct git_call call = {git, .arguments = arguments,
				      .deadline_ns = clock_now_ns() + SIGN_BUDGET_NS};
	AUTO(proc_result) struct proc_result result = {0};

	if (git_spawn(&call, &result, err))
		return -1;
	if (result.timed_out)
		return git_spawn_fail(&result, "verify the notes of", commit, err);
	*doubt = '\0';
	if (result.exit_status != 0)
		put_doubt(strbuf_text(&result.err), doubt, size);
	return 0;
}

/* A signature vouches for all that it stands on. */
static int check_parents(const struct extgit *git, const git_commit **parents, size_t count,
			 struct error *err)
{
	char commit[EXTGIT_OID_SIZE], doubt[256];

	for (size_t i = 0; i < count; i++) {
		git_oid_tostr(commit, sizeof commit, git_commit_id(parents[i]));
		if (extgit_notes_verify(git, commit, doubt, sizeof doubt, err))
			return -1;
		if (*doubt)
			return error_set(err, ERROR_BASELINE,
					 "commit %.12s of the notes is not to be trusted: %s; look "
					 "at them, then vouch for them: perfgate baseline sync "
					 "--sign",
					 commit, doubt);
	}
	return 0;
}

/* -- writing ---------------------------------------------------------- */

/* Both roles, as settings of the one call: what the clone says of either must not win. */
static void put_identity(const git_signature *by, struct strbuf *config)
{
	static const char *const roles[] = {"author", "committer"};

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		strbuf_printf(config, "%s.name\n%s", roles[i], by->name);
		strbuf_putc(config, '\0');
		strbuf_printf(config, "%s.email\n%s", roles[i], by->email);
		strbuf_putc(config, '\0');
	}
}

static int spawn_commit(const struct extgit *git, const git_oid *tree, const git_commit **parents,
			size_t count, const git_signature *by, const char *message, git_oid *out,
			struct error *err)
{
	char names[PARENTS_MAX + 1][EXTGIT_OID_SIZE], reason[512];
	const char *arguments[16] = {"-c",	    "core.fsync=committed",
				     "commit-tree", "-S",
				     "-m",	    message,
				     names[0]};
	AUTO(strbuf) struct strbuf config = {0};
	AUTO(proc_result) struct proc_result result = {0};
	const struct git_call call = {git, .arguments = arguments, .config = &config,
				      .deadline_ns = clock_now_ns() + SIGN_BUDGET_NS};
	size_t n = 7;

	git_oid_tostr(names[0], sizeof names[0], tree);
	for (size_t i = 0; i < count && i < PARENTS_MAX; i++) {
		git_oid_tostr(names[i + 1], sizeof names[i + 1], git_commit_id(parents[i]));
		arguments[n++] = "-p";
		arguments[n++] = names[i + 1];
	}
	put_identity(by, &config);
	if (git_spawn(&call, &result, err))
		return -1;
	if (result.exit_status == 0 && result.out.length >= OID_HEX &&
	    git_oid_fromstrn(out, strbuf_text(&result.out), OID_HEX) == 0)
		return 0;
	put_doubt(strbuf_text(&result.err), reason, sizeof reason);
	return error_set(err, ERROR_BASELINE, "git cannot sign the notes: %s",
			 result.timed_out ? "no answer in time" : reason);
}

/* What git would not believe at the next reading is not written. */
static int sign_commit(const struct extgit *git, const git_oid *tree, const git_commit **parents,
		       size_t count, const git_signature *by,
		       const struct extgit_notes_author *author, git_oid *out, struct error *err)
{
	char commit[EXTGIT_OID_SIZE], doubt[256];

	if ((author->signing == NOTES_SIGNED && check_parents(git, parents, count, err)) ||
	    spawn_commit(git, tree, parents, count, by, author->message, out, err))
		return -1;
	git_oid_tostr(commit, sizeof commit, out);
	if (extgit_notes_verify(git, commit, doubt, sizeof doubt, err))
		return -1;
	if (*doubt)
		return error_set(err, ERROR_BASELINE,
				 "git does not trust the signature that it made for the notes: %s",
				 doubt);
	return 0;
}

int notes_write_commit(const struct extgit *git, const git_oid *tree, const git_commit **parents,
		       size_t count, const struct extgit_notes_author *author, git_oid *out,
		       struct error *err)
{
	git_repository *repository = extgit_raw(git);
	AUTO(git_signature) git_signature *by = NULL;
	AUTO(git_tree) git_tree *written = NULL;

	if (make_signature(repository, author, &by) < 0)
		return extgit_fail(err, "baseline not written: identity (baseline.name, "
					"baseline.email)");
	if (author->signing != NOTES_UNSIGNED)
		return sign_commit(git, tree, parents, count, by, author, out, err)
			       ? error_wrap(err, "baseline not written")
			       : 0;
	if (git_tree_lookup(&written, repository, tree) < 0 ||
	    git_commit_create(out, repository, NULL, by, by, NULL, author->message, written, count,
			      parents) < 0)
		return extgit_fail(err, "baseline not written");
	return 0;
}
