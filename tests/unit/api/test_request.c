#include "perfgate/api/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum shape { SINGLE, BATCH, SPATIAL, SERIES };

static int read_as(enum shape shape, const struct body_value *body, struct problem *problem)
{
	static struct batch_request batch;
	struct single_request single;
	struct spatial_request spatial;
	struct series_request series;

	switch (shape) {
	case SINGLE: return request_single(body, &single, problem);
	case BATCH: return request_batch(body, &batch, problem);
	case SPATIAL: return request_spatial(body, &spatial, problem);
	case SERIES: return request_series(body, &series, problem);
	}
	return -1;
}

static int read_text(enum shape shape, const char *text, struct problem *problem)
{
	AUTO(body) struct body body = {0};

	*problem = (struct problem){0};
	if (request_parse(text, strlen(text), &body, problem) < 0)
		return -1;
	return read_as(shape, body.values, problem);
}

/* API-20 */
static void what_is_no_json_is_400(void **state)
{
	static const char *const rows[] = {
		"",	    "{",	   "{} x",     "{\"a\": 1, \"a\": 2}", "{\"a\": NaN}",
		"{'a': 1}", "{\"a\": 1,}", "\xff\xfe", "{\"a\": \"\\u0000\"}",
	};
	AUTO(strbuf) struct strbuf deep = {0};
	struct problem problem;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(read_text(SINGLE, rows[i], &problem), -1);
		if (problem.status != 400)
			fail_msg("%s: %d %s", rows[i], problem.status, problem.message);
	}
	for (int i = 0; i < 1000; i++)
		strbuf_puts(&deep, "[");
	assert_int_equal(read_text(SINGLE, strbuf_text(&deep), &problem), -1);
	assert_int_equal(problem.status, 400);
}

#define PLACE "\"location\": {\"latitude\": 0, \"longitude\": 35}"
#define DATE "\"target_date\": \"2024-05-01\""
#define RANGE "\"start_date\": \"2024-05-01\", \"end_date\": \"2024-06-01\""
#define BOX(n, s, e, w)                                                                            \
	"\"bounds\": {\"north\": " #n ", \"south\": " #s ", \"east\": " #e ", \"west\": " #w "}"

static void wrong_members_are_422_and_named(void **state)
{
	static const struct {
		enum shape shape;
		const char *text;
		const char *member;
		int status;
	} rows[] = {
		{SINGLE, "[]", "body:", 422},
		{SINGLE, "{" DATE "}", "location:", 422},
		{SINGLE, "{" PLACE "}", "target_date:", 422},
		{SINGLE, "{\"location\": 1," DATE "}", "location:", 422},
		{SINGLE, "{\"location\": {\"latitude\": 91, \"longitude\": 0}," DATE "}",
		 "location.latitude:", 422},
		{SINGLE, "{\"location\": {\"latitude\": 0, \"longitude\": -180.01}," DATE "}",
		 "location.longitude:", 422},
		{SINGLE, "{\"location\": {\"latitude\": \"0\", \"longitude\": 0}," DATE "}",
		 "location.latitude:", 422},
		{SINGLE, "{\"location\": {\"longitude\": 0}," DATE "}", "location.latitude:", 422},
		{SINGLE,
		 "{\"location\": {\"latitude\": 0, \"longitude\": 0, \"name\": 5}," DATE "}",
		 "location.name:", 422},
		{SINGLE, "{" PLACE ", \"target_date\": \"2023-02-30\"}", "target_date:", 422},
		{SINGLE, "{" PLACE ", \"target_date\": 20230201}", "target_date:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"model_type\": \"gru\"}", "model_type:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"model_type\": null}", "model_type:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"prediction_horizon\": 2}",
		 "prediction_horizon:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"prediction_horizon\": 7.5}",
		 "prediction_horizon:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"prediction_horizon\": \"7\"}",
		 "prediction_horizon:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"prediction_horizon\": -7}",
		 "prediction_horizon:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"prediction_horizon\": 4294967297}",
		 "prediction_horizon:", 422},
		{SINGLE, "{" PLACE "," DATE ", \"include_factors\": 1}", "include_factors:", 422},
		{BATCH, "{" DATE "}", "locations:", 422},
		{BATCH, "{\"locations\": []," DATE "}", "locations:", 422},
		{BATCH, "{\"locations\": [{\"latitude\": 0, \"longitude\": 0}, 3]," DATE "}",
		 "locations[1]:", 422},
		{SPATIAL, "{" DATE "}", "bounds:", 422},
		{SPATIAL, "{" BOX(1, 2, 36, 35) "," DATE "}", "bounds.north:", 422},
		{SPATIAL, "{" BOX(2, 1, 35, 36) "," DATE "}", "bounds.east:", 422},
		{SPATIAL, "{" BOX(2, 1, 36, 35) ", \"resolution\": 0," DATE "}",
		 "resolution:", 422},
		{SPATIAL, "{" BOX(2, 1, 36, 35) ", \"resolution\": 1.1," DATE "}",
		 "resolution:", 422},
		{SPATIAL, "{" BOX(2, 1, 36, 35) ", \"resolution\": 1e-7," DATE "}",
		 "resolution:", 422},
		{SPATIAL, "{" BOX(90, -90, 180, -180) "," DATE "}", "bounds:", 400},
		{SPATIAL, "{" BOX(1, 0, 36, 35) ", \"resolution\": 0.0099," DATE "}",
		 "bounds:", 400},
		{SERIES, "{" PLACE ", \"start_date\": \"2024-05-01\"}", "end_date:", 422},
		{SERIES,
		 "{" PLACE ", \"start_date\": \"2024-05-02\", \"end_date\": \"2024-05-01\"}",
		 "end_date:", 422},
		{SERIES,
		 "{" PLACE ", \"start_date\": \"2023-01-01\", \"end_date\": \"2024-01-02\"}",
		 "end_date:", 400},
		{SERIES, "{" PLACE "," RANGE ", \"interval_days\": 0}", "interval_days:", 422},
		{SERIES, "{" PLACE "," RANGE ", \"interval_days\": 31}", "interval_days:", 422},
		{SERIES, "{" PLACE "," RANGE ", \"interval_days\": 1.5}", "interval_days:", 422},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct problem problem;

		if (read_text(rows[i].shape, rows[i].text, &problem) == 0)
			fail_msg("accepted %s", rows[i].text);
		if (problem.status != rows[i].status ||
		    strncmp(problem.message, rows[i].member, strlen(rows[i].member)) != 0)
			fail_msg("%s: %d %s", rows[i].text, problem.status, problem.message);
	}
}

static void good_requests_are_accepted(void **state)
{
	static const struct {
		enum shape shape;
		const char *text;
	} rows[] = {
		{SINGLE, "{" PLACE "," DATE "}"},
		{SINGLE,
		 "{" PLACE "," DATE ", \"model_type\": \"lstm\", \"prediction_horizon\": 30,"
		 "\"include_factors\": true, \"unknown\": {}}"},
		{SINGLE, "{" PLACE "," DATE ", \"prediction_horizon\": 7.0}"},
		{SINGLE,
		 "{\"location\": {\"latitude\": -90, \"longitude\": 180, \"name\": null}," DATE
		 "}"},
		{BATCH, "{\"locations\": [{\"latitude\": 0, \"longitude\": 0}]," DATE "}"},
		{SPATIAL, "{" BOX(1, 1, 35, 35) "," DATE "}"},
		{SERIES, "{" PLACE ", \"start_date\": \"2023-01-01\", \"end_date\": \"2024-01-01\","
			 "\"interval_days\": 1}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct problem problem;

		if (read_text(rows[i].shape, rows[i].text, &problem) < 0)
			fail_msg("%s: %s", rows[i].text, problem.message);
	}
}

static void a_batch_takes_a_hundred_and_no_more(void **state)
{
	struct problem problem;

	(void)state;
	for (int count = 100; count <= 101; count++) {
		AUTO(strbuf) struct strbuf text = {0};

		strbuf_puts(&text, "{" DATE ", \"locations\": [");
		for (int i = 0; i < count; i++)
			strbuf_printf(&text, "%s{\"latitude\": 0, \"longitude\": 35}",
				      i ? "," : "");
		strbuf_puts(&text, "]}");
		assert_int_equal(read_text(BATCH, strbuf_text(&text), &problem),
				 count == 100 ? 0 : -1);
	}
	assert_int_equal(problem.status, 422);
}

static void the_last_row_of_a_grid_is_not_lost_by_rounding(void **state)
{
	static const char text[] = "{" BOX(0.3, 0, 34.7, 34) ", \"resolution\": 0.1," DATE "}";
	struct spatial_request spatial;
	struct problem problem;
	AUTO(body) struct body body = {0};

	(void)state;
	assert_int_equal(request_parse(text, sizeof text - 1, &body, &problem), 0);
	assert_int_equal(request_spatial(body.values, &spatial, &problem), 0);
	assert_int_equal(spatial.rows, 4);
	assert_int_equal(spatial.columns, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_json_is_400),
		cmocka_unit_test(wrong_members_are_422_and_named),
		cmocka_unit_test(good_requests_are_accepted),
		cmocka_unit_test(a_batch_takes_a_hundred_and_no_more),
		cmocka_unit_test(the_last_row_of_a_grid_is_not_lost_by_rounding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
