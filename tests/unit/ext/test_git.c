#include "perfgate/ext/git.h"

#include "temp_repo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* libgit2 1.5 leaks its regular expression when it refuses an extension. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

static int enter(void **state)
{
	static struct temp_repo repo;

	*state = &repo;
	return temp_repo_enter(&repo, 3);
}

static int leave(void **state)
{
	temp_repo_leave(*state);
	return 0;
}

static struct extgit *open_here(void)
{
	struct error err = ERROR_INIT;
	struct extgit *git = NULL;

	if (extgit_open(&git, &err))
		fail_msg("extgit_open: %s", err.message);
	assert_non_null(git);
	return git;
}

static struct extgit_head head_here(void)
{
	AUTO(extgit) struct extgit *git = open_here();
	struct error err = ERROR_INIT;
	struct extgit_head head;

	if (extgit_head(git, &head, &err))
		fail_msg("extgit_head: %s", err.message);
	return head;
}

static bool dirty_here(void)
{
	AUTO(extgit) struct extgit *git = open_here();
	struct error err = ERROR_INIT;
	bool dirty;

	if (extgit_is_dirty(git, &dirty, &err))
		fail_msg("extgit_is_dirty: %s", err.message);
	return dirty;
}

/* The repository is refused with ERROR_BASELINE and a line that contains `words`. */
static void expect_refused(const char *words)
{
	struct error err = ERROR_INIT;
	struct extgit *git = NULL;

	assert_int_equal(extgit_open(&git, &err), -1);
	assert_null(git);
	assert_int_equal(err.kind, ERROR_BASELINE);
	if (!strstr(err.message, words))
		fail_msg("'%s' does not say '%s'", err.message, words);
}

static void expect_git_says(const char *ours, const char *revision)
{
	char theirs[64];

	assert_int_equal(sh_output(theirs, sizeof theirs, "git rev-parse '%s'", revision), 0);
	assert_string_equal(ours, theirs);
}

static void head_is_what_git_says(void **state)
{
	struct extgit_head head = head_here();

	(void)state;
	expect_git_says(head.commit, "HEAD");
	expect_git_says(head.tree, "HEAD^{tree}");
	assert_string_equal(head.branch, "main");
	assert_false(head.unborn || head.bare || head.shallow);
}

static void outside_a_repository_is_no_error(void **state)
{
	struct temp_repo *repo = *state;
	struct error err = ERROR_INIT;
	struct extgit *git = NULL;

	assert_int_equal(chdir(repo->root), 0);
	assert_int_equal(extgit_open(&git, &err), 0);
	assert_null(git);
}

static void git_38_detached_head_works_by_oid(void **state)
{
	struct extgit_head head;

	(void)state;
	assert_int_equal(sh("git checkout -q --detach HEAD~1"), 0);
	head = head_here();
	expect_git_says(head.commit, "main~1");
	assert_string_equal(head.branch, "");
}

static void git_39_unborn_head_is_a_fact(void **state)
{
	struct extgit_head head;

	(void)state;
	assert_int_equal(sh("git init -q -b trunk ../empty"), 0);
	assert_int_equal(chdir("../empty"), 0);
	head = head_here();
	assert_true(head.unborn);
	assert_string_equal(head.commit, "");
	assert_string_equal(head.branch, "trunk");
}

static void git_40_bare_repository_reads(void **state)
{
	struct extgit_head head;

	(void)state;
	assert_int_equal(sh("git clone -q --bare . ../bare.git"), 0);
	assert_int_equal(chdir("../bare.git"), 0);
	head = head_here();
	assert_true(head.bare);
	assert_string_equal(head.branch, "main");
	assert_false(dirty_here());
}

static void git_41_linked_worktree_has_its_own_head(void **state)
{
	struct extgit_head head;

	(void)state;
	assert_int_equal(sh("git worktree add -q -b side ../linked HEAD~1"), 0);
	assert_int_equal(chdir("../linked"), 0);
	head = head_here();
	assert_string_equal(head.branch, "side");
	expect_git_says(head.commit, "side");
	assert_false(dirty_here());
}

static void only_tracked_changes_make_dirty(void **state)
{
	static const struct {
		const char *command;
		bool dirty;
	} table[] = {
		{"true", false},
		{"echo new >untracked", false},
		{"echo untracked >.git/info/exclude", false},
		{"echo changed >file.txt", true},
		{"git checkout -q file.txt", false},
		{"echo x >staged && git add staged", true},
		{"git reset -q staged", false},
		{"chmod +x file.txt", true},
		{"chmod -x file.txt", false},
		{"touch file.txt", false},
		{"rm file.txt", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(sh("%s", table[i].command), 0);
		if (dirty_here() != table[i].dirty)
			fail_msg("after `%s` dirty should be %d", table[i].command, table[i].dirty);
	}
}

static void sparse_checkouts_are_clean(void **state)
{
	(void)state;
	assert_int_equal(sh("mkdir -p a b && echo 1 >a/1 && echo 2 >b/2 && git add a b && "
			    "git commit -q -m more && git sparse-checkout set a 2>/dev/null"),
			 0);
	assert_int_equal(access("b/2", F_OK), -1);
	assert_false(dirty_here());
}

static int count_commit(const char *commit, void *arg, struct error *err)
{
	int *left = arg;

	(void)err;
	assert_int_equal(strlen(commit), 40);
	return --*left == 0;
}

static void walk_follows_first_parents(void **state)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct error err = ERROR_INIT;
	struct extgit_head head;
	int left = 100;

	(void)state;
	assert_int_equal(sh("git checkout -q -b side HEAD~1 && git commit -q --allow-empty -m s && "
			    "git checkout -q main && git merge -q --no-ff -m merge side"),
			 0);
	git = open_here();
	assert_int_equal(extgit_head(git, &head, &err), 0);
	assert_int_equal(extgit_walk(git, head.commit, 50, count_commit, &left, NULL, &err), 0);
	assert_int_equal(100 - left, 4); /* the merge and three, without the side branch */
	left = 2;
	assert_int_equal(extgit_walk(git, head.commit, 50, count_commit, &left, NULL, &err), 0);
	assert_int_equal(left, 0);
	left = 100;
	assert_int_equal(extgit_walk(git, head.commit, 3, count_commit, &left, NULL, &err), 0);
	assert_int_equal(left, 97);
}

static void git_37_shallow_clone_ends_the_walk_and_says_so(void **state)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct error err = ERROR_INIT;
	struct extgit_head head;
	bool cut = false, found = true;
	char base[EXTGIT_OID_SIZE];
	int left = 100;

	(void)state;
	assert_int_equal(sh("git clone -q --depth 2 \"file://$PWD\" ../shallow"), 0);
	assert_int_equal(chdir("../shallow"), 0);
	git = open_here();
	assert_int_equal(extgit_head(git, &head, &err), 0);
	assert_true(head.shallow);
	assert_int_equal(extgit_walk(git, head.commit, 50, count_commit, &left, &cut, &err), 0);
	assert_int_equal(left, 98);
	assert_true(cut);
	assert_int_equal(extgit_merge_base(git, head.commit, head.commit, base, &found, &err), 0);
	assert_true(found);
}

static void merge_base_and_branch_tip(void **state)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct error err = ERROR_INIT;
	char tip[EXTGIT_OID_SIZE], base[EXTGIT_OID_SIZE];
	struct extgit_head head;
	bool found = false;

	(void)state;
	assert_int_equal(sh("git checkout -q -b side HEAD~1 && git commit -q --allow-empty -m s"),
			 0);
	git = open_here();
	assert_false(extgit_branch_tip(git, "origin", "nowhere", tip));
	assert_true(extgit_branch_tip(git, "origin", "main", tip));
	assert_int_equal(extgit_head(git, &head, &err), 0);
	assert_int_equal(extgit_merge_base(git, head.commit, tip, base, &found, &err), 0);
	assert_true(found);
	expect_git_says(base, "main~1");
	/* The remote's branch is the one that others merge into. */
	assert_int_equal(sh("git update-ref refs/remotes/origin/main main~2"), 0);
	assert_true(extgit_branch_tip(git, "origin", "main", tip));
	expect_git_says(tip, "main~2");
}

static void resolve_names_the_unknown_revision(void **state)
{
	AUTO(extgit) struct extgit *git = open_here();
	struct error err = ERROR_INIT;
	char commit[EXTGIT_OID_SIZE];

	(void)state;
	assert_int_equal(extgit_resolve(git, "HEAD~2", commit, &err), 0);
	expect_git_says(commit, "HEAD~2");
	assert_int_equal(extgit_resolve(git, "nosuch", commit, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.message, "nosuch"));
}

static void git_43_sha256_repository_in_plain_words(void **state)
{
	(void)state;
	assert_int_equal(sh("git init -q --object-format=sha256 ../sha256"), 0);
	assert_int_equal(chdir("../sha256"), 0);
	expect_refused("sha256 repository");
}

static void git_44_reftable_repository_in_plain_words(void **state)
{
	(void)state;
	assert_int_equal(sh("git config core.repositoryformatversion 1 && "
			    "git config extensions.refstorage reftable"),
			 0);
	expect_refused("reftable repository");
}

static void git_45_partial_clone_in_plain_words(void **state)
{
	(void)state;
	assert_int_equal(sh("git config core.repositoryformatversion 1 && "
			    "git config extensions.partialclone origin"),
			 0);
	expect_refused("clone without --filter");
}

static void git_47_foreign_owner_names_uid_path_and_command(void **state)
{
	struct temp_repo *repo = *state;
	static const char *const trusted[] = {"*", "%s/repo", "%s/repo/", "%s/*"};
	char value[256];

	if (geteuid() != 0)
		skip();
	assert_int_equal(sh("chown -R 4711 ."), 0);
	expect_refused("belongs to user 4711");
	expect_refused("git config --global --add safe.directory '/tmp/perfgate-test-");
	for (size_t i = 0; i < ARRAY_SIZE(trusted); i++) {
		snprintf(value, sizeof value, "%s", trusted[i]);
		if (value[0] == '%')
			snprintf(value, sizeof value, "%s%s", repo->root, trusted[i] + 2);
		assert_int_equal(sh("git config --global safe.directory '%s'", value), 0);
		head_here();
	}
	assert_int_equal(sh("git config --global safe.directory '/elsewhere/*'"), 0);
	expect_refused("safe.directory");
	/* git forgets what came before an empty value. */
	assert_int_equal(sh("git config --global safe.directory '*' && "
			    "git config --global --add safe.directory ''"),
			 0);
	expect_refused("safe.directory");
	/* The repository cannot vouch for itself, a CI system's environment can. */
	assert_int_equal(sh("git config --global --unset-all safe.directory; "
			    "git config -f .git/config safe.directory '*'"),
			 0);
	expect_refused("safe.directory");
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "safe.directory", 1);
	setenv("GIT_CONFIG_VALUE_0", "*", 1);
	head_here();
	unsetenv("GIT_CONFIG_COUNT");
}

static void git_50_hostile_configuration_runs_nothing(void **state)
{
	(void)state;
	assert_int_equal(sh("printf '#!/bin/sh\\ntouch ../ran\\n' >../trap && chmod +x ../trap && "
			    "git config core.fsmonitor \"$PWD/../trap\" && "
			    "git config core.hooksPath \"$PWD/..\" && "
			    "git config diff.external \"$PWD/../trap\" && "
			    "echo changed >file.txt"),
			 0);
	assert_true(dirty_here());
	assert_int_equal(access("../ran", F_OK), -1);
	assert_int_equal(sh("git config include.path config"), 0);
	expect_refused("include each other");
}

static void git_53_environment_is_honoured_as_by_git(void **state)
{
	struct temp_repo *repo = *state;
	char git_dir[128], folder[128];

	snprintf(git_dir, sizeof git_dir, "%s/repo/.git", repo->root);
	snprintf(folder, sizeof folder, "%s/repo", repo->root);
	assert_int_equal(chdir(repo->root), 0);
	setenv("GIT_DIR", git_dir, 1);
	/* Without GIT_WORK_TREE the current folder is the work tree: file.txt is missing in it. */
	expect_git_says(head_here().commit, "main");
	assert_true(dirty_here());
	setenv("GIT_WORK_TREE", folder, 1);
	assert_false(dirty_here());
	unsetenv("GIT_DIR");
	assert_int_equal(chdir(folder), 0);
	setenv("GIT_WORK_TREE", repo->root, 1);
	assert_true(dirty_here());
	unsetenv("GIT_WORK_TREE");
	setenv("GIT_DIR", "/nowhere", 1);
	expect_refused("cannot open the git repository");
	unsetenv("GIT_DIR");
	assert_int_equal(sh("cp -r .git/objects ../objects"), 0);
	setenv("GIT_OBJECT_DIRECTORY", "../objects", 1);
	expect_git_says(head_here().commit, "main");
	unsetenv("GIT_OBJECT_DIRECTORY");
	setenv("GIT_COMMON_DIR", ".git", 1);
	expect_refused("GIT_COMMON_DIR");
	unsetenv("GIT_COMMON_DIR");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(head_is_what_git_says),
		TEST(outside_a_repository_is_no_error),
		TEST(git_38_detached_head_works_by_oid),
		TEST(git_39_unborn_head_is_a_fact),
		TEST(git_40_bare_repository_reads),
		TEST(git_41_linked_worktree_has_its_own_head),
		TEST(only_tracked_changes_make_dirty),
		TEST(sparse_checkouts_are_clean),
		TEST(walk_follows_first_parents),
		TEST(git_37_shallow_clone_ends_the_walk_and_says_so),
		TEST(merge_base_and_branch_tip),
		TEST(resolve_names_the_unknown_revision),
		TEST(git_43_sha256_repository_in_plain_words),
		TEST(git_44_reftable_repository_in_plain_words),
		TEST(git_45_partial_clone_in_plain_words),
		TEST(git_47_foreign_owner_names_uid_path_and_command),
		TEST(git_50_hostile_configuration_runs_nothing),
		TEST(git_53_environment_is_honoured_as_by_git),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
