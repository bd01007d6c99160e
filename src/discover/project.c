#include "internal.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define COMMAND_MAX_BYTES 400
#define LEVELS 4
#define ENTRIES_MAX 20000
#define PATH_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-.~"

/* ---- what the finders share ---- */

char *project_read(const struct project *project, const char *name)
{
	AUTO_FREE char *path = fs_join(project->folder, name);
	struct strbuf text = {.max_bytes = PROJECT_FILE_MAX_BYTES};

	if (fs_read_file(&text, path, PROJECT_FILE_MAX_BYTES, ERROR_USAGE, NULL)) {
		strbuf_release(&text);
		return NULL;
	}
	return strbuf_take(&text);
}

bool project_has(const struct project *project, const char *name)
{
	AUTO_FREE char *path = fs_join(project->folder, name);

	return fs_exists(path) && !fs_is_directory(path);
}

const char *project_first(const struct project *project, const char *const *names)
{
	for (; *names; names++)
		if (project_has(project, *names))
			return *names;
	return NULL;
}

bool project_is_line(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > COMMAND_MAX_BYTES || !text_is_utf8(text, length))
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

const char *project_health_path(struct project *project, const char *command)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1", "0.0.0.0", "[::1]"};
	const char *scheme = strstr(command, "://"), *at;
	size_t length;

	for (size_t i = 0; scheme && i < ARRAY_SIZE(hosts); i++) {
		if (!text_starts_with(scheme + 3, hosts[i]))
			continue;
		at = scheme + 3 + strlen(hosts[i]);
		if (*at == ':')
			at += 1 + strspn(at + 1, "0123456789");
		length = *at == '/' ? strspn(at, PATH_CHARACTERS) : 0;
		if (length > 0 && length <= 200)
			return arena_strndup(&project->arena, at, length);
	}
	return NULL;
}

/* ---- OpenAPI documents ---- */

/* Folders that hold what others wrote, what was built, or examples for tests. */
static const char *const passed_by[] = {
	"node_modules", "vendor",   "build",	   "dist",	  "target",
	"out",		"venv",	    "env",	   "bin",	  "obj",
	"coverage",	"tmp",	    "test",	   "tests",	  "testdata",
	"spec_helper",	"fixtures", "third_party", "__pycache__", "perfgate-results",
};

struct folders {
	char **items; /* from the project's folder, "" is itself */
	size_t count, capacity;
};

static bool is_passed_by(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(passed_by); i++)
		if (text_equal(name, passed_by[i]))
			return true;
	return *name == '.';
}

/* openapi.yaml, openapi-v1.json, swagger.yml, api-docs.json … */
static bool is_document_name(const char *name)
{
	bool ending = text_ends_with(name, ".json") || text_ends_with(name, ".yaml") ||
		      text_ends_with(name, ".yml");

	return ending &&
	       (strncasecmp(name, "openapi", 7) == 0 || strncasecmp(name, "swagger", 7) == 0 ||
		strncasecmp(name, "api-docs", 8) == 0 || strncasecmp(name, "api.", 4) == 0);
}

static void visit_entry(struct project *project, const char *below, const struct dirent *entry,
			struct folders *next)
{
	AUTO_FREE char *path =
		*below != '\0' ? fs_join(below, entry->d_name) : xstrdup(entry->d_name);
	AUTO_FREE char *whole = fs_join(project->folder, path);
	struct stat info;

	if (lstat(whole, &info) != 0)
		return;
	if (S_ISDIR(info.st_mode) && !is_passed_by(entry->d_name))
		*VEC_PUSH(next->items, next->count, next->capacity) = TAKE(path);
	else if (S_ISREG(info.st_mode) && is_document_name(entry->d_name) &&
		 project->n_documents < PROJECT_DOCUMENTS_MAX && project_is_line(path))
		project->documents[project->n_documents++] = arena_strdup(&project->arena, path);
}

static void visit_folder(struct project *project, const char *below, size_t *entries,
			 struct folders *next)
{
	AUTO_FREE char *path =
		*below != '\0' ? fs_join(project->folder, below) : xstrdup(project->folder);
	struct dirent **list = NULL;
	int count = scandir(path, &list, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if ((*entries)++ < ENTRIES_MAX)
			visit_entry(project, below, list[i], next);
		free(list[i]);
	}
	free(list);
}

static void folders_clear(struct folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free(folders->items[i]);
	free(folders->items);
	*folders = (struct folders){0};
}

/* Level by level: what lies nearest to the top is the likeliest. */
void project_find_documents(struct project *project)
{
	struct folders level = {0};
	size_t entries = 0;

	*VEC_PUSH(level.items, level.count, level.capacity) = xstrdup("");
	for (int depth = 0; depth < LEVELS; depth++) {
		struct folders next = {0};

		for (size_t i = 0; i < level.count; i++)
			visit_folder(project, level.items[i], &entries, &next);
		folders_clear(&level);
		level = next;
	}
	folders_clear(&level);
}

/* ---- the whole ---- */

static bool (*const finders[])(struct project *project) = {
	find_procfile,	   find_compose_with_stores,
	find_package_json, find_python,
	find_go,	   find_cargo,
	find_makefile,	   find_dockerfile,
	find_compose,
};

void project_find(const char *folder, const char *proc, struct project *out)
{
	bool found = false;

	*out = (struct project){.folder = folder};
	project_find_documents(out);
	for (size_t i = 0; i < ARRAY_SIZE(finders) && !found; i++)
		found = finders[i](out);
	if (!found)
		find_listener(out, proc);
}

void project_release(struct project *project)
{
	arena_release(&project->arena);
}
