#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "perfgate/base/mem.h"
#include "perfgate/load/server_timing.h"

/* "name dur hits/misses" of each metric, with the header in exactly sized memory. */
static void describe(const char *text, char *out, size_t size)
{
	size_t length = strlen(text), used = 0;
	char *copy = xcalloc(length ? length : 1, 1);
	memcpy(copy, text, length);
	struct http1_field rest = {copy, length};
	struct server_timing timing;
	out[0] = '\0';
	while (server_timing_next(&rest, &timing)) {
		struct cache_lookups lookups = server_timing_lookups(&timing);
		char duration[32] = "-";
		if (!isnan(timing.duration_ms))
			snprintf(duration, sizeof duration, "%g", timing.duration_ms);
		used += (size_t)snprintf(out + used, size - used, "%s%.*s %s %u/%u",
					 used ? "; " : "", (int)timing.name.length,
					 timing.name.text, duration, (unsigned)lookups.hits,
					 (unsigned)lookups.misses);
	}
	free(copy);
}

static void headers_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"", ""},
		{"db;dur=12.3", "db 12.3 0/0"},
		{"db;dur=12.3, cache;desc=hit, model;dur=4",
		 "db 12.3 0/0; cache - 1/0; model 4 0/0"},
		{"cache;desc=miss;dur=0.25", "cache 0.25 0/1"},
		{"cache;desc=\"hit\"", "cache - 1/0"},
		{"cache;desc=partial;hits=97;misses=3", "cache - 97/3"},
		{"cache;desc=partial", "cache - 0/1"},
		{"cache;hits=5", "cache - 5/0"},
		{"Cache;DESC=HIT", "Cache - 1/0"},
		{" a ; dur = 1 , b", "a 1 0/0; b - 0/0"},
		{",,a,,", "a - 0/0"},
		{"a;dur=\"2.5\"", "a 2.5 0/0"},
		{"a;dur=1e3", "a - 0/0"},
		{"a;dur=-1", "a - 0/0"},
		{"a;dur=nan", "a - 0/0"},
		{"a;dur=99999999999", "a - 0/0"},
		{"a;dur=", "a - 0/0"},
		{"a;dur", "a - 0/0"},
		{"a;desc=\"x, y; z\";dur=3, b", "a 3 0/0; b - 0/0"},
		{"a;desc=\"unclosed", "a - 0/0"},
		{"a;desc=\"back\\", "a - 0/0"},
		{"cache;hits=99999999999;misses=1", "cache - 0/1"},
		{"cache;hits=-5", "cache - 0/0"},
		{"a b;dur=1, c", "a - 0/0; c - 0/0"},
		{"=;,\"", ""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[256];
		describe(cases[i].text, got, sizeof got);
		if (strcmp(got, cases[i].wanted) != 0)
			fail_msg("'%s' gives '%s', not '%s'", cases[i].text, got, cases[i].wanted);
	}
}

static void x_cache_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned hits, misses;
	} cases[] = {
		{"HIT", 1, 0},	     {"MISS", 0, 1},	  {"hit", 1, 0},
		{"", 0, 0},	     {"BYPASS", 0, 0},	  {"Hit from cloudfront", 1, 0},
		{"MISS, HIT", 1, 0}, {"HIT, MISS", 0, 1}, {"\"HIT\"", 1, 0},
		{"WHITE", 0, 0},     {"=;,,\"", 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http1_field value = {cases[i].text, strlen(cases[i].text)};
		struct cache_lookups got = x_cache_lookups(value);
		if (got.hits != cases[i].hits || got.misses != cases[i].misses)
			fail_msg("'%s' gives %u/%u", cases[i].text, (unsigned)got.hits,
				 (unsigned)got.misses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(x_cache_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
