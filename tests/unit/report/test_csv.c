#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/report/render.h"
#include "sample_table.h"

static void samples_are_as_in_the_golden_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO_FREE char *name = xasprintf("report/summary-%s.csv", samples[i].name);
		AUTO(strbuf) struct strbuf out = {0};

		assert_int_equal(csv_render_summary(run, &out, NULL), 0);
		golden_check(name, &out);
	}
}

/* Splits one RFC 4180 record; the cells are NUL-terminated in `line`. Returns their count. */
static size_t split(char *line, char **cells, size_t most)
{
	size_t count = 0;

	while (count < most) {
		char *write = line;
		bool quoted = *line == '"';

		cells[count++] = line;
		line += quoted;
		for (; *line != '\0'; line++) {
			if (quoted && *line == '"' && *++line != '"')
				quoted = false;
			if (!quoted && *line == ',')
				break;
			*write++ = *line;
		}
		if (*line == '\0') {
			*write = '\0';
			return count;
		}
		*write = '\0';
		line++;
	}
	return count;
}

static void no_cell_is_a_formula_and_every_row_has_all_columns__OUT_20(void **state)
{
	AUTO(run) struct run *run = sample_hostile();
	AUTO(strbuf) struct strbuf out = {0};
	char *rest = NULL, *cells[64], names[64][64] = {{0}};
	size_t columns = 0, rows = 0;

	(void)state;
	assert_int_equal(csv_render_summary(run, &out, NULL), 0);
	for (char *line = strtok_r(out.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest), rows++) {
		size_t count = split(line, cells, ARRAY_SIZE(cells));

		if (rows == 0)
			columns = count;
		else
			snprintf(names[rows], sizeof names[rows], "%.63s", cells[1]);
		assert_int_equal(count, columns);
		for (size_t i = 0; i < count; i++)
			assert_true(cells[i][0] == '\0' || strchr("=+-@\t\r", cells[i][0]) == NULL);
	}
	assert_int_equal(rows, 1 + 5 + 5);
	assert_string_equal(names[1], "'" SAMPLE_CSV);
	assert_string_equal(names[2], "POST /a,\"b\"\\x0aline two\\x09tab");
	assert_string_equal(names[3], "'-2+3");
}

static void requests_are_in_jmeter_columns_and_in_order(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf out = {0};
	long long before = 0;
	char *rest = NULL, *line;
	size_t rows = 0;

	(void)state;
	run->scenarios[0].samples[3].status = 0;
	run->scenarios[0].samples[3].outcome = CLASS_TIMEOUT;
	run->scenarios[0].samples[4].elapsed_ms = NAN;
	assert_int_equal(csv_render_requests(run, &out, NULL), 0);
	golden_check("report/requests-passing.csv", &out);
	line = strtok_r(out.data, "\n", &rest);
	assert_string_equal(line, "timeStamp,elapsed,label,responseCode,success,bytes");
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
		long long start = strtoll(line, NULL, 10);

		assert_true(start >= before);
		before = start;
		rows++;
	}
	assert_int_equal(rows, 12);
}

static void a_run_without_scenarios_has_only_the_header(void **state)
{
	AUTO(run) struct run *run = sample_bare();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	assert_int_equal(csv_render_summary(run, &out, NULL), 0);
	assert_ptr_equal(strchr(out.data, '\n'), out.data + out.length - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_as_in_the_golden_files),
		cmocka_unit_test(no_cell_is_a_formula_and_every_row_has_all_columns__OUT_20),
		cmocka_unit_test(requests_are_in_jmeter_columns_and_in_order),
		cmocka_unit_test(a_run_without_scenarios_has_only_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
