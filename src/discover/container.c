/* Dockerfile and compose file: port, health check, data stores; never an environment. */
#include "internal.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/discover/document.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PORT_MAX 65535

/* Digits of a port at the beginning of the text, 0 when there is none. */
static int port_at(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	AUTO_FREE char *number = xstrndup(text, digits);
	const char *why;
	int64_t port;

	if (digits == 0 || digits > 5 || units_parse_integer(number, &port, &why) || port < 1 ||
	    port > PORT_MAX)
		return 0;
	return (int)port;
}

/* ---- Dockerfile ---- */

/* A whole instruction, with the lines that a backslash continues; false at the end. */
static bool next_instruction(const char **at, struct strbuf *out)
{
	strbuf_clear(out);
	while (**at != '\0') {
		size_t length = strcspn(*at, "\n"), kept = length;
		const char *line = *at;

		*at += length + (line[length] == '\n');
		while (kept > 0 && isspace((unsigned char)line[kept - 1]))
			kept--;
		if (out->length == 0 && (kept == 0 || line[strspn(line, " \t")] == '#'))
			continue;
		if (kept == 0 || line[kept - 1] != '\\') {
			strbuf_append(out, line, kept);
			return true;
		}
		strbuf_append(out, line, kept - 1);
		strbuf_putc(out, ' ');
	}
	return out->length > 0;
}

static const char *instruction_value(const char *text, const char *name)
{
	size_t length = strlen(name);

	text += strspn(text, " \t");
	if (strncasecmp(text, name, length) != 0 || !isspace((unsigned char)text[length]))
		return NULL;
	return text + length + strspn(text + length, " \t");
}

bool find_dockerfile(struct project *project)
{
	AUTO_FREE char *text = project_read(project, "Dockerfile");
	AUTO(strbuf) struct strbuf line = {.max_bytes = 8192};
	const char *at = text ? text : "", *value;
	int port = 0;

	while (next_instruction(&at, &line)) {
		value = instruction_value(strbuf_text(&line), "EXPOSE");
		if (value && port_at(value))
			port = port_at(value);
		value = instruction_value(strbuf_text(&line), "HEALTHCHECK");
		if (value && project_health_path(project, value))
			project->ready = project_health_path(project, value);
	}
	if (port == 0) {
		project->ready = NULL;
		return false;
	}
	project->build = "docker build -t perfgate-target .";
	project->command =
		arena_printf(&project->arena,
			     "exec docker run --rm --init -p 127.0.0.1:{port}:%d perfgate-target",
			     port);
	project->from = "Dockerfile";
	project->hint = "Started without a container, its figures would be steadier.";
	return true;
}

/* ---- compose ---- */

static const struct {
	const char *image, *name;
} store_images[] = {
	{"postgres", "PostgreSQL"}, {"postgis", "PostgreSQL"},	{"timescale", "PostgreSQL"},
	{"redis", "Redis"},	    {"valkey", "Redis"},	{"mysql", "MySQL"},
	{"mariadb", "MariaDB"},	    {"mongo", "MongoDB"},	{"elasticsearch", "Elasticsearch"},
	{"rabbitmq", "RabbitMQ"},   {"memcached", "Memcached"}, {"kafka", "Kafka"},
};

/* "docker.io/library/postgres:16" is PostgreSQL. */
static const char *store_of(const json_t *service)
{
	const char *image = extjson_get_string(service, "image", "");
	const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;

	for (size_t i = 0; i < ARRAY_SIZE(store_images); i++)
		if (text_starts_with(name, store_images[i].image))
			return store_images[i].name;
	return NULL;
}

/* "${PORT:-8080}" has a default, "${PORT}" has none. */
static int port_with_default(const char *text)
{
	const char *mark;

	if (!text_starts_with(text, "${"))
		return port_at(text);
	mark = strpbrk(text, "-}");
	return mark && *mark == '-' ? port_at(mark + 1) : 0;
}

/* "8080:80", "127.0.0.1:8080:80/tcp": the published one; 0 when it changes from start to start. */
static int published_in_text(const char *text)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *last = NULL, *before = NULL;
	int depth = 0;

	for (char *c = copy; *c != '\0'; c++) {
		depth += *c == '{' ? 1 : *c == '}' ? -1 : 0;
		if (*c != ':' || depth > 0)
			continue;
		before = last;
		last = c;
	}
	if (!last)
		return 0;
	*last = '\0';
	return port_with_default(before ? before + 1 : copy);
}

static int published_port(const json_t *root, const json_t *service)
{
	const json_t *ports = document_member(root, service, "ports"), *one;
	size_t i;

	json_array_foreach (ports, i, one) {
		const json_t *published = json_object_get(one, "published");
		int port = 0;

		if (json_is_string(one))
			port = published_in_text(json_string_value(one));
		else if (json_is_integer(published))
			port = (int)json_integer_value(published);
		else if (json_is_string(published))
			port = port_with_default(json_string_value(published));
		if (port > 0 && port <= PORT_MAX)
			return port;
	}
	return 0;
}

static void read_health(struct project *project, const json_t *service)
{
	const json_t *test = json_object_get(json_object_get(service, "healthcheck"), "test"),
		     *word;
	size_t i;

	if (json_is_string(test))
		project->ready = project_health_path(project, json_string_value(test));
	json_array_foreach (test, i, word)
		if (json_is_string(word) && !project->ready)
			project->ready = project_health_path(project, json_string_value(word));
}

static void add_store(struct project *project, const char *store)
{
	for (size_t i = 0; i < project->n_stores; i++)
		if (text_equal(project->stores[i], store))
			return;
	if (project->n_stores < PROJECT_STORES_MAX)
		project->stores[project->n_stores++] = store;
}

/* The API is what is built here and publishes a port, else what publishes one and is no store. */
static const json_t *find_service(struct project *project, const json_t *root, int *out_port)
{
	const json_t *services = json_object_get(root, "services"), *service, *found = NULL;
	bool built = false;
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)services, name, service) {
		bool builds = json_object_get(service, "build") != NULL;
		int port = published_port(root, service);

		if (store_of(service)) {
			add_store(project, store_of(service));
		} else if (port > 0 && (!found || (builds && !built))) {
			found = service;
			*out_port = port;
			built = builds;
		}
	}
	return found;
}

static bool read_compose(struct project *project, bool with_stores)
{
	static const char *const files[] = {"compose.yaml", "compose.yml", "docker-compose.yaml",
					    "docker-compose.yml", NULL};
	const char *file = project_first(project, files);
	AUTO_FREE char *path = file ? fs_join(project->folder, file) : NULL;
	AUTO_JSON json_t *root = NULL;
	const json_t *service;
	int port = 0;

	project->n_stores = 0;
	if (!path || document_load(path, &root, NULL))
		return false;
	service = find_service(project, root, &port);
	if (!service || (with_stores && project->n_stores == 0))
		return false;
	read_health(project, service);
	project->url = arena_printf(&project->arena, "http://127.0.0.1:%d", port);
	project->from = file;
	project->hint = "Start it first: docker compose up --build --detach --wait";
	return true;
}

bool find_compose_with_stores(struct project *project)
{
	return read_compose(project, true);
}

bool find_compose(struct project *project)
{
	return read_compose(project, false);
}
