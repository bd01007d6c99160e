#include "perfgate/cli/complete.h"

#include "complete_place.h"
#include "perfgate/base/text.h"

#include <ctype.h>
#include <string.h>

#define LIST_MARK ",..."

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

char *cli_unknown_placeholder(const char *notation)
{
	for (const char *at = notation; *at;) {
		size_t length = strcspn(at, " ");
		AUTO_FREE char *one = xstrndup(at, length);
		const char *rest = one;
		char *alternative;

		while ((alternative = next_alternative(&rest))) {
			if (is_placeholder(alternative) && !complete_placeholder(alternative))
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
		const struct placeholder *found = complete_placeholder(alternative);

		if (!is_placeholder(alternative))
			complete_offer(alternative, "", place);
		else if (found && found->offer)
			found->offer(place);
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
			complete_offer(row->name, row->help, place);
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
		complete_commands(&place);
		return;
	}
	/* Two words: the second may be the rest of the name, which is still written. */
	if (cli_find_command(words[0], count > 2 ? words[1] : NULL, &place.command, &used, &err)) {
		if (count == 2)
			complete_second_words(&place, words[0]);
		return;
	}
	walk(&place, (size_t)used);
	offer_place(&place);
}
