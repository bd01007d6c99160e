/*
 * The parts of the screen (formats.h, report_console()).
 */
#ifndef PERFGATE_REPORT_CONSOLE_H
#define PERFGATE_REPORT_CONSOLE_H

#include "perfgate/report/terminal.h"
#include "perfgate/results/run.h"

#define CONSOLE_BOLD "1"
#define CONSOLE_DIM "2"

/* The cell's symbol and a space, in the colour of its outcome; end the style with "0". */
void console_outcome(struct terminal *terminal, const struct cell *cell);

/* The table of cells that were compared with a base or with baselines; nothing without any. */
void console_comparison(struct terminal *terminal, const struct run *run);

#endif
