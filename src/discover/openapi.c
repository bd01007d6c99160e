#include "perfgate/discover/openapi.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/discover/document.h"
#include "perfgate/discover/sample.h"

#include <ctype.h>
#include <string.h>

#define LINE_MAX_BYTES 500
#define NAME_MAX_BYTES 40
#define PARAMETERS_MAX 64

static const struct {
	const char *key, *method;
	bool writes;
	const char *refused; /* why it is never sent */
} methods[] = {
	{"get", "GET", false, NULL},
	{"head", "HEAD", false, NULL},
	{"post", "POST", true, NULL},
	{"put", "PUT", true, NULL},
	{"patch", "PATCH", true, NULL},
	{"delete", "DELETE", true, "deletes: a load of it would empty the service"},
};

/* The last word of a path that tells how the API is; the first found here is the best. */
static const char *const probes[] = {
	"readiness", "readyz", "ready", "healthz", "health",	"_health",	 "healthcheck",
	"liveness",  "livez",  "live",	"ping",	   "heartbeat", "__heartbeat__",
};

/* What is at work: one document, one operation of it. */
struct reading {
	const json_t *root;
	const char *prefix; /* of every path: "/v1", or "" */
	const char *path; /* as the document names it */
	size_t method;
	const json_t *item, *operation;
	struct openapi *out;
};

static void leave_out(const struct reading *reading, const char *why)
{
	struct openapi *out = reading->out;
	AUTO(strbuf) struct strbuf line = {.max_bytes = LINE_MAX_BYTES};

	strbuf_printf(&line, "%s ", methods[reading->method].method);
	log_visible(&line, reading->path, strlen(reading->path));
	*VEC_PUSH(out->left_out, out->n_left_out, out->left_out_capacity) =
		(struct left_out){arena_strdup(&out->arena, strbuf_text(&line)), why};
}

/* ---- parameters ---- */

/* The operation's parameter, else the path's; NULL when neither has one. */
static const json_t *find_parameter(const struct reading *reading, const char *place,
				    const char *name)
{
	const json_t *owners[] = {reading->operation, reading->item};

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		const json_t *list = document_member(reading->root, owners[i], "parameters"), *one;
		size_t at;

		json_array_foreach (list, at, one) {
			const json_t *parameter = document_resolve(reading->root, one);

			if (text_equal(extjson_get_string(parameter, "in", ""), place) &&
			    text_equal(extjson_get_string(parameter, "name", ""), name))
				return parameter;
		}
	}
	return NULL;
}

/* "/items/{id}" with values; false when one is missing or the path cannot be sent. */
static bool put_path(const struct reading *reading, struct strbuf *line)
{
	const char *at = reading->path;

	sample_encode(reading->prefix, "/:@!&'()*+,;=%", line);
	while (*at != '\0') {
		size_t length = strcspn(at, "{");
		AUTO_FREE char *literal = xstrndup(at, length);

		sample_encode(literal, "/:@!&'()*+,;=%", line);
		at += length;
		if (*at == '\0')
			break;
		length = strcspn(at, "}");
		if (at[length] == '\0')
			return false;
		AUTO_FREE char *name = xstrndup(at + 1, length - 1);
		AUTO_JSON json_t *unnamed = extjson_object();
		const json_t *parameter = find_parameter(reading, "path", name);

		extjson_set(unnamed, "name", extjson_string(name));

		if (!sample_parameter(reading->root, parameter ? parameter : unnamed, line))
			return false;
		at += length + 1;
	}
	return true;
}

/* The required ones of `owner`, those of the path that the operation overrides left out. */
static bool put_query_of(const struct reading *reading, const json_t *owner, size_t *count,
			 struct strbuf *line)
{
	const json_t *list = document_member(reading->root, owner, "parameters"), *one;
	size_t at;

	json_array_foreach (list, at, one) {
		const json_t *parameter = document_resolve(reading->root, one);
		const char *name = extjson_get_string(parameter, "name", "");

		if (!text_equal(extjson_get_string(parameter, "in", ""), "query") ||
		    !extjson_get_bool(parameter, "required", false) || *name == '\0' ||
		    find_parameter(reading, "query", name) != parameter)
			continue;
		if (*count >= PARAMETERS_MAX)
			return false;
		strbuf_puts(line, (*count)++ ? "&" : "?");
		sample_encode(name, "", line);
		strbuf_puts(line, "=");
		if (!sample_parameter(reading->root, parameter, line))
			return false;
	}
	return true;
}

static bool put_query(const struct reading *reading, struct strbuf *line)
{
	size_t count = 0;

	return put_query_of(reading, reading->operation, &count, line) &&
	       put_query_of(reading, reading->item, &count, line);
}

static bool needs_header(const struct reading *reading)
{
	const json_t *list = document_member(reading->root, reading->operation, "parameters"), *one;
	size_t at;

	json_array_foreach (list, at, one) {
		const json_t *parameter = document_resolve(reading->root, one);

		if (text_equal(extjson_get_string(parameter, "in", ""), "header") &&
		    extjson_get_bool(parameter, "required", false))
			return true;
	}
	return false;
}

/* ---- bodies ---- */

static bool is_json_type(const char *type)
{
	size_t length = strcspn(type, "; ");
	AUTO_FREE char *bare = xstrndup(type, length);

	return text_equal(bare, "application/json") || text_ends_with(bare, "+json") ||
	       text_equal(bare, "*/*");
}

/* A form is a flat mapping; what is no text or number in it is left out. */
static void flatten(json_t *form)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (form, next, key, value)
		if (json_is_object(value) || json_is_array(value) || json_is_null(value))
			json_object_del(form, key);
}

/* "" when the body is set or there is none, else why the operation is left out. */
static const char *read_media(const struct reading *reading, const json_t *content,
			      struct operation *operation)
{
	const json_t *media;
	const char *type;

	json_object_foreach ((json_t *)(uintptr_t)content, type, media) {
		bool form = text_starts_with(type, "application/x-www-form-urlencoded");

		if (!form && !is_json_type(type))
			continue;
		json_t *value = sample_media(reading->root, media);

		if (!value || (form && !json_is_object(value))) {
			json_decref(value);
			return "its body could not be made up";
		}
		if (form)
			flatten(value);
		*(form ? &operation->form : &operation->json) = value;
		return "";
	}
	return "its body is neither JSON nor a form";
}

/* Swagger 2: the body is a parameter, a form several of them. */
static const char *read_old_body(const struct reading *reading, struct operation *operation)
{
	const json_t *list = document_member(reading->root, reading->operation, "parameters"), *one;
	size_t at;

	json_array_foreach (list, at, one) {
		const json_t *parameter = document_resolve(reading->root, one);
		const char *place = extjson_get_string(parameter, "in", "");

		if (text_equal(place, "formData"))
			return "its form is of Swagger 2";
		if (!text_equal(place, "body"))
			continue;
		operation->json = sample_media(reading->root, parameter);
		return operation->json ? "" : "its body could not be made up";
	}
	return "";
}

static const char *read_body(const struct reading *reading, struct operation *operation)
{
	const json_t *body = document_member(reading->root, reading->operation, "requestBody");

	if (!body)
		return read_old_body(reading, operation);
	return read_media(reading, document_member(reading->root, body, "content"), operation);
}

/* ---- names ---- */

/* "listItems" and "list-items" are "list_items". */
static void put_words(const char *text, struct strbuf *out)
{
	for (const char *c = text; *c != '\0' && out->length < NAME_MAX_BYTES; c++) {
		bool hump = c > text && isupper((unsigned char)*c) && islower((unsigned char)c[-1]);
		bool gap = out->length > 0 && out->data[out->length - 1] != '_';

		if ((hump || !isalnum((unsigned char)*c)) && gap)
			strbuf_putc(out, '_');
		if (isalnum((unsigned char)*c))
			strbuf_putc(out, (char)tolower((unsigned char)*c));
	}
	while (out->length > 0 && out->data[out->length - 1] == '_')
		out->data[--out->length] = '\0';
}

static bool is_taken(const struct openapi *openapi, const char *name)
{
	for (size_t i = 0; i < openapi->n_operations; i++)
		if (text_equal(openapi->operations[i].name, name))
			return true;
	return false;
}

static const char *name_of(const struct reading *reading)
{
	struct arena *arena = &reading->out->arena;
	AUTO(strbuf) struct strbuf words = {0};
	const char *name;

	put_words(extjson_get_string(reading->operation, "operationId", ""), &words);
	if (words.length == 0 || !isalpha((unsigned char)words.data[0])) {
		AUTO_FREE char *both =
			xasprintf("%s %s", methods[reading->method].key, reading->path);

		strbuf_clear(&words);
		put_words(both, &words);
	}
	name = arena_strdup(arena, strbuf_text(&words));
	for (int i = 2; is_taken(reading->out, name); i++)
		name = arena_printf(arena, "%s_%d", strbuf_text(&words), i);
	return name;
}

/* ---- operations ---- */

static size_t probe_rank(const struct reading *reading)
{
	const char *last = strrchr(reading->path, '/'), *path = reading->path;
	size_t length = strlen(path), rank = 0;
	AUTO_FREE char *bare = NULL;

	if (reading->method != 0 || strchr(path, '{'))
		return ARRAY_SIZE(probes);
	bare = xstrndup(path, length > 1 && path[length - 1] == '/' ? length - 1 : length);
	last = strrchr(bare, '/');
	while (rank < ARRAY_SIZE(probes) && !(last && text_equal(last + 1, probes[rank])))
		rank++;
	return rank;
}

/* Why the operation is not sent, or NULL; *operation is filled. */
static const char *read_operation(const struct reading *reading, struct operation *operation)
{
	AUTO(strbuf) struct strbuf line = {.max_bytes = LINE_MAX_BYTES};
	const char *why;

	if (methods[reading->method].refused)
		return methods[reading->method].refused;
	if (extjson_get_bool(reading->operation, "deprecated", false))
		return "deprecated";
	if (needs_header(reading))
		return "needs a header: write the task by hand";
	if (reading->out->n_operations >= OPENAPI_OPERATIONS_MAX)
		return "one too many to begin with";
	strbuf_printf(&line, "%s ", methods[reading->method].method);
	if (!put_path(reading, &line) || !put_query(reading, &line) || line.overflow)
		return "a parameter has no value that could be made up";
	why = methods[reading->method].writes ? read_body(reading, operation) : "";
	if (*why != '\0')
		return why;
	operation->line = arena_strdup(&reading->out->arena, strbuf_text(&line));
	operation->writes = methods[reading->method].writes;
	operation->name = name_of(reading);
	return NULL;
}

static void release_operation(struct operation *operation)
{
	json_decref(operation->json);
	json_decref(operation->form);
}

static void read_item(struct reading *reading, size_t *best)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		struct operation operation = {0};
		const char *why;
		size_t rank;

		reading->method = i;
		reading->operation = document_member(reading->root, reading->item, methods[i].key);
		if (!json_is_object(reading->operation))
			continue;
		why = read_operation(reading, &operation);
		if (why) {
			release_operation(&operation);
			leave_out(reading, why);
			continue;
		}
		rank = probe_rank(reading);
		operation.probe = rank < ARRAY_SIZE(probes);
		*VEC_PUSH(reading->out->operations, reading->out->n_operations,
			  reading->out->operations_capacity) = operation;
		if (rank < *best && !strchr(operation.line, '?')) {
			*best = rank;
			reading->out->ready = operation.line + strlen("GET ");
		}
	}
}

/* ---- the document ---- */

/* The path of the first server: "https://api.example.com/v1" is "/v1"; Swagger 2 has basePath. */
static const char *prefix_of(const json_t *root, struct arena *arena)
{
	const json_t *server = json_array_get(json_object_get(root, "servers"), 0);
	const char *url = extjson_get_string(server, "url", "");
	const char *rest = strstr(url, "://");
	size_t length;

	if (!server)
		url = extjson_get_string(root, "basePath", "");
	else if (rest)
		url = strchr(rest + 3, '/') ? strchr(rest + 3, '/') : "";
	length = strcspn(url, "?#");
	while (length > 0 && url[length - 1] == '/')
		length--;
	if (*url != '/' || strpbrk(url, "{}\n\r\t ") || length > 200)
		return "";
	return arena_strndup(arena, url, length);
}

/* The header that the document's first security scheme asks for; no secret is in a document. */
static const char *header_of(const json_t *root, struct arena *arena)
{
	const json_t *components = json_object_get(root, "components");
	const json_t *schemes = json_object_get(components, "securitySchemes"), *entry;
	const char *name;

	schemes = schemes ? schemes : json_object_get(root, "securityDefinitions");
	json_object_foreach ((json_t *)(uintptr_t)schemes, name, entry) {
		const json_t *scheme = document_resolve(root, entry);
		const char *type = extjson_get_string(scheme, "type", "");
		const char *header = extjson_get_string(scheme, "name", "");

		if (text_equal(type, "apiKey") &&
		    text_equal(extjson_get_string(scheme, "in", ""), "header") && *header != '\0' &&
		    strspn(header, "-_abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(header))
			return arena_printf(arena, "%s: \"${env(API_KEY)}\"", header);
		if (text_equal(type, "http") || text_equal(type, "oauth2") ||
		    text_equal(type, "openIdConnect"))
			return "Authorization: \"Bearer ${env(API_TOKEN)}\"";
	}
	return NULL;
}

static bool is_openapi(const json_t *root)
{
	return (json_object_get(root, "openapi") || json_object_get(root, "swagger")) &&
	       json_is_object(json_object_get(root, "paths"));
}

int openapi_read(const char *path, struct openapi *out, struct error *err)
{
	AUTO_JSON json_t *root = NULL;
	AUTO(openapi) struct openapi openapi = {0};
	struct reading reading = {.out = &openapi};
	size_t best = ARRAY_SIZE(probes);
	const json_t *item;
	const char *name;

	if (document_load(path, &root, err))
		return -1;
	if (!is_openapi(root))
		return error_set(err, ERROR_USAGE, "%s: no OpenAPI document", path);
	reading.root = root;
	reading.prefix = prefix_of(root, &openapi.arena);
	openapi.path = arena_strdup(&openapi.arena, path);
	openapi.header = header_of(root, &openapi.arena);
	json_object_foreach (json_object_get(root, "paths"), name, item) {
		reading.path = name;
		reading.item = document_resolve(root, item);
		if (*name == '/')
			read_item(&reading, &best);
	}
	*out = openapi;
	openapi = (struct openapi){0};
	return 0;
}

void openapi_release(struct openapi *openapi)
{
	for (size_t i = 0; i < openapi->n_operations; i++)
		release_operation(&openapi->operations[i]);
	free(openapi->operations);
	free(openapi->left_out);
	arena_release(&openapi->arena);
}
