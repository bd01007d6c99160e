/* Where handlers run: at once, on the pool, or for all that wait together. */
#include "perfgate/base/clock.h"
#include "perfgate/web/server.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client.h"

#define PEERS 20
#define TOGETHER "GET /together HTTP/1.1\r\n" HOST "\r\n"
#define BLOCKED "GET /blocked HTTP/1.1\r\n" HOST "\r\n"
#define ASIDE "GET /aside HTTP/1.1\r\n" HOST "\r\n"
#define QUICK "GET /quick HTTP/1.1\r\n" HOST "\r\n"

struct fixture {
	struct web_server *server;
	sem_t gate; /* what waits for it is let go by a post each */
	atomic_int waiting, batches, largest, together;
	atomic_bool later; /* leave every second request to the handler */
	atomic_bool stopped;
};

static void wait_at_gate(struct fixture *fixture)
{
	atomic_fetch_add(&fixture->waiting, 1);
	while (sem_wait(&fixture->gate) < 0)
		;
	atomic_fetch_sub(&fixture->waiting, 1);
}

static void blocked(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)request;
	wait_at_gate(arg);
	strbuf_puts(&reply->body, "blocked");
}

static void quick(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)request;
	(void)arg;
	strbuf_puts(&reply->body, "quick");
}

/* The first batch waits, so that others gather behind it. */
static void all_together(struct web_call *calls, size_t count, void *arg)
{
	struct fixture *fixture = arg;
	int before = atomic_fetch_add(&fixture->batches, 1);

	if (before == 0)
		wait_at_gate(fixture);
	if ((int)count > atomic_load(&fixture->largest))
		atomic_store(&fixture->largest, (int)count);
	for (size_t i = 0; i < count; i++) {
		int *kept;

		if (atomic_fetch_add(&fixture->together, 1) % 2 == 0 ||
		    !atomic_load(&fixture->later)) {
			strbuf_puts(&calls[i].reply->body, "together");
			continue;
		}
		kept = xcalloc(1, sizeof *kept);
		*kept = 42;
		calls[i].request->kept = kept;
		calls[i].reply->status = WEB_LATER;
	}
}

static void one_alone(const struct web_request *request, struct web_reply *reply, void *arg)
{
	const int *kept = request->kept;

	(void)arg;
	strbuf_printf(&reply->body, "alone %d %s", *kept,
		      request->batch_ns > 0 ? "later" : "first");
}

static const struct web_route routes[] = {
	{"GET", "/blocked", .handler = blocked},
	{"GET", "/quick", .handler = quick, .lane = WEB_QUICK},
	{"GET", "/aside", .handler = quick, .lane = WEB_ASIDE},
	{"GET", "/together", .handler = one_alone, .batch = all_together},
};

static int start(void **state)
{
	static struct fixture fixture;
	struct web_options options = {.routes = routes,
				      .route_count = ARRAY_SIZE(routes),
				      .arg = &fixture,
				      .threads = 1};
	struct error err = ERROR_INIT;

	memset(&fixture, 0, sizeof fixture);
	sem_init(&fixture.gate, 0, 0);
	*state = &fixture;
	if (web_start(&options, &fixture.server, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	web_stop(fixture->server, NS_PER_S);
	sem_destroy(&fixture->gate);
	return 0;
}

static void await(const char *what, unsigned (*read)(struct fixture *), struct fixture *fixture,
		  unsigned wanted)
{
	const struct timespec pause = {.tv_nsec = NS_PER_MS};
	int64_t deadline_ns = clock_now_ns() + 10 * NS_PER_S;

	while (read(fixture) != wanted) {
		if (clock_now_ns() > deadline_ns)
			fail_msg("%s: %u, not %u", what, read(fixture), wanted);
		nanosleep(&pause, NULL);
	}
}

static unsigned waiting(struct fixture *fixture)
{
	return (unsigned)atomic_load(&fixture->waiting);
}

static unsigned under_way(struct fixture *fixture)
{
	return web_under_way(fixture->server);
}

static int ask(const struct fixture *fixture, const char *request)
{
	int fd = dial(web_port(fixture->server));

	send_text(fd, request);
	return fd;
}

static void expect(int fd, const char *body)
{
	AUTO(strbuf) struct strbuf answer = {0};
	const char *found;

	receive(fd, &answer);
	close(fd);
	found = strstr(strbuf_text(&answer), "\r\n\r\n");
	assert_non_null(found);
	assert_string_equal(found + 4, body);
}

static void who_is_quick_or_aside_waits_for_nobody(void **state)
{
	struct fixture *fixture = *state;
	int peers[PEERS];

	for (int i = 0; i < PEERS; i++)
		peers[i] = ask(fixture, BLOCKED);
	await("in the pool's only thread", waiting, fixture, 1);
	await("under way", under_way, fixture, PEERS);
	expect(ask(fixture, QUICK), "quick");
	expect(ask(fixture, ASIDE), "quick");
	for (int i = 0; i < PEERS; i++)
		sem_post(&fixture->gate);
	for (int i = 0; i < PEERS; i++)
		expect(peers[i], "blocked");
}

static void requests_that_wait_are_taken_together(void **state)
{
	struct fixture *fixture = *state;
	int peers[PEERS];

	peers[0] = ask(fixture, TOGETHER);
	await("in the first batch", waiting, fixture, 1);
	for (int i = 1; i < PEERS; i++)
		peers[i] = ask(fixture, TOGETHER);
	await("under way", under_way, fixture, PEERS);
	sem_post(&fixture->gate);
	for (int i = 0; i < PEERS; i++)
		expect(peers[i], "together");
	assert_int_equal(atomic_load(&fixture->together), PEERS);
	assert_true(atomic_load(&fixture->batches) < PEERS);
	assert_true(atomic_load(&fixture->largest) > 1);
}

static void what_a_batch_leaves_is_left_to_the_handler(void **state)
{
	struct fixture *fixture = *state;

	atomic_store(&fixture->later, true);
	sem_post(&fixture->gate);
	expect(ask(fixture, TOGETHER), "together");
	expect(ask(fixture, TOGETHER), "alone 42 later");
	expect(ask(fixture, TOGETHER), "together");
}

static void *let_go(void *arg)
{
	const struct timespec pause = {.tv_nsec = NS_PER_MS};
	struct fixture *fixture = arg;

	while (!atomic_load(&fixture->stopped)) {
		sem_post(&fixture->gate);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* One is being handled, the others wait; none is left hanging. */
static void stopping_ends_those_that_wait(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};
	int peers[PEERS];
	pthread_t thread;

	for (int i = 0; i < PEERS; i++)
		peers[i] = ask(fixture, BLOCKED);
	await("under way", under_way, fixture, PEERS);
	await("in the pool's only thread", waiting, fixture, 1);
	assert_int_equal(pthread_create(&thread, NULL, let_go, fixture), 0);
	web_stop(fixture->server, 0);
	fixture->server = NULL;
	atomic_store(&fixture->stopped, true);
	pthread_join(thread, NULL);
	for (int i = 0; i < PEERS; i++) {
		assert_true(receive_all(peers[i], &answer));
		close(peers[i]);
	}
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(who_is_quick_or_aside_waits_for_nobody),
		WITH_SERVER(requests_that_wait_are_taken_together),
		WITH_SERVER(what_a_batch_leaves_is_left_to_the_handler),
		WITH_SERVER(stopping_ends_those_that_wait),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
