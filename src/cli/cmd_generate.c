#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/proc.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/generate.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Upward to the folder that holds .git; the current folder when none does. Heap, absolute. */
static char *repository_root(void)
{
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *folder = here != NULL ? xstrdup(here) : NULL;
	char *slash;

	if (folder == NULL)
		return xstrdup(".");
	for (;;) {
		AUTO_FREE char *mark = fs_join(*folder != '\0' ? folder : "/", ".git");

		if (fs_exists(mark))
			return *folder != '\0' ? TAKE(folder) : xstrdup("/");
		slash = strrchr(folder, '/');
		if (slash == NULL)
			return TAKE(here);
		*slash = '\0';
	}
}

/* The configuration's path from the root; heap, or NULL with the error. */
static char *config_path(const struct settings *settings, const char *root, struct error *err)
{
	AUTO_FREE char *real = realpath(settings->file, NULL);
	AUTO_FREE char *real_root = realpath(root, NULL);
	size_t length;

	if (real == NULL || real_root == NULL) {
		error_set_errno(err, ERROR_USAGE, "cannot find %s", settings->file);
		return NULL;
	}
	length = strlen(real_root);
	if (!text_starts_with(real, real_root) || real[length] != '/') {
		error_set(err, ERROR_USAGE,
			  "%s is outside the repository %s: a generated file cannot name it",
			  settings->file, real_root);
		return NULL;
	}
	return xstrdup(real + length + 1);
}

static int make_view(const struct generator *generator, const struct settings *settings,
		     const char *root, const char *const *with, json_t **out, struct error *err)
{
	AUTO_FREE char *config = NULL;

	if (settings->file != NULL && settings->file_given) {
		config = config_path(settings, root, err);
		if (config == NULL)
			return -1;
	}
	return generator_view(generator, settings, config, with, out, err);
}

/* Where git looks for hooks, core.hooksPath and linked worktrees heeded; heap, or NULL. */
static char *hooks_folder(struct error *err)
{
	static const char *const argv[] = {"git",	 "rev-parse", "--path-format=absolute",
					   "--git-path", "hooks",     NULL};
	const struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ};
	AUTO(proc_result) struct proc_result result = {0};
	const char *path;

	if (proc_run(&spec, &result, err) != 0)
		return NULL;
	path = strbuf_text(&result.out);
	if (result.exit_status != 0 || *path != '/') {
		error_set(err, ERROR_USAGE, "git names no folder for hooks here: is it a clone?");
		return NULL;
	}
	return xstrndup(path, strcspn(path, "\n"));
}

/* A file that was generated once and is not wanted any more still does its work. */
static void mention_leftovers(const struct generator *generator, const json_t *view,
			      const char *folder)
{
	for (const struct generated_file *file = generator->files; file->path != NULL; file++) {
		AUTO_FREE char *path = fs_join(folder, file->path);

		if (!generated_file_wanted(file, view) && fs_exists(path))
			log_warning("%s is not generated any more: delete it", path);
	}
}

/*
 * From the file alone: what this machine's environment says is not for the file that is
 * committed, least of all a URL with a password.
 */
static int load_settings(const struct cli *cli, struct settings **out, struct error *err)
{
	const char *config = getenv("PERFGATE_CONFIG");
	AUTO_FREE char *variable = config != NULL ? xasprintf("PERFGATE_CONFIG=%s", config) : NULL;
	const char *const only[] = {variable, NULL};

	return settings_load(cli_value(cli, "--config"), only, out, err);
}

/* The values of --with, split at commas; NULL-terminated. */
struct extras {
	struct arena arena;
	const char *names[16];
};

static void extras_release(struct extras *extras)
{
	arena_release(&extras->arena);
}
DEFINE_AUTO_VALUE(extras, struct extras, extras_release)

static void read_extras(const struct cli *cli, struct extras *out)
{
	size_t count = 0;

	for (const char *const *value = cli_values(cli, "--with"); *value != NULL; value++)
		for (const char *at = *value; *at != '\0';) {
			size_t length = strcspn(at, ",");

			if (count < ARRAY_SIZE(out->names) - 1)
				out->names[count++] = arena_strndup(&out->arena, at, length);
			at += length + (at[length] == ',');
		}
}

static int generate(struct cli *cli, const struct generator *generator, const json_t *view,
		    const char *root, struct error *err)
{
	AUTO(generate_plan) struct generate_plan plan = {0};
	AUTO_FREE char *hooks = NULL;
	const char *output = cli_value(cli, "--output");

	if (output != NULL && text_equal(output, "-"))
		return generate_plan(generator, view, root, NULL, &plan, err) != 0
			       ? -1
			       : generate_print(&plan, err);
	if (generator->place == PLACE_HOOKS && output == NULL) {
		hooks = hooks_folder(err);
		if (hooks == NULL)
			return -1;
	}
	if (generate_plan(generator, view, hooks != NULL ? hooks : root, output, &plan, err) != 0)
		return -1;
	if (generate_deliver(&plan, cli_flag(cli, "--force"), cli_flag(cli, "--dry-run"), err) != 0)
		return -1;
	if (output == NULL)
		mention_leftovers(generator, view, hooks != NULL ? hooks : root);
	return 0;
}

static int generate_run(struct cli *cli, struct error *err)
{
	const struct generator *generator = generator_find(cli_argument(cli, 0), err);
	AUTO(settings) struct settings *settings = NULL;
	AUTO_FREE char *root = repository_root();
	AUTO(extras) struct extras extras = {0};
	AUTO_JSON json_t *view = NULL;

	read_extras(cli, &extras);
	if (generator == NULL || load_settings(cli, &settings, err) != 0 ||
	    make_view(generator, settings, root, extras.names, &view, err) != 0)
		return -1;
	return generate(cli, generator, view, root, err);
}

static const struct option_row options[] = {
	{.name = "--with",
	 .value = "htmlpublisher|lockable-resources,...",
	 .help = "for jenkins: use these plugins",
	 .repeatable = true},
	{.name = "--output",
	 .value = "PATH",
	 .help = "write elsewhere: a file; github, docker: a folder; - is stdout"},
	{.name = "--force", .help = "replace a file that has other content"},
	{.name = "--dry-run", .letter = 'n', .help = "show what would be written or changed"},
	{0},
};

const struct command cmd_generate = {
	.name = "generate",
	.summary = "write workflows, a Jenkinsfile, a git hook, a container setup",
	.arguments = "github|jenkins|pre-push|docker",
	.min_arguments = 1,
	.max_arguments = 1,
	.description =
		"Writes files from the configuration: branch, retention, time limits computed\n"
		"from the suite, services, and how CI obtains perfgate (ci.install).\n"
		"\n"
		"  github    .github/workflows/perfgate.yml, perfgate-forks.yml, which comments\n"
		"            on the pull requests of forks, and the action that builds perfgate\n"
		"  jenkins   Jenkinsfile\n"
		"  pre-push  a hook that measures for a minute before `git push`\n"
		"  docker    docker/perfgate: Dockerfile and compose.yml\n"
		"\n"
		"The same configuration gives the same bytes. A file with other content is left\n"
		"alone: the difference is shown, and --force replaces it.",
	.examples = "  # at the root of the repository\n"
		    "  perfgate generate github\n"
		    "  # what would change?\n"
		    "  perfgate generate jenkins --dry-run\n"
		    "  perfgate generate jenkins --with htmlpublisher --output -\n"
		    "  # in the folder that git looks for hooks in\n"
		    "  perfgate generate pre-push",
	.options = options,
	.run = generate_run,
};
