#include "perfgate/baseline/accept.h"

#include "perfgate/base/date.h"
#include "perfgate/base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ACCEPT_VERSION 1
#define LINE_LIMIT_BYTES ((size_t)16 << 10)
#define REASON_LIMIT 1000

void acceptance_list_release(struct acceptance_list *list)
{
	free(list->items);
	*list = (struct acceptance_list){0};
}

/* -- cells ------------------------------------------------------------ */

static int fail_cell(const char *text, struct error *err)
{
	const char *names[METRIC_COUNT + 1] = {NULL}, *suggestion;
	AUTO_FREE char *cell = xstrndup(text, strcspn(text, " \t"));
	const char *last = strrchr(cell, '/');

	for (int i = 0; i < METRIC_COUNT; i++)
		names[i] = metric_table[i].name;
	suggestion = text_suggest(last ? last + 1 : "", names);
	return error_set(err, ERROR_USAGE,
			 "`%s` is no cell: write SCENARIO/ENDPOINT/METRIC, such as "
			 "load/total/p95%s%s%s",
			 cell, suggestion ? ": did you mean `" : "", suggestion ? suggestion : "",
			 suggestion ? "`?" : "");
}

/* The first "/<metric>" that ends the text or is followed by white space: endpoints have both. */
static const char *find_metric(const char *text, enum metric *out, size_t *length)
{
	for (const char *slash = strchr(text, '/'); slash; slash = strchr(slash + 1, '/'))
		for (int i = 0; i < METRIC_COUNT; i++) {
			size_t name = strlen(metric_table[i].name);

			if (strncmp(slash + 1, metric_table[i].name, name) == 0 &&
			    (slash[1 + name] == '\0' || isspace((unsigned char)slash[1 + name]))) {
				*out = (enum metric)i;
				*length = 1 + name;
				return slash;
			}
		}
	return NULL;
}

int acceptance_parse_cell(const char *text, struct arena *arena, struct acceptance *out,
			  const char **rest, struct error *err)
{
	const char *slash = strchr(text, '/');
	enum metric metric = METRIC_P50;
	size_t length = 0;
	const char *end = slash && slash > text ? find_metric(slash + 1, &metric, &length) : NULL;

	if (!end || end == slash + 1)
		return fail_cell(text, err);
	out->scenario = arena_strndup(arena, text, (size_t)(slash - text));
	out->endpoint = arena_strndup(arena, slash + 1, (size_t)(end - slash - 1));
	out->metric = metric;
	for (end += length; isspace((unsigned char)*end);)
		end++;
	*rest = end;
	return 0;
}

bool acceptance_covers(const struct acceptance *acceptance, const char *scenario,
		       const char *endpoint, enum metric metric)
{
	const char *last = strrchr(endpoint, '/');

	return acceptance->metric == metric && text_equal(acceptance->scenario, scenario) &&
	       (text_equal(acceptance->endpoint, "*") ||
		text_equal(acceptance->endpoint, endpoint) ||
		(last && text_equal(acceptance->endpoint, last + 1)));
}

bool acceptance_holds(const struct acceptance *acceptance, int64_t today)
{
	int64_t last;

	return !acceptance->until || date_parse(acceptance->until, &last) || today <= last;
}

/* -- notes ------------------------------------------------------------ */

static int bad(struct error *err, const char *what)
{
	return error_set(err, ERROR_BASELINE, "%s", what);
}

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static int parse_line(const char *line, size_t length, const char *commit, struct arena *arena,
		      struct acceptance *out, struct error *err)
{
	AUTO_JSON json_t *document = NULL;
	const char *rest;
	int64_t days;

	if (extjson_parse(line, length, LINE_LIMIT_BYTES, ERROR_BASELINE, &document, err))
		return -1;
	if (extjson_get_integer(document, "v", 0) != ACCEPT_VERSION)
		return bad(err, "v: a schema that this version does not know");
	if (!text_equal(extjson_get_string(document, "commit", ""), commit))
		return bad(err, "it names another commit");
	*out = (struct acceptance){
		.commit = arena_strdup(arena, commit),
		.author = copy(arena, extjson_get_string(document, "author", NULL)),
		.reason = copy(arena, extjson_get_string(document, "reason", NULL)),
		.until = copy(arena, extjson_get_string(document, "until", NULL)),
		.when = copy(arena, extjson_get_string(document, "when", NULL)),
	};
	if (!out->author || !out->reason || !out->when)
		return bad(err, "author, reason or when is missing");
	if (out->until && date_parse(out->until, &days))
		return bad(err, "until: expected a date such as 2026-12-31");
	if (acceptance_parse_cell(extjson_get_string(document, "cell", ""), arena, out, &rest, err))
		return -1;
	return *rest ? bad(err, "cell: text behind it") : 0;
}

static int read_notes(const struct extgit_notes *notes, const char *commit, struct arena *arena,
		      struct acceptance_list *out, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0};
	enum extgit_note_state state;
	const char *line;

	if (extgit_note_read(notes, commit, NOTE_LIMIT_BYTES, &state, &text, err))
		return -1;
	line = strbuf_text(&text);
	for (size_t length; *line; line += length + (line[length] == '\n')) {
		struct acceptance acceptance;
		struct error why = ERROR_INIT;

		length = strcspn(line, "\n");
		if (length == 0)
			continue;
		if (parse_line(line, length, commit, arena, &acceptance, &why) == 0)
			*VEC_PUSH(out->items, out->count, out->capacity) = acceptance;
		else
			log_warning("acceptance at %.12s ignored: %s", commit, why.message);
	}
	return 0;
}

/* -- trailers --------------------------------------------------------- */

/*
 * Any line of the message: a squash merge puts text behind what was the last
 * paragraph.
 */
static int read_trailers(const struct extgit *git, const char *commit, struct arena *arena,
			 struct acceptance_list *out, struct error *err)
{
	AUTO(strbuf) struct strbuf author = {0};
	AUTO(strbuf) struct strbuf message = {0};
	const char *line;

	if (extgit_read_message(git, commit, &author, &message, err))
		return -1;
	line = strbuf_text(&message);
	for (size_t length; *line; line += length + (line[length] == '\n')) {
		struct acceptance acceptance = {.commit = arena_strdup(arena, commit)};
		struct error why = ERROR_INIT;
		const char *reason;

		length = strcspn(line, "\n");
		if (strncasecmp(line, ACCEPT_TRAILER, strlen(ACCEPT_TRAILER)) != 0)
			continue;
		AUTO_FREE char *text =
			xstrndup(line + strlen(ACCEPT_TRAILER), length - strlen(ACCEPT_TRAILER));

		if (acceptance_parse_cell(text + strspn(text, " \t"), arena, &acceptance, &reason,
					  &why)) {
			log_warning("%s in the message of %.12s ignored: %s", ACCEPT_TRAILER,
				    commit, why.message);
			continue;
		}
		acceptance.author = arena_strdup(arena, strbuf_text(&author));
		acceptance.reason = *reason ? arena_strdup(arena, reason) : "no reason given";
		*VEC_PUSH(out->items, out->count, out->capacity) = acceptance;
	}
	return 0;
}

int acceptance_read(const struct extgit *git, const struct extgit_notes *notes, const char *commit,
		    bool trailers, struct arena *arena, struct acceptance_list *out,
		    struct error *err)
{
	if (notes && read_notes(notes, commit, arena, out, err))
		return -1;
	return trailers ? read_trailers(git, commit, arena, out, err) : 0;
}

/* -- writing ---------------------------------------------------------- */

json_t *acceptance_json(const struct acceptance *acceptance)
{
	AUTO_FREE char *cell = xasprintf("%s/%s/%s", acceptance->scenario, acceptance->endpoint,
					 metric_table[acceptance->metric].name);
	json_t *out = extjson_object();

	extjson_set(out, "v", extjson_integer(ACCEPT_VERSION));
	extjson_set(out, "cell", extjson_string(cell));
	extjson_set(out, "commit", extjson_string(acceptance->commit));
	extjson_set(out, "author", extjson_string(acceptance->author));
	extjson_set(out, "reason", extjson_string(acceptance->reason));
	if (acceptance->until)
		extjson_set(out, "until", extjson_string(acceptance->until));
	if (acceptance->when)
		extjson_set(out, "when", extjson_string(acceptance->when));
	return out;
}

static int merge_line(const char *old, size_t length, struct strbuf *out, const void *arg,
		      struct error *err)
{
	const struct strbuf empty = {0};
	AUTO(strbuf) struct strbuf before = {0};
	AUTO(strbuf) struct strbuf line = {0};

	strbuf_append(&before, old, length);
	strbuf_printf(&line, "%s\n", (const char *)arg);
	return notes_merge_three(&empty, &line, &before, out, err);
}

int acceptance_write(const struct extgit *git, const struct settings *settings,
		     const struct acceptance *acceptance, bool *changed, struct error *err)
{
	AUTO_JSON json_t *document = acceptance_json(acceptance);
	AUTO(strbuf) struct strbuf line = {0};
	char id[TEXT_SHA256_SIZE];
	struct extgit_note_write write = {
		.reference = ACCEPTED_REFERENCE,
		.object = acceptance->commit,
		.author = notes_author(settings, "Notes added by perfgate\n"),
		.limit_bytes = NOTE_LIMIT_BYTES,
		.merge = merge_line,
	};

	extjson_dump_canonical(document, &line);
	text_sha256(strbuf_text(&line), line.length, id);
	extjson_set(document, "id", extjson_string(id));
	strbuf_clear(&line);
	extjson_dump_canonical(document, &line);
	if (line.length > LINE_LIMIT_BYTES || strlen(acceptance->reason) > REASON_LIMIT)
		return error_set(err, ERROR_USAGE, "--reason: at most %d characters", REASON_LIMIT);
	write.arg = strbuf_text(&line);
	return extgit_note_write(git, &write, changed, err);
}
