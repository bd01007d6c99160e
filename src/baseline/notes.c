#include "perfgate/baseline/notes.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"

#include <stdio.h>
#include <string.h>

void record_list_release(struct record_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		record_free(list->items[i]);
	free(list->items);
	memset(list, 0, sizeof *list);
}

/* The next line without its newline; false at the end. */
static bool next_line(const char **text, size_t *left, const char **line, size_t *length)
{
	const char *end;

	if (*left == 0)
		return false;
	end = memchr(*text, '\n', *left);
	*line = *text;
	*length = end ? (size_t)(end - *text) : *left;
	*left -= end ? *length + 1 : *length;
	*text += end ? *length + 1 : *length;
	return true;
}

static void reject(struct record_list *list, size_t number, const char *reason)
{
	if (list->rejected++ == 0)
		snprintf(list->first_reason, sizeof list->first_reason, "line %zu: %.200s", number,
			 reason);
}

static int parse_line(const char *line, size_t length, size_t number, const char *commit,
		      struct record_list *list, struct error *err)
{
	AUTO(record) struct record *record = NULL;
	struct error why = ERROR_INIT;
	enum record_state state = record_parse(line, length, &record, &why);

	if (state == RECORD_NEWER)
		return error_set(err, ERROR_BASELINE, "note of %.12s, line %zu: %s", commit, number,
				 why.message);
	if (state == RECORD_BAD)
		reject(list, number, why.message);
	else if (!text_equal(record->commit, commit))
		reject(list, number, "the record names another commit");
	else
		*VEC_PUSH(list->items, list->count, list->capacity) = TAKE(record);
	return 0;
}

/* Newest first; a time that cannot be counts as the oldest; the id breaks ties for good. */
static int newest_first(const void *one, const void *other)
{
	const struct record *a = *(const struct record *const *)one;
	const struct record *b = *(const struct record *const *)other;
	int64_t now_s = clock_wall_ns() / NS_PER_S;
	bool a_plausible = record_time_is_plausible(a, now_s);
	bool b_plausible = record_time_is_plausible(b, now_s);
	int order;

	if (a_plausible != b_plausible)
		return a_plausible ? -1 : 1;
	order = strcmp(b->when, a->when);
	return order ? order : strcmp(a->id, b->id);
}

int notes_parse(const char *text, size_t length, const char *commit, struct record_list *out,
		struct error *err)
{
	AUTO(record_list) struct record_list list = {0};
	const char *line;
	size_t line_length;

	for (size_t number = 1; next_line(&text, &length, &line, &line_length); number++)
		if (line_length > 0 && parse_line(line, line_length, number, commit, &list, err))
			return -1;
	if (list.count > 1)
		qsort(list.items, list.count, sizeof *list.items, newest_first);
	*out = list;
	list = (struct record_list){0};
	return 0;
}

int notes_read(const struct extgit_notes *notes, const char *commit, struct record_list *out,
	       struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0};
	enum extgit_note_state state;

	if (extgit_note_read(notes, commit, NOTE_LIMIT_BYTES, &state, &text, err))
		return -1;
	if (state == NOTE_TOO_LARGE)
		log_warning("baseline note of %.12s is larger than 8 MiB: ignored", commit);
	if (notes_parse(strbuf_text(&text), text.length, commit, out, err))
		return -1;
	if (out->rejected)
		log_warning("baseline note of %.12s: %zu of its lines ignored (%s)", commit,
			    out->rejected, out->first_reason);
	return 0;
}

int notes_open(const struct extgit *git, const struct settings *settings, const char *reference,
	       struct extgit_notes **out, char *doubt, size_t doubt_size, struct error *err)
{
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	char why[256] = "";

	if (extgit_notes_open(git, reference, &notes, err) ||
	    (notes && settings->baseline_signed &&
	     extgit_notes_verify(git, extgit_notes_tip(notes), why, sizeof why, err)))
		return -1;
	*doubt = '\0';
	if (*why)
		snprintf(doubt, doubt_size, "%s is not to be trusted (baseline.signed): %.12s: %s",
			 reference, extgit_notes_tip(notes), why);
	*out = TAKE(notes);
	return 0;
}

/* -- writing ---------------------------------------------------------- */

struct extgit_notes_author notes_author(const struct settings *settings, const char *message)
{
	return (struct extgit_notes_author){
		.name = settings->baseline_name,
		.email = settings->baseline_email,
		.message = message,
		.signing = settings->baseline_signed ? NOTES_SIGNED : NOTES_UNSIGNED,
	};
}

struct line {
	const char *text;
	size_t length;
};

struct lines {
	struct line *items;
	size_t count, capacity;
};

static int by_bytes(const void *one, const void *other)
{
	const struct line *a = one, *b = other;
	int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

static void append_lines(struct strbuf *out, const struct lines *lines, bool once)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (once && i > 0 && by_bytes(&lines->items[i - 1], &lines->items[i]) == 0)
			continue;
		strbuf_append(out, lines->items[i].text, lines->items[i].length);
		strbuf_putc(out, '\n');
	}
}

/* Records to `records`, everything else, blank lines too, to `others`. */
static int sort_out(const char *text, size_t length, struct lines *records, struct lines *others,
		    struct error *err)
{
	struct line line;

	while (next_line(&text, &length, &line.text, &line.length)) {
		AUTO(record) struct record *record = NULL;
		struct error why = ERROR_INIT;
		enum record_state state = record_parse(line.text, line.length, &record, &why);
		struct lines *list = state == RECORD_GOOD ? records : others;

		if (state == RECORD_NEWER)
			return error_set(err, ERROR_BASELINE, "baseline not written: %s",
					 why.message);
		*VEC_PUSH(list->items, list->count, list->capacity) = line;
	}
	return 0;
}

int notes_merge(const char *old, size_t length, const char *line, struct strbuf *out,
		struct error *err)
{
	struct lines records = {0}, others = {0};
	int result = sort_out(old, length, &records, &others, err);

	if (result == 0) {
		*VEC_PUSH(records.items, records.count, records.capacity) =
			(struct line){line, strlen(line)};
		qsort(records.items, records.count, sizeof *records.items, by_bytes);
		append_lines(out, &records, true);
		append_lines(out, &others, false);
	}
	free(records.items);
	free(others.items);
	return result;
}

static bool holds(const struct lines *lines, const struct line *line)
{
	for (size_t i = 0; i < lines->count; i++)
		if (by_bytes(&lines->items[i], line) == 0)
			return true;
	return false;
}

static struct lines split(const struct strbuf *text)
{
	const char *rest = strbuf_text(text);
	size_t left = text->length;
	struct lines lines = {0};
	struct line line;

	while (next_line(&rest, &left, &line.text, &line.length))
		*VEC_PUSH(lines.items, lines.count, lines.capacity) = line;
	return lines;
}

/* Ours have an id and are sorted, whatever version wrote them. */
static bool is_sorted_in(const struct line *line)
{
	return line->length > 0 && *line->text == '{' &&
	       memmem(line->text, line->length, "\"id\":\"", 6);
}

/* Lines of `from` that `other` has too, or that are new since `base`, and not yet in `out`. */
static void take_lines(const struct lines *from, const struct lines *other,
		       const struct lines *base, bool records, struct lines *out)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct line *line = &from->items[i];

		if (is_sorted_in(line) == records && (holds(other, line) || !holds(base, line)) &&
		    !holds(out, line))
			*VEC_PUSH(out->items, out->count, out->capacity) = *line;
	}
}

int notes_merge_three(const struct strbuf *base, const struct strbuf *ours,
		      const struct strbuf *theirs, struct strbuf *out, struct error *err)
{
	struct lines before = split(base), mine = split(ours), other = split(theirs);
	struct lines records = {0}, rest = {0};

	(void)err;
	take_lines(&other, &mine, &before, true, &records);
	take_lines(&mine, &other, &before, true, &records);
	take_lines(&other, &mine, &before, false, &rest);
	take_lines(&mine, &other, &before, false, &rest);
	if (records.count > 1)
		qsort(records.items, records.count, sizeof *records.items, by_bytes);
	append_lines(out, &records, false);
	append_lines(out, &rest, false);
	free(before.items);
	free(mine.items);
	free(other.items);
	free(records.items);
	free(rest.items);
	return 0;
}

static int merge(const char *old, size_t length, struct strbuf *out, const void *arg,
		 struct error *err)
{
	const struct record *record = arg;

	return notes_merge(old, length, record->line, out, err);
}

int notes_write(const struct extgit *git, const struct settings *settings,
		const struct record *record, bool *changed, struct error *err)
{
	struct extgit_note_write write = {
		.reference = BASELINE_REFERENCE,
		.object = record->commit,
		.author = notes_author(settings, "Notes added by perfgate\n"),
		.limit_bytes = NOTE_LIMIT_BYTES,
		.merge = merge,
		.arg = record,
	};

	return extgit_note_write(git, &write, changed, err);
}
