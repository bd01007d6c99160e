/*
 * What a step of GitHub Actions leaves on its own machine: summary, outputs, annotations.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
#include "internal.h"

#include "perfgate/base/log.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/render.h"
#include "perfgate/report/summary.h"
#include "perfgate/verdict/gate.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* GitHub drops a step's whole summary beyond this. */
#define SUMMARY_MAX ((off_t)1 << 20)
#define OUTPUT_MAX ((off_t)1 << 20)
/* GitHub shows ten annotations of a level per step; one of them tells the verdict. */
#define CELLS_MAX 9
#define MESSAGE_MAX 500

static int append_file(const char *path, const struct strbuf *content, off_t limit_bytes,
		       struct error *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0644);
	struct stat file;
	ssize_t written;

	if (fd < 0 || fstat(fd, &file))
		return error_set_errno(err, ERROR_DELIVERY, "%s", path);
	if (!S_ISREG(file.st_mode))
		return error_set(err, ERROR_DELIVERY, "%s: not a regular file", path);
	if (file.st_size + (off_t)content->length > limit_bytes)
		return error_set(err, ERROR_DELIVERY,
				 "%s: it would be longer than the 1 MiB that GitHub takes", path);
	written = write(fd, strbuf_text(content), content->length);
	if (written < 0)
		return error_set_errno(err, ERROR_DELIVERY, "%s", path);
	if ((size_t)written != content->length)
		return error_set(err, ERROR_DELIVERY, "%s: written in part only", path);
	return 0;
}

static bool summary_wanted(const struct notify *notify)
{
	return notify->job->summary_path != NULL;
}

static int summary_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	if (markdown_render(notify->run, out, err))
		return -1;
	log_redact(out);
	strbuf_putc(out, '\n');
	return 0;
}

/* What fits in `room`, up to the end of a line, and a word about the rest. */
static void cut_summary(const struct strbuf *content, size_t room, struct strbuf *out)
{
	static const char notice[] =
		"\n_The rest is in report.html: a step's summary ends at 1 MiB._\n";
	const char *text = strbuf_text(content), *end = NULL;

	if (room >= sizeof notice)
		end = memrchr(text, '\n', room - sizeof notice);
	if (end)
		strbuf_append(out, text, (size_t)(end + 1 - text));
	if (end)
		strbuf_puts(out, notice);
}

static int summary_send(const struct notify *notify, const struct strbuf *content,
			struct error *err)
{
	AUTO(strbuf) struct strbuf cut = {0};
	const char *path = notify->job->summary_path;
	struct stat file;
	size_t room = (size_t)SUMMARY_MAX;

	if (stat(path, &file) == 0 && file.st_size < SUMMARY_MAX)
		room = (size_t)(SUMMARY_MAX - file.st_size);
	if (content->length > room)
		cut_summary(content, room, &cut);
	return append_file(path, cut.length > 0 ? &cut : content, SUMMARY_MAX, err);
}

const struct channel channel_summary = {
	.name = "summary",
	.summary = "job summary of GitHub Actions",
	.needs = "GITHUB_STEP_SUMMARY, which GitHub Actions sets",
	.awaited = true,
	.wanted = summary_wanted,
	.render = summary_render,
	.send = summary_send,
};

/* The delimiter is random, and no value of ours has lines: nobody can end it early. */
static void put_output(struct strbuf *out, const char *name, const char *value)
{
	unsigned long long high = rng_entropy(), low = rng_entropy();
	AUTO_FREE char *delimiter = xasprintf("perfgate_%016llx%016llx", high, low);

	strbuf_printf(out, "%s<<%s\n", name, delimiter);
	for (const char *c = value; *c; c++)
		strbuf_putc(out, *c == '\n' || *c == '\r' ? ' ' : *c);
	strbuf_printf(out, "\n%s\n", delimiter);
}

static void put_failed_cells(struct strbuf *out, const char *output, const struct run *run,
			     bool advisory)
{
	AUTO_FREE size_t *order = summary_order(run);
	AUTO_JSON json_t *names = extjson_array();
	AUTO(strbuf) struct strbuf text = {0};

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[order[i]];
		AUTO(strbuf) struct strbuf name = {0};

		if (cell->outcome != OUTCOME_FAIL || cell->warn != advisory)
			continue;
		summary_cell_name(&name, cell);
		extjson_append(names, extjson_string(strbuf_text(&name)));
	}
	extjson_dump_canonical(names, &text);
	put_output(out, output, strbuf_text(&text));
}

static bool outputs_wanted(const struct notify *notify)
{
	return notify->job->output_path != NULL;
}

static int outputs_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	AUTO(strbuf) struct strbuf reason = {0}, report = {0};

	(void)err;
	figures_visible(&reason, notify->run->verdict.reason, MESSAGE_MAX);
	figures_visible(&report, notify->dir, FIGURES_MESSAGE_MAX);
	strbuf_puts(&report, "/report.html");
	put_output(out, "verdict", outcome_names[notify->run->verdict.outcome]);
	put_output(out, "reason", strbuf_text(&reason));
	put_failed_cells(out, "failed-cells", notify->run, false);
	put_failed_cells(out, "advisory-cells", notify->run, true);
	put_output(out, "report", strbuf_text(&report));
	return 0;
}

static int outputs_send(const struct notify *notify, const struct strbuf *content,
			struct error *err)
{
	return append_file(notify->job->output_path, content, OUTPUT_MAX, err);
}

const struct channel channel_outputs = {
	.name = "outputs",
	.summary = "step outputs: verdict, reason, failed-cells, advisory-cells, report",
	.needs = "GITHUB_OUTPUT, which GitHub Actions sets",
	.awaited = true,
	.wanted = outputs_wanted,
	.render = outputs_render,
	.send = outputs_send,
};

/* In a property ':' and ',' have a meaning too. */
static void put_escaped(struct strbuf *out, const char *text, bool property)
{
	for (; *text; text++)
		if (*text == '%' || *text == '\r' || *text == '\n' ||
		    (property && (*text == ':' || *text == ',')))
			strbuf_printf(out, "%%%02X", (unsigned char)*text);
		else
			strbuf_putc(out, *text);
}

/* A path that leads out of here is not named. */
static void put_origin(struct strbuf *out, const char *origin)
{
	const char *line;
	AUTO_FREE char *file = cell_origin_file(origin, &line);

	if (!file || *file == '/' || strstr(file, ".."))
		return;
	strbuf_puts(out, ",file=");
	put_escaped(out, file, true);
	if (line)
		strbuf_printf(out, ",line=%s", line);
}

static void put_annotation(struct strbuf *out, const char *level, const char *title,
			   const char *origin, const char *message)
{
	strbuf_printf(out, "::%s title=", level);
	put_escaped(out, title, true);
	put_origin(out, origin);
	strbuf_puts(out, "::");
	put_escaped(out, message, false);
	strbuf_putc(out, '\n');
}

static const char *level_of(const struct notify *notify, enum outcome outcome, bool warn)
{
	switch (outcome) {
	case OUTCOME_FAIL: return warn ? "warning" : "error";
	case OUTCOME_UNMEASURED: return "error";
	case OUTCOME_INCONCLUSIVE: return notify->exit_status ? "error" : "warning";
	default: return NULL;
	}
}

static void put_verdict(struct strbuf *out, const struct notify *notify)
{
	const struct verdict *verdict = &notify->run->verdict;
	const char *level = level_of(notify, verdict->outcome, false);
	AUTO(strbuf) struct strbuf title = {0}, message = {0};

	strbuf_puts(&title, "perfgate: ");
	summary_word(&title, notify->run);
	figures_visible(&message, verdict->reason, MESSAGE_MAX);
	if (!level)
		level = notify->run->interrupted || verdict_is_advisory(verdict) ? "warning"
										 : "notice";
	put_annotation(out, level, strbuf_text(&title), NULL, strbuf_text(&message));
}

static bool annotations_wanted(const struct notify *notify)
{
	return notify->job->github;
}

static int annotations_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	AUTO_FREE size_t *order = summary_order(notify->run);
	size_t shown[2] = {0};

	(void)err;
	put_verdict(out, notify);
	for (size_t i = 0; i < notify->run->verdict.n_cells; i++) {
		const struct cell *cell = &notify->run->verdict.cells[order[i]];
		const char *level = level_of(notify, cell->outcome, cell->warn);
		AUTO(strbuf) struct strbuf title = {0}, message = {0};

		if (!level || shown[*level == 'e']++ >= CELLS_MAX)
			continue;
		summary_cell_name(&title, cell);
		figures_cell_value(&message, cell);
		strbuf_puts(&message, ", limit ");
		figures_cell_limit(&message, cell);
		if (summary_reason_adds(cell)) {
			strbuf_puts(&message, ": ");
			figures_visible(&message, cell->reason, MESSAGE_MAX);
		}
		put_annotation(out, level, strbuf_text(&title), cell->origin,
			       strbuf_text(&message));
	}
	return 0;
}

/* Standard error: the runner reads both streams, and standard output may be JSON. */
static int annotations_send(const struct notify *notify, const struct strbuf *content,
			    struct error *err)
{
	(void)notify;
	if (fputs(strbuf_text(content), stderr) == EOF)
		return error_set_errno(err, ERROR_DELIVERY, "standard error");
	return 0;
}

const struct channel channel_annotations = {
	.name = "annotations",
	.summary = "annotations in GitHub's view of the change",
	.needs = "GITHUB_ACTIONS=true",
	.awaited = true,
	.wanted = annotations_wanted,
	.render = annotations_render,
	.send = annotations_send,
};
