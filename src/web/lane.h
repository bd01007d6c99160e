/*
 * Exchanges that wait for a handler, and the threads that run it, first come, first served.
 *
 * Their connections are suspended meanwhile, so that the threads of the connections never wait.
 * A thread takes up to `at_once` of those that wait: while it works, the next ones gather.
 */
#ifndef PERFGATE_SRC_WEB_LANE_H
#define PERFGATE_SRC_WEB_LANE_H

#include "internal.h"

#define LANE_AT_ONCE WEB_BATCH_MAX

struct lane;
/* Is to answer all of them, or to add them to another lane. */
typedef void lane_runner(struct exchange **exchanges, size_t count);

/* `at_once` is at most LANE_AT_ONCE. */
struct lane *lane_start(unsigned threads, size_t at_once, lane_runner *run);
/* After lane_stop() the connection is resumed without an answer. */
void lane_add(struct lane *lane, struct exchange *exchange);
/* Wait for what is being run; connections that still wait are resumed without an answer. */
void lane_stop(struct lane *lane);
void lane_free(struct lane *lane);

#endif
