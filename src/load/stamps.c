#include "perfgate/load/stamps.h"

#include "perfgate/base/clock.h"

#define RENEW_NS (100 * NS_PER_MS)
/* NTP slews by at most 500 ppm: 50 us in 100 ms; reading a pair costs some us more. */
#define SLEW_NS (20 * NS_PER_US)
#define SLEW_PER_S (NS_PER_S / 2000)

void stamps_set_pair(struct stamps *stamps, int64_t monotonic_ns, int64_t realtime_ns)
{
	int64_t offset_ns = monotonic_ns - realtime_ns;
	int64_t moved_ns = offset_ns - stamps->offset_ns;
	double since_s = (double)(monotonic_ns - stamps->renewed_ns) / (double)NS_PER_S;
	int64_t allowed_ns = SLEW_NS + (int64_t)(since_s * (double)SLEW_PER_S);
	stamps->usable = moved_ns <= allowed_ns && moved_ns >= -allowed_ns;
	stamps->offset_ns = offset_ns;
	stamps->renewed_ns = monotonic_ns;
}

/* The tightest of three pairs: we may be interrupted between two readings. */
static void take_pair(struct stamps *stamps)
{
	int64_t best_ns = INT64_MAX, monotonic_ns = 0, realtime_ns = 0;
	for (int i = 0; i < 3; i++) {
		int64_t before_ns = clock_now_ns();
		int64_t wall_ns = clock_wall_ns();
		int64_t after_ns = clock_now_ns();
		if (after_ns - before_ns < best_ns) {
			best_ns = after_ns - before_ns;
			monotonic_ns = before_ns + best_ns / 2;
			realtime_ns = wall_ns;
		}
	}
	stamps_set_pair(stamps, monotonic_ns, realtime_ns);
}

void stamps_renew(struct stamps *stamps, int64_t now_ns)
{
	if (stamps->renewed_ns == 0) {
		take_pair(stamps);
		take_pair(stamps);
	} else if (now_ns - stamps->renewed_ns >= RENEW_NS) {
		take_pair(stamps);
	}
}

int64_t stamps_map(const struct stamps *stamps, int64_t realtime_ns, int64_t sent_ns,
		   int64_t read_ns)
{
	if (!stamps->usable || realtime_ns == 0)
		return read_ns;
	int64_t mapped_ns = realtime_ns + stamps->offset_ns;
	return mapped_ns >= sent_ns && mapped_ns <= read_ns ? mapped_ns : read_ns;
}
