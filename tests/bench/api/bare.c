/*
 * bare THREADS: what libmicrohttpd itself costs.
 *
 * The same modes and number of threads as src/web/server.c, and nothing else: one fixed answer to
 * whatever is asked. Prints its port and serves until its standard input ends.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char body[] = "{\"status\": \"alive\"}\n";

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **context)
{
	static int seen;
	(void)arg, (void)path, (void)method, (void)version, (void)upload, (void)upload_size;
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	struct MHD_Response *response =
		MHD_create_response_from_buffer(sizeof body - 1, (void *)(uintptr_t)body,
						MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type", "application/json");
	enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO, 0, NULL, NULL,
				 answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
				 MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_END);
	if (!daemon)
		return 1;
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
	return 0;
}
