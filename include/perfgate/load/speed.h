/*
 * The speed probe: how fast is the machine right now?
 *
 * A fixed piece of work, the same on every machine: SHA-256 over 1 MiB (the CPU), then 200 round
 * trips of 64 bytes over a TCP connection on loopback to a thread of ours (system calls, the
 * scheduler). Seven rounds, of which the median counts, about 100 ms in all. It runs before each
 * scenario while the target idles; verdict/history.h takes what it explains out of the figures.
 */
#ifndef PERFGATE_LOAD_SPEED_H
#define PERFGATE_LOAD_SPEED_H

#include "perfgate/base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct histogram;

/* Time of a round in ms; 0 when it cannot be told (no loopback, no thread). */
double speed_probe_ms(void);

/*
 * The same work in small pieces, as a server that costs nothing would do it: a piece is SHA-256
 * over 8 KiB and four round trips, some 0.1 ms. What varies between pieces is the machine's
 * noise (`perfgate doctor` sees from it what a comparison could find here).
 */
struct speed_pieces;
/* NULL when there is no loopback or no thread. */
struct speed_pieces *speed_pieces_new(void);
void speed_pieces_free(struct speed_pieces *pieces);
DEFINE_AUTO(speed_pieces, struct speed_pieces *, speed_pieces_free)

/* One after the other for so long; each one's time goes into the histogram. False: it broke. */
bool speed_pieces_run(struct speed_pieces *pieces, int64_t duration_ns, struct histogram *into);

#endif
