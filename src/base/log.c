#include "perfgate/base/log.h"

#include "perfgate/base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SECRET_MIN_BYTES 4

static _Atomic enum log_level current_level = LOG_INFO;

/* Sorted by length, longest first: a secret may contain another one. */
static struct {
	pthread_mutex_t mutex;
	char **text;
	size_t count, capacity;
} secrets = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void log_set_level(enum log_level level)
{
	atomic_store(&current_level, level);
}

enum log_level log_get_level(void)
{
	return atomic_load(&current_level);
}

static bool secret_known(const char *secret)
{
	for (size_t i = 0; i < secrets.count; i++)
		if (strcmp(secrets.text[i], secret) == 0)
			return true;
	return false;
}

/* The mutex is held. */
static void remember(const char *secret, size_t length)
{
	AUTO_FREE char *copy = xstrndup(secret, length);
	size_t place;

	if (length < SECRET_MIN_BYTES || secret_known(copy))
		return;
	/* No core file and no tracer gets to see it; children are not affected. */
	if (secrets.count == 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
	place = secrets.count;
	(void)VEC_PUSH(secrets.text, secrets.count, secrets.capacity);
	for (; place > 0 && strlen(secrets.text[place - 1]) < length; place--)
		secrets.text[place] = secrets.text[place - 1];
	secrets.text[place] = TAKE(copy);
}

void log_add_secret(const char *secret)
{
	if (secret == NULL)
		return;
	pthread_mutex_lock(&secrets.mutex);
	remember(secret, strlen(secret));
	/* A key of several lines is printed line by line. */
	for (const char *line = secret, *end; (end = strpbrk(line, "\r\n")) != NULL;
	     line = end + 1) {
		remember(line, (size_t)(end - line));
		if (strpbrk(end + 1, "\r\n") == NULL)
			remember(end + 1, strlen(end + 1));
	}
	pthread_mutex_unlock(&secrets.mutex);
}

bool log_names_secret(const char *name)
{
	static const char *const words[] = {"KEY",  "TOKEN",	  "SECRET", "PASS",
					    "AUTH", "CREDENTIAL", "COOKIE"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(name, words[i]) != NULL)
			return true;
	return false;
}

void log_add_named_secret(const char *name, const char *value)
{
	if (!log_names_secret(name))
		return;
	log_add_secret(value);
	if (strchr(value, ' ') != NULL)
		log_add_secret(strrchr(value, ' ') + 1);
}

static void replace_all(struct strbuf *text, const char *secret)
{
	struct strbuf out = {.max_bytes = text->max_bytes};
	size_t length = strlen(secret);
	const char *at = strbuf_text(text), *end = at + text->length, *hit;

	if (memmem(at, text->length, secret, length) == NULL)
		return;
	while ((hit = memmem(at, (size_t)(end - at), secret, length)) != NULL) {
		strbuf_append(&out, at, (size_t)(hit - at));
		strbuf_puts(&out, "***");
		at = hit + length;
	}
	strbuf_append(&out, at, (size_t)(end - at));
	out.overflow = out.overflow || text->overflow;
	strbuf_release(text);
	*text = out;
}

void log_redact(struct strbuf *text)
{
	pthread_mutex_lock(&secrets.mutex);
	for (size_t i = 0; i < secrets.count; i++)
		replace_all(text, secrets.text[i]);
	pthread_mutex_unlock(&secrets.mutex);
}

/* Characters that move the cursor, reorder the line or break it. */
static bool is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The runner of GitHub Actions obeys the older form of its commands anywhere in a line. */
static bool begins_command(const char *text, size_t length)
{
	return length >= 3 && memcmp(text, "##[", 3) == 0;
}

void log_visible(struct strbuf *out, const char *text, size_t length)
{
	size_t step;

	for (size_t i = 0; i < length; i += step) {
		uint32_t c = 0;

		step = text_utf8_sequence(text + i, length - i, &c);
		if (begins_command(text + i, length - i)) {
			strbuf_puts(out, "\\x23");
		} else if (step == 0) {
			strbuf_printf(out, "\\x%02x", (unsigned char)text[i]);
			step = 1;
		} else if (is_hidden(c)) {
			strbuf_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
		} else {
			strbuf_append(out, text + i, step);
		}
	}
}

static void write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, length);

		/* Nobody is left to tell when standard error itself fails. */
		if (written <= 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

__attribute__((format(printf, 3, 0))) static void log_line(enum log_level level, const char *label,
							   const char *format, va_list args)
{
	AUTO(strbuf) struct strbuf line = {0};
	AUTO(strbuf) struct strbuf message = {0};
	char *text = NULL;

	if (log_get_level() < level)
		return;
	if (vasprintf(&text, format, args) < 0)
		error_out_of_memory();
	strbuf_puts(&message, text);
	free(text);
	log_redact(&message);
	strbuf_printf(&line, "perfgate: %s", label);
	log_visible(&line, strbuf_text(&message), message.length);
	strbuf_putc(&line, '\n');
	/* One write per line keeps lines of several threads apart. */
	write_all(line.data, line.length);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_ERROR, "error: ", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_WARNING, "warning: ", format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_INFO, "", format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_DEBUG, "debug: ", format, args);
	va_end(args);
}
