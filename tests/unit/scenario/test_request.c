#include "suite_helper.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/date.h"
#include "perfgate/base/text.h"
#include "perfgate/scenario/substitute.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One task `t` in a suite of its own. */
static const struct request *load_task(struct suite_case *c, const char *task, const char *data)
{
	AUTO_FREE char *yaml = xasprintf("profiles: {p: {tasks: {t: 1}}}\ntasks:\n  t: %s\n%s",
					 task, data ? data : "");

	suite_case_init(c, yaml);
	suite_case_load(c);
	return c->suite->tasks[0].requests[0];
}

static void render(const struct request *request, uint64_t seed, uint64_t id, size_t times,
		   struct rendered_request *out)
{
	struct user_state user;

	user_state_init(&user, seed, id);
	while (times--)
		request_render(request, &user, out);
}

struct row {
	const char *task, *name, *target, *headers, *body;
};

static void a_task_becomes_a_request(void **state)
{
	static const struct row rows[] = {
		{"GET /items", "GET /items", "/items", "", ""},
		{"{request: DELETE /items/42}", "DELETE /items/42", "/items/42", "", ""},
		{"GET /search?q=a+b&n=1", "GET /search", "/search?q=a+b&n=1", "", ""},
		{"{request: GET /search, query: {q: 'a b&c', n: 1}}", "GET /search",
		 "/search?q=a%20b%26c&n=1", "", ""},
		{"{request: 'GET /search?x=1', query: {q: é}}", "GET /search",
		 "/search?x=1&q=%C3%A9", "", ""},
		{"GET /münchen", "GET /münchen", "/m%C3%BCnchen", "", ""},
		{"{request: POST /f, form: {a: '1 2', b: x}}", "POST /f", "/f",
		 "Content-Type: application/x-www-form-urlencoded\r\n", "a=1%202&b=x"},
		{"{request: POST /t, body: plain text}", "POST /t", "/t",
		 "Content-Type: text/plain; charset=utf-8\r\n", "plain text"},
		{"{request: POST /t, body: '{\"a\": 1}'}", "POST /t", "/t",
		 "Content-Type: application/json\r\n", "{\"a\": 1}"},
		{"{request: POST /t, headers: {X-A: b c, content-type: a/b}, body: x}", "POST /t",
		 "/t", "X-A: b c\r\ncontent-type: a/b\r\n", "x"},
		{"{request: PUT /j, json: {a: 1, b: '1', c: [true, null, 1.50, x], d: {}, e: []}}",
		 "PUT /j", "/j", "Content-Type: application/json\r\n",
		 "{\"a\":1,\"b\":\"1\",\"c\":[true,null,1.50,\"x\"],\"d\":{},\"e\":[]}"},
		{"{request: PUT /j, json: {\"a\\\"b\": \"c\\\\d\\n\\te\", n: 007, v: 1.2.3}}",
		 "PUT /j", "/j", "Content-Type: application/json\r\n",
		 "{\"a\\\"b\":\"c\\\\d\\u000a\\u0009e\",\"n\":\"007\",\"v\":\"1.2.3\"}"},
		{"{request: POST /j, json: [1, 2]}", "POST /j", "/j",
		 "Content-Type: application/json\r\n", "[1,2]"},
		{"{request: POST /j, json: '$${x} costs $5'}", "POST /j", "/j",
		 "Content-Type: application/json\r\n", "\"${x} costs $5\""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rendered_request out = {0};
		struct suite_case c;
		const struct request *request;

		request = load_task(&c, rows[i].task, NULL);
		render(request, 1, 1, 1, &out);
		assert_string_equal(request_name(request), rows[i].name);
		assert_string_equal(strbuf_text(&out.target), rows[i].target);
		assert_string_equal(strbuf_text(&out.headers), rows[i].headers);
		assert_string_equal(strbuf_text(&out.body), rows[i].body);
		assert_true(request_is_fixed(request));
		assert_int_equal(request_timeout_ns(request), 0);
		rendered_request_release(&out);
		suite_case_release(&c);
	}
}

static void slots_show_in_the_name_of_the_endpoint(void **state)
{
	static const char *const rows[][2] = {
		{"'GET /items/${int(1..9)}/x'", "GET /items/{int}/x"},
		{"'GET /u/${user.id}?a=${seq}'", "GET /u/{user.id}"},
		{"'GET /s/${s.id}'", "GET /s/{s.id}"},
		{"'GET /c/${choice(a b, c)}'", "GET /c/{choice}"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;
		const struct request *request =
			load_task(&c, rows[i][0], "data: {s: {rows: [{id: 1}]}}");

		assert_string_equal(request_name(request), rows[i][1]);
		assert_false(request_is_fixed(request));
		suite_case_release(&c);
	}
}

/* --- what functions yield --- */

static bool in_range(const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	return end != text && !*end && value >= low && value <= high;
}

static bool is_uniform(const char *text)
{
	return in_range(text, -3, 2) && strchr(text, '.') && strlen(strchr(text, '.')) == 5;
}

static bool is_small_int(const char *text)
{
	return in_range(text, -2, 2) && !strchr(text, '.');
}

static bool is_choice(const char *text)
{
	return text_equal(text, "\"a\"") || text_equal(text, "\"b, c\"") ||
	       text_equal(text, "\"1\"");
}

static bool is_number_choice(const char *text)
{
	return text_equal(text, "1") || text_equal(text, "14");
}

static bool is_rank(const char *text)
{
	return in_range(text, 1, 5) && !strchr(text, '.');
}

static bool is_date_around_today(const char *text)
{
	int64_t day, today = clock_wall_ns() / (24 * 3600 * NS_PER_S);
	char date[11] = "";

	if (strlen(text) != 12 || text[0] != '"' || text[11] != '"')
		return false;
	memcpy(date, text + 1, 10);
	return !date_parse(date, &day) && day >= today - 8 && day <= today + 1;
}

static bool is_fixed_date(const char *text)
{
	return text_equal(text, "\"2024-02-28\"") || text_equal(text, "\"2024-02-29\"") ||
	       text_equal(text, "\"2024-03-01\"");
}

static bool is_uuid(const char *text)
{
	return strlen(text) == 38 && text[15] == '4' && strchr("89ab", text[20]) &&
	       strspn(text + 1, "0123456789abcdef-") == 36 && text[9] == '-' && text[24] == '-';
}

static bool is_environment(const char *text)
{
	return text_equal(text, "\"say \\\"hi\\\"\"");
}

static bool is_user(const char *text)
{
	return text_equal(text, "7");
}

static bool is_mixed(const char *text)
{
	return text_equal(text, "\"u7-7\"");
}

static bool is_column_number(const char *text)
{
	return text_equal(text, "1.50");
}

static bool is_column_text(const char *text)
{
	return text_equal(text, "\"a\\\"b\"");
}

static void each_function_yields_what_it_says(void **state)
{
	static const struct {
		const char *text;
		bool (*is)(const char *text);
		bool varies;
	} rows[] = {
		{"uniform(-3..2)", is_uniform, true},
		{"int(-2..2)", is_small_int, true},
		{"choice(a, \\\"b, c\\\", 1)", is_choice, true},
		{"choice(1, 14)", is_number_choice, true},
		{"choice(1: 5, 14: 1.5)", is_number_choice, true},
		{"zipf(1.0, 5)", is_rank, true},
		{"date(-7d..0d)", is_date_around_today, true},
		{"date(0d)", is_date_around_today, false},
		{"date(0d: 60, -7d..-1d: 40)", is_date_around_today, true},
		{"date(2024-02-28..2024-03-01)", is_fixed_date, true},
		{"uuid", is_uuid, true},
		{"env(PERFGATE_TEST_VALUE)", is_environment, false},
		{"user.id", is_user, false},
		{"s.number", is_column_number, false},
		{"s.text", is_column_text, false},
	};
	size_t i, turn;

	(void)state;
	setenv("PERFGATE_TEST_VALUE", "say \"hi\"", 1);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *task =
			xasprintf("{request: POST /, json: \"${%s}\"}", rows[i].text);
		AUTO_FREE char *first = NULL;
		struct rendered_request out = {0};
		struct user_state user;
		struct suite_case c;
		const struct request *request =
			load_task(&c, task, "data: {s: {rows: [{number: 1.50, text: 'a\"b'}]}}");
		bool varies = false;

		user_state_init(&user, 3, 7);
		for (turn = 0; turn < 200; turn++) {
			request_render(request, &user, &out);
			if (!rows[i].is(strbuf_text(&out.body)))
				fail_msg("${%s} gave %s", rows[i].text, strbuf_text(&out.body));
			if (!first)
				first = xstrdup(strbuf_text(&out.body));
			varies |= !text_equal(first, strbuf_text(&out.body));
		}
		if (varies != rows[i].varies)
			fail_msg("${%s} %s", rows[i].text, varies ? "varies" : "never varies");
		rendered_request_release(&out);
		suite_case_release(&c);
	}
}

static void text_around_a_number_makes_a_string(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;

	(void)state;
	render(load_task(&c, "{request: POST /, json: \"u${user.id}-${int(7..7)}\"}", NULL), 1, 7,
	       1, &out);
	assert_true(is_mixed(strbuf_text(&out.body)));
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void values_are_encoded_for_where_they_stand(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;
	const struct request *request = load_task(
		&c,
		"{request: 'POST /i/${s.v}?q=${s.v}', headers: {X-V: '${s.v}'}, json: {v: 'is "
		"${s.v}'}}",
		"data: {s: {rows: [{v: 'a/b \"&ü'}]}}");

	(void)state;
	render(request, 1, 1, 1, &out);
	assert_string_equal(strbuf_text(&out.target),
			    "/i/a%2Fb%20%22%26%C3%BC?q=a%2Fb%20%22%26%C3%BC");
	assert_string_equal(strbuf_text(&out.headers),
			    "X-V: a/b \"&ü\r\nContent-Type: application/json\r\n");
	assert_string_equal(strbuf_text(&out.body), "{\"v\":\"is a/b \\\"&ü\"}");
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void weights_are_kept(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;
	const struct request *request =
		load_task(&c, "'GET /${choice(a: 60, b: 30, c: 10)}'", NULL);
	struct user_state user;
	size_t counts[3] = {0}, i;

	(void)state;
	user_state_init(&user, 5, 1);
	for (i = 0; i < 10000; i++) {
		request_render(request, &user, &out);
		counts[out.target.data[1] - 'a']++;
	}
	/* Four standard deviations. */
	assert_in_range(counts[0], 5804, 6196);
	assert_in_range(counts[1], 2816, 3184);
	assert_in_range(counts[2], 880, 1120);
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void zipf_favours_the_first(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;
	const struct request *request = load_task(&c, "'GET /${zipf(1.0, 4)}'", NULL);
	struct user_state user;
	size_t counts[4] = {0}, i;

	(void)state;
	user_state_init(&user, 5, 1);
	for (i = 0; i < 10000; i++) {
		request_render(request, &user, &out);
		counts[out.target.data[1] - '1']++;
	}
	/* 1 : 1/2 : 1/3 : 1/4 of 25/12, four standard deviations. */
	assert_in_range(counts[0], 4600, 5000);
	assert_in_range(counts[1], 2229, 2571);
	assert_in_range(counts[2], 1453, 1747);
	assert_in_range(counts[3], 1069, 1331);
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void one_request_reads_one_row_and_each_repeat_its_own(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;
	const struct request *request = load_task(
		&c,
		"{request: 'POST /${s.a}', json: {x: '${s.a}', y: '${s.b}', l: "
		"{'${repeat(3)}': {a: '${s.a}', b: '${s.b}'}}, z: '${s.b}'}}",
		"data: {s: {pick: sequential, rows: [{a: 0, b: 10}, {a: 1, b: 11}, {a: 2, "
		"b: 12}, {a: 3, b: 13}]}}");

	(void)state;
	render(request, 1, 2, 1, &out);
	assert_string_equal(strbuf_text(&out.target), "/1");
	assert_string_equal(strbuf_text(&out.body),
			    "{\"x\":1,\"y\":11,\"l\":[{\"a\":1,\"b\":11},{\"a\":2,\"b\":12},"
			    "{\"a\":3,\"b\":13}],\"z\":11}");
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void a_repeat_stays_in_its_range(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;
	const struct request *request =
		load_task(&c, "{request: POST /, json: {'${repeat(0..3)}': x}}", NULL);
	static const char *const bodies[] = {"[]", "[\"x\"]", "[\"x\",\"x\"]",
					     "[\"x\",\"x\",\"x\"]"};
	struct user_state user;
	size_t seen[4] = {0}, i, j;

	(void)state;
	user_state_init(&user, 1, 1);
	for (i = 0; i < 400; i++) {
		request_render(request, &user, &out);
		for (j = 0; j < 4; j++)
			seen[j] += text_equal(strbuf_text(&out.body), bodies[j]);
	}
	assert_int_equal(seen[0] + seen[1] + seen[2] + seen[3], 400);
	for (j = 0; j < 4; j++)
		assert_true(seen[j] > 50);
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void a_seed_fixes_the_requests_of_a_user(void **state)
{
	struct suite_case c;
	size_t i, same = 0;
	struct rendered_request a = {0}, b = {0};
	struct user_state one, again, other;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	user_state_init(&one, 42, 3);
	user_state_init(&again, 42, 3);
	user_state_init(&other, 42, 4);
	for (i = 0; i < 200; i++) {
		const struct request *request = c.suite->tasks[i % c.suite->n_tasks].requests[0];

		request_render(request, &one, &a);
		request_render(request, &again, &b);
		assert_string_equal(strbuf_text(&a.target), strbuf_text(&b.target));
		assert_string_equal(strbuf_text(&a.body), strbuf_text(&b.body));
		request_render(request, &other, &b);
		same += a.body.length && text_equal(strbuf_text(&a.body), strbuf_text(&b.body));
	}
	assert_true(same < 20);
	rendered_request_release(&a);
	rendered_request_release(&b);
	suite_case_release(&c);
}

static void seq_counts_the_requests_of_the_user(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;

	(void)state;
	render(load_task(&c, "'GET /${user.id}/${seq}'", NULL), 1, 9, 3, &out);
	assert_string_equal(strbuf_text(&out.target), "/9/3");
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void numbers_do_not_follow_the_locale(void **state)
{
	static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
	struct rendered_request out = {0};
	struct suite_case c;
	size_t i = 0;

	(void)state;
	while (!setlocale(LC_NUMERIC, locales[i]))
		i++;
	render(load_task(&c, "{request: POST /, json: ['${uniform(0.5..0.5)}', '${g.x}']}",
			 "data: {g: {grid: {x: 0.5..0.5, step: 1}}}"),
	       1, 1, 1, &out);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(strbuf_text(&out.body), "[0.5000,0.5]");
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void steady_rendering_does_not_move_its_buffers(void **state)
{
	struct rendered_request out = {0};
	struct user_state user;
	struct suite_case c;
	const struct request *request;
	const char *target, *headers, *body;
	size_t i;

	(void)state;
	request = load_task(&c,
			    "{request: 'POST /${uuid}', json: {l: {'${repeat(4)}': "
			    "'${uniform(0..1)}'}, d: '${date(0d)}'}}",
			    NULL);
	user_state_init(&user, 1, 1);
	request_render(request, &user, &out);
	target = out.target.data;
	headers = out.headers.data;
	body = out.body.data;
	for (i = 0; i < 1000; i++)
		request_render(request, &user, &out);
	assert_ptr_equal(out.target.data, target);
	assert_ptr_equal(out.headers.data, headers);
	assert_ptr_equal(out.body.data, body);
	rendered_request_release(&out);
	suite_case_release(&c);
}

/* --- files --- */

static void a_body_file_is_found_beside_the_configuration(void **state)
{
	static const char text[] = "{\n  \"id\": \"${int(5..5)}\", \"n\": ${seq},\n  \"say\": "
				   "\"\\\"${s.v}\\\"\", \"d\": "
				   "\"$${x}\"}\n";
	char folder[] = "/tmp/pfg-test-XXXXXX";
	static const char *lines[] = {"POST /orders @order.json", NULL};
	AUTO_FREE char *path = NULL, *config = NULL;
	struct rendered_request out = {0};
	struct suite_case c;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = xasprintf("%s/order.json", folder);
	config = xasprintf("%s/ci_cd_config.yml", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	suite_case_init(&c, "data: {s: {rows: [{v: 'q\"r'}]}}");
	c.settings.file = config;
	c.settings.target.kind = TARGET_URL;
	c.settings.requests = (struct string_list){lines, 1};
	suite_case_load(&c);
	render(c.suite->tasks[0].requests[0], 1, 1, 1, &out);
	assert_string_equal(request_name(c.suite->tasks[0].requests[0]), "POST /orders");
	assert_string_equal(strbuf_text(&out.headers), "Content-Type: application/json\r\n");
	assert_string_equal(strbuf_text(&out.body),
			    "{\n  \"id\": 5, \"n\": 1,\n  \"say\": \"\\\"q\\\"r\\\"\", \"d\": "
			    "\"${x}\"}\n");
	suite_case_release(&c);
	rendered_request_release(&out);
	remove(path);
	rmdir(folder);
}

/* --- mistakes --- */

static void mistakes_are_refused_with_position_and_advice(void **state)
{
	static const char *const rows[][2] = {
		{"get /items",
		 "t.yml:3:6: `get /items`: unknown method `get`: did you mean `GET`?"},
		{"GTE /items", "did you mean `GET`?"},
		{"/items", "write a method and a path, such as GET /items"},
		{"GET items", "the path must begin with '/'"},
		{"GET http://x/y", "write the path only; the host is given by target:"},
		{"'GET /a#b'", "a fragment (#) is never sent"},
		{"GET /a b", "only @file may follow the path"},
		{"POST /a @/nonexistent/x.json", "/nonexistent/x.json"},
		{"{json: {}}", "request: is missing"},
		{"{request: GET /, heders: {}}", "t.yml:3:23:"},
		{"{request: GET /, heders: {}}", "headers"},
		{"{request: POST /, json: {}, form: {}}",
		 "give one of json:, form:, body: and @file"},
		{"{request: GET /, timeout: 5}", "timeout"},
		{"{request: GET /, timeout: 0}", "timeout: must be above 0"},
		{"'GET /${int(1..9)'", "has no closing }"},
		{"'GET /${int(9..1)}'", "the range runs backwards"},
		{"'GET /${int(1.5..2)}'", "write ${int(1..100)}"},
		{"'GET /${uniform(a..b)}'", "write ${uniform(0.5..2)}"},
		{"'GET /${chioce(a, b)}'", "did you mean `choice`?"},
		{"'GET /${choice()}'", "wrong number of arguments"},
		{"'GET /${choice(a,, b)}'", "an argument is empty"},
		{"'GET /${choice(a: 60, b)}'", "give every alternative a weight, or none"},
		{"'GET /${choice(a: 0, b: 1)}'", "a weight must be above 0"},
		{"'GET /${choice(a'", "has no closing }"},
		{"'GET /${choice(a}'", "the closing ) is missing"},
		{"'GET /${zipf(1)}'", "wrong number of arguments"},
		{"'GET /${zipf(1, 0)}'", "s is 0 to 10 and n 1 to 1000000"},
		{"'GET /${date(yesterday)}'", "a day is -7d (from today) or 2024-01-31"},
		{"'GET /${date(2023-02-29)}'", "a day is -7d (from today) or 2024-01-31"},
		{"'GET /${date(0d..-7d)}'", "the range runs backwards"},
		{"'GET /${env(PERFGATE_TEST_UNSET)}'",
		 "the environment variable PERFGATE_TEST_UNSET is not set"},
		{"'GET /${s.idd}'", "`s` has no column `idd`: did you mean `id`?"},
		{"'GET /${s.x}'", "`s` has no column `x`"},
		{"'GET /${town.nme}'", "did you mean `name`?"},
		{"'GET /${sites.lat}'", "there is no data set `sites`; define it under data:"},
		{"'GET /${twon.lat}'", "did you mean `town`?"},
		{"{request: GET /, headers: {Host: x}}", "t.yml:3:33: Host is set by perfgate"},
		{"{request: GET /, headers: {Content-Length: 1}}", "is set by perfgate"},
		{"{request: GET /, headers: {'a b': x}}", "is no header name"},
		{"{request: POST /, json: {'${seq}': 1}}", "a key cannot vary"},
		{"{request: POST /, json: {'${repeat(9..1)}': 1}}", "write ${repeat(10)}"},
		{"{request: GET /, expect: {status: 20}}", "write 200, 2xx or [200, 404]"},
		{"{request: GET /, expect: {stats: 200}}", "status"},
		{"{request: GET /, expect: {json: {a: 2..1}}}", "the range runs backwards"},
		{"{one_of: {a: 1}, request: GET /}", "one_of: stands alone"},
		{"{one_of: {t: 1}}", "one_of: `t` leads back to itself"},
		{"{one_of: {infoo: 1}}", "unknown task `infoo`: did you mean `info`?"},
	};
	size_t i;

	(void)state;
	unsetenv("PERFGATE_TEST_UNSET");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *yaml = xasprintf("profiles: {p: {tasks: {t: 1}}}\ntasks:\n  t: %s\n"
						 "data: {s: {rows: [{id: 1, name: x}]}}\n",
						 rows[i][0]);
		struct suite_case c;

		suite_case_init(&c, yaml);
		if (!suite_case_try(&c))
			fail_msg("accepted: %s", rows[i][0]);
		assert_int_equal(c.err.kind, ERROR_USAGE);
		if (!strstr(c.err.message, rows[i][1]) ||
		    !text_starts_with(c.err.message, "t.yml:"))
			fail_msg("%s gave: %s", rows[i][0], c.err.message);
		suite_case_release(&c);
	}
}

/* NET-55 */
static void line_breaks_never_reach_a_header(void **state)
{
	static const char *const rows[] = {
		"{request: GET /, headers: {X-A: \"a\\r\\nX-B: c\"}}",
		"{request: GET /, headers: {X-A: \"a\\nb\"}}",
		"{request: GET /, headers: {\"X-A\\r\\nX-B\": c}}",
		"{request: GET /, headers: {X-A: \"${choice('a\\r\\nb', c)}\"}}",
		"{request: GET /, headers: {X-A: \"${env(PERFGATE_TEST_VALUE)}\"}}",
		"{request: GET /, headers: {X-A: \"${s.v}\"}}",
	};
	size_t i;

	(void)state;
	setenv("PERFGATE_TEST_VALUE", "a\r\nX-B: c", 1);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *yaml = xasprintf("profiles: {p: {tasks: {t: 1}}}\ntasks:\n  t: %s\n"
						 "data: {s: {rows: [{v: a}, {v: \"a\\nb\"}]}}\n",
						 rows[i]);
		struct suite_case c;

		suite_case_init(&c, yaml);
		if (!suite_case_try(&c))
			fail_msg("accepted: %s", rows[i]);
		assert_int_equal(c.err.kind, ERROR_USAGE);
		suite_case_release(&c);
	}
}

static void line_breaks_in_a_path_are_encoded(void **state)
{
	struct rendered_request out = {0};
	struct suite_case c;

	(void)state;
	render(load_task(&c, "'GET /${s.v}'", "data: {s: {rows: [{v: \"a\\r\\nb\"}]}}"), 1, 1, 1,
	       &out);
	assert_string_equal(strbuf_text(&out.target), "/a%0D%0Ab");
	rendered_request_release(&out);
	suite_case_release(&c);
}

static void an_unused_task_is_checked_as_well(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c, "tasks: {mine: 'GTE /'}");
	assert_int_equal(suite_case_try(&c), -1);
	assert_non_null(strstr(c.err.message, "did you mean `GET`"));
	suite_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_becomes_a_request),
		cmocka_unit_test(slots_show_in_the_name_of_the_endpoint),
		cmocka_unit_test(each_function_yields_what_it_says),
		cmocka_unit_test(text_around_a_number_makes_a_string),
		cmocka_unit_test(values_are_encoded_for_where_they_stand),
		cmocka_unit_test(weights_are_kept),
		cmocka_unit_test(zipf_favours_the_first),
		cmocka_unit_test(one_request_reads_one_row_and_each_repeat_its_own),
		cmocka_unit_test(a_repeat_stays_in_its_range),
		cmocka_unit_test(a_seed_fixes_the_requests_of_a_user),
		cmocka_unit_test(seq_counts_the_requests_of_the_user),
		cmocka_unit_test(numbers_do_not_follow_the_locale),
		cmocka_unit_test(steady_rendering_does_not_move_its_buffers),
		cmocka_unit_test(a_body_file_is_found_beside_the_configuration),
		cmocka_unit_test(mistakes_are_refused_with_position_and_advice),
		cmocka_unit_test(line_breaks_never_reach_a_header),
		cmocka_unit_test(line_breaks_in_a_path_are_encoded),
		cmocka_unit_test(an_unused_task_is_checked_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
