/* From the defaults over the file and the environment to settings. */
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "ci_cd_config.yml"
#define PREFIX_MAX 128
#define KEYS_MAX 64

static const char *environ_get(const char *const *environ_, const char *name)
{
	size_t length = strlen(name);
	for (; environ_ != NULL && *environ_ != NULL; environ_++)
		if (strncmp(*environ_, name, length) == 0 && (*environ_)[length] == '=')
			return (*environ_)[length + 1] != '\0' ? *environ_ + length + 1 : NULL;
	return NULL;
}

/* Anything there counts, a dangling link too: reading it then says what is wrong. */
static bool is_there(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static bool is_repository_root(const char *folder)
{
	AUTO_FREE char *git = xasprintf("%s.git", folder);
	return is_there(git);
}

static bool is_file_system_root(const char *folder)
{
	struct stat here;
	struct stat root;
	return stat(*folder != '\0' ? folder : ".", &here) != 0 || stat("/", &root) != 0 ||
	       (here.st_dev == root.st_dev && here.st_ino == root.st_ino);
}

/* How many folders up the repository's root is; 0 outside of one. */
static int levels_to_root(void)
{
	AUTO(strbuf) struct strbuf folder = {.max_bytes = PATH_MAX};
	for (int level = 0;; level++) {
		if (is_repository_root(strbuf_text(&folder)))
			return level;
		if (is_file_system_root(strbuf_text(&folder)))
			return 0;
		strbuf_puts(&folder, "../");
	}
}

/* The configuration file as a path from the current folder, heap, or NULL. */
static char *find_file(void)
{
	static const char *const names[] = {FILE_NAME, "performance/" FILE_NAME};
	AUTO(strbuf) struct strbuf folder = {.max_bytes = PATH_MAX};
	for (int levels = levels_to_root(); levels >= 0; levels--) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			AUTO_FREE char *path = xasprintf("%s%s", strbuf_text(&folder), names[i]);
			if (is_there(path))
				return TAKE(path);
		}
		strbuf_puts(&folder, "../");
	}
	return NULL;
}

static void choose_file(struct settings *settings, const char *given_path,
			const char *const *environ_)
{
	struct arena *arena = &settings->store->arena;
	const char *named =
		given_path != NULL ? given_path : environ_get(environ_, "PERFGATE_CONFIG");
	settings->file_given = named != NULL;
	if (named != NULL) {
		settings->file = arena_strdup(arena, named);
		return;
	}
	AUTO_FREE char *found = find_file();
	if (found != NULL)
		settings->file = arena_strdup(arena, found);
	else
		log_info("no " FILE_NAME " found: the built-in defaults hold");
}

static struct settings *new_settings(void)
{
	struct settings *settings = xcalloc(1, sizeof *settings);
	settings->store = xcalloc(1, sizeof *settings->store);
	settings->store->origins = xcalloc(setting_table_count, sizeof(const char *));
	gate_limits_init(&settings->gates);
	gate_limits_init(&settings->env_gates);
	return settings;
}

/* In a file a gate that is absent is not gated; without a file the defaults are the gates. */
static int apply_defaults(struct settings *settings, struct error *err)
{
	const struct setting_source source = {0};
	static const struct yaml_node nothing = {.kind = YAML_SCALAR, .text = "", .plain = true};
	for (size_t i = 0; i < setting_table_count; i++) {
		const struct setting_row *row = &setting_table[i];
		bool absent_gate = (row->flags & SETTING_GATE) != 0 && settings->file != NULL;
		bool none = row->fallback == NULL || absent_gate;
		if (none && (row->flags & SETTING_NULLABLE) == 0)
			continue;
		int result = none ? setting_apply_node(settings, row, &nothing, err)
				  : setting_apply_text(settings, row, &source, row->fallback, err);
		if (result != 0)
			return -1;
		if (none)
			settings->store->origins[i] = NULL;
	}
	return 0;
}

/* The members that a section may have: the next word of every key below `prefix`. */
static void list_members(const char *prefix, char (*words)[PREFIX_MAX], const char **known)
{
	size_t length = strlen(prefix);
	size_t count = 0;
	for (size_t i = 0; i < setting_table_count && count + 1 < KEYS_MAX; i++) {
		const char *key = setting_table[i].key;
		if ((setting_table[i].flags & SETTING_VARIABLE_ONLY) != 0 ||
		    strncmp(key, prefix, length) != 0)
			continue;
		char *word = words[count];
		(void)snprintf(word, PREFIX_MAX, "%.*s", (int)strcspn(key + length, "."),
			       key + length);
		if (count == 0 || !text_equal(known[count - 1], word))
			known[count++] = word;
	}
	known[count] = NULL;
}

/* A known key in the wrong section is told where it belongs. */
static int check_misplaced(const struct yaml_node *mapping, const char *prefix, struct error *err)
{
	for (size_t i = 0; i < mapping->count; i++) {
		const char *word = mapping->keys[i]->text;
		AUTO_FREE char *here = xasprintf("%s%s", prefix, word);
		if (setting_find(here) != NULL || setting_is_section(here))
			continue;
		for (size_t j = 0; j < setting_table_count; j++) {
			const char *key = setting_table[j].key;
			const char *last = strrchr(key, '.');
			if (last != NULL && text_equal(last + 1, word))
				return extyaml_error(mapping->keys[i], err,
						     "unknown key `%s` here: it belongs in `%.*s`",
						     word, (int)(last - key), key);
		}
	}
	return 0;
}

static int check_members(const struct yaml_node *mapping, const char *prefix,
			 const struct setting_row *self, struct error *err)
{
	char words[KEYS_MAX][PREFIX_MAX];
	const char *known[KEYS_MAX + 1];
	char where[PREFIX_MAX];
	list_members(prefix, words, known);
	size_t count = 0;
	while (known[count] != NULL)
		count++;
	if (self != NULL && count < KEYS_MAX) {
		known[count] = self->scalar_key;
		known[count + 1] = NULL;
	}
	size_t length = strlen(prefix);
	(void)snprintf(where, sizeof where, "%.*s", length > 0 ? (int)length - 1 : 0, prefix);
	struct error unknown = ERROR_INIT;
	if (extyaml_check_keys(mapping, known, where, &unknown) == 0)
		return 0;
	if (strstr(unknown.message, "did you mean") == NULL && self == NULL &&
	    check_misplaced(mapping, prefix, err) != 0)
		return -1;
	*err = unknown;
	return -1;
}

static int check_target_form(const struct yaml_node *mapping, struct error *err)
{
	bool command = extyaml_get(mapping, "command") != NULL;
	bool url = extyaml_get(mapping, "url") != NULL;
	if (command && url)
		return extyaml_error(mapping, err, "target: give `command` or `url`, not both");
	if (!command && !url)
		return extyaml_error(mapping, err,
				     "target: `command` is missing (or `url`): what is tested?");
	return 0;
}

static int walk(struct settings *settings, const struct yaml_node *mapping, const char *prefix,
		const struct setting_row *self, struct error *err);

/* The value of `key`: a section, or a value of its own. */
static int apply_member(struct settings *settings, const char *key, const struct yaml_node *value,
			struct error *err)
{
	const struct setting_row *row = setting_find(key);
	if (!setting_is_section(key))
		return setting_apply_node(settings, row, value, err);
	if (value->kind == YAML_SEQUENCE ||
	    (row == NULL && value->kind == YAML_SCALAR && !extyaml_is_null(value)))
		return extyaml_expect(value, YAML_MAPPING, key, err);
	if (value->kind == YAML_SCALAR)
		return row != NULL ? setting_apply_node(settings, row, value, err) : 0;
	if (text_equal(key, "target") && check_target_form(value, err) != 0)
		return -1;
	AUTO_FREE char *below = xasprintf("%s.", key);
	return walk(settings, value, below, row, err);
}

static int walk(struct settings *settings, const struct yaml_node *mapping, const char *prefix,
		const struct setting_row *self, struct error *err)
{
	if (check_members(mapping, prefix, self, err) != 0)
		return -1;
	for (size_t i = 0; i < mapping->count; i++) {
		const char *word = mapping->keys[i]->text;
		AUTO_FREE char *key = xasprintf("%s%s", prefix, word);
		bool own = self != NULL && text_equal(word, self->scalar_key);
		int result = own ? setting_apply_node(settings, self, mapping->items[i], err)
				 : apply_member(settings, key, mapping->items[i], err);
		if (result != 0)
			return -1;
	}
	return 0;
}

static int apply_document(struct settings *settings, struct error *err)
{
	const struct yaml_node *root = extyaml_root(settings->store->document);
	if (extyaml_expect(root, YAML_MAPPING, NULL, err) != 0)
		return -1;
	return walk(settings, root, "", NULL, err);
}

static int read_file(struct settings *settings, struct error *err)
{
	if (settings->file == NULL)
		return 0;
	if (extyaml_load(settings->file, &settings->store->document, err) != 0)
		return -1;
	return apply_document(settings, err);
}

int settings_load(const char *given_path, const char *const *environ_, struct settings **out,
		  struct error *err)
{
	AUTO(settings) struct settings *settings = new_settings();
	choose_file(settings, given_path, environ_);
	if (apply_defaults(settings, err) != 0 || read_file(settings, err) != 0 ||
	    settings_overlay(settings, environ_, err) != 0)
		return -1;
	settings_resolve(settings);
	*out = TAKE(settings);
	return 0;
}

int settings_load_text(const char *text, size_t length, const char *name,
		       const char *const *environ_, struct settings **out, struct error *err)
{
	AUTO(settings) struct settings *settings = new_settings();
	settings->file = arena_strdup(&settings->store->arena, name);
	if (apply_defaults(settings, err) != 0 ||
	    extyaml_parse(text, length, name, &settings->store->document, err) != 0 ||
	    apply_document(settings, err) != 0 || settings_overlay(settings, environ_, err) != 0)
		return -1;
	settings_resolve(settings);
	*out = TAKE(settings);
	return 0;
}

int settings_set(struct settings *settings, const char *key, const char *text, const char *origin,
		 struct error *err)
{
	const struct setting_source source = {.name = origin};
	const struct setting_row *row = setting_find(key);
	if (row == NULL)
		return error_set(err, ERROR_INTERNAL, "%s: no setting `%s`", origin, key);
	if (setting_apply_text(settings, row, &source, text, err) != 0)
		return -1;
	settings_resolve(settings);
	return 0;
}
