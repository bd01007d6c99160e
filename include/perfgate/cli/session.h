/*
 * What `check` and `run` share: settings, suite, target, load, one run.
 *
 * session_open() checks everything that can be checked without sending a
 * request (ERROR_USAGE); session_drive() starts the target and drives the
 * scenarios in order.
 */
#ifndef PERFGATE_CLI_SESSION_H
#define PERFGATE_CLI_SESSION_H

#include "perfgate/baseline/ci.h"
#include "perfgate/cli/cli.h"
#include "perfgate/load/engine.h"
#include "perfgate/notify/job.h"
#include "perfgate/results/run.h"
#include "perfgate/scenario/suite.h"
#include "perfgate/target/target.h"

struct session {
	struct cli *cli;
	struct settings *settings;
	struct suite *suite;
	const struct scenario **scenarios; /* in the order to run; heap array */
	size_t n_scenarios;
	struct run *run;
	struct job job; /* of CI that we are, for those who are told */
	struct target *target;
	enum transport_kind transport;
	int64_t deadline_ns; /* --max-runtime; 0 = none */
	const char *max_runtime; /* as written */
	uint32_t workers; /* --workers; 0 = by the load */
	bool built; /* target.build has run */
	struct ci ci; /* the event that we run for */
	/* In a pull request: the base commit's file, by which the run is judged; else NULL. */
	struct settings *judged;
	struct suite *judged_suite;
	char *differences; /* of the two, for the reports; heap or NULL */
	int lock_fd; /* the output folder, locked; -1 = none */
};

/* The options both commands have; SESSION_OPTIONS goes into their tables. */
#define SESSION_OPTIONS                                                                            \
	{.name = "--scenario",                                                                     \
	 .alias = "--scenarios",                                                                   \
	 .value = "SCENARIO,...",                                                                  \
	 .help = "scenarios to run instead of `run:` (see suite.yml)",                             \
	 .setting = "run"},                                                                        \
		{.name = "--quick",                                                                \
		 .help = "a 20 s smoke run and 5 s of capacity: under a minute"},                  \
		{.name = "--target",                                                               \
		 .value = "URL|reference",                                                         \
		 .help = "API to measure: http://host, unix:/path, or `reference`",                \
		 .setting = "target"},                                                             \
		{.name = "--insecure",                                                             \
		 .help = "https: accept any certificate; every report says so",                    \
		 .setting = "target.insecure"},                                                    \
		{.name = "--transport",                                                            \
		 .value = "native|curl",                                                           \
		 .help = "native (http:// only) costs a third of the CPU"},                        \
		{.name = "--requests",                                                             \
		 .value = "REQUEST",                                                               \
		 .help = "what to send, 'GET /x' (repeat it); a whole suite in one line",          \
		 .setting = "requests",                                                            \
		 .repeatable = true},                                                              \
		{.name = "--duration-scale",                                                       \
		 .value = "FACTOR",                                                                \
		 .help = "multiply every duration by it (0.1 = a tenth)"},                         \
		{.name = "--seed", .value = "N", .help = "same seed, same requests (default 1)"},  \
		{.name = "--check-all", .help = "look into every answer, not one in 20"},          \
		{.name = "--workers",                                                              \
		 .value = "N",                                                                     \
		 .help = "threads that send (default: what the load needs, up to cores - 1)"},     \
		{.name = "--max-runtime",                                                          \
		 .value = "DURATION",                                                              \
		 .help = "stop after this time (20m); what is missing is unmeasured"},             \
	{                                                                                          \
		.name = "--output", .value = "DIR", .help = "folder of the artifacts",             \
		.setting = "output"                                                                \
	}

PG_MUST_CHECK int session_open(struct session *session, struct cli *cli, struct error *err);

/* A webhook or a password in a file that is tracked or that others can read; TLS keys logged. */
void session_warn_of_secrets(const struct session *session);

/* In a pull request the configuration must not be a link out of the repository (ERROR_USAGE). */
PG_MUST_CHECK int session_check_file(const struct session *session, struct error *err);

/* Why nothing is to be measured ("disabled by configuration"), or NULL. */
const char *session_skip_reason(const struct session *session);

/* Make the output folder, writable and ours alone (ERROR_USAGE). */
PG_MUST_CHECK int session_lock_output(struct session *session, struct error *err);

/* Start the target, drive every scenario, fill session->run. */
PG_MUST_CHECK int session_drive(struct session *session, struct error *err);

/* Where and how to send, for this session's target and options; nobody looks on. */
struct load_target session_load_target(const struct target *target);
struct load_options session_load_options(const struct session *session);

void session_close(struct session *session);
DEFINE_AUTO_VALUE(session, struct session, session_close)

/*
 * In a pull request take the rules (gates, enforce, enabled, baseline and regression settings) from
 * the base commit's file and say what differs. Where there is none, those of the
 * checkout hold, with a warning.
 */
struct suite_options;
void session_take_base_rules(struct session *session, const struct suite_options *options);

/* The settings that the run is judged by. */
const struct settings *session_rules(const struct session *session);

/* The base commit's scenario of the same name; NULL when it has none. */
const struct scenario *session_judged_scenario(const struct session *session,
					       const struct scenario *scenario);

/*
 * Judge every gate of the scenarios asked for and their drift (verdict/drift.h), and roll up
 * (verdict/gate.h). Cells of an A/B comparison stay as they are, behind them; those of a history
 * are dropped: they are judged anew (cli/history.h).
 */
void session_judge(struct session *session);

/* The run's links: page of this CI run, dashboard. Of today, also when the result is older. */
void session_link(struct session *session);

/* Exit status of a verdict: 0, 1 or 3; `enforce: warn` turns 1 into 0. */
int session_verdict_status(const struct verdict *verdict, const struct settings *settings,
			   bool strict);

/* Tell GitHub that the run has begun. */
void session_tell_begin(const struct session *session);
/*
 * Tell the verdict by every channel that is switched on; `status` is the exit status so far.
 * Returns 0, or 5 when one was not delivered and --require-notify was given.
 */
int session_tell(const struct session *session, int status);

/* Fill run->environment with its fingerprint; `services` as target_environment(), borrowed. */
void environment_describe(struct run *run, const json_t *services);

/* The live view on stderr: a redrawn line on a terminal, else a line per 10 s. */
struct progress {
	bool terminal, colour;
	int columns;
	const struct scenario *scenario; /* plain lines: the one shown last */
	double next_s; /* plain lines: when the next is due */
	bool drawn;
};
struct load_progress;
void progress_init(struct progress *progress, struct cli *cli);
void progress_show(const struct load_progress *load, void *progress);
/* End the redrawn line before other text. */
void progress_end(struct progress *progress);

#endif
