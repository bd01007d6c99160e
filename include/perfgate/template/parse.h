/*
 * Mustache text to a flat list of parts, with standalone lines removed as
 * the specification says. Used by template.c only.
 */
#ifndef PERFGATE_TEMPLATE_PARSE_H
#define PERFGATE_TEMPLATE_PARSE_H

#include "perfgate/base/arena.h"
#include "perfgate/base/error.h"

#define TEMPLATE_SECTIONS_MAX 64

enum template_part_kind {
	PART_TEXT, /* text, length */
	PART_ESCAPED, /* {{name}} */
	PART_RAW, /* {{{name}}} or {{&name}} */
	PART_SECTION, /* {{#name}}: its content is the parts up to `end` */
	PART_INVERTED, /* {{^name}}: the same */
	PART_PARTIAL, /* {{>name}}; text, length: the indentation of a standalone one */
};

struct template_part {
	enum template_part_kind kind;
	const char *text; /* borrowed from the source */
	size_t length;
	const char *name; /* of a tag, in the arena */
	size_t end; /* index behind the last part of a section */
};

struct template_parts {
	struct template_part *items; /* heap; template_parts_release() */
	size_t count, capacity;
	struct arena arena;
};

/* `source` must outlive *out. The error is "LINE: what". */
PG_MUST_CHECK int template_parse(const char *source, enum error_kind kind,
				 struct template_parts *out, struct error *err);
void template_parts_release(struct template_parts *parts);
DEFINE_AUTO_VALUE(template_parts, struct template_parts, template_parts_release)

#endif
