/* `perfgate config`: what holds, and whether the file is sound. */
#include "perfgate/base/arena.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/commands.h"
#include "perfgate/cli/config.h"
#include "perfgate/target/target.h"

static int show_run(struct cli *cli, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	AUTO(strbuf) struct strbuf text = {0};
	if (cli_settings(cli, &settings, err) != 0)
		return -1;
	if (cli_flag(cli, "--json")) {
		AUTO_JSON json_t *json = settings_json(settings);
		extjson_dump_pretty(json, &text);
	} else {
		settings_show(settings, &text);
	}
	return cli_print(strbuf_text(&text), err);
}

static int check_target_url(const struct settings *settings, struct error *err)
{
	AUTO(arena) struct arena arena = {0};
	struct target_endpoint endpoint = {0};
	if (settings->target.kind != TARGET_URL)
		return 0;
	if (target_parse_url(settings->target.url, &arena, &endpoint, err) != 0)
		return error_wrap(err, "target");
	return 0;
}

/* Scenarios that `run:` names must exist. */
static int check_run(const struct settings *settings, const struct suite *suite, struct error *err)
{
	for (size_t i = 0; i < settings->run.count; i++)
		if (suite_find(suite, settings->run.items[i], err) == NULL)
			return error_wrap(err, "run");
	return 0;
}

int config_check(const struct settings *settings, struct suite **out, struct error *err)
{
	const struct suite_options options = {.duration_scale = 1};
	AUTO(suite) struct suite *suite = NULL;
	if (settings_validate(settings, err) != 0 || check_target_url(settings, err) != 0 ||
	    suite_load(settings, &options, &suite, err) != 0 ||
	    check_run(settings, suite, err) != 0)
		return -1;
	*out = TAKE(suite);
	return 0;
}

static int validate_run(struct cli *cli, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	AUTO(suite) struct suite *suite = NULL;
	AUTO(strbuf) struct strbuf text = {0};
	if (cli_settings(cli, &settings, err) != 0 || config_check(settings, &suite, err) != 0)
		return -1;
	strbuf_printf(&text, "%s: ok\n", settings->file != NULL ? settings->file : "defaults");
	return cli_print(strbuf_text(&text), err);
}

static const struct option_row show_options[] = {
	{.name = "--json", .help = "print JSON"},
	{0},
};
static const struct option_row no_options[] = {{0}};

const struct command cmd_config_show = {
	.name = "config show",
	.summary = "every effective value and where it comes from",
	.description =
		"Prints each setting with its value and its origin: file and line, variable, flag\n"
		"or default. Secrets are shown as ***. Precedence: default < file < environment <\n"
		"flag. The file is --config, $PERFGATE_CONFIG, or ci_cd_config.yml (also in\n"
		"performance/) in the current folder and upward to the root of the repository.",
	.examples = "  # which p95 limit holds, and who set it\n"
		    "  perfgate config show | grep p95\n"
		    "  # the same for programs\n"
		    "  perfgate config show --json",
	.options = show_options,
	.run = show_run,
};

const struct command cmd_config_validate = {
	.name = "config validate",
	.summary = "check the configuration without sending load",
	.description =
		"Reads the file and the environment, checks every value and what only makes sense\n"
		"together, and builds the suite. Prints \"FILE: ok\", or the first fault with "
		"line\n"
		"and column and exits 2.",
	.examples = "  # before committing a change of the gates\n"
		    "  perfgate config validate",
	.options = no_options,
	.run = validate_run,
};
