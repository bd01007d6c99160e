/*
 * Small text helpers that libc lacks.
 */
#ifndef PERFGATE_BASE_TEXT_H
#define PERFGATE_BASE_TEXT_H

#include "perfgate/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL equals only NULL. */
bool text_equal(const char *a, const char *b);
bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

/* Optimal string alignment distance (Damerau-Levenshtein, restricted), capped at `limit`+1. */
size_t text_distance(const char *a, const char *b, size_t limit);

/*
 * The closest of `candidates` (NULL-terminated) for "did you mean", or NULL
 * when none is within a third of the length (at least 1, at most 3 edits).
 */
const char *text_suggest(const char *word, const char *const *candidates);

/* Length in bytes of the valid UTF-8 sequence at `text`, or 0. `length` bytes are readable. */
size_t text_utf8_sequence(const char *text, size_t length, uint32_t *out_code_point);
bool text_is_utf8(const char *text, size_t length);

/* Terminal columns of UTF-8 text (wide characters count 2, combining marks 0). */
size_t text_columns(const char *text);

/* A file-name-safe slug: [a-z0-9._-], at most 64 bytes, hash suffix when anything was changed. */
void text_slug(const char *text, struct strbuf *out);

/* SHA-256 as 64 lower-case hex digits and NUL (FIPS 180-4). */
#define TEXT_SHA256_SIZE 65
void text_sha256(const void *bytes, size_t length, char *out);

/* Append the bytes as base64 with padding (RFC 4648), in one line. */
void text_base64(const void *bytes, size_t length, struct strbuf *out);

/* The most bytes of `text`, at most `limit`, that end with a whole UTF-8 sequence. */
size_t text_clip(const char *text, size_t limit);

/* Does `path` match the glob, where ** crosses '/'? */
bool text_glob(const char *pattern, const char *path);

#endif
