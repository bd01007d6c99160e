#include "perfgate/ext/pg.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/strbuf.h"

#include <libpq-fe.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define CONNECT_TIMEOUT_NS (5 * NS_PER_S)
#define QUERY_TIMEOUT_NS (30 * NS_PER_S)
#define BINARY 1

struct extpg {
	PGconn *conn;
	int64_t query_timeout_ns;
	char sqlstate[6];
	bool broken, timed_out;
};

/* PGresult under our name: a pointer to it is a pointer to PGresult. */
static const PGresult *raw(const struct extpg_result *result)
{
	return (const PGresult *)(const void *)result;
}

/* What a failed connect means, without libpq's words: they quote the password. */
static const struct {
	const char *sqlstate;
	const char *text;
} connect_states[] = {
	{"28P01", "the password was refused"},
	{"28000", "this user may not connect (pg_hba.conf)"},
	{"3D000", "the database does not exist"},
	{"53300", "too many connections"},
	{"57P03", "the server is starting up or shutting down"},
};

static const struct {
	const char *part;
	const char *text;
} connect_texts[] = {
	{"Connection refused", "connection refused: is PostgreSQL running there?"},
	{"No such file", "no such socket: is PostgreSQL running there?"},
	{"could not translate host name", "the host name is unknown"},
	{"no password supplied", "the server asks for a password and the URL has none"},
	{"does not support SSL", "the server does not offer TLS (sslmode)"},
	{"certificate", "the server's TLS certificate is not accepted"},
	{"timeout expired", "no answer in time"},
	{"Permission denied", "no permission to open the socket"},
	{"unreachable", "the network is unreachable"},
};

/* With PQERRORS_VERBOSE the code stands between "FATAL:  " and ": message". */
static void find_sqlstate(const char *message, char *out)
{
	const char *at = strstr(message, ":  ");

	out[0] = '\0';
	if (!at || strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5)
		return;
	memcpy(out, at + 3, 5);
	out[5] = '\0';
}

static int connect_failed(const char *where, const char *message, struct error *err)
{
	char sqlstate[6];

	find_sqlstate(message, sqlstate);
	for (size_t i = 0; i < ARRAY_SIZE(connect_states); i++)
		if (strcmp(sqlstate, connect_states[i].sqlstate) == 0)
			return error_set(err, ERROR_UNMEASURED, "PostgreSQL%s: %s (SQLSTATE %s)",
					 where, connect_states[i].text, sqlstate);
	for (size_t i = 0; i < ARRAY_SIZE(connect_texts); i++)
		if (strstr(message, connect_texts[i].part))
			return error_set(err, ERROR_UNMEASURED, "PostgreSQL%s: %s", where,
					 connect_texts[i].text);
	if (sqlstate[0])
		return error_set(err, ERROR_UNMEASURED,
				 "PostgreSQL%s: connection refused by the server (SQLSTATE %s)",
				 where, sqlstate);
	return error_set(err, ERROR_UNMEASURED, "PostgreSQL%s: cannot connect", where);
}

static const char *option(const PQconninfoOption *parsed, const char *keyword)
{
	for (; parsed->keyword; parsed++)
		if (strcmp(parsed->keyword, keyword) == 0)
			return parsed->val ? parsed->val : "";
	return "";
}

static bool ports_are_numbers(const char *ports)
{
	return strspn(ports, "0123456789,") == strlen(ports);
}

/*
 * Refuse what libpq would read in another way than it was meant: an unescaped
 * '/' or '@' in a password moves its parts into host, port and database.
 */
static int check_url(const char *url, char *where, size_t where_size, struct error *err)
{
	PQconninfoOption *parsed = PQconninfoParse(url, NULL);
	int status = 0;

	where[0] = '\0';
	if (!parsed)
		return error_set(err, ERROR_USAGE,
				 "database URL: not a valid PostgreSQL connection string; "
				 "percent-encode special characters in the password");
	if (!ports_are_numbers(option(parsed, "port")) || strchr(option(parsed, "dbname"), '@') ||
	    strchr(option(parsed, "host"), '@'))
		status = error_set(err, ERROR_USAGE,
				   "database URL: user, password, host and port cannot be told "
				   "apart; percent-encode '/' (%%2F), '@' (%%40) and ':' (%%3A) "
				   "in the password");
	else if (option(parsed, "host")[0]) {
		struct strbuf text = {.max_bytes = where_size - 1};

		strbuf_puts(&text, " at ");
		log_visible(&text, option(parsed, "host"), strlen(option(parsed, "host")));
		if (option(parsed, "port")[0])
			strbuf_printf(&text, ":%s", option(parsed, "port"));
		memcpy(where, strbuf_text(&text), text.length + 1);
		strbuf_release(&text);
	}
	PQconninfoFree(parsed);
	return status;
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

/* Notices are nobody's business, but a server that ends an idle connection says so in one. */
static void hear_goodbye(void *arg, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	struct extpg *pg = arg;

	if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
		pg->broken = true;
}

/* Wait for the socket; false when the deadline has passed. */
static bool wait_socket(const PGconn *conn, short events, int64_t deadline_ns)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = events};

	for (;;) {
		int64_t left = deadline_ns - clock_now_ns();
		int ready;

		if (left <= 0)
			return false;
		ready = poll(&fd, 1, (int)(left / NS_PER_MS) + 1);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return true; /* libpq will see and name the trouble */
	}
}

static int drive_connect(PGconn *conn, const char *where, int64_t timeout_ns, struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + timeout_ns;
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	while (PQstatus(conn) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
	       state != PGRES_POLLING_FAILED) {
		if (!wait_socket(conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
				 deadline_ns))
			return error_set(err, ERROR_UNMEASURED,
					 "PostgreSQL%s: no answer in time while connecting", where);
		state = PQconnectPoll(conn);
	}
	if (PQstatus(conn) != CONNECTION_OK)
		return connect_failed(where, PQerrorMessage(conn), err);
	return 0;
}

int extpg_connect(const char *url, const struct extpg_options *options, struct extpg **out,
		  struct error *err)
{
	const struct extpg_options none = {0};
	const struct extpg_options *set = options ? options : &none;
	const char *application = set->application ? set->application : "perfgate";
	const char *keys[] = {"dbname", "application_name", "client_encoding", NULL};
	const char *values[] = {url, application, "UTF8", NULL};
	char where[128];
	PGconn *conn;

	if (check_url(url, where, sizeof where, err) < 0)
		return -1;
	conn = PQconnectStartParams(keys, values, 1);
	if (!conn)
		error_out_of_memory();
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	if (drive_connect(conn, where,
			  set->connect_timeout_ns ? set->connect_timeout_ns : CONNECT_TIMEOUT_NS,
			  err) < 0) {
		PQfinish(conn);
		return -1;
	}
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	*out = xcalloc(1, sizeof **out);
	(*out)->conn = conn;
	PQsetNoticeReceiver(conn, hear_goodbye, *out);
	extpg_set_query_timeout(*out, set->query_timeout_ns);
	return 0;
}

void extpg_free(struct extpg *pg)
{
	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg);
}

int extpg_ping(const char *url, int64_t timeout_ns, struct error *err)
{
	struct extpg_options options = {.connect_timeout_ns = timeout_ns,
					.query_timeout_ns = timeout_ns};
	AUTO(extpg) struct extpg *pg = NULL;

	if (extpg_connect(url, &options, &pg, err) < 0)
		return -1;
	return extpg_exec(pg, "SELECT 1", 0, NULL, NULL, err);
}

bool extpg_usable(const struct extpg *pg)
{
	return pg && !pg->broken && PQstatus(pg->conn) == CONNECTION_OK;
}

bool extpg_timed_out(const struct extpg *pg)
{
	return pg->timed_out;
}

bool extpg_alive(struct extpg *pg)
{
	struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};

	if (!extpg_usable(pg))
		return false;
	if (poll(&fd, 1, 0) > 0 && (!PQconsumeInput(pg->conn) || PQisBusy(pg->conn)))
		pg->broken = true;
	return extpg_usable(pg);
}

void extpg_set_query_timeout(struct extpg *pg, int64_t timeout_ns)
{
	pg->query_timeout_ns = timeout_ns ? timeout_ns : QUERY_TIMEOUT_NS;
}

int extpg_server_version(const struct extpg *pg)
{
	return PQserverVersion(pg->conn);
}

const char *extpg_sqlstate(const struct extpg *pg)
{
	return pg->sqlstate;
}

static int lost(struct extpg *pg, struct error *err)
{
	pg->broken = true;
	return error_set(err, ERROR_UNMEASURED, "PostgreSQL: the connection was lost");
}

/* PQcancel() connects, sends and waits for the end without any limit of time. */
static void *send_cancel(void *arg)
{
	char ignored[256];

	PQcancel(arg, ignored, sizeof ignored);
	PQfreeCancel(arg);
	return NULL;
}

static void cancel(struct extpg *pg)
{
	PGcancel *request = PQgetCancel(pg->conn);
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	if (!request)
		return;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, &attributes, send_cancel, request) != 0)
		PQfreeCancel(request);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

static int timed_out(struct extpg *pg, struct error *err)
{
	pg->broken = true; /* the answer to the cancelled statement is still to come */
	pg->timed_out = true;
	cancel(pg);
	return error_set(err, ERROR_UNMEASURED,
			 "PostgreSQL: a statement took longer than %.3g s and was cancelled",
			 (double)pg->query_timeout_ns / (double)NS_PER_S);
}

static int statement_failed(struct extpg *pg, const PGresult *result, struct error *err)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	AUTO(strbuf) struct strbuf text = {.max_bytes = 1024};

	if (PQstatus(pg->conn) != CONNECTION_OK)
		pg->broken = true;
	if (!sqlstate || !primary)
		return lost(pg, err);
	strncpy(pg->sqlstate, sqlstate, sizeof pg->sqlstate - 1);
	log_visible(&text, primary, strlen(primary));
	return error_set(err, ERROR_UNMEASURED, "PostgreSQL: %s (SQLSTATE %s)", strbuf_text(&text),
			 pg->sqlstate);
}

static int flush_query(struct extpg *pg, int64_t deadline_ns, struct error *err)
{
	for (;;) {
		int left = PQflush(pg->conn);

		if (left == 0)
			return 0;
		if (left < 0)
			return lost(pg, err);
		if (!wait_socket(pg->conn, POLLIN | POLLOUT, deadline_ns))
			return timed_out(pg, err);
		if (!PQconsumeInput(pg->conn))
			return lost(pg, err);
	}
}

/* The next result of what was sent; *out is NULL at the end of a statement. */
static int await_result(struct extpg *pg, int64_t deadline_ns, PGresult **out, struct error *err)
{
	while (PQisBusy(pg->conn)) {
		if (!wait_socket(pg->conn, POLLIN, deadline_ns))
			return timed_out(pg, err);
		if (!PQconsumeInput(pg->conn))
			return lost(pg, err);
	}
	*out = PQgetResult(pg->conn);
	return 0;
}

/* The last result of what was sent, or the first that failed; NULL with err. */
static PGresult *collect(struct extpg *pg, struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + pg->query_timeout_ns;
	PGresult *kept = NULL;

	if (flush_query(pg, deadline_ns, err) < 0)
		return NULL;
	for (;;) {
		PGresult *next;

		if (await_result(pg, deadline_ns, &next, err) < 0) {
			PQclear(kept);
			return NULL;
		}
		if (!next)
			break;
		if (kept && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
	if (!kept)
		lost(pg, err);
	return kept;
}

static int finish(struct extpg *pg, int sent, struct extpg_result **out, struct error *err)
{
	PGresult *result;
	ExecStatusType status;

	pg->sqlstate[0] = '\0';
	if (!sent)
		return lost(pg, err);
	result = collect(pg, err);
	if (!result)
		return -1;
	status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		statement_failed(pg, result, err);
		PQclear(result);
		return -1;
	}
	if (out)
		*out = (struct extpg_result *)(void *)result;
	else
		PQclear(result);
	return 0;
}

int extpg_prepare(struct extpg *pg, const char *name, const char *sql, struct error *err)
{
	return finish(pg, PQsendPrepare(pg->conn, name, sql, 0, NULL), NULL, err);
}

int extpg_run(struct extpg *pg, const char *name, size_t count, const char *const *values,
	      struct extpg_result **out, struct error *err)
{
	return finish(pg,
		      PQsendQueryPrepared(pg->conn, name, (int)count, values, NULL, NULL, BINARY),
		      out, err);
}

/* The result of one statement of a pipeline; those after one that failed were not run. */
static int take_piped(struct extpg *pg, int64_t deadline_ns, bool failed, PGresult **out,
		      struct error *err)
{
	PGresult *result, *end;
	int status = 0;

	if (await_result(pg, deadline_ns, &result, err) < 0)
		return -1;
	if (!result)
		return lost(pg, err);
	if (await_result(pg, deadline_ns, &end, err) < 0) {
		PQclear(result);
		return -1;
	}
	PQclear(end);
	if (!failed && PQresultStatus(result) != PGRES_TUPLES_OK)
		status = statement_failed(pg, result, err);
	if (failed || status < 0)
		PQclear(result);
	else
		*out = result;
	return status;
}

static int send_piped(struct extpg *pg, const char *name, size_t count, const char *const *values,
		      size_t n, int64_t deadline_ns, struct error *err)
{
	if (!PQenterPipelineMode(pg->conn))
		return lost(pg, err);
	for (size_t i = 0; i < n; i++)
		if (!PQsendQueryPrepared(pg->conn, name, (int)count, values + i * count, NULL, NULL,
					 BINARY))
			return lost(pg, err);
	if (!PQpipelineSync(pg->conn))
		return lost(pg, err);
	return flush_query(pg, deadline_ns, err);
}

/* After this the connection is as before, or broken. */
static int end_pipe(struct extpg *pg, int64_t deadline_ns, struct error *err)
{
	PGresult *sync;

	if (await_result(pg, deadline_ns, &sync, err) < 0)
		return -1;
	PQclear(sync);
	return PQexitPipelineMode(pg->conn) ? 0 : lost(pg, err);
}

int extpg_run_each(struct extpg *pg, const char *name, size_t count, const char *const *values,
		   size_t n, struct extpg_result **out, struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + pg->query_timeout_ns;
	int status;

	memset(out, 0, n * sizeof(struct extpg_result *));
	pg->sqlstate[0] = '\0';
	status = send_piped(pg, name, count, values, n, deadline_ns, err);
	for (size_t i = 0; i < n && !pg->broken; i++) {
		PGresult *result = NULL;

		if (take_piped(pg, deadline_ns, status < 0, &result, err) < 0)
			status = -1;
		out[i] = (struct extpg_result *)(void *)result;
	}
	if (!pg->broken && end_pipe(pg, deadline_ns, err) < 0)
		status = -1;
	for (size_t i = 0; i < n && status < 0; i++) {
		extpg_result_free(out[i]);
		out[i] = NULL;
	}
	return status;
}

int extpg_exec(struct extpg *pg, const char *sql, size_t count, const char *const *values,
	       struct extpg_result **out, struct error *err)
{
	return finish(pg,
		      PQsendQueryParams(pg->conn, sql, (int)count, NULL, values, NULL, NULL,
					BINARY),
		      out, err);
}

int extpg_script(struct extpg *pg, const char *sql, struct error *err)
{
	return finish(pg, PQsendQuery(pg->conn, sql), NULL, err);
}

size_t extpg_rows(const struct extpg_result *result)
{
	return (size_t)PQntuples(raw(result));
}

static uint64_t big_endian(const char *bytes, size_t length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

/* Type numbers of pg_type.dat; they are part of the protocol and never change. */
enum {
	TYPE_BOOL = 16,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701
};

double extpg_number(const struct extpg_result *result, size_t row, size_t column)
{
	const PGresult *r = raw(result);
	int length = PQgetlength(r, (int)row, (int)column);
	uint64_t bits = big_endian(PQgetvalue(r, (int)row, (int)column), (size_t)length);
	uint32_t half = (uint32_t)bits;
	float single;
	double value;

	if (PQgetisnull(r, (int)row, (int)column) || PQfformat(r, (int)column) != BINARY)
		return NAN;
	switch (PQftype(r, (int)column)) {
	case TYPE_BOOL: return bits ? 1 : 0;
	case TYPE_INT2: return (double)(int16_t)bits;
	case TYPE_INT4: return (double)(int32_t)bits;
	case TYPE_INT8: return (double)(int64_t)bits;
	case TYPE_FLOAT4: memcpy(&single, &half, sizeof single); return (double)single;
	case TYPE_FLOAT8: memcpy(&value, &bits, sizeof value); return value;
	default: return NAN;
	}
}

const char *extpg_text(const struct extpg_result *result, size_t row, size_t column)
{
	return PQgetvalue(raw(result), (int)row, (int)column);
}

size_t extpg_length(const struct extpg_result *result, size_t row, size_t column)
{
	return (size_t)PQgetlength(raw(result), (int)row, (int)column);
}

void extpg_result_free(struct extpg_result *result)
{
	PQclear((PGresult *)(void *)result);
}
