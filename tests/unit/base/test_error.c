#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/error.h"
#include "perfgate/base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void each_kind_has_its_exit_status(void **state)
{
	static const struct {
		enum error_kind kind;
		int status;
	} rows[] = {
		{ERROR_NONE, 0},     {ERROR_USAGE, 2},	  {ERROR_UNMEASURED, 3},
		{ERROR_BASELINE, 4}, {ERROR_DELIVERY, 5}, {ERROR_INTERNAL, 70},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(error_exit_status(rows[i].kind), rows[i].status);
}

static void set_returns_failure_and_keeps_one_line(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, ERROR_USAGE, "line %d\nnext\r\n", 1), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.message, "line 1 next");
	error_clear(&err);
	assert_int_equal(err.kind, ERROR_NONE);
	assert_string_equal(err.message, "");
}

static void set_errno_appends_the_cause_that_was_there_first(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(error_set_errno(&err, ERROR_DELIVERY, "cannot read %s", "x"), -1);
	assert_string_equal(err.message, "cannot read x: No such file or directory");
}

static void wrap_puts_the_noun_in_front_and_keeps_the_kind(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, ERROR_BASELINE, "locked");
	assert_int_equal(error_wrap(&err, "notes %s", "ref"), -1);
	assert_string_equal(err.message, "notes ref: locked");
	assert_int_equal(err.kind, ERROR_BASELINE);
	error_set(&err, ERROR_USAGE, "again: %s", err.message);
	assert_string_equal(err.message, "again: notes ref: locked");
}

static void a_long_message_is_cut_and_stays_a_string(void **state)
{
	struct error err = ERROR_INIT;
	char longer[2 * ERROR_MESSAGE_MAX];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	error_set(&err, ERROR_USAGE, "%s", longer);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	error_wrap(&err, "noun");
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	assert_memory_equal(err.message, "noun: xxx", 9);
}

static void a_caller_may_not_care(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, ERROR_USAGE, "x"), -1);
	assert_int_equal(error_set_errno(NULL, ERROR_USAGE, "x"), -1);
	assert_int_equal(error_wrap(NULL, "x"), -1);
	error_clear(NULL);
}

static void out_of_memory_ends_with_70_and_a_line(void **state)
{
	int channel[2], status;
	char line[64] = {0};
	pid_t child;

	(void)state;
	assert_int_equal(pipe(channel), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(channel[1], STDERR_FILENO);
		error_out_of_memory();
	}
	close(channel[1]);
	assert_true(read(channel[0], line, sizeof line - 1) > 0);
	close(channel[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
	assert_string_equal(line, "perfgate: error: out of memory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_exit_status),
		cmocka_unit_test(set_returns_failure_and_keeps_one_line),
		cmocka_unit_test(set_errno_appends_the_cause_that_was_there_first),
		cmocka_unit_test(wrap_puts_the_noun_in_front_and_keeps_the_kind),
		cmocka_unit_test(a_long_message_is_cut_and_stays_a_string),
		cmocka_unit_test(a_caller_may_not_care),
		cmocka_unit_test(out_of_memory_ends_with_70_and_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
