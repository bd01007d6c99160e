#include "perfgate/cli/cli.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/parse.h"
#include "perfgate/ext/json.h"
#include "perfgate/template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN 60
#define COLUMNS_MAX 200

extern char **environ;

int cli_note_error(const struct error *err)
{
	log_error("%s", err->message);
	return error_exit_status(err->kind);
}

int cli_print(const char *text, struct error *err)
{
	/* Whoever closes the pipe (`| head -1`) has what they want: the verdict stays. */
	if (fs_write_all(STDOUT_FILENO, text, strlen(text)) == 0 || errno == EPIPE)
		return 0;
	return error_set_errno(err, ERROR_DELIVERY, "standard output");
}

bool cli_colour(int fd, const struct cli *cli)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (cli_flag(cli, "--no-color") || (no_color && *no_color))
		return false;
	return isatty(fd) && term && !text_equal(term, "dumb");
}

int cli_columns(int fd)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long width = 0;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0 && columns)
		width = strtol(columns, NULL, 10);
	if (width <= 0)
		width = COLUMNS_DEFAULT;
	return width < COLUMNS_MIN ? COLUMNS_MIN : width > COLUMNS_MAX ? COLUMNS_MAX : (int)width;
}

/* One that was deleted would answer every question with "No such file". */
static int check_folder(struct error *err)
{
	char path[PATH_MAX];

	if (getcwd(path, sizeof path) || (errno != ENOENT && errno != EACCES))
		return 0;
	return error_set_errno(err, ERROR_USAGE,
			       "the current folder is gone or cannot be read, change to another "
			       "one");
}

int cli_settings(const struct cli *cli, struct settings **out, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	const struct option_row *row;

	if (check_folder(err) ||
	    settings_load(cli_value(cli, "--config"), (const char *const *)environ, &settings, err))
		return -1;
	for (size_t i = 0; (row = cli_option_at(cli->command, i)); i++) {
		if (!row->setting)
			continue;
		for (const char *const *value = cli_values(cli, row->name); *value; value++)
			if (settings_set(settings, row->setting, row->value ? *value : "true",
					 row->name, err))
				return -1;
	}
	*out = TAKE(settings);
	return 0;
}

/* A closed standard stream would become the descriptor of the next file opened (ENV-19). */
static void reserve_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void apply_common(const struct cli *cli)
{
	if (cli_flag(cli, "--quiet"))
		log_set_level(LOG_ERROR);
	else if (cli_flag(cli, "--verbose"))
		log_set_level(LOG_DEBUG);
	template_set_dir(cli_value(cli, "--template-dir"));
}

static int run_command(struct cli *cli, struct error *err)
{
	AUTO(strbuf) struct strbuf help = {0};

	if (!cli_flag(cli, "--help")) {
		apply_common(cli);
		return cli->command->run(cli, err);
	}
	cli_help(cli->command, &help);
	return cli_print(strbuf_text(&help), err);
}

static int parse_and_run(int argc, char **argv, struct error *err)
{
	AUTO(strbuf) struct strbuf usage = {0};
	const struct command *command;
	struct cli cli = {0};
	int used, status;

	if (cli_find_command(argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL, &command, &used,
			     err))
		return -1;
	if (cli_parse(&cli, command, argc - 1 - used, argv + 1 + used, err)) {
		cli_usage(command, &usage);
		error_wrap(err, "%s", command->name);
		log_error("%s", err->message);
		fputs(strbuf_text(&usage), stderr);
		err->message[0] = '\0';
		status = -1;
	} else {
		status = run_command(&cli, err);
	}
	cli_release(&cli);
	return status;
}

int cli_main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	int status;

	reserve_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	extjson_use_own_memory();
	status = parse_and_run(argc, argv, &err);
	cli_reraise();
	if (status >= 0)
		return status;
	if (err.message[0])
		log_error("%s", err.message);
	return error_exit_status(err.kind);
}
