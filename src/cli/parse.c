#include "perfgate/cli/parse.h"

#include "perfgate/base/text.h"

#include <assert.h>
#include <string.h>

const struct option_row cli_common_options[] = {
	{.name = "--config", .value = "FILE", .help = "configuration instead of ci_cd_config.yml"},
	{.name = "--template-dir", .value = "DIR", .help = "templates that replace built-in ones"},
	{.name = "--no-color", .help = "no colour, also by NO_COLOR"},
	{.name = "--quiet", .letter = 'q', .help = "errors only"},
	{.name = "--verbose", .letter = 'v', .help = "say more"},
	{.name = "--help", .letter = 'h', .help = "explain the command and its options"},
	{0},
};

/* Spellings from before there were commands. */
static const struct {
	const char *word;
	const char *command;
} spellings[] = {
	{"--run-all", "check"},	  {"--generate-workflow", "generate"},
	{"--version", "version"}, {"--help", "help"},
	{"-h", "help"},
};

static size_t own_option_count(const struct command *command)
{
	size_t count = 0;

	while (command->options && command->options[count].name)
		count++;
	return count;
}

const struct option_row *cli_option_at(const struct command *command, size_t i)
{
	size_t own = own_option_count(command);

	if (i < own)
		return &command->options[i];
	if (i - own >= ARRAY_SIZE(cli_common_options) - 1)
		return NULL;
	return &cli_common_options[i - own];
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < cli_commands_count; i++)
		if (text_equal(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

bool cli_is_group(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < cli_commands_count; i++)
		if (text_starts_with(cli_commands[i]->name, word) &&
		    cli_commands[i]->name[length] == ' ')
			return true;
	return false;
}

static int unknown_command(const char *word, struct error *err)
{
	const char **names = xcalloc(cli_commands_count + 1, sizeof *names);
	const char *close;

	for (size_t i = 0; i < cli_commands_count; i++)
		names[i] = cli_commands[i]->name;
	close = text_suggest(word, names);
	free(names);
	if (close)
		return error_set(err, ERROR_USAGE, "unknown command `%s`: did you mean `%s`?", word,
				 close);
	return error_set(err, ERROR_USAGE, "unknown command `%s`: see `perfgate help`", word);
}

int cli_find_command(const char *first, const char *second, const struct command **out,
		     int *out_used, struct error *err)
{
	const char *word = first ? first : "help";
	AUTO_FREE char *both = second ? xasprintf("%s %s", word, second) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
		if (text_equal(word, spellings[i].word))
			word = spellings[i].command;
	*out_used = first ? 1 : 0;
	*out = command_named(word);
	if (*out)
		return 0;
	if (both && command_named(both)) {
		*out = command_named(both);
		*out_used = 2;
		return 0;
	}
	if (cli_is_group(word) && (!second || second[0] == '-'))
		return error_set(err, ERROR_USAGE,
				 "`%s` needs a sub-command: see `perfgate help %s`", word, word);
	return unknown_command(both && cli_is_group(word) ? both : word, err);
}

static bool matches(const struct option_row *row, const char *name)
{
	return text_equal(row->name, name) || (row->alias && text_equal(row->alias, name));
}

bool cli_find_option(const struct command *command, const char *name, size_t *out)
{
	const struct option_row *row;

	for (size_t i = 0; (row = cli_option_at(command, i)); i++) {
		if (!matches(row, name) &&
		    (name[0] != '-' || !row->letter || name[1] != row->letter || name[2]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

static int option_index(const struct command *command, const char *name, size_t *out,
			struct error *err)
{
	const char *names[CLI_MAX_OPTIONS + 1] = {0};
	const struct option_row *row;
	const char *close;

	if (cli_find_option(command, name, out))
		return 0;
	for (size_t i = 0; (row = cli_option_at(command, i)); i++) {
		assert(i < CLI_MAX_OPTIONS);
		names[i] = row->name;
	}
	close = text_suggest(name, names);
	if (close)
		return error_set(err, ERROR_USAGE, "unknown option `%s`: did you mean `%s`?", name,
				 close);
	return error_set(err, ERROR_USAGE, "unknown option `%s`: see `perfgate %s --help`", name,
			 command->name);
}

static int add_value(struct cli *cli, size_t index, const char *value, struct error *err)
{
	const struct option_row *row = cli_option_at(cli->command, index);
	struct cli_values *values = &cli->options[index];

	if (values->count > 0 && !row->repeatable)
		return error_set(err, ERROR_USAGE, "option `%s` is given twice", row->name);
	*VEC_PUSH(values->items, values->count, values->capacity) = value;
	*VEC_PUSH(values->items, values->count, values->capacity) = NULL;
	values->count--;
	return 0;
}

/* argv[*at] is an option; takes its value from behind '=' or from the next word. */
static int parse_option(struct cli *cli, int argc, char **argv, int *at, struct error *err)
{
	char *word = argv[*at];
	char *equals = text_starts_with(word, "--") ? strchr(word, '=') : NULL;
	AUTO_FREE char *name = equals ? xstrndup(word, (size_t)(equals - word)) : xstrdup(word);
	const struct option_row *row;
	size_t index;

	if (option_index(cli->command, name, &index, err))
		return -1;
	row = cli_option_at(cli->command, index);
	if (!row->value) {
		if (equals)
			return error_set(err, ERROR_USAGE, "option `%s` takes no value", row->name);
		return add_value(cli, index, "", err);
	}
	if (equals)
		return add_value(cli, index, equals + 1, err);
	if (*at + 1 >= argc)
		return error_set(err, ERROR_USAGE, "option `%s` needs a value (%s)", row->name,
				 row->value);
	*at += 1;
	return add_value(cli, index, argv[*at], err);
}

static int check_arguments(const struct cli *cli, struct error *err)
{
	const struct command *command = cli->command;
	int count = (int)cli->arguments.count;

	if (count < command->min_arguments)
		return error_set(err, ERROR_USAGE, "missing %s", command->arguments);
	if (count > command->max_arguments)
		return error_set(err, ERROR_USAGE, "unexpected argument `%s`",
				 cli->arguments.items[command->max_arguments]);
	return 0;
}

int cli_parse(struct cli *cli, const struct command *command, int argc, char **argv,
	      struct error *err)
{
	bool options = true;

	cli->command = command;
	for (int i = 0; i < argc; i++) {
		if (options && text_equal(argv[i], "--")) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			if (parse_option(cli, argc, argv, &i, err))
				return -1;
		} else {
			*VEC_PUSH(cli->arguments.items, cli->arguments.count,
				  cli->arguments.capacity) = argv[i];
		}
	}
	if (cli_flag(cli, "--help"))
		return 0;
	return check_arguments(cli, err);
}

void cli_release(struct cli *cli)
{
	for (size_t i = 0; i < CLI_MAX_OPTIONS; i++)
		free(cli->options[i].items);
	free(cli->arguments.items);
	memset(cli, 0, sizeof *cli);
}

static const struct cli_values *values_of(const struct cli *cli, const char *option)
{
	const struct option_row *row;

	for (size_t i = 0; (row = cli_option_at(cli->command, i)); i++)
		if (text_equal(row->name, option))
			return &cli->options[i];
	assert(false && "an option that the command does not have");
	return NULL;
}

const char *cli_value(const struct cli *cli, const char *option)
{
	const struct cli_values *values = values_of(cli, option);

	return values->count ? values->items[values->count - 1] : NULL;
}

const char *const *cli_values(const struct cli *cli, const char *option)
{
	static const char *const none[] = {NULL};
	const struct cli_values *values = values_of(cli, option);

	return values->count ? values->items : none;
}

bool cli_flag(const struct cli *cli, const char *option)
{
	return values_of(cli, option)->count > 0;
}

const char *cli_argument(const struct cli *cli, int index)
{
	return index < (int)cli->arguments.count ? cli->arguments.items[index] : NULL;
}
