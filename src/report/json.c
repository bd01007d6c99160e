#include "perfgate/report/render.h"

#include "perfgate/base/log.h"
#include "perfgate/results/codec.h"

#include <string.h>

static json_t *redacted(const char *text)
{
	AUTO(strbuf) struct strbuf clean = {0};

	strbuf_puts(&clean, text);
	log_redact(&clean);
	return extjson_string(strbuf_text(&clean));
}

/* Every string but the encoded histograms, which are not text. */
static void redact(json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	json_object_foreach (value, key, member) {
		if (json_is_string(member) && strstr(key, "histogram") == NULL)
			extjson_set(value, key, redacted(json_string_value(member)));
		else
			redact(member);
	}
	json_array_foreach (value, i, member) {
		if (json_is_string(member))
			json_array_set_new(value, i, redacted(json_string_value(member)));
		else
			redact(member);
	}
}

int json_render(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *document = codec_encode(run);

	(void)err;
	/* The run keeps its own. */
	extjson_set(document, "environment", json_deep_copy(run->environment));
	redact(document);
	extjson_dump_pretty(document, out);
	return 0;
}
