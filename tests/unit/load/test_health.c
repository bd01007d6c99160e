/* Which figures make a run invalid, and whom they blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "perfgate/base/clock.h"
#include "perfgate/load/health.h"

struct health_case {
	const char *name;
	double cpu_percent, busy_percent, steal_percent, throttled_percent, p50_ms;
	int64_t window_s; /* 0 = 10 */
	int64_t stall_ms, stall_waiting_ms, delay_ms, late_ms, waiting_ms;
	uint64_t wakeups;
	int own_errno;
	uint64_t due, sent; /* arrivals */
	bool all_busy;
	bool capacity;
	enum invalid_by wanted;
	const char *reason; /* part of it */
	bool limited;
};

static const struct health_case cases[] = {
	{.name = "healthy",
	 .cpu_percent = 90,
	 .steal_percent = 5,
	 .throttled_percent = 5,
	 .p50_ms = 1,
	 .stall_ms = 99,
	 .delay_ms = 1,
	 .wakeups = 5000},
	{.name = "own CPU", .cpu_percent = 95, .wanted = INVALID_OURS, .reason = "used 95 %"},
	{.name = "steal", .steal_percent = 7, .wanted = INVALID_MACHINE, .reason = "steal"},
	{.name = "quota", .throttled_percent = 20, .wanted = INVALID_MACHINE, .reason = "quota"},
	{.name = "own CPU before the machine",
	 .cpu_percent = 95,
	 .steal_percent = 20,
	 .wanted = INVALID_OURS,
	 .reason = "its core"},
	{.name = "our stall",
	 .stall_ms = 150,
	 .wanted = INVALID_OURS,
	 .reason = "stood still for 150 ms"},
	{.name = "one stall in an hour", .window_s = 3600, .stall_ms = 204},
	{.name = "a stall of a thousandth",
	 .window_s = 200,
	 .stall_ms = 204,
	 .wanted = INVALID_OURS,
	 .reason = "stood still for 204 ms"},
	{.name = "stall without a core",
	 .stall_ms = 150,
	 .stall_waiting_ms = 120,
	 .wanted = INVALID_MACHINE,
	 .reason = "waiting for a core"},
	{.name = "late",
	 .p50_ms = 1,
	 .delay_ms = 5,
	 .late_ms = 1000,
	 .wakeups = 1000,
	 .wanted = INVALID_OURS,
	 .reason = "p99 5.0 ms (limit 2.0 ms)"},
	{.name = "late without a core",
	 .p50_ms = 1,
	 .delay_ms = 5,
	 .late_ms = 1000,
	 .waiting_ms = 900,
	 .wakeups = 1000,
	 .wanted = INVALID_MACHINE,
	 .reason = "waiting for a core"},
	{.name = "late, but few wake-ups", .p50_ms = 1, .delay_ms = 5, .wakeups = 999},
	{.name = "late, but slow answers", .p50_ms = 100, .delay_ms = 5, .wakeups = 5000},
	{.name = "late, no answers",
	 .p50_ms = NAN,
	 .delay_ms = 5,
	 .wakeups = 5000,
	 .wanted = INVALID_OURS,
	 .reason = "late"},
	{.name = "arrivals, at the limit", .due = 1000, .sent = 950},
	{.name = "arrivals, one at the very end", .due = 10, .sent = 9},
	{.name = "arrivals, more than due: from the warm-up", .due = 10, .sent = 12},
	{.name = "arrivals, late",
	 .due = 1000,
	 .sent = 949,
	 .wanted = INVALID_OURS,
	 .reason = "only 94.9 % of the planned arrivals were sent in time (limit 95 %): the "
		   "generator"},
	{.name = "arrivals, late for want of a core",
	 .due = 1000,
	 .sent = 500,
	 .steal_percent = 7,
	 .wanted = INVALID_MACHINE,
	 .reason = "steal"},
	{.name = "arrivals, no user free",
	 .due = 10,
	 .sent = 0,
	 .all_busy = true,
	 .steal_percent = 7,
	 .wanted = INVALID_OURS,
	 .reason = "max_users"},
	{.name = "descriptors", .own_errno = EMFILE, .wanted = INVALID_OURS, .reason = "ulimit -n"},
	{.name = "ports",
	 .own_errno = EADDRNOTAVAIL,
	 .wanted = INVALID_OURS,
	 .reason = "ip_local_port_range"},
	{.name = "memory",
	 .own_errno = ENOBUFS,
	 .capacity = true,
	 .wanted = INVALID_OURS,
	 .reason = "memory"},
	{.name = "capacity uses the core",
	 .cpu_percent = 99,
	 .stall_ms = 500,
	 .delay_ms = 50,
	 .wakeups = 5000,
	 .capacity = true,
	 .limited = true},
	{.name = "capacity under a quota",
	 .throttled_percent = 30,
	 .capacity = true,
	 .limited = true},
	{.name = "capacity on a full machine whose host takes time away",
	 .cpu_percent = 60,
	 .busy_percent = 85,
	 .steal_percent = 7,
	 .capacity = true,
	 .limited = true},
	{.name = "capacity on an idle machine whose host takes time away",
	 .cpu_percent = 60,
	 .busy_percent = 50,
	 .steal_percent = 30,
	 .capacity = true},
	{.name = "capacity on a full machine of its own",
	 .cpu_percent = 60,
	 .busy_percent = 99,
	 .capacity = true},
	{.name = "capacity with room", .cpu_percent = 60, .capacity = true},
};

static void fill(const struct health_case *c, struct worker_health *health,
		 struct health_context *context)
{
	health_init(health);
	health->begin.at_ns = NS_PER_S;
	health->end.at_ns = 11 * NS_PER_S;
	health->end.cpu_ns = (int64_t)(c->cpu_percent * 0.1 * (double)NS_PER_S);
	health->end.waiting_ns = c->waiting_ms * NS_PER_MS;
	health->max_stall_ns = c->stall_ms * NS_PER_MS;
	health->max_stall_waiting_ns = c->stall_waiting_ms * NS_PER_MS;
	health->stalled_ns = health->max_stall_ns >= HEALTH_STALL_MAX_NS ? health->max_stall_ns : 0;
	health->late_ns = c->late_ms * NS_PER_MS;
	health->own_errno = c->own_errno;
	health->own_failures = c->own_errno ? 3 : 0;
	histogram_record_n(health->scheduling_delay, (uint64_t)(c->delay_ms * NS_PER_MS),
			   c->wakeups);
	*context = (struct health_context){
		.machine_begin = {.at_ns = NS_PER_S},
		.machine_end = {.at_ns = (1 + (c->window_s ? c->window_s : 10)) * NS_PER_S,
				.steal_s = c->steal_percent / 100 * 20,
				.busy_s = c->busy_percent / 100 * 20,
				.total_s = 20,
				.throttled_s = c->throttled_percent / 100 * 10,
				.pressure_s = NAN},
		.paced = !c->capacity,
		.p50_ms = c->p50_ms,
		.users = 7,
		.arrivals_due = c->due,
		.arrivals_sent = c->sent,
		.all_busy = c->all_busy,
	};
}

static void figures_decide_validity_and_blame(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct health_case *c = &cases[i];
		struct worker_health health;
		struct health_context context;
		struct generator_health out = {0};
		AUTO(arena) struct arena arena = {0};
		fill(c, &health, &context);
		health_judge(&health, &context, &arena, &out);
		const char *reason = out.invalid_reason ? out.invalid_reason : "-";
		if (out.invalid != c->wanted || out.limited != c->limited ||
		    (c->reason && !strstr(reason, c->reason)))
			fail_msg("%s: invalid %d, limited %d: %s", c->name, out.invalid,
				 out.limited, reason);
		assert_int_equal(out.invalid == INVALID_NOT, out.invalid_reason == NULL);
		assert_true(isnan(out.pressure_percent));
		assert_non_null(out.scheduling_delay);
		histogram_free(out.scheduling_delay);
		health_release(&health);
	}
}

static void stalls_count_in_judged_seconds_only(void **state)
{
	(void)state;
	struct worker_health health;
	health_init(&health);
	health_note_stall(&health, 500 * NS_PER_MS);
	health_end_second(&health, false);
	assert_int_equal(health.max_stall_ns, 0);
	health_note_stall(&health, 3 * NS_PER_MS);
	health_note_stall(&health, 7 * NS_PER_MS);
	health_note_stall(&health, HEALTH_LATE_NS - 1);
	health_end_second(&health, true);
	health_note_stall(&health, 4 * NS_PER_MS);
	health_end_second(&health, true);
	assert_int_equal(health.max_stall_ns, 7 * NS_PER_MS);
	assert_int_equal(health.late_ns, 14 * NS_PER_MS);
	assert_int_equal(health.stalled_ns, 0);
	for (int second = 0; second < 2; second++) {
		health_note_stall(&health, 120 * NS_PER_MS);
		health_note_stall(&health, 110 * NS_PER_MS);
		health_end_second(&health, true);
	}
	assert_int_equal(health.stalled_ns, 240 * NS_PER_MS);
	health_release(&health);
}

static void merging_keeps_the_worst(void **state)
{
	(void)state;
	const struct health_case busy = {.cpu_percent = 80,
					 .waiting_ms = 300,
					 .delay_ms = 1,
					 .wakeups = 10,
					 .stall_ms = 20},
				 late = {.cpu_percent = 30,
					 .late_ms = 500,
					 .delay_ms = 4,
					 .wakeups = 30,
					 .stall_ms = 70,
					 .stall_waiting_ms = 60,
					 .own_errno = EMFILE};
	for (int swap = 0; swap < 2; swap++) {
		struct worker_health a, b;
		struct health_context context;
		struct generator_health out = {0};
		AUTO(arena) struct arena arena = {0};
		fill(swap ? &late : &busy, &a, &context);
		fill(swap ? &busy : &late, &b, &context);
		health_merge(&a, &b);
		assert_int_equal(a.end.waiting_ns - a.begin.waiting_ns, 300 * NS_PER_MS);
		assert_int_equal(a.late_ns, 500 * NS_PER_MS);
		assert_int_equal(a.max_stall_waiting_ns, 60 * NS_PER_MS);
		health_judge(&a, &context, &arena, &out);
		assert_int_equal((int)(out.cpu_percent + 0.5), 80);
		assert_int_equal((int)(out.max_stall_ms + 0.5), 70);
		assert_int_equal(histogram_count(out.scheduling_delay), 40);
		assert_non_null(strstr(out.invalid_reason, "ulimit"));
		histogram_free(out.scheduling_delay);
		health_release(&a);
		health_release(&b);
	}
}

static void own_thread_is_read(void **state)
{
	(void)state;
	struct worker_health health;
	struct thread_reading a, b;
	health_init(&health);
	health_read_thread(&health, &a);
	health_read_thread(&health, &b);
	assert_true(a.cpu_ns > 0 && b.cpu_ns >= a.cpu_ns && b.at_ns >= a.at_ns);
	assert_true(b.waiting_ns >= a.waiting_ns);
	health_release(&health);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"MEA-13 and others: figures decide validity and blame",
		 figures_decide_validity_and_blame, NULL, NULL, NULL},
		cmocka_unit_test(stalls_count_in_judged_seconds_only),
		cmocka_unit_test(merging_keeps_the_worst),
		cmocka_unit_test(own_thread_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
