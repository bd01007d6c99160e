/*
 * Generators: files of CI systems, of git and of Docker from the configuration, one table row each.
 *
 * A generator turns settings and suite into the text of its files; it reads and writes nothing
 * itself. The same input gives the same bytes.
 *
 * What is put into a file is escaped for the place where it goes; what no
 * escaping makes safe (a baseline branch that is no valid git branch, an output
 * folder outside the checkout, "${{" in a command) is refused: ERROR_USAGE.
 */
#ifndef PERFGATE_WORKFLOW_GENERATORS_H
#define PERFGATE_WORKFLOW_GENERATORS_H

#include "perfgate/config/settings.h"
#include "perfgate/template/template.h"

#define GENERATOR_FILES_MAX 3

struct generated_file {
	const char *path; /* below the place; NULL ends the list */
	const char *template; /* below templates/ */
	enum template_escape escape;
	const char *when; /* a member of the view that must be true; NULL = always */
};

enum generator_place {
	PLACE_REPOSITORY, /* its root */
	PLACE_HOOKS, /* the folder of git's hooks; files are executable */
};

struct generator {
	const char *name; /* "github" */
	const char *title; /* "GitHub Actions workflow" */
	enum generator_place place;
	struct generated_file files[GENERATOR_FILES_MAX + 1];
	const char *const *extras; /* what --with takes, NULL-terminated; NULL = nothing */
	/* Add what only this target needs to the view; may be NULL. */
	int (*extend)(json_t *view, const struct settings *settings, struct error *err);
};

/* Ended by an empty row. */
extern const struct generator generators[];

/* By name; NULL with a suggestion in *err (ERROR_USAGE) when there is none. */
const struct generator *generator_find(const char *name, struct error *err);

/* Names with commas between them, to be printed. */
void generator_names(struct strbuf *out);

/*
 * What its templates see. `config_path` is the configuration's path from the repository's root when
 * CI cannot find it by itself (--config), else NULL. `with` are names of extras, NULL-terminated or
 * NULL; an unknown one is ERROR_USAGE.
 */
PG_MUST_CHECK int generator_view(const struct generator *generator, const struct settings *settings,
				 const char *config_path, const char *const *with, json_t **out,
				 struct error *err);

/* Does this configuration have it at all? */
bool generated_file_wanted(const struct generated_file *file, const json_t *view);

/* Append the file to *out. */
PG_MUST_CHECK int generated_file_render(const struct generated_file *file, const json_t *view,
					struct strbuf *out, struct error *err);

/* For the table's rows: github.c. */
int github_extend(json_t *view, const struct settings *settings, struct error *err);

#endif
