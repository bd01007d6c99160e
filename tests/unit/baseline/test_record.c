#include "perfgate/baseline/record.h"

#include "perfgate/base/fs.h"

#include "baseline_run.h"
#include "perfgate/verdict/gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct record *build(const struct run *run)
{
	struct error err = ERROR_INIT;
	struct record *record = NULL;

	if (record_build(run, 3, "local", true, &record, &err))
		fail_msg("%s", err.message);
	return record;
}

static char *good_line(void)
{
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = build(run);

	return xstrdup(record->line);
}

static void a_record_says_what_was_measured(void **state)
{
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = build(run);

	(void)state;
	assert_string_equal(record->commit, BASELINE_COMMIT);
	assert_string_equal(record->tree, BASELINE_TREE);
	assert_string_equal(record->run_id, "0123456789abcdef");
	assert_string_equal(record->when, "2024-01-31T12:00:00Z");
	assert_string_equal(record->event, "local");
	assert_string_equal(record->status, "pass");
	assert_string_equal(record->fingerprint, "sha256:aaaa");
	assert_int_equal(record->epoch, 3);
	assert_true(record->local);
	assert_int_equal(record->n_scenarios, 2);
	assert_string_equal(record_scenario(record, "smoke")->suite_digest, "digest-of-smoke");
	assert_int_equal(json_integer_value(json_object_get(record->environment, "cores")), 2);
	assert_null(json_object_get(record->environment, "fingerprint"));
	assert_null(record_find(record, "smoke", "GET /nowhere", METRIC_P95));
	assert_int_equal(strlen(record->id), 64);
	assert_null(strchr(record->line, '\n'));
}

static void what_was_only_advisory_is_in_the_record(void **state)
{
	static const struct regression slower = {.finding = "regression"};
	AUTO(run) struct run *run = baseline_run(10);
	struct cell cell = {.scenario = "smoke",
			    .endpoint = "total",
			    .metric = METRIC_P95,
			    .warn = true,
			    .outcome = OUTCOME_FAIL};

	(void)state;
	AUTO(record) struct record *clean = build(run);
	assert_null(json_object_get(clean->document, "advisory"));
	assert_int_equal(clean->n_advisory, 0);
	verdict_add_cell(run, &cell);
	cell.metric = METRIC_RSS;
	cell.regression = &slower;
	for (size_t i = 0; i < 2 * RECORD_ADVISORY_MAX; i++)
		verdict_add_cell(run, &cell);
	AUTO(record) struct record *record = build(run);
	assert_int_equal(record->n_advisory, RECORD_ADVISORY_MAX);
	assert_string_equal(record->advisory[0].scenario, "smoke");
	assert_string_equal(record->advisory[0].endpoint, "total");
	assert_int_equal(record->advisory[0].metric, METRIC_P95);
	assert_false(record->advisory[0].regression);
	assert_int_equal(record->advisory[1].metric, METRIC_RSS);
	assert_true(record->advisory[1].regression);
}

static void equal_runs_make_equal_lines(void **state)
{
	AUTO_FREE char *one = good_line();
	AUTO_FREE char *other = good_line();

	(void)state;
	assert_string_equal(one, other);
}

/* What is compared must be what the verdict judges, capacity phase included. */
static void values_are_those_that_the_verdict_judges(void **state)
{
	static const char *const endpoints[] = {"total", "POST /predict/single"};
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = build(run);

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(endpoints); e++)
		for (int metric = 0; metric < METRIC_COUNT; metric++) {
			struct gate gate = {.scenario = "smoke",
					    .endpoint = endpoints[e],
					    .metric = (enum metric)metric,
					    .limit = 1};
			const struct record_cell *cell =
				record_find(record, "smoke", endpoints[e], (enum metric)metric);
			const struct cell *judged;

			verdict_judge_gate(run, &gate);
			judged = &run->verdict.cells[run->verdict.n_cells - 1];
			assert_non_null(cell);
			assert_true(fabs(cell->value - judged->value) <= judged->value * 1e-5);
			assert_int_equal(cell->n, judged->n);
		}
}

static void the_sketch_is_the_latency_of_all_requests(void **state)
{
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = build(run);
	AUTO(histogram) struct histogram *histogram = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_non_null(record_scenario(record, "smoke")->sketch);
	assert_int_equal(histogram_decode(record_scenario(record, "smoke")->sketch, &histogram,
					  &err),
			 0);
	assert_int_equal(histogram_count(histogram),
			 histogram_count(run->scenarios[0].total.latency));
}

static void an_unmeasured_metric_is_left_out(void **state)
{
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = NULL;

	(void)state;
	for (size_t s = 0; s < 2; s++)
		for (size_t e = 0; e < 2; e++) {
			run->scenarios[s].endpoints[e].cache_hits = 0;
			run->scenarios[s].endpoints[e].cache_misses = 0;
		}
	run->scenarios[0].total.cache_hits = run->scenarios[0].total.cache_misses = 0;
	run->scenarios[1].total.cache_hits = run->scenarios[1].total.cache_misses = 0;
	record = build(run);
	assert_null(record_find(record, "smoke", "total", METRIC_CACHE_HIT_RATE));
	assert_non_null(record_find(record, "smoke", "total", METRIC_ERROR_RATE));
	assert_null(strstr(record->line, "null"));
}

/* Sketches go first, then single endpoints; the totals stay. */
static void a_record_stays_within_its_limit(void **state)
{
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = NULL;
	struct scenario_result *scenario = &run->scenarios[0];

	(void)state;
	scenario->endpoints = xrealloc(scenario->endpoints, 1000, sizeof *scenario->endpoints);
	for (size_t i = 2; i < 1000; i++) {
		endpoint_result_init(&scenario->endpoints[i],
				     arena_printf(&run->arena, "GET /endpoint/number/%zu", i));
		baseline_requests(&scenario->endpoints[i], 10, 5);
		scenario->n_endpoints++;
	}
	record = build(run);
	assert_in_range(strlen(record->line), 1, RECORD_LIMIT_BYTES);
	assert_non_null(record_find(record, "smoke", "total", METRIC_P95));
	assert_null(record_find(record, "smoke", "GET /endpoint/number/7", METRIC_P95));
}

/* -- reading ---------------------------------------------------------- */

static enum record_state parse(const char *line, struct error *err)
{
	AUTO(record) struct record *record = NULL;

	return record_parse(line, strlen(line), &record, err);
}

static void git_23_members_out_of_place_or_range_are_rejected(void **state)
{
	static const struct {
		const char *path, *value, *reason;
	} table[] = {
		{"run", NULL, "run"},
		{"commit", NULL, "commit"},
		{"commit", "7", "commit"},
		{"commit", "\"abc\"", "40 hex"},
		{"tree", "\"2222222222222222222222222222222222222222 \"", "40 hex"},
		{"when", "\"yesterday\"", "when"},
		{"when", "\"2026-01-31 12:00:00 \"", "when"},
		{"fp", "null", "fp"},
		{"epoch", "1.5", "epoch"},
		{"local", "\"no\"", "local"},
		{"env", "[]", "env"},
		{"scenarios", "{}", "scenarios"},
		{"scenarios//smoke", "1", "scenarios.smoke"},
		{"scenarios//smoke//suite", "1", "scenarios.smoke.suite"},
		{"cells", "{}", "cells"},
		{"cells", "[]", "cells"},
		{"cells//smoke", "1", "cells.smoke"},
		{"cells//smoke//total", "\"fast\"", "cells.smoke.total"},
		{"cells//smoke//total//p95", "[-1, 10]", "p95"},
		{"cells//smoke//total//p95", "[\"1\", 10]", "p95"},
		{"cells//smoke//total//p95", "[1]", "p95"},
		{"cells//smoke//total//p95", "[1, 2, 3]", "p95"},
		{"cells//smoke//total//p95", "[1, 0]", "p95"},
		{"cells//smoke//total//p95", "[1, -5]", "p95"},
		{"cells//smoke//total//p95", "[1, 2.5]", "p95"},
		{"cells//smoke//total//error_rate", "[7, 10]", "error_rate"},
		{"cells//smoke//total//cache_hit_rate", "[1.01, 10]", "cache_hit_rate"},
		{"v", NULL, "v:"},
		{"v", "0", "v:"},
		{"v", "\"1\"", "v:"},
	};
	AUTO_FREE char *line = good_line();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO_FREE char *edited = baseline_edited(line, table[i].path, table[i].value);
		struct error err = ERROR_INIT;

		if (parse(edited, &err) != RECORD_BAD || !strstr(err.message, table[i].reason))
			fail_msg("%s = %s: '%s'", table[i].path, table[i].value, err.message);
	}
}

static void members_of_later_versions_are_left_alone(void **state)
{
	static const struct {
		const char *path, *value;
	} table[] = {
		{"blocks", "[1, 2]"},
		{"cells//smoke//total//p999", "[1, 2]"},
		{"cells//smoke//total//p95", NULL},
		{"env//cores", "64"},
		{"scenarios//smoke//sketch", NULL},
		{"scenarios//smoke//sketch", "[7]"},
		{"scenarios//smoke//at_least", "7"},
		{"scenarios//smoke//later", "[7]"},
	};
	AUTO_FREE char *line = good_line();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO_FREE char *edited = baseline_edited(line, table[i].path, table[i].value);
		struct error err = ERROR_INIT;

		if (parse(edited, &err) != RECORD_GOOD)
			fail_msg("%s: %s", table[i].path, err.message);
	}
}

static void git_20_21_22_hostile_lines_are_rejected(void **state)
{
	AUTO_FREE char *good = good_line();
	AUTO_FREE char *twice = xasprintf("{\"v\":1,%s", good + 1);
	AUTO_FREE char *trailing = xasprintf("%s {}", good);
	AUTO(strbuf) struct strbuf deep = {0};
	AUTO(strbuf) struct strbuf large = {0};
	struct error err = ERROR_INIT;

	(void)state;
	for (int i = 0; i < 4000; i++)
		strbuf_putc(&deep, '[');
	strbuf_puts(&large, "{\"v\":1,\"x\":\"");
	while (large.length <= RECORD_LIMIT_BYTES)
		strbuf_puts(&large, "0123456789abcdef");
	strbuf_puts(&large, "\"}");
	{
		const char *const table[] = {
			"",
			"by hand",
			"[]",
			"null",
			"7",
			"{",
			"{}",
			"{\"v\":NaN}",
			"{\"v\":1e999}",
			"{\"v\":12345678901234567890}",
			"\xff\xfe",
			"{\"v\":1,\"x\":\"\\u0000\"}",
			twice,
			trailing,
			strbuf_text(&deep),
			strbuf_text(&large),
		};

		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			if (parse(table[i], &err) != RECORD_BAD)
				fail_msg("accepted: %.60s", table[i]);
	}
	assert_int_equal(parse(good, &err), RECORD_GOOD);
}

static void every_changed_byte_is_noticed(void **state)
{
	AUTO_FREE char *line = good_line();
	size_t length = strlen(line);

	(void)state;
	for (size_t i = 0; i < length; i += 7) {
		char kept = line[i];
		struct error err = ERROR_INIT;

		line[i] ^= 1;
		if (parse(line, &err) == RECORD_GOOD)
			fail_msg("byte %zu changed from '%c' to '%c'", i, kept, line[i]);
		line[i] = kept;
	}
}

static void git_25_a_newer_schema_is_told_apart(void **state)
{
	AUTO_FREE char *line = good_line();
	AUTO_FREE char *newer = baseline_edited(line, "v", "3");
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse(newer, &err), RECORD_NEWER);
	assert_int_equal(err.kind, ERROR_BASELINE);
	assert_non_null(strstr(err.message, "written by a newer perfgate"));
}

static void git_26_the_first_schema_is_read(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(record) struct record *record = NULL;
	const struct record_scenario *scenario;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(fs_read_file(&text, "tests/corpus/baseline/record-v1.json",
				      RECORD_LIMIT_BYTES, ERROR_BASELINE, &err),
			 0);
	text.data[strcspn(text.data, "\n")] = '\0';
	assert_int_equal(record_parse(text.data, strlen(text.data), &record, &err), RECORD_GOOD);
	scenario = record_scenario(record, "smoke-capacity");
	assert_string_equal(scenario->suite_digest, "digest-of-capacity");
	assert_non_null(scenario->sketch);
	assert_false(scenario->at_least);
	assert_true(record_find(record, "smoke", "total", METRIC_P95)->value == 28.459);
	/* What is stored is what was read. */
	assert_string_equal(record->line, text.data);
}

static void git_26_members_of_the_first_schema_are_checked(void **state)
{
	static const struct {
		const char *path, *value;
		enum record_state expected;
	} table[] = {
		{"suite", "{}", RECORD_BAD},
		{"suite//smoke", "1", RECORD_BAD},
		{"suite", NULL, RECORD_BAD},
		{"sketch", "[7]", RECORD_GOOD},
		{"speed", "{\"smoke\":12.5}", RECORD_GOOD},
		{"at_least", "[7, null, \"smoke\"]", RECORD_GOOD},
		/* Each schema is read by its own rules. */
		{"v", "2", RECORD_BAD},
		{"v", "3", RECORD_NEWER},
	};
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(fs_read_file(&text, "tests/corpus/baseline/record-v1.json",
				      RECORD_LIMIT_BYTES, ERROR_BASELINE, &err),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO_FREE char *edited = baseline_edited(text.data, table[i].path, table[i].value);

		if (parse(edited, &err) != table[i].expected)
			fail_msg("%s = %s: '%s'", table[i].path, table[i].value, err.message);
	}
}

static void git_28_impossible_times_are_recognised(void **state)
{
	static const struct {
		const char *when;
		bool plausible;
	} table[] = {
		{"\"1970-01-01T00:00:00Z\"", false}, {"\"1999-12-31T23:59:59Z\"", false},
		{"\"2024-01-31T12:00:00Z\"", true},  {"\"2024-02-01T11:59:59Z\"", true},
		{"\"2024-02-02T12:00:00Z\"", false}, {"\"9999-99-99T99:99:99Z\"", false},
	};
	AUTO_FREE char *line = good_line();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO_FREE char *edited = baseline_edited(line, "when", table[i].when);
		AUTO(record) struct record *record = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(record_parse(edited, strlen(edited), &record, &err), RECORD_GOOD);
		if (record_time_is_plausible(record, BASELINE_WALL_NS / 1000000000) !=
		    table[i].plausible)
			fail_msg("%s", table[i].when);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_says_what_was_measured),
		cmocka_unit_test(what_was_only_advisory_is_in_the_record),
		cmocka_unit_test(equal_runs_make_equal_lines),
		cmocka_unit_test(values_are_those_that_the_verdict_judges),
		cmocka_unit_test(the_sketch_is_the_latency_of_all_requests),
		cmocka_unit_test(an_unmeasured_metric_is_left_out),
		cmocka_unit_test(a_record_stays_within_its_limit),
		cmocka_unit_test(git_23_members_out_of_place_or_range_are_rejected),
		cmocka_unit_test(members_of_later_versions_are_left_alone),
		cmocka_unit_test(git_20_21_22_hostile_lines_are_rejected),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(git_25_a_newer_schema_is_told_apart),
		cmocka_unit_test(git_26_the_first_schema_is_read),
		cmocka_unit_test(git_26_members_of_the_first_schema_are_checked),
		cmocka_unit_test(git_28_impossible_times_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
