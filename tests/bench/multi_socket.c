/*
 * multi_socket PORT CONNECTIONS SECONDS: what a request through libcurl costs at least.
 *
 * libcurl's multi_socket interface over epoll, a connection per user: a CURLSH each, because a
 * plain multi handle lets its users share a few sockets. A socket stays registered between two
 * requests. Bodies are thrown away; no checks, no clock per request, no statistics. Prints how
 * many answers came.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define USERS_MAX 1024

struct user {
	CURL *easy;
	CURLSH *share;
	int fd;
	uint32_t events; /* registered */
};

struct loop {
	CURLM *multi;
	int epoll_fd;
	double due_s; /* when libcurl wants to be called; 0 = not at all */
	unsigned long answers;
};

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct loop *loop = arg;
	(void)multi;
	loop->due_s = timeout_ms < 0 ? 0 : now_s() + (double)timeout_ms / 1e3;
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	const struct loop *loop = arg;
	struct user *user = NULL;
	(void)socket_arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &user);
	uint32_t events = what == CURL_POLL_OUT ? EPOLLOUT : EPOLLIN;
	struct epoll_event event = {.events = events, .data.ptr = user};
	if (what == CURL_POLL_REMOVE || (user->fd == fd && user->events == events))
		return 0;
	epoll_ctl(loop->epoll_fd, user->fd == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
	user->fd = fd;
	user->events = events;
	return 0;
}

/* epoll forgets a descriptor that is closed. */
static int on_close(void *arg, curl_socket_t fd)
{
	struct user *user = arg;
	user->fd = -1;
	return close(fd);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes, (void)arg;
	return size * count;
}

static void open_user(struct user *user, const struct loop *loop, const char *url)
{
	user->fd = -1;
	user->easy = curl_easy_init();
	user->share = curl_share_init();
	if (!user->easy || !user->share)
		exit(1);
	curl_share_setopt(user->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
	curl_easy_setopt(user->easy, CURLOPT_SHARE, user->share);
	curl_easy_setopt(user->easy, CURLOPT_URL, url);
	curl_easy_setopt(user->easy, CURLOPT_PRIVATE, user);
	curl_easy_setopt(user->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(user->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(user->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(user->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(user->easy, CURLOPT_CLOSESOCKETDATA, user);
	curl_multi_add_handle(loop->multi, user->easy);
}

static void begin_again(struct loop *loop)
{
	struct CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(loop->multi, &left))) {
		CURL *easy = message->easy_handle;
		if (message->data.result != CURLE_OK)
			exit(1);
		loop->answers++;
		curl_multi_remove_handle(loop->multi, easy);
		curl_multi_add_handle(loop->multi, easy);
	}
}

static void round_once(struct loop *loop)
{
	struct epoll_event events[256];
	int running;
	double left_s = loop->due_s > 0 ? loop->due_s - now_s() : 0.1;
	int n = epoll_wait(loop->epoll_fd, events, 256, left_s > 0 ? (int)(left_s * 1e3) + 1 : 0);
	for (int i = 0; i < n; i++) {
		const struct user *user = events[i].data.ptr;
		int what = (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			   (events[i].events & ~(uint32_t)EPOLLOUT ? CURL_CSELECT_IN : 0);
		curl_multi_socket_action(loop->multi, user->fd, what, &running);
	}
	begin_again(loop);
	if (loop->due_s > 0 && loop->due_s <= now_s()) {
		loop->due_s = 0;
		curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	begin_again(loop);
}

int main(int argc, char **argv)
{
	static struct user users[USERS_MAX];
	char url[64];
	if (argc != 4)
		return 2;
	size_t n_users = strtoul(argv[2], NULL, 10);
	snprintf(url, sizeof url, "http://127.0.0.1:%s/", argv[1]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	struct loop loop = {.multi = curl_multi_init(), .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop);
	curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop);
	for (size_t i = 0; i < n_users && i < USERS_MAX; i++)
		open_user(&users[i], &loop, url);
	for (double end_s = now_s() + strtod(argv[3], NULL); now_s() < end_s;)
		round_once(&loop);
	printf("%lu\n", loop.answers);
	return 0;
}
