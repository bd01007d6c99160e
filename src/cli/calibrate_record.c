/* Recording the blocks of two equal sides, to be continued any time. */
#include "perfgate/cli/calibrate.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/date.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <string.h>

/* So often it says how far it is. */
#define BLOCKS_PER_LINE 10
#define META_LIMIT_BYTES ((size_t)64 << 10)

/* What makes blocks comparable; the rest of the environment only explains. */
static const char *const same[] = {"target", "suite", "cpu_model", "cores"};

static json_t *describe(const struct session *session)
{
	const struct run *run = session->run;
	json_t *out = extjson_object();
	char digest[TEXT_SHA256_SIZE], date[DATE_SIZE];

	suite_digest(session->suite, ab_slot(session), digest);
	date_format(clock_wall_ns() / NS_PER_S / 86400, date);
	extjson_set(out, "target", extjson_string(run->target));
	extjson_set(out, "suite", extjson_string(digest));
	extjson_set(out, "commit", run->commit ? extjson_string(run->commit) : json_null());
	extjson_set(out, "date", extjson_string(date));
	for (size_t i = 2; i < ARRAY_SIZE(same); i++)
		extjson_set(out, same[i], json_incref(json_object_get(run->environment, same[i])));
	return out;
}

static char *meta_name(const char *path)
{
	size_t length = strlen(path), suffix = strlen(".jsonl");

	if (text_ends_with(path, ".jsonl"))
		length -= suffix;
	return xasprintf("%.*s.meta.json", (int)length, path);
}

static int read_meta(const char *path, json_t **out, struct error *err)
{
	AUTO_FREE char *name = meta_name(path);
	AUTO(strbuf) struct strbuf text = {0};

	if (fs_read_file(&text, name, META_LIMIT_BYTES, ERROR_USAGE, err) ||
	    extjson_parse(text.data, text.length, META_LIMIT_BYTES, ERROR_USAGE, out, err))
		return error_wrap(err, "%s does not say what %s holds", name, path);
	return 0;
}

/* A recording that was begun for something else is not continued. */
static int check_meta(const struct session *session, const char *path, struct error *err)
{
	AUTO_FREE char *name = meta_name(path);
	AUTO_JSON json_t *here = describe(session);
	AUTO_JSON json_t *there = NULL;
	AUTO(strbuf) struct strbuf text = {0};

	if (!fs_exists(path)) {
		extjson_dump_pretty(here, &text);
		return fs_write_file(name, text.data, text.length, err);
	}
	if (read_meta(path, &there, err))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (!json_equal(json_object_get(here, same[i]), json_object_get(there, same[i])))
			return error_set(err, ERROR_USAGE,
					 "%s: `%s` was another when it was recorded: give "
					 "--output another folder, or remove the recording",
					 path, same[i]);
	return 0;
}

int recording_describe(const char *path, struct arena *arena, struct calibration_report *out,
		       struct error *err)
{
	AUTO_JSON json_t *meta = NULL;
	const char *commit;

	if (read_meta(path, &meta, err))
		return -1;
	commit = extjson_get_string(meta, "commit", NULL);
	out->target = arena_strdup(arena, extjson_get_string(meta, "target", "?"));
	out->machine = arena_printf(arena, "%s, %d cores",
				    extjson_get_string(meta, "cpu_model", "unknown processor"),
				    (int)extjson_get_integer(meta, "cores", 0));
	out->commit = commit ? arena_strdup(arena, commit) : NULL;
	out->date = arena_strdup(arena, extjson_get_string(meta, "date", "no date"));
	return 0;
}

static int count(const struct ab_record *record, void *arg, struct error *err)
{
	struct recording_state *state = arg;

	(void)err;
	state->last_block = record->block;
	state->recorded_s += record->duration_s;
	if (record->spoiled)
		state->spoiled++;
	else
		state->blocks++;
	return 0;
}

int recording_read_state(const char *path, struct recording_state *out, struct error *err)
{
	*out = (struct recording_state){0};
	return fs_exists(path) ? ab_record_each(path, count, out, err) : 0;
}

static void tell(const struct recording_state *state, double seconds)
{
	char left[UNITS_TEXT_SIZE];

	units_format_duration((int64_t)((seconds - state->recorded_s) * (double)NS_PER_S), left);
	log_info("%zu blocks recorded, %zu spoiled by the machine; about %s to go", state->blocks,
		 state->spoiled, left);
}

int recording_continue(struct session *session, const char *path, double seconds, struct error *err)
{
	struct ab_sides sides = {.record_path = path, .coin_seed = session->run->seed};
	AUTO(ab) struct ab_session *ab = NULL;
	struct recording_state state;
	int status = 0;

	if (check_meta(session, path, err) || recording_read_state(path, &state, err))
		return -1;
	if (state.recorded_s >= seconds)
		return 0;
	sides.first_block = state.last_block + 1;
	if (ab_open(session, &sides, &ab, err))
		return -1;
	tell(&state, seconds);
	for (size_t i = 1; status == 0 && !cli_stop && state.recorded_s < seconds; i++) {
		AUTO(ab_record) struct ab_record record = {0};

		status = ab_measure_block(ab, &record, err);
		if (status == 0)
			count(&record, &state, err);
		if (status == 0 && i % BLOCKS_PER_LINE == 0)
			tell(&state, seconds);
	}
	return cli_stop ? 0 : status;
}
