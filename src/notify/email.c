/* Mail by PERFGATE_SMTP_URL: one mail to all recipients. */
#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"
#include "perfgate/ext/smtp.h"
#include "perfgate/notify/mime.h"
#include "perfgate/report/render.h"

#include <ctype.h>
#include <string.h>

#define SUBJECT_MAX 200
#define TRY_NS (20 * NS_PER_S)

static bool email_wanted(const struct notify *notify)
{
	return notify->settings->email_recipients.count > 0;
}

static const char *email_lacks(const struct notify *notify)
{
	return notify->settings->smtp_url ? NULL
					  : "PERFGATE_SMTP_URL is not set (smtp://HOST:587 or "
					    "smtps://HOST, with user:password@ when it needs one)";
}

/* Named in the URL, or the user who logs in, or one of the first recipient's domain. */
static char *sender(const struct notify *notify, const struct extsmtp_server *server)
{
	const char *first = notify->settings->email_recipients.items[0];

	if (server->from && !check_email(server->from))
		return xstrdup(server->from);
	if (server->user && !check_email(server->user))
		return xstrdup(server->user);
	return xasprintf("perfgate%s", strrchr(first, '@'));
}

/* The same for a mail that is sent twice, so that mail programs show it once. */
static char *message_id(const struct notify *notify)
{
	AUTO(strbuf) struct strbuf id = {0};

	for (const char *c = notify->run->run_id ? notify->run->run_id : ""; *c; c++)
		if (isalnum((unsigned char)*c))
			strbuf_putc(&id, *c);
	strbuf_printf(&id, ".%s.perfgate", outcome_names[notify->run->verdict.outcome]);
	return strbuf_take(&id);
}

static int build(const struct notify *notify, const struct extsmtp_server *server,
		 struct strbuf *out, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0}, html = {0}, subject = {0};
	AUTO_FREE char *from = sender(notify, server), *id = message_id(notify);
	struct mime_mail mail = {
		.from = from,
		.to = notify->settings->email_recipients.items,
		.wall_ns = notify->wall_ns ? notify->wall_ns : clock_wall_ns(),
		.id = id,
	};

	if (mail_render_text(notify->run, &text, err) || mail_render_html(notify->run, &html, err))
		return -1;
	log_redact(&text);
	log_redact(&html);
	strbuf_puts(&subject, "perfgate ");
	notify_line(notify->run, SUBJECT_MAX, &subject);
	mail.text = strbuf_text(&text);
	mail.html = strbuf_text(&html);
	mail.subject = strbuf_text(&subject);
	mime_build(&mail, out);
	return 0;
}

static int email_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	AUTO(extsmtp_server) struct extsmtp_server server = {0};

	if (notify->settings->smtp_url && extsmtp_parse(notify->settings->smtp_url, &server, err))
		return error_wrap(err, "PERFGATE_SMTP_URL");
	return build(notify, &server, out, err);
}

static int send_once(const struct notify *notify, const struct extsmtp_server *server,
		     const struct strbuf *content, struct extsmtp_outcome *out, struct error *err)
{
	AUTO_FREE char *from = sender(notify, server);
	int64_t left_ns = notify_left_ns(notify);
	struct extsmtp_mail mail = {
		.server = server,
		.from = from,
		.recipients = notify->settings->email_recipients.items,
		.message = strbuf_text(content),
		.message_bytes = content->length,
		.timeout_ns = left_ns < TRY_NS ? left_ns : TRY_NS,
	};

	return extsmtp_send(&mail, out, err);
}

static int email_send(const struct notify *notify, const struct strbuf *content, struct error *err)
{
	AUTO(extsmtp_server) struct extsmtp_server server = {0};
	AUTO(extsmtp_outcome) struct extsmtp_outcome outcome = {0};

	if (extsmtp_parse(notify->settings->smtp_url, &server, err))
		return error_wrap(err, "PERFGATE_SMTP_URL");
	if (send_once(notify, &server, content, &outcome, err)) {
		if (!outcome.may_help_again || !notify_pause(notify, 0))
			return -1;
		extsmtp_outcome_release(&outcome);
		error_clear(err);
		if (send_once(notify, &server, content, &outcome, err))
			return -1;
	}
	if (outcome.n_refused > 0)
		return error_set(err, ERROR_DELIVERY, "%s: not taken for %s; the others got it",
				 server.origin, strbuf_text(&outcome.refused));
	return 0;
}

const struct channel channel_email = {
	.name = "email",
	.summary = "mail to notification.email_recipients",
	.needs = "notification.email_recipients, and PERFGATE_SMTP_URL",
	.wanted = email_wanted,
	.lacks = email_lacks,
	.render = email_render,
	.send = email_send,
};
