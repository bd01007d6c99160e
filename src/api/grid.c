#include "perfgate/api/grid.h"

#include "perfgate/web/reply.h"

#include <math.h>

int grid_index(double degrees)
{
	return (int)lround(degrees / GRID_STEP);
}

struct cell grid_cell(double latitude, double longitude)
{
	return (struct cell){grid_index(latitude), grid_index(longitude)};
}

static bool within(int value, int low, int high)
{
	return value >= low && value <= high;
}

bool grid_covers(const struct cell_box *box, struct cell cell)
{
	return within(cell.latitude, box->south_west.latitude, box->north_east.latitude) &&
	       within(cell.longitude, box->south_west.longitude, box->north_east.longitude);
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

bool grid_clip(const struct cell_box *box, const struct cell_box *all, struct cell_box *out)
{
	*out = (struct cell_box){
		{larger(box->south_west.latitude, all->south_west.latitude),
		 larger(box->south_west.longitude, all->south_west.longitude)},
		{smaller(box->north_east.latitude, all->north_east.latitude),
		 smaller(box->north_east.longitude, all->north_east.longitude)},
	};
	return out->south_west.latitude <= out->north_east.latitude &&
	       out->south_west.longitude <= out->north_east.longitude;
}

static size_t columns(const struct cell_box *box)
{
	return (size_t)(box->north_east.longitude - box->south_west.longitude + 1);
}

size_t grid_box_cells(const struct cell_box *box)
{
	return columns(box) * (size_t)(box->north_east.latitude - box->south_west.latitude + 1);
}

size_t grid_box_position(const struct cell_box *box, struct cell cell)
{
	return columns(box) * (size_t)(cell.latitude - box->south_west.latitude) +
	       (size_t)(cell.longitude - box->south_west.longitude);
}

struct cell grid_box_cell(const struct cell_box *box, size_t position)
{
	return (struct cell){box->south_west.latitude + (int)(position / columns(box)),
			     box->south_west.longitude + (int)(position % columns(box))};
}

void grid_put(struct strbuf *out, int index)
{
	web_put_decimal(out, (int64_t)index * 25, 2);
}
