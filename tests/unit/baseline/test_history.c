#include "perfgate/baseline/history.h"

#include "baseline_run.h"
#include "perfgate/base/log.h"
#include "perfgate/baseline/baseline.h"
#include "perfgate/baseline/sync.h"
#include "temp_repo.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct settings settings = {.baseline_branch = "main", .output = "out"};
static const struct ci outside = {.kind = CI_NONE, .event = "local"};
static const struct ci push = {.kind = CI_PUSH, .event = "push", .branch = "main"};
static const struct ci request = {.kind = CI_PULL_REQUEST,
				  .event = "pull_request",
				  .base_branch = "main"};

static int enter(void **state)
{
	static struct temp_repo repo;

	*state = &repo;
	log_set_level(LOG_QUIET);
	return temp_repo_enter(&repo, 3);
}

static int leave(void **state)
{
	temp_repo_leave(*state);
	return 0;
}

/* A run of that revision. */
static struct run *run_of(const char *revision, double median_ms)
{
	struct run *run = baseline_run(median_ms);
	char commit[64], tree[64];

	assert_int_equal(sh_output(commit, sizeof commit, "git rev-parse '%s'", revision), 0);
	assert_int_equal(sh_output(tree, sizeof tree, "git rev-parse '%s^{tree}'", revision), 0);
	run->commit = arena_strdup(&run->arena, commit);
	run->tree = arena_strdup(&run->arena, tree);
	return run;
}

static bool update_in(const struct run *run, const struct ci *ci)
{
	struct error err = ERROR_INIT;
	bool written;

	if (baseline_update(run, &settings, ci, &written, &err))
		fail_msg("%s", err.message);
	return written;
}

/* The clone gets a remote, ../remote.git, that has its branches and notes. */
static void add_remote(void)
{
	assert_int_equal(sh("git clone -q --mirror . ../remote.git && "
			    "git remote add origin ../remote.git && git fetch -q"),
			 0);
}

static void store(const char *revision, double median_ms)
{
	AUTO(run) struct run *run = run_of(revision, median_ms);

	assert_true(update_in(run, &outside));
}

static void compare_with(struct run *run, const struct settings *with, const struct ci *ci)
{
	AUTO(baseline_history) struct baseline_history history = {0};
	struct error err = ERROR_INIT;

	if (baseline_compare(run, with, ci, &history, &err))
		fail_msg("%s", err.message);
}

static void expect_baseline_at(struct run *run, const char *commit)
{
	if (!run->baseline_commit)
		fail_msg("no baseline: %s", run->baseline_note);
	assert_string_equal(run->baseline_commit, commit);
	assert_null(run->baseline_note);
}

static void expect_baseline_in(struct run *run, const char *revision, const struct ci *ci)
{
	char commit[64];

	compare_with(run, &settings, ci);
	assert_int_equal(sh_output(commit, sizeof commit, "git rev-parse '%s'", revision), 0);
	expect_baseline_at(run, commit);
}

static void expect_baseline(struct run *run, const char *revision)
{
	expect_baseline_in(run, revision, &outside);
}

static void expect_none_in(struct run *run, const char *words, const struct ci *ci)
{
	compare_with(run, &settings, ci);
	assert_null(run->baseline_commit);
	if (!strstr(run->baseline_note, words))
		fail_msg("'%s' does not say '%s'", run->baseline_note, words);
}

static void expect_none(struct run *run, const char *words)
{
	expect_none_in(run, words, &outside);
}

/* -- selection -------------------------------------------------------- */

static void the_nearest_comparable_commit_is_taken(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);

	(void)state;
	expect_none(run, "no baseline yet");
	store("HEAD~2", 8);
	expect_baseline(run, "HEAD~2");
	store("HEAD~1", 9);
	expect_baseline(run, "HEAD~1");
	store("HEAD", 10);
	expect_baseline(run, "HEAD");
}

static void every_cell_gets_its_baseline(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 12);
	struct cell *cells = xcalloc(3, sizeof *cells);

	(void)state;
	store("HEAD~1", 10);
	cells[0] = (struct cell){.scenario = "smoke", .endpoint = "total", .metric = METRIC_P95};
	cells[1] = (struct cell){.scenario = "smoke",
				 .endpoint = "total",
				 .metric = METRIC_THROUGHPUT};
	cells[2] = (struct cell){.scenario = "load", .endpoint = "total", .metric = METRIC_P95};
	run->verdict.cells = cells;
	run->verdict.n_cells = 3;
	compare_with(run, &settings, &outside);
	assert_string_equal(run->baseline_when, "2024-01-31T12:00:00Z");
	assert_true(cells[0].baseline > 20 && cells[0].baseline < 30);
	assert_true(fabs(cells[1].baseline - 300) < 1e-9); /* of the capacity phase */
	assert_true(isnan(cells[2].baseline));
}

static void the_past_is_kept_for_the_reports(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 12);
	const struct past_values *values;

	(void)state;
	store("HEAD~2", 10);
	store("HEAD~1", 11);
	compare_with(run, &settings, &outside);
	assert_int_equal(run->past.n_runs, 2);
	assert_string_equal(run->past.runs[1].commit, run->baseline_commit);
	assert_string_equal(run->past.runs[1].when, "2024-01-31T12:00:00Z");
	values = past_find(&run->past, "smoke", "total", METRIC_P50);
	assert_non_null(values);
	assert_true(values->values[0] < values->values[1] && values->values[1] < values->now);
	/* As the verdict judges it: of the capacity phase. */
	values = past_find(&run->past, "smoke", "total", METRIC_THROUGHPUT);
	assert_true(values && fabs(values->now - 300) < 1e-9);
	assert_non_null(past_find(&run->past, "smoke", "GET /health", METRIC_P95));
	assert_null(past_find(&run->past, "smoke", "GET /health", METRIC_P50));
	assert_non_null(past_histogram(&run->past, "smoke"));
	assert_non_null(json_object_get(run->past.environment, "kernel"));
	/* Asked again, nothing is there twice. */
	compare_with(run, &settings, &outside);
	assert_int_equal(run->past.n_runs, 2);
}

static void what_does_not_compare_leaves_its_environment(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);

	(void)state;
	store("HEAD", 10);
	extjson_set(run->environment, "fingerprint", extjson_string("sha256:bbbb"));
	extjson_set(run->environment, "cores", extjson_integer(4));
	compare_with(run, &settings, &outside);
	assert_null(run->baseline_commit);
	assert_int_equal(run->past.n_runs, 0);
	assert_int_equal(extjson_get_integer(run->past.environment, "cores", 0), 2);
}

static void git_27_what_differs_is_named(void **state)
{
	static const struct {
		const char *fingerprint, *key, *value, *words;
	} table[] = {
		{"sha256:bbbb", "cores", "4", "cores differs: 4 here, 2 in the baseline"},
		{"sha256:bbbb", "cpu_model", "\"Model 8\"", "cpu_model differs: Model 8 here"},
		{"sha256:bbbb", "services", "{\"postgres\": \"16\"}",
		 "services differs: {\"postgres\":\"16\"} here, not known in the baseline"},
		/* Recorded but not compared. */
		{"sha256:bbbb", "kernel", "\"6.9\"", "the environment's fingerprint differs"},
	};

	(void)state;
	store("HEAD", 10);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO(run) struct run *run = run_of("HEAD", 10);

		extjson_set(run->environment, "fingerprint", extjson_string(table[i].fingerprint));
		extjson_set(run->environment, table[i].key,
			    json_loads(table[i].value, JSON_DECODE_ANY, NULL));
		expect_none(run, table[i].words);
	}
}

static void git_27_another_suite_or_epoch_is_not_compared(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);
	struct settings later = settings;

	(void)state;
	store("HEAD", 10);
	run->scenarios[1].suite_digest = "digest-of-quick";
	expect_none(run, "the suite of scenario smoke-capacity differs");
	run->scenarios[1].name = "stress";
	expect_none(run, "scenario stress is not in it");
	run->n_scenarios = 1; /* what a subset measured is in the record */
	expect_baseline(run, "HEAD");
	run->n_scenarios = 2;
	later.baseline_epoch = 1;
	compare_with(run, &later, &outside);
	assert_null(run->baseline_commit);
	assert_non_null(strstr(run->baseline_note, "epoch differs: 1 here, 0 in the baseline"));
}

static void a_branch_is_compared_with_where_it_left(void **state)
{
	AUTO(run) struct run *run = NULL;

	(void)state;
	store("HEAD~1", 9);
	store("HEAD", 10);
	assert_int_equal(sh("git checkout -q -b side HEAD~1 && git commit -q --allow-empty -m s"),
			 0);
	store("HEAD", 99);
	run = run_of("HEAD", 10);
	expect_baseline(run, "main~1");
}

static void git_31_in_ci_a_branch_cannot_bring_its_own(void **state)
{
	AUTO(run) struct run *run = NULL;

	(void)state;
	assert_int_equal(sh("git checkout -q -b side && git commit -q --allow-empty -m s"), 0);
	store("HEAD", 99);
	run = run_of("HEAD", 10);
	expect_baseline(run, "HEAD"); /* a developer's own, outside CI */
	/* Somebody who may push put the note there: still the branch's own word. */
	add_remote();
	expect_none_in(run, "no baseline yet", &request);
}

static void in_ci_local_records_do_not_count(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);

	(void)state;
	store("HEAD", 10);
	expect_none_in(run, "this clone has no remote", &push);
	add_remote();
	expect_none_in(run, "made outside CI", &push);
	assert_true(update_in(run, &push));
	expect_baseline_in(run, "HEAD", &push);
}

static void git_38_detached_head_finds_its_baseline(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD~1", 10);

	(void)state;
	store("HEAD~2", 10);
	assert_int_equal(sh("git checkout -q --detach HEAD~1"), 0);
	expect_baseline(run, "main~2");
}

static void git_37_shallow_clone_fetches_its_history_or_says_what_to_do(void **state)
{
	char parent[64];
	AUTO(run) struct run *run = run_of("HEAD", 10);

	(void)state;
	store("HEAD~1", 10);
	assert_int_equal(sh_output(parent, sizeof parent, "git rev-parse HEAD~1"), 0);
	assert_int_equal(sh("git clone -q --depth 1 \"file://$PWD\" ../shallow"), 0);
	assert_int_equal(chdir("../shallow"), 0);
	expect_none(run, "fetch-depth: 0");
	assert_int_equal(sh("git fetch -q origin '+refs/notes/*:refs/notes/*'"), 0);
	/* The history comes from the remote, and the clone stays shallow and whole. */
	compare_with(run, &settings, &outside);
	expect_baseline_at(run, parent);
	assert_int_equal(sh("git rev-parse --is-shallow-repository | grep -q true && "
			    "! git config --get-regexp partial && ! ls -d .git/perfgate-*"),
			 0);
	assert_int_equal(sh("git remote set-url origin ../nowhere"), 0);
	expect_none(run, "fetch-depth: 0");
}

static void git_39_a_repository_without_commits_is_told(void **state)
{
	AUTO(run) struct run *run = baseline_run(10);

	(void)state;
	assert_int_equal(sh("git init -q ../empty"), 0);
	assert_int_equal(chdir("../empty"), 0);
	run->commit = "";
	expect_none(run, "commit first");
	assert_false(update_in(run, &outside));
}

static void outside_a_repository_nothing_fails(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);

	(void)state;
	assert_int_equal(chdir(".."), 0);
	expect_none(run, "not inside a git repository");
	assert_false(update_in(run, &outside));
}

static void git_16_an_unreadable_store_is_an_error(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);
	AUTO(baseline_history) struct baseline_history history = {0};
	struct error err = ERROR_INIT;

	(void)state;
	store("HEAD", 10);
	assert_int_equal(
		sh("f=.git/objects/$(git rev-parse " BASELINE_REFERENCE
		   ":$(git rev-parse HEAD | sed 's,\\(..\\),\\1/,') | sed 's,\\(..\\),\\1/,')"
		   " && chmod u+w $f && truncate -s -4 $f"),
		0);
	assert_int_equal(baseline_compare(run, &settings, &outside, &history, &err), -1);
	assert_int_equal(err.kind, ERROR_BASELINE);
	assert_non_null(strstr(err.message, "baseline unreadable"));
	assert_null(run->baseline_commit);
}

/* -- history ---------------------------------------------------------- */

static void read_history(const struct run *run, struct baseline_history *out)
{
	struct error err = ERROR_INIT;

	if (baseline_history_read(run, &settings, &outside, out, &err))
		fail_msg("%s", err.message);
}

/* `count` records on one commit, by one commit of the notes. */
static void store_many(const char *revision, int count)
{
	FILE *file = fopen("lines", "w");

	assert_non_null(file);
	for (int i = 0; i < count; i++) {
		AUTO(run) struct run *run = run_of(revision, 10);
		AUTO(record) struct record *record = NULL;
		struct error err = ERROR_INIT;

		run->run_id = arena_printf(&run->arena, "run %d", i);
		run->started_wall_ns += (int64_t)i * 1000000000;
		if (record_build(run, 0, "local", true, &record, &err))
			fail_msg("%s", err.message);
		fprintf(file, "%s\n", record->line);
	}
	fclose(file);
	assert_int_equal(sh("git notes --ref perfgate/baselines add -F lines '%s' && rm lines",
			    revision),
			 0);
}

static void history_is_the_newest_twenty_along_first_parents(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);
	AUTO(baseline_history) struct baseline_history history = {0};

	(void)state;
	store("HEAD~2", 10);
	store_many("HEAD~1", HISTORY_RECORDS + 2);
	store("HEAD", 10);
	read_history(run, &history);
	assert_int_equal(history.count, HISTORY_RECORDS);
	assert_string_equal(history.items[0]->commit, run->commit);
	for (size_t i = 1; i < history.count; i++) {
		char id[32];

		/* On one commit the newest first. */
		snprintf(id, sizeof id, "run %zu", (size_t)HISTORY_RECORDS + 2 - i);
		assert_string_equal(history.items[i]->run_id, id);
	}
}

static void an_acceptance_cuts_the_history_of_its_cell(void **state)
{
	AUTO(run) struct run *run = run_of("HEAD", 10);
	AUTO(baseline_history) struct baseline_history history = {0};
	const struct history_acceptance *found;

	(void)state;
	store("HEAD~2", 10);
	store("HEAD~1", 10);
	store("HEAD", 10);
	assert_int_equal(sh("git commit -q --amend --allow-empty -m three -m "
			    "'Perf-Accept: smoke/single/p99 known'"),
			 0);
	run_free(run);
	run = run_of("HEAD", 10);
	assert_int_equal(
		sh("git notes --ref perfgate/accepted add -m '"
		   "{\"author\":\"Ada <a@b.c>\",\"cell\":\"smoke/total/p95\",\"commit\":"
		   "\"'$(git rev-parse HEAD~1)'\",\"id\":\"x\",\"reason\":\"meant\",\"v\":1,"
		   "\"when\":\"2024-01-31T12:00:00Z\"}' HEAD~1"),
		0);
	read_history(run, &history);
	assert_int_equal(history.count, 2); /* the amended commit has none */
	assert_int_equal(baseline_history_usable(&history, "smoke", "total", METRIC_P50), 2);
	assert_int_equal(baseline_history_usable(&history, "smoke", "total", METRIC_P95), 1);
	assert_int_equal(baseline_history_usable(&history, "smoke", "POST /predict/single",
						 METRIC_P99),
			 0);
	assert_null(baseline_history_accepted(&history, "load", "total", METRIC_P95));
	found = baseline_history_accepted(&history, "smoke", "total", METRIC_P95);
	assert_non_null(found);
	assert_string_equal(found->accepted.author, "Ada <a@b.c>");
	assert_string_equal(found->accepted.reason, "meant");
	assert_null(found->accepted.until);
	assert_string_equal(found->accepted.commit, history.items[0]->commit);
}

/* -- writing ---------------------------------------------------------- */

static void the_same_result_is_stored_once(void **state)
{
	(void)state;
	store("HEAD", 10);
	store("HEAD", 10);
	assert_int_equal(sh("test $(git rev-list --count " BASELINE_REFERENCE ") = 1"), 0);
}

static void the_rules_of_writing(void **state)
{
	static const struct {
		struct ci ci;
		bool dirty, interrupted, scenario_interrupted;
		enum invalid_by invalid;
		enum outcome outcome;
		const char *words; /* NULL: written */
	} table[] = {
		{.ci = {.event = "local"}, .words = NULL},
		{.ci = {.kind = CI_PUSH, .event = "push", .branch = "main"}, .words = NULL},
		{.ci = {.kind = CI_PUSH, .event = "push", .branch = "side"},
		 .words = "the branch is side"},
		{.ci = {.kind = CI_PUSH, .event = "push", .branch = ""},
		 .words = "the branch is unknown"},
		{.ci = {.kind = CI_PULL_REQUEST, .event = "pull_request", .branch = "main"},
		 .words = "the event is pull_request"},
		{.ci = {.kind = CI_PULL_REQUEST,
			.event = "pull_request",
			.branch = "main",
			.fork = true},
		 .words = "the event is pull_request of a fork"},
		{.ci = {.kind = CI_SCHEDULE, .event = "schedule", .branch = "main"},
		 .words = "the event is schedule"},
		{.ci = {.kind = CI_OTHER, .event = "workflow_dispatch", .branch = "main"},
		 .words = "the event is workflow_dispatch"},
		{.ci = {.event = "local"}, .dirty = true, .words = "tracked files are modified"},
		{.ci = {.event = "local"}, .interrupted = true, .words = "the run was interrupted"},
		{.ci = {.event = "local"},
		 .scenario_interrupted = true,
		 .words = "scenario smoke-capacity was interrupted"},
		{.ci = {.event = "local"},
		 .invalid = INVALID_OURS,
		 .words = "the measurement of smoke-capacity is invalid"},
		{.ci = {.event = "local"}, .invalid = INVALID_MACHINE, .words = "is invalid"},
		{.ci = {.event = "local"},
		 .outcome = OUTCOME_FAIL,
		 .words = "this one is fail: 2 gates passed"},
		{.ci = {.event = "local"},
		 .outcome = OUTCOME_INCONCLUSIVE,
		 .words = "this one is inconclusive"},
		{.ci = {.event = "local"},
		 .outcome = OUTCOME_UNMEASURED,
		 .words = "this one is unmeasured"},
		{.ci = {.event = "local"},
		 .outcome = OUTCOME_SKIPPED,
		 .words = "this one is skipped"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO(run) struct run *run = run_of("HEAD", 10);
		char buffer[512];
		const char *reason;

		run->dirty = table[i].dirty;
		run->interrupted = table[i].interrupted;
		run->scenarios[1].interrupted = table[i].scenario_interrupted;
		run->scenarios[1].generator.invalid = table[i].invalid;
		run->verdict.outcome = table[i].outcome;
		reason = baseline_refusal(run, &settings, &table[i].ci, buffer, sizeof buffer);
		if (!reason != !table[i].words || (reason && !strstr(reason, table[i].words)))
			fail_msg("row %zu: '%s'", i, reason ? reason : "written");
		assert_int_equal(update_in(run, &table[i].ci), reason == NULL);
	}
}

static void a_result_of_another_repository_is_refused(void **state)
{
	AUTO(run) struct run *run = baseline_run(10);
	struct error err = ERROR_INIT;
	bool written;

	(void)state;
	assert_int_equal(baseline_update(run, &settings, &outside, &written, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.message, "is not in this repository"));
	run_free(TAKE(run));
	run = run_of("HEAD", 10);
	run->tree = BASELINE_TREE;
	assert_int_equal(baseline_update(run, &settings, &outside, &written, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.message, "has tree"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_nearest_comparable_commit_is_taken),
		TEST(every_cell_gets_its_baseline),
		TEST(the_past_is_kept_for_the_reports),
		TEST(what_does_not_compare_leaves_its_environment),
		TEST(git_27_what_differs_is_named),
		TEST(git_27_another_suite_or_epoch_is_not_compared),
		TEST(a_branch_is_compared_with_where_it_left),
		TEST(git_31_in_ci_a_branch_cannot_bring_its_own),
		TEST(in_ci_local_records_do_not_count),
		TEST(git_38_detached_head_finds_its_baseline),
		TEST(git_37_shallow_clone_fetches_its_history_or_says_what_to_do),
		TEST(git_39_a_repository_without_commits_is_told),
		TEST(outside_a_repository_nothing_fails),
		TEST(git_16_an_unreadable_store_is_an_error),
		TEST(history_is_the_newest_twenty_along_first_parents),
		TEST(an_acceptance_cuts_the_history_of_its_cell),
		TEST(the_same_result_is_stored_once),
		TEST(the_rules_of_writing),
		TEST(a_result_of_another_repository_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
