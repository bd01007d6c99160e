#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/cli/changed.h"

static void globs_are_those_of_gitignore(void **state)
{
	static const struct {
		const char *globs[4];
		const char *path;
		bool match;
	} rows[] = {
		{{"src/**"}, "src/a/b.c", true},
		{{"src/**"}, "docs/src/b.c", false},
		{{"src/"}, "src/a/b.c", true},
		{{"src"}, "src/a/b.c", true},
		{{"src"}, "lib/src/b.c", true},
		{{"/src"}, "lib/src/b.c", false},
		{{"/src"}, "src/b.c", true},
		{{"src"}, "src.c", false},
		{{"*.c"}, "a.c", true},
		{{"*.c"}, "a/b/c.c", true},
		{{"/*.c"}, "a/b/c.c", false},
		{{"src/*.c"}, "src/a/b.c", false},
		{{"src/*.c"}, "src/b.c", true},
		{{"Dockerfile", "*.sql"}, "db/1.sql", true},
		{{"Dockerfile", "*.sql"}, "db/1.txt", false},
		{{"src/**", "!src/docs/**"}, "src/docs/a.md", false},
		{{"src/**", "!src/docs/**"}, "src/a.c", true},
		{{"!src/docs/**", "src/**"}, "src/docs/a.md", true},
		{{"src/**", "!*.md", "src/api.md"}, "src/api.md", true},
		{{"!docs/", "!*.md"}, "src/a.c", true},
		{{"!docs/", "!*.md"}, "docs/a.c", false},
		{{"!docs/", "!*.md"}, "README.md", false},
		{{"**"}, "a", true},
		{{"a b/\xc3\xa4"}, "a b/\xc3\xa4", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *globs[4];
		struct string_list list = {.items = globs};

		for (; list.count < 4 && rows[i].globs[list.count]; list.count++)
			globs[list.count] = rows[i].globs[list.count];
		if (changed_matches(&list, rows[i].path) != rows[i].match)
			fail_msg("%s … against %s", rows[i].globs[0], rows[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs_are_those_of_gitignore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
