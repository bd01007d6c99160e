/* This machine: processor, open files, ports, clock, wake-ups, and the noise between blocks. */
#include "perfgate/cli/doctor.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/procstat.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/cli/ab.h"
#include "perfgate/ext/git.h"
#include "perfgate/load/health.h"
#include "perfgate/load/limits.h"
#include "perfgate/load/speed.h"
#include "perfgate/results/histogram.h"

#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_FILE_MAX 4096
#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define GOVERNOR "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
#define PORT_RANGE "/proc/sys/net/ipv4/ip_local_port_range"
#define DAY_S INT64_C(86400)

/* The first word of a file of the kernel, "" when there is none. */
static void read_word(const char *path, char *out, size_t size)
{
	AUTO(strbuf) struct strbuf text = {.max_bytes = KERNEL_FILE_MAX};

	out[0] = '\0';
	if (fs_read_file(&text, path, KERNEL_FILE_MAX, ERROR_UNMEASURED, NULL) == 0)
		snprintf(out, size, "%.*s", (int)strcspn(strbuf_text(&text), " \n"),
			 strbuf_text(&text));
}

/* ---- processor ---- */

void doctor_processor(struct doctor *doctor)
{
	struct machine machine;
	char memory[UNITS_TEXT_SIZE], governor[64], quota[64] = "";

	machine_read(&machine);
	read_word(GOVERNOR, governor, sizeof governor);
	units_format_bytes(machine.memory_bytes, memory);
	if (machine.quota_cores > 0)
		snprintf(quota, sizeof quota, " (%.2g by quota)", machine.quota_cores);
	if (machine.cores < 2 || (machine.quota_cores > 0 && machine.quota_cores < 1.5))
		doctor_warn(doctor, "processor",
			    "two cores at least: one for the API, one for who loads it",
			    "%s, %d core%s%s, %s: load and API share a core", machine.cpu_model,
			    machine.cores, machine.cores == 1 ? "" : "s", quota, memory);
	else if (text_equal(governor, "powersave"))
		doctor_warn(doctor, "processor", "cpupower frequency-set --governor performance",
			    "%s, %d cores: the governor powersave varies its speed",
			    machine.cpu_model, machine.cores);
	else
		doctor_ok(doctor, "processor", "%s, %d cores%s, %s", machine.cpu_model,
			  machine.cores, quota, memory);
}

/* ---- open files and ports ---- */

/* The scenario of `run:` with most users; NULL without a suite. */
static const struct scenario *largest(const struct doctor *doctor)
{
	const struct scenario *out = NULL;

	for (size_t i = 0; doctor->suite && i < doctor->settings->run.count; i++) {
		const struct scenario *scenario =
			suite_find(doctor->suite, doctor->settings->run.items[i], NULL);

		if (scenario && (!out || scenario->users > out->users))
			out = scenario;
	}
	return out;
}

void doctor_files(struct doctor *doctor)
{
	const struct scenario *scenario = largest(doctor);
	struct error err = ERROR_INIT;
	struct rlimit limit;

	if (!scenario || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limits_check(doctor->suite, scenario, 0, &err))
		doctor_fail(doctor, "open files", "ulimit -Hn, or fewer users in the scenario",
			    &err);
	else
		doctor_ok(doctor, "open files", "up to %llu, for %zu user%s of %s",
			  (unsigned long long)limit.rlim_max, scenario->users,
			  scenario->users == 1 ? "" : "s", scenario->name);
}

static bool can_listen(void)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
	       listen(fd, 1) == 0;
}

void doctor_ports(struct doctor *doctor)
{
	const struct scenario *scenario = largest(doctor);
	size_t users = scenario ? scenario->users : 0;
	AUTO(strbuf) struct strbuf text = {.max_bytes = KERNEL_FILE_MAX};
	struct error err = ERROR_INIT;
	unsigned low, high;

	if (!can_listen()) {
		error_set_errno(&err, ERROR_UNMEASURED, "no port of 127.0.0.1 can be had");
		doctor_fail(doctor, "ports", "is the loopback interface up? ip link set lo up",
			    &err);
		return;
	}
	if (fs_read_file(&text, PORT_RANGE, KERNEL_FILE_MAX, ERROR_UNMEASURED, NULL) ||
	    sscanf(strbuf_text(&text), "%u %u", &low, &high) != 2 || high < low)
		return;
	/* To loopback, users come from several addresses. */
	if (high - low + 1 < 2 * users && doctor->settings &&
	    doctor->settings->target.kind == TARGET_URL)
		doctor_warn(doctor, "ports", "sysctl -w net.ipv4.ip_local_port_range='1024 65535'",
			    "%u to %u, little for %zu users of another machine's API", low, high,
			    users);
	else
		doctor_ok(doctor, "ports", "%u to %u", low, high);
}

/* ---- clock ---- */

/* Seconds that the newest commit is ahead of the clock; below 0 when it is not. */
static int64_t behind_commit_s(void)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct extgit_commit commit;
	struct extgit_head head;

	if (extgit_open(&git, NULL) || !git || extgit_head(git, &head, NULL) || head.unborn ||
	    extgit_read_commit(git, head.commit, &commit, NULL))
		return -1;
	return commit.time_s - clock_wall_ns() / NS_PER_S;
}

void doctor_clock(struct doctor *doctor)
{
	static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies"};
	struct timex state = {0};
	char source[64];
	int kept = adjtimex(&state);

	read_word(CLOCKSOURCE, source, sizeof source);
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		if (!text_equal(source, slow[i]))
			continue;
		doctor_warn(doctor, "clock",
			    "boot with clocksource=tsc, if the processor's is stable",
			    "the kernel reads the time from %s, which costs much CPU", source);
		return;
	}
	if (behind_commit_s() > DAY_S)
		doctor_warn(doctor, "clock", "set it: timedatectl set-ntp true",
			    "the clock is more than a day behind HEAD's commit");
	else
		doctor_ok(doctor, "clock", "%s%s", *source ? source : "monotonic",
			  kept == TIME_ERROR || kept < 0 ? "" : ", kept right by NTP");
}

/* ---- wake-ups ---- */

#define SLEEPS 200
#define SLEEP_NS (2 * NS_PER_MS)
#define BUSY_MAX_PERCENT 25

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

/* How late a thread that sleeps is woken: what paced users would suffer from. */
static double wakeup_delay_ms(void)
{
	AUTO(histogram) struct histogram *delays = histogram_new();

	for (int i = 0; i < SLEEPS && !cli_stop; i++) {
		const struct timespec pause = {.tv_nsec = SLEEP_NS};
		int64_t start_ns = clock_now_ns(), late_ns;

		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		late_ns = clock_now_ns() - start_ns - SLEEP_NS;
		histogram_record(delays, late_ns > 0 ? (uint64_t)late_ns : 0);
	}
	return (double)histogram_quantile_ns(delays, .99) / (double)NS_PER_MS;
}

/* We sleep meanwhile: whatever is busy is somebody else. */
void doctor_wakeups(struct doctor *doctor)
{
	struct machinestat before, after;
	double late_ms, busy, stolen;

	machinestat_read(&before);
	late_ms = wakeup_delay_ms();
	machinestat_read(&after);
	busy = percent(after.busy_s - before.busy_s, after.total_s - before.total_s);
	stolen = percent(after.steal_s - before.steal_s, after.total_s - before.total_s);
	if (stolen > HEALTH_STOLEN_MAX_PERCENT)
		doctor_warn(doctor, "quiet",
			    "a run with so much is INVALID: a runner with cores of its own",
			    "the host takes %.1f %% of the CPU for others (steal)", stolen);
	else if (busy > BUSY_MAX_PERCENT)
		doctor_warn(doctor, "quiet", "end what runs beside, or measure at another time",
			    "other programs use %.0f %% of the CPU; wake-ups are late by %.2g ms "
			    "(p99)",
			    busy, late_ms);
	else if (late_ms * NS_PER_MS > HEALTH_DELAY_MIN_NS)
		doctor_warn(doctor, "quiet", "a run with such delays is INVALID: another runner",
			    "wake-ups are late by %.2g ms (p99)", late_ms);
	else
		doctor_ok(doctor, "quiet",
			  "others use %.0f %% of the CPU, wake-ups are late by %.2g ms (p99)", busy,
			  late_ms);
}

/* ---- noise ---- */

/* As a block of a comparison is: ABBA ABBA, both sides the same work. 3.2 s in all. */
#define NOISE_BLOCKS 8
#define NOISE_SLOTS 8
#define NOISE_SLOT_NS (50 * NS_PER_MS)
/* What a comparison has at its last look (verdict/ab.h). */
#define LAST_LOOK_BLOCKS 24

static const enum metric noise_metrics[] = {METRIC_P50, METRIC_P95};
enum { NOISE_METRICS = ARRAY_SIZE(noise_metrics) };

static bool measure_block(struct speed_pieces *pieces, size_t k,
			  struct ab_block (*blocks)[NOISE_BLOCKS])
{
	static const enum ab_side order[] = {AB_BASE, AB_HEAD, AB_HEAD, AB_BASE};
	struct histogram *sides[2] = {histogram_new(), histogram_new()};
	bool well = true;

	for (size_t i = 0; i < NOISE_SLOTS && well && !cli_stop; i++) {
		enum ab_side side = order[i % ARRAY_SIZE(order)];

		well = speed_pieces_run(pieces, NOISE_SLOT_NS, sides[k % 2 ? !side : side]);
	}
	for (size_t m = 0; m < NOISE_METRICS; m++)
		for (size_t side = 0; side < 2; side++)
			blocks[m][k].side[side] = (struct ab_sample){
				(double)histogram_quantile_ns(
					sides[side], metric_table[noise_metrics[m]].quantile) /
					(double)NS_PER_MS,
				histogram_count(sides[side])};
	histogram_free(sides[0]);
	histogram_free(sides[1]);
	return well && !cli_stop;
}

/* Judged like any comparison; its cells bring the spread between blocks. */
static void judge_noise(struct ab_block (*blocks)[NOISE_BLOCKS], const double *tolerance,
			struct ab_cell_result *out)
{
	AUTO(ab_workspace) struct ab_workspace *workspace = ab_workspace_new();
	struct ab_cell cells[NOISE_METRICS];
	struct ab_trial trial = {.cells = cells,
				 .n_cells = NOISE_METRICS,
				 .n_blocks = NOISE_BLOCKS,
				 .last = true};
	struct ab_result result = {.cells = out};
	struct ab_plan plan;
	struct rng rng;

	for (size_t m = 0; m < NOISE_METRICS; m++)
		cells[m] = (struct ab_cell){.scenario = AB_SCENARIO,
					    .endpoint = "total",
					    .metric = noise_metrics[m],
					    .primary = true,
					    .tolerance = tolerance[noise_metrics[m]],
					    .blocks = blocks[m]};
	ab_plan_init(&plan, NOISE_BLOCKS);
	rng_seed(&rng, 1, 0);
	ab_judge(workspace, &plan, &trial, &rng, &result);
}

static void say_noise(struct doctor *doctor, const struct ab_cell_result *results,
		      const double *tolerance)
{
	AUTO(strbuf) struct strbuf text = {0};
	bool coarse = false;

	for (size_t m = 0; m < NOISE_METRICS; m++) {
		enum metric metric = noise_metrics[m];
		double shift = ab_detectable(ab_tolerance(metric, tolerance[metric]), results[m].sd,
					     LAST_LOOK_BLOCKS, 3);
		double found = ab_change(metric, shift);

		if (isnan(found))
			strbuf_printf(&text, "%sno %s", m ? ", " : "", metric_table[metric].name);
		else
			strbuf_printf(&text, "%s%s +%.2g %%", m ? ", " : "",
				      metric_table[metric].name, 100 * found);
		coarse = coarse || !(found <= 2 * tolerance[metric]);
	}
	if (coarse)
		doctor_warn(doctor, "noise",
			    "smaller ones would be inconclusive: a quieter machine, or "
			    "`regression.budget` above 5m",
			    "the smallest regression seen side by side: %s (24 blocks)",
			    strbuf_text(&text));
	else
		doctor_ok(
			doctor, "noise",
			"the smallest regression seen side by side: %s (24 blocks); the API's own "
			"noise comes on top: `perfgate calibrate`",
			strbuf_text(&text));
}

void doctor_noise(struct doctor *doctor)
{
	static const double usual[METRIC_COUNT] = {[METRIC_P50] = .05, [METRIC_P95] = .08};
	const double *tolerance = doctor->settings ? doctor->settings->tolerance : usual;
	AUTO(speed_pieces) struct speed_pieces *pieces = speed_pieces_new();
	struct ab_block blocks[NOISE_METRICS][NOISE_BLOCKS];
	struct ab_cell_result results[NOISE_METRICS];
	bool well = pieces != NULL;

	for (size_t k = 0; k < NOISE_BLOCKS && well; k++)
		well = measure_block(pieces, k, blocks);
	if (cli_stop)
		return;
	if (!well) {
		doctor_warn(doctor, "noise", "is the loopback interface up? ip link set lo up",
			    "it could not be measured");
		return;
	}
	judge_noise(blocks, tolerance, results);
	say_noise(doctor, results, tolerance);
}
