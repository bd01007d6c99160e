/*
 * A/B: base and head side by side, loaded in short slots by turns (verdict.md, section 2).
 *
 * A session has both sides built and ready to be started: the head is the checkout, the base a
 * worktree of another commit, or, A/A, the checkout as well. A block restarts both servers, warms
 * them up, loads them in AB_SLOTS slots ABBA ABBA or its complement, as a coin falls, one request
 * in flight, and ends with slots of closed-loop throughput. Both sides of a pair of slots get the
 * same requests in the same order. What is decided from the blocks is
 * verdict/ab.h.
 */
#ifndef PERFGATE_CLI_AB_H
#define PERFGATE_CLI_AB_H

#include "perfgate/cli/session.h"
#include "perfgate/results/ab_record.h"
#include "perfgate/verdict/ab.h"

/* The name that the cells have instead of a scenario's: they are of both sides. */
#define AB_SCENARIO "ab"

/* In a block, the pair that warms up apart; half of them are the base's. */
#define AB_SLOTS 40
/* At its end, for the throughput. */
#define AB_RUSH_SLOTS 8

struct ab_sides {
	const char *base_commit; /* 40 hex digits; NULL: A/A, both sides are the checkout */
	const char *const *head_arguments; /* target_place.arguments of the head; NULL = none */
	const char *record_path; /* every block is appended there; NULL = none is kept */
	uint64_t coin_seed;
	uint32_t first_block; /* number of the first one, from 1; 0 is 1 */
};

struct ab_session;

/* ERROR_USAGE for a target that cannot be two: a URL, or the reference API unless A/A. */
PG_MUST_CHECK int ab_check_target(const struct session *session, bool same_program,
				  struct error *err);

/*
 * Check out and build what is needed; `sides` is borrowed until the end. Starts no server.
 * ERROR_USAGE as ab_check_target(), ERROR_UNMEASURED when a build fails; their logs are
 * build-base.log and build-head.log in the output folder.
 */
PG_MUST_CHECK int ab_open(struct session *session, const struct ab_sides *sides,
			  struct ab_session **out, struct error *err);
/* Ends both servers, removes the worktree. Accepts NULL. */
void ab_close(struct ab_session *ab);
DEFINE_AUTO(ab, struct ab_session *, ab_close)

/*
 * Measure the next block into *out (released by the caller). What the machine spoiled is measured
 * once more; a block that stays spoiled is recorded and says so, and the next
 * one is the caller's to decide. ERROR_UNMEASURED when a server does not start or ends, or a signal
 * (cli_stop) or the session's deadline interrupts it.
 */
PG_MUST_CHECK int ab_measure_block(struct ab_session *ab, struct ab_record *out, struct error *err);

/* Seconds of load that a block sends, warm-up included. */
double ab_block_load_s(const struct session *session);
/* What one slot sends: a scenario of suite_slot(), the suite's. */
const struct scenario *ab_slot(const struct session *session);

/* What --base and the settings ask for. */
struct ab_base {
	enum ab_base_kind {
		AB_BASE_NONE, /* nothing, or the baseline: history */
		AB_BASE_COMMIT,
		AB_BASE_RESULT, /* another run's result.json */
	} kind;
	char commit[41];
	const char *shown; /* "v1.2", "merge-base with main" */
	const char *path; /* of the result */
	const struct run *alarmed; /* judge the cells of its history alarms only; NULL = all */
};

/*
 * Read --base; without it, on a pull request, take the merge-base when regression.mode and the
 * target allow. ERROR_USAGE with what to do. Strings from the run's arena.
 */
PG_MUST_CHECK int ab_choose_base(const struct session *session, struct ab_base *out,
				 struct error *err);

/*
 * The cells of a comparison, with room for `room` blocks each; after ab_cells_init() those that
 * are no history alarm of `alarmed` (NULL: all stay) can be left out. What stays is primary.
 */
struct ab_cells {
	struct ab_cell *items;
	struct ab_cell_result *results;
	size_t n, room;
	struct ab_block *blocks; /* n x room */
	size_t *endpoints; /* by cell: index, n_endpoints = total */
};
void ab_cells_init(struct ab_cells *cells, const struct session *session,
		   const struct scenario *slot, size_t room);
void ab_cells_keep_alarms(struct ab_cells *cells, const struct run *alarmed);
void ab_cells_release(struct ab_cells *cells);
DEFINE_AUTO_VALUE(ab_cells, struct ab_cells, ab_cells_release)
/* What both sides of a record measured becomes block `k` of every cell. */
void ab_cells_add(struct ab_cells *cells, size_t k, const struct ab_side_record *base,
		  const struct ab_side_record *head);
/*
 * Append the cells as judged to run->verdict; `interrupted`: nothing is proven. The strings are
 * the run's.
 */
void ab_cells_store(const struct ab_cells *cells, const struct ab_trial *trial, bool interrupted,
		    bool warn, struct run *run);
/*
 * Blocks on their way to a verdict: plan (by `blocks` at most, AB_BLOCKS_MAX is the limit), trial
 * and result of verdict/ab.h over the cells of a session.
 */
struct ab_judging {
	struct ab_cells cells;
	struct ab_plan plan;
	struct ab_trial trial;
	struct ab_result result;
	struct ab_workspace *workspace;
	struct rng rng;
};
/* `alarmed` as in ab_cells_keep_alarms(); `seed` of the judging's random signs. */
void ab_judging_init(struct ab_judging *judging, const struct session *session,
		     const struct run *alarmed, size_t blocks, uint64_t seed);
void ab_judging_release(struct ab_judging *judging);
DEFINE_AUTO_VALUE(ab_judging, struct ab_judging, ab_judging_release)
/* One more block that counts. */
void ab_judging_add(struct ab_judging *judging, const struct ab_record *record);
/* True: there is a verdict, in judging->result. */
bool ab_judging_judge(struct ab_judging *judging);

/* "+12.3 %", "-0.4 pp": a change of the metric. */
const char *ab_change_text(struct arena *arena, enum metric metric, double change);

/*
 * Say what will be done and what it can find, before any load. ERROR_USAGE when regression.budget
 * is too short for a verdict.
 */
PG_MUST_CHECK int ab_announce(const struct session *session, const struct ab_base *base,
			      struct error *err);

/*
 * The whole comparison: blocks until a verdict, within regression.budget; the cells are appended
 * to run->verdict, run->comparison is set. Errors as ab_measure_block(), but for a signal:
 * then what there is is judged as interrupted.
 */
PG_MUST_CHECK int ab_compare(struct session *session, struct ab_session *ab,
			     const struct ab_base *base, uint64_t coin_seed, struct error *err);

#endif
