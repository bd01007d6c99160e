/* Time and second tries: what every channel over a network does the same way. */
#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <time.h>

#define PAUSE_NS NS_PER_S
#define SLICE_NS (50 * NS_PER_MS)
/* One try leaves time for another. */
#define TRY_NS (10 * NS_PER_S)

static bool is_stopped(const struct notify *notify)
{
	return notify->stop && *notify->stop;
}

int64_t notify_left_ns(const struct notify *notify)
{
	int64_t left_ns = notify->deadline_ns - clock_now_ns();

	return left_ns > 0 ? left_ns : 0;
}

bool notify_pause(const struct notify *notify, int64_t wait_ns)
{
	int64_t end_ns;

	if (wait_ns <= 0)
		wait_ns = notify->pause_ns ? notify->pause_ns : PAUSE_NS;
	if (wait_ns >= notify_left_ns(notify))
		return false;
	end_ns = clock_now_ns() + wait_ns;
	for (int64_t left_ns; (left_ns = end_ns - clock_now_ns()) > 0;) {
		struct timespec slice = {0, left_ns < SLICE_NS ? left_ns : SLICE_NS};

		if (is_stopped(notify))
			return false;
		nanosleep(&slice, NULL);
	}
	return true;
}

/* GitHub says 403 when requests are too many, and how many are left. */
static bool is_rate_limit(const struct exthttp_response *response)
{
	AUTO_FREE char *left = exthttp_header(response, "x-ratelimit-remaining");

	return response->retry_after_s > 0 || text_equal(left, "0");
}

static bool may_help_again(const struct exthttp_response *response)
{
	return response->status == 429 || response->status >= 500 ||
	       (response->status == 403 && is_rate_limit(response));
}

/* Longer than any budget is long enough. */
static int64_t wait_of(const struct exthttp_response *response)
{
	const int64_t most_s = INT64_C(86400);

	return (response->retry_after_s < most_s ? response->retry_after_s : most_s) * NS_PER_S;
}

int notify_try(const struct notify *notify, struct exthttp_request *request,
	       struct exthttp_response *out, struct attempt *attempt, struct error *err)
{
	int64_t left_ns = notify_left_ns(notify);
	bool untrusted = false;

	*attempt = (struct attempt){0};
	if (left_ns == 0)
		return error_set(err, ERROR_DELIVERY, "no time left");
	request->timeout_ns = left_ns < TRY_NS ? left_ns : TRY_NS;
	request->out_untrusted = &untrusted;
	if (exthttp_send(request, out, err)) {
		/* A certificate does not mend itself. */
		attempt->may_help_again = !untrusted && err->kind != ERROR_USAGE;
		err->kind = ERROR_DELIVERY;
		return -1;
	}
	attempt->may_help_again = may_help_again(out);
	attempt->wait_ns = wait_of(out);
	return 0;
}

int notify_request(const struct notify *notify, struct exthttp_request *request,
		   struct exthttp_response *out, struct error *err)
{
	struct attempt attempt;
	int result = notify_try(notify, request, out, &attempt, err);

	/* Without time for another, the first answer is the one to tell. */
	if (!attempt.may_help_again || !notify_pause(notify, attempt.wait_ns))
		return result;
	if (result == 0)
		exthttp_response_release(out);
	error_clear(err);
	return notify_try(notify, request, out, &attempt, err);
}
