/* The engine against a peer that behaves: counts, phases, stopping, what is judged. */
#include "load_case.h"

#include <signal.h>

#define READ                                                                                       \
	{                                                                                          \
		.action = PEER_READ                                                                \
	}
#define SEND(text)                                                                                 \
	{                                                                                          \
		.action = PEER_SEND, .bytes = text                                                 \
	}
#define HANG                                                                                       \
	{                                                                                          \
		.action = PEER_HANG                                                                \
	}

static const struct peer_step well_behaved[] = {READ, SEND(OK_ANSWER)};
static const struct peer_step silent[] = {READ, HANG};

static void start(struct peer *peer, const struct peer_step *steps, size_t n_steps,
		  struct load_case *c, const char *yaml)
{
	assert_true(peer_start(peer, steps, n_steps));
	load_case_init(c, yaml, peer->port);
}

static void finish(struct peer *peer, struct load_case *c)
{
	load_case_run(c);
	peer_stop(peer);
	if (c->status != 0)
		fail_msg("%s", c->err.message);
	load_case_check_books(c);
}

static void every_request_the_server_saw_is_counted_once(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      SUITE_GET("users: 5, duration: 300ms, think_scale: 0"));
	finish(&peer, &c);
	const struct scenario_result *r = c.result;
	assert_true(r->total.requests > 5);
	assert_int_equal(r->total.requests, atomic_load(&peer.requests));
	assert_int_equal(r->total.classes[CLASS_OK], r->total.requests);
	assert_int_equal(atomic_load(&peer.connections), 5);
	assert_int_equal(r->generator.reconnects, 0);
	assert_int_equal(r->generator.censored, 0);
	assert_int_equal(r->total.bytes_received, r->total.requests * strlen(OK_ANSWER));
	assert_false(r->interrupted);
	assert_near(r->judged_s, 0.3);
	assert_true(r->throughput_rps > 0 && r->throughput_rps <= r->offered_rps);
	assert_true(isnan(r->planned_rps));
	load_case_release(&c);
}

static void the_request_is_complete_http(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {HANG};
	static struct peer peer;
	struct load_case c;
	char text[512] = "";
	/* The peer does not read, so what was sent is still in its socket. */
	assert_true(peer_listen(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c, SUITE_GET("users: 1, duration: 60ms, timeout: 50ms"), peer.port);
	c.target.prefix = "/base";
	c.target.authorization = "Basic eDp5";
	load_case_run(&c);
	int fd = accept(peer.listen_fd, NULL, NULL);
	assert_true(fd >= 0);
	assert_true(recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, "GET /base/ HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n"
				  "Authorization: Basic eDp5\r\n\r\n");
	close(fd);
	close(peer.listen_fd);
	load_case_release(&c);
}

/* The timer of the first request goes off while a later one is under way. */
static void each_request_has_its_own_time_limit(void **state)
{
	(void)state;
	static const struct peer_step slow[] = {READ,
						{.action = PEER_WAIT, .count = 10},
						SEND(OK_ANSWER)};
	static struct peer peer;
	struct load_case c;
	start(&peer, slow, ARRAY_SIZE(slow), &c,
	      SUITE_GET("users: 1, duration: 900ms, think_scale: 0, timeout: 600ms"));
	finish(&peer, &c);
	assert_true(c.result->total.requests > 1);
	assert_int_equal(c.result->total.classes[CLASS_TIMEOUT], 0);
	load_case_release(&c);
}

static void users_think_between_requests(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      "profiles: {p: {weight: 1, wait: 50ms..150ms, tasks: {get: 1}}}\n"
	      "tasks: {get: {request: GET /}}\n"
	      "scenarios: {t: {users: 20, duration: 600ms, warmup: 0s}}\n");
	finish(&peer, &c);
	const struct scenario_result *r = c.result;
	/* Each sends at once and then at most every 50 ms; late users send less. */
	assert_in_range(r->total.requests, 20, 20 * 13);
	assert_int_equal(r->total.requests, atomic_load(&peer.requests));
	assert_in_range(histogram_count(r->generator.scheduling_delay), 20, r->total.requests);
	assert_near(r->planned_rps, 200);
	load_case_release(&c);
}

static void ramps_start_users_one_by_one(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      "profiles: {p: {weight: 1, wait: 10s..10s, tasks: {get: 1}}}\n"
	      "tasks: {get: {request: GET /}}\n"
	      "scenarios: {t: {warmup: 0s, stages: [\n"
	      "  {users: 10, duration: 200ms, ramp: 200ms},\n"
	      "  {users: 10, duration: 100ms},\n"
	      "  {users: 4, duration: 100ms},\n"
	      "  {users: 14, duration: 100ms}]}}\n");
	finish(&peer, &c);
	/* Ten, and of the last fourteen the four new ones: the others were still thinking. */
	assert_int_equal(c.result->total.requests, 14);
	assert_int_equal(atomic_load(&peer.connections), 14);
	load_case_release(&c);
}

static void warm_up_is_measured_and_not_judged(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      "profiles: {p: {weight: 1, wait: 1s..1s, tasks: {get: 1}}}\n"
	      "tasks: {get: {request: GET /}}\n"
	      "scenarios: {t: {users: 3, duration: 1600ms, warmup: 1200ms, think_scale: 0}}\n");
	finish(&peer, &c);
	const struct scenario_result *r = c.result;
	uint64_t series = 0;
	for (size_t i = 0; i < r->n_series; i++)
		series += r->series[i].requests;
	assert_int_equal(series, atomic_load(&peer.requests));
	assert_in_range(r->total.requests, 1, series - 1);
	assert_near(r->judged_s, 0.4);
	assert_in_range(r->n_series, 2, 3);
	assert_true(r->series[0].warmup);
	assert_int_equal(r->series[0].users, 3);
	assert_true(r->series[0].p50_ms > 0);
	load_case_release(&c);
}

static void answers_in_the_drain_count_for_latency_not_throughput(void **state)
{
	(void)state;
	static const struct peer_step slow[] = {READ,
						{.action = PEER_WAIT, .count = 30},
						SEND(OK_ANSWER)};
	static struct peer peer;
	struct load_case c;
	start(&peer, slow, ARRAY_SIZE(slow), &c,
	      SUITE_GET("users: 1, duration: 100ms, think_scale: 0"));
	finish(&peer, &c);
	assert_int_equal(c.result->total.requests, 1);
	assert_int_equal(c.result->total.classes[CLASS_OK], 1);
	assert_near(c.result->throughput_rps, 0);
	assert_near(c.result->offered_rps, 10);
	assert_int_equal(c.result->generator.censored, 0);
	load_case_release(&c);
}

static void mea_01_requests_without_an_end_are_censored(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	/* The request may take longer than the drain of at most the scenario's limit. */
	start(&peer, silent, ARRAY_SIZE(silent), &c,
	      "profiles: {p: {weight: 1, wait: 1s..1s, tasks: {get: 1}}}\n"
	      "tasks: {get: {request: GET /, timeout: 20s}}\n"
	      "scenarios: {t: {users: 4, duration: 100ms, warmup: 0s, timeout: 50ms}}\n");
	finish(&peer, &c);
	const struct scenario_result *r = c.result;
	assert_int_equal(r->total.requests, 0);
	assert_int_equal(r->generator.censored, 4);
	assert_true(isnan(endpoint_metric(r, &r->total, METRIC_P95)));
	assert_true(isnan(endpoint_metric(r, &r->total, METRIC_ERROR_RATE)));
	assert_true(isnan(endpoint_metric(r, &r->total, METRIC_THROUGHPUT)));
	load_case_release(&c);
}

static void mea_03_failures_have_a_rate_and_no_percentile(void **state)
{
	(void)state;
	static const struct peer_step failing[] = {
		READ, SEND("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")};
	static struct peer peer;
	struct load_case c;
	start(&peer, failing, ARRAY_SIZE(failing), &c,
	      SUITE_GET("users: 1, duration: 100ms, think_scale: 0"));
	finish(&peer, &c);
	const struct scenario_result *r = c.result;
	assert_true(r->total.requests > 0);
	assert_near(endpoint_metric(r, &r->total, METRIC_ERROR_RATE), 1);
	assert_true(isnan(endpoint_metric(r, &r->total, METRIC_P95)));
	assert_near(r->throughput_rps, 0);
	assert_string_equal(r->endpoints[0].first_failure, "HTTP 500");
	load_case_release(&c);
}

/* Ctrl-C as it comes: a signal, whose handler sets what options->stop points to. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = number == SIGUSR1 ? 1 : 2;
}

struct stopper {
	pthread_t thread;
	uint64_t at;
	int signal;
};

static void stop_at(uint64_t number, void *arg)
{
	struct stopper *stopper = arg;
	if (number == stopper->at)
		pthread_kill(stopper->thread, stopper->signal);
}

static void run_and_stop(const struct peer_step *steps, size_t n_steps, struct stopper *stopper,
			 struct load_case *c, struct peer *peer)
{
	struct sigaction action = {.sa_handler = on_signal};
	stopper->thread = pthread_self();
	stop = 0;
	sigaction(stopper->signal, &action, NULL);
	assert_true(peer_listen(peer, steps, n_steps));
	peer->on_request = stop_at;
	peer->arg = stopper;
	load_case_init(c, SUITE_GET("users: 3, duration: 60s, think_scale: 0"), peer->port);
	c->options.stop = &stop;
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_serve, peer), 0);
	finish(peer, c);
	assert_true(c->result->interrupted);
	assert_true(c->result->judged_s < 60);
}

static void stopping_once_drains(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	struct stopper stopper = {.at = 20, .signal = SIGUSR1};
	run_and_stop(well_behaved, ARRAY_SIZE(well_behaved), &stopper, &c, &peer);
	assert_int_equal(c.result->generator.censored, 0);
	assert_int_equal(c.result->total.requests, atomic_load(&peer.requests));
	load_case_release(&c);
}

static void stopping_twice_leaves_at_once(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	struct stopper stopper = {.at = 3, .signal = SIGUSR2};
	run_and_stop(silent, ARRAY_SIZE(silent), &stopper, &c, &peer);
	assert_int_equal(c.result->total.requests, 0);
	assert_int_equal(c.result->generator.censored, 3);
	load_case_release(&c);
}

static void the_deadline_ends_the_run(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      SUITE_GET("users: 1, duration: 60s, think_scale: 0"));
	c.options.deadline_ns = clock_now_ns() + 100 * NS_PER_MS;
	finish(&peer, &c);
	assert_true(c.result->interrupted);
	assert_true(c.result->judged_s <= 0.1);
	load_case_release(&c);
}

struct shown {
	size_t n;
	uint64_t requests;
	bool ordered;
	double last_s;
};

static void note_progress(const struct load_progress *progress, void *arg)
{
	struct shown *shown = arg;
	shown->ordered &= progress->requests >= shown->requests &&
			  progress->elapsed_s >= shown->last_s && progress->scenario;
	shown->n++;
	shown->requests = progress->requests;
	shown->last_s = progress->elapsed_s;
}

static void progress_is_shown_each_second_and_at_the_end(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	struct shown shown = {.ordered = true};
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      SUITE_GET("users: 2, duration: 1200ms, think_scale: 0"));
	c.options.progress = note_progress;
	c.options.progress_arg = &shown;
	finish(&peer, &c);
	assert_in_range(shown.n, 1, 3);
	assert_true(shown.ordered);
	assert_int_equal(shown.requests, c.result->total.requests);
	load_case_release(&c);
}

#define BODY(text) SEND("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" text)

static void run_checked(const struct peer_step *steps, size_t n_steps, bool check_all,
			struct load_case *c)
{
	static struct peer peer;
	start(&peer, steps, n_steps, c,
	      "profiles: {p: {weight: 1, wait: 1s..1s, tasks: {get: 1}}}\n"
	      "tasks: {get: {request: GET /, expect: {json: {a: 0..1}}}}\n"
	      "scenarios: {t: {users: 1, duration: 200ms, warmup: 0s, think_scale: 0}}\n");
	c->options.check_all = check_all;
	finish(&peer, c);
	assert_true(c->result->total.requests > 0);
}

/* Right answers at 1, 21, 41 … and wrong ones between. */
static void bodies_are_checked_first_and_then_every_twentieth(void **state)
{
	(void)state;
	struct peer_step steps[40];
	for (size_t i = 0; i < 40; i += 2) {
		steps[i] = (struct peer_step)READ;
		steps[i + 1] = i == 0 ? (struct peer_step)BODY("{\"a\":1}")
				      : (struct peer_step)BODY("{\"a\":2}");
	}
	for (int all = 0; all < 2; all++) {
		struct load_case c;
		run_checked(steps, 40, all, &c);
		const struct endpoint_result *total = &c.result->total;
		uint64_t right = (total->requests + 19) / 20;
		assert_int_equal(total->classes[CLASS_OK], all ? right : total->requests);
		assert_int_equal(total->classes[CLASS_CHECK_FAILED],
				 all ? total->requests - right : 0);
		load_case_release(&c);
	}
}

static void after_a_wrong_body_every_body_is_checked(void **state)
{
	(void)state;
	static const struct peer_step wrong[] = {READ, BODY("{\"a\":2}")};
	struct load_case c;
	run_checked(wrong, ARRAY_SIZE(wrong), false, &c);
	const struct endpoint_result *total = &c.result->total;
	assert_int_equal(total->classes[CLASS_CHECK_FAILED], total->requests);
	assert_non_null(strstr(total->first_failure, "check failed: a"));
	load_case_release(&c);
}

static void server_timing_and_cache_are_added_up(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ,
		SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Cache: MISS\r\n"
		     "Server-Timing: db;dur=12.5, cache;desc=partial;hits=97;misses=3\r\n\r\n"),
		READ,
		SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Cache: HIT\r\n\r\n"),
		READ,
		SEND("HTTP/1.1 500 x\r\nContent-Length: 0\r\nServer-Timing: cache;desc=hit\r\n"
		     "\r\n"),
		HANG};
	static struct peer peer;
	struct load_case c;
	start(&peer, steps, ARRAY_SIZE(steps), &c,
	      SUITE_GET("users: 1, duration: 150ms, think_scale: 0, timeout: 300ms"));
	finish(&peer, &c);
	const struct endpoint_result *total = &c.result->total;
	assert_int_equal(total->requests, 4);
	assert_int_equal(total->cache_hits, 97 + 1);
	assert_int_equal(total->cache_misses, 3);
	assert_int_equal(total->n_timings, 1);
	assert_string_equal(total->timings[0].name, "db");
	assert_int_equal(histogram_count(total->timings[0].histogram), 1);
	assert_in_range(histogram_max_ns(total->timings[0].histogram), 12500000, 12500000);
	load_case_release(&c);
}

static void the_same_seed_sends_the_same_requests(void **state)
{
	(void)state;
	static struct peer peer;
	uint64_t sent[2];
	for (int i = 0; i < 2; i++) {
		struct load_case c;
		start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
		      "profiles: {p: {weight: 1, wait: 10s..10s, tasks: {a: 1, b: 1}}}\n"
		      "tasks:\n"
		      "  a: {request: GET /a, query: {x: \"${int(1..1000000)}\"}}\n"
		      "  b: {request: GET /longer, query: {x: \"${int(1..1000000)}\"}}\n"
		      "scenarios: {t: {users: 30, duration: 100ms, warmup: 0s}}\n");
		c.options.seed = 99;
		finish(&peer, &c);
		assert_int_equal(c.result->total.requests, 30);
		assert_true(c.result->endpoints[0].requests > 0);
		assert_true(c.result->endpoints[1].requests > 0);
		sent[i] = c.result->total.bytes_sent * 100 + c.result->endpoints[0].requests;
		load_case_release(&c);
	}
	assert_int_equal(sent[0], sent[1]);
}

static const struct peer_step failing[] = {READ,
					   SEND("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")};

static void failures_that_last_abort_the_scenario(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	start(&peer, failing, ARRAY_SIZE(failing), &c,
	      SUITE_GET("users: 2, duration: 60s, think_scale: 0, "
			"abort_on: {error_rate: 50% for 1s}"));
	finish(&peer, &c);
	const struct scenario_result *r = c.result;
	assert_non_null(r->aborted);
	assert_non_null(strstr(r->aborted, "100.0 % of the requests of the last 1 s failed"));
	assert_false(r->interrupted);
	assert_true(r->judged_s < 30);
	assert_near(endpoint_metric(r, &r->total, METRIC_ERROR_RATE), 1);
	assert_int_equal(r->total.requests, atomic_load(&peer.requests));
	load_case_release(&c);
}

static void few_failures_or_a_rate_at_the_limit_do_not_abort(void **state)
{
	(void)state;
	static const struct peer_step every_other[] = {
		READ, SEND("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"), READ, SEND(OK_ANSWER)};
	static const struct {
		const struct peer_step *steps;
		size_t n_steps;
		const char *yaml;
	} rows[] = {
		{failing, ARRAY_SIZE(failing),
		 SUITE_GET("users: 2, duration: 1300ms, abort_on: {error_rate: 0 for 1s}")},
		{every_other, ARRAY_SIZE(every_other),
		 SUITE_GET("users: 1, duration: 1300ms, think_scale: 0, "
			   "abort_on: {error_rate: 60% for 1s}")},
		{failing, ARRAY_SIZE(failing),
		 SUITE_GET("users: 1, duration: 1300ms, think_scale: 0, "
			   "abort_on: {error_rate: 0.5 for 2s}")},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct peer peer;
		struct load_case c;
		start(&peer, rows[i].steps, rows[i].n_steps, &c, rows[i].yaml);
		finish(&peer, &c);
		assert_null(c.result->aborted);
		assert_false(c.result->interrupted);
		assert_true(endpoint_errors(&c.result->total) > 0);
		load_case_release(&c);
	}
}

struct pulse {
	int asked, lives;
	pthread_t thread;
};

static bool feel_pulse(void *arg)
{
	struct pulse *pulse = arg;
	assert_true(pthread_equal(pulse->thread, pthread_self()));
	return ++pulse->asked < pulse->lives;
}

static void sig_08_a_dead_target_ends_the_run(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	struct pulse pulse = {.lives = 2, .thread = pthread_self()};
	start(&peer, well_behaved, ARRAY_SIZE(well_behaved), &c,
	      SUITE_GET("users: 2, duration: 60s, think_scale: 0"));
	c.options.alive = feel_pulse;
	c.options.alive_arg = &pulse;
	finish(&peer, &c);
	assert_int_equal(pulse.asked, 2);
	assert_true(c.result->interrupted);
	assert_true(c.result->judged_s < 30);
	load_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_the_server_saw_is_counted_once),
		cmocka_unit_test(the_request_is_complete_http),
		cmocka_unit_test(each_request_has_its_own_time_limit),
		cmocka_unit_test(users_think_between_requests),
		cmocka_unit_test(ramps_start_users_one_by_one),
		cmocka_unit_test(warm_up_is_measured_and_not_judged),
		cmocka_unit_test(answers_in_the_drain_count_for_latency_not_throughput),
		cmocka_unit_test(mea_01_requests_without_an_end_are_censored),
		cmocka_unit_test(mea_03_failures_have_a_rate_and_no_percentile),
		cmocka_unit_test(stopping_once_drains),
		cmocka_unit_test(stopping_twice_leaves_at_once),
		cmocka_unit_test(the_deadline_ends_the_run),
		cmocka_unit_test(progress_is_shown_each_second_and_at_the_end),
		cmocka_unit_test(bodies_are_checked_first_and_then_every_twentieth),
		cmocka_unit_test(after_a_wrong_body_every_body_is_checked),
		cmocka_unit_test(server_timing_and_cache_are_added_up),
		cmocka_unit_test(the_same_seed_sends_the_same_requests),
		cmocka_unit_test(failures_that_last_abort_the_scenario),
		cmocka_unit_test(few_failures_or_a_rate_at_the_limit_do_not_abort),
		cmocka_unit_test(sig_08_a_dead_target_ends_the_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
