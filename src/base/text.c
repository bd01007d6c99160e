#include "perfgate/base/text.h"

#include <stdio.h>
#include <string.h>

bool text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

#define DISTANCE_WORD_MAX ((size_t)128)

size_t text_distance(const char *a, const char *b, size_t limit)
{
	size_t rows[3][DISTANCE_WORD_MAX + 1];
	size_t *before = rows[0], *previous = rows[1], *current = rows[2];
	size_t m = strlen(a), n = strlen(b);

	if ((m > n ? m - n : n - m) > limit || m > DISTANCE_WORD_MAX || n > DISTANCE_WORD_MAX)
		return limit + 1;
	for (size_t j = 0; j <= n; j++)
		current[j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *recycled = before;

		before = previous;
		previous = current;
		current = recycled;
		current[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = previous[j - 1] + (a[i - 1] != b[j - 1]);

			best = least(best, least(previous[j], current[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, before[j - 2] + 1);
			current[j] = best;
		}
	}
	return least(current[n], limit + 1);
}

const char *text_suggest(const char *word, const char *const *candidates)
{
	size_t limit = strlen(word) / 3;
	size_t best = SIZE_MAX;
	const char *found = NULL;

	limit = limit < 1 ? 1 : least(limit, 3);
	for (; *candidates != NULL; candidates++) {
		size_t distance = text_distance(word, *candidates, limit);

		if (distance <= limit && distance < best) {
			best = distance;
			found = *candidates;
		}
	}
	return found;
}

void text_slug(const char *text, struct strbuf *out)
{
	const size_t longest = 64, hash_digits = 8;
	char kept[64 + 1], hash[TEXT_SHA256_SIZE];
	size_t length = 0;
	bool changed = *text == '\0';

	for (const char *c = text; *c != '\0'; c++) {
		char lower = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
		bool safe = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
			    lower == '_' || (c > text && (lower == '.' || lower == '-'));

		changed = changed || !safe || lower != *c || length == longest;
		if (length < longest)
			kept[length++] = safe ? lower : '_';
	}
	if (!changed) {
		strbuf_append(out, kept, length);
		return;
	}
	/* Two texts that differ only in what was lost must not share a file. */
	text_sha256(text, strlen(text), hash);
	strbuf_append(out, kept, least(length, longest - hash_digits - 1));
	strbuf_printf(out, "-%.*s", (int)hash_digits, hash);
}

/*
 * reach[j] says whether the pattern read so far matches path[0..j). One row
 * per pattern token keeps it O(pattern * path) whatever the stars.
 */
static void glob_any_folders(bool *reach, const char *path, size_t length)
{
	bool before = false;

	for (size_t j = 0; j <= length; j++) {
		bool here = reach[j];

		reach[j] = here || (before && path[j - 1] == '/');
		before = before || here;
	}
}

static void glob_star(bool *reach, const char *path, size_t length, bool crosses)
{
	for (size_t j = 1; j <= length; j++)
		if (reach[j - 1] && (crosses || path[j - 1] != '/'))
			reach[j] = true;
}

static void glob_character(bool *reach, const char *path, size_t length, char wanted)
{
	for (size_t j = length; j > 0; j--)
		reach[j] = reach[j - 1] &&
			   (wanted == '?' ? path[j - 1] != '/' : path[j - 1] == wanted);
	reach[0] = false;
}

bool text_glob(const char *pattern, const char *path)
{
	size_t length = strlen(path);
	AUTO_FREE bool *reach = xcalloc(length + 1, sizeof *reach);

	reach[0] = true;
	for (const char *p = pattern; *p != '\0';) {
		if (text_starts_with(p, "**/") && (p == pattern || p[-1] == '/')) {
			glob_any_folders(reach, path, length);
			p += 3;
		} else if (text_starts_with(p, "**")) {
			glob_star(reach, path, length, true);
			p += 2;
		} else if (*p == '*') {
			glob_star(reach, path, length, false);
			p++;
		} else {
			glob_character(reach, path, length, *p++);
		}
	}
	return reach[length];
}
