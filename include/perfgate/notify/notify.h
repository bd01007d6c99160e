/*
 * Telling people and platforms the verdict: one run, many channels.
 *
 * A channel renders what it will send, then sends it; `--dry-run` stops in between. Nothing
 * here judges: every channel says the outcome that the run holds. No failure changes the
 * verdict; it is one warning, and the caller may make it an exit status.
 *
 * What servers answer is never printed, only its number and our words for it.
 */
#ifndef PERFGATE_NOTIFY_NOTIFY_H
#define PERFGATE_NOTIFY_NOTIFY_H

#include "perfgate/config/settings.h"
#include "perfgate/notify/job.h"
#include "perfgate/results/run.h"

#include <signal.h>

struct notify {
	const struct run *run;
	const struct settings *settings;
	const struct job *job;
	const char *dir; /* folder of the artifacts */
	int exit_status; /* what the verdict makes of this job: 0 is green, 1 red, else an error */
	int64_t budget_ns; /* time one channel may take in all; 0 = 30 s */
	int64_t pause_ns; /* before a second try when the server names no time; 0 = 1 s */
	int64_t wall_ns; /* date of a mail; 0 = now */
	bool only_awaited; /* broken off or skipped: leave out what is for reading only */
	const volatile sig_atomic_t *stop; /* not 0: waiting ends; NULL = never */
	int64_t deadline_ns; /* private: set for each channel */
};

/* A channel's answer, with a line that says why: those who were to be told are gone. */
#define NOTIFY_NOBODY 1

struct channel {
	const char *name; /* "slack" */
	const char *summary; /* for help */
	const char *needs; /* what switches it on */
	bool awaited; /* a platform waits for it, whatever became of the run */
	/* Switched on by settings and environment? */
	bool (*wanted)(const struct notify *notify);
	/* What is missing to send it although it is wanted, or NULL. */
	const char *(*lacks)(const struct notify *notify);
	/* Append what will be sent; no secret is in it. */
	int (*render)(const struct notify *notify, struct strbuf *out, struct error *err);
	/* ERROR_DELIVERY; NOTIFY_NOBODY is no error. */
	int (*send)(const struct notify *notify, const struct strbuf *content, struct error *err);
};

/* summary, outputs, annotations, status, comment, slack, email: in the order of sending. */
extern const struct channel *const notify_channels[];
extern const size_t notify_channels_count;

/* The channel of that name, or NULL. */
const struct channel *notify_find(const char *name);

/*
 * Send by every wanted channel, or by those in `chosen` (NULL-terminated names; NULL = all).
 * Failures are warnings. Returns how many wanted channels did not deliver.
 */
PG_MUST_CHECK size_t notify_send(const struct notify *notify, const char *const *chosen);

/* Append what notify_send() would send, each under a heading with the channel's name. */
PG_MUST_CHECK int notify_preview(const struct notify *notify, const char *const *chosen,
				 struct strbuf *out, struct error *err);

/* Say on GitHub that the run has begun; silent when that fails: the end will tell. */
void notify_pending(const struct notify *notify);

#endif
