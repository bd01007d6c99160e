#include "perfgate/load/health.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The machine is to blame when at least this part of the delay was waiting for a core. */
#define WAITING_PART 0.5

void health_init(struct worker_health *health)
{
	memset(health, 0, sizeof *health);
	health->scheduling_delay = histogram_new();
	health->schedstat_fd = -1;
}

void health_release(struct worker_health *health)
{
	histogram_free(TAKE(health->scheduling_delay));
	if (health->schedstat_fd >= 0)
		close(health->schedstat_fd);
	health->schedstat_fd = -1;
}

void health_read_thread(struct worker_health *health, struct thread_reading *out)
{
	char text[96];
	out->at_ns = clock_now_ns();
	out->cpu_ns = clock_thread_cpu_ns();
	out->waiting_ns = -1;
	if (health->schedstat_fd < 0)
		health->schedstat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	if (health->schedstat_fd < 0)
		return;
	ssize_t n = pread(health->schedstat_fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return;
	text[n] = '\0';
	int64_t waiting_ns;
	if (sscanf(text, "%*d %" SCNd64, &waiting_ns) == 1)
		out->waiting_ns = waiting_ns;
}

static int64_t waiting_between(const struct thread_reading *a, const struct thread_reading *b)
{
	return a->waiting_ns < 0 || b->waiting_ns < 0 ? -1 : b->waiting_ns - a->waiting_ns;
}

void health_end_second(struct worker_health *health, bool judged)
{
	struct thread_reading now;
	health_read_thread(health, &now);
	if (judged && health->second_stall_ns > health->max_stall_ns) {
		health->max_stall_ns = health->second_stall_ns;
		health->max_stall_waiting_ns = waiting_between(&health->second, &now);
	}
	if (judged)
		health->late_ns += health->second_late_ns;
	if (judged && health->second_stall_ns >= HEALTH_STALL_MAX_NS)
		health->stalled_ns += health->second_stall_ns;
	health->second = now;
	health->second_stall_ns = health->second_late_ns = 0;
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : NAN;
}

static double cpu_percent(const struct worker_health *health)
{
	return percent((double)(health->end.cpu_ns - health->begin.cpu_ns),
		       (double)(health->end.at_ns - health->begin.at_ns));
}

void health_merge(struct worker_health *into, const struct worker_health *from)
{
	int64_t a = waiting_between(&into->begin, &into->end);
	int64_t b = waiting_between(&from->begin, &from->end);
	histogram_merge(into->scheduling_delay, from->scheduling_delay);
	if (!(cpu_percent(into) >= cpu_percent(from))) {
		into->begin = from->begin;
		into->end = from->end;
	}
	/* Late by the sum of both, so is the waiting. */
	into->begin.waiting_ns = a < 0 || b < 0 ? -1 : 0;
	into->end.waiting_ns = a < 0 || b < 0 ? -1 : a + b;
	into->late_ns += from->late_ns;
	if (from->stalled_ns > into->stalled_ns)
		into->stalled_ns = from->stalled_ns;
	if (from->max_stall_ns > into->max_stall_ns) {
		into->max_stall_ns = from->max_stall_ns;
		into->max_stall_waiting_ns = from->max_stall_waiting_ns;
	}
	into->wakeups += from->wakeups;
	into->own_failures += from->own_failures;
	if (into->own_errno == 0)
		into->own_errno = from->own_errno;
}

static void fill_figures(const struct worker_health *health, const struct health_context *context,
			 struct generator_health *out)
{
	const struct machinestat *a = &context->machine_begin, *b = &context->machine_end;
	double wall_s = (double)(b->at_ns - a->at_ns) / (double)NS_PER_S;
	out->cpu_percent = cpu_percent(health);
	out->max_stall_ms = (double)health->max_stall_ns / (double)NS_PER_MS;
	out->steal_percent = percent(b->steal_s - a->steal_s, b->total_s - a->total_s);
	out->throttled_percent = percent(b->throttled_s - a->throttled_s, wall_s);
	out->pressure_percent = percent(b->pressure_s - a->pressure_s, wall_s);
}

static void invalidate(struct generator_health *out, enum invalid_by by, const char *reason)
{
	if (out->invalid != INVALID_NOT)
		return;
	out->invalid = by;
	out->invalid_reason = reason;
}

static void judge_shortage(const struct worker_health *health, const struct health_context *context,
			   struct arena *arena, struct generator_health *out)
{
	const char *remedy = "give the machine more memory", *what = strerror(health->own_errno);
	if (health->own_errno == 0)
		return;
	if (health->own_errno == EMFILE || health->own_errno == ENFILE) {
		what = "it is out of file descriptors";
		remedy = "raise the limit of open files (ulimit -n)";
	} else if (health->own_errno == EADDRNOTAVAIL) {
		what = "it is out of local ports";
		remedy = "let the server keep connections alive, or widen "
			 "net.ipv4.ip_local_port_range";
	}
	invalidate(out, INVALID_OURS,
		   arena_printf(arena,
				"the generator could not open %" PRIu64
				" connections for %u users: %s; %s",
				health->own_failures, context->users, what, remedy));
}

static bool is_above(double value, double limit)
{
	return !isnan(value) && value > limit;
}

/* Was there next to no idle time? What the host took was missed only then. */
static bool machine_was_full(const struct health_context *context)
{
	const struct machinestat *a = &context->machine_begin, *b = &context->machine_end;
	double used_s = b->busy_s + b->steal_s - a->busy_s - a->steal_s;
	return is_above(percent(used_s, b->total_s - a->total_s), HEALTH_CPU_MAX_PERCENT);
}

static void judge_cpu(const struct health_context *context, struct arena *arena,
		      struct generator_health *out)
{
	bool stolen = is_above(out->steal_percent, HEALTH_STOLEN_MAX_PERCENT);
	bool throttled = is_above(out->throttled_percent, HEALTH_STOLEN_MAX_PERCENT);
	bool busy = is_above(out->cpu_percent, HEALTH_CPU_MAX_PERCENT);
	if (!context->paced) {
		/* A quota that stopped us was used up; steal may fall on cores that were idle. */
		out->limited = busy || throttled || (stolen && machine_was_full(context));
		return;
	}
	if (busy)
		invalidate(out, INVALID_OURS,
			   arena_printf(arena,
					"the generator used %.0f %% of its core (limit %.0f %%); "
					"use fewer users",
					out->cpu_percent, HEALTH_CPU_MAX_PERCENT));
	if (stolen)
		invalidate(out, INVALID_MACHINE,
			   arena_printf(arena,
					"the host took %.1f %% of the CPU time away (steal, limit "
					"%.0f %%); repeat on a quieter machine",
					out->steal_percent, HEALTH_STOLEN_MAX_PERCENT));
	if (throttled)
		invalidate(out, INVALID_MACHINE,
			   arena_printf(arena,
					"the CPU quota stopped us %.1f %% of the time (limit %.0f "
					"%%); raise the quota of the container",
					out->throttled_percent, HEALTH_STOLEN_MAX_PERCENT));
}

/* One arrival more or less is none of ours: it may be due at the very end. */
static void judge_offered(const struct health_context *context, struct arena *arena,
			  struct generator_health *out)
{
	double sent = percent((double)context->arrivals_sent, (double)context->arrivals_due);
	if (context->arrivals_sent + 1 >= context->arrivals_due ||
	    !(sent < HEALTH_OFFERED_MIN_PERCENT))
		return;
	invalidate(
		out, INVALID_OURS,
		arena_printf(arena,
			     "only %.1f %% of the planned arrivals were sent in time (limit %.0f "
			     "%%): %s",
			     sent, HEALTH_OFFERED_MIN_PERCENT,
			     context->all_busy ? "all users were busy; raise max_users: or lower "
						 "the rate"
					       : "the generator was late; lower the rate"));
}

static void judge_stall(const struct worker_health *health, const struct health_context *context,
			struct arena *arena, struct generator_health *out)
{
	int64_t window_ns = context->machine_end.at_ns - context->machine_begin.at_ns;
	if (health->max_stall_ns < HEALTH_STALL_MAX_NS ||
	    percent((double)health->stalled_ns, (double)window_ns) < HEALTH_STALLED_MAX_PERCENT)
		return;
	bool machine =
		(double)health->max_stall_waiting_ns >= WAITING_PART * (double)health->max_stall_ns;
	invalidate(out, machine ? INVALID_MACHINE : INVALID_OURS,
		   arena_printf(arena, "the generator stood still for %.0f ms (limit %.0f ms)%s",
				out->max_stall_ms, (double)HEALTH_STALL_MAX_NS / (double)NS_PER_MS,
				machine ? ", waiting for a core; leave it one of its own"
					: "; was it stopped or swapped out?"));
}

/* Was the loop late for want of a core, more than for its own work? */
static bool waited_for_core(const struct worker_health *health)
{
	int64_t waiting_ns = waiting_between(&health->begin, &health->end);
	return health->late_ns > 0 && (double)waiting_ns >= WAITING_PART * (double)health->late_ns;
}

static void judge_delay(const struct worker_health *health, const struct health_context *context,
			struct arena *arena, struct generator_health *out)
{
	double limit_ns = (double)HEALTH_DELAY_MIN_NS;
	double p99_ns = (double)histogram_quantile_ns(health->scheduling_delay, 0.99);
	if (histogram_count(health->scheduling_delay) < HEALTH_WAKEUPS_MIN)
		return;
	if (context->p50_ms * HEALTH_DELAY_PART_OF_P50 * (double)NS_PER_MS > limit_ns)
		limit_ns = context->p50_ms * HEALTH_DELAY_PART_OF_P50 * (double)NS_PER_MS;
	if (p99_ns <= limit_ns)
		return;
	bool machine = waited_for_core(health);
	invalidate(out, machine ? INVALID_MACHINE : INVALID_OURS,
		   arena_printf(arena,
				"requests left late: scheduling delay p99 %.1f ms (limit %.1f ms)"
				"%s",
				p99_ns / (double)NS_PER_MS, limit_ns / (double)NS_PER_MS,
				machine ? ", waiting for a core; leave the generator one of its own"
					: "; use fewer users"));
}

void health_judge(struct worker_health *health, const struct health_context *context,
		  struct arena *arena, struct generator_health *out)
{
	fill_figures(health, context, out);
	judge_shortage(health, context, arena, out);
	/* A want of users is ours, whatever the machine does; other lateness may be its fault. */
	if (context->all_busy)
		judge_offered(context, arena, out);
	judge_cpu(context, arena, out);
	if (context->paced) {
		judge_stall(health, context, arena, out);
		judge_delay(health, context, arena, out);
		judge_offered(context, arena, out);
	}
	out->scheduling_delay = TAKE(health->scheduling_delay);
}
