#include "perfgate/api/inject.h"
#include "perfgate/base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const paths[] = {"/", "/health/", "/predict/single", "/predict/batch", NULL};

enum { HEALTH = 1, SINGLE = 2, BATCH = 3 };

static void rules_are_parsed(void **state)
{
	static const struct {
		const char *text;
		struct inject_rule rule;
	} rows[] = {
		{"latency=3s", {.kind = INJECT_LATENCY, .delay_ns = 3 * NS_PER_S, .route = -1}},
		{"latency=20%", {.kind = INJECT_LATENCY, .share = 0.2, .route = -1}},
		{"latency=5ms@/health",
		 {.kind = INJECT_LATENCY, .delay_ns = 5 * NS_PER_MS, .route = 1}},
		{"tail=5%:2x", {.kind = INJECT_TAIL, .share = 0.05, .factor = 2, .route = -1}},
		{"errors=1%@/predict/batch", {.kind = INJECT_ERRORS, .share = 0.01, .route = 3}},
		{"cache-miss=5%", {.kind = INJECT_CACHE_MISS, .share = 0.05, .route = -1}},
		{"errors=100%@/", {.kind = INJECT_ERRORS, .share = 1, .route = 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct inject inject = {0};
		struct error err = ERROR_INIT;
		const struct inject_rule *got = &inject.rules[0];

		if (inject_add(&inject, rows[i].text, paths, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.message);
		assert_int_equal(inject.count, 1);
		assert_int_equal(got->kind, rows[i].rule.kind);
		assert_int_equal(got->route, rows[i].rule.route);
		assert_int_equal(got->delay_ns, rows[i].rule.delay_ns);
		assert_true(fabs(got->share - rows[i].rule.share) < 1e-12);
		assert_true(fabs(got->factor - rows[i].rule.factor) < 1e-12);
	}
}

static void bad_rules_are_usage_errors(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"latency", "KIND=VALUE"},	{"=3s", "there are"},
		{"speed=3s", "there are"},	{"latency=3", "latency=3"},
		{"latency=-1s", "latency"},	{"latency=-5%", "latency"},
		{"tail=5%", "SHARE:FACTOR"},	{"tail=5%:2", "SHARE:FACTOR"},
		{"tail=5%:0.5x", "at least 1"}, {"tail=0.05:2x", "percentage"},
		{"errors=1", "percentage"},	{"errors=101%", "100%"},
		{"errors=-1%", "0%"},		{"errors=1%@/predict/singel", "/predict/single"},
		{"@/=1%", "KIND=VALUE"},	{"errors=1%@", "no route"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct inject inject = {0};
		struct error err = ERROR_INIT;

		if (inject_add(&inject, rows[i].text, paths, &err) == 0)
			fail_msg("accepted %s", rows[i].text);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_int_equal(inject.count, 0);
		if (!strstr(err.message, rows[i].why))
			fail_msg("%s: %s", rows[i].text, err.message);
	}
}

static void add(struct inject *inject, const char *text)
{
	assert_int_equal(inject_add(inject, text, paths, NULL), 0);
}

static void only_predictions_are_delayed_unless_named(void **state)
{
	struct inject inject = {0};

	(void)state;
	add(&inject, "latency=10ms");
	add(&inject, "latency=50%");
	assert_int_equal(inject_draw_delay_ns(&inject, SINGLE, paths[SINGLE], 4 * NS_PER_MS),
			 12 * NS_PER_MS);
	assert_int_equal(inject_draw_delay_ns(&inject, HEALTH, paths[HEALTH], NS_PER_MS), 0);
	add(&inject, "latency=1ms@/health/");
	assert_int_equal(inject_draw_delay_ns(&inject, HEALTH, paths[HEALTH], 0), NS_PER_MS);
	assert_int_equal(inject_draw_delay_ns(&inject, BATCH, paths[BATCH], 0), 10 * NS_PER_MS);
}

static void shares_are_kept_in_the_long_run(void **state)
{
	struct inject inject = {0};
	int errors = 0, slow = 0, forgotten = 0;

	(void)state;
	add(&inject, "errors=10%");
	add(&inject, "tail=5%:3x");
	add(&inject, "cache-miss=50%");
	for (int i = 0; i < 10000; i++) {
		errors += inject_draw_error(&inject, SINGLE, paths[SINGLE]);
		slow += inject_draw_delay_ns(&inject, SINGLE, paths[SINGLE], 100) == 200;
		forgotten += inject_draw_cache_miss(&inject, SINGLE, paths[SINGLE]);
	}
	assert_in_range(errors, 850, 1150);
	assert_in_range(slow, 400, 600);
	assert_in_range(forgotten, 4750, 5250);
	assert_false(inject_draw_error(&inject, HEALTH, paths[HEALTH]));
}

static void nothing_is_injected_by_default(void **state)
{
	struct inject inject = {0};

	(void)state;
	assert_false(inject_draw_error(&inject, SINGLE, paths[SINGLE]));
	assert_int_equal(inject_draw_delay_ns(&inject, SINGLE, paths[SINGLE], NS_PER_S), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_parsed),
		cmocka_unit_test(bad_rules_are_usage_errors),
		cmocka_unit_test(only_predictions_are_delayed_unless_named),
		cmocka_unit_test(shares_are_kept_in_the_long_run),
		cmocka_unit_test(nothing_is_injected_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
