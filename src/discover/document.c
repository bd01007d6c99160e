#include "perfgate/discover/document.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/yaml.h"

#include <string.h>

#define REFERENCES_MAX 16

int document_load(const char *path, json_t **out, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {.max_bytes = DOCUMENT_MAX_BYTES};
	const char *start;

	if (fs_read_file(&text, path, DOCUMENT_MAX_BYTES, ERROR_USAGE, err))
		return -1;
	start = strbuf_text(&text);
	if (text_starts_with(start, "\xef\xbb\xbf"))
		start += 3;
	if (start[strspn(start, " \t\r\n")] != '{')
		return extyaml_parse_foreign(strbuf_text(&text), text.length, path, out, err);
	if (extjson_parse(start, text.length - (size_t)(start - strbuf_text(&text)),
			  DOCUMENT_MAX_BYTES, ERROR_USAGE, out, err))
		return error_wrap(err, "%s", path);
	return 0;
}

/* One step of a JSON pointer (RFC 6901): "~1" is '/', "~0" is '~'. */
static const json_t *step(const json_t *node, const char *token, size_t length)
{
	AUTO(strbuf) struct strbuf key = {0};

	for (size_t i = 0; i < length; i++) {
		if (token[i] == '~' && i + 1 < length &&
		    (token[i + 1] == '0' || token[i + 1] == '1'))
			strbuf_putc(&key, token[++i] == '1' ? '/' : '~');
		else
			strbuf_putc(&key, token[i]);
	}
	return json_object_get(node, strbuf_text(&key));
}

const json_t *document_resolve(const json_t *root, const json_t *node)
{
	for (int i = 0; node && i < REFERENCES_MAX; i++) {
		const char *at = json_string_value(json_object_get(node, "$ref"));

		if (!at)
			return node;
		if (!text_starts_with(at, "#/"))
			return NULL;
		for (node = root, at++; node && *at == '/'; at += strcspn(at, "/")) {
			at++;
			node = step(node, at, strcspn(at, "/"));
		}
	}
	return NULL;
}

const json_t *document_member(const json_t *root, const json_t *object, const char *key)
{
	const json_t *member = document_resolve(root, json_object_get(object, key));

	return json_is_object(member) || json_is_array(member) ? member : NULL;
}
