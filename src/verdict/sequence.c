#include "perfgate/verdict/sequence.h"

#include <math.h>

double sequence_radius(size_t n, double sd, double level)
{
	double size = (double)n, c2 = SEQUENCE_C * SEQUENCE_C;
	double h, room;

	if (n < 2)
		return INFINITY;
	/* M_n = 1/level where n r/(n+c^2) = h (Q + r), r = n (m-mu)^2. */
	h = 1 - pow(level * level * c2 / (size + c2), 1 / size);
	room = size / (size + c2) - h;
	if (!(room > 0))
		return INFINITY;
	return sd * sqrt((size - 1) * h / (size * room));
}
