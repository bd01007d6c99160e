/* `perfgate init`: a configuration fitted to what is found here. */
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/commands.h"
#include "perfgate/cli/config.h"
#include "perfgate/discover/propose.h"
#include "perfgate/ext/git.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "ci_cd_config.yml"
#define OTHER_FILE "performance/" FILE_NAME
#define PROC "/proc"

/* ---- what is found ---- */

/* main, master, or the branch that is checked out; "main" where none tells. */
static void find_branch(char *out, size_t size)
{
	static const char *const usual[] = {"main", "master"};
	AUTO(extgit) struct extgit *git = NULL;
	char commit[EXTGIT_OID_SIZE];
	struct extgit_head head;

	snprintf(out, size, "%s", usual[0]);
	if (extgit_open(&git, NULL) || !git)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		if (!extgit_branch_tip(git, "origin", usual[i], commit))
			continue;
		snprintf(out, size, "%s", usual[i]);
		return;
	}
	if (extgit_head(git, &head, NULL) == 0 && *head.branch != '\0')
		snprintf(out, size, "%s", head.branch);
}

/* The first document that holds requests, else none. */
static bool find_openapi(const struct project *project, struct openapi *out)
{
	for (size_t i = 0; i < project->n_documents; i++) {
		struct error err = ERROR_INIT;

		if (openapi_read(project->documents[i], out, &err)) {
			log_debug("%s", err.message);
			continue;
		}
		if (out->n_operations > 0)
			return true;
		log_info("%s: no request that could be made up", project->documents[i]);
		openapi_release(out);
		*out = (struct openapi){0};
	}
	return false;
}

/* ---- the text is sound, whatever was found ---- */

static int check_text(const struct strbuf *text, struct error *err)
{
	/* Of the file alone: what the environment says today is not in it. */
	static const char *const nothing[] = {NULL};
	AUTO(settings) struct settings *settings = NULL;
	AUTO(suite) struct suite *suite = NULL;

	if (settings_load_text(strbuf_text(text), text->length, FILE_NAME, nothing, &settings, err))
		return -1;
	return config_check(settings, &suite, err);
}

static int propose_sound(const struct proposal *proposal, struct strbuf *out, struct error *err)
{
	strbuf_clear(out);
	return propose_config(proposal, out, err) || check_text(out, err) ? -1 : 0;
}

/* Alone with everything else of the proposal. */
static bool is_sound(const struct proposal *proposal, const struct operation *operation)
{
	struct openapi one = *proposal->openapi;
	struct proposal alone = *proposal;
	AUTO(strbuf) struct strbuf text = {0};
	struct operation copy = *operation;
	struct error err = ERROR_INIT;

	one.operations = &copy;
	one.n_operations = 1;
	alone.openapi = &one;
	if (propose_sound(&alone, &text, &err) == 0)
		return true;
	log_warning("%s is left out: %s", operation->line, err.message);
	return false;
}

/* What a document makes unsound costs that request, not the file. */
static int drop_unsound(struct proposal *proposal, struct openapi *openapi, struct strbuf *out,
			struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < openapi->n_operations; i++) {
		struct operation operation = openapi->operations[i];

		if (is_sound(proposal, &operation)) {
			openapi->operations[i] = openapi->operations[kept];
			openapi->operations[kept++] = operation;
		}
	}
	/* The others stay behind the end, and are released with it. */
	size_t all = openapi->n_operations;

	openapi->n_operations = kept;
	proposal->openapi = kept > 0 ? openapi : NULL;
	int result = propose_sound(proposal, out, err);

	openapi->n_operations = all;
	return result;
}

/* ---- writing ---- */

static bool is_there(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

static int write_file(const char *path, const struct strbuf *text, struct error *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder =
		slash && slash > path ? xstrndup(path, (size_t)(slash - path)) : NULL;

	if (folder && fs_make_dirs(folder, err))
		return -1;
	return fs_write_file(path, strbuf_text(text), text->length, err);
}

static void describe(const struct proposal *proposal, struct strbuf *out)
{
	const struct project *project = proposal->project;

	if (proposal->openapi)
		strbuf_printf(out, "found  %s: %zu requests, %zu left out\n",
			      proposal->openapi->path, proposal->openapi->n_operations,
			      proposal->openapi->n_left_out);
	if (project->from)
		strbuf_printf(out, "found  %s: %s\n", project->from,
			      project->command ? project->command : project->url);
	if (!proposal_has_target(proposal))
		strbuf_puts(out,
			    "found  no API: the file measures the reference API of perfgate\n");
}

static int say_done(const struct proposal *proposal, const char *path, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};

	describe(proposal, &out);
	strbuf_printf(&out,
		      "wrote  %s\n"
		      "next   perfgate doctor            is everything there that a check needs?\n"
		      "       perfgate check --quick     a first verdict, in less than a minute\n"
		      "       perfgate generate github   the workflow that runs it (or jenkins)\n",
		      path);
	return cli_print(strbuf_text(&out), err);
}

static int deliver(const struct cli *cli, const struct proposal *proposal,
		   const struct strbuf *text, struct error *err)
{
	const char *given = cli_value(cli, "--config"), *path = given ? given : FILE_NAME;

	if (cli_flag(cli, "--dry-run"))
		return cli_print(strbuf_text(text), err);
	if (is_there(path) && !cli_flag(cli, "--force"))
		return error_set(err, ERROR_USAGE,
				 "%s is there already: --dry-run shows what would be written, "
				 "--force replaces it",
				 path);
	if (!given && is_there(OTHER_FILE))
		log_warning("%s is there, too: from now on %s holds", OTHER_FILE, path);
	return write_file(path, text, err) ? -1 : say_done(proposal, path, err);
}

static int init_run(struct cli *cli, struct error *err)
{
	AUTO(project) struct project project = {0};
	AUTO(openapi) struct openapi openapi = {0};
	AUTO(strbuf) struct strbuf text = {0};
	char branch[256];
	struct proposal proposal = {.project = &project, .baseline_branch = branch};
	struct error unsound = ERROR_INIT;

	find_branch(branch, sizeof branch);
	project_find(".", PROC, &project);
	proposal.openapi = find_openapi(&project, &openapi) ? &openapi : NULL;
	if (propose_sound(&proposal, &text, &unsound)) {
		log_debug("%s", unsound.message);
		if (!proposal.openapi || drop_unsound(&proposal, &openapi, &text, &unsound)) {
			*err = unsound;
			err->kind = ERROR_INTERNAL;
			return -1;
		}
	}
	return deliver(cli, &proposal, &text, err);
}

static const struct option_row options[] = {
	{.name = "--force", .help = "replace a file that is there"},
	{.name = "--dry-run", .letter = 'n', .help = "print the file instead of writing it"},
	{0},
};

const struct command cmd_init = {
	.name = "init",
	.summary = "write a ci_cd_config.yml fitted to what is here",
	.description =
		"Looks at the files of the current folder and writes a commented configuration:\n"
		"requests with values from an OpenAPI document, and how the API is started from\n"
		"a Procfile, package.json, Python's FastAPI, Flask or Django, go.mod, Cargo.toml,\n"
		"Makefile, Dockerfile or compose file, else the address of a process of this\n"
		"folder that listens. Nothing is asked, run or sent; no environment (.env,\n"
		"`environment:`) is read. Changes against earlier runs are set to warn. The file\n"
		"is ci_cd_config.yml, or --config; one that is there is kept without --force.",
	.examples = "  # what would it say?\n"
		    "  perfgate init --dry-run\n"
		    "  perfgate init && perfgate doctor && perfgate check --quick",
	.options = options,
	.run = init_run,
};
