/*
 * What the files of a folder say about the API in it: its OpenAPI document, how it is started,
 * where it listens.
 *
 * Files are read, nothing is run and nothing is asked over the network. No file of the
 * environment (.env), and of a compose file no `environment:` is looked at; a command line
 * is only taken from a Procfile, and not when it sets variables: secrets stay where they are.
 *
 * How it is started is told by the first of: Procfile; a compose file that brings data stores, too
 * (then it is a URL); package.json; manage.py, FastAPI or Flask; go.mod; Cargo.toml; a
 * Makefile's run, serve or start; Dockerfile; a compose file; a process that has this folder, or
 * one below, as its current one and listens on TCP.
 */
#ifndef PERFGATE_DISCOVER_PROJECT_H
#define PERFGATE_DISCOVER_PROJECT_H

#include "perfgate/base/arena.h"
#include "perfgate/ext/json.h"

#include <stdbool.h>

#define PROJECT_DOCUMENTS_MAX 8
#define PROJECT_STORES_MAX 8

struct project {
	const char *folder;
	/* Files that may be OpenAPI documents, the likeliest first: paths from the folder. */
	const char *documents[PROJECT_DOCUMENTS_MAX];
	size_t n_documents;

	/* How it is started: a command, perhaps with a build, or a URL; or neither. */
	const char *build, *command, *url;
	const char *from; /* the file that says so, or "the process `node`" */
	const char *hint; /* what a person must know or do about it; NULL = nothing */
	const char *ready; /* path of a health check; NULL = none is told */

	/* Services of the compose file that keep data: "postgres", "redis" … */
	const char *stores[PROJECT_STORES_MAX];
	size_t n_stores;
	struct arena arena;
};

/* `proc` is "/proc" (tests: another folder). Never fails: what cannot be read is not there. */
void project_find(const char *folder, const char *proc, struct project *out);
void project_release(struct project *project);
DEFINE_AUTO_VALUE(project, struct project, project_release)

#endif
