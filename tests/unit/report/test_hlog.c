#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/base/log.h"
#include "perfgate/report/render.h"
#include "sample_table.h"

#define LEGEND "\"StartTimestamp\""

static bool is_interval(const char *line)
{
	return line[0] != '#' && strncmp(line, LEGEND, strlen(LEGEND)) != 0;
}

/* What the payload holds in its place: zlib versions compress differently. */
static void put_decoded(struct strbuf *out, const char *payload)
{
	AUTO(histogram) struct histogram *histogram = NULL;
	struct error err = ERROR_INIT;

	if (histogram_decode(payload, &histogram, &err) != 0)
		fail_msg("%s", err.message);
	strbuf_printf(out, "n=%llu p50=%llu p95=%llu",
		      (unsigned long long)histogram_count(histogram),
		      (unsigned long long)histogram_quantile_ns(histogram, .5),
		      (unsigned long long)histogram_quantile_ns(histogram, .95));
}

static void render_decoded(const struct run *run, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf text = {0};
	char *rest = NULL;

	assert_int_equal(hlog_render(run, &text, NULL), 0);
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *comma = strrchr(line, ',');

		if (is_interval(line)) {
			assert_non_null(comma);
			strbuf_append(out, line, (size_t)(comma + 1 - line));
			put_decoded(out, comma + 1);
		} else {
			strbuf_puts(out, line);
		}
		strbuf_putc(out, '\n');
	}
}

static void samples_are_as_in_the_golden_files(void **state)
{
	static const char *const names[] = {"passing", "hostile"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			AUTO(run) struct run *run = samples[i].make();
			AUTO_FREE char *name = xasprintf("report/latency-%s.hlog", names[j]);
			AUTO(strbuf) struct strbuf out = {0};

			if (strcmp(samples[i].name, names[j]) != 0)
				continue;
			render_decoded(run, &out);
			golden_check(name, &out);
		}
}

/* The public readers split at commas and blanks and know no quotes. */
static void every_interval_has_a_tag_and_four_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		char *rest = NULL;

		assert_int_equal(hlog_render(run, &out, NULL), 0);
		for (char *line = strtok_r(out.data, "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest)) {
			size_t commas = 0;

			if (!is_interval(line))
				continue;
			for (const char *c = line; *c != '\0'; c++)
				commas += *c == ',';
			assert_int_equal(commas, 4);
			assert_memory_equal(line, "Tag=", 4);
			assert_null(strpbrk(line, " \"\t\r"));
		}
	}
}

static void scenarios_follow_one_another_in_time(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf out = {0};
	const char *first, *second;
	char begins[64];

	(void)state;
	assert_true(run->n_scenarios >= 2);
	assert_int_equal(hlog_render(run, &out, NULL), 0);
	snprintf(begins, sizeof begins, ",%.3f,%.3f,", run->scenarios[0].warmup_s,
		 run->scenarios[0].judged_s);
	first = strstr(out.data, begins);
	assert_non_null(first);
	snprintf(begins, sizeof begins, ",%.3f,%.3f,",
		 run->scenarios[0].warmup_s + run->scenarios[0].judged_s +
			 run->scenarios[1].warmup_s,
		 run->scenarios[1].judged_s);
	second = strstr(out.data, begins);
	assert_true(second > first);
}

static void an_endpoint_without_a_timed_request_is_left_out(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	for (size_t i = 0; i < run->n_scenarios; i++)
		for (size_t j = 0; j < run->scenarios[i].n_endpoints; j++)
			histogram_clear(run->scenarios[i].endpoints[j].latency);
	assert_int_equal(hlog_render(run, &out, NULL), 0);
	assert_null(strstr(out.data, "Tag="));
}

static void a_secret_in_a_name_is_hidden_and_payloads_stay_whole(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	log_add_secret("hunter2hunter2");
	log_add_secret("HISTFAAA");
	run->scenarios[0].endpoints[0].name = "GET /?token=hunter2hunter2";
	assert_int_equal(hlog_render(run, &out, NULL), 0);
	assert_null(strstr(out.data, "hunter2"));
	assert_non_null(strstr(out.data, ",HISTFAAA"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_as_in_the_golden_files),
		cmocka_unit_test(every_interval_has_a_tag_and_four_fields),
		cmocka_unit_test(scenarios_follow_one_another_in_time),
		cmocka_unit_test(an_endpoint_without_a_timed_request_is_left_out),
		cmocka_unit_test(a_secret_in_a_name_is_hidden_and_payloads_stay_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
