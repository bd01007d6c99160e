/*
 * What the kernel and the resolver can refuse: this program's own socket(), connect(), send(),
 * epoll_pwait2(), getaddrinfo() and clock_gettime() stand before libc's, for us and for libcurl.
 */
#include "load_case.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>

#define NAME "both.test"
#define READ                                                                                       \
	{                                                                                          \
		.action = PEER_READ                                                                \
	}
#define SEND(text)                                                                                 \
	{                                                                                          \
		.action = PEER_SEND, .bytes = text                                                 \
	}

enum call { CALL_SOCKET, CALL_CONNECT, CALL_SEND, CALL_POLL, CALL_COUNT };

/* A call fails with `number` when its turn comes: those from `from` on, counted from 1. */
struct fault {
	int number; /* errno; 0: never */
	unsigned from;
	unsigned every; /* of those each n-th only; 0: all */
};

static struct fault faults[CALL_COUNT];
static atomic_uint counts[CALL_COUNT];
static bool without_ipv6;
static _Atomic int64_t wall_shift_ns;
static int name_status; /* of getaddrinfo(NAME) */
static atomic_uint lookups;
/* The peer's thread is spared. */
static _Thread_local bool spared;

static bool fails(enum call call)
{
	const struct fault *fault = &faults[call];
	if (spared || fault->number == 0)
		return false;
	unsigned n = atomic_fetch_add(&counts[call], 1) + 1;
	if (n < fault->from || (fault->every > 0 && (n - fault->from) % fault->every != 0))
		return false;
	errno = fault->number;
	return true;
}

int socket(int domain, int type, int protocol)
{
	if (!spared && without_ipv6 && domain == AF_INET6) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	/* libcurl asks by a datagram socket whether there is IPv6. */
	if (domain != AF_UNIX && (type & SOCK_STREAM) && fails(CALL_SOCKET))
		return -1;
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return fails(CALL_CONNECT) ? -1 : (int)syscall(SYS_connect, fd, address, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	return fails(CALL_SEND) ? -1 : syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}

int epoll_pwait2(int fd, struct epoll_event *events, int max, const struct timespec *timeout,
		 const sigset_t *mask)
{
	if (fails(CALL_POLL))
		return -1;
	return (int)syscall(SYS_epoll_pwait2, fd, events, max, timeout, mask, (size_t)8);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int status = (int)syscall(SYS_clock_gettime, clock, out);
	if (clock == CLOCK_REALTIME)
		out->tv_sec += atomic_load(&wall_shift_ns) / NS_PER_S;
	return status;
}

/* NAME is ::1, then 127.0.0.1; other names are numbers. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	static struct sockaddr_in v4 = {.sin_family = AF_INET};
	static struct addrinfo list[2];
	bool both = strcmp(name, NAME) == 0;
	(void)hints;
	if (both)
		atomic_fetch_add(&lookups, 1);
	if (both && name_status != 0)
		return name_status;
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v4.sin_port = v6.sin6_port = htons((uint16_t)strtoul(service, NULL, 10));
	list[0] = (struct addrinfo){.ai_addr = (struct sockaddr *)&v6,
				    .ai_addrlen = sizeof v6,
				    .ai_next = &list[1]};
	list[1] = (struct addrinfo){.ai_addr = (struct sockaddr *)&v4, .ai_addrlen = sizeof v4};
	*out = &list[both ? 0 : 1];
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

/* ---- one run ---- */

static struct peer peer;

static void *serve_spared(void *arg)
{
	spared = true;
	return peer_serve(arg);
}

static void forget_faults(void)
{
	memset(faults, 0, sizeof faults);
	memset(counts, 0, sizeof counts);
	without_ipv6 = false;
	name_status = 0;
	atomic_store(&wall_shift_ns, 0);
	atomic_store(&lookups, 0);
}

/* The peer runs and the case is ready; no fault yet. */
static void begin(struct load_case *c, const char *yaml, const struct peer_step *steps,
		  size_t n_steps, void (*on_request)(uint64_t number, void *arg), void **state)
{
	forget_faults();
	spared = true;
	assert_true(peer_listen(&peer, steps, n_steps));
	spared = false;
	peer.on_request = on_request;
	assert_int_equal(pthread_create(&peer.thread, NULL, serve_spared, &peer), 0);
	load_case_init(c, yaml, peer.port);
	load_case_choose_transport(c, state);
}

static void run(struct load_case *c)
{
	load_case_run(c);
	peer_stop(&peer);
	if (c->status == 0)
		load_case_check_books(c);
}

static const struct peer_step well_behaved[] = {READ, SEND(OK_ANSWER)};

#define ONCE_EACH                                                                                  \
	"profiles: {p: {wait: 60s, tasks: {get: 1}}}\n"                                            \
	"tasks: {get: {request: GET /}}\n"                                                         \
	"scenarios: {t: {users: 10, duration: 400ms, warmup: 0s}}\n"

/* ---- tests ---- */

/* Ours, with a remedy; and not one failed request for the server. */
static void what_we_lack_is_not_the_servers_fault(void **state)
{
	static const struct {
		enum call call;
		int number;
		const char *remedy;
	} rows[] = {
		{CALL_SOCKET, EMFILE, "ulimit -n"},
		{CALL_SOCKET, ENFILE, "ulimit -n"},
		{CALL_CONNECT, EADDRNOTAVAIL, "keep connections alive, or widen net.ipv4"},
		{CALL_SOCKET, ENOBUFS, "more memory"},
		{CALL_SOCKET, ENOMEM, "more memory"},
		{CALL_CONNECT, ENOBUFS, "more memory"},
		{CALL_CONNECT, ENOMEM, "more memory"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct load_case c;
		begin(&c, SUITE_GET("users: 6, duration: 200ms, think_scale: 0"), well_behaved,
		      ARRAY_SIZE(well_behaved), NULL, state);
		faults[rows[i].call] = (struct fault){.number = rows[i].number, .from = 4};
		run(&c);
		const struct scenario_result *r = c.result;
		assert_int_equal(c.status, 0);
		assert_true(r->total.requests > 0);
		assert_int_equal(r->total.classes[CLASS_OK], r->total.requests);
		assert_int_equal(r->generator.invalid, INVALID_OURS);
		if (!strstr(r->generator.invalid_reason, rows[i].remedy) ||
		    !strstr(r->generator.invalid_reason, "for 6 users"))
			fail_msg("%s: %s", strerror(rows[i].number), r->generator.invalid_reason);
		load_case_release(&c);
	}
}

static void interrupted_waits_change_no_count(void **state)
{
	struct load_case c;
	begin(&c, ONCE_EACH, well_behaved, ARRAY_SIZE(well_behaved), NULL, state);
	faults[CALL_POLL] = (struct fault){.number = EINTR, .from = 1, .every = 2};
	run(&c);
	assert_int_equal(c.status, 0);
	assert_int_equal(c.result->total.requests, 10);
	assert_int_equal(c.result->total.classes[CLASS_OK], 10);
	assert_true(atomic_load(&counts[CALL_POLL]) > 1);
	load_case_release(&c);
}

static void interrupted_waits_keep_the_time_limit(void **state)
{
	static const struct peer_step silent[] = {READ, {.action = PEER_HANG}};
	struct load_case c;
	begin(&c, SUITE_GET("users: 2, duration: 200ms, think_scale: 0, timeout: 60ms"), silent,
	      ARRAY_SIZE(silent), NULL, state);
	faults[CALL_POLL] = (struct fault){.number = EINTR, .from = 1, .every = 2};
	run(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_TIMEOUT], c.result->total.requests);
	load_case_release(&c);
}

static void failed_sends_are_resets(void **state)
{
	static const int numbers[] = {EPIPE, ECONNRESET};
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct load_case c;
		begin(&c, SUITE_GET("users: 2, duration: 250ms, think_scale: 0"), well_behaved,
		      ARRAY_SIZE(well_behaved), NULL, state);
		faults[CALL_SEND] = (struct fault){.number = numbers[i], .from = 1};
		run(&c);
		assert_true(c.result->total.requests > 0);
		assert_int_equal(c.result->total.classes[CLASS_RESET], c.result->total.requests);
		assert_int_equal(c.result->generator.reconnects, 0);
		assert_int_equal(atomic_load(&peer.requests), 0);
		load_case_release(&c);
	}
}

/* On a connection that worked before it is the server's idle close: once more, afresh. */
static void failed_sends_on_kept_connections_are_tried_again(void **state)
{
	static const int numbers[] = {EPIPE, ECONNRESET};
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct load_case c;
		begin(&c, SUITE_GET("users: 1, duration: 200ms, think_scale: 0"), well_behaved,
		      ARRAY_SIZE(well_behaved), NULL, state);
		faults[CALL_SEND] = (struct fault){.number = numbers[i], .from = 2, .every = 2};
		run(&c);
		const struct scenario_result *r = c.result;
		assert_true(r->total.requests > 2);
		assert_int_equal(r->total.classes[CLASS_OK], r->total.requests);
		assert_int_equal(atomic_load(&peer.requests), r->total.requests);
		assert_in_range(r->generator.reconnects, r->total.requests - 2, r->total.requests);
		load_case_release(&c);
	}
}

static void names_that_do_not_resolve_are_no_measurement(void **state)
{
	static const int statuses[] = {EAI_NONAME, EAI_AGAIN, EAI_FAIL};
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		struct load_case c;
		forget_faults();
		load_case_init(&c, SUITE_GET("users: 1, duration: 100ms"), 80);
		load_case_choose_transport(&c, state);
		c.target.address = NAME;
		name_status = statuses[i];
		load_case_run(&c);
		assert_int_equal(c.status, -1);
		assert_int_equal(c.err.kind, ERROR_UNMEASURED);
		assert_non_null(strstr(c.err.message, NAME));
		assert_non_null(strstr(c.err.message, gai_strerror(statuses[i])));
		load_case_release(&c);
	}
}

/* Whatever the resolver says later, or how slowly: it is not asked again, and stops nobody. */
static void names_are_resolved_once(void **state)
{
	static const struct peer_step closing[] = {READ, SEND(OK_ANSWER), {.action = PEER_CLOSE}};
	struct load_case c;
	begin(&c, SUITE_GET("users: 5, duration: 200ms, think_scale: 0"), closing,
	      ARRAY_SIZE(closing), NULL, state);
	c.target.address = NAME;
	run(&c);
	assert_true(atomic_load(&peer.connections) > 5);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	assert_int_equal(atomic_load(&lookups), 1);
	load_case_release(&c);
}

/* Refused by [::1], or no IPv6 at all: the server is on 127.0.0.1 only. */
static void the_next_address_is_tried(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct load_case c;
		begin(&c, SUITE_GET("users: 3, duration: 150ms, think_scale: 0"), well_behaved,
		      ARRAY_SIZE(well_behaved), NULL, state);
		c.target.address = NAME;
		without_ipv6 = i == 1;
		run(&c);
		assert_true(c.result->total.requests > 3);
		assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
		assert_int_equal(atomic_load(&peer.connections), 3);
		load_case_release(&c);
	}
}

static void set_wall_clock(uint64_t number, void *arg)
{
	(void)arg;
	atomic_store(&wall_shift_ns, (number / 20 % 2 == 0 ? -1 : 1) * INT64_C(3600) * NS_PER_S);
}

/* Back and forth by an hour during the run: no latency, duration or schedule notices. */
static void the_wall_clock_does_not_matter(void **state)
{
	struct load_case c;
	begin(&c, SUITE_GET("users: 2, duration: 400ms, think_scale: 0"), well_behaved,
	      ARRAY_SIZE(well_behaved), set_wall_clock, state);
	run(&c);
	const struct scenario_result *r = c.result;
	assert_true(r->total.requests > 40);
	assert_int_equal(r->total.classes[CLASS_OK], r->total.requests);
	assert_near(r->judged_s, 0.4);
	assert_true(histogram_max_ns(r->total.latency) < (uint64_t)(1800 * NS_PER_S));
	assert_int_equal(histogram_clipped(r->total.latency), 0);
	for (size_t i = 0; i < r->n_samples; i++)
		assert_true(r->samples[i].elapsed_ms >= 0 && r->samples[i].elapsed_ms < 1800e3);
	load_case_release(&c);
}

int main(void)
{
	static enum transport_kind native = TRANSPORT_NATIVE, curl = TRANSPORT_CURL;
	const struct CMUnitTest tests[] = {
		WITH_BOTH("NET-41, NET-43, NET-44: what we lack is not the server's fault",
			  what_we_lack_is_not_the_servers_fault),
		WITH_BOTH("NET-45: interrupted waits change no count",
			  interrupted_waits_change_no_count),
		WITH_BOTH("NET-45: interrupted waits keep the time limit",
			  interrupted_waits_keep_the_time_limit),
		WITH_BOTH("NET-46: failed sends are resets", failed_sends_are_resets),
		WITH_BOTH("NET-46: failed sends on kept connections are tried again",
			  failed_sends_on_kept_connections_are_tried_again),
		WITH_BOTH("NET-34: names that do not resolve are no measurement",
			  names_that_do_not_resolve_are_no_measurement),
		WITH_BOTH("NET-34: names are resolved once", names_are_resolved_once),
		WITH_BOTH("NET-35: the next address is tried", the_next_address_is_tried),
		WITH_BOTH("MEA-08: the wall clock does not matter", the_wall_clock_does_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
