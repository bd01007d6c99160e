/* The environment over the file. An empty variable counts as unset. */
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <string.h>

/* Variables that begin like settings and are none. */
static const char *const other_variables[] = {"CONFIG", NULL};

static bool is_named(const char *entry, const char *name)
{
	size_t length = strlen(name);
	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static const char *find_variable(const char *const *environ_, const char *name)
{
	for (; *environ_ != NULL; environ_++)
		if (is_named(*environ_, name))
			return *environ_ + strlen(name) + 1;
	return NULL;
}

static int apply_variable(struct settings *settings, const struct setting_row *row,
			  const char *const *environ_, const char *name, bool *done,
			  struct error *err)
{
	const struct setting_source source = {.name = name};
	const char *text = find_variable(environ_, name);
	if (text == NULL || *text == '\0' || *done)
		return 0;
	*done = true;
	return setting_apply_text(settings, row, &source, text, err);
}

static int overlay_row(struct settings *settings, const struct setting_row *row,
		       const char *const *environ_, struct error *err)
{
	bool done = false;
	if ((row->flags & SETTING_VARIABLE_ONLY) == 0) {
		AUTO_FREE char *derived = setting_variable(row);
		if (apply_variable(settings, row, environ_, derived, &done, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < SETTING_VARIABLES_MAX && row->variables[i] != NULL; i++)
		if (apply_variable(settings, row, environ_, row->variables[i], &done, err) != 0)
			return -1;
	return 0;
}

struct names {
	char **items; /* without "PERFGATE_"; NULL-terminated */
	size_t count;
};

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}
DEFINE_AUTO_VALUE(names, struct names, names_release)

static void add_name(struct names *names, const char *name)
{
	if (text_starts_with(name, "PERFGATE_"))
		names->items[names->count++] = xstrdup(name + strlen("PERFGATE_"));
}

static void list_names(struct names *out)
{
	size_t most =
		setting_table_count * (SETTING_VARIABLES_MAX + 1) + ARRAY_SIZE(other_variables);
	out->items = xcalloc(most + 1, sizeof(char *));
	for (size_t i = 0; i < setting_table_count; i++) {
		const struct setting_row *row = &setting_table[i];
		AUTO_FREE char *derived = setting_variable(row);
		if ((row->flags & SETTING_VARIABLE_ONLY) == 0)
			add_name(out, derived);
		for (size_t j = 0; j < SETTING_VARIABLES_MAX && row->variables[j] != NULL; j++)
			add_name(out, row->variables[j]);
	}
	for (size_t i = 0; other_variables[i] != NULL; i++)
		out->items[out->count++] = xstrdup(other_variables[i]);
}

static bool is_listed(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (text_equal(names->items[i], name))
			return true;
	return false;
}

/* A mistyped gate must not switch itself off; names that resemble nothing are others'. */
static int refuse_mistyped(const char *const *environ_, struct error *err)
{
	AUTO(names) struct names names = {0};
	list_names(&names);
	for (; *environ_ != NULL; environ_++) {
		if (!text_starts_with(*environ_, "PERFGATE_"))
			continue;
		const char *start = *environ_ + strlen("PERFGATE_");
		AUTO_FREE char *name = xstrndup(start, strcspn(start, "="));
		if (strlen(name) > 128 || is_listed(&names, name))
			continue;
		const char *close = text_suggest(name, (const char *const *)names.items);
		if (close != NULL)
			return error_set(err, ERROR_USAGE,
					 "PERFGATE_%s: unknown variable: did you mean PERFGATE_%s?",
					 name, close);
	}
	return 0;
}

int settings_overlay(struct settings *settings, const char *const *environ_, struct error *err)
{
	if (environ_ == NULL)
		return 0;
	if (refuse_mistyped(environ_, err) != 0)
		return -1;
	for (size_t i = 0; i < setting_table_count; i++)
		if (overlay_row(settings, &setting_table[i], environ_, err) != 0)
			return -1;
	return 0;
}
