/* A worktree for the base: what is in it, and that nothing of it stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "temp_repo.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/target/worktree.h"

static struct temp_repo repo;
static char first[64]; /* the first of two commits */

static int enter(void **state)
{
	(void)state;
	return temp_repo_enter(&repo, 2) || sh_output(first, sizeof first, "git rev-parse HEAD~1");
}

static int leave(void **state)
{
	(void)state;
	temp_repo_leave(&repo);
	return 0;
}

static struct worktree *add(void)
{
	struct worktree *worktree = NULL;
	struct error err = ERROR_INIT;

	if (worktree_add(first, &worktree, &err) < 0)
		fail_msg("%s", err.message);
	return worktree;
}

static void it_holds_the_commit_and_goes_with_its_registration(void **state)
{
	(void)state;
	struct worktree *worktree = add();
	AUTO_FREE char *folder = xstrdup(worktree_folder(worktree));
	char text[64];

	assert_true(text_starts_with(folder, "/tmp/pfg-"));
	assert_int_equal(sh_output(text, sizeof text, "cat %s/file.txt", folder), 0);
	assert_string_equal(text, "1");
	assert_int_equal(sh("git -C %s symbolic-ref -q HEAD", folder), 1);
	/* What a build leaves goes too, and the checkout is as it was. */
	assert_int_equal(sh("touch %s/made %s/file.txt && echo x >>%s/file.txt", folder, folder,
			    folder),
			 0);
	worktree_remove(worktree);
	assert_false(fs_exists(folder));
	assert_int_equal(sh("test ! -e .git/worktrees && git diff --quiet HEAD"), 0);
}

static void a_subfolder_leads_to_the_same_subfolder(void **state)
{
	(void)state;
	assert_int_equal(sh("mkdir -p a/b && touch a/b/c && git add a && git commit -q -m c"), 0);
	assert_int_equal(sh_output(first, sizeof first, "git rev-parse HEAD"), 0);
	assert_int_equal(chdir("a/b"), 0);
	AUTO(worktree) struct worktree *worktree = add();
	assert_true(text_ends_with(worktree_folder(worktree), "/base/a/b/"));
	assert_int_equal(sh("test -e %s/c", worktree_folder(worktree)), 0);
}

static void no_hook_runs_and_a_hooks_variables_do_not_lead_astray(void **state)
{
	(void)state;
	assert_int_equal(sh("printf '#!/bin/sh\\ntouch %s/ran\\n' >.git/hooks/post-checkout && "
			    "chmod +x .git/hooks/post-checkout",
			    repo.root),
			 0);
	setenv("GIT_INDEX_FILE", ".git/no-such-index", 1);
	AUTO(worktree) struct worktree *worktree = add();
	assert_int_equal(sh("test -e %s/file.txt && test ! -e %s/ran && test ! -e "
			    ".git/no-such-index",
			    worktree_folder(worktree), repo.root),
			 0);
}

static void registrations_of_the_dead_go_and_those_of_others_stay(void **state)
{
	(void)state;
	assert_int_equal(sh("git worktree add -q --detach /tmp/pfg-000000/base && "
			    "rm -rf /tmp/pfg-000000 && git worktree add -q --detach %s/mine && "
			    "rm -rf %s/mine",
			    repo.root, repo.root),
			 0);
	worktree_remove(add());
	char left[512];
	assert_int_equal(sh_output(left, sizeof left,
				   "git worktree list --porcelain | grep -c ^worktree"),
			 0);
	assert_string_equal(left, "2");
	assert_int_equal(sh("git worktree list | grep -q %s/mine", repo.root), 0);
}

static void what_git_refuses_is_said_and_nothing_stays(void **state)
{
	(void)state;
	struct worktree *worktree = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(worktree_add("0123456789012345678901234567890123456789", &worktree, &err),
			 -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(err.message, "git worktree failed with status 128: fatal: "));
	assert_int_equal(sh("test ! -e .git/worktrees"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_holds_the_commit_and_goes_with_its_registration,
						enter, leave),
		cmocka_unit_test_setup_teardown(a_subfolder_leads_to_the_same_subfolder, enter,
						leave),
		cmocka_unit_test_setup_teardown(
			no_hook_runs_and_a_hooks_variables_do_not_lead_astray, enter, leave),
		cmocka_unit_test_setup_teardown(
			registrations_of_the_dead_go_and_those_of_others_stay, enter, leave),
		cmocka_unit_test_setup_teardown(what_git_refuses_is_said_and_nothing_stays, enter,
						leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
