#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"

#include <string.h>

#define BUDGET_NS (30 * NS_PER_S)

/* What stays on this machine first: it cannot be late. */
const struct channel *const notify_channels[] = {
	&channel_summary, &channel_outputs, &channel_annotations, &channel_status,
	&channel_comment, &channel_slack,   &channel_email,
};
const size_t notify_channels_count = ARRAY_SIZE(notify_channels);

const struct channel *notify_find(const char *name)
{
	for (size_t i = 0; i < notify_channels_count; i++)
		if (text_equal(notify_channels[i]->name, name))
			return notify_channels[i];
	return NULL;
}

void notify_line(const struct run *run, size_t limit, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf line = {0};
	size_t length;

	summary_word(&line, run);
	if (run->verdict.reason && *run->verdict.reason) {
		strbuf_puts(&line, ": ");
		figures_visible(&line, run->verdict.reason, FIGURES_MESSAGE_MAX);
	}
	if (line.length <= limit) {
		strbuf_append(out, line.data, line.length);
		return;
	}
	length = text_clip(line.data, limit - strlen("…"));
	strbuf_append(out, line.data, length);
	strbuf_puts(out, "…");
}

static bool is_chosen(const struct channel *channel, const char *const *chosen)
{
	if (!chosen)
		return true;
	for (; *chosen; chosen++)
		if (text_equal(channel->name, *chosen))
			return true;
	return false;
}

static bool applies(const struct notify *notify, const struct channel *channel,
		    const char *const *chosen)
{
	return is_chosen(channel, chosen) && channel->wanted(notify) &&
	       (channel->awaited || !notify->only_awaited);
}

static int64_t budget_of(const struct notify *notify)
{
	return notify->budget_ns ? notify->budget_ns : BUDGET_NS;
}

static int deliver(const struct notify *notify, const struct channel *channel, struct error *err)
{
	AUTO(strbuf) struct strbuf content = {0};
	struct notify timed = *notify;

	if (channel->render(notify, &content, err))
		return -1;
	timed.deadline_ns = clock_now_ns() + budget_of(notify);
	return channel->send(&timed, &content, err);
}

size_t notify_send(const struct notify *notify, const char *const *chosen)
{
	AUTO(strbuf) struct strbuf told = {0};
	size_t failures = 0;

	for (size_t i = 0; i < notify_channels_count; i++) {
		const struct channel *channel = notify_channels[i];
		struct error err = ERROR_INIT;
		const char *missing;
		int answer;

		if (!applies(notify, channel, chosen))
			continue;
		missing = channel->lacks ? channel->lacks(notify) : NULL;
		if (missing) {
			log_info("%s is not sent: %s", channel->name, missing);
			failures++;
			continue;
		}
		answer = deliver(notify, channel, &err);
		if (answer == 0) {
			strbuf_printf(&told, " %s", channel->name);
		} else if (answer != NOTIFY_NOBODY) {
			log_warning("%s was not delivered: %s", channel->name, err.message);
			failures++;
		}
	}
	if (told.length > 0)
		log_info("told:%s", told.data);
	return failures;
}

int notify_preview(const struct notify *notify, const char *const *chosen, struct strbuf *out,
		   struct error *err)
{
	for (size_t i = 0; i < notify_channels_count; i++) {
		const struct channel *channel = notify_channels[i];
		const char *missing;

		if (!applies(notify, channel, chosen))
			continue;
		missing = channel->lacks ? channel->lacks(notify) : NULL;
		strbuf_printf(out, "--- %s%s%s%s\n", channel->name,
			      missing ? " (would not be sent: " : "", missing ? missing : "",
			      missing ? ")" : "");
		if (channel->render(notify, out, err))
			return error_wrap(err, "%s", channel->name);
		if (out->length > 0 && out->data[out->length - 1] != '\n')
			strbuf_putc(out, '\n');
	}
	return 0;
}
