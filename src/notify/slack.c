/*
 * Slack by an incoming webhook. The blocks and their limits:
 * https://docs.slack.dev/reference/block-kit/blocks
 */
#include "internal.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/view.h"

#include <ctype.h>
#include <string.h>

#define SECTION_MAX 3000
#define TEXT_MAX 300
#define ROWS_MAX 8

/* Slack's three characters; the rest of its markup can change the look only. */
static void put_escaped(struct strbuf *out, const char *text)
{
	AUTO_FREE char *head = xstrndup(text, text_clip(text, TEXT_MAX));

	for (const char *c = head; *c; c++) {
		switch (*c) {
		case '&': strbuf_puts(out, "&amp;"); break;
		case '<': strbuf_puts(out, "&lt;"); break;
		case '>': strbuf_puts(out, "&gt;"); break;
		default: strbuf_putc(out, *c);
		}
	}
	if (strlen(head) < strlen(text))
		strbuf_puts(out, "…");
}

static void put_member(struct strbuf *out, const json_t *view, const char *name)
{
	put_escaped(out, extjson_get_string(view, name, ""));
}

/* "❌ *smoke p95* 2 986 ms, limit ≤ 2 000 ms, +3.1% against the baseline" */
static void put_cell(struct strbuf *out, const json_t *cell)
{
	put_member(out, cell, "emoji");
	strbuf_puts(out, " *");
	put_member(out, cell, "cell");
	strbuf_puts(out, "* ");
	put_member(out, cell, "value");
	strbuf_puts(out, ", limit ");
	put_member(out, cell, "limit");
	if (*extjson_get_string(cell, "change", "")) {
		strbuf_puts(out, ", ");
		put_member(out, cell, "change");
		strbuf_puts(out, " against the baseline");
	}
	if (json_is_true(json_object_get(cell, "adds"))) {
		strbuf_puts(out, " – ");
		put_member(out, cell, "reason");
	}
	strbuf_putc(out, '\n');
}

static json_t *text_object(struct strbuf *text)
{
	json_t *object = extjson_object();

	extjson_set(object, "type", extjson_string("mrkdwn"));
	extjson_set(object, "text", view_text(text));
	/* Names are not searched for links, channels and people. */
	extjson_set(object, "verbatim", json_true());
	return object;
}

static void add_section(json_t *blocks, struct strbuf *text)
{
	json_t *block = extjson_object();

	extjson_set(block, "type", extjson_string("section"));
	extjson_set(block, "text", text_object(text));
	extjson_append(blocks, block);
}

static void add_headline(json_t *blocks, const json_t *view)
{
	struct strbuf text = {0};

	put_member(&text, view, "emoji");
	strbuf_puts(&text, " *perfgate: ");
	put_member(&text, view, "word");
	strbuf_puts(&text, "* – ");
	put_member(&text, view, "reason");
	strbuf_putc(&text, '\n');
	put_member(&text, view, "subject");
	add_section(blocks, &text);
}

/* The worst first; all of them when nothing needs attention. Cut between rows. */
static void add_cells(json_t *blocks, const json_t *view)
{
	const json_t *attention = json_object_get(view, "attention");
	const json_t *rows =
		json_array_size(attention) ? attention : json_object_get(view, "cells");
	size_t count = json_array_size(rows), shown = 0;
	struct strbuf text = {0};

	for (; shown < count && shown < ROWS_MAX; shown++) {
		AUTO(strbuf) struct strbuf row = {0};

		put_cell(&row, json_array_get(rows, shown));
		if (text.length + row.length > SECTION_MAX - 100)
			break;
		strbuf_append(&text, row.data, row.length);
	}
	if (shown < count)
		strbuf_printf(&text, "…and %zu more in the report", count - shown);
	if (count > 0)
		add_section(blocks, &text);
}

static void put_link(struct strbuf *out, const json_t *link)
{
	strbuf_puts(out, " · <");
	put_member(out, link, "url");
	strbuf_putc(out, '|');
	put_member(out, link, "name");
	strbuf_putc(out, '>');
}

/* Links, and the run's name by which a message that came twice is known. */
static void add_context(json_t *blocks, const struct notify *notify, const json_t *view)
{
	json_t *block = extjson_object(), *elements = extjson_array(), *link;
	struct strbuf text = {0};
	size_t i;

	if (notify->run->branch) {
		strbuf_puts(&text, "branch ");
		put_member(&text, view, "branch");
		strbuf_puts(&text, " · ");
	}
	strbuf_puts(&text, "run ");
	put_member(&text, view, "run_id");
	json_array_foreach (json_object_get(view, "links"), i, link)
		put_link(&text, link);
	extjson_set(block, "type", extjson_string("context"));
	extjson_append(elements, text_object(&text));
	extjson_set(block, "elements", elements);
	extjson_append(blocks, block);
}

static bool slack_wanted(const struct notify *notify)
{
	return notify->settings->slack_webhook != NULL;
}

static int slack_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *message = extjson_object(), *view = view_run(notify->run);
	json_t *blocks = extjson_array();
	struct strbuf line = {0}, escaped = {0};

	(void)err;
	strbuf_puts(&line, "perfgate ");
	notify_line(notify->run, TEXT_MAX - 50, &line);
	put_escaped(&escaped, line.data);
	strbuf_release(&line);
	extjson_set(message, "text", view_text(&escaped));
	extjson_set(message, "unfurl_links", json_false());
	add_headline(blocks, view);
	add_cells(blocks, view);
	add_context(blocks, notify, view);
	extjson_set(message, "blocks", blocks);
	extjson_dump_pretty(message, out);
	return 0;
}

/* "invalid_payload", "no_service": Slack's own words, when it is nothing else. */
static const char *slack_word(const struct exthttp_response *response)
{
	static const char *const words[] = {"invalid_payload",	   "no_service",
					    "channel_is_archived", "channel_not_found",
					    "action_prohibited",   "no_text",
					    "invalid_blocks",	   "user_not_found",
					    "rate_limited",	   "no_active_hooks"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (text_equal(strbuf_text(&response->body), words[i]))
			return words[i];
	return NULL;
}

static int judge(const struct exthttp_response *response, struct error *err)
{
	const char *word = slack_word(response);

	if (response->status == 200 && text_equal(strbuf_text(&response->body), "ok"))
		return 0;
	if (response->status == 200)
		return error_set(err, ERROR_DELIVERY, "the answer is not Slack's `ok`");
	return error_set(err, ERROR_DELIVERY, "HTTP %d%s%s%s", response->status, word ? " (" : "",
			 word ? word : "", word ? ")" : "");
}

static int slack_send(const struct notify *notify, const struct strbuf *content, struct error *err)
{
	static const char *const headers[] = {"Content-Type: application/json; charset=utf-8",
					      NULL};
	struct exthttp_request request = {
		.url = notify->settings->slack_webhook,
		.headers = headers,
		.body = strbuf_text(content),
		.body_bytes = content->length,
	};
	AUTO(exthttp_response) struct exthttp_response response = {0};

	if (notify_request(notify, &request, &response, err))
		return -1;
	return judge(&response, err);
}

const struct channel channel_slack = {
	.name = "slack",
	.summary = "message to Slack",
	.needs = "notification.slack_webhook, or PERFGATE_SLACK_WEBHOOK",
	.wanted = slack_wanted,
	.render = slack_render,
	.send = slack_send,
};
