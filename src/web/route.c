#include "internal.h"

#include <stdio.h>
#include <string.h>

static bool same_path(const char *path, const char *route)
{
	size_t a = strlen(path), b = strlen(route);

	if (a > 1 && path[a - 1] == '/')
		a--;
	if (b > 1 && route[b - 1] == '/')
		b--;
	return a == b && memcmp(path, route, a) == 0;
}

int route_find(const struct web_options *options, const char *method, const char *path)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < options->route_count; i++)
		if (strcmp(options->routes[i].method, method) == 0 &&
		    same_path(path, options->routes[i].path))
			return (int)i;
	return -1;
}

void route_refuse(const struct web_options *options, const struct exchange *exchange,
		  struct web_reply *reply)
{
	char allow[64] = "";
	size_t used = 0;

	for (size_t i = 0; i < options->route_count; i++)
		if (same_path(exchange->request.path, options->routes[i].path))
			used += (size_t)snprintf(allow + used, sizeof allow - used, "%s%s%s",
						 used ? ", " : "", options->routes[i].method,
						 strcmp(options->routes[i].method, "GET") == 0
							 ? ", HEAD"
							 : "");
	/* The target of CONNECT is no path at all: no method would do. */
	if (!used && strcmp(exchange->request.method, "CONNECT") == 0)
		used = (size_t)snprintf(allow, sizeof allow, "GET, HEAD, POST");
	if (!used) {
		web_error(&exchange->request, reply, 404, "not_found",
			  "there is no such path; GET / lists them");
		return;
	}
	web_error(&exchange->request, reply, 405, "method_not_allowed", "use %s", allow);
	web_reply_header(reply, "Allow", "%s", allow);
}
