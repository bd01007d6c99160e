/*
 * A git repository in a temporary folder, for unit tests.
 *
 * temp_repo_enter() makes it, makes it the current folder and gives git an
 * empty home and a fixed author, so that no setting of the machine counts;
 * temp_repo_leave() removes it. One at a time.
 */
#ifndef TEMP_REPO_H
#define TEMP_REPO_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct temp_repo {
	char root[64]; /* holds home/ and repo/ */
};

static const char *const temp_repo_variables[] = {
	"GIT_DIR",	 "GIT_WORK_TREE",	  "GIT_INDEX_FILE",   "GIT_OBJECT_DIRECTORY",
	"GIT_NAMESPACE", "GIT_COMMON_DIR",	  "GIT_CONFIG_COUNT", "GIT_CEILING_DIRECTORIES",
	"GIT_CONFIG",	 "GIT_CONFIG_PARAMETERS", "XDG_CONFIG_HOME",
};

/* Run by sh -c, standard output into `output` (may be NULL); -1 when it did not start. */
__attribute__((format(printf, 3, 0))) static inline int run_shell(char *output, size_t size,
								  const char *format, va_list args)
{
	char command[4096];
	size_t length = 0;
	int status, pipes[2];
	pid_t child;

	vsnprintf(command, sizeof command, format, args);
	if (pipe(pipes) < 0 || (child = fork()) < 0)
		return -1;
	if (child == 0) {
		dup2(pipes[1], 1);
		close(pipes[0]);
		close(pipes[1]);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	for (;;) {
		char bytes[4096];
		ssize_t got = read(pipes[0], bytes, sizeof bytes);

		if (got <= 0)
			break;
		for (ssize_t i = 0; output && i < got && length + 1 < size; i++)
			output[length++] = bytes[i];
	}
	if (output)
		output[length] = '\0';
	close(pipes[0]);
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

__attribute__((format(printf, 1, 2))) static inline int sh(const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = run_shell(NULL, 0, format, args);
	va_end(args);
	return status;
}

/* The output without its last newline. */
__attribute__((format(printf, 3, 4))) static inline int sh_output(char *output, size_t size,
								  const char *format, ...)
{
	va_list args;
	int status;
	size_t length;

	va_start(args, format);
	status = run_shell(output, size, format, args);
	va_end(args);
	length = strlen(output);
	if (length && output[length - 1] == '\n')
		output[length - 1] = '\0';
	return status;
}

/* With no commit when `commits` is 0; the branch is main, every commit changes file.txt. */
static inline int temp_repo_enter(struct temp_repo *repo, int commits)
{
	char home[128];

	snprintf(repo->root, sizeof repo->root, "/tmp/perfgate-test-XXXXXX");
	if (!mkdtemp(repo->root))
		return -1;
	for (size_t i = 0; i < sizeof temp_repo_variables / sizeof *temp_repo_variables; i++)
		unsetenv(temp_repo_variables[i]);
	snprintf(home, sizeof home, "%s/home", repo->root);
	setenv("HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_NAME", "Test", 1);
	setenv("GIT_AUTHOR_EMAIL", "test@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "Test", 1);
	setenv("GIT_COMMITTER_EMAIL", "test@example.org", 1);
	if (sh("mkdir %s/home && git init -q -b main %s/repo", repo->root, repo->root) != 0 ||
	    chdir(repo->root) < 0 || chdir("repo") < 0)
		return -1;
	for (int i = 1; i <= commits; i++)
		if (sh("echo %d >file.txt && git add file.txt && git commit -q -m 'commit %d'", i,
		       i) != 0)
			return -1;
	return 0;
}

static inline void temp_repo_leave(struct temp_repo *repo)
{
	if (chdir("/") == 0)
		sh("rm -rf %s", repo->root);
	for (size_t i = 0; i < sizeof temp_repo_variables / sizeof *temp_repo_variables; i++)
		unsetenv(temp_repo_variables[i]);
}

#endif
