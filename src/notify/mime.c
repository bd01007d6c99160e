#include "perfgate/notify/mime.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <string.h>
#include <time.h>

#define LINE_BYTES 57 /* 76 characters of base64 */
#define WORD_BYTES 42 /* an encoded word has at most 75 characters, the line 78 */
#define FOLD_COLUMNS 76

static void put_line(struct strbuf *out, const char *name, const char *value)
{
	strbuf_printf(out, "%s: %s\r\n", name, value);
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Control characters have no place in a header: a line's end would begin another one. */
static char *without_controls(const char *text)
{
	char *clean = xstrdup(text);

	for (char *c = clean; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return clean;
}

/* Text of any length as encoded words, one to a line, each of whole characters. */
static void put_encoded_words(struct strbuf *out, const char *text)
{
	for (bool first = true; *text; first = false) {
		size_t length = text_clip(text, WORD_BYTES);

		if (length == 0)
			length = 1;
		strbuf_puts(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		text_base64(text, length, out);
		strbuf_puts(out, "?=");
		text += length;
	}
}

/* Plain text stays readable while it is one line. */
static void put_subject(struct strbuf *out, const char *subject)
{
	AUTO_FREE char *clean = without_controls(subject);

	strbuf_puts(out, "Subject: ");
	if (is_plain(clean) && strlen(clean) <= FOLD_COLUMNS - strlen("Subject: ") &&
	    !strstr(clean, "=?"))
		strbuf_puts(out, clean);
	else
		put_encoded_words(out, clean);
	strbuf_puts(out, "\r\n");
}

static void put_recipients(struct strbuf *out, const char *const *to)
{
	size_t column = strlen("To: ");

	strbuf_puts(out, "To: ");
	for (size_t i = 0; to[i]; i++) {
		AUTO_FREE char *address = without_controls(to[i]);

		if (i > 0) {
			bool fold = column + strlen(address) + 2 > FOLD_COLUMNS;

			strbuf_puts(out, fold ? ",\r\n " : ", ");
			column = fold ? 1 : column + 2;
		}
		strbuf_puts(out, address);
		column += strlen(address);
	}
	strbuf_puts(out, "\r\n");
}

/* RFC 5322 wants English names whatever the locale. */
static void put_date(struct strbuf *out, int64_t wall_ns)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return;
	strbuf_printf(out, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
		      tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		      tm.tm_sec);
}

static void put_part(struct strbuf *out, const char *boundary, const char *type, const char *text)
{
	size_t length = strlen(text);

	strbuf_printf(out, "--%s\r\n", boundary);
	strbuf_printf(out, "Content-Type: %s; charset=utf-8\r\n", type);
	put_line(out, "Content-Transfer-Encoding", "base64");
	strbuf_puts(out, "\r\n");
	for (size_t i = 0; i < length; i += LINE_BYTES) {
		text_base64(text + i, length - i < LINE_BYTES ? length - i : LINE_BYTES, out);
		strbuf_puts(out, "\r\n");
	}
}

void mime_build(const struct mime_mail *mail, struct strbuf *out)
{
	/* '=' cannot stand in front of '_' in base64: no part holds the boundary. */
	AUTO_FREE char *boundary = xasprintf("=_perfgate_%.40s", mail->id);
	AUTO_FREE char *from = without_controls(mail->from);
	const char *at = strrchr(from, '@');
	AUTO_FREE char *name = xasprintf("perfgate <%s>", from);

	put_line(out, "From", name);
	put_recipients(out, mail->to);
	put_subject(out, mail->subject);
	put_date(out, mail->wall_ns);
	strbuf_printf(out, "Message-ID: <%s@%s>\r\n", mail->id, at ? at + 1 : "localhost");
	put_line(out, "MIME-Version", "1.0");
	put_line(out, "Auto-Submitted", "auto-generated");
	strbuf_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n",
		      boundary);
	put_part(out, boundary, "text/plain", mail->text);
	put_part(out, boundary, "text/html", mail->html);
	strbuf_printf(out, "--%s--\r\n", boundary);
}
