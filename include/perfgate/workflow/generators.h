/*
 * Generators: CI files from the configuration, one table row each.
 *
 * A generator turns settings and suite into the text of one file; it reads
 * and writes nothing itself. The same input gives the same bytes.
 *
 * What is put into a file is escaped for the place where it goes; what no
 * escaping makes safe (a baseline branch that is no valid git branch, an output
 * folder outside the checkout, "${{" in a command) is refused: ERROR_USAGE.
 */
#ifndef PERFGATE_WORKFLOW_GENERATORS_H
#define PERFGATE_WORKFLOW_GENERATORS_H

#include "perfgate/config/settings.h"
#include "perfgate/template/template.h"

struct generator {
	const char *name; /* "github" */
	const char *title; /* "GitHub Actions workflow" */
	const char *path; /* default, from the repository's root */
	const char *template; /* below templates/ */
	enum template_escape escape;
	/* Add what only this target needs to the view; may be NULL. */
	int (*extend)(json_t *view, const struct settings *settings, struct error *err);
};

/* Ended by an empty row. */
extern const struct generator generators[];

/* By name; NULL with a suggestion in *err (ERROR_USAGE) when there is none. */
const struct generator *generator_find(const char *name, struct error *err);

/*
 * Append the file to *out. `config_path` is the configuration's path from the
 * repository's root when CI cannot find it by itself (--config), else NULL.
 */
PG_MUST_CHECK int generator_render(const struct generator *generator,
				   const struct settings *settings, const char *config_path,
				   struct strbuf *out, struct error *err);

/* For the table's rows: github.c. */
int github_extend(json_t *view, const struct settings *settings, struct error *err);

#endif
