#include "perfgate/base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int exit_statuses[] = {
	[ERROR_NONE] = 0,     [ERROR_USAGE] = 2,    [ERROR_UNMEASURED] = 3,
	[ERROR_BASELINE] = 4, [ERROR_DELIVERY] = 5, [ERROR_INTERNAL] = 70,
};
static_assert(sizeof exit_statuses / sizeof *exit_statuses == ERROR_KIND_COUNT,
	      "every kind has an exit status");

/* A message is one line, whatever a library or a file put into it. */
static void one_line(char *message)
{
	size_t length = strlen(message);

	while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == '\r'))
		message[--length] = '\0';
	for (char *c = message; *c != '\0'; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
}

__attribute__((format(printf, 2, 0))) static void format_message(struct error *err,
								 const char *format, va_list args)
{
	/* Through a buffer of our own: an argument may point into err->message. */
	char message[ERROR_MESSAGE_MAX];

	if (vsnprintf(message, sizeof message, format, args) < 0)
		message[0] = '\0';
	one_line(message);
	memcpy(err->message, message, strlen(message) + 1);
}

/* Append what fits. */
static void append_cause(struct error *err, const char *cause)
{
	size_t used = strlen(err->message), left = sizeof err->message - 1 - used;
	size_t length = strnlen(cause, left);

	memcpy(err->message + used, cause, length);
	err->message[used + length] = '\0';
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, format);
	format_message(err, format, args);
	va_end(args);
	err->kind = kind;
	return -1;
}

int error_set_errno(struct error *err, enum error_kind kind, const char *format, ...)
{
	int cause = errno;
	char text[256];
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, format);
	format_message(err, format, args);
	va_end(args);
	err->kind = kind;
	append_cause(err, ": ");
	append_cause(err, strerror_r(cause, text, sizeof text));
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	struct error noun = ERROR_INIT;
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, format);
	format_message(&noun, format, args);
	va_end(args);
	append_cause(&noun, ": ");
	append_cause(&noun, err->message);
	memcpy(err->message, noun.message, sizeof err->message);
	return -1;
}

void error_clear(struct error *err)
{
	if (err == NULL)
		return;
	err->kind = ERROR_NONE;
	err->message[0] = '\0';
}

int error_exit_status(enum error_kind kind)
{
	assert((int)kind >= 0 && kind < ERROR_KIND_COUNT);
	return exit_statuses[kind];
}

void error_out_of_memory(void)
{
	static const char message[] = "perfgate: error: out of memory\n";
	ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);

	(void)written;
	_exit(70);
}
