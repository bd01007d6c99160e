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

/* Time of a round in ms; 0 when it cannot be told (no loopback, no thread). */
double speed_probe_ms(void);

#endif
