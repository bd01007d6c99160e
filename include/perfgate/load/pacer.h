/*
 * How many users a scenario has at which time.
 *
 * Each stage leads linearly from the number before it (0 at first) to its own
 * during its ramp, then holds it. User k (from 0) is there while k < the number,
 * rounded up: the first user of a ramp starts at once, as Locust does.
 */
#ifndef PERFGATE_LOAD_PACER_H
#define PERFGATE_LOAD_PACER_H

#include "perfgate/scenario/suite.h"

/* Users wanted `elapsed_ns` after the start; 0 after the last stage. */
uint32_t pacer_users(const struct scenario *scenario, int64_t elapsed_ns);

/* The next time after `elapsed_ns` at which that number may change; INT64_MAX: never. */
int64_t pacer_next_change_ns(const struct scenario *scenario, int64_t elapsed_ns);

#endif
