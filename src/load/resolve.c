#include "perfgate/load/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

static void copy_addresses(const struct addrinfo *list, struct addresses *out)
{
	out->count = 0;
	for (const struct addrinfo *item = list; item && out->count < ADDRESSES_MAX;
	     item = item->ai_next) {
		if (item->ai_addrlen > sizeof out->list[0])
			continue;
		memcpy(&out->list[out->count], item->ai_addr, item->ai_addrlen);
		out->lengths[out->count++] = item->ai_addrlen;
	}
}

int resolve(const char *name, uint16_t port, struct addresses *out, struct error *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	char service[8];
	snprintf(service, sizeof service, "%u", port);
	int status = getaddrinfo(name, service, &hints, &list);
	if (status == EAI_SYSTEM)
		return error_set_errno(err, ERROR_UNMEASURED, "cannot resolve %s", name);
	if (status != 0)
		return error_set(err, ERROR_UNMEASURED, "cannot resolve %s: %s", name,
				 gai_strerror(status));
	copy_addresses(list, out);
	freeaddrinfo(list);
	if (out->count == 0)
		return error_set(err, ERROR_UNMEASURED, "%s has no address", name);
	return 0;
}
