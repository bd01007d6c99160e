#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/cli.h"
#include "perfgate/workflow/diff.h"
#include "perfgate/workflow/generators.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)

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

static int render(const struct generator *generator, const struct settings *settings,
		  const char *root, struct strbuf *out, struct error *err)
{
	AUTO_FREE char *config = NULL;

	if (settings->file != NULL && settings->file_given) {
		config = config_path(settings, root, err);
		if (config == NULL)
			return -1;
	}
	return generator_render(generator, settings, config, out, err);
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

static int put(const char *path, const struct strbuf *text, struct error *err)
{
	if (make_folder(path, err) != 0 ||
	    fs_write_file(path, strbuf_text(text), text->length, err) != 0)
		return -1;
	log_info("wrote %s", path);
	return 0;
}

/* Another file is there: show what would change; only --force replaces it. */
static int replace(struct cli *cli, const char *path, const struct strbuf *text, struct error *err)
{
	AUTO(strbuf) struct strbuf old = {0};
	AUTO(strbuf) struct strbuf diff = {0};

	if (fs_read_file(&old, path, FILE_BYTES_MAX, ERROR_USAGE, err) != 0)
		return -1;
	if (old.length == text->length && text_equal(strbuf_text(&old), strbuf_text(text))) {
		log_info("%s is up to date", path);
		return 0;
	}
	workflow_diff(path, strbuf_text(&old), strbuf_text(text), &diff);
	if (cli_print(strbuf_text(&diff), err) != 0)
		return -1;
	if (cli_flag(cli, "--dry-run"))
		return 0;
	if (!cli_flag(cli, "--force"))
		return error_set(err, ERROR_USAGE,
				 "%s exists with other content: replace it with --force", path);
	return put(path, text, err);
}

static int deliver(struct cli *cli, const char *path, const struct strbuf *text, struct error *err)
{
	if (fs_exists(path))
		return replace(cli, path, text, err);
	if (!cli_flag(cli, "--dry-run"))
		return put(path, text, err);
	log_info("would write %s", path);
	return cli_print(strbuf_text(text), err);
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

static int generate_run(struct cli *cli, struct error *err)
{
	const struct generator *generator = generator_find(cli_argument(cli, 0), err);
	AUTO(settings) struct settings *settings = NULL;
	AUTO_FREE char *root = repository_root();
	AUTO_FREE char *standard = NULL;
	const char *path = cli_value(cli, "--output");
	AUTO(strbuf) struct strbuf text = {0};

	if (generator == NULL || load_settings(cli, &settings, err) != 0 ||
	    render(generator, settings, root, &text, err) != 0)
		return -1;
	if (path != NULL && text_equal(path, "-"))
		return cli_print(strbuf_text(&text), err);
	standard = fs_join(root, generator->path);
	return deliver(cli, path != NULL ? path : standard, &text, err);
}

static const struct option_row options[] = {
	{.name = "--output",
	 .value = "FILE",
	 .help = "where to write; - is stdout (.github/workflows/perfgate.yml, Jenkinsfile)"},
	{.name = "--force", .help = "replace a file that has other content"},
	{.name = "--dry-run", .letter = 'n', .help = "show what would be written or changed"},
	{0},
};

const struct command cmd_generate = {
	.name = "generate",
	.summary = "write the workflow file for a CI system",
	.arguments = "github|jenkins",
	.min_arguments = 1,
	.max_arguments = 1,
	.description =
		"Writes a GitHub Actions workflow or a declarative Jenkinsfile from the\n"
		"configuration: branch, retention, time limits computed from the suite, services,\n"
		"and how the job obtains perfgate (ci.install). The same configuration gives the\n"
		"same bytes. A file with other content is left alone: the difference is shown, "
		"and\n"
		"--force replaces it.",
	.examples = "  # .github/workflows/perfgate.yml at the root of the repository\n"
		    "  perfgate generate github\n"
		    "  # what would change?\n"
		    "  perfgate generate jenkins --dry-run\n"
		    "  perfgate generate jenkins --output -",
	.options = options,
	.run = generate_run,
};
