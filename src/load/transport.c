#include "perfgate/load/transport.h"

#include "perfgate/base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* Connections of a worker per local address, and how many addresses of 127/8 are used at most. */
#define CONNECTIONS_PER_SOURCE 1024
#define SOURCES_MAX 200

void exchange_init(struct exchange *exchange)
{
	memset(exchange, 0, sizeof *exchange);
	exchange->fd = -1;
}

void exchange_queue_add(struct exchange_queue *queue, struct exchange *exchange)
{
	exchange->next = NULL;
	exchange->previous = queue->last;
	if (queue->last)
		queue->last->next = exchange;
	else
		queue->first = exchange;
	queue->last = exchange;
}

void exchange_queue_remove(struct exchange_queue *queue, struct exchange *exchange)
{
	if (exchange->previous)
		exchange->previous->next = exchange->next;
	else
		queue->first = exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	else
		queue->last = exchange->previous;
	exchange->previous = exchange->next = NULL;
}

bool transport_is_own_shortage(int number)
{
	return number == EMFILE || number == ENFILE || number == EADDRNOTAVAIL ||
	       number == ENOBUFS || number == ENOMEM;
}

enum request_class transport_class_of_errno(int number)
{
	switch (number) {
	case ECONNREFUSED: return CLASS_CONNECT_REFUSED;
	case ETIMEDOUT: return CLASS_TIMEOUT;
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case EAFNOSUPPORT:
	case EACCES:
	case EPERM: return CLASS_NETWORK_UNREACHABLE;
	default: return CLASS_RESET;
	}
}

void transport_spread_source(int fd, const struct sockaddr *to, uint32_t connections, uint32_t dial)
{
	const struct sockaddr_in *address = (const struct sockaddr_in *)to;
	uint32_t sources = connections / CONNECTIONS_PER_SOURCE + 1;
	uint32_t source = dial % (sources < SOURCES_MAX ? sources : SOURCES_MAX);
	if (source == 0 || to->sa_family != AF_INET ||
	    ntohl(address->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return;
	struct sockaddr_in from = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + source)};
	int one = 1;
	/* Without it bind() would take a port for every peer at once. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) == 0)
		(void)bind(fd, (const struct sockaddr *)&from, sizeof from);
}

static bool is_native(enum transport_kind kind, const struct load_target *target)
{
	if (kind == TRANSPORT_AUTO)
		return !target->tls && !target->unix_socket;
	return kind == TRANSPORT_NATIVE;
}

/* In libcurl's spelling: HTTP_PROXY is not among them, a client of a CGI server can set it. */
bool transport_has_proxy(bool tls)
{
	static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
	static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY"};
	const char *const *names = tls ? secure : plain;
	size_t count = tls ? ARRAY_SIZE(secure) : ARRAY_SIZE(plain);
	for (size_t i = 0; i < count; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return true;
	}
	return false;
}

int transport_resolve(enum transport_kind kind, const struct load_target *target,
		      struct addresses *out, struct error *err)
{
	struct error unknown = ERROR_INIT;
	out->count = 0;
	if (target->unix_socket || resolve(target->address, target->port, out, &unknown) == 0)
		return 0;
	if (!is_native(kind, target) && transport_has_proxy(target->tls))
		return 0;
	if (err)
		*err = unknown;
	return -1;
}

struct transport *transport_new(enum transport_kind kind, int epoll_fd,
				const struct load_target *target, const struct addresses *addresses,
				const struct transport_client *client)
{
	if (is_native(kind, target))
		return transport_native_new(epoll_fd, addresses, client);
	return transport_curl_new(epoll_fd, target, addresses, client);
}
