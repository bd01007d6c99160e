/* How an API is started, by the files that build tools and frameworks have. */
#include "internal.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define PORT_HINT "It must listen on $PORT, which perfgate sets; or put {port} into the command."

/* ---- lines ---- */

/* The next line of *at into `out` (cut at its size), without blanks at its end. */
static bool next_line(const char **at, char *out, size_t size)
{
	size_t length = strcspn(*at, "\n"), kept = length < size ? length : size - 1;

	if (**at == '\0')
		return false;
	memcpy(out, *at, kept);
	while (kept > 0 && isspace((unsigned char)out[kept - 1]))
		kept--;
	out[kept] = '\0';
	*at += length + ((*at)[length] == '\n');
	return true;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* ---- Procfile: "web: gunicorn app:app --bind :$PORT" ---- */

/* Every `mark` becomes {port}. */
static void put_port(const char *text, const char *mark, struct strbuf *out)
{
	for (const char *hit; (hit = strstr(text, mark)); text = hit + strlen(mark)) {
		strbuf_append(out, text, (size_t)(hit - text));
		strbuf_puts(out, "{port}");
	}
	strbuf_puts(out, text);
}

/* "KEY=value command": the value may be secret. */
static bool sets_variables(const char *command)
{
	size_t word = strcspn(command, " \t=");

	return command[word] == '=' || text_starts_with(command, "env ") ||
	       strstr(command, "://") || strstr(command, "=\"");
}

bool find_procfile(struct project *project)
{
	AUTO_FREE char *text = project_read(project, "Procfile");
	AUTO(strbuf) struct strbuf once = {0}, out = {0};
	const char *at = text ? text : "";
	char line[512];

	while (next_line(&at, line, sizeof line)) {
		const char *command = skip_blanks(line + strlen("web:"));

		if (!text_starts_with(line, "web:") || !project_is_line(command) ||
		    sets_variables(command))
			continue;
		put_port(command, "${PORT}", &once);
		put_port(strbuf_text(&once), "$PORT", &out);
		project->command = arena_strdup(&project->arena, strbuf_text(&out));
		project->from = "Procfile";
		return true;
	}
	return false;
}

/* ---- package.json ---- */

static const struct {
	const char *lock, *install, *run;
} node_tools[] = {
	{"pnpm-lock.yaml", "pnpm install --frozen-lockfile", "pnpm"},
	{"yarn.lock", "yarn install --frozen-lockfile", "yarn"},
	{"package-lock.json", "npm ci", "npm"},
	{NULL, "npm install", "npm"},
};

bool find_package_json(struct project *project)
{
	AUTO_FREE char *text = project_read(project, "package.json");
	AUTO_JSON json_t *package = NULL;
	const json_t *scripts;
	size_t tool = 0;

	if (!text ||
	    extjson_parse(text, strlen(text), PROJECT_FILE_MAX_BYTES, ERROR_USAGE, &package, NULL))
		return false;
	scripts = json_object_get(package, "scripts");
	if (!json_is_string(json_object_get(scripts, "start")))
		return false;
	while (node_tools[tool].lock && !project_has(project, node_tools[tool].lock))
		tool++;
	project->build = node_tools[tool].install;
	if (json_is_string(json_object_get(scripts, "build")))
		project->build = arena_printf(&project->arena, "%s && %s run build",
					      node_tools[tool].install, node_tools[tool].run);
	project->command = arena_printf(&project->arena, "%s start", node_tools[tool].run);
	project->from = "package.json";
	project->hint = PORT_HINT;
	return true;
}

/* ---- Python ---- */

/* "app = FastAPI(" -> app; false when the line is none. */
static bool read_application(const char *line, const char *class, char *out, size_t size)
{
	size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				     "0123456789");
	const char *rest = skip_blanks(line + length);

	if (length == 0 || length >= size)
		return false;
	if (*rest == ':')
		rest = strchr(rest, '=') ? strchr(rest, '=') : rest;
	if (*rest != '=')
		return false;
	rest = skip_blanks(rest + 1);
	if (text_starts_with(rest, "fastapi."))
		rest += strlen("fastapi.");
	if (!text_starts_with(rest, class) || rest[strlen(class)] != '(')
		return false;
	snprintf(out, size, "%.*s", (int)length, line);
	return true;
}

/* "app/main.py" -> "app.main" */
static const char *module_of(struct project *project, const char *file)
{
	char *module = arena_strndup(&project->arena, file, strlen(file) - strlen(".py"));

	if (text_ends_with(module, "/__init__"))
		module[strlen(module) - strlen("/__init__")] = '\0';
	for (char *c = module; *c != '\0'; c++)
		*c = *c == '/' ? '.' : *c;
	return module;
}

/* The lock file tells by what the program is started. */
static const char *python_runner(const struct project *project)
{
	if (project_has(project, "uv.lock"))
		return "uv run ";
	return project_has(project, "poetry.lock") ? "poetry run " : "";
}

static bool read_python_file(struct project *project, const char *file)
{
	AUTO_FREE char *text = project_read(project, file);
	bool in_src = text_starts_with(file, "src/");
	const char *runner = python_runner(project), *at = text ? text : "", *module;
	char line[512], name[64];

	while (next_line(&at, line, sizeof line)) {
		bool fast = read_application(line, "FastAPI", name, sizeof name);

		if (!fast && !read_application(line, "Flask", name, sizeof name))
			continue;
		module = module_of(project, file + (in_src ? strlen("src/") : 0));
		if (fast)
			project->command =
				arena_printf(&project->arena,
					     "%suvicorn%s %s:%s --host 127.0.0.1 --port {port}",
					     runner, in_src ? " --app-dir src" : "", module, name);
		else
			project->command = arena_printf(&project->arena,
							"%sflask --app %s%s:%s run --port {port}",
							runner, in_src ? "src." : "", module, name);
		project->from = arena_strdup(&project->arena, file);
		return true;
	}
	return false;
}

bool find_python(struct project *project)
{
	static const char *const files[] = {
		"main.py",     "app.py",	  "api.py",	     "server.py",
		"asgi.py",     "wsgi.py",	  "app/main.py",     "app/__init__.py",
		"app/app.py",  "src/main.py",	  "src/app.py",	     "src/app/main.py",
		"api/main.py", "backend/main.py", "src/api/main.py", "server/main.py",
	};

	if (project_has(project, "manage.py")) {
		project->command =
			arena_printf(&project->arena,
				     "%spython3 manage.py runserver --noreload 127.0.0.1:{port}",
				     python_runner(project));
		project->from = "manage.py";
		project->hint = "The development server is slower than what runs in production.";
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (read_python_file(project, files[i]))
			return true;
	return false;
}

/* ---- Go ---- */

static bool is_go_server(const struct project *project, const char *file)
{
	static const char *const signs[] = {"net/http",	     "ListenAndServe", "gin-gonic",
					    "labstack/echo", "gofiber",	       ".Listen(",
					    "server",	     "Server"};
	AUTO_FREE char *text = project_read(project, file);

	for (size_t i = 0; text && i < ARRAY_SIZE(signs); i++)
		if (strstr(text, signs[i]))
			return strstr(text, "package main") != NULL;
	return false;
}

/* "cmd/NAME" with a server in its main.go, the first by name; heap, or NULL. */
static char *find_go_command(const struct project *project)
{
	AUTO_FREE char *folder = fs_join(project->folder, "cmd");
	struct dirent **list = NULL;
	int count = scandir(folder, &list, NULL, alphasort);
	char *out = NULL;

	for (int i = 0; i < count; i++) {
		AUTO_FREE char *file = xasprintf("cmd/%s/main.go", list[i]->d_name);
		size_t plain = strspn(list[i]->d_name, "abcdefghijklmnopqrstuvwxyz"
						       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

		if (!out && list[i]->d_name[plain] == '\0' && is_go_server(project, file))
			out = xasprintf("./cmd/%s", list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return out;
}

bool find_go(struct project *project)
{
	AUTO_FREE char *below = NULL;

	if (!project_has(project, "go.mod"))
		return false;
	if (is_go_server(project, "main.go"))
		below = xstrdup(".");
	else
		below = find_go_command(project);
	if (!below)
		return false;
	project->build = arena_printf(&project->arena, "go build -o build/server %s", below);
	project->command = "build/server";
	project->from = "go.mod";
	project->hint = PORT_HINT;
	return true;
}

/* ---- Rust ---- */

/* The value of `name = "…"` in the section [package]. */
static const char *cargo_name(struct project *project, const char *text)
{
	bool inside = false;
	char line[512], name[128];

	while (next_line(&text, line, sizeof line)) {
		if (*line == '[')
			inside = text_equal(line, "[package]");
		if (inside && sscanf(line, "name = \"%127[A-Za-z0-9_-]\"", name) == 1)
			return arena_strdup(&project->arena, name);
	}
	return NULL;
}

bool find_cargo(struct project *project)
{
	static const char *const servers[] = {"axum",  "actix-web", "rocket", "warp",
					      "hyper", "poem",	    "salvo",  "tide"};
	AUTO_FREE char *text = project_read(project, "Cargo.toml");
	const char *name = text ? cargo_name(project, text) : NULL;
	bool serves = false;

	for (size_t i = 0; name && i < ARRAY_SIZE(servers); i++)
		serves = serves || strstr(text, servers[i]);
	if (!serves)
		return false;
	project->build = "cargo build --release --locked";
	project->command = arena_printf(&project->arena, "target/release/%s", name);
	project->from = "Cargo.toml";
	project->hint = PORT_HINT;
	return true;
}

/* ---- make ---- */

static bool has_rule(const char *text, const char *name)
{
	size_t length = strlen(name);
	char line[512];

	while (next_line(&text, line, sizeof line))
		if (text_starts_with(line, name) && *skip_blanks(line + length) == ':' &&
		    skip_blanks(line + length)[1] != '=')
			return true;
	return false;
}

bool find_makefile(struct project *project)
{
	static const char *const files[] = {"GNUmakefile", "Makefile", "makefile", NULL};
	static const char *const rules[] = {"run", "serve", "start"};
	const char *file = project_first(project, files);
	AUTO_FREE char *text = file ? project_read(project, file) : NULL;

	for (size_t i = 0; text && i < ARRAY_SIZE(rules); i++) {
		if (!has_rule(text, rules[i]))
			continue;
		project->command = arena_printf(&project->arena, "make %s", rules[i]);
		project->build = has_rule(text, "build") ? "make build" : NULL;
		project->from = file;
		project->hint = PORT_HINT;
		return true;
	}
	return false;
}
