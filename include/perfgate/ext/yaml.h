/*
 * Strict YAML documents as a tree with positions (libyaml's event parser).
 *
 * Accepted: one document, block and flow collections, plain and quoted
 * scalars, comments, UTF-8 (with or without BOM), UTF-16 with BOM, CRLF.
 * Refused with line and column: aliases and anchors, merge keys, tags, a
 * second document, duplicate keys, non-scalar keys, tabs as indentation,
 * NUL and control characters, more than 1 MiB, depth over 64, more than
 * 100,000 nodes, an empty document.
 *
 * Nodes live in the document's arena and are immutable.
 */
#ifndef PERFGATE_EXT_YAML_H
#define PERFGATE_EXT_YAML_H

#include "perfgate/base/error.h"
#include "perfgate/base/mem.h"
#include "perfgate/ext/json.h"

#include <stdbool.h>
#include <stddef.h>

#define EXTYAML_MAX_BYTES ((size_t)1 << 20)

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	int line, column; /* 1-based, of the node's first character */
	const char *file; /* as given, for messages; borrowed from the document */

	const char *text; /* scalar: UTF-8, NUL-terminated */
	bool plain; /* scalar: written without quotes, so null/true/numbers mean themselves */

	size_t count; /* sequence: items; mapping: pairs */
	const struct yaml_node **items; /* sequence items, or mapping values */
	const struct yaml_node **keys; /* mapping keys (scalars); NULL for sequences */
};

struct yaml_document;

/* Parse text; `file` (copied) is in messages. Errors are ERROR_USAGE "FILE:LINE:COLUMN: …". */
PG_MUST_CHECK int extyaml_parse(const char *text, size_t length, const char *file,
				struct yaml_document **out, struct error *err);
/* Read (fs_read_file) and parse. */
PG_MUST_CHECK int extyaml_load(const char *path, struct yaml_document **out, struct error *err);
const struct yaml_node *extyaml_root(const struct yaml_document *document);
void extyaml_free(struct yaml_document *document);
DEFINE_AUTO(yaml_document, struct yaml_document *, extyaml_free)

/* Value of `key` in a mapping, or NULL. */
const struct yaml_node *extyaml_get(const struct yaml_node *mapping, const char *key);

/* Plain `null`, `~` or empty (YAML 1.2 core schema). */
bool extyaml_is_null(const struct yaml_node *node);

/* Exactly true/false, plain; -1 with a hint ("write true or false") otherwise. */
PG_MUST_CHECK int extyaml_bool(const struct yaml_node *node, bool *out, struct error *err);

/* error_set(ERROR_USAGE, "FILE:LINE:COLUMN: …"); returns -1. */
int extyaml_error(const struct yaml_node *node, struct error *err, const char *format, ...)
	PG_PRINTF(3, 4);

/* -1 naming the expected kind, e.g. "expected a mapping, found a list". */
PG_MUST_CHECK int extyaml_expect(const struct yaml_node *node, enum yaml_kind kind,
				 const char *what, struct error *err);

/* -1 with "did you mean" at the first key that is not in `known` (NULL-terminated). */
PG_MUST_CHECK int extyaml_check_keys(const struct yaml_node *mapping, const char *const *known,
				     const char *where, struct error *err);

/*
 * Files of other programs (OpenAPI, compose, workflows), as JSON: the first document; aliases and
 * merge keys are resolved, tags are ignored, of duplicate keys the first counts, keys that are
 * no text are left out. Plain scalars are null, true, false and JSON's numbers, else text.
 * Refused: more than 8 MiB, depth over 64 (aliases resolved), more than 400,000 values as written,
 * an alias without an anchor before it. Aliased values are shared: read, never change *out, and
 * bound every walk through it. ERROR_USAGE "FILE:LINE:COLUMN: …".
 */
#define EXTYAML_FOREIGN_MAX_BYTES ((size_t)8 << 20)
PG_MUST_CHECK int extyaml_parse_foreign(const char *text, size_t length, const char *file,
					json_t **out, struct error *err);

#endif
