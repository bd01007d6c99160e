/*
 * A circuit breaker: leaves a service alone that did not answer a moment ago.
 *
 * Closed, everything may pass. One failure more in a row than `tolerance` opens it;
 * from then on one caller per `pause_ns` may pass and try (half-open), all others are
 * turned away at once. The first success closes it. Without it every request would pay the
 * time limit of a service that hangs.
 *
 * Lock-free and thread-safe; zero-initialised but for the two settings it is closed.
 */
#ifndef PERFGATE_API_BREAKER_H
#define PERFGATE_API_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct breaker {
	int64_t pause_ns;
	unsigned tolerance;
	atomic_uint failures; /* in a row, while closed */
	atomic_int_fast64_t retry_at_ns; /* 0 = closed */
};

/* `now_ns` is clock_now_ns(). Who may pass must report how it went. */
bool breaker_allows(struct breaker *breaker, int64_t now_ns);
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, int64_t now_ns);
bool breaker_is_open(const struct breaker *breaker);

#endif
