#include "perfgate/workflow/generators.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <string.h>

/* GitHub keeps artifacts for at most this long. */
#define RETENTION_DAYS_MAX 400

/* A branch filter is a pattern: + and ! are the ones of its characters that a branch may have. */
static json_t *branch_pattern(const char *branch)
{
	AUTO(strbuf) struct strbuf out = {0};

	for (const char *c = branch; *c != '\0'; c++) {
		if (strchr("+!?*[]\\", *c) != NULL)
			strbuf_putc(&out, '\\');
		strbuf_putc(&out, *c);
	}
	return extjson_string(strbuf_text(&out));
}

/* refs/heads/NAME as a string of the expression language, where ' is written ''. */
static json_t *ref_literal(const char *branch)
{
	AUTO(strbuf) struct strbuf out = {0};

	strbuf_puts(&out, "'refs/heads/");
	for (const char *c = branch; *c != '\0'; c++)
		strbuf_puts(&out, *c == '\'' ? "''" : (char[]){*c, '\0'});
	strbuf_putc(&out, '\'');
	return extjson_string(strbuf_text(&out));
}

/* ["ubuntu-24.04"] */
static json_t *flow_list(const struct string_list *list)
{
	AUTO(strbuf) struct strbuf out = {0};

	strbuf_putc(&out, '[');
	for (size_t i = 0; i < list->count; i++)
		strbuf_printf(&out, "%s\"%s\"", i > 0 ? ", " : "", list->items[i]);
	strbuf_putc(&out, ']');
	return extjson_string(strbuf_text(&out));
}

/* A machine of GitHub's is new for every job. */
static bool is_hosted(const char *label)
{
	return text_starts_with(label, "ubuntu-") || text_starts_with(label, "windows-") ||
	       text_starts_with(label, "macos-");
}

static void caution_of_own_runner(const struct settings *settings)
{
	for (size_t i = 0; i < settings->ci_runner.count; i++)
		if (!is_hosted(settings->ci_runner.items[i])) {
			log_warning("ci.runner: `%s` is a machine of yours: in a public repository "
				    "anybody's pull request runs its code there",
				    settings->ci_runner.items[i]);
			return;
		}
}

int github_extend(json_t *view, const struct settings *settings, struct error *err)
{
	if (settings->artifact_retention_days > RETENTION_DAYS_MAX)
		return error_set(
			err, ERROR_USAGE,
			"artifact_retention_days: GitHub keeps artifacts for at most %d days",
			RETENTION_DAYS_MAX);
	caution_of_own_runner(settings);
	extjson_set(view, "branch_pattern", branch_pattern(settings->baseline_branch));
	extjson_set(view, "ref_literal", ref_literal(settings->baseline_branch));
	extjson_set(view, "runner", flow_list(&settings->ci_runner));
	extjson_set(view, "schedule", extjson_string(settings->ci_schedule));
	extjson_set(view, "comment", json_boolean(settings->github_comment));
	extjson_set(view, "status", json_boolean(settings->github_status));
	extjson_set(view, "forks",
		    json_boolean(settings->github_comment || settings->github_status));
	return 0;
}
