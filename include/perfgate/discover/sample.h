/*
 * Values that an OpenAPI schema accepts: bodies and parameters to begin with.
 *
 * Taken in this order: an example, a default, a constant, the first of an enumeration; else made up
 * from type, format and limits. Of an object the required properties, all when none is required;
 * what is read-only is left out. Where a property's name says that it is secret, even an
 * example is replaced. Patterns are not followed, and of oneOf and anyOf the first counts.
 *
 * Text is in the syntax of a suite (scenario/substitute.h): "${" of the document is written "$${",
 * and made-up values may be "${uuid}", "${date(0d)}" or "${int(1..100)}".
 */
#ifndef PERFGATE_DISCOVER_SAMPLE_H
#define PERFGATE_DISCOVER_SAMPLE_H

#include "perfgate/base/strbuf.h"
#include "perfgate/ext/json.h"

#include <stdbool.h>

/*
 * A value of a media type or a parameter (with `schema`, `example`, `examples`), new; NULL when
 * none can be made: recursion, more than a thousand values.
 */
json_t *sample_media(const json_t *root, const json_t *media);

/*
 * Append a parameter's value as it stands in a URL, percent-encoded. Numbers without an
 * example vary: identifiers 1 to 100, or within the schema's limits. False when there is none.
 */
bool sample_parameter(const json_t *root, const json_t *parameter, struct strbuf *out);

/* Append percent-encoded but for unreserved characters (RFC 3986) and those in `keep`. */
void sample_encode(const char *text, const char *keep, struct strbuf *out);

#endif
