/* A folder of its own for one test program's configuration file. */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char fixture_folder[] = "/tmp/test_config_XXXXXX";

static inline int fixture_setup(void **state)
{
	(void)state;
	log_set_level(LOG_QUIET);
	return mkdtemp(fixture_folder) == NULL || chdir(fixture_folder) != 0;
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	(void)unlink("f.yml");
	return chdir("/") != 0 || rmdir(fixture_folder) != 0;
}

static inline void fixture_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

/* NULL text: no file at all. */
static inline int fixture_load(const char *text, const char *const *environ_, struct settings **out,
			       struct error *err)
{
	if (text != NULL)
		fixture_write("f.yml", text);
	return settings_load(text != NULL ? "f.yml" : NULL, environ_, out, err);
}

static inline struct settings *fixture_settings(const char *text, const char *const *environ_)
{
	struct settings *settings = NULL;
	struct error err = ERROR_INIT;
	if (fixture_load(text, environ_, &settings, &err) != 0)
		fail_msg("%s: %s", text != NULL ? text : "no file", err.message);
	return settings;
}

static inline void fixture_refused(const char *text, const char *const *environ_,
				   const char *message)
{
	AUTO(settings) struct settings *settings = NULL;
	struct error err = ERROR_INIT;
	int result = fixture_load(text, environ_, &settings, &err);
	if (result == 0)
		result = settings_validate(settings, &err);
	if (result == 0)
		fail_msg("accepted: %s", text != NULL ? text : environ_[0]);
	assert_int_equal(err.kind, ERROR_USAGE);
	if (strstr(err.message, message) == NULL)
		fail_msg("`%s`: \"%s\" lacks \"%s\"", text != NULL ? text : environ_[0],
			 err.message, message);
}

#endif
