/* The A/B comparison of `check`: blocks until a verdict or the end of the budget. */
#include "perfgate/cli/ab.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/units.h"
#include "perfgate/verdict/gate.h"

#include <math.h>
#include <string.h>

/* As many as the figures of verdict.md are for; more only for a budget beyond the default. */
#define BLOCKS_USUAL 24
#define BUDGET_USUAL_NS (300 * NS_PER_S)
/* Before anything was measured: the noise between blocks that the plan is figured with. */
#define NOISE_ASSUMED 0.05
#define Q_ASSUMED 3.0
/* Cells whose power is told at a look: of all, the total's p50, p95 and throughput. */
#define LOOK_SHOWN 3

struct comparing {
	struct session *session;
	struct ab_session *ab;
	struct ab_judging judging;
	struct comparison *out;
	struct strbuf order;
	int64_t start_ns, end_ns;
	double blocks_s; /* of all blocks so far */
	uint32_t measured; /* attempts that ended, spoiled ones included */
};

/* ---- the plan ---- */

static size_t affordable(const struct settings *settings, double left_s, double block_s)
{
	double blocks = floor(left_s / block_s);
	double most =
		settings->regression_budget_ns > BUDGET_USUAL_NS ? AB_BLOCKS_MAX : BLOCKS_USUAL;

	return (size_t)fmax(0, fmin(blocks, most));
}

static int64_t budget_ns(const struct session *session)
{
	int64_t budget = session->settings->regression_budget_ns;
	int64_t left = session->deadline_ns - clock_now_ns();

	return session->deadline_ns && left < budget ? left : budget;
}

static void describe_looks(const struct ab_plan *plan, struct strbuf *out)
{
	for (unsigned i = 0; i < plan->n_looks; i++)
		strbuf_printf(out, "%s%u",
			      i == 0		       ? ""
			      : i + 1 == plan->n_looks ? " and "
						       : ", ",
			      plan->looks[i].blocks);
}

/* "p50 7.1 %, p95 11 %, throughput 7.3 %" */
static void describe_power(const struct settings *settings, size_t blocks, struct strbuf *out)
{
	static const enum metric shown[] = {METRIC_P50, METRIC_P95, METRIC_THROUGHPUT};

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		enum metric metric = shown[i];
		double found = ab_detectable(ab_tolerance(metric, settings->tolerance[metric]),
					     NOISE_ASSUMED, blocks, Q_ASSUMED);

		strbuf_printf(out, "%s%s %.2g %%", i ? ", " : "", metric_table[metric].name,
			      100 * fabs(ab_change(metric, found)));
	}
}

int ab_announce(const struct session *session, const struct ab_base *base, struct error *err)
{
	AUTO(strbuf) struct strbuf looks = {0}, power = {0};
	double load_s = ab_block_load_s(session),
	       left_s = (double)budget_ns(session) / (double)NS_PER_S;
	size_t blocks = affordable(session->settings, left_s, load_s);
	char budget[UNITS_TEXT_SIZE];
	struct ab_plan plan;

	units_format_duration(budget_ns(session), budget);
	ab_plan_init(&plan, blocks);
	if (plan.n_looks == 0)
		return error_set(err, ERROR_USAGE,
				 "regression.budget: %s is room for %zu blocks of %.1f s; a "
				 "verdict needs %d (%.0f s), and time to start the servers",
				 budget, blocks, load_s, AB_BLOCKS_MIN, AB_BLOCKS_MIN * load_s);
	describe_looks(&plan, &looks);
	describe_power(session->settings, plan.looks[plan.n_looks - 1].blocks, &power);
	log_info("A/B against %.12s (%s): blocks of %.1f s, verdict after %s, within %s",
		 base->commit, base->shown, load_s, strbuf_text(&looks), budget);
	log_info("where blocks differ by %g %% it finds in the end: %s", 100 * NOISE_ASSUMED,
		 strbuf_text(&power));
	if (session->settings->ab_restart == AB_RESTART_NEVER)
		log_warning("ab.restart: never: the luck of one process per side is taken for a "
			    "difference (11-20 %% false alarms)");
	return 0;
}

/* The first block shows how long one takes; its figures have no say in that. */
static void plan_again(struct comparing *run)
{
	double left_s = (double)(run->end_ns - clock_now_ns()) / (double)NS_PER_S;
	double block_s = run->blocks_s / (double)run->measured;
	size_t blocks = affordable(run->session->settings,
				   left_s + (double)run->judging.trial.n_blocks * block_s, block_s);

	ab_plan_init(&run->judging.plan, blocks);
	run->out->planned = run->judging.plan.n_looks
				    ? run->judging.plan.looks[run->judging.plan.n_looks - 1].blocks
				    : 0;
}

static bool has_time(const struct comparing *run)
{
	double left_s = (double)(run->end_ns - clock_now_ns()) / (double)NS_PER_S;
	double block_s = run->measured ? run->blocks_s / (double)run->measured
				       : ab_block_load_s(run->session);

	return left_s >= block_s;
}

/* ---- blocks ---- */

static void tell_block(const struct comparing *run, const struct ab_record *record)
{
	const struct ab_cells *cells = &run->judging.cells;
	size_t k = run->judging.trial.n_blocks - 1;
	/* The total's p50, or the first of the cells that an alarm is about. */
	const struct ab_cell *cell = &cells->items[0];
	const struct ab_sample *side = cell->blocks[k].side;

	log_info("block %zu/%u (%s first): %s %.3g -> %.3g", run->judging.trial.n_blocks,
		 run->out->planned, record->head_first ? "head" : "base",
		 metric_table[cell->metric].name, side[AB_BASE].value, side[AB_HEAD].value);
}

static void take_block(struct comparing *run, const struct ab_record *record)
{
	run->measured += record->attempt;
	run->blocks_s += record->duration_s;
	run->out->load_s += record->load_s;
	run->out->spoiled += record->spoiled ? record->attempt : record->attempt - 1;
	if (record->spoiled)
		return;
	ab_judging_add(&run->judging, record);
	strbuf_putc(&run->order, record->head_first ? 'h' : 'b');
	if (run->judging.trial.n_blocks == 1)
		plan_again(run);
	tell_block(run, record);
}

/* What the look could have found, for those who wait. */
static void tell_look(const struct comparing *run)
{
	AUTO(arena) struct arena arena = {0};
	AUTO(strbuf) struct strbuf text = {0};
	size_t shown = 0;

	for (size_t i = 0; i < run->judging.cells.n && shown < LOOK_SHOWN; i++) {
		enum metric metric = run->judging.cells.items[i].metric;
		double mde = run->judging.cells.results[i].mde;

		if (isnan(mde) || ab_is_rate(metric) || metric == METRIC_P99)
			continue;
		shown++;
		strbuf_printf(&text, "%s%s %s", text.length ? ", " : "", metric_table[metric].name,
			      ab_change_text(&arena, metric, mde));
	}
	log_info("look %u after %zu blocks: no verdict yet; what it would find by now: %s",
		 run->judging.result.look, run->judging.trial.n_blocks, strbuf_text(&text));
}

/* --max-runtime ended the block: no fault of the servers. */
static bool is_late(const struct session *session)
{
	return session->deadline_ns && clock_now_ns() >= session->deadline_ns;
}

/* With its servers a block takes longer than its load: now it is known how much. */
static int refuse_pace(const struct comparing *run, struct error *err)
{
	const struct session *session = run->session;
	bool late = session->deadline_ns &&
		    session->deadline_ns < run->start_ns + session->settings->regression_budget_ns;

	return error_set(err, ERROR_UNMEASURED,
			 "%s: a block takes %.1f s with the start of the servers, and a verdict "
			 "needs %d of them; leave it %.0f s at least",
			 late ? "--max-runtime" : "regression.budget", run->blocks_s, AB_BLOCKS_MIN,
			 ceil(AB_BLOCKS_MIN * run->blocks_s));
}

/* Until a verdict, a signal or the end of the time. */
static int measure_blocks(struct comparing *run, struct error *err)
{
	while (!cli_stop && has_time(run)) {
		AUTO(ab_record) struct ab_record record = {0};

		if (ab_measure_block(run->ab, &record, err))
			return cli_stop || is_late(run->session) ? 0 : -1;
		take_block(run, &record);
		if (record.spoiled)
			continue;
		if (run->judging.plan.n_looks == 0)
			return refuse_pace(run, err);
		if (ab_judging_judge(&run->judging))
			return 0;
		if (run->judging.result.look)
			tell_look(run);
	}
	return 0;
}

/* ---- the end ---- */

static const char *how_it_ended(const struct comparing *run)
{
	struct arena *arena = &run->session->run->arena;
	size_t blocks = run->judging.trial.n_blocks;

	if (cli_stop)
		return arena_printf(arena, "interrupted after %zu block%s", blocks,
				    blocks == 1 ? "" : "s");
	if (blocks < AB_BLOCKS_MIN)
		return arena_printf(arena, "there was time for %zu block%s, a verdict needs %d",
				    blocks, blocks == 1 ? "" : "s", AB_BLOCKS_MIN);
	return arena_printf(arena, "%s after %zu blocks, %.0f s of load%s",
			    outcome_names[run->judging.result.outcome], blocks, run->out->load_s,
			    run->judging.trial.last ? "; the time for it was used up" : "");
}

static const char *notes(const struct session *session, struct arena *arena)
{
	const struct settings *settings = session->settings;
	AUTO(strbuf) struct strbuf text = {0};

	if (settings->ab_restart == AB_RESTART_NEVER)
		strbuf_puts(&text, "servers were not restarted (ab.restart: never): the luck of "
				   "one process per side may pass for a difference");
	if (settings->database_url || settings->redis_url)
		strbuf_printf(&text, "%sboth sides share the %s that %s given",
			      text.length ? "; " : "",
			      settings->database_url && settings->redis_url
				      ? "database and the cache"
			      : settings->database_url ? "database"
						       : "cache",
			      settings->database_url && settings->redis_url ? "are" : "is");
	return text.length ? arena_strdup(arena, strbuf_text(&text)) : NULL;
}

/* Nothing was compared, and a run of gates alone must not pass for one that was. */
static void store_nothing(const struct comparing *run)
{
	struct arena *arena = &run->session->run->arena;
	struct regression *regression = arena_alloc(arena, 1, sizeof *regression);
	struct cell cell = {.scenario = AB_SCENARIO,
			    .endpoint = "total",
			    .metric = METRIC_P50,
			    .regression = regression,
			    .value = NAN,
			    .limit = NAN,
			    .baseline = NAN,
			    .low = NAN,
			    .high = NAN,
			    .outcome = OUTCOME_UNMEASURED};

	*regression = (struct regression){.finding = ab_reason_names[AB_UNDECIDED],
					  .primary = true,
					  .change = NAN,
					  .low = NAN,
					  .high = NAN,
					  .tolerance = NAN,
					  .upper = NAN,
					  .p = NAN,
					  .detectable = NAN};
	if (cli_stop || run->out->spoiled)
		cell.outcome = OUTCOME_INCONCLUSIVE;
	cell.reason = run->out->spoiled
			      ? arena_printf(arena, "%s: the machine spoiled them (%u tries)",
					     run->out->reason, run->out->spoiled)
			      : run->out->reason;
	verdict_add_cell(run->session->run, &cell);
}

static void finish(struct comparing *run, bool failed)
{
	struct session *session = run->session;
	struct comparison *out = run->out;
	bool interrupted = failed || cli_stop;

	/* The time is over before the last look: what there is decides. */
	if (!run->judging.result.done && run->judging.trial.n_blocks > 0) {
		run->judging.trial.last = true;
		ab_judging_judge(&run->judging);
	}
	out->blocks = (uint32_t)run->judging.trial.n_blocks;
	out->look = run->judging.result.look;
	out->order = arena_strdup(&session->run->arena, strbuf_text(&run->order));
	out->duration_s = (double)(clock_now_ns() - run->start_ns) / (double)NS_PER_S;
	out->reason = how_it_ended(run);
	if (run->judging.trial.n_blocks > 0)
		ab_cells_store(&run->judging.cells, &run->judging.trial, interrupted,
			       session_rules(session)->regression_enforce == ENFORCE_WARN,
			       session->run);
	else if (!failed)
		store_nothing(run);
	session->run->comparison = out;
	session->run->duration_s += out->duration_s;
	session->run->interrupted |= cli_stop != 0;
	log_info("A/B: %s", out->reason);
}

static struct comparison *new_comparison(const struct session *session, const struct ab_base *base,
					 uint64_t coin_seed)
{
	struct arena *arena = &session->run->arena;
	struct comparison *out = arena_alloc(arena, 1, sizeof *out);

	out->base = arena_strdup(arena, base->shown);
	out->base_commit = arena_strdup(arena, base->commit);
	out->head_commit = session->run->commit;
	out->note = notes(session, arena);
	out->coin_seed = coin_seed;
	out->budget_s = (double)budget_ns(session) / (double)NS_PER_S;
	return out;
}

int ab_compare(struct session *session, struct ab_session *ab, const struct ab_base *base,
	       uint64_t coin_seed, struct error *err)
{
	struct comparing run = {
		.session = session,
		.ab = ab,
		.out = new_comparison(session, base, coin_seed),
		.start_ns = clock_now_ns(),
	};
	int status;

	run.end_ns = run.start_ns + budget_ns(session);
	ab_judging_init(&run.judging, session, base->alarmed,
			affordable(session->settings, run.out->budget_s, ab_block_load_s(session)),
			coin_seed);
	status = measure_blocks(&run, err);
	finish(&run, status != 0);
	ab_judging_release(&run.judging);
	strbuf_release(&run.order);
	return status;
}
