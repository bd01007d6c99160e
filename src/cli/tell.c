#include "perfgate/cli/session.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/notify/notify.h"

/* A CI server that cancels a job kills what is left of it seconds later. */
#define INTERRUPTED_BUDGET_NS (5 * NS_PER_S)

static struct notify describe(const struct session *session, int status)
{
	/* Half a run, or none: nobody wants to read of it, but a required status waits. */
	bool nothing_new =
		session->run->interrupted || session->run->verdict.outcome == OUTCOME_SKIPPED;

	return (struct notify){.run = session->run,
			       .settings = session->settings,
			       .job = &session->job,
			       .dir = session->settings->output,
			       .exit_status = status,
			       .only_awaited = nothing_new,
			       .budget_ns = cli_stop ? INTERRUPTED_BUDGET_NS : 0,
			       .stop = &cli_stop};
}

void session_tell_begin(const struct session *session)
{
	struct notify notify = describe(session, 0);

	if (!cli_flag(session->cli, "--no-notify"))
		notify_pending(&notify);
}

int session_tell(const struct session *session, int status)
{
	struct notify notify = describe(session, status);

	if (cli_flag(session->cli, "--no-notify") || notify_send(&notify, NULL) == 0 ||
	    !cli_flag(session->cli, "--require-notify"))
		return 0;
	return error_exit_status(ERROR_DELIVERY);
}
