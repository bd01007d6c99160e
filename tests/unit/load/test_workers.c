/* What is sent and counted does not depend on how many workers send it. */
#include "load_case.h"

#include "perfgate/base/text.h"

#include <stdio.h>

#define USERS 10
#define REQUESTS_MAX 4000

static const struct peer_step well_behaved[] = {{.action = PEER_READ},
						{.action = PEER_SEND, .bytes = OK_ANSWER}};

/* The request lines that the peer saw; its thread writes, we read when it has ended. */
struct seen {
	char lines[REQUESTS_MAX][64];
	size_t n;
};

static void note(const char *head, void *arg)
{
	struct seen *seen = arg;
	const char *end = strstr(head, " HTTP/1.1");
	if (end && seen->n < REQUESTS_MAX)
		snprintf(seen->lines[seen->n++], sizeof seen->lines[0], "%.*s", (int)(end - head),
			 head);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void run_with(struct load_case *c, const char *yaml, uint32_t workers, struct seen *seen)
{
	static struct peer peer;
	assert_true(peer_listen(&peer, well_behaved, ARRAY_SIZE(well_behaved)));
	memset(seen, 0, sizeof *seen);
	peer.on_head = note;
	peer.arg = seen;
	assert_int_equal(pthread_create(&peer.thread, NULL, peer_serve, &peer), 0);
	load_case_init(c, yaml, peer.port);
	c->options.seed = 7;
	c->options.workers = workers;
	load_case_run(c);
	peer_stop(&peer);
	if (c->status != 0)
		fail_msg("%s", c->err.message);
	load_case_check_books(c);
	assert_int_equal(c->result->total.requests + c->result->generator.censored, seen->n);
	qsort(seen->lines, seen->n, sizeof seen->lines[0], by_text);
}

static const uint32_t counts[] = {1, 2, 4};
static struct seen seen[ARRAY_SIZE(counts)];

#define PROFILES(wait)                                                                             \
	"profiles:\n"                                                                              \
	"  p: {weight: 1, wait: " wait ", tasks: {a: 1, b: 1}}\n"                                  \
	"  q: {weight: 2, wait: " wait ", tasks: {a: 1, b: 3}}\n"                                  \
	"tasks:\n"                                                                                 \
	"  a: {request: 'GET /a/${user.id}/${seq}', query: {x: \"${int(1..1000000)}\"}}\n"         \
	"  b: {request: 'GET /b/${user.id}/${seq}', query: {x: \"${int(1..1000000)}\"}}\n"

/* Each user sends once and then thinks for longer than the run. */
static void a_fixed_number_of_requests_is_the_same_for_any_number_of_workers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct load_case c;
		run_with(&c,
			 PROFILES("10s") "scenarios: {t: {users: 10, duration: 200ms, warmup: 0s}}",
			 counts[i], &seen[i]);
		assert_int_equal(c.result->total.requests, USERS);
		assert_int_equal(c.result->total.classes[CLASS_OK], USERS);
		assert_int_equal(c.result->n_series, 1);
		assert_int_equal(c.result->series[0].requests, USERS);
		assert_int_equal(c.result->series[0].users, USERS);
		load_case_release(&c);
		for (size_t k = 0; k < USERS; k++)
			assert_string_equal(seen[i].lines[k], seen[0].lines[k]);
	}
}

/* The requests of a user in its order; how many depends on how quickly it was answered. */
static size_t requests_of(const struct seen *all, int user, char out[][64], size_t max)
{
	size_t n = 0;
	for (size_t k = 0; k < all->n; k++) {
		int id = 0;
		unsigned place = 0;
		if (sscanf(all->lines[k], "GET /%*c/%d/%u", &id, &place) == 2 && id == user &&
		    place >= 1 && place <= max) {
			memcpy(out[place - 1], all->lines[k], 64);
			n++;
		}
	}
	return n;
}

static void a_user_sends_the_same_for_any_number_of_workers(void **state)
{
	(void)state;
	static char first[REQUESTS_MAX][64], other[REQUESTS_MAX][64];
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct load_case c;
		run_with(&c,
			 PROFILES("5ms..15ms") "scenarios: {t: {users: 10, duration: 500ms, "
					       "warmup: 0s}}",
			 counts[i], &seen[i]);
		load_case_release(&c);
		for (int user = 1; user <= USERS; user++) {
			size_t n = requests_of(&seen[0], user, first, 1000);
			size_t m = requests_of(&seen[i], user, other, 1000);
			assert_true(n > 1 && m > 1);
			for (size_t k = 0; k < n && k < m; k++)
				assert_string_equal(other[k], first[k]);
		}
	}
}

static void ramps_and_stages_hold_for_all_workers_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct load_case c;
		run_with(&c,
			 PROFILES("10s") "scenarios: {t: {warmup: 0s, stages: [\n"
					 "  {users: 7, duration: 100ms, ramp: 100ms},\n"
					 "  {users: 3, duration: 100ms},\n"
					 "  {users: 9, duration: 100ms}]}}",
			 counts[i], &seen[i]);
		assert_int_equal(c.result->total.requests, 9);
		assert_int_equal(c.result->users, 9);
		load_case_release(&c);
	}
}

static void there_are_no_more_workers_than_users(void **state)
{
	(void)state;
	struct load_case c;
	run_with(&c, PROFILES("10s") "scenarios: {t: {users: 2, duration: 100ms, warmup: 0s}}", 8,
		 &seen[0]);
	assert_int_equal(c.result->total.requests, 2);
	load_case_release(&c);
}

static void all_workers_stop_together(void **state)
{
	(void)state;
	struct load_case c;
	static const volatile sig_atomic_t stopped = 1;
	static struct peer peer;
	assert_true(peer_start(&peer, well_behaved, ARRAY_SIZE(well_behaved)));
	load_case_init(&c, SUITE_GET("users: 8, duration: 60s, think_scale: 0"), peer.port);
	c.options.workers = 4;
	c.options.stop = &stopped;
	load_case_run(&c);
	peer_stop(&peer);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	assert_true(c.result->interrupted);
	assert_true(c.result->judged_s < 30);
	load_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_number_of_requests_is_the_same_for_any_number_of_workers),
		cmocka_unit_test(a_user_sends_the_same_for_any_number_of_workers),
		cmocka_unit_test(ramps_and_stages_hold_for_all_workers_together),
		cmocka_unit_test(there_are_no_more_workers_than_users),
		cmocka_unit_test(all_workers_stop_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
