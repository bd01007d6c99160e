#include "perfgate/ext/smtp.h"

#include "curl.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <string.h>

DEFINE_AUTO(curl_url, CURLU *, curl_url_cleanup)
DEFINE_AUTO(curl_slist, struct curl_slist *, curl_slist_free_all)

static char *part(CURLU *parsed, CURLUPart what, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(parsed, what, &text, flags) != CURLUE_OK)
		return NULL;
	copy = xstrdup(text);
	curl_free(text);
	return copy;
}

static char *sender_of(CURLU *parsed)
{
	AUTO_FREE char *query = part(parsed, CURLUPART_QUERY, CURLU_URLDECODE);

	if (query == NULL || !text_starts_with(query, "from="))
		return NULL;
	return xstrdup(query + strlen("from="));
}

static void take_parts(CURLU *parsed, struct extsmtp_server *out)
{
	AUTO_FREE char *password = part(parsed, CURLUPART_PASSWORD, CURLU_URLDECODE);
	AUTO_FREE char *scheme = part(parsed, CURLUPART_SCHEME, 0);
	AUTO_FREE char *port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);

	log_add_secret(password);
	out->host = part(parsed, CURLUPART_HOST, 0);
	out->user = part(parsed, CURLUPART_USER, CURLU_URLDECODE);
	out->from = sender_of(parsed);
	out->origin = xasprintf("%s://%s:%s", scheme, out->host, port);
	curl_url_set(parsed, CURLUPART_QUERY, NULL, 0);
	out->url = part(parsed, CURLUPART_URL, 0);
}

int extsmtp_parse(const char *url, struct extsmtp_server *out, struct error *err)
{
	AUTO(curl_url) CURLU *parsed = curl_url();

	if (parsed == NULL)
		error_out_of_memory();
	if ((!text_starts_with(url, "smtp://") && !text_starts_with(url, "smtps://")) ||
	    curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK)
		return error_set(err, ERROR_USAGE,
				 "not a usable URL of a mail server: write "
				 "smtp://user:password@host:587 or smtps://…");
	take_parts(parsed, out);
	return 0;
}

void extsmtp_server_release(struct extsmtp_server *server)
{
	free(server->url);
	free(server->origin);
	free(server->host);
	free(server->user);
	free(server->from);
	*server = (struct extsmtp_server){0};
}

/* What is left to send, and the dialogue as far as recipients are concerned. */
struct dialogue {
	const struct extsmtp_mail *mail;
	size_t sent_bytes;
	size_t n_asked; /* recipients */
	bool waiting; /* for the answer on the last of them */
	struct extsmtp_outcome *out;
};

static size_t read_message(char *bytes, size_t size, size_t count, void *arg)
{
	struct dialogue *dialogue = arg;
	size_t left = dialogue->mail->message_bytes - dialogue->sent_bytes;
	size_t length = size * count < left ? size * count : left;

	memcpy(bytes, dialogue->mail->message + dialogue->sent_bytes, length);
	dialogue->sent_bytes += length;
	return length;
}

static void note_answer(struct dialogue *dialogue, const char *line, size_t length)
{
	/* "250-more" announces another line. */
	if (!dialogue->waiting || length < 4 || line[3] == '-')
		return;
	dialogue->waiting = false;
	if (line[0] == '2')
		return;
	strbuf_printf(&dialogue->out->refused, "%s%s (%.3s)",
		      dialogue->out->n_refused++ > 0 ? ", " : "",
		      dialogue->mail->recipients[dialogue->n_asked - 1], line);
}

/* libcurl tells the refused recipients to nobody but this. */
static int follow(CURL *curl, curl_infotype kind, char *bytes, size_t length, void *arg)
{
	struct dialogue *dialogue = arg;

	(void)curl;
	if (kind == CURLINFO_HEADER_OUT && length > 8 && memcmp(bytes, "RCPT TO:", 8) == 0 &&
	    dialogue->mail->recipients[dialogue->n_asked] != NULL) {
		dialogue->n_asked++;
		dialogue->waiting = true;
	} else if (kind == CURLINFO_HEADER_IN) {
		note_answer(dialogue, bytes, length);
	}
	return 0;
}

static const char *explain(CURLcode code)
{
	switch (code) {
	case CURLE_USE_SSL_FAILED:
		return "it offers no encryption (STARTTLS), and a password is never sent in clear";
	case CURLE_LOGIN_DENIED: return "user or password not accepted";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "the certificate is not accepted (SSL_CERT_FILE names the authority)";
	case CURLE_OPERATION_TIMEDOUT: return "no answer in time";
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR: return "the mail was refused or the connection lost";
	default: return curl_easy_strerror(code);
	}
}

/* 5yz is final, and so is what a configuration has to mend. */
static bool may_help_again(CURLcode code, long reply)
{
	return code != CURLE_USE_SSL_FAILED && code != CURLE_LOGIN_DENIED &&
	       code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_URL_MALFORMAT && reply < 500;
}

static int perform(CURL *curl, const struct extsmtp_mail *mail, struct extsmtp_outcome *out,
		   struct error *err)
{
	CURLcode code = curl_easy_perform(curl);
	long reply = 0;

	if (code == CURLE_OK)
		return 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
	out->may_help_again = may_help_again(code, reply);
	if (reply >= 400)
		return error_set(err, ERROR_DELIVERY, "%s: %s (reply %ld)", mail->server->origin,
				 explain(code), reply);
	return error_set(err, ERROR_DELIVERY, "%s: %s", mail->server->origin, explain(code));
}

static struct curl_slist *list_recipients(const char *const *recipients)
{
	struct curl_slist *list = NULL;

	for (; *recipients != NULL; recipients++) {
		AUTO_FREE char *path = xasprintf("<%s>", *recipients);
		struct curl_slist *longer = curl_slist_append(list, path);

		if (longer == NULL)
			error_out_of_memory();
		list = longer;
	}
	return list;
}

static void set_mail(CURL *curl, struct dialogue *dialogue, const char *from,
		     struct curl_slist *recipients)
{
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(curl, CURLOPT_READDATA, dialogue);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)dialogue->mail->message_bytes);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, follow);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, dialogue);
}

int extsmtp_send(const struct extsmtp_mail *mail, struct extsmtp_outcome *out, struct error *err)
{
	AUTO(curl) CURL *curl = extcurl_new();
	AUTO(curl_slist) struct curl_slist *recipients = list_recipients(mail->recipients);
	AUTO_FREE char *from = xasprintf("<%s>", mail->from);
	struct dialogue dialogue = {.mail = mail, .out = out};

	*out = (struct extsmtp_outcome){0};
	curl_easy_setopt(curl, CURLOPT_URL, mail->server->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
			 (long)(mail->server->user != NULL ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	extcurl_set_common(curl, mail->server->host, mail->timeout_ns);
	extcurl_set_trust(curl, false);
	/*
	 * The answer to QUIT is waited for without the time limit of the transfer: two minutes, by
	 * default. A connection that is not kept is closed by this handle, with the limit that is
	 * set here.
	 */
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
			 (long)(mail->timeout_ns / NS_PER_S + 1));
	set_mail(curl, &dialogue, from, recipients);
	return perform(curl, mail, out, err);
}

void extsmtp_outcome_release(struct extsmtp_outcome *outcome)
{
	strbuf_release(&outcome->refused);
}
