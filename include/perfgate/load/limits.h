/*
 * What the kernel grants us, against what a scenario needs.
 *
 * Each user has a connection of its own, so open files are what runs short first. Ports seldom
 * do: to a loopback address users come from several addresses of 127.0.0.0/8 (transport.h); to
 * any other one connect() says so, and the measurement is invalid with that reason.
 */
#ifndef PERFGATE_LOAD_LIMITS_H
#define PERFGATE_LOAD_LIMITS_H

#include "perfgate/base/error.h"
#include "perfgate/scenario/suite.h"

/* Open files besides the users' connections: ours, and those of each worker. */
#define LIMITS_OWN_FILES 64
#define LIMITS_WORKER_FILES 8

/* Threads for a scenario: `wanted`, or when that is 0 what its load needs up to cores - 1. */
uint32_t limits_workers(const struct suite *suite, const struct scenario *scenario,
			uint32_t wanted);

/*
 * ERROR_USAGE when the hard limit of open files is too low for `scenario` with so many workers
 * (0: as above).
 */
PG_MUST_CHECK int limits_check(const struct suite *suite, const struct scenario *scenario,
			       uint32_t workers, struct error *err);

/* Raise the soft limit of open files to the hard one. */
void limits_raise_files(void);

#endif
