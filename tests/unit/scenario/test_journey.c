/* Journeys: steps, what they capture, where captured values go, and what is refused. */
#include "suite_helper.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/scenario/capture.h"
#include "perfgate/template/template.h"

#include <stdlib.h>

/* A profile `p` with the task `t`; `profile` adds to its mapping, `more` to tasks:. */
static void init_journey(struct suite_case *c, const char *task, const char *profile,
			 const char *more)
{
	AUTO_FREE char *yaml = xasprintf("profiles: {p: {tasks: {t: 1}%s}}\ntasks:\n  t: %s\n%s",
					 profile ? profile : "", task, more ? more : "");

	suite_case_init(c, yaml);
}

static const struct task *load_journey(struct suite_case *c, const char *task)
{
	init_journey(c, task, NULL, NULL);
	return &suite_case_load(c)->tasks[0];
}

static void a_list_of_requests_is_a_journey(void **state)
{
	struct suite_case c;
	const struct task *task = load_journey(
		&c, "[GET /a, {request: POST /b, think: 200ms, timeout: 2s, json: {n: 1}},\n"
		    "  {request: GET /a, think: 1s..3s, expect: {status: 404}}, GET /c]");
	static const char *const names[] = {"GET /a", "POST /b", "GET /a", "GET /c"};
	static const int64_t thinks_ms[][2] = {{0, 0}, {200, 200}, {1000, 3000}, {0, 0}};
	int64_t min_ns, max_ns;
	size_t i;

	(void)state;
	assert_int_equal(task->n_requests, 4);
	for (i = 0; i < 4; i++) {
		assert_string_equal(request_name(task->requests[i]), names[i]);
		request_think(task->requests[i], &min_ns, &max_ns);
		assert_int_equal(min_ns, thinks_ms[i][0] * NS_PER_MS);
		assert_int_equal(max_ns, thinks_ms[i][1] * NS_PER_MS);
		assert_int_equal(request_captures(task->requests[i])->n, 0);
	}
	/* The same request in two steps is one endpoint. */
	assert_int_equal(c.suite->n_endpoints, 3);
	assert_int_equal(request_endpoint(task->requests[0]), request_endpoint(task->requests[2]));
	assert_int_equal(request_timeout_ns(task->requests[1]), 2 * NS_PER_S);
	assert_true(request_expects_status(task->requests[2], 404));
	assert_false(task->captures);
	assert_int_equal(c.suite->n_captures, 0);
	suite_case_release(&c);
}

/* --- taking values --- */

/* The rules of `capture`, and the reason for which `body` is refused ("" when it is not). */
static void take(const char *capture, const char *header, const char *body, char *why, size_t size)
{
	AUTO_FREE char *text =
		xasprintf("[{request: POST /, capture: %s}, 'GET /${capture.v}']", capture);
	struct suite_case c;
	const struct task *task = load_journey(&c, text);
	const struct capture_rules *rules = request_captures(task->requests[0]);
	struct captures *captures = captures_new(c.suite->n_captures, 0);

	captures_begin_journey(captures, 0);
	captures_begin_answer(captures, rules);
	if (header)
		captures_take_header(captures, &rules->items[0], header, strlen(header));
	*why = '\0';
	if (captures_take_body(captures, rules, body, strlen(body), why, size))
		assert_non_null(captures_find(captures, rules->items[0].name));
	captures_free(captures);
	suite_case_release(&c);
}

static void values_come_from_json_and_headers(void **state)
{
	static const char *const rows[][4] = {
		{"{v: json.a.b}", NULL, "{\"a\": {\"b\": \"x\"}}", ""},
		{"{v: json.list.1.id}", NULL, "{\"list\": [{}, {\"id\": 7}]}", ""},
		{"{v: header.Location}", "/x/7", "not JSON", ""},
		{"{v: json.a}", NULL, "{}", "capture v: json.a is missing"},
		{"{v: json.a}", NULL, "{\"a\": \"\"}", "capture v: json.a is empty"},
		{"{v: json.a}", NULL, "{\"a\": null}",
		 "capture v: json.a is null, not a string, a number, true or false"},
		{"{v: json.a}", NULL, "{\"a\": [1]}",
		 "capture v: json.a is an array, not a string, a number, true or false"},
		{"{v: json.a}", NULL, "{\"a\": {}}",
		 "capture v: json.a is an object, not a string, a number, true or false"},
		{"{v: header.X-Id}", NULL, "", "capture v: header.X-Id is missing"},
		{"{v: header.X-Id}", "", "", "capture v: header.X-Id is empty"},
		{"{v: json.a, w: json.b}", NULL, "{\"a\": 1}", "capture w: json.b is missing"},
	};
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		take(rows[i][0], rows[i][1], rows[i][2], why, sizeof(why));
		assert_string_equal(why, rows[i][3]);
	}
	take("{v: json.a}", NULL, "<html>", why, sizeof(why));
	assert_true(text_starts_with(why, "capture: the answer is not JSON: "));
}

static void a_value_is_at_most_4096_bytes(void **state)
{
	char why[256], value[CAPTURE_MAX_BYTES + 2];

	(void)state;
	memset(value, 'x', sizeof(value));
	value[CAPTURE_MAX_BYTES] = '\0';
	take("{v: header.X}", value, "", why, sizeof(why));
	assert_string_equal(why, "");
	value[CAPTURE_MAX_BYTES] = 'x';
	value[CAPTURE_MAX_BYTES + 1] = '\0';
	take("{v: header.X}", value, "", why, sizeof(why));
	assert_string_equal(why, "capture v: header.X is longer than 4096 bytes");
}

/* --- using them --- */

struct row {
	const char *step; /* after one that captured `v` */
	const char *json; /* the value */
	const char *target, *headers, *body;
};

/* Render the second step after the first captured; its reason when it could not. */
static void render_second(const struct row *row, struct rendered_request *out, char *why,
			  size_t size)
{
	AUTO_FREE char *text = xasprintf("[{request: GET /, capture: {v: json.v}}, %s]", row->step);
	AUTO_FREE char *body = xasprintf("{\"v\": %s}", row->json);
	struct suite_case c;
	const struct task *task = load_journey(&c, text);
	struct captures *captures = captures_new(c.suite->n_captures, 0);
	struct user_state user;

	user_state_init(&user, 1, 1);
	user.captures = captures;
	captures_begin_journey(captures, 0);
	*why = '\0';
	assert_false(request_is_fixed(task->requests[1]));
	if (captures_take_body(captures, request_captures(task->requests[0]), body, strlen(body),
			       why, size))
		request_render(task->requests[1], &user, out);
	captures_free(captures);
	suite_case_release(&c);
}

static void values_are_escaped_by_their_place(void **state)
{
#define JSON_TYPE "Content-Type: application/json\r\n"
	static const struct row rows[] = {
		{"'GET /o/${capture.v}'", "\"a/b c\"", "/o/a%2Fb%20c", "", ""},
		{"'GET /o?x=${capture.v}'", "\"a&b\"", "/o?x=a%26b", "", ""},
		{"{request: GET /, query: {q: '${capture.v}'}}", "\"\xc3\xa9=1\"", "/?q=%C3%A9%3D1",
		 "", ""},
		{"{request: GET /, headers: {Authorization: 'Bearer ${capture.v}'}}", "\"a.b-c\"",
		 "/", "Authorization: Bearer a.b-c\r\n", ""},
		{"{request: POST /, form: {a: '${capture.v}'}}", "\"1+1\"", "/",
		 "Content-Type: application/x-www-form-urlencoded\r\n", "a=1%2B1"},
		{"{request: POST /, json: {id: 'x ${capture.v}'}}", "\"a\\\"\\n\"", "/", JSON_TYPE,
		 "{\"id\":\"x a\\\"\\u000a\"}"},
		{"{request: POST /, json: {id: '${capture.v}'}}", "\"a\\\"\"", "/", JSON_TYPE,
		 "{\"id\":\"a\\\"\"}"},
		{"{request: POST /, json: {id: '${capture.v}'}}", "42", "/", JSON_TYPE,
		 "{\"id\":42}"},
		{"{request: POST /, json: {id: '${capture.v}'}}", "\"42\"", "/", JSON_TYPE,
		 "{\"id\":\"42\"}"},
		{"{request: POST /, json: {id: '${capture.v}'}}", "0.1", "/", JSON_TYPE,
		 "{\"id\":0.1}"},
		{"{request: POST /, json: {id: '${capture.v}'}}", "0.30000000000000004", "/",
		 JSON_TYPE, "{\"id\":0.30000000000000004}"},
		{"{request: POST /, json: {id: '${capture.v}'}}", "true", "/", JSON_TYPE,
		 "{\"id\":true}"},
		{"{request: POST /, body: '{\"a\": \"${capture.v}\"}'}", "false", "/", JSON_TYPE,
		 "{\"a\": false}"},
		{"{request: POST /, body: '{\"a\": ${capture.v}, \"b\": \"-${capture.v}-\"}'}",
		 "\"q\\\"\"", "/", JSON_TYPE, "{\"a\": \"q\\\"\", \"b\": \"-q\\\"-\"}"},
		{"{request: POST /, body: 'v=${capture.v}'}", "\"a\\\"b\"", "/",
		 "Content-Type: text/plain; charset=utf-8\r\n", "v=a\"b"},
		/* A whole target: what a Location says. */
		{"'GET ${capture.v}'", "\"/o/7?a=b&c=%20#end\"", "/o/7?a=b&c=%20", "", ""},
		{"'GET ${capture.v}'", "\"http://other:1/o/7\"", "/o/7", "", ""},
		{"'GET ${capture.v}'", "\"https://other\"", "/", "", ""},
		{"'GET ${capture.v}'", "\"https://other?x=1\"", "/?x=1", "", ""},
		{"'GET ${capture.v}'", "\"/a b\\r\\nX: y\"", "/a%20b%0D%0AX:%20y", "", ""},
		{"'GET ${capture.v}/items'", "\"/o/7\"", "/o/7/items", "", ""},
	};
#undef JSON_TYPE
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rendered_request out = {0};

		render_second(&rows[i], &out, why, sizeof(why));
		assert_string_equal(why, "");
		assert_string_equal(strbuf_text(&out.target), rows[i].target);
		assert_string_equal(strbuf_text(&out.headers), rows[i].headers);
		assert_string_equal(strbuf_text(&out.body), rows[i].body);
		rendered_request_release(&out);
	}
}

static void what_a_place_cannot_hold_is_refused_where_it_is_captured(void **state)
{
	static const struct row rows[] = {
		{"{request: GET /, headers: {X: '${capture.v}'}}", "\"a\\r\\nSet: b\"",
		 "capture v: json.v holds control characters, which no header can", "", ""},
		{"'GET ${capture.v}'", "\"o/7\"", "capture v: json.v is neither a path nor a URL",
		 "", ""},
		{"'GET ${capture.v}'", "7", "capture v: json.v is neither a path nor a URL", "",
		 ""},
	};
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rendered_request out = {0};

		render_second(&rows[i], &out, why, sizeof(why));
		assert_string_equal(why, rows[i].target);
		rendered_request_release(&out);
	}
}

/* What the name of the rule holds now, "" for nothing. */
static const char *value_of(const struct captures *captures, const struct capture_rule *rule)
{
	static char text[32];
	const struct capture_value *value = captures_find(captures, rule->name);

	memcpy(text, value ? value->text : "", value ? value->length : 0);
	text[value ? value->length : 0] = '\0';
	return text;
}

static void take_into(struct captures *captures, const struct request *request, const char *body)
{
	char why[256];

	assert_true(captures_take_body(captures, request_captures(request), body, strlen(body), why,
				       sizeof(why)));
}

static void values_of_a_journey_end_with_it_and_those_of_on_start_stay(void **state)
{
	struct suite_case c;
	struct captures *captures;
	const struct capture_rule *v, *w;
	const struct task *login, *t;

	(void)state;
	init_journey(&c, "[{request: GET /, capture: {v: json.v}}, 'GET /${capture.v}']",
		     ", on_start: login",
		     "  login: {request: POST /login, capture: {v: json.v, w: json.v}}\n");
	suite_case_load(&c);
	login = c.suite->profiles[0].on_start;
	assert_string_equal(login->name, "login");
	v = &request_captures(login->requests[0])->items[0];
	w = &request_captures(login->requests[0])->items[1];
	t = c.suite->profiles[0].tasks[0].task;
	assert_ptr_equal(c.suite->profiles[0].tasks[0].on_start, login);
	assert_int_equal(c.suite->n_captures, 2);
	captures = captures_new(c.suite->n_captures, 2);

	captures_begin_start(captures, 1);
	take_into(captures, login->requests[0], "{\"v\": \"one\"}");
	captures_begin_start(captures, 2);
	assert_string_equal(value_of(captures, v), "");
	take_into(captures, login->requests[0], "{\"v\": \"two\"}");
	captures_begin_journey(captures, 1);
	assert_string_equal(value_of(captures, v), "one");
	take_into(captures, t->requests[0], "{\"v\": \"mine\"}");
	assert_string_equal(value_of(captures, v), "mine");
	assert_string_equal(value_of(captures, w), "one");
	captures_begin_journey(captures, 2);
	assert_string_equal(value_of(captures, v), "two");
	captures_begin_journey(captures, 0);
	assert_string_equal(value_of(captures, v), "");
	captures_free(captures);
	captures_free(NULL);
	assert_null(captures_find(NULL, v->name));
	suite_case_release(&c);
}

/* --- mistakes --- */

static void mistakes_are_refused_with_position_and_advice(void **state)
{
#define USE "{request: GET /, capture: {v: json.v}}, "
	/* task, additions to the profile, message */
	static const char *const rows[][3] = {
		{"[]", "", "t.yml:3:6: task `t`: 1 to 100 steps are possible"},
		{"[GET /, [GET /]]", "", "t.yml:3:14: a step of a journey is one request"},
		{"[GET /, {request: GET /, think: 1s}]", "", "t.yml:3:38: think: is the pause"},
		{"{request: GET /, think: 1s}", "", "between tasks the profile's wait: holds"},
		{"[{request: GET /, think: 5}, GET /]", "", "think: `5`:"},
		{"[{request: GET /, think: 3s..1s}, GET /]", "", "think: 3s is above 1s"},
		{"[{request: GET /, on_start: t}, GET /]", "", "on_start"},
		{"[{one_of: {info: 1}}, GET /]", "", "request: is missing"},
		{"{request: GET /, capture: {}}", "", "capture: names nothing"},
		{"{request: GET /, capture: json.x}", "", "t.yml:3:32:"},
		{"{request: GET /, capture: {v: jsn.x}}", "",
		 "t.yml:3:36: capture: `jsn.x`: write json.PATH or header.NAME"},
		{"{request: GET /, capture: {v: json.}}", "", "write json.PATH or header.NAME"},
		{"{request: GET /, capture: {v: 'header.a b'}}", "", "write json.PATH"},
		{"{request: GET /, capture: {a-b: json.x}}", "",
		 "t.yml:3:33: capture: `a-b`: letters, digits and _ make a name"},
		{"{request: HEAD /, capture: {v: json.x}}", "", "an answer to HEAD has no JSON"},
		{"'GET /${capture.v}'", "",
		 "t.yml:3:6: ${capture.v}: neither an earlier step nor the on_start: of profile "
		 "`p` captures it"},
		{"[" USE "'GET /${capture.vv}']", "", "${capture.vv}: never captured"},
		{"[" USE "'GET /${capture.value}', {request: GET /, capture: {valeu: json.v}}]", "",
		 "never captured: did you mean `valeu`?"},
		{"['GET /${capture.v}', " USE "GET /]", "", "${capture.v}: neither"},
		{"[{request: 'GET /${capture.v}', capture: {v: json.v}}]", "", "neither"},
		{"[" USE "'GET /x/${captur.v}']", "", "did you mean `capture`?"},
		{"[" USE "'GET x${capture.v}']", "", "the path must begin with '/'"},
		{"GET /", ", on_start: lgoin", "t.yml:1:41: unknown task `lgoin`"},
		{"GET /", ", on_start: [GET /]", "on_start: name one of tasks:"},
		{"GET /", ", on_start: health", "on_start: `health` is one of several tasks"},
		{"'GET /${capture.v}'", ", on_start: t", "${capture.v}: neither"},
		{"GET /", ", cookies: yes", "t.yml:1:40: "},
		{"GET /", ", cookie: true", "did you mean `cookies`?"},
	};
#undef USE
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;

		init_journey(&c, rows[i][0], rows[i][1], NULL);
		assert_int_equal(suite_case_try(&c), -1);
		if (!strstr(c.err.message, rows[i][2]))
			fail_msg("%s: %s", rows[i][0], c.err.message);
		suite_case_release(&c);
	}
}

static void seventeen_names_are_too_many(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct suite_case c;
	int n, i;

	(void)state;
	for (n = CAPTURE_MAX_NAMES; n <= CAPTURE_MAX_NAMES + 1; n++) {
		strbuf_clear(&text);
		strbuf_puts(&text, "{request: GET /, capture: {");
		for (i = 0; i < n; i++)
			strbuf_printf(&text, "%sn%d: json.x", i ? ", " : "", i);
		strbuf_puts(&text, "}}");
		init_journey(&c, strbuf_text(&text), NULL, NULL);
		assert_int_equal(suite_case_try(&c), n > CAPTURE_MAX_NAMES ? -1 : 0);
		if (n > CAPTURE_MAX_NAMES)
			assert_non_null(strstr(c.err.message, "more than 16 different names"));
		suite_case_release(&c);
	}
}

static void capture_is_no_name_for_data(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c, "data: {capture: {rows: [{a: 1}]}}");
	assert_int_equal(suite_case_try(&c), -1);
	assert_non_null(strstr(c.err.message, "t.yml:1:8: data: 'capture' means"));
	suite_case_release(&c);
}

/* --- the whole --- */

static const char shop[] =
	"profiles:\n"
	"  buyer: {weight: 1, wait: 4s, on_start: login, tasks: {order: 3, look: 1}}\n"
	"  guest: {weight: 1, wait: 2s, tasks: {look: 1}}\n"
	"tasks:\n"
	"  login: {request: POST /login, capture: {token: json.token}}\n"
	"  look: GET /items\n"
	"  order:\n"
	"    - {request: POST /orders, capture: {id: json.id}, think: 1s..3s,\n"
	"       headers: {Authorization: 'Bearer ${capture.token}'}}\n"
	"    - GET /orders/${capture.id}\n"
	"scenarios: {s: {users: 10, duration: 10s, warmup: 0s}}\n";

static void rates_and_mixes_count_steps_and_pauses(void **state)
{
	struct suite_case c;
	const struct scenario *s, *capacity;
	const struct task_weight *mix;
	double buyers = 5 / 5.5, guests = 5 / 2.0;

	(void)state;
	suite_case_init(&c, shop);
	suite_case_load(&c);
	s = suite_case_scenario(&c, "s");
	/* A buyer: 4 s + 3/4 of 2 s for 7/4 requests. */
	assert_near(suite_planned_rps(c.suite, s), buyers * 1.75 + guests);
	capacity = suite_capacity(c.suite, s, 1000);
	assert_non_null(capacity);
	mix = capacity->mix;
	assert_int_equal(capacity->n_mix, 3);
	assert_near(mix[0].weight, buyers * 0.75 / (buyers + guests));
	assert_near(mix[1].weight, buyers * 0.25 / (buyers + guests));
	assert_near(mix[2].weight, guests / (buyers + guests));
	/* A look by a buyer stays one of a user who is logged in. */
	assert_string_equal(mix[0].on_start->name, "login");
	assert_string_equal(mix[1].on_start->name, "login");
	assert_null(mix[2].on_start);
	assert_ptr_equal(mix[1].task, mix[2].task);
	suite_case_release(&c);
}

/* `text` with the first `from` replaced by `to`. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* Who keeps cookies keeps them without think time too, and nobody else does. */
static void cookies_stay_with_their_profile(void **state)
{
	AUTO_FREE char *yaml = replaced(shop, "on_start: login, ", "cookies: true, ");
	AUTO_FREE char *without = replaced(yaml, "{Authorization: 'Bearer ${capture.token}'}",
					   "{Accept: text/plain}");
	struct suite_case c;
	const struct scenario *capacity;

	(void)state;
	suite_case_init(&c, without);
	suite_case_load(&c);
	assert_true(c.suite->profiles[0].cookies);
	assert_false(c.suite->profiles[1].cookies);
	capacity = suite_capacity(c.suite, suite_case_scenario(&c, "s"), 1000);
	assert_int_equal(capacity->n_mix, 3);
	assert_true(capacity->mix[0].cookies && capacity->mix[1].cookies);
	assert_false(capacity->mix[2].cookies);
	assert_ptr_equal(capacity->mix[1].task, capacity->mix[2].task);
	suite_case_release(&c);
}

static void digest_of(const char *yaml, char *out)
{
	struct suite_case c;

	suite_case_init(&c, yaml);
	suite_case_load(&c);
	suite_digest(c.suite, suite_case_scenario(&c, "s"), out);
	suite_case_release(&c);
}

static void the_digest_covers_all_of_it(void **state)
{
	static const char *const changes[][2] = {
		{"1s..3s", "1s..2s"},
		{"json.id", "json.key"},
		{"on_start: login, ", "on_start: other, "},
		{"on_start: login, ", "on_start: login, cookies: true, "},
		{"    - GET /orders/${capture.id}\n",
		 "    - GET /orders/${capture.id}\n    - GET /end\n"},
	};
	AUTO_FREE char *with_other = replaced(
		shop, "tasks:\n  login:",
		"tasks:\n  other: {request: POST /login, capture: {token: json.token}}\n  login:");
	char before[TEXT_SHA256_SIZE], again[TEXT_SHA256_SIZE], after[TEXT_SHA256_SIZE];
	size_t i;

	(void)state;
	digest_of(with_other, before);
	digest_of(with_other, again);
	assert_string_equal(before, again);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		AUTO_FREE char *changed = replaced(with_other, changes[i][0], changes[i][1]);

		digest_of(changed, after);
		assert_string_not_equal(before, after);
	}
}

/* The comment lines of the built-in suite from the one that holds `first` to an empty one. */
static void read_example(const char *first, struct strbuf *out)
{
	const struct embedded_file *file = template_embedded("config/suite.yml");
	const char *text, *line, *end;

	assert_non_null(file);
	text = (const char *)file->data;
	line = strstr(text, first);
	assert_non_null(line);
	for (; strncmp(line, "#   ", 4) == 0; line = end + 1) {
		end = strchr(line, '\n');
		strbuf_append(out, line + 4, (size_t)(end - line) - 3);
	}
}

static void the_example_in_the_built_in_suite_is_right(void **state)
{
	AUTO(strbuf) struct strbuf yaml = {0};
	const struct profile *customer;
	struct suite_case c;

	(void)state;
	read_example("#   profiles:\n#     customer:", &yaml);
	setenv("TEST_PASSWORD", "secret", 1);
	suite_case_init(&c, strbuf_text(&yaml));
	suite_case_load(&c);
	unsetenv("TEST_PASSWORD");
	customer = &c.suite->profiles[0];
	assert_string_equal(customer->on_start->name, "login");
	assert_int_equal(customer->tasks[0].task->n_requests, 2);
	assert_true(request_target_is_captured(customer->tasks[0].task->requests[1]));
	assert_int_equal(c.suite->n_captures, 2);
	suite_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_requests_is_a_journey),
		cmocka_unit_test(values_come_from_json_and_headers),
		cmocka_unit_test(a_value_is_at_most_4096_bytes),
		cmocka_unit_test(values_are_escaped_by_their_place),
		cmocka_unit_test(what_a_place_cannot_hold_is_refused_where_it_is_captured),
		cmocka_unit_test(values_of_a_journey_end_with_it_and_those_of_on_start_stay),
		cmocka_unit_test(mistakes_are_refused_with_position_and_advice),
		cmocka_unit_test(seventeen_names_are_too_many),
		cmocka_unit_test(capture_is_no_name_for_data),
		cmocka_unit_test(rates_and_mixes_count_steps_and_pauses),
		cmocka_unit_test(cookies_stay_with_their_profile),
		cmocka_unit_test(the_digest_covers_all_of_it),
		cmocka_unit_test(the_example_in_the_built_in_suite_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
