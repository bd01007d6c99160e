/*
 * The parts of `perfgate doctor`: probes that say what a check would meet here.
 *
 * A probe looks at one thing, within a time limit of its own, and adds lines: fine, a warning (a
 * check would work, but worse), or a failure with the kind of error that check would end with.
 * Nothing is sent but to the configured target and services. Lines show no secret and
 * no control character.
 */
#ifndef PERFGATE_CLI_DOCTOR_H
#define PERFGATE_CLI_DOCTOR_H

#include "perfgate/baseline/ci.h"
#include "perfgate/cli/cli.h"
#include "perfgate/notify/job.h"
#include "perfgate/scenario/suite.h"

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_COUNT };

struct doctor_line {
	const char *group, *name;
	enum finding finding;
	enum error_kind kind; /* of a failure */
	const char *text;
	const char *remedy; /* NULL when it is fine */
};

struct doctor {
	struct cli *cli;
	struct settings *settings; /* NULL: they could not be read */
	struct suite *suite; /* NULL: it is not sound */
	struct ci ci;
	struct job job;
	json_t *environment; /* target_environment() of the target, once it ran; or NULL */
	const char *group; /* of the probe that runs */
	struct doctor_line *lines;
	size_t n_lines, lines_capacity;
	/* Is told each line as it is added. */
	void (*tell)(const struct doctor *doctor, const struct doctor_line *line);
	struct arena arena;
};

void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...) PG_PRINTF(3, 4);
/* `remedy` is copied. */
void doctor_warn(struct doctor *doctor, const char *name, const char *remedy, const char *format,
		 ...) PG_PRINTF(4, 5);
/* The error is the text. */
void doctor_fail(struct doctor *doctor, const char *name, const char *remedy,
		 const struct error *err);

/* The probes. Those that need settings are not called without. */
void doctor_configuration(struct doctor *doctor); /* reads the settings */
void doctor_target(struct doctor *doctor); /* starts it, 30 s; a URL is asked for 5 s */
void doctor_postgres(struct doctor *doctor); /* 5 s */
void doctor_redis(struct doctor *doctor); /* 5 s */
void doctor_output(struct doctor *doctor);
void doctor_git(struct doctor *doctor);
void doctor_baselines(struct doctor *doctor);
void doctor_ci(struct doctor *doctor);
void doctor_workflows(struct doctor *doctor);
void doctor_processor(struct doctor *doctor);
void doctor_files(struct doctor *doctor);
void doctor_ports(struct doctor *doctor);
void doctor_clock(struct doctor *doctor);
void doctor_wakeups(struct doctor *doctor); /* half a second */
void doctor_noise(struct doctor *doctor); /* 3.2 s */

#endif
