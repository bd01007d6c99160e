/*
 * The data sets that the store can hold: where and when there is climate.
 *
 * Every value is a function of cell and day, so that any two databases with
 * the same data set give the same answers, and the full set contains the quick one.
 */
#ifndef PERFGATE_API_DATA_SET_H
#define PERFGATE_API_DATA_SET_H

#include "perfgate/api/calendar.h"
#include "perfgate/api/grid.h"

struct data_set {
	const char *name;
	struct cell_box coverage;
	struct calendar calendar;
};

/* Ends with a row without name. The first is the default. */
extern const struct data_set data_sets[];

/* NULL when there is none of that name. */
const struct data_set *data_set_find(const char *name);

#endif
