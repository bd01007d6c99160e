#include "notify_case.h"

#include "perfgate/base/text.h"
#include "perfgate/ext/json.h"

static json_t *message_of(const struct notify_case *c)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	json_t *message = NULL;

	case_render(c, "slack", &out);
	if (extjson_parse(out.data, out.length, out.length, ERROR_INTERNAL, &message, &err))
		fail_msg("%s", err.message);
	return message;
}

static const char *text_at(const json_t *message, size_t block)
{
	return extjson_get_string(
		json_object_get(json_array_get(json_object_get(message, "blocks"), block), "text"),
		"text", "");
}

/* https://docs.slack.dev/reference/block-kit/blocks */
static void expect_within_limits(const json_t *message)
{
	const json_t *blocks = json_object_get(message, "blocks"), *block;
	size_t i;

	assert_in_range(json_array_size(blocks), 2, 50);
	assert_in_range(strlen(extjson_get_string(message, "text", "")), 1, 4000);
	json_array_foreach (blocks, i, block) {
		const json_t *text = json_object_get(block, "text"), *element;
		size_t j;

		if (text)
			assert_in_range(strlen(extjson_get_string(text, "text", "")), 1, 3000);
		assert_true(json_array_size(json_object_get(block, "elements")) <= 10);
		json_array_foreach (json_object_get(block, "elements"), j, element)
			assert_in_range(strlen(extjson_get_string(element, "text", "")), 1, 3000);
	}
}

static void every_sample_is_within_slacks_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO_JSON json_t *message = NULL;

		case_init(&c, samples[i].make());
		message = message_of(&c);
		expect_within_limits(message);
	}
}

static void too_much_is_cut_between_rows__NTF_05(void **state)
{
	static const struct {
		size_t cells, name_length;
		const char *piece;
	} rows[] = {{2000, 20, "&"}, {3, 100000, "<"}, {50, 3000, "ü"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO_JSON json_t *message = NULL;
		AUTO(strbuf) struct strbuf name = {0};

		case_init(&c, sample_failing());
		while (name.length < rows[i].name_length)
			strbuf_puts(&name, rows[i].piece);
		for (size_t j = 0; j < rows[i].cells; j++) {
			struct cell *cell =
				sample_cell(c.run, "smoke", METRIC_P95, 3000, 2000, OUTCOME_FAIL);

			cell->endpoint = arena_strdup(&c.run->arena, name.data);
			cell->reason = cell->endpoint;
		}
		c.run->verdict.reason = arena_strdup(&c.run->arena, name.data);
		c.run->branch = c.run->verdict.reason;
		message = message_of(&c);
		expect_within_limits(message);
		assert_true(rows[i].cells < 10 ||
			    strstr(text_at(message, 1), " more in the report"));
		assert_true(text_is_utf8(text_at(message, 1), strlen(text_at(message, 1))));
	}
}

static void markup_in_names_is_text__NTF_04(void **state)
{
	static const char *const names[] = {"<!channel>", "<@U1>", "a&b", "<http://evil|x>",
					    "<!subteam^S1>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO_JSON json_t *message = NULL;
		AUTO(strbuf) struct strbuf out = {0};

		case_init(&c, sample_failing());
		for (size_t j = 0; j < c.run->verdict.n_cells; j++)
			c.run->verdict.cells[j].scenario = names[i];
		c.run->verdict.reason = names[i];
		c.run->branch = names[i];
		c.run->target = names[i];
		case_render(&c, "slack", &out);
		assert_null(strstr(out.data, names[i]));
		message = message_of(&c);
		/* Slack does not look for names and links by itself. */
		assert_true(json_is_true(json_object_get(
			json_object_get(json_array_get(json_object_get(message, "blocks"), 0),
					"text"),
			"verbatim")));
	}
}

static void a_message_that_comes_twice_is_known_by_its_run__NTF_03(void **state)
{
	AUTO(notify_case) struct notify_case c;
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	case_init(&c, sample_failing());
	case_render(&c, "slack", &out);
	assert_non_null(strstr(out.data, c.run->run_id));
}

static void the_verdict_and_the_worst_cell_come_first(void **state)
{
	AUTO(notify_case) struct notify_case c;
	AUTO_JSON json_t *message = NULL;

	(void)state;
	case_init(&c, sample_failing());
	message = message_of(&c);
	assert_true(text_starts_with(text_at(message, 0), "❌ *perfgate: failed*"));
	assert_true(text_starts_with(text_at(message, 1), "❌ *smoke error rate* 1.98%"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_is_within_slacks_limits),
		cmocka_unit_test(too_much_is_cut_between_rows__NTF_05),
		cmocka_unit_test(markup_in_names_is_text__NTF_04),
		cmocka_unit_test(a_message_that_comes_twice_is_known_by_its_run__NTF_03),
		cmocka_unit_test(the_verdict_and_the_worst_cell_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
