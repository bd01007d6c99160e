/*
 * Errors: what went wrong, as one line a user can act on.
 *
 * A fallible function returns 0, or -1 with *err filled, and takes the
 * `struct error *` last. The lowest layer sets kind and cause; each caller
 * may add its noun with error_wrap(); only cli/ and main print. Outputs
 * stay untouched on failure. Allocation failure is not an error: it ends
 * the program with status 70 in error_out_of_memory().
 */
#ifndef PERFGATE_BASE_ERROR_H
#define PERFGATE_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#define ERROR_MESSAGE_MAX 2048

/* Each kind is one documented exit status; the table is in error.c. */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_USAGE, /* usage, configuration or precondition; no load was sent */
	ERROR_UNMEASURED, /* target, service or source out of reach; own resources exhausted */
	ERROR_BASELINE, /* baseline store unreadable, locked or not written */
	ERROR_DELIVERY, /* an artifact or a required notification was not delivered */
	ERROR_INTERNAL, /* a bug of ours */
	ERROR_KIND_COUNT
};

/* Zero-initialise with ERROR_INIT. `message` is one line without newline. */
struct error {
	enum error_kind kind;
	char message[ERROR_MESSAGE_MAX];
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		ERROR_NONE,                                                                        \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

/* Fill *err (err may be NULL) and return -1, so that `return error_set(…)` reads well. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set() with ": strerror(errno)" appended; errno is read first. */
int error_set_errno(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "<text>: " before the message that is there; returns -1. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forget the error. */
void error_clear(struct error *err);

/* The exit status of the kind: 0, 2, 3, 4, 5 or 70. */
int error_exit_status(enum error_kind kind);

/* Prints "out of memory" without allocating and ends the process with 70. */
_Noreturn void error_out_of_memory(void);

#define PG_MUST_CHECK __attribute__((warn_unused_result))
#define PG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
