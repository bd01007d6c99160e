/*
 * Figures of the kernel: the real machine's must make sense, and the three
 * kinds of control groups are read from trees made for the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/proc.h"
#include "perfgate/base/procstat.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS (20 * NS_PER_S)

static void own_figures_grow(void **state)
{
	(void)state;
	struct procstat before, after;
	procstat_read(getpid(), &before);
	assert_true(before.cpu_s >= 0);
	assert_true(before.rss_bytes > 100000);
	volatile unsigned work = 0;
	int64_t start_ns = clock_process_cpu_ns();
	while (clock_process_cpu_ns() - start_ns < 60 * NS_PER_MS)
		work = work + 1;
	procstat_read(getpid(), &after);
	assert_true(after.at_ns > before.at_ns);
	assert_true(after.cpu_s - before.cpu_s >= 0.03);
}

static void descendants_count(void **state)
{
	(void)state;
	struct proc *proc = NULL;
	struct error err = ERROR_INIT;
	/* The work is done by a grandchild. */
	struct proc_spec spec = {.argv = (const char *const[]){"sh", "-c",
							       "sh -c 'while :; do :; done'; true",
							       NULL}};
	assert_int_equal(proc_start(&spec, &proc, &err), 0);
	struct procstat stat;
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	do
		procstat_read(proc_pid(proc), &stat);
	while (!(stat.cpu_s >= 0.05) && clock_now_ns() < deadline_ns);
	pid_t pid = proc_pid(proc);
	proc_stop(proc, SIGKILL, 0);
	assert_true(stat.cpu_s >= 0.05);
	assert_true(stat.rss_bytes > 0);
	procstat_read(pid, &stat);
	assert_true(isnan(stat.cpu_s));
	assert_true(isnan(stat.rss_bytes));
}

static void this_machine_makes_sense(void **state)
{
	(void)state;
	struct machinestat stat;
	struct machine machine;
	machinestat_read(&stat);
	assert_true(stat.total_s > 0);
	assert_true(stat.busy_s >= 0 && stat.busy_s <= stat.total_s);
	assert_true(stat.steal_s >= 0);
	machine_read(&machine);
	assert_true(machine.cores >= 1);
	assert_true(machine.memory_bytes > 1000000);
	assert_true(machine.quota_cores >= 0);
	assert_true(machine.cpu_model[0] != '\0');
	assert_true(machine.kernel[0] != '\0');
	assert_true(machine.os[0] != '\0');
}

struct file {
	const char *path, *text;
};

static void put_files(const char *root, const struct file *files, size_t count)
{
	for (size_t i = 0; i < count && files[i].path != NULL; i++) {
		struct error err = ERROR_INIT;
		AUTO_FREE char *path = xasprintf("%s%s", root, files[i].path);
		AUTO_FREE char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
		if (fs_make_dirs(folder, &err) < 0 ||
		    fs_write_file(path, files[i].text, strlen(files[i].text), &err) < 0)
			fail_msg("%s", err.message);
	}
}

static bool same(double a, double b)
{
	return isnan(b) ? isnan(a) : fabs(a - b) < 1e-9;
}

static void made_up_machines_are_read(void **state)
{
	static const struct {
		const char *name;
		struct file files[8];
		double quota, throttled, pressure, steal, busy, total;
		uint64_t memory;
		const char *cpu, *os;
	} rows[] = {
		{"nothing", {{"/x", ""}}, 0, NAN, NAN, NAN, NAN, NAN, 0, "unknown", "Linux"},
		{"v2, the smallest limit on the way up",
		 {{"/proc/self/cgroup", "0::/a/b\n"},
		  {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
		  {"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"},
		  {"/sys/fs/cgroup/a/b/cpu.stat", "usage_usec 9\nthrottled_usec 2500000\n"},
		  {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
		  {"/sys/fs/cgroup/a/memory.max", "1000000\n"},
		  {"/proc/meminfo", "MemFree: 1 kB\nMemTotal:      2000 kB\n"},
		  {"/proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU @ 1GHz\n"}},
		 1.5,
		 2.5,
		 NAN,
		 NAN,
		 NAN,
		 NAN,
		 1000000,
		 "Fast CPU @ 1GHz",
		 "Linux"},
		{"v1 in a container: the path is the host's",
		 {{"/proc/self/cgroup", "12:cpu,cpuacct:/docker/1\n3:memory:/docker/1\n0::/\n"},
		  {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"},
		  {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
		  {"/sys/fs/cgroup/cpu,cpuacct/cpu.stat",
		   "nr_throttled 1\nthrottled_time 3000000000\n"},
		  {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
		  {"/proc/meminfo", "MemTotal: 2000 kB\n"},
		  {"/etc/os-release", "ID=x\nPRETTY_NAME=\"An OS 1.0\"\n"}},
		 0.5,
		 3,
		 NAN,
		 NAN,
		 NAN,
		 NAN,
		 2048000,
		 "unknown",
		 "An OS 1.0"},
		{"v1 without quota, steal, pressure",
		 {{"/proc/self/cgroup", "1:cpu:/\n"},
		  {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
		  {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
		  {"/proc/stat", "cpu  100 200 300 4000 50 60 70 800 9 9\ncpu0 1 1\n"},
		  {"/proc/pressure/cpu", "some avg10=1.00 avg60=0 avg300=0 total=1500000\n"
					 "full avg10=0 total=7\n"},
		  {"/proc/cpuinfo", "CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"}},
		 0,
		 NAN,
		 1.5,
		 8,
		 7.3,
		 55.8,
		 0,
		 "ARM implementer 0x41 part 0xd0c",
		 "Linux"},
		{"nonsense",
		 {{"/proc/self/cgroup", "::\n:\n\n0\n7:cpu"},
		  {"/proc/stat", "cpu one two\n"},
		  {"/proc/pressure/cpu", "some total=\n"},
		  {"/proc/meminfo", "MemTotal: many\n"}},
		 0,
		 NAN,
		 NAN,
		 NAN,
		 NAN,
		 NAN,
		 0,
		 "unknown",
		 "Linux"},
	};
	(void)state;
	double per_tick = 100.0 / (double)sysconf(_SC_CLK_TCK);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char root[] = "/tmp/pfg-test-XXXXXX";
		struct machinestat stat;
		struct machine machine;
		assert_non_null(mkdtemp(root));
		put_files(root, rows[i].files, ARRAY_SIZE(rows[i].files));
		machinestat_read_at(root, &stat);
		machine_read_at(root, &machine);
		assert_int_equal(fs_remove_tree(root, NULL), 0);
		if (!same(machine.quota_cores, rows[i].quota) ||
		    !same(stat.throttled_s, rows[i].throttled) ||
		    !same(stat.pressure_s, rows[i].pressure) ||
		    !same(stat.steal_s, rows[i].steal * per_tick) ||
		    !same(stat.busy_s, rows[i].busy * per_tick) ||
		    !same(stat.total_s, rows[i].total * per_tick))
			fail_msg("%s", rows[i].name);
		assert_int_equal(machine.memory_bytes, rows[i].memory);
		assert_string_equal(machine.cpu_model, rows[i].cpu);
		assert_string_equal(machine.os, rows[i].os);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_figures_grow),
		cmocka_unit_test(descendants_count),
		cmocka_unit_test(this_machine_makes_sense),
		cmocka_unit_test(made_up_machines_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
