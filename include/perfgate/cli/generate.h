/*
 * What `generate` does with the files of a generator: compare with what is there, show, write.
 *
 * All or nothing: where one file is refused none is written. A symbolic link is replaced, never
 * followed.
 */
#ifndef PERFGATE_CLI_GENERATE_H
#define PERFGATE_CLI_GENERATE_H

#include "perfgate/workflow/generators.h"

/* One file to be written, and what is there. */
struct generate_item {
	const struct generated_file *file;
	char *path;
	struct strbuf text;
	bool exists, differs;
};

struct generate_plan {
	const struct generator *generator;
	struct generate_item items[GENERATOR_FILES_MAX];
	size_t count;
};

void generate_plan_release(struct generate_plan *plan);
DEFINE_AUTO_VALUE(generate_plan, struct generate_plan, generate_plan_release)

/*
 * Render what the view wants, to go below `folder`. `output` (may be NULL) is another place: a file
 * where the generator has one only, else a folder. *out begins empty.
 */
PG_MUST_CHECK int generate_plan(const struct generator *generator, const json_t *view,
				const char *folder, const char *output, struct generate_plan *out,
				struct error *err);

/*
 * Print how existing files differ, and write. ERROR_USAGE for a file with other content unless
 * `force`; `dry_run`: only show.
 */
PG_MUST_CHECK int generate_deliver(struct generate_plan *plan, bool force, bool dry_run,
				   struct error *err);

/* The texts on standard output, each below its name when there are several. */
PG_MUST_CHECK int generate_print(const struct generate_plan *plan, struct error *err);

#endif
