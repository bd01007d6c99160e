/*
 * Redis through hiredis: MGET, SET EX (pipelined), locks, DEL, INFO.
 *
 * Commands are argument vectors, never text formats, so that no byte of a key
 * or value can become another command. Every call has a time limit. A hiredis
 * context is dead after an I/O error: the next call connects again, at most
 * once a second while the server stays away (until then calls fail at once).
 *
 * URLs: redis://[user][:password]@host[:port][/db] with percent escapes, or
 * unix:/path. rediss:// (TLS) is not offered. No message contains userinfo.
 * ERROR_USAGE for a malformed URL, else ERROR_UNMEASURED.
 *
 * SIGPIPE must be ignored by the program (hiredis 0.14 writes with write()).
 * A client belongs to one thread at a time.
 */
#ifndef PERFGATE_EXT_REDIS_H
#define PERFGATE_EXT_REDIS_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extredis;

/* What was asked and what came back. */
struct extredis_bytes {
	const char *data; /* NULL = no such key */
	size_t length;
};

/* Check the URL without connecting. */
PG_MUST_CHECK int extredis_check_url(const char *url, struct error *err);

/* Connect; `timeout_ns` bounds the connect and every command after it (0 = 100 ms). */
PG_MUST_CHECK int extredis_connect(const char *url, int64_t timeout_ns, struct extredis **out,
				   struct error *err);
/* Accepts NULL. */
void extredis_free(struct extredis *redis);
DEFINE_AUTO(extredis, struct extredis *, extredis_free)

/* Connect, PING, disconnect. */
PG_MUST_CHECK int extredis_ping(const char *url, int64_t timeout_ns, struct error *err);

/*
 * Did the server answer the last call? False after a lost connection, a time limit and bytes that
 * are not Redis's; a command that it refused (OOM, READONLY, LOADING …) is an answer.
 */
bool extredis_answered(const struct extredis *redis);
/* Did the last call run into its time limit? Another try would wait as long again. */
bool extredis_timed_out(const struct extredis *redis);

/*
 * `count` values in one round trip (MGET). `out[i].data` is valid until the next call on
 * this client. A key that holds another type has no value.
 */
PG_MUST_CHECK int extredis_get(struct extredis *redis, const struct extredis_bytes *keys,
			       size_t count, struct extredis_bytes *out, struct error *err);

struct extredis_entry {
	struct extredis_bytes key, value;
	int64_t ttl_s; /* at least 1 */
};

/*
 * A lock with an end: who finds the key free puts a token of its own there. It is released only
 * while the token is still there, since after its end it may be another's. The pattern of
 * https://redis.io/docs/latest/commands/set/: a script of one line compares and deletes.
 */
struct extredis_lock {
	struct extredis_bytes key, token;
};

/*
 * Send `count` SET key value EX ttl, and the release of a lock (may be NULL) after them, and do
 * not wait for the answers: that saves whoever fills a cache a round trip. They are to be settled
 * before the next call on this client.
 */
PG_MUST_CHECK int extredis_send_set(struct extredis *redis, const struct extredis_entry *entries,
				    size_t count, const struct extredis_lock *release,
				    struct error *err);
/*
 * Read the answers to extredis_send_set(), if there are any. One SET that was refused fails the
 * call, with every answer read and the others stored. `out_sets` is how many SETs this was about.
 */
PG_MUST_CHECK int extredis_settle(struct extredis *redis, size_t *out_sets, struct error *err);

/*
 * SET lock token NX PX ttl, and what `key` has then, in one round trip. `ours` says whether the
 * lock was free and is ours now; `value` is as with extredis_get().
 */
PG_MUST_CHECK int extredis_claim(struct extredis *redis, const struct extredis_lock *lock,
				 int64_t ttl_ms, struct extredis_bytes key, bool *ours,
				 struct extredis_bytes *value, struct error *err);
PG_MUST_CHECK int extredis_release(struct extredis *redis, const struct extredis_lock *lock,
				   struct error *err);

PG_MUST_CHECK int extredis_delete(struct extredis *redis, struct extredis_bytes key,
				  struct error *err);

/* Append the text of INFO <section>. */
PG_MUST_CHECK int extredis_info(struct extredis *redis, const char *section, struct strbuf *out,
				struct error *err);

/* The value of "name:value" in INFO text, copied into `out`; -1 when it is not there. */
PG_MUST_CHECK int extredis_info_field(const char *info, const char *name, char *out, size_t size);

#endif
