#include "perfgate/ext/redis.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <hiredis/hiredis.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_NS (100 * NS_PER_MS)
#define RETRY_NS NS_PER_S
#define DEFAULT_PORT 6379
#define RELEASE_SCRIPT                                                                             \
	"if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end "     \
	"return 0"

struct address {
	char *path; /* socket, or NULL */
	char *host;
	int port;
	char *user, *password; /* NULL = none */
	char *database; /* digits, or NULL */
};

struct extredis {
	struct address address;
	struct timeval timeout;
	redisContext *context; /* NULL after an error */
	int64_t retry_at_ns;
	bool timed_out;
	redisReply **replies; /* of the last call */
	size_t reply_count, reply_capacity;
	size_t owed, owed_sets; /* answers to extredis_send_set() */
};

static void address_release(struct address *address)
{
	free(address->path);
	free(address->host);
	free(address->user);
	free(address->password);
	free(address->database);
}
DEFINE_AUTO_VALUE(address, struct address, address_release)

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoded copy, or NULL for a bad escape or a NUL. */
static char *decode(const char *text, size_t length)
{
	char *out = xcalloc(length + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int value = (unsigned char)text[i];

		if (text[i] == '%') {
			int high = i + 2 < length ? hex(text[i + 1]) : -1;
			int low = i + 2 < length ? hex(text[i + 2]) : -1;

			value = high < 0 || low < 0 ? 0 : high * 16 + low;
			i += 2;
		}
		if (value == 0) {
			free(out);
			return NULL;
		}
		out[n++] = (char)value;
	}
	return out;
}

static int parse_userinfo(const char *text, size_t length, struct address *out, struct error *err)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon ? (size_t)(colon - text) : length;

	if (user) {
		out->user = decode(text, user);
		if (!out->user)
			return error_set(err, ERROR_USAGE, "Redis URL: malformed percent escape");
	}
	if (colon && user + 1 < length) {
		out->password = decode(colon + 1, length - user - 1);
		if (!out->password)
			return error_set(err, ERROR_USAGE, "Redis URL: malformed percent escape");
	}
	return 0;
}

static int parse_port(const char *text, size_t length, int *out, struct error *err)
{
	int value = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9' || value > 65535)
			value = 65536;
		else
			value = value * 10 + (text[i] - '0');
	}
	if (length == 0 || value < 1 || value > 65535)
		return error_set(err, ERROR_USAGE, "Redis URL: the port must be 1..65535");
	*out = value;
	return 0;
}

static int parse_host(const char *text, size_t length, struct address *out, struct error *err)
{
	const char *end = text + length;
	const char *colon;

	if (length && text[0] == '[') {
		const char *close = memchr(text, ']', length);

		if (!close)
			return error_set(err, ERROR_USAGE, "Redis URL: '[' without ']'");
		out->host = xstrndup(text + 1, (size_t)(close - text) - 1);
		colon = close + 1 < end ? close + 1 : NULL;
		if (colon && *colon != ':')
			return error_set(err, ERROR_USAGE, "Redis URL: text after ']'");
	} else {
		colon = memchr(text, ':', length);
		out->host = xstrndup(text, colon ? (size_t)(colon - text) : length);
	}
	if (!out->host[0])
		return error_set(err, ERROR_USAGE, "Redis URL: no host");
	out->port = DEFAULT_PORT;
	return colon ? parse_port(colon + 1, (size_t)(end - colon) - 1, &out->port, err) : 0;
}

static int parse_database(const char *text, struct address *out, struct error *err)
{
	size_t length = strlen(text);

	if (length == 0)
		return 0;
	if (length > 4 || strspn(text, "0123456789") != length)
		return error_set(err, ERROR_USAGE,
				 "Redis URL: the database must be a number, as in "
				 "redis://127.0.0.1:6379/0");
	out->database = xstrdup(text);
	return 0;
}

static int parse_url(const char *url, struct address *out, struct error *err)
{
	const char *rest, *slash, *at;
	size_t authority;

	if (text_starts_with(url, "unix:")) {
		rest = url + strlen("unix:");
		if (text_starts_with(rest, "//"))
			rest += 2;
		if (rest[0] != '/')
			return error_set(err, ERROR_USAGE,
					 "Redis URL: unix: needs an absolute path");
		out->path = xstrdup(rest);
		return 0;
	}
	if (text_starts_with(url, "rediss://"))
		return error_set(err, ERROR_USAGE,
				 "Redis URL: TLS (rediss://) is not supported; use redis://");
	if (!text_starts_with(url, "redis://"))
		return error_set(err, ERROR_USAGE,
				 "Redis URL: write redis://HOST:PORT/DB or unix:/path/to.sock");
	rest = url + strlen("redis://");
	at = strrchr(rest, '@');
	if (at) {
		if (parse_userinfo(rest, (size_t)(at - rest), out, err) < 0)
			return -1;
		rest = at + 1;
	}
	slash = strchr(rest, '/');
	authority = slash ? (size_t)(slash - rest) : strlen(rest);
	if (parse_host(rest, authority, out, err) < 0)
		return -1;
	return parse_database(slash ? slash + 1 : "", out, err);
}

int extredis_check_url(const char *url, struct error *err)
{
	AUTO(address) struct address address = {0};

	return parse_url(url, &address, err);
}

static void shown(const struct address *address, struct strbuf *out)
{
	if (address->path) {
		log_visible(out, address->path, strlen(address->path));
		return;
	}
	log_visible(out, address->host, strlen(address->host));
	strbuf_printf(out, ":%d", address->port);
}

static void drop_replies(struct extredis *redis)
{
	for (size_t i = 0; i < redis->reply_count; i++)
		freeReplyObject(redis->replies[i]);
	redis->reply_count = 0;
}

/* hiredis 1.0 gave running out of time an error of its own. */
static bool is_timeout(const redisContext *context, int error_number)
{
#ifdef REDIS_ERR_TIMEOUT
	if (context && context->err == REDIS_ERR_TIMEOUT)
		return true;
#endif
	return context && context->err == REDIS_ERR_IO &&
	       (error_number == EAGAIN || error_number == ETIMEDOUT);
}

/* The context is dead: say why, forget it, and leave the server alone for a while. */
static int broken(struct extredis *redis, struct error *err)
{
	AUTO(strbuf) struct strbuf where = {.max_bytes = 256};
	const char *why = "cannot connect";
	int saved = errno;

	shown(&redis->address, &where);
	redis->timed_out = is_timeout(redis->context, saved);
	if (redis->timed_out)
		why = "no answer in time";
	else if (redis->context && redis->context->err == REDIS_ERR_PROTOCOL)
		why = "the answer is not Redis's protocol; is this the right port?";
	else if (redis->context && redis->context->err == REDIS_ERR_EOF)
		why = "the server closed the connection";
	else if (redis->context && redis->context->errstr[0])
		why = redis->context->errstr;
	error_set(err, ERROR_UNMEASURED, "Redis at %s: %s", strbuf_text(&where), why);
	if (redis->context)
		redisFree(redis->context);
	redis->context = NULL;
	redis->owed = 0;
	redis->retry_at_ns = clock_now_ns() + RETRY_NS;
	return -1;
}

static int refused(const redisReply *reply, const char *command, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {.max_bytes = 512};

	if (reply->type == REDIS_REPLY_ERROR)
		log_visible(&text, reply->str, reply->len);
	else
		strbuf_puts(&text, "unexpected kind of answer");
	return error_set(err, ERROR_UNMEASURED, "Redis: %s: %s", command, strbuf_text(&text));
}

static redisReply *command(struct extredis *redis, int argc, const char **argv,
			   const size_t *lengths, struct error *err)
{
	redisReply *reply = redisCommandArgv(redis->context, argc, argv, lengths);

	if (!reply)
		broken(redis, err);
	return reply;
}

/* A short command of our own words whose answer must be a status. */
static int expect_status(struct extredis *redis, int argc, const char **argv, struct error *err)
{
	redisReply *reply = command(redis, argc, argv, NULL, err);
	int status = 0;

	if (!reply)
		return -1;
	if (reply->type != REDIS_REPLY_STATUS)
		status = refused(reply, argv[0], err);
	freeReplyObject(reply);
	return status;
}

static int authenticate(struct extredis *redis, struct error *err)
{
	const struct address *a = &redis->address;
	const char *with_user[] = {"AUTH", a->user, a->password};
	const char *without[] = {"AUTH", a->password};
	const char *select[] = {"SELECT", a->database};

	if (a->password && (a->user ? expect_status(redis, 3, with_user, err)
				    : expect_status(redis, 2, without, err)) < 0)
		return -1;
	if (a->database && strcmp(a->database, "0") != 0)
		return expect_status(redis, 2, select, err);
	return 0;
}

static int connect_now(struct extredis *redis, struct error *err)
{
	const struct address *a = &redis->address;

	redis->context = a->path ? redisConnectUnixWithTimeout(a->path, redis->timeout)
				 : redisConnectWithTimeout(a->host, a->port, redis->timeout);
	if (!redis->context)
		error_out_of_memory();
	if (redis->context->err || redisSetTimeout(redis->context, redis->timeout) != REDIS_OK)
		return broken(redis, err);
	if (authenticate(redis, err) < 0) {
		if (redis->context)
			redisFree(redis->context);
		redis->context = NULL;
		redis->retry_at_ns = clock_now_ns() + RETRY_NS;
		return -1;
	}
	return 0;
}

static int ensure_connected(struct extredis *redis, struct error *err)
{
	assert(!redis->owed);
	if (redis->context)
		return 0;
	if (clock_now_ns() < redis->retry_at_ns)
		return error_set(err, ERROR_UNMEASURED, "Redis: not connected");
	return connect_now(redis, err);
}

int extredis_connect(const char *url, int64_t timeout_ns, struct extredis **out, struct error *err)
{
	AUTO(extredis) struct extredis *redis = xcalloc(1, sizeof *redis);
	int64_t limit = timeout_ns ? timeout_ns : TIMEOUT_NS;

	redis->timeout = (struct timeval){.tv_sec = limit / NS_PER_S,
					  .tv_usec = limit % NS_PER_S / NS_PER_US};
	if (parse_url(url, &redis->address, err) < 0 || connect_now(redis, err) < 0)
		return -1;
	*out = TAKE(redis);
	return 0;
}

void extredis_free(struct extredis *redis)
{
	if (!redis)
		return;
	drop_replies(redis);
	free(redis->replies);
	if (redis->context)
		redisFree(redis->context);
	address_release(&redis->address);
	free(redis);
}

bool extredis_answered(const struct extredis *redis)
{
	return redis->context != NULL;
}

bool extredis_timed_out(const struct extredis *redis)
{
	return redis->timed_out;
}

int extredis_ping(const char *url, int64_t timeout_ns, struct error *err)
{
	AUTO(extredis) struct extredis *redis = NULL;
	const char *ping[] = {"PING"};

	if (extredis_connect(url, timeout_ns, &redis, err) < 0)
		return -1;
	return expect_status(redis, 1, ping, err);
}

/*
 * Read `count` answers into redis->replies. One that is an error of the server fails
 * the call only after all have been read, so that the next call finds its own.
 */
static int read_replies(struct extredis *redis, size_t count, struct error *err)
{
	drop_replies(redis);
	for (size_t i = 0; i < count; i++) {
		void *reply = NULL;

		if (redisGetReply(redis->context, &reply) != REDIS_OK)
			return broken(redis, err);
		*VEC_PUSH(redis->replies, redis->reply_count, redis->reply_capacity) = reply;
	}
	return 0;
}

static int append(struct extredis *redis, int argc, const char **argv, const size_t *lengths,
		  struct error *err)
{
	if (redisAppendCommandArgv(redis->context, argc, argv, lengths) != REDIS_OK)
		return broken(redis, err);
	return 0;
}

/* Room for the arguments of a command on the stack; longer ones are allocated. */
#define SHORT_ARGC 16

static int send_mget(struct extredis *redis, const struct extredis_bytes *keys, size_t count,
		     struct error *err)
{
	const char *short_argv[SHORT_ARGC], **argv = short_argv;
	size_t short_lengths[SHORT_ARGC], *lengths = short_lengths;
	AUTO_FREE const char **long_argv = NULL;
	AUTO_FREE size_t *long_lengths = NULL;

	if (count >= SHORT_ARGC) {
		argv = long_argv = xcalloc(count + 1, sizeof *argv);
		lengths = long_lengths = xcalloc(count + 1, sizeof *lengths);
	}
	argv[0] = "MGET";
	lengths[0] = 4;
	for (size_t i = 0; i < count; i++) {
		argv[i + 1] = keys[i].data;
		lengths[i + 1] = keys[i].length;
	}
	return append(redis, (int)count + 1, argv, lengths, err);
}

static struct extredis_bytes value_of(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return (struct extredis_bytes){0};
	return (struct extredis_bytes){reply->str, (size_t)reply->len};
}

int extredis_get(struct extredis *redis, const struct extredis_bytes *keys, size_t count,
		 struct extredis_bytes *out, struct error *err)
{
	const redisReply *all;

	if (ensure_connected(redis, err) < 0 || send_mget(redis, keys, count, err) < 0 ||
	    read_replies(redis, 1, err) < 0)
		return -1;
	all = redis->replies[0];
	if (all->type != REDIS_REPLY_ARRAY || all->elements != count)
		return refused(all, "MGET", err);
	for (size_t i = 0; i < count; i++)
		out[i] = value_of(all->element[i]);
	return 0;
}

static int send_set(struct extredis *redis, const struct extredis_entry *e, struct error *err)
{
	char ttl[24];
	int digits = snprintf(ttl, sizeof ttl, "%lld", (long long)e->ttl_s);
	const char *argv[] = {"SET", e->key.data, e->value.data, "EX", ttl};
	size_t lengths[] = {3, e->key.length, e->value.length, 2, (size_t)digits};

	return append(redis, 5, argv, lengths, err);
}

static int send_release(struct extredis *redis, const struct extredis_lock *lock, struct error *err)
{
	const char *argv[] = {"EVAL", RELEASE_SCRIPT, "1", lock->key.data, lock->token.data};
	size_t lengths[] = {4, sizeof RELEASE_SCRIPT - 1, 1, lock->key.length, lock->token.length};

	return append(redis, 5, argv, lengths, err);
}

static int flush(struct extredis *redis, struct error *err)
{
	int done = 0;

	while (!done)
		if (redisBufferWrite(redis->context, &done) != REDIS_OK)
			return broken(redis, err);
	return 0;
}

int extredis_send_set(struct extredis *redis, const struct extredis_entry *entries, size_t count,
		      const struct extredis_lock *release, struct error *err)
{
	if (ensure_connected(redis, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (send_set(redis, &entries[i], err) < 0)
			return -1;
	if ((release && send_release(redis, release, err) < 0) || flush(redis, err) < 0)
		return -1;
	redis->owed = count + (release ? 1 : 0);
	redis->owed_sets = count;
	return 0;
}

int extredis_settle(struct extredis *redis, size_t *out_sets, struct error *err)
{
	size_t owed = redis->owed;

	*out_sets = 0;
	redis->owed = 0;
	if (!owed)
		return 0;
	*out_sets = redis->owed_sets;
	if (read_replies(redis, owed, err) < 0)
		return -1;
	for (size_t i = 0; i < redis->owed_sets; i++)
		if (redis->replies[i]->type != REDIS_REPLY_STATUS)
			return refused(redis->replies[i], "SET", err);
	return 0;
}

int extredis_claim(struct extredis *redis, const struct extredis_lock *lock, int64_t ttl_ms,
		   struct extredis_bytes key, bool *ours, struct extredis_bytes *value,
		   struct error *err)
{
	char ttl[24];
	int digits = snprintf(ttl, sizeof ttl, "%lld", (long long)ttl_ms);
	const char *argv[] = {"SET", lock->key.data, lock->token.data, "NX", "PX", ttl};
	size_t lengths[] = {3, lock->key.length, lock->token.length, 2, 2, (size_t)digits};
	const redisReply *claimed, *found;

	if (ensure_connected(redis, err) < 0 || append(redis, 6, argv, lengths, err) < 0 ||
	    send_mget(redis, &key, 1, err) < 0 || read_replies(redis, 2, err) < 0)
		return -1;
	claimed = redis->replies[0];
	found = redis->replies[1];
	if (claimed->type != REDIS_REPLY_STATUS && claimed->type != REDIS_REPLY_NIL)
		return refused(claimed, "SET NX", err);
	if (found->type != REDIS_REPLY_ARRAY || found->elements != 1)
		return refused(found, "MGET", err);
	*ours = claimed->type == REDIS_REPLY_STATUS;
	*value = value_of(found->element[0]);
	return 0;
}

static int read_integer(struct extredis *redis, const char *command, struct error *err)
{
	if (read_replies(redis, 1, err) < 0)
		return -1;
	if (redis->replies[0]->type != REDIS_REPLY_INTEGER)
		return refused(redis->replies[0], command, err);
	return 0;
}

int extredis_release(struct extredis *redis, const struct extredis_lock *lock, struct error *err)
{
	if (ensure_connected(redis, err) < 0 || send_release(redis, lock, err) < 0)
		return -1;
	return read_integer(redis, "EVAL", err);
}

int extredis_delete(struct extredis *redis, struct extredis_bytes key, struct error *err)
{
	const char *argv[] = {"DEL", key.data};
	size_t lengths[] = {3, key.length};

	if (ensure_connected(redis, err) < 0 || append(redis, 2, argv, lengths, err) < 0)
		return -1;
	return read_integer(redis, "DEL", err);
}

int extredis_info(struct extredis *redis, const char *section, struct strbuf *out,
		  struct error *err)
{
	const char *argv[] = {"INFO", section};

	if (ensure_connected(redis, err) < 0 || append(redis, 2, argv, NULL, err) < 0 ||
	    read_replies(redis, 1, err) < 0)
		return -1;
	if (redis->replies[0]->type != REDIS_REPLY_STRING)
		return refused(redis->replies[0], "INFO", err);
	strbuf_append(out, redis->replies[0]->str, (size_t)redis->replies[0]->len);
	return 0;
}

int extredis_info_field(const char *info, const char *name, char *out, size_t size)
{
	size_t length = strlen(name);

	for (const char *line = info; line && *line;) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			size_t n = strcspn(line + length + 1, "\r\n");

			if (n >= size)
				return -1;
			memcpy(out, line + length + 1, n);
			out[n] = '\0';
			return 0;
		}
		line = end ? end + 1 : NULL;
	}
	return -1;
}
