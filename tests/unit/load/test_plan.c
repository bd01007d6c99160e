/* Who is whose: every worker has an even share of every kind of user, in a ramp as well. */
#include "../scenario/suite_helper.h"

#include "perfgate/load/plan.h"

#include <stdio.h>

#define WORKERS_MAX 7

#define THREE_PROFILES                                                                             \
	"profiles:\n"                                                                              \
	"  a: {weight: 4, wait: 1s..1s, tasks: {get: 1}}\n"                                        \
	"  b: {weight: 4, wait: 1s..1s, tasks: {get: 1}}\n"                                        \
	"  c: {weight: 1, wait: 1s..1s, tasks: {get: 1}}\n"                                        \
	"tasks: {get: {request: GET /}}\n"

struct dealt {
	struct suite_case suite;
	struct plan plan;
};

static void deal(struct dealt *dealt, const char *yaml, uint32_t workers)
{
	static const struct load_target target = {.host = "h", .prefix = ""};
	static const struct load_options options = {.seed = 1};
	suite_case_init(&dealt->suite, yaml);
	suite_case_load(&dealt->suite);
	plan_init(&dealt->plan, dealt->suite.suite, suite_case_scenario(&dealt->suite, "t"),
		  &target, &options);
	plan_deal(&dealt->plan, workers);
}

static void release(struct dealt *dealt)
{
	plan_release(&dealt->plan);
	suite_case_release(&dealt->suite);
}

static void assert_even(const size_t *counts, uint32_t workers, const char *what, size_t users)
{
	size_t least = SIZE_MAX, most = 0;
	for (uint32_t i = 0; i < workers; i++) {
		least = counts[i] < least ? counts[i] : least;
		most = counts[i] > most ? counts[i] : most;
	}
	if (most - least > 1)
		fail_msg("%u workers have %zu to %zu of %s among the first %zu", workers, least,
			 most, what, users);
}

/* Of the first 1, 2, … users: what a ramp has begun so far. */
static void check_shares(const struct dealt *dealt, uint32_t workers)
{
	const struct plan *plan = &dealt->plan;
	size_t of_profile[3][WORKERS_MAX] = {{0}}, all[WORKERS_MAX] = {0};
	for (size_t i = 0; i < plan->n_profile_of; i++) {
		assert_true(plan->worker_of[i] < workers);
		of_profile[plan->profile_of[i]][plan->worker_of[i]]++;
		all[plan->worker_of[i]]++;
		for (size_t p = 0; p < plan->n_profiles; p++)
			assert_even(of_profile[p], workers, dealt->suite.suite->profiles[p].name,
				    i + 1);
	}
	assert_even(all, workers, "all users", plan->n_profile_of);
}

static void every_worker_has_its_share_of_every_profile(void **state)
{
	static const char *const scenarios[] = {
		"scenarios: {t: {users: 1, duration: 1s}}",
		"scenarios: {t: {users: 10, duration: 1s}}",
		"scenarios: {t: {users: 500, duration: 1s}}",
		"scenarios: {t: {rate: 100, duration: 1s}}",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		for (uint32_t workers = 1; workers <= WORKERS_MAX; workers++) {
			char yaml[1024];
			struct dealt dealt;
			snprintf(yaml, sizeof yaml, THREE_PROFILES "%s", scenarios[i]);
			deal(&dealt, yaml, workers);
			check_shares(&dealt, workers);
			release(&dealt);
		}
	}
}

/* Two workers and two kinds of users that alternate: neither has one kind only. */
static void profiles_that_alternate_are_not_split_by_kind(void **state)
{
	struct dealt dealt;
	size_t of_first[2] = {0};
	(void)state;
	deal(&dealt,
	     "profiles:\n"
	     "  a: {weight: 1, wait: 1s..1s, tasks: {get: 1}}\n"
	     "  b: {weight: 1, wait: 1s..1s, tasks: {get: 1}}\n"
	     "tasks: {get: {request: GET /}}\n"
	     "scenarios: {t: {users: 100, duration: 1s}}",
	     2);
	for (size_t i = 0; i < 100; i++)
		of_first[dealt.plan.worker_of[i]] += dealt.plan.profile_of[i] == 0;
	assert_int_equal(of_first[0], 25);
	assert_int_equal(of_first[1], 25);
	release(&dealt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_worker_has_its_share_of_every_profile),
		cmocka_unit_test(profiles_that_alternate_are_not_split_by_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
