/*
 * The 0.25 degree grid: places become cells, and cells are printed in one way only.
 *
 * A cell is two integers, so that keys have no "-0.00" and no rounding of their
 * own. Ties go away from zero (lround): 0.125 is cell 0.25, -0.125 is -0.25.
 */
#ifndef PERFGATE_API_GRID_H
#define PERFGATE_API_GRID_H

#include "perfgate/base/strbuf.h"

#include <stdbool.h>

#define GRID_STEP 0.25

struct cell {
	int latitude, longitude; /* in steps of 0.25 degrees */
};

/* Inclusive on both sides. */
struct cell_box {
	struct cell south_west, north_east;
};

int grid_index(double degrees);
struct cell grid_cell(double latitude, double longitude);
bool grid_covers(const struct cell_box *box, struct cell cell);
/* What two boxes have in common; false when there is nothing. */
bool grid_clip(const struct cell_box *box, const struct cell_box *all, struct cell_box *out);
size_t grid_box_cells(const struct cell_box *box);
/* Position of a cell in a box, row by row from the south-west. */
size_t grid_box_position(const struct cell_box *box, struct cell cell);
struct cell grid_box_cell(const struct cell_box *box, size_t position);
/* "-1.25" */
void grid_put(struct strbuf *out, int index);

#endif
