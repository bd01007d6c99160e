#include "perfgate/base/proc.h"

#include "perfgate/base/text.h"

#include <string.h>
#include <unistd.h>

/* What a program needs to run as usual; nothing of this holds a secret. */
static const char *const needed[] = {"PATH", "HOME", "USER", "LANG", "LC_*", "TZ", "TMPDIR", NULL};

static bool is_listed(const char *const *names, const char *assignment, size_t key)
{
	for (; *names; names++) {
		size_t length = strlen(*names);
		bool prefix = (*names)[length - 1] == '*';

		if (prefix ? strncmp(assignment, *names, length - 1) == 0
			   : key == length && strncmp(assignment, *names, length) == 0)
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

char **proc_env_pass(char **env, const char *const *names)
{
	for (char **item = environ; item != NULL && *item != NULL; item++) {
		size_t key = strcspn(*item, "=");
		AUTO_FREE char *name = xstrndup(*item, key);

		if ((*item)[key] == '=' && is_listed(names, *item, key))
			env = proc_env_set(env, name, *item + key + 1);
	}
	return env;
}

char **proc_clean_env(void)
{
	char **env = xcalloc(1, sizeof *env);

	return proc_env_pass(env, needed);
}

void proc_env_free(char **env)
{
	for (char **item = env; item != NULL && *item != NULL; item++)
		free(*item);
	free(env);
}
