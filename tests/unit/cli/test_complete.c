#include "perfgate/base/text.h"
#include "perfgate/cli/complete.h"
#include "perfgate/cli/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void offers_of(const char *const *words, struct strbuf *out)
{
	size_t count = 0;

	while (words[count])
		count++;
	cli_complete(words, count, out);
}

/* Does a line begin with `word`, and end there or at a tab? */
static bool has_offer(const char *offers, const char *word)
{
	size_t length = strlen(word);

	for (const char *line = offers; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, word, length) == 0 && strchr("\t\n", line[length]))
			return true;
	return false;
}

static void test_each_place_offers_what_may_stand_there(void **state)
{
	static const struct {
		const char *words[6];
		const char *offered[3], *not_offered[3]; /* no offer at all: "" */
	} rows[] = {
		{{""}, {"check", "baseline", "help"}, {"baseline show", "--help"}},
		{{"che"}, {"check"}, {"run"}},
		{{"baseline", ""}, {"show", "gc"}, {"baseline", "check"}},
		{{"baseline", "s"}, {"show", "sync"}, {"log"}},
		{{"baseline", "show", "-"}, {"--json", "--quiet"}, {"--limit"}},
		{{"--run-all", "--sc"}, {"--scenario"}, {"--scenarios"}},
		{{"check", ""}, {"--scenario", "--help"}, {"native"}},
		{{"check", "--transport", ""}, {"native", "curl"}, {"--quick"}},
		{{"check", "--transport=c"}, {"--transport=curl"}, {"curl"}},
		{{"check", "--scenario", "sm"}, {"smoke"}, {"load"}},
		{{"check", "--scenarios", "smoke,"}, {"smoke,load"}, {"smoke,smoke", "load"}},
		{{"check", "--scenario=smoke,l"}, {"--scenario=smoke,load"}, {"load"}},
		{{"check", "--quick", "--"}, {"--scenario"}, {"--quick"}},
		{{"check", "--requests", "GET /", "--r"}, {"--requests"}, {"--run"}},
		{{"check", "--output", ""}, {":folders"}, {":files"}},
		{{"check", "--max-runtime", ""}, {0}, {""}},
		{{"check", "--base", ""}, {":files"}, {":folders"}},
		{{"compare", "a", ""}, {":files"}, {0}},
		{{"compare", "a", "b", ""}, {"--json"}, {":files"}},
		{{"report", "--", "--o"}, {":files"}, {"--output"}},
		{{"notify", "--channel", "slack,e"}, {"slack,email"}, {"email"}},
		{{"generate", "j"}, {"jenkins"}, {"github"}},
		{{"completion", ""}, {"bash", "zsh", "fish"}, {"bash|zsh|fish"}},
		{{"help", "b"}, {"baseline"}, {"check"}},
		{{"help", "baseline", "l"}, {"log"}, {"show"}},
		{{"chekc", ""}, {0}, {""}},
		{{"check", "--unknown", "--qui"}, {"--quick", "--quiet"}, {"--strict"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		offers_of(rows[i].words, &out);
		for (size_t j = 0; j < 3 && rows[i].offered[j]; j++)
			if (!has_offer(strbuf_text(&out), rows[i].offered[j]))
				fail_msg("row %zu: `%s` is missing in:\n%s", i, rows[i].offered[j],
					 strbuf_text(&out));
		for (size_t j = 0; j < 3 && rows[i].not_offered[j]; j++)
			if (*rows[i].not_offered[j]
				    ? has_offer(strbuf_text(&out), rows[i].not_offered[j])
				    : out.length > 0)
				fail_msg("row %zu: `%s` is offered in:\n%s", i,
					 rows[i].not_offered[j], strbuf_text(&out));
	}
}

static void test_no_word_at_all_offers_nothing(void **state)
{
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	cli_complete(NULL, 0, &out);
	assert_int_equal(out.length, 0);
}

/* An unknown one would be offered nothing, and nobody would notice. */
static void test_every_notation_in_the_tables_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < cli_commands_count; i++) {
		const struct command *command = cli_commands[i];
		const struct option_row *row;
		AUTO_FREE char *unknown =
			command->arguments ? cli_unknown_placeholder(command->arguments) : NULL;

		if (unknown)
			fail_msg("%s: `%s` has no row in complete_offers.c", command->name,
				 unknown);
		for (size_t j = 0; (row = cli_option_at(command, j)); j++) {
			AUTO_FREE char *other =
				row->value ? cli_unknown_placeholder(row->value) : NULL;

			if (other)
				fail_msg("%s %s: `%s` has no row in complete_offers.c",
					 command->name, row->name, other);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_place_offers_what_may_stand_there),
		cmocka_unit_test(test_no_word_at_all_offers_nothing),
		cmocka_unit_test(test_every_notation_in_the_tables_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
