/*
 * bare THREADS [REDIS_SOCKET]: what the libraries of the reference API cost by themselves.
 *
 * The same modes of libmicrohttpd as src/web/server.c, and nothing else: one fixed answer to
 * whatever is asked; with REDIS_SOCKET after one blocking GET through hiredis, of a value as long
 * as a cached prediction. Prints its port and serves until its standard input ends.
 */
#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "bare:prediction"
#define VALUE "[1,1,4213,5120,3301,7744,6105,512,613,701,845,902]"

static const char small[] = "{\"status\": \"alive\"}\n";
/* As long as the answer to /predict/single. */
static char large[330];
static const char *redis_socket;

static redisContext *connect_redis(void)
{
	redisContext *redis = redisConnectUnix(redis_socket);

	if (!redis || redis->err)
		exit(1);
	return redis;
}

static void look_up(void)
{
	static __thread redisContext *redis;
	redisReply *reply;

	if (!redis)
		redis = connect_redis();
	reply = redisCommand(redis, "GET " KEY);
	if (!reply || reply->type != REDIS_REPLY_STRING)
		exit(1);
	freeReplyObject(reply);
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **context)
{
	static int seen;
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)arg, (void)path, (void)method, (void)version, (void)upload;
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (redis_socket) {
		look_up();
		response = MHD_create_response_from_buffer(sizeof large, large,
							   MHD_RESPMEM_PERSISTENT);
	} else {
		response =
			MHD_create_response_from_buffer(sizeof small - 1, (void *)(uintptr_t)small,
							MHD_RESPMEM_PERSISTENT);
	}
	MHD_add_response_header(response, "Content-Type", "application/json");
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

static void fill(void)
{
	redisContext *redis = connect_redis();

	freeReplyObject(redisCommand(redis, "SET " KEY " %s EX 3600", VALUE));
	redisFree(redis);
	memset(large, ' ', sizeof large);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	struct MHD_Daemon *daemon;

	redis_socket = argc > 2 ? argv[2] : NULL;
	if (redis_socket)
		fill();
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO, 0, NULL, NULL,
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
