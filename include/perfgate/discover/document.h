/*
 * Documents of other programs: JSON or YAML, by what they begin with, as a JSON value.
 */
#ifndef PERFGATE_DISCOVER_DOCUMENT_H
#define PERFGATE_DISCOVER_DOCUMENT_H

#include "perfgate/ext/json.h"

#define DOCUMENT_MAX_BYTES ((size_t)8 << 20)

/* Read-only (ext/yaml.h: parts may be shared). ERROR_USAGE "FILE: what". */
PG_MUST_CHECK int document_load(const char *path, json_t **out, struct error *err);

/*
 * What a node stands for: its `$ref` ("#/components/schemas/Item") followed within the document, at
 * most 16 times. NULL when it leads nowhere; borrowed.
 */
const json_t *document_resolve(const json_t *root, const json_t *node);

/* object[key] when it is an object or an array, resolved; else NULL. */
const json_t *document_member(const json_t *root, const json_t *object, const char *key);

#endif
