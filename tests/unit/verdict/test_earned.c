#include "perfgate/verdict/earned.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* By bisection of the exact binomial sum; with k = 0 it is 1 - .05^(1/n). */
static void fail_is_earned_by_the_exact_binomial_limit(void **state)
{
	static const struct {
		size_t runs, alarms;
		double upper;
		size_t more;
	} rows[] = {
		{0, 0, 1, 29},	      {28, 0, .101466, 1}, {29, 0, .098145, 0},
		{200, 0, .014867, 0}, {45, 1, .101134, 1}, {46, 1, .099024, 0},
		{20, 1, .216106, 26}, {60, 2, .101236, 1}, {61, 2, .099635, 0},
		{10, 10, 1, 157},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct earned found = earned_judge(rows[i].runs, rows[i].alarms);

		if (fabs(found.upper - rows[i].upper) > 1e-5 || found.more != rows[i].more ||
		    found.earned != (rows[i].more == 0))
			fail_msg("%zu of %zu: %.6f, %zu more", rows[i].alarms, rows[i].runs,
				 found.upper, found.more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_is_earned_by_the_exact_binomial_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
