#include "git_spawn.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <git2.h>
#include <stdio.h>
#include <string.h>

#define ARGUMENTS_MAX 32

/* -- the environment of git ------------------------------------------- */

/*
 * What git, ssh and credential helpers are steered by, besides proc_clean_env().
 * GITHUB_TOKEN and GH_TOKEN are what the helper of gh reads.
 */
static const char *const passed_on[] = {
	"GIT_CONFIG*",
	"GIT_SSH*",
	"GIT_SSL_*",
	"GIT_HTTP_*",
	"GIT_PROXY_*",
	"GIT_ASKPASS",
	"GIT_USERNAME",
	"GIT_PASSWORD",
	"GIT_OBJECT_DIRECTORY",
	"SSH_AUTH_SOCK",
	"SSH_ASKPASS",
	"XDG_CONFIG_HOME",
	"XDG_RUNTIME_DIR",
	"http_proxy",
	"https_proxy",
	"HTTPS_PROXY",
	"all_proxy",
	"ALL_PROXY",
	"no_proxy",
	"NO_PROXY",
	"SSL_CERT_FILE",
	"SSL_CERT_DIR",
	"CURL_CA_BUNDLE",
	"GITHUB_TOKEN",
	"GH_TOKEN",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GNUPGHOME",
	NULL,
};

/* Entries of `config` as git's own variables, behind those that are there. */
static char **add_config(char **env, const struct strbuf *config)
{
	const char *entry = strbuf_text(config), *end = entry + config->length;
	const char *given = getenv("GIT_CONFIG_COUNT");
	long count = given ? strtol(given, NULL, 10) : 0;
	char name[64], number[32];

	for (; entry < end; entry += strlen(entry) + 1) {
		AUTO_FREE char *key = xstrndup(entry, strcspn(entry, "\n"));
		const char *value = strchr(entry, '\n');

		snprintf(name, sizeof name, "GIT_CONFIG_KEY_%ld", count);
		env = proc_env_set(env, name, key);
		snprintf(name, sizeof name, "GIT_CONFIG_VALUE_%ld", count++);
		env = proc_env_set(env, name, value ? value + 1 : "true");
	}
	snprintf(number, sizeof number, "%ld", count);
	return proc_env_set(env, "GIT_CONFIG_COUNT", number);
}

static char **git_env(const struct git_call *call)
{
	char **env = proc_env_pass(proc_clean_env(), passed_on);

	/* Its messages are read. */
	env = proc_env_set(env, "LC_ALL", "C");
	env = proc_env_set(env, "GIT_TERMINAL_PROMPT", "0");
	if (!getenv("SSH_ASKPASS"))
		env = proc_env_set(env, "SSH_ASKPASS", "false");
	env = proc_env_set(env, "SSH_ASKPASS_REQUIRE", "force");
	return call->config ? add_config(env, call->config) : env;
}

DEFINE_AUTO(env, char **, proc_env_free)

/* -- running git ------------------------------------------------------ */

/* What steers every call: no hook, no watcher, no clean-up in the background. */
static const char *const quiet[] = {
	"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",		  "-c", "gc.auto=0",
	"-c", "maintenance.auto=false",	  "-c", "advice.objectNameWarning=false",
};

int git_spawn(const struct git_call *call, struct proc_result *result, struct error *err)
{
	const char *own_dir = git_repository_path(extgit_raw(call->git));
	const char *folder = git_repository_workdir(extgit_raw(call->git));
	const char *argv[ARGUMENTS_MAX + ARRAY_SIZE(quiet) + 4] = {"git", "--git-dir"};
	AUTO(env) char **env = git_env(call);
	int64_t left_ns = call->deadline_ns - clock_now_ns();
	size_t count = 2;

	argv[count++] = call->git_dir ? call->git_dir : own_dir;
	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
		argv[count++] = quiet[i];
	for (size_t i = 0; call->arguments[i] && i < ARGUMENTS_MAX; i++)
		argv[count++] = call->arguments[i];
	struct proc_spec spec = {
		.argv = argv,
		.env = (const char *const *)env,
		/* Where a relative URL means what it means to git. */
		.cwd = folder ? folder : own_dir,
		.deadline_ns = left_ns > NS_PER_S ? left_ns : NS_PER_S,
	};
	if (proc_run(&spec, result, err)) {
		err->kind = ERROR_BASELINE;
		return -1;
	}
	return 0;
}

/* The line that says why: the first "fatal:", else "error:", else "remote:", else the first. */
static void put_reason(const struct proc_result *result, char *out, size_t size)
{
	static const char *const marks[] = {"fatal: ", "error: ", "remote: error: ", "remote: "};
	const char *text = strbuf_text(&result->err), *line = text;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const char *found = strstr(text, marks[i]);

		if (found && (found == text || found[-1] == '\n')) {
			line = found + strlen(marks[i]);
			break;
		}
	}
	snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
}

int git_spawn_fail(const struct proc_result *result, const char *what, const char *remote,
		   struct error *err)
{
	char reason[512];

	put_reason(result, reason, sizeof reason);
	if (result->timed_out)
		snprintf(reason, sizeof reason, "no answer in time");
	return error_set(err, ERROR_BASELINE, "git cannot %s `%s`: %s", what, remote,
			 *reason ? reason : "it gave no reason");
}
