#include "perfgate/ext/git_notes.h"

#include "perfgate/base/clock.h"
#include "temp_repo.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#define REFERENCE "refs/notes/perfgate/test"
#define GIT_NOTES "git notes --ref perfgate/test"
#define LOCK ".git/" REFERENCE ".lock"
#define LIMIT ((size_t)1 << 16)

/* Stands before libc's: counts what libgit2 asks for, and fails on demand. */
static int fsyncs, fsync_error;

int fsync(int fd)
{
	fsyncs++;
	if (fsync_error) {
		errno = fsync_error;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int enter(void **state)
{
	static struct temp_repo repo;

	*state = &repo;
	fsyncs = fsync_error = 0;
	return temp_repo_enter(&repo, 2);
}

static int leave(void **state)
{
	temp_repo_leave(*state);
	return 0;
}

/* Adds a line that is not there yet. */
static int add_line(const char *old, size_t length, struct strbuf *out, const void *line,
		    struct error *err)
{
	(void)err;
	strbuf_append(out, old, length);
	if (out->length && out->data[out->length - 1] != '\n')
		strbuf_putc(out, '\n');
	if (!strstr(strbuf_text(out), line))
		strbuf_printf(out, "%s\n", (const char *)line);
	return 0;
}

/* Between reading and swapping, the first time: what somebody else does. */
struct rival {
	const char *line;
	const char *first, *second; /* shell commands of the first and second attempt */
	int *attempts;
};

static int add_line_with_rival(const char *old, size_t length, struct strbuf *out, const void *arg,
			       struct error *err)
{
	const struct rival *rival = arg;
	int attempt = ++*rival->attempts;

	if (attempt == 1)
		assert_int_equal(sh("%s", rival->first), 0);
	if (attempt == 2)
		assert_int_equal(sh("%s", rival->second), 0);
	return add_line(old, length, out, rival->line, err);
}

static int write_note(struct extgit_note_write write, bool *changed, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	char head[64];

	assert_int_equal(sh_output(head, sizeof head, "git rev-parse HEAD"), 0);
	write.reference = REFERENCE;
	write.object = write.object ? write.object : head;
	write.author.message = "test";
	write.limit_bytes = write.limit_bytes ? write.limit_bytes : LIMIT;
	write.merge = write.merge ? write.merge : add_line;
	if (extgit_open(&git, err))
		return -1;
	return extgit_note_write(git, &write, changed, err);
}

static void expect_written(const char *line)
{
	struct error err = ERROR_INIT;
	bool changed = false;

	if (write_note((struct extgit_note_write){.arg = line}, &changed, &err))
		fail_msg("%s", err.message);
	assert_true(changed);
}

/* The write fails with ERROR_BASELINE and `words`, and the reference stays as it is. */
static void expect_refused(struct extgit_note_write write, const char *words)
{
	struct error err = ERROR_INIT;
	char before[256], after[256];

	if (!write.arg)
		write.arg = "mine";
	sh_output(before, sizeof before, "cat .git/%s 2>/dev/null", REFERENCE);
	assert_int_equal(write_note(write, NULL, &err), -1);
	sh_output(after, sizeof after, "cat .git/%s 2>/dev/null", REFERENCE);
	assert_int_equal(err.kind, ERROR_BASELINE);
	if (!strstr(err.message, words))
		fail_msg("'%s' does not say '%s'", err.message, words);
	assert_string_equal(before, after);
}

static int read_head_note(struct strbuf *out, enum extgit_note_state *state, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	char head[64];

	assert_int_equal(sh_output(head, sizeof head, "git rev-parse HEAD"), 0);
	*state = NOTE_ABSENT;
	if (extgit_open(&git, err) || extgit_notes_open(git, REFERENCE, &notes, err))
		return -1;
	return notes ? extgit_note_read(notes, head, LIMIT, state, out, err) : 0;
}

static void expect_note(const char *text)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	enum extgit_note_state state;

	if (read_head_note(&out, &state, &err))
		fail_msg("%s", err.message);
	assert_int_equal(state, NOTE_PRESENT);
	assert_string_equal(strbuf_text(&out), text);
}

static void expect_unreadable(const char *words)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	enum extgit_note_state state;

	assert_int_equal(read_head_note(&out, &state, &err), -1);
	assert_int_equal(err.kind, ERROR_BASELINE);
	assert_int_equal(out.length, 0);
	if (!strstr(err.message, words))
		fail_msg("'%s' does not say '%s'", err.message, words);
}

static void expect_git_shows(const char *text)
{
	char shown[4096];

	assert_int_equal(sh_output(shown, sizeof shown, GIT_NOTES " show HEAD"), 0);
	assert_string_equal(shown, text);
}

static void expect_clean(void)
{
	assert_int_equal(sh("test -z \"$(git fsck --strict --no-dangling 2>&1)\""), 0);
	assert_int_equal(access(LOCK, F_OK), -1);
}

/* -- the tests -------------------------------------------------------- */

static void git_29_no_reference_is_no_error(void **state)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	enum extgit_note_state found;

	(void)state;
	assert_int_equal(read_head_note(&out, &found, &err), 0);
	assert_int_equal(found, NOTE_ABSENT);
}

static void git_57_git_reads_ours_and_we_read_gits(void **state)
{
	(void)state;
	expect_written("one");
	expect_git_shows("one");
	assert_int_equal(sh(GIT_NOTES " append -m 'by hand' HEAD 2>/dev/null"), 0);
	expect_note("one\n\nby hand\n");
	expect_written("two");
	expect_git_shows("one\n\nby hand\ntwo");
	expect_clean();
}

static void the_same_text_makes_no_commit(void **state)
{
	struct error err = ERROR_INIT;
	bool changed = true;

	(void)state;
	expect_written("one");
	assert_int_equal(write_note((struct extgit_note_write){.arg = "one"}, &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(sh("test $(git rev-list --count " REFERENCE ") = 1"), 0);
}

static void put_note_at(const char *path_of_head, const char *text)
{
	/* A path in the notes tree, where H is replaced by the name of HEAD cut as wanted. */
	assert_int_equal(sh("h=$(git rev-parse HEAD); b=$(printf '%s\\n' | git hash-object -w "
			    "--stdin); p=$(echo %s | sed \"s:FLAT:$h:; s:FAN3:$(echo $h | sed "
			    "'s,\\(..\\)\\(..\\),\\1/\\2/,'):; s:FAN2:$(echo $h | sed "
			    "'s,\\(..\\),\\1/,'):\"); export GIT_INDEX_FILE=.git/notes-index; "
			    "git update-index --add --cacheinfo 100644,$b,$p; "
			    "c=$(git write-tree | xargs git commit-tree -m n) && "
			    "git update-ref " REFERENCE " $c",
			    text, path_of_head),
			 0);
}

static void notes_are_read_at_every_depth_and_written_at_one(void **state)
{
	static const char *const depths[] = {"FLAT", "FAN2", "FAN3"};
	char listed[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		assert_int_equal(sh("rm -f .git/notes-index"), 0);
		put_note_at(depths[i], "old");
		expect_note("old\n");
		expect_git_shows("old");
		expect_written("new");
		expect_git_shows("old\nnew");
		assert_int_equal(sh_output(listed, sizeof listed,
					   "git ls-tree -r --name-only " REFERENCE),
				 0);
		assert_int_equal(strlen(listed), 41);
		assert_int_equal(listed[2], '/');
	}
	expect_clean();
}

static void one_object_at_two_depths_is_healed(void **state)
{
	(void)state;
	put_note_at("FLAT", "flat");
	put_note_at("FAN3", "deep");
	expect_note("flat\ndeep\n");
	expect_written("new");
	expect_git_shows("flat\ndeep\nnew");
	assert_int_equal(sh("test $(git ls-tree -r " REFERENCE " | wc -l) = 1"), 0);
}

static void git_19_foreign_entries_are_kept(void **state)
{
	(void)state;
	put_note_at("README", "read me");
	put_note_at("folder/file", "inner");
	expect_written("one");
	assert_int_equal(sh("git cat-file -e " REFERENCE ":README && "
			    "git cat-file -e " REFERENCE ":folder/file"),
			 0);
	/* A foreign file with the name of the folder that the note wants. */
	put_note_at("$(git rev-parse HEAD | cut -c1-2)", "in the way");
	expect_written("two");
	expect_git_shows("two");
	assert_int_equal(sh("git cat-file -e " REFERENCE ":$(git rev-parse HEAD | cut -c1-2)"), 0);
	expect_clean();
}

static void write_many(int writer)
{
	for (int i = 0; i < 25; i++) {
		struct error err = ERROR_INIT;
		char line[32];

		snprintf(line, sizeof line, "writer %d note %d.", writer, i);
		if (write_note((struct extgit_note_write){.arg = line}, NULL, &err)) {
			fprintf(stderr, "%s\n", err.message);
			_exit(1);
		}
	}
	_exit(0);
}

static void git_01_four_writers_lose_nothing(void **state)
{
	pid_t writers[4];
	char lines[64];

	(void)state;
	for (int i = 0; i < 4; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			write_many(i);
	}
	for (int i = 0; i < 4; i++) {
		int status = -1;

		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(sh_output(lines, sizeof lines,
				   GIT_NOTES " show HEAD | grep -c 'writer . note'"),
			 0);
	assert_string_equal(lines, "100");
	assert_int_equal(sh("test $(git rev-list --count " REFERENCE ") = 100"), 0);
	expect_clean();
}

static void git_02_reference_moved_meanwhile_is_merged(void **state)
{
	int attempts = 0;
	struct rival rival = {"mine", GIT_NOTES " append -m theirs HEAD 2>/dev/null", "true",
			      &attempts};
	struct error err = ERROR_INIT;

	(void)state;
	expect_written("first");
	if (write_note((struct extgit_note_write){.merge = add_line_with_rival, .arg = &rival},
		       NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(attempts, 2);
	expect_git_shows("first\n\ntheirs\nmine");
}

static void git_02_reference_created_meanwhile_is_merged(void **state)
{
	int attempts = 0;
	struct rival rival = {"mine", GIT_NOTES " add -m theirs HEAD", "true", &attempts};
	struct error err = ERROR_INIT;

	(void)state;
	if (write_note((struct extgit_note_write){.merge = add_line_with_rival, .arg = &rival},
		       NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(attempts, 2);
	expect_git_shows("theirs\nmine");
}

static void git_02_reference_that_never_rests_gives_up(void **state)
{
	struct error err = ERROR_INIT;
	int attempts = 0;
	struct rival rival = {"mine", GIT_NOTES " append -m theirs HEAD 2>/dev/null", "true",
			      &attempts};

	(void)state;
	expect_written("first");
	assert_int_equal(write_note((struct extgit_note_write){.merge = add_line_with_rival,
							       .arg = &rival,
							       .budget_ns = 1},
				    NULL, &err),
			 -1);
	assert_int_equal(err.kind, ERROR_BASELINE);
	assert_non_null(strstr(err.message, "kept changing"));
}

static void git_03_lock_that_goes_away_is_waited_for(void **state)
{
	int attempts = 0;
	struct rival rival = {"mine", "touch " LOCK, "rm " LOCK, &attempts};
	struct error err = ERROR_INIT;

	(void)state;
	expect_written("first");
	if (write_note((struct extgit_note_write){.merge = add_line_with_rival, .arg = &rival},
		       NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(attempts, 2);
	expect_git_shows("first\nmine");
}

static void git_04_stale_lock_is_named_and_left_alone(void **state)
{
	struct extgit_note_write write = {.budget_ns = 50 * NS_PER_MS};

	(void)state;
	expect_written("first");
	assert_int_equal(sh("touch -d '2 hours ago' " LOCK), 0);
	expect_refused(write, "/repo/" LOCK);
	expect_refused(write, "2 h old");
	expect_refused(write, "remove it: rm '/");
	assert_int_equal(access(LOCK, F_OK), 0);
	expect_note("first\n");
}

static void git_10_objects_and_reference_are_synced(void **state)
{
	(void)state;
	expect_written("first");
	assert_in_range(fsyncs, 5, 100); /* blob, two trees, commit, reference */
	fsync_error = EIO;
	expect_refused((struct extgit_note_write){.arg = "second"}, "baseline not written");
	fsync_error = 0;
	expect_note("first\n");
	expect_clean();
	expect_written("second");
}

static void git_11_missing_tip_starts_no_new_history(void **state)
{
	(void)state;
	expect_written("first");
	assert_int_equal(sh("t=$(git rev-parse " REFERENCE "); rm -f .git/objects/$(echo $t | sed "
			    "'s,\\(..\\),\\1/,')"),
			 0);
	expect_refused((struct extgit_note_write){.arg = "second"}, "notes history incomplete");
	expect_unreadable("notes history incomplete");
}

static void git_13_damaged_reference_is_left_alone(void **state)
{
	(void)state;
	expect_written("first");
	assert_int_equal(sh("echo garbage >.git/" REFERENCE), 0);
	expect_refused((struct extgit_note_write){.arg = "second"}, REFERENCE " is unreadable");
	expect_unreadable(REFERENCE " is unreadable");
}

static void git_14_symbolic_reference_is_not_written_through(void **state)
{
	char before[64], after[64];

	(void)state;
	assert_int_equal(sh("git symbolic-ref " REFERENCE " refs/heads/main"), 0);
	sh_output(before, sizeof before, "git rev-parse main");
	expect_refused((struct extgit_note_write){.arg = "first"}, "symbolic reference to "
								   "refs/heads/main");
	expect_unreadable("symbolic reference");
	sh_output(after, sizeof after, "git rev-parse main");
	assert_string_equal(before, after);
	/* One that points nowhere is as bad. */
	assert_int_equal(sh("git symbolic-ref " REFERENCE " refs/heads/nowhere"), 0);
	expect_refused((struct extgit_note_write){.arg = "first"}, "symbolic reference");
}

static void git_15_reference_in_the_way_is_named(void **state)
{
	static const char *const others[] = {REFERENCE "/x", "refs/notes/perfgate"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		char words[128];

		snprintf(words, sizeof words, "cannot exist beside %s:", others[i]);
		assert_int_equal(sh("git update-ref %s HEAD", others[i]), 0);
		expect_refused((struct extgit_note_write){.arg = "first"}, words);
		assert_int_equal(sh("git pack-refs --all"), 0);
		expect_refused((struct extgit_note_write){.arg = "first"}, words);
		assert_int_equal(sh("git update-ref -d %s", others[i]), 0);
	}
	expect_written("first");
}

static void git_16_damaged_objects_are_unreadable(void **state)
{
	static const char *const objects[] = {
		REFERENCE "^{tree}",
		REFERENCE ":$(git rev-parse HEAD | cut -c1-2)",
		REFERENCE ":$(git rev-parse HEAD | sed 's,\\(..\\),\\1/,')",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		for (int truncated = 0; truncated <= 1; truncated++) {
			expect_written(truncated ? "truncated" : "empty");
			assert_int_equal(
				sh("f=.git/objects/$(git rev-parse \"%s\" | sed "
				   "'s,\\(..\\),\\1/,'); "
				   "chmod u+w $f && cp $f .git/kept && echo $f >.git/where && "
				   "truncate -s %d $f",
				   objects[i], truncated ? 9 : 0),
				0);
			expect_unreadable("baseline unreadable");
			expect_refused((struct extgit_note_write){.arg = "more"}, "baseline");
			assert_int_equal(sh("cp .git/kept $(cat .git/where) && "
					    "git update-ref -d " REFERENCE),
					 0);
		}
}

static void git_17_bit_flip_in_a_pack_gives_no_wrong_numbers(void **state)
{
	(void)state;
	expect_written("a line that is long enough to hold its flipped bit 0123456789");
	assert_int_equal(
		sh("git gc -q --prune=now && p=$(ls .git/objects/pack/*.pack) && "
		   "b=$(git rev-parse " REFERENCE
		   ":$(git rev-parse HEAD | sed 's,\\(..\\),\\1/,')) && "
		   "o=$(git verify-pack -v $p | grep ^$b | awk '{print $5}'); chmod u+w $p && "
		   "printf '\\377\\377' | dd of=$p bs=1 seek=$((o + 20)) conv=notrunc 2>/dev/null"),
		0);
	expect_unreadable("baseline unreadable");
}

static void git_20_hostile_blobs_are_capped_and_bytes_are_kept(void **state)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	enum extgit_note_state found;

	(void)state;
	/* Empty. */
	put_note_at("FAN2", "");
	assert_int_equal(sh("b=$(git hash-object -w /dev/null) && " GIT_NOTES
			    " add -f --allow-empty -C $b HEAD 2>/dev/null"),
			 0);
	assert_int_equal(read_head_note(&out, &found, &err), 0);
	assert_int_equal(out.length, 0);
	/* Binary with NUL. */
	assert_int_equal(
		sh("b=$(printf 'a\\000b\\377\\n' | git hash-object -w --stdin) && " GIT_NOTES
		   " add -f -C $b HEAD 2>/dev/null"),
		0);
	assert_int_equal(read_head_note(&out, &found, &err), 0);
	assert_int_equal(out.length, 5);
	expect_written("mine");
	strbuf_clear(&out);
	assert_int_equal(read_head_note(&out, &found, &err), 0);
	assert_memory_equal(strbuf_text(&out), "a\0b\377\nmine\n", 10);
	/* Larger than the cap: not read, and nothing is thrown away. */
	assert_int_equal(
		sh("b=$(head -c 100000000 /dev/zero | git hash-object -w --stdin) && " GIT_NOTES
		   " add -f -C $b HEAD 2>/dev/null"),
		0);
	strbuf_clear(&out);
	assert_int_equal(read_head_note(&out, &found, &err), 0);
	assert_int_equal(found, NOTE_TOO_LARGE);
	assert_int_equal(out.length, 0);
	expect_refused((struct extgit_note_write){.arg = "mine"}, "larger than");
}

static void a_note_never_outgrows_its_limit(void **state)
{
	(void)state;
	expect_written("first");
	expect_refused((struct extgit_note_write){.arg = "second", .limit_bytes = 10},
		       "larger than");
}

static void git_41_worktree_writes_to_the_common_folder(void **state)
{
	(void)state;
	assert_int_equal(sh("git worktree add -q --detach ../linked HEAD"), 0);
	assert_int_equal(chdir("../linked"), 0);
	expect_written("from the worktree");
	assert_int_equal(chdir("../repo"), 0);
	expect_note("from the worktree\n");
}

static void git_40_bare_repository_is_written(void **state)
{
	(void)state;
	assert_int_equal(sh("git clone -q --bare . ../bare.git"), 0);
	assert_int_equal(chdir("../bare.git"), 0);
	expect_written("bare");
	expect_note("bare\n");
}

static void git_50_51_no_program_is_run(void **state)
{
	(void)state;
	assert_int_equal(sh("mkdir ../hooks && printf '#!/bin/sh\\ntouch %%s/../ran\\n' \"$PWD\" "
			    ">../hooks/reference-transaction && chmod +x ../hooks/* && "
			    "cp ../hooks/reference-transaction ../hooks/post-commit && "
			    "git config core.hooksPath \"$PWD/../hooks\" && "
			    "git config gpg.program \"$PWD/../hooks/post-commit\" && "
			    "git config commit.gpgsign true"),
			 0);
	expect_written("first");
	assert_int_equal(access("../ran", F_OK), -1);
}

static void git_52_notes_settings_do_not_redirect(void **state)
{
	(void)state;
	assert_int_equal(sh("git config core.notesRef refs/notes/other && "
			    "git config notes.displayRef 'refs/notes/*' && "
			    "git config notes.rewriteRef refs/notes/other"),
			 0);
	setenv("GIT_NOTES_REF", "refs/notes/elsewhere", 1);
	setenv("GIT_NAMESPACE", "space", 1);
	expect_written("first");
	unsetenv("GIT_NOTES_REF");
	unsetenv("GIT_NAMESPACE");
	expect_note("first\n");
	expect_git_shows("first");
	assert_int_equal(sh("test -z \"$(git for-each-ref refs/notes/other refs/notes/elsewhere "
			    "refs/namespaces)\""),
			 0);
}

static void expect_author(const char *author)
{
	char written[256];

	assert_int_equal(sh_output(written, sizeof written,
				   "git log -1 --format='%%an <%%ae>' " REFERENCE),
			 0);
	assert_string_equal(written, author);
}

static void git_56_sec_17_identity_of_settings_then_git_then_fixed(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	expect_written("one");
	expect_author("perfgate <perfgate@localhost>");
	assert_int_equal(sh("git config user.name Ada && git config user.email ada@example.org"),
			 0);
	expect_written("two");
	expect_author("Ada <ada@example.org>");
	assert_int_equal(
		write_note((struct extgit_note_write){.arg = "three",
						      .author = {.name = "Gate",
								 .email = "gate@example.org"}},
			   NULL, &err),
		0);
	expect_author("Gate <gate@example.org>");
}

static void git_08_read_only_objects_move_nothing(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	expect_written("first");
	assert_int_equal(sh("chmod -R a-w .git/objects"), 0);
	child = fork();
	if (child == 0) {
		struct error err = ERROR_INIT;

		/* For root no folder is read-only. */
		if (geteuid() == 0 &&
		    (sh("chown -R 65534 . ../home; chmod 755 ..") || setuid(65534)))
			_exit(2);
		_exit(write_note((struct extgit_note_write){.arg = "second"}, NULL, &err) == -1 &&
				      err.kind == ERROR_BASELINE &&
				      strstr(err.message, "Permission denied")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(sh("chmod -R u+w .git/objects; [ $(id -u) != 0 ] || chown -R 0 ."), 0);
	expect_note("first\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(git_29_no_reference_is_no_error),
		TEST(git_57_git_reads_ours_and_we_read_gits),
		TEST(the_same_text_makes_no_commit),
		TEST(notes_are_read_at_every_depth_and_written_at_one),
		TEST(one_object_at_two_depths_is_healed),
		TEST(git_19_foreign_entries_are_kept),
		TEST(git_01_four_writers_lose_nothing),
		TEST(git_02_reference_moved_meanwhile_is_merged),
		TEST(git_02_reference_created_meanwhile_is_merged),
		TEST(git_02_reference_that_never_rests_gives_up),
		TEST(git_03_lock_that_goes_away_is_waited_for),
		TEST(git_04_stale_lock_is_named_and_left_alone),
		TEST(git_08_read_only_objects_move_nothing),
		TEST(git_10_objects_and_reference_are_synced),
		TEST(git_11_missing_tip_starts_no_new_history),
		TEST(git_13_damaged_reference_is_left_alone),
		TEST(git_14_symbolic_reference_is_not_written_through),
		TEST(git_15_reference_in_the_way_is_named),
		TEST(git_16_damaged_objects_are_unreadable),
		TEST(git_17_bit_flip_in_a_pack_gives_no_wrong_numbers),
		TEST(git_20_hostile_blobs_are_capped_and_bytes_are_kept),
		TEST(a_note_never_outgrows_its_limit),
		TEST(git_40_bare_repository_is_written),
		TEST(git_41_worktree_writes_to_the_common_folder),
		TEST(git_50_51_no_program_is_run),
		TEST(git_52_notes_settings_do_not_redirect),
		TEST(git_56_sec_17_identity_of_settings_then_git_then_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
