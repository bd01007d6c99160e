/* Requests arrive by a rate, whatever the server does: none is omitted, none forgotten. */
#include "load_case.h"

#include <stdio.h>

#define LINES_MAX 1000
#define STALL_MS 400
#define RATE 200

static const struct peer_step well_behaved[] = {{.action = PEER_READ},
						{.action = PEER_SEND, .bytes = OK_ANSWER}};
static const struct peer_step silent[] = {{.action = PEER_READ}, {.action = PEER_HANG}};
static const struct peer_step failing[] = {{.action = PEER_READ},
					   {.action = PEER_SEND,
					    .bytes =
						    "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"}};

#define PROFILES                                                                                   \
	"profiles:\n"                                                                              \
	"  p: {weight: 1, wait: 10s..10s, tasks: {a: 1}}\n"                                        \
	"  q: {weight: 3, wait: 10s..10s, tasks: {b: 1}}\n"                                        \
	"tasks:\n"                                                                                 \
	"  a: {request: 'GET /a/${user.id}', query: {x: \"${int(1..1000000)}\"}}\n"                \
	"  b: {request: 'GET /b/${user.id}', query: {x: \"${int(1..1000000)}\"}}\n"

static void run(struct peer *peer, struct load_case *c, const struct peer_step *steps,
		size_t n_steps, const char *yaml, uint32_t workers)
{
	struct peer hooks = *peer;
	assert_true(peer_listen(peer, steps, n_steps));
	peer->on_request = hooks.on_request;
	peer->on_head = hooks.on_head;
	peer->arg = hooks.arg;
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_serve, peer), 0);
	load_case_init(c, yaml, peer->port);
	c->options.workers = workers;
	load_case_run(c);
	peer_stop(peer);
	if (c->status != 0)
		fail_msg("%s", c->err.message);
	load_case_check_books(c);
}

struct lines {
	char text[LINES_MAX][64];
	size_t n;
};

static void note(const char *head, void *arg)
{
	struct lines *lines = arg;
	const char *end = strstr(head, " HTTP/1.1");
	if (end && lines->n < LINES_MAX)
		snprintf(lines->text[lines->n++], sizeof lines->text[0], "%.*s", (int)(end - head),
			 head);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void arrivals_are_the_same_for_any_number_of_workers(void **state)
{
	(void)state;
	static const char *const arrivals[] = {"even", "poisson"};
	static const uint32_t counts[] = {1, 2, 4};
	static struct lines lines[ARRAY_SIZE(counts)];
	for (size_t i = 0; i < ARRAY_SIZE(arrivals) * ARRAY_SIZE(counts); i++) {
		size_t k = i % ARRAY_SIZE(counts);
		struct load_case c;
		struct peer peer = {.on_head = note, .arg = &lines[k]};
		char yaml[1024];
		snprintf(yaml, sizeof yaml,
			 PROFILES "scenarios: {t: {rate: 100, duration: 400ms, warmup: 0s, "
				  "arrival: %s}}",
			 arrivals[i / ARRAY_SIZE(counts)]);
		lines[k].n = 0;
		run(&peer, &c, well_behaved, ARRAY_SIZE(well_behaved), yaml, counts[k]);
		const struct scenario_result *r = c.result;
		assert_int_equal(r->total.requests, lines[k].n);
		assert_int_equal(r->total.classes[CLASS_OK], lines[k].n);
		assert_int_equal(r->generator.unsent, 0);
		assert_int_equal(r->generator.censored, 0);
		assert_near(r->planned_rps, 100);
		assert_in_range(r->users, 1, 1000);
		if (i < ARRAY_SIZE(counts)) {
			/* Even: one per 10 ms, a quarter of them of the first profile. */
			assert_int_equal(lines[k].n, 40);
			assert_int_equal(r->endpoints[0].requests, 10);
		}
		load_case_release(&c);
		qsort(lines[k].text, lines[k].n, sizeof lines[k].text[0], by_text);
		assert_int_equal(lines[k].n, lines[0].n);
		for (size_t m = 0; m < lines[k].n; m++)
			assert_string_equal(lines[k].text[m], lines[0].text[m]);
	}
}

static void the_rate_follows_its_stages(void **state)
{
	(void)state;
	struct peer peer = {0};
	struct load_case c;
	run(&peer, &c, well_behaved, ARRAY_SIZE(well_behaved),
	    PROFILES "scenarios: {t: {warmup: 0s, arrival: even, stages: [\n"
		     "  {rate: 200, duration: 200ms, ramp: 200ms},\n"
		     "  {rate: 0, duration: 100ms},\n"
		     "  {rate: 50, duration: 200ms}]}}",
	    2);
	assert_int_equal(c.result->total.requests, 20 + 10);
	assert_near(c.result->planned_rps, 60);
	load_case_release(&c);
}

/* The server stands still once for everybody. */
static void stall(uint64_t number, void *arg)
{
	struct timespec pause = {0, STALL_MS * NS_PER_MS};
	(void)arg;
	if (number == RATE / 2)
		nanosleep(&pause, NULL);
}

/*
 * Arrivals come during the whole stall, at the rate: those of its first half wait longer than
 * half of it, whether there are users to send them or not.
 */
static void a_stall_is_charged_to_all_that_arrive_in_it(void **state)
{
	(void)state;
	static const char *const bounds[] = {"1", "500"};
	uint64_t half_ns = STALL_MS * NS_PER_MS / 2, expected = RATE * STALL_MS / 2 / 1000;
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		struct peer peer = {.on_request = stall};
		struct load_case c;
		char yaml[1024];
		snprintf(yaml, sizeof yaml,
			 PROFILES "scenarios: {t: {rate: 200, duration: 1500ms, warmup: 0s, "
				  "arrival: even, max_users: %s}}",
			 bounds[i]);
		run(&peer, &c, well_behaved, ARRAY_SIZE(well_behaved), yaml, 1);
		const struct endpoint_result *total = &c.result->total;
		uint64_t above = histogram_count_above(total->latency, half_ns);
		uint64_t sent_above = histogram_count_above(total->service, half_ns);
		assert_int_equal(total->requests + c.result->generator.unsent, 300);
		assert_int_equal(c.result->generator.unsent, 0);
		/* A slower machine makes the stall longer, not shorter. */
		assert_true(above + 2 >= expected);
		if (i == 0) /* one user: the others were not sent before it was over */
			assert_true(sent_above >= 1 && sent_above * 4 < above);
		else
			assert_true(sent_above + 2 >= expected);
		load_case_release(&c);
	}
}

static void arrivals_without_a_user_are_counted_and_make_it_invalid(void **state)
{
	(void)state;
	struct peer peer = {0};
	struct load_case c;
	run(&peer, &c, silent, ARRAY_SIZE(silent),
	    "profiles: {p: {tasks: {get: 1}}}\n"
	    "tasks: {get: {request: GET /, timeout: 20s}}\n"
	    "scenarios: {t: {rate: 100, duration: 300ms, warmup: 0s, arrival: even, max_users: 3, "
	    "timeout: 50ms}}\n",
	    1);
	const struct generator_health *health = &c.result->generator;
	assert_int_equal(c.result->total.requests, 0);
	assert_int_equal(health->censored, 3);
	assert_int_equal(health->unsent, 27);
	assert_int_equal(c.result->users, 3);
	assert_int_equal(health->invalid, INVALID_OURS);
	assert_non_null(strstr(health->invalid_reason, "only 10.0 % of the planned arrivals"));
	assert_non_null(strstr(health->invalid_reason, "max_users"));
	load_case_release(&c);
}

static void failures_do_not_slow_the_arrivals(void **state)
{
	(void)state;
	struct peer peer = {0};
	struct load_case c;
	run(&peer, &c, failing, ARRAY_SIZE(failing),
	    PROFILES "scenarios: {t: {rate: 100, duration: 300ms, warmup: 0s, arrival: even}}", 1);
	assert_int_equal(c.result->total.classes[CLASS_HTTP_ERROR], 30);
	load_case_release(&c);
	/* Nobody listens any more. */
	load_case_init(&c,
		       PROFILES
		       "scenarios: {t: {rate: 100, duration: 300ms, warmup: 0s, arrival: even}}",
		       peer.port);
	load_case_run(&c);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	assert_int_equal(c.result->total.classes[CLASS_CONNECT_REFUSED], 30);
	load_case_release(&c);
}

static void an_arrival_does_its_whole_journey(void **state)
{
	(void)state;
	struct peer peer = {0};
	struct load_case c;
	run(&peer, &c, well_behaved, ARRAY_SIZE(well_behaved),
	    "profiles: {p: {tasks: {j: 1}}}\n"
	    "tasks: {j: [{request: GET /a}, {request: GET /b}]}\n"
	    "scenarios: {t: {rate: 100, duration: 200ms, warmup: 0s, arrival: even}}\n",
	    1);
	assert_int_equal(c.result->endpoints[0].requests, 20);
	assert_in_range(c.result->endpoints[1].requests, 18, 20); /* the end may cut one short */
	assert_near(c.result->planned_rps, 200);
	load_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrivals_are_the_same_for_any_number_of_workers),
		cmocka_unit_test(the_rate_follows_its_stages),
		NAMED("MEA-07: a stall is charged to all that arrive in it",
		      a_stall_is_charged_to_all_that_arrive_in_it),
		cmocka_unit_test(arrivals_without_a_user_are_counted_and_make_it_invalid),
		cmocka_unit_test(failures_do_not_slow_the_arrivals),
		cmocka_unit_test(an_arrival_does_its_whole_journey),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
