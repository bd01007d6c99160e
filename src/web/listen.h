/* The listening socket: numeric addresses only, so that a name never decides who may connect. */
#ifndef PERFGATE_SRC_WEB_LISTEN_H
#define PERFGATE_SRC_WEB_LISTEN_H

#include "perfgate/base/error.h"

#include <stdbool.h>

PG_MUST_CHECK int listen_check(const char *bind_to, struct error *err);
PG_MUST_CHECK int listen_open(const char *bind_to, int port, int *out_fd, int *out_port,
			      struct error *err);
bool listen_is_loopback(const char *bind_to);

#endif
