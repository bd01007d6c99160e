/*
 * Kernel receive stamps (SO_TIMESTAMPNS, CLOCK_REALTIME) on the monotonic clock.
 *
 * The offset between the clocks comes from paired readings, renewed every
 * 100 ms. When it steps (the clock was set), stamps are not used until two
 * pairs agree again. A stamp outside [sent, read] is not believed either; the
 * caller's own reading stands in for it.
 */
#ifndef PERFGATE_LOAD_STAMPS_H
#define PERFGATE_LOAD_STAMPS_H

#include <stdbool.h>
#include <stdint.h>

struct stamps {
	int64_t offset_ns; /* monotonic - realtime */
	int64_t renewed_ns;
	bool usable;
};

/* Take a pair when it is time; `now_ns` is clock_now_ns(). */
void stamps_renew(struct stamps *stamps, int64_t now_ns);

/* As stamps_renew() with a reading of the caller's, for tests. */
void stamps_set_pair(struct stamps *stamps, int64_t monotonic_ns, int64_t realtime_ns);

/* When the bytes came: realtime_ns mapped (0: no stamp), else read_ns. */
int64_t stamps_map(const struct stamps *stamps, int64_t realtime_ns, int64_t sent_ns,
		   int64_t read_ns);

#endif
