/*
 * A scripted server on loopback: for each connection it reads what comes and answers every
 * read with the next part of the script; after the last part it keeps
 * reading (or closes, when the script ends with PEER_CLOSE).
 */
#ifndef TESTS_UNIT_EXT_PEER_H
#define TESTS_UNIT_EXT_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_CLOSE ""

struct peer {
	int fd, port;
	const char *const *script; /* NULL-terminated */
	size_t first_length; /* of the first part when it contains NUL; 0 = its strlen */
	pthread_t thread;
};

static inline void peer_talk(int fd, const char *const *script, size_t length)
{
	char bytes[65536];

	while (recv(fd, bytes, sizeof bytes, 0) > 0) {
		if (!*script)
			continue;
		if (!**script)
			break;
		if (send(fd, *script, length ? length : strlen(*script), MSG_NOSIGNAL) < 0)
			break;
		length = 0;
		script++;
	}
	close(fd);
}

static inline void *peer_run(void *arg)
{
	struct peer *peer = arg;

	for (;;) {
		int fd = accept(peer->fd, NULL, NULL);

		if (fd < 0)
			return NULL;
		peer_talk(fd, peer->script, peer->first_length);
	}
}

static inline void peer_start_bytes(struct peer *peer, const char *const *script,
				    size_t first_length)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;

	peer->script = script;
	peer->first_length = first_length;
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(peer->fd >= 0);
	assert_int_equal(bind(peer->fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(peer->fd, 16), 0);
	assert_int_equal(getsockname(peer->fd, (struct sockaddr *)&address, &length), 0);
	peer->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
}

static inline void peer_start(struct peer *peer, const char *const *script)
{
	peer_start_bytes(peer, script, 0);
}

/* The client must have closed its connections. */
static inline void peer_stop(struct peer *peer)
{
	shutdown(peer->fd, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->fd);
}

#endif
