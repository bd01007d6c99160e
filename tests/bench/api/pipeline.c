/*
 * pipeline CONNINFO CELLS.SQL COUNT ROUNDS: ways to ask PostgreSQL for the 30 days of COUNT cells.
 *
 * Prints one line per way: wall ms and CPU ms of this process, the medians over ROUNDS in which all
 * ways take turns. Rows are walked as they come, as src/api/store_read.c does.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LONGITUDES 17 /* of the quick data set, which has 357 cells */
#define ROUNDS_MAX 1000

static PGconn *db;
static volatile unsigned walked;

static void die(const char *what)
{
	fprintf(stderr, "pipeline: %s: %s", what, db ? PQerrorMessage(db) : "\n");
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void walk(PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		die("a statement failed");
	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0; column < PQnfields(result); column++)
			walked += (unsigned char)PQgetvalue(result, row, column)[0];
	PQclear(result);
}

/* The values of the statement for the cells first..first+count-1. */
struct question {
	char latitudes[8192], longitudes[8192];
	const char *values[7];
};

static void ask(struct question *q, int first, int count)
{
	size_t a = 0, b = 0;

	for (int i = first; i < first + count; i++) {
		char comma = i == first ? '{' : ',';

		a += (size_t)snprintf(q->latitudes + a, sizeof q->latitudes - a, "%c%.2f", comma,
				      -3 + 0.25 * (i / LONGITUDES));
		b += (size_t)snprintf(q->longitudes + b, sizeof q->longitudes - b, "%c%.2f", comma,
				      34 + 0.25 * (i % LONGITUDES));
	}
	strcpy(q->latitudes + a, "}");
	strcpy(q->longitudes + b, "}");
	q->values[0] = q->latitudes;
	q->values[1] = q->longitudes;
	q->values[2] = "2023-06-01";
	q->values[3] = q->values[6] = "2023-06-30";
	q->values[4] = "2023-01-02"; /* the second span is empty */
	q->values[5] = "2023-01-01";
}

/* One round trip per `chunk` cells. */
static void in_turn(int count, int chunk)
{
	static struct question q;

	for (int first = 0; first < count; first += chunk) {
		ask(&q, first, first + chunk < count ? chunk : count - first);
		walk(PQexecPrepared(db, "cells", 7, q.values, NULL, NULL, 1));
	}
}

/* All statements of `chunk` cells are sent before the first answer is awaited. */
static void pipelined(int count, int chunk)
{
	static struct question q;
	int sent = 0;

	if (!PQenterPipelineMode(db))
		die("no pipeline");
	for (int first = 0; first < count; first += chunk, sent++) {
		ask(&q, first, first + chunk < count ? chunk : count - first);
		if (!PQsendQueryPrepared(db, "cells", 7, q.values, NULL, NULL, 1))
			die("cannot send");
	}
	if (!PQpipelineSync(db))
		die("cannot sync");
	while (sent-- > 0) {
		walk(PQgetResult(db));
		PQclear(PQgetResult(db)); /* the end of this statement */
	}
	PQclear(PQgetResult(db)); /* the sync */
	if (!PQexitPipelineMode(db))
		die("the pipeline does not end");
}

static const struct way {
	const char *name;
	void (*run)(int count, int chunk);
	int chunk; /* 0 = all */
} ways[] = {
	{"one statement for all", in_turn, 0},
	{"pipeline, 64 cells a statement", pipelined, 64},
	{"pipeline, 16 cells a statement", pipelined, 16},
	{"pipeline, one statement per cell", pipelined, 1},
	{"one round trip per cell", in_turn, 1},
};
#define WAYS (sizeof ways / sizeof ways[0])

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void prepare(const char *path)
{
	static char sql[65536];
	FILE *file = fopen(path, "r");
	PGresult *result;

	if (!file || fread(sql, 1, sizeof sql - 1, file) == 0)
		die("cannot read the statement");
	fclose(file);
	PQclear(PQexec(db, "SET plan_cache_mode = force_generic_plan"));
	result = PQprepare(db, "cells", sql, 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die("cannot prepare");
	PQclear(result);
}

int main(int argc, char **argv)
{
	static double wall[WAYS][ROUNDS_MAX], cpu[WAYS][ROUNDS_MAX];
	int count, rounds;

	if (argc != 5)
		return 2;
	count = atoi(argv[3]);
	rounds = atoi(argv[4]) < ROUNDS_MAX ? atoi(argv[4]) : ROUNDS_MAX;
	db = PQconnectdb(argv[1]);
	if (PQstatus(db) != CONNECTION_OK)
		die("cannot connect");
	prepare(argv[2]);
	for (int round = -1; round < rounds; round++) /* the first one warms up */
		for (size_t i = 0; i < WAYS; i++) {
			double begin = seconds(CLOCK_MONOTONIC);
			double used = seconds(CLOCK_PROCESS_CPUTIME_ID);

			ways[i].run(count, ways[i].chunk ? ways[i].chunk : count);
			if (round < 0)
				continue;
			wall[i][round] = 1e3 * (seconds(CLOCK_MONOTONIC) - begin);
			cpu[i][round] = 1e3 * (seconds(CLOCK_PROCESS_CPUTIME_ID) - used);
		}
	for (size_t i = 0; i < WAYS; i++) {
		qsort(wall[i], (size_t)rounds, sizeof(double), compare);
		qsort(cpu[i], (size_t)rounds, sizeof(double), compare);
		printf("%s\t%.3f\t%.3f\n", ways[i].name, wall[i][rounds / 2], cpu[i][rounds / 2]);
	}
	PQfinish(db);
	return 0;
}
