/*
 * Compare bytes with tests/golden/<name>. REGEN_GOLDEN=1 writes the file instead: read the diff
 * before it is committed. Tests run in the root of the checkout.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "perfgate/base/fs.h"

#include <stdio.h>
#include <string.h>

static inline void golden_show(const char *what, const char *text, size_t from)
{
	size_t start = from > 120 ? from - 120 : 0;

	fprintf(stderr, "%s: …%.*s\n", what, 240, text + (strlen(text) < start ? 0 : start));
}

static inline void golden_check(const char *name, const struct strbuf *actual)
{
	AUTO_FREE char *path = fs_join("tests/golden", name);
	AUTO(strbuf) struct strbuf expected = {0};
	const char *regenerate = getenv("REGEN_GOLDEN");
	struct error err = ERROR_INIT;
	size_t at = 0;

	if (regenerate != NULL && regenerate[0] == '1') {
		assert_int_equal(fs_write_file(path, strbuf_text(actual), actual->length, &err), 0);
		return;
	}
	if (fs_read_file(&expected, path, (size_t)8 << 20, ERROR_INTERNAL, &err) != 0)
		fail_msg("%s (make regen-golden writes it)", err.message);
	if (expected.length == actual->length &&
	    memcmp(strbuf_text(&expected), strbuf_text(actual), actual->length) == 0)
		return;
	while (at < expected.length && at < actual->length && expected.data[at] == actual->data[at])
		at++;
	golden_show("expected", strbuf_text(&expected), at);
	golden_show("actual", strbuf_text(actual), at);
	fail_msg("%s differs at byte %zu (make regen-golden rewrites it)", name, at);
}

#endif
