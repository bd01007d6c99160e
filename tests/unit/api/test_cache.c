#include "perfgate/api/cache.h"
#include "perfgate/api/data_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void places_become_cells_with_ties_away_from_zero(void **state)
{
	static const struct {
		double degrees;
		const char *cell;
	} rows[] = {
		{0, "0.00"},	       {-0.0, "0.00"},	  {-0.124, "0.00"},    {0.124, "0.00"},
		{0.125, "0.25"},       {-0.125, "-0.25"}, {0.375, "0.50"},     {-0.375, "-0.50"},
		{36.817, "36.75"},     {-1.286, "-1.25"}, {-89.999, "-90.00"}, {179.9, "180.00"},
		{-0.2500001, "-0.25"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO(strbuf) struct strbuf text = {0};

		grid_put(&text, grid_index(rows[i].degrees));
		assert_string_equal(strbuf_text(&text), rows[i].cell);
	}
}

static void the_edge_of_the_coverage_is_inside(void **state)
{
	(void)state;
	assert_true(grid_covers(&data_sets->coverage, grid_cell(-3, 34)));
	assert_true(grid_covers(&data_sets->coverage, grid_cell(2.1, 38.1)));
	assert_false(grid_covers(&data_sets->coverage, grid_cell(2.2, 38)));
	assert_false(grid_covers(&data_sets->coverage, grid_cell(0, 33.8)));
}

static void boxes_are_clipped_and_numbered_row_by_row(void **state)
{
	struct cell_box world = {{-360, -720}, {360, 720}}, far = {{100, 100}, {110, 110}}, box;

	(void)state;
	assert_true(grid_clip(&world, &data_sets->coverage, &box));
	assert_int_equal(grid_box_cells(&box), 21 * 17);
	assert_false(grid_clip(&far, &data_sets->coverage, &box));
	assert_true(grid_clip(&world, &data_sets->coverage, &box));
	for (size_t i = 0; i < grid_box_cells(&box); i++)
		assert_int_equal(grid_box_position(&box, grid_box_cell(&box, i)), i);
	assert_int_equal(grid_box_cell(&box, 17).latitude, -11);
}

static void keys_have_the_documented_form(void **state)
{
	struct cell cell = {-5, 147};
	struct cell_box box = {{-4, 136}, {4, 144}};
	char key[CACHE_KEY_SIZE];
	size_t length;

	(void)state;
	length = cache_prediction_key(key, cell, 19843, "ensemble.2-3fa9c1d2");
	assert_string_equal(key, "malaria:prediction:-1.25:36.75:2024-04-30:ensemble.2-3fa9c1d2");
	assert_int_equal(length, strlen(key));
	length = cache_spatial_key(key, &box, 19843, 0.1, "lstm.2-00c0ffee");
	assert_int_equal(length, strlen(key));
	assert_memory_equal(key, "malaria:spatial:", 16);
	assert_string_equal(key + 32, ":2024-04-30:0.100000");
	cache_model_key(key, "lstm", "2-00c0ffee");
	assert_string_equal(key, "malaria:model:lstm:2-00c0ffee");
}

static bool is_new(char (*seen)[CACHE_KEY_SIZE], size_t *count, const char *key)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(seen[i], key) == 0)
			return false;
	memcpy(seen[(*count)++], key, strlen(key) + 1);
	return true;
}

static void rd_04_different_questions_have_different_keys(void **state)
{
	static char seen[2000][CACHE_KEY_SIZE];
	char key[CACHE_KEY_SIZE];
	size_t count = 0;

	(void)state;
	for (int lat = -12; lat <= 8; lat += 4)
		for (int lon = 136; lon <= 152; lon += 4)
			for (int32_t day = 19358; day < 19360; day++)
				for (int model = 0; model < MODEL_TYPE_COUNT; model++) {
					cache_prediction_key(key, (struct cell){lat, lon}, day,
							     model_names[model]);
					assert_true(is_new(seen, &count, key));
				}
	for (int low = 1; low < 12; low++)
		for (int high = low; high < 12; high++) {
			/* 1:11 and 11:1 must not run together. */
			struct cell_box box = {{low, high}, {11, 111}};

			cache_spatial_key(key, &box, 19358, 0.1, "ensemble");
			assert_true(is_new(seen, &count, key));
			cache_spatial_key(key, &box, 19358, 0.25, "ensemble");
			assert_true(is_new(seen, &count, key));
			cache_spatial_key(key, &box, 19358, 0.1, "lstm");
			assert_true(is_new(seen, &count, key));
		}
}

static void rd_09_times_to_live_are_jittered_by_a_tenth(void **state)
{
	(void)state;
	assert_int_equal(cache_ttl_s(CACHE_PREDICTION, 0.5), 6 * 3600);
	assert_in_range(cache_ttl_s(CACHE_PREDICTION, 0), 6 * 3240 - 1, 6 * 3240 + 1);
	assert_in_range(cache_ttl_s(CACHE_SPATIAL, 0.999999), 12 * 3960 - 2, 12 * 3960);
	assert_int_equal(cache_ttl_s(CACHE_MODEL, 0.5), 7 * 24 * 3600);
	assert_int_equal(cache_ttl_s(CACHE_ENV, 0.5), 24 * 3600);
}

static void documents_survive_encoding(void **state)
{
	struct assessment in[3] = {{1, 2, 3, 4, 5, {6, 7, 8, 9, 10}},
				   {10000, 0, 10000, 0, 10000, {0}},
				   {7, 7, 7, 7, 7, {7, 7, 7, 7, 7}}};
	struct assessment out[3];
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	cache_encode(&text, in, 3);
	assert_int_equal(cache_decode(text.data, text.length, out, 3), 0);
	assert_memory_equal(in, out, sizeof in);
	assert_int_equal(cache_decode(text.data, text.length, out, 2), -1);
	assert_int_equal(cache_decode(text.data, text.length - 1, out, 3), -1);
}

static void rd_08_anything_else_is_no_document(void **state)
{
	static const char *const bad[] = {
		"",
		"[",
		"[]",
		"null",
		"{\"risk\": 1}",
		"[1,1]",
		"[2,1,1,2,3,4,5,6,7,8,9,10]",
		"[1,2,1,2,3,4,5,6,7,8,9,10]",
		"[1,1,1,2,3,4,5,6,7,8,9]",
		"[1,1,1,2,3,4,5,6,7,8,9,10,11]",
		"[1,1,1,2,3,4,5,6,7,8,9,10001]",
		"[1,1,1,2,3,4,5,6,7,8,9,-1]",
		"[1,1,1,2,3,4,5,6,7,8,9,]",
		"[1,1,1,2,3,4,5,6,7,8,9,10] ",
		"[1, 1,1,2,3,4,5,6,7,8,9,10]",
		"[1,1,1,2,3,4,5,6,7,8,9,99999999999999999999]",
	};
	struct assessment out[1];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (cache_decode(bad[i], strlen(bad[i]), out, 1) != -1)
			fail_msg("accepted %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_become_cells_with_ties_away_from_zero),
		cmocka_unit_test(the_edge_of_the_coverage_is_inside),
		cmocka_unit_test(boxes_are_clipped_and_numbered_row_by_row),
		cmocka_unit_test(keys_have_the_documented_form),
		cmocka_unit_test(rd_04_different_questions_have_different_keys),
		cmocka_unit_test(rd_09_times_to_live_are_jittered_by_a_tenth),
		cmocka_unit_test(documents_survive_encoding),
		cmocka_unit_test(rd_08_anything_else_is_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
