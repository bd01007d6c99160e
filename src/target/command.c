/* The command lines and environments of our children. */
#include "internal.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_MARK "{port}"

int command_free_port(uint16_t *out, struct error *err)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "no free port on 127.0.0.1");
	*out = ntohs(address.sin_port);
	return 0;
}

char *command_with_port(const char *command, uint16_t port)
{
	struct strbuf line = {0};
	const char *mark;
	while ((mark = strstr(command, PORT_MARK)) != NULL) {
		strbuf_append(&line, command, (size_t)(mark - command));
		strbuf_printf(&line, "%u", port);
		command = mark + strlen(PORT_MARK);
	}
	strbuf_puts(&line, command);
	return strbuf_take(&line);
}

/* Our own folder comes last, so that `perfgate serve` works where perfgate is not installed. */
static char **add_own_folder(char **env)
{
	AUTO_FREE char *self = fs_self_path();
	char *slash = self != NULL ? strrchr(self, '/') : NULL;
	if (slash == NULL)
		return env;
	*slash = '\0';
	const char *path = getenv("PATH");
	AUTO_FREE char *longer =
		xasprintf("%s%s%s", path ? path : "", path && *path ? ":" : "", self);
	return proc_env_set(env, "PATH", longer);
}

static char **add_assignment(char **env, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	if (equals == NULL)
		return env;
	AUTO_FREE char *key = xstrndup(assignment, (size_t)(equals - assignment));
	return proc_env_set(env, key, equals + 1);
}

char **command_environment(const struct settings *settings, uint16_t port)
{
	char text[16];
	char **env = add_own_folder(proc_clean_env());
	snprintf(text, sizeof text, "%u", port);
	env = proc_env_set(env, "PORT", text);
	if (settings->database_url != NULL)
		env = proc_env_set(env, "DATABASE_URL", settings->database_url);
	if (settings->redis_url != NULL)
		env = proc_env_set(env, "REDIS_URL", settings->redis_url);
	for (size_t i = 0; i < settings->target.env.count; i++)
		env = add_assignment(env, settings->target.env.items[i]);
	return env;
}

bool command_is_perfgate(const char *command)
{
	size_t length = strlen("perfgate");
	command += strspn(command, " \t");
	return text_starts_with(command, "perfgate") &&
	       (command[length] == ' ' || command[length] == '\0');
}
