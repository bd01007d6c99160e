/*
 * Name resolution, once per run: what changes in between is not measured.
 */
#ifndef PERFGATE_LOAD_RESOLVE_H
#define PERFGATE_LOAD_RESOLVE_H

#include "perfgate/base/error.h"

#include <stdint.h>
#include <sys/socket.h>

#define ADDRESSES_MAX 8

struct addresses {
	struct sockaddr_storage list[ADDRESSES_MAX]; /* in the order to try */
	socklen_t lengths[ADDRESSES_MAX];
	uint8_t count;
};

/* Name or literal; ERROR_UNMEASURED "NAME: Name or service not known". */
PG_MUST_CHECK int resolve(const char *name, uint16_t port, struct addresses *out,
			  struct error *err);

#endif
