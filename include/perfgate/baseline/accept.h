/*
 * Accepting a change: from a commit on, a cell has another level, and that is
 * meant. The cell's history starts anew there.
 *
 * Two ways to say it, both with author and reason in every report:
 *   - a note below refs/notes/perfgate/accepted, JSON Lines as in notes.h:
 *       {"author":"Ada <ada@example.org>","cell":"load/single/p95","commit":"…","id":"…",
 *        "reason":"…","until":"2026-12-31","v":1,"when":"2026-01-31T12:00:00Z"}
 *   - a line "Perf-Accept: load/single/p95 reason" in a commit message.
 *
 * A cell is SCENARIO/ENDPOINT/METRIC. The endpoint may be whole ("POST /predict/single"), its
 * last part ("single"), "total", or "*" for all; a metric is p50, p95, p99, throughput,
 * error_rate or cache_hit_rate. `until` is the last day (UTC) on which it holds.
 */
#ifndef PERFGATE_BASELINE_ACCEPT_H
#define PERFGATE_BASELINE_ACCEPT_H

#include "perfgate/base/arena.h"
#include "perfgate/baseline/notes.h"

#define ACCEPT_TRAILER "Perf-Accept:"

/* Strings live in the arena that it was made with. */
struct acceptance {
	const char *scenario, *endpoint; /* endpoint as written */
	enum metric metric;
	const char *commit; /* where the new level begins */
	const char *author, *reason;
	const char *until; /* "2026-12-31", or NULL */
	const char *when; /* RFC 3339; NULL for a trailer */
};

struct acceptance_list {
	struct acceptance *items;
	size_t count, capacity;
};
void acceptance_list_release(struct acceptance_list *list);
DEFINE_AUTO_VALUE(acceptance_list, struct acceptance_list, acceptance_list_release)

/*
 * "load/POST /predict/single/p95 why" into cell and *rest ("why", or "").
 * ERROR_USAGE with a suggestion for the metric.
 */
PG_MUST_CHECK int acceptance_parse_cell(const char *text, struct arena *arena,
					struct acceptance *out, const char **rest,
					struct error *err);

bool acceptance_covers(const struct acceptance *acceptance, const char *scenario,
		       const char *endpoint, enum metric metric);

/* Does it still hold on that day (days since 1970)? */
bool acceptance_holds(const struct acceptance *acceptance, int64_t today);

/*
 * Append what holds at the commit: notes (NULL: none) and trailers, `trailers` false when the
 * commit is not here. Lines that are none are skipped with a warning.
 */
PG_MUST_CHECK int acceptance_read(const struct extgit *git, const struct extgit_notes *notes,
				  const char *commit, bool trailers, struct arena *arena,
				  struct acceptance_list *out, struct error *err);

/* The JSON of one, as `baseline accept --json` and the note have it, without id. */
json_t *acceptance_json(const struct acceptance *acceptance);

/* Store it on its commit. *changed is false when it was there. */
PG_MUST_CHECK int acceptance_write(const struct extgit *git, const struct settings *settings,
				   const struct acceptance *acceptance, bool *changed,
				   struct error *err);

#endif
