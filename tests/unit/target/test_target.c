/*
 * Targets: waiting for readiness, what children get, and what is said when
 * they end. The API under test is this program itself, started with --serve.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/proctable.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/target/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_NS (20 * NS_PER_S)

/* ---- a tiny HTTP server: the first number in the path is the status it answers ---- */

static void answer(int fd)
{
	char request[4096], reply[256];
	ssize_t got = recv(fd, request, sizeof request - 1, 0);
	request[got > 0 ? got : 0] = '\0';
	long status = strtol(request + strcspn(request, "0123456789 \r\n") + 2, NULL, 10);
	const char *environment = strstr(request, "GET /info ") != NULL
					  ? "{\"environment\": {\"postgres\": \"15\"}}"
					  : "{}";
	snprintf(reply, sizeof reply,
		 "HTTP/1.1 %ld X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		 status >= 200 ? status : 200, strlen(environment), environment);
	if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
		return;
	shutdown(fd, SHUT_WR);
	while (recv(fd, request, sizeof request, 0) > 0)
		;
}

static int listen_on(uint16_t port, uint16_t *out_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	*out_port = ntohs(address.sin_port);
	return fd;
}

/* Ends when the listening socket is shut down. */
static void *serve(void *arg)
{
	int listener = *(int *)arg, fd;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		answer(fd);
		close(fd);
	}
	return NULL;
}

struct server {
	pthread_t thread;
	int fd;
	uint16_t port;
};

static void server_start(struct server *server)
{
	server->fd = listen_on(0, &server->port);
	assert_true(server->fd >= 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, &server->fd), 0);
}

static void server_stop(struct server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
}

/* ---- helpers ---- */

static bool is_running(pid_t pid)
{
	struct proctable_entry entry;
	return proctable_read_one(pid, &entry) && entry.state != 'Z';
}

static void keep_line(const char *line, void *arg)
{
	strbuf_printf(arg, "%s\n", line);
}

static int start_command(const char *command, struct target **out, struct error *err)
{
	struct settings settings = {
		.target = {.kind = TARGET_COMMAND, .command = command, .ready = "/"}};
	return target_start(&settings, NULL, NULL, NULL, out, err);
}

static char *self_command(const char *format)
{
	AUTO_FREE char *self = fs_self_path();
	struct strbuf line = {0};
	for (; *format != '\0'; format++)
		if (*format == '@')
			strbuf_puts(&line, self);
		else
			strbuf_putc(&line, *format);
	return strbuf_take(&line);
}

static int start_url(const char *url, const char *ready, struct target **out, struct error *err)
{
	struct settings settings = {.target = {.kind = TARGET_URL,
					       .url = url,
					       .ready = ready ? ready : "/",
					       .ready_given = ready != NULL}};
	return target_start(&settings, NULL, NULL, NULL, out, err);
}

/* ---- tests ---- */

static void urls_are_ready_by_their_answer(void **state)
{
	static const struct {
		const char *prefix, *ready;
		bool is_ready;
	} rows[] = {
		{"", NULL, true},    {"/404", NULL, true},  {"", "/204", true},
		{"", "/302", false}, {"/503", NULL, false},
	};
	struct server server;
	(void)state;
	server_start(&server);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target *target = NULL;
		struct error err = ERROR_INIT;
		AUTO_FREE char *url =
			xasprintf("http://127.0.0.1:%u%s", server.port, rows[i].prefix);
		int result = start_url(url, rows[i].ready, &target, &err);
		assert_int_equal(result, rows[i].is_ready ? 0 : -1);
		if (result == 0) {
			assert_string_equal(target_shown(target), url);
			assert_int_equal(target_endpoint(target)->pid, 0);
			struct error none = ERROR_INIT;
			assert_int_equal(target_check_alive(target, &none), 0);
			json_t *environment = target_environment(target);
			assert_int_equal(json_object_size(environment), 0);
			json_decref(environment);
			target_stop(target);
		} else {
			assert_int_equal(err.kind, ERROR_UNMEASURED);
			assert_non_null(strstr(err.message, "target not reachable within 5 s"));
			assert_non_null(strstr(err.message, "answers"));
		}
	}
	server_stop(&server);
}

/* NET-01 */
static void refused_connections_are_unmeasured(void **state)
{
	(void)state;
	struct target *target = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(start_url("http://me:hunter2@127.0.0.1:9", NULL, &target, &err), -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(err.message, "target not reachable within 5 s: "
					    "http://127.0.0.1:9: "));
	assert_null(strstr(err.message, "hunter2"));
}

static void commands_are_started_and_stopped_with_all_they_start(void **state)
{
	(void)state;
	AUTO_FREE char *command = self_command("@ --serve {port} & wait");
	AUTO(strbuf) struct strbuf lines = {0};
	struct target *target = NULL;
	struct error err = ERROR_INIT;
	struct settings settings = {
		.target = {.kind = TARGET_COMMAND, .command = command, .ready = "/"}};
	if (target_start(&settings, NULL, keep_line, &lines, &target, &err) < 0)
		fail_msg("%s", err.message);
	const struct target_endpoint *endpoint = target_endpoint(target);
	assert_string_equal(endpoint->address, "127.0.0.1");
	assert_true(endpoint->port > 0);
	assert_true(is_running(endpoint->pid));
	assert_non_null(strstr(target_shown(target), "--serve {port} & wait`"));
	assert_non_null(strstr(strbuf_text(&lines), "ready in"));
	assert_int_equal(target_check_alive(target, &err), 0);
	AUTO_FREE char *url = xasprintf("%s", endpoint->url);
	pid_t pid = endpoint->pid;
	target_stop(target);
	assert_false(is_running(pid));
	/* The server was the shell's child: it must be gone too. */
	uint16_t port;
	int fd = listen_on((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10), &port);
	close(fd);
	target_stop(NULL);
}

/* SIG-08 */
static void children_that_end_are_reported_at_once(void **state)
{
	static const struct {
		const char *command, *message;
	} rows[] = {
		{"echo first; echo cannot open the model >&2; exit 3",
		 "ended with exit status 3: cannot open the model"},
		{"exit 0", "ended with exit status 0 and wrote nothing"},
		{"kill -9 $$", "ended with exit status 137"},
		{"no-such-server --port {port}", "ended with exit status 127"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target *target = NULL;
		struct error err = ERROR_INIT;
		int64_t start_ns = clock_now_ns();
		assert_int_equal(start_command(rows[i].command, &target, &err), -1);
		/* Long before the budget of 30 s. */
		assert_true(clock_now_ns() - start_ns < PATIENCE_NS);
		assert_int_equal(err.kind, ERROR_UNMEASURED);
		if (strstr(err.message, rows[i].message) == NULL)
			fail_msg("%s", err.message);
	}
}

/* SIG-08 */
static void a_crash_in_the_run_is_noticed(void **state)
{
	(void)state;
	AUTO_FREE char *command = self_command("exec @ --serve {port}");
	struct target *target = NULL;
	struct error err = ERROR_INIT;
	if (start_command(command, &target, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(target_check_alive(target, &err), 0);
	kill(target_endpoint(target)->pid, SIGKILL);
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	while (target_check_alive(target, &err) == 0 && clock_now_ns() < deadline_ns)
		nanosleep(&(struct timespec){.tv_nsec = 5 * NS_PER_MS}, NULL);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(err.message, "exit status 137"));
	target_stop(target);
}

static void SEC_08_commands_get_a_listed_environment(void **state)
{
	(void)state;
	setenv("GITHUB_TOKEN", "ghp_secret", 1);
	const char *env[] = {"MODE=fast", "LC_ALL=C.UTF-8", NULL};
	struct settings settings = {
		.database_url = "postgresql://x",
		.redis_url = "unix:/r",
		.target = {.kind = TARGET_COMMAND,
			   .ready = "/",
			   .env = {.items = env, .count = 2},
			   .command = "test \"$PORT\" = {port} && "
				      "echo $MODE $LC_ALL $DATABASE_URL $REDIS_URL "
				      "${GITHUB_TOKEN-unset}; exit 1"}};
	struct target *target = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(target_start(&settings, NULL, NULL, NULL, &target, &err), -1);
	unsetenv("GITHUB_TOKEN");
	if (strstr(err.message, "fast C.UTF-8 postgresql://x unix:/r unset") == NULL)
		fail_msg("%s", err.message);
}

static void a_port_that_was_taken_meanwhile_is_replaced(void **state)
{
	(void)state;
	char flag[] = "/tmp/pfg-test-XXXXXX";
	int fd = mkstemp(flag);
	assert_true(fd >= 0);
	close(fd);
	AUTO_FREE char *script =
		xasprintf("if rm %s 2>/dev/null; then echo 'bind: Address already in use'; exit 1; "
			  "fi; exec @ --serve {port}",
			  flag);
	AUTO_FREE char *command = self_command(script);
	struct target *target = NULL;
	struct error err = ERROR_INIT;
	if (start_command(command, &target, &err) < 0)
		fail_msg("%s", err.message);
	target_stop(target);
	assert_false(fs_exists(flag));
}

static void commands_are_shown_in_one_line_without_secrets(void **state)
{
	(void)state;
	static const struct {
		const char *command, *shown;
	} rows[] = {
		{" exit 5\n", "`exit 5` ended"},
		{"exit 6\necho more", "`exit 6 ...` ended"},
		{"KEY=swordfish; exit 7", "`KEY=***; exit 7` ended"},
	};
	log_add_secret("swordfish");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target *target = NULL;
		struct error err = ERROR_INIT;
		assert_int_equal(start_command(rows[i].command, &target, &err), -1);
		if (strstr(err.message, rows[i].shown) == NULL)
			fail_msg("%s", err.message);
	}
}

static void waiting_can_be_interrupted(void **state)
{
	(void)state;
	volatile sig_atomic_t stop = 1;
	struct settings settings = {
		.target = {.kind = TARGET_COMMAND, .command = "sleep 1000", .ready = "/"}};
	struct target *target = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(target_start(&settings, &stop, NULL, NULL, &target, &err), -1);
	assert_non_null(strstr(err.message, "interrupted"));
}

static void a_build_that_fails_sends_no_load(void **state)
{
	(void)state;
	struct settings settings = {.target = {.kind = TARGET_COMMAND,
					       .build = "echo main.c:1: no such thing; exit 2",
					       .command = "exit 9",
					       .ready = "/"}};
	struct error err = ERROR_INIT;
	assert_int_equal(target_build(&settings, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.message,
			    "target.build ended with exit status 2: main.c:1: no such thing");
}

static int serve_until_killed(const char *port)
{
	uint16_t ignored;
	int fd = listen_on((uint16_t)strtoul(port, NULL, 10), &ignored);
	if (fd < 0) {
		perror("bind");
		return 1;
	}
	serve(&fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--serve") == 0)
		return serve_until_killed(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_ready_by_their_answer),
		cmocka_unit_test(refused_connections_are_unmeasured),
		cmocka_unit_test(commands_are_started_and_stopped_with_all_they_start),
		cmocka_unit_test(children_that_end_are_reported_at_once),
		cmocka_unit_test(a_crash_in_the_run_is_noticed),
		cmocka_unit_test(SEC_08_commands_get_a_listed_environment),
		cmocka_unit_test(a_port_that_was_taken_meanwhile_is_replaced),
		cmocka_unit_test(commands_are_shown_in_one_line_without_secrets),
		cmocka_unit_test(waiting_can_be_interrupted),
		cmocka_unit_test(a_build_that_fails_sends_no_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
