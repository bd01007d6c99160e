/*
 * What the kernel says about processes and this machine.
 *
 * Sources: /proc/PID/stat, /proc/stat (steal), /proc/pressure/cpu, cgroup v2
 * cpu.stat and memory.current, v1 and host as fallbacks. A figure that the
 * machine does not offer is NaN.
 */
#ifndef PERFGATE_BASE_PROCSTAT_H
#define PERFGATE_BASE_PROCSTAT_H

#include <stdint.h>
#include <sys/types.h>

/* One reading; two of them give rates. */
struct procstat {
	int64_t at_ns; /* clock_now_ns() */
	double cpu_s; /* CPU seconds of the process and its descendants, all threads */
	double rss_bytes; /* resident set of the process and its descendants */
};

/* The process with all its descendants; cpu_s and rss_bytes are NaN when it is gone. */
void procstat_read(pid_t pid, struct procstat *out);

struct machinestat {
	int64_t at_ns;
	double steal_s; /* all cores */
	double busy_s; /* all cores, without idle and iowait */
	double total_s; /* all cores */
	double throttled_s; /* of our cgroup */
	double pressure_s; /* PSI cpu "some" */
};
void machinestat_read(struct machinestat *out);
/* The same below another root than "" (tests). */
void machinestat_read_at(const char *root, struct machinestat *out);

/* Static facts. `cpu_model` is "unknown" when the kernel does not say. */
struct machine {
	char cpu_model[128];
	int cores; /* usable: affinity mask */
	double quota_cores; /* cgroup quota; 0 = none */
	uint64_t memory_bytes; /* host or cgroup limit, the smaller */
	char kernel[128];
	char os[128]; /* PRETTY_NAME */
};
void machine_read(struct machine *out);
void machine_read_at(const char *root, struct machine *out);

#endif
