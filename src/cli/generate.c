#include "perfgate/cli/generate.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/cli.h"
#include "perfgate/workflow/diff.h"

#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)

void generate_plan_release(struct generate_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->items[i].path);
		strbuf_release(&plan->items[i].text);
	}
}

/* --output is a file where there is one only, else a folder in place of the repository's root. */
static char *path_of(const struct generated_file *file, const char *folder, const char *output,
		     bool several)
{
	return output != NULL && !several ? xstrdup(output)
					  : fs_join(output != NULL ? output : folder, file->path);
}

int generate_plan(const struct generator *generator, const json_t *view, const char *folder,
		  const char *output, struct generate_plan *out, struct error *err)
{
	bool several = generator->files[1].path != NULL;

	out->generator = generator;
	for (const struct generated_file *file = generator->files; file->path != NULL; file++) {
		struct generate_item *item = &out->items[out->count];

		if (!generated_file_wanted(file, view))
			continue;
		item->file = file;
		item->path = path_of(file, folder, output, several);
		out->count++;
		if (generated_file_render(file, view, &item->text, err) != 0)
			return -1;
	}
	return 0;
}

/* The folder of a path, made when it is absent. */
static int make_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = NULL;

	if (slash == NULL || slash == path)
		return 0;
	folder = xstrndup(path, (size_t)(slash - path));
	return fs_make_dirs(folder, err);
}

/* As the umask lets others read it. */
static int make_executable(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) != 0 || chmod(path, st.st_mode | ((st.st_mode & 0444) >> 2)) != 0)
		return error_set_errno(err, ERROR_DELIVERY, "cannot make %s executable", path);
	return 0;
}

static int put(const struct generator *generator, const struct generate_item *item,
	       struct error *err)
{
	if (make_folder(item->path, err) != 0 ||
	    fs_write_file(item->path, strbuf_text(&item->text), item->text.length, err) != 0)
		return -1;
	if (generator->place == PLACE_HOOKS && make_executable(item->path, err) != 0)
		return -1;
	log_info("wrote %s", item->path);
	return 0;
}

/* Look at what is there; show how it differs. */
static int look(struct generate_item *item, struct error *err)
{
	AUTO(strbuf) struct strbuf old = {0};
	AUTO(strbuf) struct strbuf diff = {0};

	item->exists = fs_exists(item->path);
	if (!item->exists)
		return 0;
	if (fs_read_file(&old, item->path, FILE_BYTES_MAX, ERROR_USAGE, err) != 0)
		return -1;
	item->differs = old.length != item->text.length ||
			!text_equal(strbuf_text(&old), strbuf_text(&item->text));
	workflow_diff(item->path, strbuf_text(&old), strbuf_text(&item->text), &diff);
	return cli_print(strbuf_text(&diff), err);
}

static int show(const struct generate_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct generate_item *item = &plan->items[i];

		if (item->exists && !item->differs)
			log_info("%s is up to date", item->path);
		else
			log_info("would %s %s", item->exists ? "replace" : "write", item->path);
		if (!item->exists && cli_print(strbuf_text(&item->text), err) != 0)
			return -1;
	}
	return 0;
}

/* Where one is refused none is written. */
static int check_conflicts(const struct generate_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].differs)
			return error_set(err, ERROR_USAGE,
					 "%s exists with other content: replace it with --force",
					 plan->items[i].path);
	return 0;
}

int generate_deliver(struct generate_plan *plan, bool force, bool dry_run, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		if (look(&plan->items[i], err) != 0)
			return -1;
	if (dry_run)
		return show(plan, err);
	if (!force && check_conflicts(plan, err) != 0)
		return -1;
	for (size_t i = 0; i < plan->count; i++) {
		const struct generate_item *item = &plan->items[i];

		if (item->exists && !item->differs)
			log_info("%s is up to date", item->path);
		else if (put(plan->generator, item, err) != 0)
			return -1;
	}
	return 0;
}

/* --output -: several files behind each other, each below its name. */
int generate_print(const struct generate_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		AUTO_FREE char *name = xasprintf("# ==> %s\n", plan->items[i].file->path);

		if ((plan->count > 1 && cli_print(name, err) != 0) ||
		    cli_print(strbuf_text(&plan->items[i].text), err) != 0)
			return -1;
	}
	return 0;
}
