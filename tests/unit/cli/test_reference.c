/* README says of commands and exit statuses what the tables say; REGEN_GOLDEN=1 writes it. */
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define README "README.md"
#define README_MAX ((size_t)1 << 20)

static void put_option_names(struct strbuf *out, const struct option_row *rows)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		strbuf_printf(out, "%s`%s`", row == rows ? "" : " ", row->name);
}

/* A row of a table ends where a `|` stands. */
static void put_cell(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_printf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void commands_table(struct strbuf *out)
{
	strbuf_puts(out, "| `perfgate` … | does | options |\n|---|---|---|\n");
	for (size_t i = 0; i < cli_commands_count; i++) {
		const struct command *command = cli_commands[i];

		strbuf_printf(out, "| `%s", command->name);
		if (command->arguments) {
			strbuf_putc(out, ' ');
			put_cell(out, command->arguments);
		}
		strbuf_puts(out, "` | ");
		put_cell(out, command->summary);
		strbuf_puts(out, " | ");
		put_option_names(out, command->options);
		strbuf_puts(out, " |\n");
	}
	strbuf_puts(out, "\nAll of them: ");
	put_option_names(out, cli_common_options);
	strbuf_puts(out, ".\n");
}

static void exit_table(struct strbuf *out)
{
	strbuf_puts(out, "| exit status | meaning |\n|---|---|\n");
	for (const struct exit_row *row = cli_exit_rows; row->status; row++) {
		strbuf_printf(out, "| %s | ", row->status);
		put_cell(out, row->meaning);
		strbuf_puts(out, " |\n");
	}
}

/* The part of README between `<!-- NAME -->` and `<!-- end -->` is `wanted`. */
static void check_part(const char *name, const struct strbuf *wanted)
{
	AUTO_FREE char *mark = xasprintf("<!-- %s: make regen-golden -->\n", name);
	AUTO(strbuf) struct strbuf readme = {0};
	AUTO(strbuf) struct strbuf written = {0};
	const char *regenerate = getenv("REGEN_GOLDEN");
	struct error err = ERROR_INIT;
	const char *begin, *end;

	assert_int_equal(fs_read_file(&readme, README, README_MAX, ERROR_INTERNAL, &err), 0);
	begin = strstr(strbuf_text(&readme), mark);
	assert_non_null(begin);
	begin += strlen(mark);
	end = strstr(begin, "<!-- end -->");
	assert_non_null(end);
	if ((size_t)(end - begin) == wanted->length &&
	    memcmp(begin, strbuf_text(wanted), wanted->length) == 0)
		return;
	if (!text_equal(regenerate, "1"))
		fail_msg(README ": the part `%s` is not what the tables say (make regen-golden "
				"rewrites it)",
			 name);
	strbuf_append(&written, strbuf_text(&readme), (size_t)(begin - strbuf_text(&readme)));
	strbuf_append(&written, strbuf_text(wanted), wanted->length);
	strbuf_puts(&written, end);
	assert_int_equal(fs_write_file(README, strbuf_text(&written), written.length, &err), 0);
}

static void test_readme_has_every_command_and_option(void **state)
{
	AUTO(strbuf) struct strbuf wanted = {0};

	(void)state;
	commands_table(&wanted);
	check_part("commands", &wanted);
}

static void test_readme_has_every_exit_status(void **state)
{
	AUTO(strbuf) struct strbuf wanted = {0};

	(void)state;
	exit_table(&wanted);
	check_part("exit statuses", &wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readme_has_every_command_and_option),
		cmocka_unit_test(test_readme_has_every_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
