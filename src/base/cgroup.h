/*
 * The limits and counters of our control group (cgroups(7)), v2 or v1.
 *
 * `root` stands before every path, "" for the real machine.
 */
#ifndef PERFGATE_BASE_CGROUP_INTERNAL_H
#define PERFGATE_BASE_CGROUP_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* CPUs' worth of quota, the smallest on the way up; 0 = none. */
double cgroup_quota_cores(const char *root);
/* The smallest memory limit on the way up; UINT64_MAX = none. */
uint64_t cgroup_memory_limit(const char *root);
/* Seconds for which our group was throttled; NaN when not offered. */
double cgroup_throttled_s(const char *root);

/* The text of a small file, at most size-1 bytes, NUL-terminated; "" when it cannot be read. */
void cgroup_read_text(const char *root, const char *path, char *out, size_t size);

#endif
