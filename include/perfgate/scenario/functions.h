/*
 * The functions of `${…}`: one row each, with its usage for messages.
 *
 * expression.c parses a call and finds the row; the row's function checks
 * the arguments and prepares the slot.
 */
#ifndef PERFGATE_SCENARIO_FUNCTIONS_H
#define PERFGATE_SCENARIO_FUNCTIONS_H

#include "perfgate/scenario/substitute.h"

/* One argument: "60", "'a, b'", or with a weight "ensemble: 60". */
struct argument {
	const char *text;
	bool quoted;
	double weight; /* NaN: none */
};

struct call {
	struct compile *compile;
	const struct place *place;
	enum escape escape;
	const char *expression, *usage;
	struct argument *arguments;
	size_t n_arguments;
};

struct function {
	const char *name, *usage;
	size_t min_arguments, max_arguments;
	bool weights; /* arguments may carry ": weight" */
	int (*compile)(const struct call *call, struct slot *slot, struct error *err);
};

#define FUNCTION_COUNT 9
extern const struct function function_table[FUNCTION_COUNT];

/* "${…}: what; write ${usage}"; returns -1. */
int call_error(const struct call *call, struct error *err, const char *what);

/* A constant as its place wants it, in the arena; NULL with an error when it cannot stand there. */
const char *call_escape(const struct call *call, const char *text, bool raw, struct error *err);

#endif
