/* The place that complete.c finds, and the offers that complete_offers.c makes for it. */
#ifndef PERFGATE_CLI_COMPLETE_PLACE_H
#define PERFGATE_CLI_COMPLETE_PLACE_H

#include "perfgate/cli/complete.h"
#include "perfgate/cli/parse.h"

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

/* Append the word if it begins as what is written; `arg` is the place (so that it is a visitor). */
void complete_offer(const char *word, const char *about, void *arg);

/* Words that may stand first, and behind the first of two. */
void complete_commands(struct place *place);
void complete_second_words(struct place *place, const char *group);

/* What a word in capitals stands for. */
struct placeholder {
	const char *name;
	void (*offer)(struct place *place); /* NULL: free text */
};
/* By name, or NULL. */
const struct placeholder *complete_placeholder(const char *name);

#endif
