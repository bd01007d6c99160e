/* Generated files as text, for the tests of workflow/. */
#ifndef TEST_GENERATOR_CASE_H
#define TEST_GENERATOR_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/fs.h"
#include "perfgate/ext/yaml.h"
#include "perfgate/workflow/generators.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Render only files with this in their path; NULL: all. */
static const char *only_file;

static const char seed[] = "performance_gates:\n"
			   "  max_p95_response_time: 2000\n"
			   "  min_throughput: 50\n";

/* The whole set of files of a generator, one behind the other. */
static inline int render_all(const struct generator *generator, const struct settings *settings,
			     const char *config_path, const char *const *with, struct strbuf *out,
			     struct error *err)
{
	AUTO_JSON json_t *view = NULL;

	if (generator_view(generator, settings, config_path, with, &view, err) != 0)
		return -1;
	for (const struct generated_file *file = generator->files; file->path != NULL; file++)
		if (generated_file_wanted(file, view) &&
		    (only_file == NULL || strstr(file->path, only_file) != NULL) &&
		    generated_file_render(file, view, out, err) != 0)
			return -1;
	return 0;
}

/* 0 with the text, or -1 with *err, from the seed's gates and `more` lines of configuration. */
static inline int generate_with(const char *name, const char *more, const char *config_path,
				const char *const *with, struct strbuf *out, struct error *err)
{
	static const char *const no_environment[] = {NULL};
	char path[] = "/tmp/perfgate-test-generators-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	AUTO(settings) struct settings *settings = NULL;
	AUTO_FREE char *text = xasprintf("%s%s", seed, more);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	result = settings_load(path, no_environment, &settings, err);
	unlink(path);
	if (result == 0)
		result = render_all(generator_find(name, err), settings, config_path, with, out,
				    err);
	return result;
}

static inline int generate(const char *name, const char *more, const char *config_path,
			   struct strbuf *out, struct error *err)
{
	return generate_with(name, more, config_path, NULL, out, err);
}

static inline void must_generate(const char *name, const char *more, struct strbuf *out)
{
	struct error err = ERROR_INIT;

	if (generate(name, more, NULL, out, &err) != 0)
		fail_msg("%s: %s", name, err.message);
}

/* The one file with `part` in its path. */
static inline void must_generate_file(const char *name, const char *part, const char *more,
				      struct strbuf *out)
{
	only_file = part;
	must_generate(name, more, out);
	only_file = NULL;
}

static inline bool has(const struct strbuf *text, const char *part)
{
	return strstr(strbuf_text(text), part) != NULL;
}

/* Calls `visit` for each line with its number of leading blanks. */
static inline void each_line(const struct strbuf *text,
			     void (*visit)(const char *line, size_t indent))
{
	AUTO_FREE char *copy = xstrdup(strbuf_text(text));
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		visit(line, strspn(line, " "));
}

static inline size_t count(const struct strbuf *text, const char *part)
{
	size_t hits = 0;

	for (const char *at = strbuf_text(text); (at = strstr(at, part)) != NULL; at++)
		hits++;
	return hits;
}

#endif
