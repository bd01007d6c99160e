/* What there is to offer: words of tables, of this folder's configuration and of its repository. */
#include "complete_place.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/git_names.h"
#include "perfgate/notify/notify.h"
#include "perfgate/scenario/suite.h"

#include <ctype.h>
#include <string.h>

#define REVISIONS_MAX 500

extern char **environ;

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

void complete_offer(const char *word, const char *about, void *arg)
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
	complete_offer("HEAD", "the commit that is checked out", place);
	extgit_each_revision(git, REVISIONS_MAX, complete_offer, place);
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
		extgit_each_remote(git, complete_offer, place);
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
		complete_offer(suite->scenarios[i].name, suite->scenarios[i].purpose, place);
}

static void offer_channels(struct place *place)
{
	for (size_t i = 0; i < notify_channels_count; i++)
		complete_offer(notify_channels[i]->name, "", place);
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
	complete_offer(word, strbuf_text(&about), place);
}

void complete_commands(struct place *place)
{
	for (size_t i = 0; i < cli_commands_count; i++)
		if (strchr(cli_commands[i]->name, ' '))
			offer_group(place, i);
		else
			complete_offer(cli_commands[i]->name, cli_commands[i]->summary, place);
}

/* "show" of "baseline show". */
void complete_second_words(struct place *place, const char *group)
{
	AUTO_FREE char *start = xasprintf("%s ", group);

	for (size_t i = 0; i < cli_commands_count; i++)
		if (text_starts_with(cli_commands[i]->name, start))
			complete_offer(cli_commands[i]->name + strlen(start),
				       cli_commands[i]->summary, place);
}

/* Behind `help`: one word, or two. */
static void offer_commands_to_explain(struct place *place)
{
	const char *first = place->arguments ? place->words[place->first_argument] : NULL;

	if (!first)
		complete_commands(place);
	else if (place->arguments == 1 && cli_is_group(first))
		complete_second_words(place, first);
}

static const struct placeholder placeholders[] = {
	{"A", offer_results_and_revisions},
	{"B", offer_results_and_revisions},
	{"CHANNEL", offer_channels},
	{"COMMAND", offer_commands_to_explain},
	{"DIR", offer_folders},
	{"FILE", offer_files},
	{"PATH", offer_files},
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

const struct placeholder *complete_placeholder(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		if (text_equal(placeholders[i].name, name))
			return &placeholders[i];
	return NULL;
}
