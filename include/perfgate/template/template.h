/*
 * A Mustache subset over a JSON value.
 *
 * {{name}} escaped, {{{name}}} and {{&name}} raw, {{#s}}…{{/s}} sections
 * (lists, objects, truthy values), {{^s}}…{{/s}} inverted, {{! comment}},
 * {{> partial}}, dotted names, {{.}}, standalone lines as in the Mustache
 * specification (https://mustache.github.io/mustache.5.html). Missing names
 * render empty. Escaping goes by target, always.
 *
 * {{=<% %>=}} sets other delimiters up to the end of the text (a partial starts
 * with {{ }} again). False are null, false, a missing name, an empty list and
 * an empty string; 0 is true, since a measured 0 is a value. The empty lines
 * of an indented partial stay empty. At most 64 sections and 32 partials
 * inside each other.
 */
#ifndef PERFGATE_TEMPLATE_TEMPLATE_H
#define PERFGATE_TEMPLATE_TEMPLATE_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/ext/json.h"

enum template_escape {
	TEMPLATE_NONE,
	TEMPLATE_HTML, /* & < > " ' and control characters */
	TEMPLATE_MARKDOWN, /* | ` @ # < > * _ [ ] \ and line breaks, "-->" */
	TEMPLATE_YAML, /* inside double quotes */
	TEMPLATE_GROOVY, /* inside single quotes */
};

/*
 * Render the named template ("report/report.html"): `--template-dir` first
 * (template_set_dir), else the embedded one. Unknown name or syntax error:
 * ERROR_INTERNAL for embedded ones, ERROR_USAGE for the user's, with line.
 */
PG_MUST_CHECK int template_render(const char *name, enum template_escape escape, const json_t *view,
				  struct strbuf *out, struct error *err);

/* The same from text; partials come from the named templates. */
PG_MUST_CHECK int template_render_text(const char *text, enum template_escape escape,
				       const json_t *view, struct strbuf *out, struct error *err);

/* Append text escaped. */
void template_escape(enum template_escape escape, const char *text, struct strbuf *out);

/* Once, before the first render; NULL = embedded only. */
void template_set_dir(const char *dir);

/*
 * Embedded file by name below templates/, NULL when there is none; NUL-terminated.
 * The struct is valid until this thread's next call, name and data always.
 */
struct embedded_file {
	const char *name;
	const char *data;
	size_t length;
};
const struct embedded_file *template_embedded(const char *name);

#endif
