/* `perfgate completion`: a script for a shell, and the offers that it asks for. */
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/commands.h"
#include "perfgate/cli/complete.h"
#include "perfgate/cli/parse.h"
#include "perfgate/template/template.h"

#include <stdio.h>

/* As many as a shell hands over at most in practice. */
#define WORDS_MAX 4096

static int print_offers(const struct cli *cli, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};

	log_set_level(LOG_QUIET);
	cli_complete(cli->arguments.items, cli->arguments.count, &out);
	return cli_print(strbuf_text(&out), err);
}

static int completion_run(struct cli *cli, struct error *err)
{
	static const char *const shells[] = {"bash", "zsh", "fish", NULL};
	const char *shell = cli_argument(cli, 0), *close;

	if (cli_flag(cli, "--offer"))
		return print_offers(cli, err);
	if (cli_argument(cli, 1))
		return error_set(err, ERROR_USAGE, "unexpected argument `%s`",
				 cli_argument(cli, 1));
	for (size_t i = 0; shells[i]; i++) {
		char name[64];

		if (!text_equal(shell, shells[i]))
			continue;
		snprintf(name, sizeof name, "completion/perfgate.%s", shell);
		return cli_print(template_embedded(name)->data, err);
	}
	close = text_suggest(shell, shells);
	return error_set(err, ERROR_USAGE, "no completion for `%s`: %s%s%s", shell,
			 close ? "did you mean `" : "there is bash, zsh and fish",
			 close ? close : "", close ? "`?" : "");
}

static const struct option_row options[] = {
	{.name = "--offer",
	 .help = "print what may be written for the last of the words behind --"},
	{0},
};

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a script with which a shell completes words",
	.arguments = "bash|zsh|fish",
	.min_arguments = 1,
	.max_arguments = WORDS_MAX,
	.description =
		"Prints a completion script. `make install` puts it where the shells look. With\n"
		"it, Tab offers commands, options and their values: scenarios of the\n"
		"configuration here, revisions, files. The script asks this program, by --offer,\n"
		"what may stand in a place; nothing is run, and nothing but this folder is read.",
	.examples = "  # for this session, or as a line of ~/.bashrc\n"
		    "  source <(perfgate completion bash)\n"
		    "  # zsh, behind compinit\n"
		    "  source <(perfgate completion zsh)\n"
		    "  # fish\n"
		    "  perfgate completion fish | source\n"
		    "  # what may follow?\n"
		    "  perfgate completion --offer -- check --scenario ''",
	.options = options,
	.run = completion_run,
};
