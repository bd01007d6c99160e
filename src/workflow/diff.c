#include "perfgate/workflow/diff.h"

#include "perfgate/base/log.h"

#include <stdint.h>
#include <string.h>

#define CONTEXT_LINES 3
#define TABLE_CELLS_MAX ((size_t)4 << 20)

struct line {
	const char *text;
	size_t length;
};

struct lines {
	struct line *items;
	size_t count, capacity;
};

/* One line of the edit script: ' ' kept, '-' removed, '+' added. */
struct edit {
	char mark;
	const struct line *line;
};

struct script {
	struct edit *items;
	size_t count, capacity;
};

static void split(const char *text, struct lines *out)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		*VEC_PUSH(out->items, out->count, out->capacity) = (struct line){text, length};
		text += length + (text[length] == '\n');
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void push(struct script *script, char mark, const struct line *line)
{
	*VEC_PUSH(script->items, script->count, script->capacity) = (struct edit){mark, line};
}

/* table[i * width + j]: longest common subsequence of a[i..] and b[j..]. */
static uint16_t *common_table(const struct line *a, size_t n, const struct line *b, size_t m)
{
	size_t width = m + 1;
	uint16_t *table = xcalloc((n + 1) * width, sizeof *table);

	for (size_t i = n; i-- > 0;)
		for (size_t j = m; j-- > 0;) {
			uint16_t down = table[(i + 1) * width + j],
				 right = table[i * width + j + 1];

			if (same(&a[i], &b[j]))
				table[i * width + j] =
					(uint16_t)(table[(i + 1) * width + j + 1] + 1);
			else
				table[i * width + j] = down > right ? down : right;
		}
	return table;
}

static void compare_middle(const struct line *a, size_t n, const struct line *b, size_t m,
			   struct script *out)
{
	bool small = n < UINT16_MAX && m < UINT16_MAX && (n + 1) * (m + 1) <= TABLE_CELLS_MAX;
	AUTO_FREE uint16_t *table = small ? common_table(a, n, b, m) : NULL;
	size_t i = 0, j = 0;

	while (i < n || j < m) {
		if (table != NULL && i < n && j < m && same(&a[i], &b[j])) {
			push(out, ' ', &a[i++]);
			j++;
		} else if (i < n && (table == NULL || j == m ||
				     table[(i + 1) * (m + 1) + j] >= table[i * (m + 1) + j + 1])) {
			push(out, '-', &a[i++]);
		} else {
			push(out, '+', &b[j++]);
		}
	}
}

static void compare(const struct lines *a, const struct lines *b, struct script *out)
{
	size_t shorter = a->count < b->count ? a->count : b->count, head = 0, tail = 0;

	while (head < shorter && same(&a->items[head], &b->items[head]))
		push(out, ' ', &a->items[head++]);
	while (tail < shorter - head &&
	       same(&a->items[a->count - 1 - tail], &b->items[b->count - 1 - tail]))
		tail++;
	if (a->count + b->count > 2 * (head + tail))
		compare_middle(a->items + head, a->count - head - tail, b->items + head,
			       b->count - head - tail, out);
	for (; tail > 0; tail--)
		push(out, ' ', &a->items[a->count - tail]);
}

/* The end of the hunk that starts with the change at `from`: close changes share it. */
static size_t hunk_end(const struct script *script, size_t from)
{
	size_t last = from;

	for (size_t i = from; i < script->count && i <= last + 2 * CONTEXT_LINES; i++)
		if (script->items[i].mark != ' ')
			last = i;
	last += CONTEXT_LINES + 1;
	return last < script->count ? last : script->count;
}

static size_t count_marks(const struct script *script, size_t from, size_t to, char but)
{
	size_t count = 0;

	for (size_t i = from; i < to; i++)
		count += script->items[i].mark != but;
	return count;
}

static void print_hunk(const struct script *script, size_t from, size_t to, struct strbuf *out)
{
	size_t old_before = count_marks(script, 0, from, '+');
	size_t new_before = count_marks(script, 0, from, '-');
	size_t old_lines = count_marks(script, from, to, '+');
	size_t new_lines = count_marks(script, from, to, '-');

	strbuf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", old_before + (old_lines > 0), old_lines,
		      new_before + (new_lines > 0), new_lines);
	for (size_t i = from; i < to; i++) {
		strbuf_putc(out, script->items[i].mark);
		log_visible(out, script->items[i].line->text, script->items[i].line->length);
		strbuf_putc(out, '\n');
	}
}

static void print_script(const struct script *script, struct strbuf *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < script->count; i++) {
		size_t from, to;

		if (script->items[i].mark == ' ')
			continue;
		from = i > shown + CONTEXT_LINES ? i - CONTEXT_LINES : shown;
		to = hunk_end(script, i);
		print_hunk(script, from, to, out);
		shown = to;
		i = to - 1;
	}
}

void workflow_diff(const char *path, const char *before, const char *after, struct strbuf *out)
{
	struct lines a = {0}, b = {0};
	struct script script = {0};

	if (strcmp(before, after) == 0)
		return;
	split(before, &a);
	split(after, &b);
	compare(&a, &b, &script);
	strbuf_printf(out, "--- %s\n+++ %s (generated)\n", path, path);
	print_script(&script, out);
	free(a.items);
	free(b.items);
	free(script.items);
}
