/*
 * A limit of requests per client address (--rate-limit).
 *
 * The generic cell rate algorithm (ITU-T I.371), which is a token bucket without a bucket: one
 * time stamp per client. A client may spend one second's worth at once and gets it back at the
 * rate. The table has a fixed size; the client that was idle longest makes room for a new one.
 *
 * Thread-safe.
 */
#ifndef PERFGATE_API_RATE_H
#define PERFGATE_API_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_MAX_PER_S 1000000
#define RATE_CLIENT_SIZE 16

struct rate;

/* `per_s` is 1..RATE_MAX_PER_S. */
struct rate *rate_new(unsigned per_s);
/* Accepts NULL. */
void rate_free(struct rate *rate);
/* May this client (16 bytes) ask now? If not, `retry_ns` says when it may. */
bool rate_allows(struct rate *rate, const unsigned char *client, int64_t now_ns, int64_t *retry_ns);

#endif
