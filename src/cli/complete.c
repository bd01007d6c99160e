#include "perfgate/cli/complete.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/parse.h"
#include "perfgate/ext/git_names.h"
#include "perfgate/notify/notify.h"
#include "perfgate/scenario/suite.h"

#include <ctype.h>
#include <string.h>

#define REVISIONS_MAX 500
#define LIST_MARK ",..."

extern char **environ;

/* The place to fill, and what goes there so far. */
struct place {
	const char *const *words;
	size_t count;
	const char *current; /* the part of the last word that offers begin with */
	size_t before; /* bytes of the last word in front of it, as in "--scenario=smoke," */
	const char *list; /* where the items of a list begin; NULL: none is written */
	const struct command *command; /* NULL: its name is written */
	const struct option_row *option; /* its value is written; else NULL */
	bool given[CLI_MAX_OPTIONS]; /* by cli_option_at() */
	bool ended; /* behind "--" */
	size_t first_argument,
		arguments; /* index of the first word that is one; how many there are */
	const char *config; /* value of --config, or NULL */
	struct strbuf *out;
};

/* -- one offer -------------------------------------------------------- */

/* Names come from files and repositories; what a shell would run is left out. */
static bool is_plain(const char *word)
{
	for (const char *c = word; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_./@+:=,", *c))
			return false;
	return *word != '\0';
}

/* One of the items in front of the one that is written? */
static bool is_listed(const struct place *place, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = place->list; at && at < place->current; at += strcspn(at, ",") + 1)
		if (strncmp(at, word, length) == 0 && at[length] == ',')
			return true;
	return false;
}

static void offer(const char *word, const char *about, void *arg)
{
	struct place *place = arg;
	const char *last = place->words[place->count - 1];

	if (!text_starts_with(word, place->current) || !is_plain(word) || is_listed(place, word))
		return;
	strbuf_printf(place->out, "%.*s%s\t", (int)place->before, last, word);
	log_visible(place->out, about ? about : "", about ? strlen(about) : 0);
	strbuf_putc(place->out, '\n');
}

/* -- placeholders ----------------------------------------------------- */

static void offer_files(struct place *place)
{
	strbuf_puts(place->out, ":files\n");
}

static void offer_folders(struct place *place)
{
	strbuf_puts(place->out, ":folders\n");
}

static void offer_revisions(struct place *place)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct error err = ERROR_INIT;

	if (extgit_open(&git, &err) || !git)
		return;
	offer("HEAD", "the commit that is checked out", place);
	extgit_each_revision(git, REVISIONS_MAX, offer, place);
}

static void offer_results_and_revisions(struct place *place)
{
	offer_revisions(place);
	offer_files(place);
}

static void offer_remotes(struct place *place)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct error err = ERROR_INIT;

	if (extgit_open(&git, &err) == 0 && git)
		extgit_each_remote(git, offer, place);
}

static void offer_scenarios(struct place *place)
{
	const struct suite_options options = {.duration_scale = 1};
	AUTO(settings) struct settings *settings = NULL;
	AUTO(suite) struct suite *suite = NULL;
	struct error err = ERROR_INIT;

	if (settings_load(place->config, (const char *const *)environ, &settings, &err) ||
	    suite_load(settings, &options, &suite, &err))
		return;
	for (size_t i = 0; i < suite->n_scenarios; i++)
		offer(suite->scenarios[i].name, suite->scenarios[i].purpose, place);
}

static void offer_channels(struct place *place)
{
	for (size_t i = 0; i < notify_channels_count; i++)
		offer(notify_channels[i]->name, "", place);
}

/* "baseline" of "baseline show", with all second words; once, at the first of them. */
static void offer_group(struct place *place, size_t index)
{
	const char *name = cli_commands[index]->name;
	size_t length = strcspn(name, " ") + 1;
	AUTO_FREE char *word = xstrndup(name, length - 1);
	AUTO(strbuf) struct strbuf about = {0};

	if (index > 0 && strncmp(cli_commands[index - 1]->name, name, length) == 0)
		return;
	for (size_t i = index;
	     i < cli_commands_count && strncmp(cli_commands[i]->name, name, length) == 0; i++)
		strbuf_printf(&about, "%s%s", i > index ? ", " : "",
			      cli_commands[i]->name + length);
	offer(word, strbuf_text(&about), place);
}

static void offer_commands(struct place *place)
{
	for (size_t i = 0; i < cli_commands_count; i++)
		if (strchr(cli_commands[i]->name, ' '))
			offer_group(place, i);
		else
			offer(cli_commands[i]->name, cli_commands[i]->summary, place);
}

/* "show" of "baseline show". */
static void offer_second_words(struct place *place, const char *group)
{
	AUTO_FREE char *start = xasprintf("%s ", group);

	for (size_t i = 0; i < cli_commands_count; i++)
		if (text_starts_with(cli_commands[i]->name, start))
			offer(cli_commands[i]->name + strlen(start), cli_commands[i]->summary,
			      place);
}

/* Behind `help`: one word, or two. */
static void offer_commands_to_explain(struct place *place)
{
	const char *first = place->arguments ? place->words[place->first_argument] : NULL;

	if (!first)
		offer_commands(place);
	else if (place->arguments == 1 && cli_is_group(first))
		offer_second_words(place, first);
}

static const struct {
	const char *name;
	void (*offer)(struct place *place); /* NULL: free text */
} placeholders[] = {
	{"A", offer_results_and_revisions},
	{"B", offer_results_and_revisions},
	{"CHANNEL", offer_channels},
	{"COMMAND", offer_commands_to_explain},
	{"DIR", offer_folders},
	{"FILE", offer_files},
	{"REF", offer_revisions},
	{"REMOTE", offer_remotes},
	{"RESULT", offer_files},
	{"SCENARIO", offer_scenarios},
	{"ADDRESS", NULL},
	{"CELL", NULL},
	{"DATE", NULL},
	{"DURATION", NULL},
	{"FACTOR", NULL},
	{"FAULT", NULL},
	{"N", NULL},
	{"PORT", NULL},
	{"REQUEST", NULL},
	{"TEXT", NULL},
	{"URL", NULL},
};

/* -- notation --------------------------------------------------------- */

/* The next alternative of "[RESULT|REF]" or "SCENARIO,...", heap; NULL at the end. */
static char *next_alternative(const char **at)
{
	size_t length;
	char *out;

	*at += strspn(*at, "[|]");
	length = strcspn(*at, "|]");
	if (length == 0)
		return NULL;
	out = xstrndup(*at, length);
	*at += length;
	if (text_ends_with(out, LIST_MARK))
		out[strlen(out) - strlen(LIST_MARK)] = '\0';
	return out;
}

static bool is_placeholder(const char *alternative)
{
	return isupper((unsigned char)*alternative) != 0;
}

static bool find_placeholder(const char *name, size_t *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		if (text_equal(placeholders[i].name, name)) {
			*out = i;
			return true;
		}
	return false;
}

char *cli_unknown_placeholder(const char *notation)
{
	for (const char *at = notation; *at;) {
		size_t length = strcspn(at, " ");
		AUTO_FREE char *one = xstrndup(at, length);
		const char *rest = one;
		char *alternative;
		size_t found;

		while ((alternative = next_alternative(&rest))) {
			if (is_placeholder(alternative) && !find_placeholder(alternative, &found))
				return alternative;
			free(alternative);
		}
		at += length + strspn(at + length, " ");
	}
	return NULL;
}

/* Offers of "RESULT|REF" or "native|curl"; of a list, for its last item. */
static void offer_notation(struct place *place, const char *notation)
{
	const char *comma = strrchr(place->current, ',');
	char *alternative;

	if (strstr(notation, LIST_MARK) && comma) {
		place->list = place->current;
		place->before += (size_t)(comma + 1 - place->current);
		place->current = comma + 1;
	}
	while ((alternative = next_alternative(&notation))) {
		size_t found;

		if (!is_placeholder(alternative))
			offer(alternative, "", place);
		else if (find_placeholder(alternative, &found) && placeholders[found].offer)
			placeholders[found].offer(place);
		free(alternative);
	}
}

/* -- where we are ----------------------------------------------------- */

static void note_option(struct place *place, const struct option_row *row, size_t index,
			const char *value)
{
	place->given[index] = true;
	if (value && text_equal(row->name, "--config"))
		place->config = value;
}

/* words[*at] is an option and not the last word: skip its value, or say that it is written now. */
static void skip_option(struct place *place, size_t *at)
{
	const char *word = place->words[*at], *equals = strchr(word, '=');
	AUTO_FREE char *name = equals ? xstrndup(word, (size_t)(equals - word)) : xstrdup(word);
	const struct option_row *row;
	size_t index;

	if (!cli_find_option(place->command, name, &index))
		return;
	row = cli_option_at(place->command, index);
	note_option(place, row, index, equals ? equals + 1 : NULL);
	if (!row->value || equals)
		return;
	*at += 1;
	if (*at == place->count - 1)
		place->option = row;
	else
		note_option(place, row, index, place->words[*at]);
}

/* "--transport=na" as the last word. */
static void split_last(struct place *place)
{
	const char *equals = strchr(place->current, '=');
	AUTO_FREE char *name = NULL;
	size_t index;

	if (place->option || place->ended || !equals || !text_starts_with(place->current, "--"))
		return;
	name = xstrndup(place->current, (size_t)(equals - place->current));
	if (!cli_find_option(place->command, name, &index))
		return;
	place->option = cli_option_at(place->command, index);
	place->before = strlen(name) + 1;
	place->current = equals + 1;
}

static void walk(struct place *place, size_t first)
{
	for (size_t i = first; i + 1 < place->count; i++) {
		const char *word = place->words[i];

		if (!place->ended && text_equal(word, "--")) {
			place->ended = true;
		} else if (!place->ended && word[0] == '-' && word[1]) {
			skip_option(place, &i);
		} else if (place->arguments++ == 0) {
			place->first_argument = i;
		}
	}
	split_last(place);
}

static void offer_options(struct place *place)
{
	const struct option_row *row;

	for (size_t i = 0; (row = cli_option_at(place->command, i)); i++)
		if (!place->given[i] || row->repeatable)
			offer(row->name, row->help, place);
}

/* "A B" for the index-th argument; the last one stands for all behind it. */
static void offer_argument(struct place *place)
{
	const char *at = place->command->arguments, *blank = strchr(at, ' ');

	for (size_t i = 0; i < place->arguments && blank; i++) {
		at = blank + 1;
		blank = strchr(at, ' ');
	}
	AUTO_FREE char *notation = blank ? xstrndup(at, (size_t)(blank - at)) : xstrdup(at);

	offer_notation(place, notation);
}

static void offer_place(struct place *place)
{
	bool takes = (int)place->arguments < place->command->max_arguments;

	if (place->option && place->option->value)
		offer_notation(place, place->option->value);
	else if (!place->ended && (place->current[0] == '-' || !takes))
		offer_options(place);
	else if (takes)
		offer_argument(place);
}

void cli_complete(const char *const *words, size_t count, struct strbuf *out)
{
	struct place place = {.words = words, .count = count, .out = out};
	struct error err = ERROR_INIT;
	int used;

	if (count == 0)
		return;
	place.current = words[count - 1];
	if (count == 1) {
		offer_commands(&place);
		return;
	}
	/* Two words: the second may be the rest of the name, which is still written. */
	if (cli_find_command(words[0], count > 2 ? words[1] : NULL, &place.command, &used, &err)) {
		if (count == 2)
			offer_second_words(&place, words[0]);
		return;
	}
	walk(&place, (size_t)used);
	offer_place(&place);
}
