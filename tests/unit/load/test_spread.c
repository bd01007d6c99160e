/* Many connections on loopback come from several local addresses, few from the usual one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/load/transport.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define FEW 1024
#define MANY 2200
#define WAIT_S 20

struct fixture {
	int listen_fd, epoll_fd;
	struct load_target target;
	struct addresses addresses;
	struct transport *transport;
	struct exchange *exchanges;
	size_t sent;
	size_t from_usual, from_others;
	int *accepted;
	size_t n_accepted;
};

static struct plan_bytes message(struct exchange *exchange, void *arg)
{
	struct fixture *fixture = arg;
	(void)exchange;
	fixture->sent++;
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	return (struct plan_bytes){text, sizeof text - 1};
}

static void started(struct exchange *exchange, void *arg)
{
	(void)exchange;
	(void)arg;
}

static void never_head(struct exchange *exchange, const struct http1_head *head, void *arg)
{
	(void)exchange, (void)head, (void)arg;
	fail();
}

static void never_body(struct exchange *exchange, const char *bytes, size_t length, void *arg)
{
	(void)exchange, (void)bytes, (void)length, (void)arg;
	fail();
}

static void never_done(struct exchange *exchange, const struct exchange_end *end, void *arg)
{
	(void)exchange, (void)arg;
	fail_msg("a connection ended: class %d, errno %d", (int)end->outcome, end->own_errno);
}

static void listen_on_loopback(struct fixture *fixture)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	fixture->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fixture->listen_fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fixture->listen_fd, 4096), 0);
	assert_int_equal(getsockname(fixture->listen_fd, (struct sockaddr *)&address, &length), 0);
	memcpy(&fixture->addresses.list[0], &address, sizeof address);
	fixture->addresses.lengths[0] = length;
	fixture->addresses.count = 1;
}

static int set_up(void **state)
{
	const enum transport_kind *kind = *state;
	struct fixture *fixture = xcalloc(1, sizeof *fixture);
	fixture->target = (struct load_target){.host = "x", .address = "127.0.0.1", .prefix = ""};
	struct transport_client client = {message,    started,	  never_head,
					  never_body, never_done, fixture};
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	assert_true(files.rlim_max > 2 * MANY + 64);
	listen_on_loopback(fixture);
	fixture->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	fixture->target.port = ntohs(((struct sockaddr_in *)&fixture->addresses.list[0])->sin_port);
	fixture->transport = transport_new(*kind, fixture->epoll_fd, &fixture->target,
					   &fixture->addresses, &client);
	fixture->exchanges = xcalloc(MANY, sizeof *fixture->exchanges);
	fixture->accepted = xcalloc(MANY, sizeof *fixture->accepted);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->sent; i++)
		fixture->transport->ops->drop(fixture->transport, &fixture->exchanges[i]);
	for (size_t i = 0; i < fixture->n_accepted; i++)
		close(fixture->accepted[i]);
	fixture->transport->ops->free(fixture->transport);
	close(fixture->epoll_fd);
	close(fixture->listen_fd);
	free(fixture->exchanges);
	free(fixture->accepted);
	free(fixture);
	return 0;
}

static void accept_all(struct fixture *fixture)
{
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	int fd;
	while ((fd = accept4(fixture->listen_fd, (struct sockaddr *)&from, &length,
			     SOCK_CLOEXEC)) >= 0) {
		assert_true(fixture->n_accepted < MANY);
		fixture->accepted[fixture->n_accepted++] = fd;
		if (ntohl(from.sin_addr.s_addr) == INADDR_LOOPBACK)
			fixture->from_usual++;
		else
			fixture->from_others++;
		length = sizeof from;
	}
}

/* Connections from `first` on until `count` are there. */
static void connect_users(struct fixture *fixture, size_t first, size_t count)
{
	struct epoll_event events[256];
	struct transport *transport = fixture->transport;
	int64_t deadline_ns = clock_now_ns() + WAIT_S * NS_PER_S;
	for (size_t i = first; i < count; i++) {
		exchange_init(&fixture->exchanges[i]);
		transport->ops->start(transport, &fixture->exchanges[i]);
	}
	while (fixture->n_accepted < count || fixture->sent < count) {
		assert_true(clock_now_ns() < deadline_ns);
		transport->ops->flush(transport);
		int n = epoll_wait(fixture->epoll_fd, events, 256, 100);
		for (int i = 0; i < n; i++)
			transport->ops->event(transport, events[i].data.ptr, events[i].events);
		accept_all(fixture);
	}
}

static void few_come_from_the_usual_address_and_many_from_several(void **state)
{
	struct fixture *fixture = *state;
	connect_users(fixture, 0, FEW);
	assert_int_equal(fixture->from_usual, FEW);
	connect_users(fixture, FEW, MANY);
	assert_in_range(fixture->from_others, (MANY - FEW) / 3, MANY - FEW);
}

static void who_leaves_makes_room_at_the_usual_address(void **state)
{
	struct fixture *fixture = *state;
	connect_users(fixture, 0, FEW);
	for (size_t i = 0; i < FEW; i++)
		fixture->transport->ops->drop(fixture->transport, &fixture->exchanges[i]);
	fixture->sent = 0;
	fixture->from_usual = 0;
	for (size_t i = 0; i < fixture->n_accepted; i++)
		close(fixture->accepted[i]);
	fixture->n_accepted = 0;
	connect_users(fixture, 0, FEW);
	assert_int_equal(fixture->from_usual, FEW);
}

#define WITH_BOTH(test)                                                                            \
	{#test ", native", test, set_up, tear_down, &native},                                      \
	{                                                                                          \
#test ", curl", test, set_up, tear_down, &curl                                     \
	}

int main(void)
{
	static enum transport_kind native = TRANSPORT_NATIVE, curl = TRANSPORT_CURL;
	const struct CMUnitTest tests[] = {
		WITH_BOTH(few_come_from_the_usual_address_and_many_from_several),
		WITH_BOTH(who_leaves_makes_room_at_the_usual_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
