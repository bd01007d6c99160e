/* A notify over a sample run, with everything it borrows. */
#ifndef NOTIFY_CASE_H
#define NOTIFY_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/notify/notify.h"
#include "sample_table.h"

#define CASE_COMMIT "0123456789abcdef0123456789abcdef01234567"

struct notify_case {
	struct run *run;
	struct settings settings;
	struct job job;
	struct notify notify;
};

static inline void case_init(struct notify_case *c, struct run *run)
{
	*c = (struct notify_case){.run = run,
				  .settings = {.github_status = true,
					       .github_comment = true,
					       .github_token = "ghp_x"},
				  .job = {.github = true,
					  .api_url = "http://127.0.0.1:9",
					  .graphql_url = "http://127.0.0.1:9/graphql",
					  .repository = "o/r",
					  .commit = CASE_COMMIT,
					  .run_url = "https://job.example.com/1"}};
	c->notify = (struct notify){.run = run,
				    .settings = &c->settings,
				    .job = &c->job,
				    .dir = "out",
				    .exit_status = run->verdict.outcome == OUTCOME_FAIL,
				    .budget_ns = 2 * NS_PER_S,
				    .pause_ns = NS_PER_MS};
}

static inline void case_release(struct notify_case *c)
{
	run_free(c->run);
	arena_release(&c->job.arena);
}
DEFINE_AUTO_VALUE(notify_case, struct notify_case, case_release)

/* What the channel would send. */
static inline void case_render(const struct notify_case *c, const char *channel, struct strbuf *out)
{
	struct error err = ERROR_INIT;

	if (notify_find(channel)->render(&c->notify, out, &err))
		fail_msg("%s", err.message);
}

/* Render and send; 0, or -1 with err. */
static inline int case_send(const struct notify_case *c, const char *channel, struct error *err)
{
	AUTO(strbuf) struct strbuf content = {0};
	struct notify timed = c->notify;

	case_render(c, channel, &content);
	timed.deadline_ns = clock_now_ns() + timed.budget_ns;
	return notify_find(channel)->send(&timed, &content, err);
}

#endif
