/*
 * Every command: one cmd_<name>.c each; commands.c lists them.
 */
#ifndef PERFGATE_CLI_COMMANDS_H
#define PERFGATE_CLI_COMMANDS_H

struct command;

extern const struct command cmd_check;
extern const struct command cmd_run;
extern const struct command cmd_report;
extern const struct command cmd_compare;
extern const struct command cmd_calibrate;
extern const struct command cmd_notify;
extern const struct command cmd_baseline_show;
extern const struct command cmd_baseline_log;
extern const struct command cmd_baseline_update;
extern const struct command cmd_baseline_accept;
extern const struct command cmd_baseline_promote;
extern const struct command cmd_baseline_sync;
extern const struct command cmd_baseline_gc;
extern const struct command cmd_generate;
extern const struct command cmd_serve;
extern const struct command cmd_config_show;
extern const struct command cmd_config_validate;
extern const struct command cmd_init;
extern const struct command cmd_doctor;
extern const struct command cmd_completion;
extern const struct command cmd_version;
extern const struct command cmd_help;

#endif
