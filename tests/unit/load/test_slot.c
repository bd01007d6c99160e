/* Slots: the same requests for two servers, one at a time. */
#include "load_case.h"

#include "perfgate/load/slot.h"

#include <math.h>
#include <stdio.h>

#define SUITE                                                                                      \
	"profiles: {p: {weight: 1, wait: 1s..2s, tasks: {a: 3, b: 1}}}\n"                          \
	"tasks: {a: {request: 'GET /a?n=${int(1..1000000)}'}, "                                    \
	"b: {request: GET /b}}\n"                                                                  \
	"scenarios: {t: {users: 40, duration: 10s, warmup: 0s, pause: 0s}}\n"

#define SLOT_NS (60 * NS_PER_MS)

/* The first requests that came, in order, and how many connections there were. */
struct tape {
	struct peer peer;
	char lines[20][64];
	size_t n;
};

static void keep(const char *head, void *arg)
{
	struct tape *tape = arg;

	if (tape->n < ARRAY_SIZE(tape->lines))
		snprintf(tape->lines[tape->n++], sizeof tape->lines[0], "%.*s",
			 (int)strcspn(head, "\r\n"), head);
}

static void run_slot(struct tape *tape, size_t users_max, uint64_t seed,
		     struct ab_side_record *into, struct slot_result *out)
{
	static const struct peer_step steps[] = {{.action = PEER_READ},
						 {.action = PEER_SEND, .bytes = OK_ANSWER}};
	struct load_case c;
	struct error err = ERROR_INIT;

	memset(tape, 0, sizeof *tape);
	assert_true(peer_listen(&tape->peer, steps, ARRAY_SIZE(steps)));
	tape->peer.on_head = keep;
	tape->peer.arg = tape;
	load_case_init(&c, SUITE, tape->peer.port);
	assert_int_equal(pthread_create(&tape->peer.thread, NULL, peer_serve, &tape->peer), 0);
	struct slot slot = {
		.suite = c.suite.suite,
		.scenario = suite_slot(c.suite.suite, suite_case_scenario(&c.suite, "t"), users_max,
				       SLOT_NS),
		.target = &c.target,
		.options = &c.options,
		.seed = seed,
	};
	if (slot_run(&slot, into, out, &err) < 0)
		fail_msg("%s", err.message);
	peer_stop(&tape->peer);
	load_case_release(&c);
}

static size_t equal_lines(const struct tape *one, const struct tape *other)
{
	size_t n = one->n < other->n ? one->n : other->n, equal = 0;

	assert_true(n >= 4);
	for (size_t i = 0; i < n; i++)
		equal += strcmp(one->lines[i], other->lines[i]) == 0;
	assert_true(equal <= n);
	return equal == n;
}

static void a_seed_decides_what_is_sent(void **state)
{
	(void)state;
	static struct tape one, again, other;
	struct slot_result result;

	run_slot(&one, 1, 7, NULL, &result);
	run_slot(&again, 1, 7, NULL, &result);
	run_slot(&other, 1, 8, NULL, &result);
	assert_true(equal_lines(&one, &again));
	assert_false(equal_lines(&one, &other));
	assert_int_equal(atomic_load(&one.peer.connections), 1);
}

static void answers_are_added_to_the_side(void **state)
{
	(void)state;
	static struct tape tape;
	static const char *const names[] = {"GET /a", "GET /b"};
	AUTO(ab_record) struct ab_record record = {0};
	struct slot_result result, more;

	ab_record_init(&record, names, ARRAY_SIZE(names));
	run_slot(&tape, 1, 1, &record.side[0], &result);
	uint64_t before = record.side[0].total.requests;
	assert_true(result.ok > 0 && result.throughput_rps > 0 && result.seconds > 0);
	assert_int_equal(before, result.ok);
	run_slot(&tape, 1, 2, &record.side[0], &more);
	assert_int_equal(record.side[0].total.requests, before + more.ok);
	assert_int_equal(record.side[0].endpoints[0].requests +
				 record.side[0].endpoints[1].requests,
			 before + more.ok);
	assert_int_equal(record.side[1].total.requests, 0);
}

static void users_are_those_of_the_scenario_up_to_a_bound(void **state)
{
	(void)state;
	static struct tape tape;
	struct slot_result result;

	run_slot(&tape, 16, 1, NULL, &result);
	assert_int_equal(atomic_load(&tape.peer.connections), 16);
	run_slot(&tape, 100, 1, NULL, &result);
	assert_int_equal(atomic_load(&tape.peer.connections), 40);
}

static void shares_are_those_of_the_mix(void **state)
{
	(void)state;
	struct load_case c;

	load_case_init(&c, SUITE, 1);
	const struct scenario *slot =
		suite_slot(c.suite.suite, suite_case_scenario(&c.suite, "t"), 1, SLOT_NS);
	assert_true(fabs(suite_endpoint_share(slot, 0) - .75) < 1e-9);
	assert_true(fabs(suite_endpoint_share(slot, 1) - .25) < 1e-9);
	load_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_decides_what_is_sent),
		cmocka_unit_test(answers_are_added_to_the_side),
		cmocka_unit_test(users_are_those_of_the_scenario_up_to_a_bound),
		cmocka_unit_test(shares_are_those_of_the_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
