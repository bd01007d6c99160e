#include "perfgate/cli/commands.h"
#include "perfgate/cli/cli.h"

/* In the order of help; one a line. */
/* clang-format off */
const struct command *const cli_commands[] = {
	&cmd_check,
	&cmd_run,
	&cmd_report,
	&cmd_notify,
	&cmd_compare,
	&cmd_baseline_show,
	&cmd_baseline_log,
	&cmd_baseline_update,
	&cmd_baseline_accept,
	&cmd_baseline_promote,
	&cmd_baseline_sync,
	&cmd_baseline_gc,
	&cmd_generate,
	&cmd_serve,
	&cmd_calibrate,
	&cmd_config_show,
	&cmd_config_validate,
	&cmd_init,
	&cmd_doctor,
	&cmd_completion,
	&cmd_version,
	&cmd_help,
};
/* clang-format on */
const size_t cli_commands_count = sizeof cli_commands / sizeof *cli_commands;
