/*
 * Every sample run by name: the rows that the tests of all formats go through.
 */
#ifndef SAMPLE_TABLE_H
#define SAMPLE_TABLE_H

#include "sample_run.h"

static const struct sample {
	const char *name;
	struct run *(*make)(void);
} samples[] = {
	{"passing", sample_passing},	   {"failing", sample_failing},
	{"compared", sample_compared},	   {"inconclusive", sample_inconclusive},
	{"unmeasured", sample_unmeasured}, {"interrupted", sample_interrupted},
	{"skipped", sample_skipped},	   {"nothing", sample_bare},
	{"advisory", sample_advisory},	   {"hostile", sample_hostile},
};

#endif
