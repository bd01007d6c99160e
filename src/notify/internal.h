/* What the channels share. */
#ifndef NOTIFY_INTERNAL_H
#define NOTIFY_INTERNAL_H

#include "perfgate/ext/http.h"
#include "perfgate/notify/notify.h"

/* ns until the channel's time is used up or a signal came; 0 then. */
int64_t notify_left_ns(const struct notify *notify);

/* Wait before the second try; false when there is no time for it. 0 = the usual pause. */
bool notify_pause(const struct notify *notify, int64_t wait_ns);

/* May the same request do better the second time, and after which wait? 0 = the usual pause. */
struct attempt {
	bool may_help_again;
	int64_t wait_ns;
};

/*
 * Send a request once; `timeout_ns` is set here. Any complete answer is a success. Another try may
 * help without an answer, and with 429, 5xx or a limit on the rate.
 */
PG_MUST_CHECK int notify_try(const struct notify *notify, struct exthttp_request *request,
			     struct exthttp_response *out, struct attempt *attempt,
			     struct error *err);

/* The same, and once more when that may help and the time is enough. */
PG_MUST_CHECK int notify_request(const struct notify *notify, struct exthttp_request *request,
				 struct exthttp_response *out, struct error *err);

/* "failed: smoke p95: …", at most `limit` bytes. */
void notify_line(const struct run *run, size_t limit, struct strbuf *out);

/* The rows of the table. */
extern const struct channel channel_summary, channel_outputs, channel_annotations, channel_status,
	channel_comment, channel_slack, channel_email;

#endif
