#include "perfgate/scenario/compile.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <stdio.h>
#include <string.h>

/* Names, values: the longest that servers commonly accept, all of it. */
#define MAX_TARGET 8000
#define MAX_DURATION_NS INT64_C(3600000000000)

static const char *const methods[] = {"GET",	"POST", "PUT",	   "PATCH",
				      "DELETE", "HEAD", "OPTIONS", NULL};
static const char *const task_keys[] = {"request", "headers", "query",	 "form",  "json",   "body",
					"timeout", "expect",  "capture", "think", "one_of", NULL};
/* Set by the transport, which alone knows the host, the length and the connection. */
static const char *const own_headers[] = {"host", "content-length", "connection",
					  "transfer-encoding", NULL};

/* --- the request line --- */

static bool is_known_method(const char *method)
{
	size_t i;

	for (i = 0; methods[i]; i++)
		if (text_equal(methods[i], method))
			return true;
	return false;
}

static int check_method(const char *method, const char *line, const struct place *place,
			struct error *err)
{
	char upper[16] = "";
	const char *near;
	size_t i;

	if (is_known_method(method))
		return 0;
	for (i = 0; method[i] && i + 1 < sizeof(upper); i++)
		upper[i] =
			(char)(method[i] >= 'a' && method[i] <= 'z' ? method[i] - 32 : method[i]);
	near = is_known_method(upper) ? upper : text_suggest(upper, methods);
	if (near)
		return place_error(place, err, "`%s`: unknown method `%s`: did you mean `%s`?",
				   line, method, near);
	return place_error(place, err,
			   "`%s`: write a method and a path, such as GET /items or POST /orders "
			   "@order.json",
			   line);
}

static int check_path(const char *path, const char *line, const struct place *place,
		      struct error *err)
{
	const char *at;

	if (text_starts_with(path, "http://") || text_starts_with(path, "https://"))
		return place_error(place, err,
				   "`%s`: write the path only; the host is given by target:", line);
	if (*path != '/' && !text_starts_with(path, "${capture."))
		return place_error(place, err, "`%s`: the path must begin with '/'", line);
	if (strlen(path) > MAX_TARGET)
		return place_error(place, err, "'%.40s…': the path is longer than %d bytes", line,
				   MAX_TARGET);
	for (at = path; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return place_error(place, err, "the path holds a control character");
		if (*at == '#')
			return place_error(place, err, "`%s`: a fragment (#) is never sent", line);
	}
	return 0;
}

/* Bytes of a path that must not go on the wire as they are: blanks and non-ASCII. */
static void build_path_literal(struct text_builder *builder, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if ((unsigned char)text[i] > 0x20 && (unsigned char)text[i] < 0x7f)
			build_bytes(builder, text + i, 1);
		else
			substitute_escape(ESCAPE_URL, text + i, 1, &builder->pending);
	}
}

/* The target, and beside it its name: no query, "${id}" as "{id}", calls as "{int}". */
static int build_target(struct text_builder *builder, const char *path, const struct place *place,
			struct strbuf *name, struct error *err)
{
	bool in_name = true;
	const char *at = path;

	while (*at) {
		struct slot *slot;
		size_t length;

		if (!text_starts_with(at, "${")) {
			length = strcspn(at + 1, "$?") + 1;
			in_name = in_name && *at != '?';
			build_path_literal(builder, at, length);
			if (in_name)
				strbuf_append(name, at, length);
			at += length;
			continue;
		}
		if (build_parse_slot(builder, at,
				     at == path && *path != '/' ? ESCAPE_TARGET : ESCAPE_URL, place,
				     &slot, &length, err))
			return -1;
		build_slot(builder, slot);
		if (in_name)
			strbuf_printf(name, "{%.*s}", (int)strcspn(at + 2, "(} "), at + 2);
		at += length;
	}
	return 0;
}

static int compile_target(struct compile *compile, const char *path, const struct yaml_node *query,
			  const struct place *place, struct request *out, struct error *err)
{
	AUTO(text_builder) struct text_builder builder = {.compile = compile};
	AUTO(strbuf) struct strbuf name = {0};

	out->captured_target = *path != '/';
	strbuf_printf(&name, "%s ", out->method);
	if (build_target(&builder, path, place, &name, err))
		return -1;
	out->name = arena_strdup(compile->arena, strbuf_text(&name));
	if (query && query->count) {
		build_bytes(&builder, strchr(path, '?') ? "&" : "?", 1);
		if (body_build_pairs(&builder, query, "query", err))
			return -1;
	}
	build_finish(&builder, &out->target);
	return 0;
}

/* "POST /orders @order.json" -> method, path, body file; slots may hold blanks. */
static int split_line(struct compile *compile, const char *line, const struct place *place,
		      struct request *out, const char **out_path, const char **out_file,
		      struct error *err)
{
	const char *text = value_trim(compile->arena, line, strlen(line));
	size_t length = strcspn(text, " \t"), depth = 0;
	const char *at;
	char *path;

	out->method = arena_strndup(compile->arena, text, length);
	if (check_method(out->method, line, place, err))
		return -1;
	path = value_trim(compile->arena, text + length, strlen(text + length));
	*out_file = NULL;
	for (at = path; *at; at++) {
		if (text_starts_with(at, "${"))
			depth++;
		else if (*at == '}' && depth)
			depth--;
		else if (!depth && (*at == ' ' || *at == '\t'))
			break;
	}
	if (*at) {
		const char *rest = value_trim(compile->arena, at, strlen(at));

		if (*rest != '@' || !rest[1])
			return place_error(place, err,
					   "`%s`: only @file may follow the path; write a blank in "
					   "a path as %%20",
					   line);
		*out_file = rest;
		path = arena_strndup(compile->arena, path, (size_t)(at - path));
	}
	*out_path = path;
	return check_path(path, line, place, err);
}

/* --- headers --- */

static int check_header(const struct yaml_node *key, const struct yaml_node *value,
			struct error *err)
{
	char lower[32] = "";
	const char *at;
	size_t i;

	/* RFC 9110 5.6.2 token. */
	if (!*key->text || key->text[strspn(key->text, "!#$%&'*+-.^_`|~0123456789"
						       "abcdefghijklmnopqrstuvwxyz"
						       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return extyaml_error(key, err, "`%s` is no header name", key->text);
	if (extyaml_expect(value, YAML_SCALAR, key->text, err))
		return -1;
	for (i = 0; key->text[i] && i + 1 < sizeof(lower); i++)
		lower[i] = (char)(key->text[i] >= 'A' && key->text[i] <= 'Z' ? key->text[i] + 32
									     : key->text[i]);
	for (i = 0; own_headers[i]; i++)
		if (text_equal(lower, own_headers[i]))
			return extyaml_error(key, err, "%s is set by perfgate", key->text);
	for (at = value->text; *at; at++)
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
			return extyaml_error(value, err,
					     "%s: a header value cannot hold line breaks or "
					     "control characters",
					     key->text);
	return 0;
}

static int compile_headers(struct compile *compile, const struct yaml_node *node,
			   const char *content_type, struct request *out, struct error *err)
{
	AUTO(text_builder) struct text_builder builder = {.compile = compile};
	size_t i, count = node ? node->count : 0;

	if (node && extyaml_expect(node, YAML_MAPPING, "headers", err))
		return -1;
	for (i = 0; i < count; i++) {
		const struct yaml_node *key = node->keys[i], *value = node->items[i];
		struct place place = {.node = value};

		if (check_header(key, value, err))
			return -1;
		if (!strcasecmp(key->text, "content-type"))
			content_type = NULL;
		/* A server may repeat it; what is drawn anew for each request is no secret. */
		if (!strstr(value->text, "${"))
			log_add_named_secret(key->text, value->text);
		build_bytes(&builder, key->text, strlen(key->text));
		build_bytes(&builder, ": ", 2);
		if (build_text(&builder, value->text, ESCAPE_HEADER, false, &place, err))
			return -1;
		build_bytes(&builder, "\r\n", 2);
	}
	if (content_type) {
		build_bytes(&builder, "Content-Type: ", 14);
		build_bytes(&builder, content_type, strlen(content_type));
		build_bytes(&builder, "\r\n", 2);
	}
	build_finish(&builder, &out->headers);
	return 0;
}

/* --- whole requests --- */

static int compile_body(struct compile *compile, const struct yaml_node *node, const char *file,
			const struct place *line_place, struct request *out, const char **out_type,
			struct error *err)
{
	const struct yaml_node *json = extyaml_get(node, "json"), *form = extyaml_get(node, "form"),
			       *body = extyaml_get(node, "body");
	struct place place = {.node = body};

	if (!!json + !!form + !!body + !!file > 1)
		return extyaml_error(node, err, "give one of json:, form:, body: and @file");
	if (file)
		return body_compile_text(compile, file, line_place, out, out_type, err);
	if (json) {
		*out_type = "application/json";
		return body_compile_json(compile, json, &out->body, err);
	}
	if (form) {
		*out_type = "application/x-www-form-urlencoded";
		return body_compile_form(compile, form, &out->body, err);
	}
	if (!body)
		return 0;
	if (extyaml_expect(body, YAML_SCALAR, "body", err))
		return -1;
	return body_compile_text(compile, body->text, &place, out, out_type, err);
}

static void finish_request(struct request *out)
{
	out->fixed = substitute_is_fixed(&out->target) && substitute_is_fixed(&out->headers) &&
		     substitute_is_fixed(&out->body);
}

int request_compile_line(struct compile *compile, const char *line, const struct place *place,
			 struct request *out, struct error *err)
{
	const char *path, *file, *type = NULL;

	if (split_line(compile, line, place, out, &path, &file, err) ||
	    compile_target(compile, path, NULL, place, out, err))
		return -1;
	if (file && body_compile_text(compile, file, place, out, &type, err))
		return -1;
	if (compile_headers(compile, NULL, type, out, err) ||
	    expect_compile(compile->arena, NULL, &out->expect, err))
		return -1;
	finish_request(out);
	return 0;
}

static int compile_think(const struct compile *compile, const struct yaml_node *node,
			 struct request *out, struct error *err)
{
	if (!compile->has_next)
		return extyaml_error(node, err,
				     "think: is the pause before the next step of a journey, and "
				     "there is none; between tasks the profile's wait: holds");
	return value_duration_range(node, "think", MAX_DURATION_NS, &out->think_min_ns,
				    &out->think_max_ns, err);
}

static int compile_mapping(struct compile *compile, const struct yaml_node *node,
			   struct request *out, struct error *err)
{
	const struct yaml_node *line = extyaml_get(node, "request");
	const struct yaml_node *timeout = extyaml_get(node, "timeout");
	const struct yaml_node *think = extyaml_get(node, "think");
	const struct yaml_node *capture = extyaml_get(node, "capture");
	struct place place = {.node = line};
	const char *path, *file, *type = NULL;

	if (extyaml_check_keys(node, task_keys, "a task", err))
		return -1;
	if (!line)
		return extyaml_error(node, err, "request: is missing, such as request: GET /items");
	if (extyaml_expect(line, YAML_SCALAR, "request", err) ||
	    split_line(compile, line->text, &place, out, &path, &file, err) ||
	    compile_target(compile, path, extyaml_get(node, "query"), &place, out, err) ||
	    compile_body(compile, node, file, &place, out, &type, err) ||
	    compile_headers(compile, extyaml_get(node, "headers"), type, out, err) ||
	    expect_compile(compile->arena, extyaml_get(node, "expect"), &out->expect, err))
		return -1;
	if (timeout && value_duration(timeout, "timeout", MAX_DURATION_NS, &out->timeout_ns, err))
		return -1;
	if (timeout && !out->timeout_ns)
		return extyaml_error(timeout, err, "timeout: must be above 0");
	if (think && compile_think(compile, think, out, err))
		return -1;
	/* Last: the step itself cannot use what its answer brings. */
	if (capture &&
	    capture_compile(compile->arena, compile->captures, capture, &out->captures, err))
		return -1;
	if (out->captures.json && text_equal(out->method, "HEAD"))
		return extyaml_error(capture, err, "capture: an answer to HEAD has no JSON");
	finish_request(out);
	return 0;
}

int request_compile(struct compile *compile, const struct yaml_node *node, struct request *out,
		    struct error *err)
{
	struct place place = {.node = node};

	if (node->kind == YAML_SEQUENCE)
		return extyaml_error(node, err, "a step of a journey is one request, not a list");
	if (node->kind == YAML_SCALAR)
		return request_compile_line(compile, node->text, &place, out, err);
	return compile_mapping(compile, node, out, err);
}

/* --- what the engine asks --- */

void user_state_init(struct user_state *user, uint64_t seed, uint64_t id)
{
	rng_seed(&user->rng, seed, id);
	user->id = id;
	user->sequence = 0;
	user->captures = NULL;
}

const char *request_name(const struct request *request)
{
	return request->name;
}

const char *request_method(const struct request *request)
{
	return request->method;
}

size_t request_endpoint(const struct request *request)
{
	return request->endpoint;
}

int64_t request_timeout_ns(const struct request *request)
{
	return request->timeout_ns;
}

void request_think(const struct request *request, int64_t *out_min_ns, int64_t *out_max_ns)
{
	*out_min_ns = request->think_min_ns;
	*out_max_ns = request->think_max_ns;
}

const struct capture_rules *request_captures(const struct request *request)
{
	return &request->captures;
}

bool request_target_is_captured(const struct request *request)
{
	return request->captured_target;
}

bool request_is_fixed(const struct request *request)
{
	return request->fixed;
}

void rendered_request_release(struct rendered_request *rendered)
{
	strbuf_release(&rendered->target);
	strbuf_release(&rendered->headers);
	strbuf_release(&rendered->body);
}

void request_render(const struct request *request, struct user_state *user,
		    struct rendered_request *out)
{
	struct render render;

	user->sequence++;
	render_init(&render, user);
	strbuf_clear(&out->target);
	strbuf_clear(&out->headers);
	strbuf_clear(&out->body);
	substitute_render(&request->target, &render, &out->target);
	substitute_render(&request->headers, &render, &out->headers);
	substitute_render(&request->body, &render, &out->body);
}

bool request_expects_status(const struct request *request, int status)
{
	return status >= 0 && status < 600 && request->expect.status[status];
}

bool request_expects_body(const struct request *request)
{
	return request->expect.n_rules > 0;
}

bool request_check_body(const struct request *request, const char *body, size_t length, char *why,
			size_t why_size)
{
	return expect_check(&request->expect, body, length, why, why_size);
}
