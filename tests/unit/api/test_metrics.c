#include "perfgate/api/metrics.h"
#include "perfgate/base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct metrics_endpoint endpoints[] = {{"POST", "/predict/single"},
						    {"GET", "a\"b\\c\nd"}};

static void write_all(const struct metrics *metrics, const struct metrics_gauges *gauges,
		      struct strbuf *out)
{
	metrics_write(metrics, endpoints, 2, gauges, out);
}

static void expect_line(const struct strbuf *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = strbuf_text(text); (at = strstr(at, line)); at++)
		if ((at == text->data || at[-1] == '\n') && at[length] == '\n')
			return;
	fail_msg("no line \"%s\"", line);
}

static void net_53_label_values_are_escaped(void **state)
{
	static struct metrics metrics;
	struct metrics_gauges gauges = {0};
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	metrics_request(&metrics, 1, 200, 0);
	write_all(&metrics, &gauges, &text);
	expect_line(&text, "malaria_api_requests_total{endpoint=\"a\\\"b\\\\c\\nd\",method=\"GET\","
			   "status=\"200\"} 1");
}

static void buckets_are_cumulative_and_bounds_inclusive(void **state)
{
	static struct metrics metrics;
	struct metrics_gauges gauges = {0};
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	metrics_request(&metrics, 0, 200, 5 * NS_PER_MS);
	metrics_request(&metrics, 0, 422, 5 * NS_PER_MS + 1);
	metrics_request(&metrics, 0, 200, 11 * NS_PER_S);
	write_all(&metrics, &gauges, &text);
#define BUCKET                                                                                     \
	"malaria_api_request_duration_seconds_bucket{endpoint=\"/predict/"                         \
	"single\",method=\"POST\","
	expect_line(&text, BUCKET "le=\"0.005\"} 1");
	expect_line(&text, BUCKET "le=\"0.01\"} 2");
	expect_line(&text, BUCKET "le=\"10\"} 2");
	expect_line(&text, BUCKET "le=\"+Inf\"} 3");
	expect_line(&text, "malaria_api_request_duration_seconds_sum{endpoint=\"/predict/single\","
			   "method=\"POST\"} 11.010000001");
	expect_line(&text, "malaria_api_requests_total{endpoint=\"/predict/single\","
			   "method=\"POST\",status=\"422\"} 1");
}

static void what_is_not_known_is_left_out(void **state)
{
	static struct metrics metrics;
	struct metrics_gauges gauges = {.cpu_percent = (double)NAN,
					.memory_percent = 12.34,
					.cache_memory_bytes = (double)NAN};
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	write_all(&metrics, &gauges, &text);
	assert_null(strstr(strbuf_text(&text), "malaria_system_cpu"));
	assert_null(strstr(strbuf_text(&text), "malaria_cache_memory"));
	/* RD-15: no look-up is no rate, neither 0 nor 1. */
	assert_null(strstr(strbuf_text(&text), "malaria_cache_hit_rate"));
	assert_null(strstr(strbuf_text(&text), "nan"));
	expect_line(&text, "malaria_system_memory_usage_percent 12.340");
}

static void the_seeds_names_are_all_there(void **state)
{
	static const char *const names[] = {
		"malaria_api_requests_total counter",
		"malaria_api_request_duration_seconds histogram",
		"malaria_system_cpu_usage_percent gauge",
		"malaria_system_memory_usage_percent gauge",
		"malaria_database_connections gauge",
		"malaria_database_query_duration_seconds histogram",
		"malaria_cache_operations_total counter",
		"malaria_cache_hit_rate gauge",
		"malaria_cache_memory_usage_bytes gauge",
		"malaria_prediction_latency_seconds histogram",
		"malaria_active_users gauge",
	};
	static struct metrics metrics;
	struct metrics_gauges gauges = {.cache.reads = {3, 1}};
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	write_all(&metrics, &gauges, &text);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		AUTO(strbuf) struct strbuf line = {0};

		strbuf_printf(&line, "# TYPE %s", names[i]);
		expect_line(&text, strbuf_text(&line));
	}
	expect_line(&text, "malaria_cache_hit_rate 0.750");
	assert_int_equal(text.data[text.length - 1], '\n');
}

/* Every line is a comment or `name{labels} number`, and each name has one TYPE before it. */
static void every_line_is_well_formed(void **state)
{
	static struct metrics metrics;
	struct metrics_gauges gauges = {.cache.reads = {3, 1}};
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	metrics_request(&metrics, 0, 200, 1);
	write_all(&metrics, &gauges, &text);
	char *rest = text.data;

	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		const char *space = strrchr(line, ' ');
		char *end;

		if (line[0] == '#')
			continue;
		assert_non_null(space);
		assert_true(isfinite(strtod(space + 1, &end)));
		assert_int_equal(*end, '\0');
		assert_memory_equal(line, "malaria_", 8);
	}
}

/* A status without a counter of its own would be counted as 500: a false alarm. */
static void every_status_has_its_own_counter(void **state)
{
	static const int statuses[] = {101, 200, 400, 403, 404, 405, 408, 413, 414,
				       415, 417, 422, 426, 429, 431, 500, 503};
	static struct metrics metrics;
	struct metrics_gauges gauges = {0};
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		metrics_request(&metrics, 0, statuses[i], 1);
	metrics_request(&metrics, 0, 599, 1);
	write_all(&metrics, &gauges, &text);
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		AUTO(strbuf) struct strbuf line = {0};

		strbuf_printf(&line,
			      "malaria_api_requests_total{endpoint=\"/predict/single\","
			      "method=\"POST\",status=\"%d\"} %d",
			      statuses[i], statuses[i] == 500 ? 2 : 1);
		expect_line(&text, strbuf_text(&line));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(net_53_label_values_are_escaped),
		cmocka_unit_test(buckets_are_cumulative_and_bounds_inclusive),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(the_seeds_names_are_all_there),
		cmocka_unit_test(every_line_is_well_formed),
		cmocka_unit_test(every_status_has_its_own_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
