#include "suite_helper.h"

#include "perfgate/base/text.h"

static const struct request *load_expect(struct suite_case *c, const char *expect)
{
	AUTO_FREE char *yaml = xasprintf("profiles: {p: {tasks: {t: 1}}}\n"
					 "tasks: {t: {request: GET /%s%s}}\n",
					 expect ? ", expect: " : "", expect ? expect : "");

	suite_case_init(c, yaml);
	suite_case_load(c);
	return c->suite->tasks[0].requests[0];
}

static void status_is_2xx_or_what_is_expected(void **state)
{
	static const struct {
		const char *expect;
		int status;
		bool good;
	} rows[] = {
		{NULL, 200, true},
		{NULL, 204, true},
		{NULL, 299, true},
		{NULL, 301, false},
		{NULL, 404, false},
		{NULL, 0, false},
		{NULL, 999, false},
		{NULL, -1, false},
		{"{status: 404}", 404, true},
		{"{status: 404}", 200, false},
		{"{status: [200, 404]}", 404, true},
		{"{status: [200, 404]}", 201, false},
		{"{status: 2xx}", 250, true},
		{"{status: 2xx}", 300, false},
		{"{status: [2xx, 304]}", 304, true},
		{"{json: {a: 1}}", 201, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;
		const struct request *request = load_expect(&c, rows[i].expect);

		if (request_expects_status(request, rows[i].status) != rows[i].good)
			fail_msg("%s, %d", rows[i].expect ? rows[i].expect : "default",
				 rows[i].status);
		suite_case_release(&c);
	}
}

static void bodies_are_checked_and_the_reason_is_told(void **state)
{
	static const struct {
		const char *expect, *body, *why; /* why NULL: accepted */
	} rows[] = {
		{"{json: {risk_score: 0..1}}", "{\"risk_score\": 0}", NULL},
		{"{json: {risk_score: 0..1}}", "{\"risk_score\": 1.0}", NULL},
		{"{json: {risk_score: 0..1}}", "{\"risk_score\": 1.4}",
		 "risk_score: 1.4 is not in 0..1"},
		{"{json: {risk_score: 0..1}}", "{\"risk_score\": \"0.5\"}",
		 "risk_score: \"0.5\" is not in 0..1"},
		{"{json: {risk_score: 0..1}}", "{}", "risk_score: missing"},
		{"{json: {risk_score: 0..1}}", "[]", "risk_score: missing"},
		{"{json: {t: -5..-1}}", "{\"t\": -2}", NULL},
		{"{json: {name: x}}", "{\"name\": \"x\"}", NULL},
		{"{json: {name: \"x\"}}", "{\"name\": \"y\"}", "name: \"y\" is not x"},
		{"{json: {name: x}}", "{\"name\": 1}", "name: 1 is not x"},
		{"{json: {name: \"string\"}}", "{\"name\": \"other\"}",
		 "name: \"other\" is not string"},
		{"{json: {id: integer}}", "{\"id\": 3}", NULL},
		{"{json: {id: integer}}", "{\"id\": 3.5}", "id: 3.5 is not an integer"},
		{"{json: {id: number}}", "{\"id\": 3.5}", NULL},
		{"{json: {id: string}}", "{\"id\": 3}", "id: 3 is not a string"},
		{"{json: {ok: boolean}}", "{\"ok\": false}", NULL},
		{"{json: {l: array}}", "{\"l\": []}", NULL},
		{"{json: {l: array}}", "{\"l\": {}}", "l: {} is not an array"},
		{"{json: {l: object}}", "{\"l\": {}}", NULL},
		{"{json: {ok: true}}", "{\"ok\": true}", NULL},
		{"{json: {ok: true}}", "{\"ok\": false}", "ok: false is not true"},
		{"{json: {n: null}}", "{\"n\": null}", NULL},
		{"{json: {n: null}}", "{\"n\": 0}", "n: 0 is not null"},
		{"{json: {n: 0}}", "{\"n\": 0}", NULL},
		{"{json: {n: 0}}", "{\"n\": 2}", "n: 2 is not 0"},
		{"{json: {a.b.c: 1}}", "{\"a\": {\"b\": {\"c\": 1}}}", NULL},
		{"{json: {a: {b: {c: 1}}}}", "{\"a\": {\"b\": {\"c\": 2}}}", "a.b.c: 2 is not 1"},
		{"{json: {l.1.x: 5}}", "{\"l\": [{}, {\"x\": 5}]}", NULL},
		{"{json: {l.2: 5}}", "{\"l\": [1, 2]}", "l.2: missing"},
		{"{json: {a: 1}}", "<html>", "not JSON: "},
		{"{json: {a: 1}}", "", "not JSON: "},
		{"{json: {a: 1}}", "{\"a\": 1} x", "not JSON: "},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;
		const struct request *request = load_expect(&c, rows[i].expect);
		char why[256] = "";
		bool good = request_check_body(request, rows[i].body, strlen(rows[i].body), why,
					       sizeof(why));

		assert_true(request_expects_body(request));
		if (good != !rows[i].why || (!good && !text_starts_with(why, rows[i].why)))
			fail_msg("%s on %s: '%s'", rows[i].expect, rows[i].body, why);
		suite_case_release(&c);
	}
}

static void too_deep_a_body_is_refused_and_a_long_reason_is_cut(void **state)
{
	struct suite_case c;
	const struct request *request = load_expect(&c, "{json: {a: 1}}");
	char body[4000], why[16];

	(void)state;
	memset(body, '[', sizeof(body));
	assert_false(request_check_body(request, body, sizeof(body), why, sizeof(why)));
	assert_true(strlen(why) < sizeof(why));
	suite_case_release(&c);
}

static void without_expectations_no_body_is_looked_at(void **state)
{
	struct suite_case c;
	const struct request *request = load_expect(&c, "{status: 200}");
	char why[16];

	(void)state;
	assert_false(request_expects_body(request));
	assert_true(request_check_body(request, "<", 1, why, sizeof(why)));
	suite_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_2xx_or_what_is_expected),
		cmocka_unit_test(bodies_are_checked_and_the_reason_is_told),
		cmocka_unit_test(too_deep_a_body_is_refused_and_a_long_reason_is_cut),
		cmocka_unit_test(without_expectations_no_body_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
