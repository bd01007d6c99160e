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

/* A table of cells for each way of judging that was used: base, baselines, drift. */
void console_comparisons(struct terminal *terminal, const struct run *run);

#endif
