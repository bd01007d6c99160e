#include "perfgate/api/data_set.h"

#include <string.h>

const struct data_set data_sets[] = {
	/* latitude -3..2, longitude 34..38 */
	{"quick", {{-12, 136}, {8, 152}}, {2023, 2023}},
	/* latitude -5..5, longitude 33..41.25 */
	{"full", {{-20, 132}, {20, 165}}, {2020, 2023}},
	{0},
};

const struct data_set *data_set_find(const char *name)
{
	for (const struct data_set *set = data_sets; set->name; set++)
		if (strcmp(set->name, name) == 0)
			return set;
	return NULL;
}
