#include "perfgate/base/mem.h"
#include "perfgate/cli/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct option_row options[] = {
	{.name = "--scenario", .alias = "--scenarios", .value = "A,B", .help = "scenarios"},
	{.name = "--inject", .value = "X", .help = "faults", .repeatable = true},
	{.name = "--quick", .help = "quick"},
	{0},
};
static const struct command command = {.name = "probe",
				       .summary = "a command of this test",
				       .arguments = "[REF]",
				       .max_arguments = 1,
				       .options = options};

/* ENV-16 and friends: the message of what is refused, NULL when it parses. */
static void test_words_that_parse_and_words_that_do_not(void **state)
{
	static const struct {
		const char *words[5];
		const char *want;
	} rows[] = {
		{{"--scenario", "smoke"}, NULL},
		{{"--scenario=smoke"}, NULL},
		{{"--scenarios", "load_test"}, NULL},
		{{"--inject", "a", "--inject", "b"}, NULL},
		{{"-q", "HEAD"}, NULL},
		{{"--", "--quick"}, NULL},
		{{"--scenaro", "smoke"}, "did you mean `--scenario`"},
		{{"--scen", "smoke"}, "unknown option `--scen`"},
		{{"--scenario"}, "needs a value"},
		{{"--quick=1"}, "takes no value"},
		{{"--quick", "--quick"}, "given twice"},
		{{"-x"}, "unknown option `-x`"},
		{{"a", "b"}, "unexpected argument `b`"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli cli = {0};
		struct error err = ERROR_INIT;
		char *argv[5];
		int argc = 0, status;

		for (; argc < 5 && rows[i].words[argc]; argc++)
			argv[argc] = xstrdup(rows[i].words[argc]);
		status = cli_parse(&cli, &command, argc, argv, &err);
		if (!rows[i].want && status)
			fail_msg("row %zu: %s", i, err.message);
		if (rows[i].want && (!status || !strstr(err.message, rows[i].want)))
			fail_msg("row %zu: %d %s", i, status, err.message);
		if (rows[i].want)
			assert_int_equal(error_exit_status(err.kind), 2);
		cli_release(&cli);
		while (argc > 0)
			free(argv[--argc]);
	}
}

static void test_values_are_kept_in_order(void **state)
{
	char a[] = "--inject=one", b[] = "--inject=two", c[] = "--scenarios=x";
	char *argv[] = {a, b, c};
	struct error err = ERROR_INIT;
	struct cli cli = {0};

	(void)state;
	assert_int_equal(cli_parse(&cli, &command, 3, argv, &err), 0);
	assert_string_equal(cli_values(&cli, "--inject")[0], "one");
	assert_string_equal(cli_values(&cli, "--inject")[1], "two");
	assert_null(cli_values(&cli, "--inject")[2]);
	assert_string_equal(cli_value(&cli, "--scenario"), "x");
	assert_false(cli_flag(&cli, "--quick"));
	assert_null(cli_value(&cli, "--config"));
	cli_release(&cli);
}

/* Every command's tables fit the parser, and its help names every option. */
static void test_help_of_every_command_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < cli_commands_count; i++) {
		AUTO(strbuf) struct strbuf help = {0};
		const struct option_row *row;

		assert_non_null(cli_commands[i]->summary);
		assert_non_null(cli_commands[i]->examples);
		cli_help(cli_commands[i], &help);
		for (size_t j = 0; (row = cli_option_at(cli_commands[i], j)); j++) {
			assert_true(j < CLI_MAX_OPTIONS);
			if (!strstr(strbuf_text(&help), row->name) || !row->help)
				fail_msg("%s %s", cli_commands[i]->name, row->name);
			for (size_t k = 0; k < j; k++)
				assert_string_not_equal(row->name,
							cli_option_at(cli_commands[i], k)->name);
		}
	}
}

static void test_commands_are_found_by_name_and_older_spelling(void **state)
{
	static const struct {
		const char *first, *second, *want;
		int used;
	} rows[] = {
		{"check", NULL, "check", 1},
		{"--run-all", "--update-baseline", "check", 1},
		{"--generate-workflow", "github", "generate", 1},
		{"baseline", "show", "baseline show", 2},
		{NULL, NULL, "help", 0},
		{"chekc", NULL, NULL, 0},
		{"baseline", "shwo", NULL, 0},
		{"baseline", NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct command *found = NULL;
		struct error err = ERROR_INIT;
		int used = -1, status;

		status = cli_find_command(rows[i].first, rows[i].second, &found, &used, &err);
		assert_int_equal(status, rows[i].want ? 0 : -1);
		if (rows[i].want) {
			assert_string_equal(found->name, rows[i].want);
			assert_int_equal(used, rows[i].used);
		} else {
			assert_non_null(strstr(err.message, "`"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_that_parse_and_words_that_do_not),
		cmocka_unit_test(test_values_are_kept_in_order),
		cmocka_unit_test(test_help_of_every_command_is_complete),
		cmocka_unit_test(test_commands_are_found_by_name_and_older_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
