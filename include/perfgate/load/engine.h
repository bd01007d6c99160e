/*
 * The load engine: drives one scenario and measures it.
 *
 * Closed model: each user sends, waits for the answer, thinks, repeats, on a
 * connection of its own that is kept while it thinks. Latency starts at the
 * send, or at the dial when the request needs a new connection; service time
 * always at the send. How late our own loop was with a user that was due is
 * scheduling delay, kept apart and never charged to the server. Kernel
 * receive stamps (SO_TIMESTAMPNS) give the end of a request when available.
 * Open model: requests arrive by the scenario's rate, whatever the server does;
 * latency starts when they were to arrive, even when no user was free to send
 * them. Arrivals that were never sent are counted as unsent.
 * Users ramp by the scenario's stages; a user beyond the current target
 * finishes its request and rests.
 *
 * A keep-alive connection that the server closed before answering with a byte
 * is replaced once for the same request and counted as a reconnect; nothing
 * else is tried again. Redirects are not followed, compression not asked for.
 *
 * Workers (threads) share nothing while they run; what each user sends does
 * not depend on how many there are. `abort_on` of a scenario is looked at once
 * a second; when it holds, sending stops and the result says why.
 *
 * At the end requests in flight are given a short drain (at most the
 * request timeout, at most 5 s); the rest is counted as censored.
 */
#ifndef PERFGATE_LOAD_ENGINE_H
#define PERFGATE_LOAD_ENGINE_H

#include "perfgate/base/error.h"
#include "perfgate/results/run.h"
#include "perfgate/scenario/suite.h"

#include <signal.h>
#include <sys/types.h>

enum transport_kind {
	TRANSPORT_AUTO, /* native for plain HTTP over TCP, else libcurl */
	TRANSPORT_NATIVE,
	TRANSPORT_CURL,
};

/* Where to send: a parsed URL, resolved once. */
struct load_target {
	const char *host; /* for the Host header, with :port unless the scheme's */
	const char *address; /* what to connect to: name or literal without [] */
	uint16_t port;
	const char *prefix; /* path prefix without trailing '/', "" = none */
	const char *authorization; /* header line value from userinfo, or NULL; secret */
	pid_t pid; /* of our child, for its CPU and RSS; 0 = not ours */
	bool tls; /* https */
	bool insecure; /* whatever certificate is taken */
	const char *unix_socket; /* path to connect to instead of address and port, or NULL */
};

/* Snapshot for the live view, once a second and at the end. */
struct load_progress {
	const struct scenario *scenario;
	double elapsed_s, duration_s;
	bool warmup;
	uint32_t users;
	uint64_t requests, errors; /* so far, warm-up included */
	double rps; /* last second */
	double p50_ms, p95_ms, p99_ms; /* whole seconds judged so far (warm-up: of the warm-up) */
	double hit_rate; /* NaN = no look-ups */
};

struct load_options {
	uint64_t seed;
	bool check_all; /* look into every body, not 1 in 20 */
	const char *user_agent;
	enum transport_kind transport; /* TRANSPORT_NATIVE: plain HTTP over TCP only */
	/* Becomes 1 on Ctrl-C: drain and return with interrupted = true. 2: at once. */
	const volatile sig_atomic_t *stop;
	/* clock_now_ns() at which to stop (--max-runtime), drained and interrupted; 0 = none */
	int64_t deadline_ns;
	uint32_t workers; /* threads; 0 = as many as the load needs, up to cores - 1 */
	void (*progress)(const struct load_progress *progress, void *arg); /* may be NULL */
	void *progress_arg;
	/*
	 * Asked once a second in the caller's thread: does what is measured still run? When not,
	 * the run is drained and interrupted. May be NULL.
	 */
	bool (*alive)(void *arg);
	void *alive_arg;
};

/*
 * Fill *out (zeroed; strings into `arena`). A server that fails is a
 * measurement, not an error; -1 only when no load could be sent at all:
 * ERROR_UNMEASURED (name not resolved, no descriptors).
 */
PG_MUST_CHECK int load_run(const struct suite *suite, const struct scenario *scenario,
			   const struct load_target *target, const struct load_options *options,
			   struct arena *arena, struct scenario_result *out, struct error *err);

#endif
