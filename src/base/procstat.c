#include "perfgate/base/procstat.h"

#include "cgroup.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/proctable.h"

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { TEXT_BYTES = 16 << 10 };

static double ticks_to_s(uint64_t ticks)
{
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void procstat_read(pid_t pid, struct procstat *out)
{
	*out = (struct procstat){.at_ns = clock_now_ns(), .cpu_s = NAN, .rss_bytes = NAN};
	struct proctable table;
	uint64_t ticks = 0, pages = 0;
	proctable_read(&table);
	if (proctable_mark_tree(&table, pid) > 0) {
		for (size_t i = 0; i < table.count; i++) {
			const struct proctable_entry *entry = &table.entries[i];
			ticks += entry->in_tree ? entry->cpu_ticks : 0;
			pages += entry->in_tree ? entry->rss_pages : 0;
		}
		out->cpu_s = ticks_to_s(ticks);
		out->rss_bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
	}
	proctable_release(&table);
}

/* The first line of /proc/stat, proc(5): guest time is part of user time already. */
static void read_cpu_line(const char *root, struct machinestat *out)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
	uint64_t ticks[FIELDS] = {0}, total = 0;
	char text[512];
	cgroup_read_text(root, "/proc/stat", text, sizeof text);
	int found = sscanf(text,
			   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &ticks[USER], &ticks[NICE], &ticks[SYSTEM], &ticks[IDLE], &ticks[IOWAIT],
			   &ticks[IRQ], &ticks[SOFTIRQ], &ticks[STEAL]);
	if (found != FIELDS)
		return;
	for (size_t i = 0; i < FIELDS; i++)
		total += ticks[i];
	out->total_s = ticks_to_s(total);
	out->steal_s = ticks_to_s(ticks[STEAL]);
	out->busy_s = ticks_to_s(total - ticks[IDLE] - ticks[IOWAIT] - ticks[STEAL]);
}

static double read_pressure(const char *root)
{
	char text[512];
	double total_us;
	cgroup_read_text(root, "/proc/pressure/cpu", text, sizeof text);
	const char *some = strstr(text, "some ");
	const char *total = some != NULL ? strstr(some, "total=") : NULL;
	if (total == NULL || sscanf(total, "total=%lf", &total_us) != 1)
		return NAN;
	return total_us / 1e6;
}

void machinestat_read_at(const char *root, struct machinestat *out)
{
	*out = (struct machinestat){.at_ns = clock_now_ns(),
				    .steal_s = NAN,
				    .busy_s = NAN,
				    .total_s = NAN};
	read_cpu_line(root, out);
	out->throttled_s = cgroup_throttled_s(root);
	out->pressure_s = read_pressure(root);
}

void machinestat_read(struct machinestat *out)
{
	machinestat_read_at("", out);
}

/* The value of the first line "key<blanks><separator> value" in `text`; "" when there is none. */
static void find_value(const char *text, const char *key, char separator, char *out, size_t size)
{
	size_t length = strlen(key);
	out[0] = '\0';
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *next = strchr(line, '\n');
		const char *at = line + length;
		if (strncmp(line, key, length) == 0 &&
		    (at += strspn(at, " \t"), *at == separator)) {
			at += 1 + strspn(at + 1, " \t\"");
			snprintf(out, size, "%.*s", (int)strcspn(at, "\"\n"), at);
			return;
		}
		line = next != NULL ? next + 1 : NULL;
	}
}

static void read_cpu_model(const char *root, char *out, size_t size)
{
	AUTO_FREE char *text = xcalloc(1, TEXT_BYTES);
	char part[32];
	cgroup_read_text(root, "/proc/cpuinfo", text, TEXT_BYTES);
	find_value(text, "model name", ':', out, size);
	if (out[0] != '\0')
		return;
	/* arm64 gives numbers only. */
	find_value(text, "CPU part", ':', part, sizeof part);
	if (part[0] == '\0') {
		snprintf(out, size, "unknown");
		return;
	}
	char maker[32];
	find_value(text, "CPU implementer", ':', maker, sizeof maker);
	snprintf(out, size, "ARM implementer %s part %s", maker, part);
}

static uint64_t read_memory(const char *root)
{
	char text[TEXT_BYTES], value[64];
	uint64_t kib = 0;
	cgroup_read_text(root, "/proc/meminfo", text, sizeof text);
	find_value(text, "MemTotal", ':', value, sizeof value);
	if (sscanf(value, "%" SCNu64, &kib) != 1)
		return 0;
	uint64_t limit = cgroup_memory_limit(root);
	return limit < kib * 1024 ? limit : kib * 1024;
}

static int usable_cores(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return CPU_COUNT(&set);
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (int)online : 1;
}

void machine_read_at(const char *root, struct machine *out)
{
	char text[TEXT_BYTES];
	struct utsname name;
	*out = (struct machine){.cores = usable_cores(),
				.quota_cores = cgroup_quota_cores(root),
				.memory_bytes = read_memory(root)};
	read_cpu_model(root, out->cpu_model, sizeof out->cpu_model);
	if (uname(&name) == 0)
		snprintf(out->kernel, sizeof out->kernel, "%s", name.release);
	cgroup_read_text(root, "/etc/os-release", text, sizeof text);
	find_value(text, "PRETTY_NAME", '=', out->os, sizeof out->os);
	if (out->os[0] == '\0')
		snprintf(out->os, sizeof out->os, "Linux");
}

void machine_read(struct machine *out)
{
	machine_read_at("", out);
}
