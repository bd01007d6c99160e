/*
 * bad_peer STEP...: a scripted TCP peer on an ephemeral loopback port, which it prints.
 *
 *   read            one request          send=TEXT   (escapes: \r \n \t \\ \xNN)
 *   repeat=N:TEXT   N times, -1 = ever   drip=TEXT   a byte per 10 ms or slower
 *   wait=N          N x 10 ms            hang        until the client goes
 *   close           orderly              reset       by RST
 *   again           from the first step
 *
 * As the first word, requests=N: the program ends with request N.
 *
 *   bad_peer read 'send=HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc' close
 */
#include "peer.h"

#include <inttypes.h>
#include <stdio.h>

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
	return at ? (int)(at - digits) : 0;
}

/* In place; returns the length. */
static size_t unescape(char *text)
{
	char *out = text;
	for (const char *in = text; *in; in++) {
		if (*in != '\\' || !in[1]) {
			*out++ = *in;
			continue;
		}
		in++;
		if (*in == 'x' && in[1] && in[2]) {
			*out++ = (char)(hex(in[1]) << 4 | hex(in[2]));
			in += 2;
		} else {
			*out++ = *in == 'r' ? '\r' : *in == 'n' ? '\n' : *in == 't' ? '\t' : *in;
		}
	}
	return (size_t)(out - text);
}

static bool parse_step(char *word, struct peer_step *out)
{
	static const struct {
		const char *name;
		enum peer_action action;
	} words[] = {{"read", PEER_READ},   {"send", PEER_SEND}, {"repeat", PEER_SEND},
		     {"drip", PEER_DRIP},   {"wait", PEER_WAIT}, {"close", PEER_CLOSE},
		     {"reset", PEER_RESET}, {"hang", PEER_HANG}, {"again", PEER_AGAIN}};
	char *value = strchr(word, '=');
	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].name, word) != 0)
			continue;
		out->action = words[i].action;
		if (value && (strcmp(word, "repeat") == 0 || strcmp(word, "wait") == 0)) {
			out->count = (int)strtol(value, &value, 10);
			value += *value == ':';
		}
		out->length = value ? unescape(value) : 0;
		out->bytes = value;
		return true;
	}
	return false;
}

static void end_with_last(uint64_t number, void *last)
{
	if (number >= *(const uint64_t *)last)
		exit(0);
}

int main(int argc, char **argv)
{
	struct peer_step *steps = calloc((size_t)argc, sizeof *steps);
	static struct peer peer;
	uint64_t last = 0;

	if (argc > 1 && sscanf(argv[1], "requests=%" SCNu64, &last) == 1) {
		argv++;
		argc--;
	}
	for (int i = 1; i < argc; i++) {
		if (!parse_step(argv[i], &steps[i - 1])) {
			fprintf(stderr, "bad_peer: no such step: %s\n", argv[i]);
			return 2;
		}
	}
	if (argc < 2 || !peer_listen(&peer, steps, (size_t)argc - 1))
		return 2;
	if (last > 0) {
		peer.on_request = end_with_last;
		peer.arg = &last;
	}
	printf("%u\n", peer.port);
	fflush(stdout);
	peer_serve(&peer);
	return 0;
}
