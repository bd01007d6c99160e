#include "perfgate/base/proc.h"

#include "perfgate/base/text.h"

#include <string.h>
#include <unistd.h>

/* What a program needs to run as usual; nothing of this holds a secret. A '*' ends a prefix. */
static const char *const passed_on[] = {"PATH", "HOME", "USER", "LANG", "LC_*", "TZ", "TMPDIR"};

static bool is_passed_on(const char *assignment)
{
	size_t key = strcspn(assignment, "=");
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++) {
		size_t length = strlen(passed_on[i]);
		bool prefix = passed_on[i][length - 1] == '*';
		if (prefix ? strncmp(assignment, passed_on[i], length - 1) == 0
			   : key == length && strncmp(assignment, passed_on[i], length) == 0)
			return true;
	}
	return false;
}

static size_t env_count(char *const *env)
{
	size_t count = 0;
	while (env[count] != NULL)
		count++;
	return count;
}

char **proc_clean_env(void)
{
	size_t count = 0;
	char **env = xcalloc((environ != NULL ? env_count(environ) : 0) + 1, sizeof *env);
	for (char **item = environ; item != NULL && *item != NULL; item++)
		if (is_passed_on(*item))
			env[count++] = xstrdup(*item);
	return env;
}

char **proc_env_set(char **env, const char *key, const char *value)
{
	size_t length = strlen(key);
	char *assignment = xasprintf("%s=%s", key, value);
	for (char **item = env; *item != NULL; item++)
		if (strncmp(*item, key, length) == 0 && (*item)[length] == '=') {
			free(*item);
			*item = assignment;
			return env;
		}
	size_t count = env_count(env);
	env = xrealloc(env, count + 2, sizeof *env);
	env[count] = assignment;
	env[count + 1] = NULL;
	return env;
}

void proc_env_free(char **env)
{
	for (char **item = env; item != NULL && *item != NULL; item++)
		free(*item);
	free(env);
}
