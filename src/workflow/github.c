#include "perfgate/workflow/generators.h"

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

int github_extend(json_t *view, const struct settings *settings, struct error *err)
{
	if (settings->artifact_retention_days > RETENTION_DAYS_MAX)
		return error_set(
			err, ERROR_USAGE,
			"artifact_retention_days: GitHub keeps artifacts for at most %d days",
			RETENTION_DAYS_MAX);
	extjson_set(view, "branch_pattern", branch_pattern(settings->baseline_branch));
	extjson_set(view, "ref_literal", ref_literal(settings->baseline_branch));
	return 0;
}
