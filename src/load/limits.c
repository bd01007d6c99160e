#include "perfgate/load/limits.h"

#include "perfgate/base/procstat.h"

#include <inttypes.h>
#include <math.h>
#include <sys/resource.h>

/* What one worker is trusted with: a small part of what it can do. */
#define REQUESTS_PER_WORKER 20000
#define USERS_PER_WORKER 5000
#define USERS_WITHOUT_PAUSE_PER_WORKER 100

void limits_raise_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* If it fails, running out is noticed where it happens. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

uint32_t limits_workers(const struct suite *suite, const struct scenario *scenario, uint32_t wanted)
{
	double planned_rps = suite_planned_rps(suite, scenario);
	double users = (double)scenario->users, workers = users / USERS_WITHOUT_PAUSE_PER_WORKER;
	struct machine machine;
	if (isfinite(planned_rps))
		workers = fmax(planned_rps / REQUESTS_PER_WORKER, users / USERS_PER_WORKER);
	workers = ceil(workers);
	if (wanted > 0) {
		workers = wanted;
	} else if (workers > 1) {
		machine_read(&machine);
		double cores = machine.cores;
		if (machine.quota_cores > 0)
			cores = fmin(cores, floor(machine.quota_cores));
		workers = fmin(workers, cores - 1);
	}
	return (uint32_t)fmax(1, fmin(workers, users));
}

int limits_check(const struct suite *suite, const struct scenario *scenario, uint32_t workers,
		 struct error *err)
{
	struct rlimit limit;
	uint64_t needed = scenario->users + LIMITS_OWN_FILES +
			  LIMITS_WORKER_FILES * (uint64_t)limits_workers(suite, scenario, workers);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max >= needed)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "%s: %zu users need %" PRIu64 " open files, the limit is %" PRIu64
			 ": raise it (`ulimit -n %" PRIu64 "`) or use fewer users",
			 scenario->name, scenario->users, needed, (uint64_t)limit.rlim_max, needed);
}
