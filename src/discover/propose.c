#include "perfgate/discover/propose.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/template/template.h"

#include <string.h>

#define TEMPLATE "config/init.yml"
#define LEFT_OUT_SHOWN 8
#define URL_UNKNOWN "http://127.0.0.1:8000"

/* How often a user does it, against the others. */
enum { WEIGHT_READ = 10, WEIGHT_WRITE = 2, WEIGHT_PROBE = 1 };

bool proposal_has_target(const struct proposal *proposal)
{
	return proposal->project->command || proposal->project->url || proposal->openapi;
}

void propose_sources(const struct proposal *proposal, struct strbuf *out)
{
	if (proposal->openapi)
		log_visible(out, proposal->openapi->path, strlen(proposal->openapi->path));
	if (proposal->openapi && proposal->project->from)
		strbuf_puts(out, " and ");
	if (proposal->project->from)
		strbuf_puts(out, proposal->project->from);
}

/* ---- the target ---- */

/* A whole line of text as one comment. */
static void put_comment(struct strbuf *out, const char *text)
{
	strbuf_puts(out, "# ");
	log_visible(out, text, strlen(text));
	strbuf_putc(out, '\n');
}

static void put_text_member(struct strbuf *out, const char *key, const char *text, size_t indent)
{
	if (!text)
		return;
	strbuf_printf(out, "%*s%s: ", (int)indent, "", key);
	propose_text(out, text);
}

static const char *ready_path(const struct proposal *proposal)
{
	if (proposal->openapi && proposal->openapi->ready)
		return proposal->openapi->ready;
	return proposal->project->ready;
}

static void put_stores(const struct project *project, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf line = {0};

	if (project->n_stores == 0)
		return;
	for (size_t i = 0; i < project->n_stores; i++)
		strbuf_printf(&line, "%s%s",
			      i == 0			   ? ""
			      : i + 1 == project->n_stores ? " and "
							   : ", ",
			      project->stores[i]);
	strbuf_puts(&line, project->n_stores == 1 ? " comes with it." : " come with it.");
	put_comment(out, strbuf_text(&line));
}

static void put_target(const struct proposal *proposal, struct strbuf *out)
{
	const struct project *project = proposal->project;

	if (project->hint)
		put_comment(out, project->hint);
	put_stores(project, out);
	if (!project->command && !project->url && !proposal->openapi) {
		strbuf_puts(out, "target: reference\n");
		return;
	}
	if (!project->command && !project->url)
		put_comment(out, "Nothing here tells how it is started: say where it runs, or "
				 "write `command:`.");
	strbuf_puts(out, "target:\n");
	if (!project->command)
		put_text_member(out, "url", project->url ? project->url : URL_UNKNOWN, 2);
	put_text_member(out, "build", project->build, 2);
	put_text_member(out, "command", project->command, 2);
	put_text_member(out, "ready", ready_path(proposal), 2);
}

/* ---- requests ---- */

static int weight_of(const struct operation *operation)
{
	if (operation->probe)
		return WEIGHT_PROBE;
	return operation->writes ? WEIGHT_WRITE : WEIGHT_READ;
}

static void put_task(const struct operation *operation, struct strbuf *out)
{
	if (!operation->json && !operation->form) {
		put_text_member(out, operation->name, operation->line, 2);
		return;
	}
	strbuf_printf(out, "  %s:\n", operation->name);
	put_text_member(out, "request", operation->line, 4);
	if (operation->json)
		propose_member(out, "json", operation->json, 4);
	if (operation->form)
		propose_member(out, "form", operation->form, 4);
}

static void put_left_out(const struct openapi *openapi, struct strbuf *out)
{
	if (openapi->n_left_out == 0)
		return;
	strbuf_puts(out, "\n");
	put_comment(out, "Left out:");
	for (size_t i = 0; i < openapi->n_left_out && i < LEFT_OUT_SHOWN; i++) {
		AUTO_FREE char *line =
			xasprintf("  %s: %s", openapi->left_out[i].line, openapi->left_out[i].why);

		put_comment(out, line);
	}
	if (openapi->n_left_out > LEFT_OUT_SHOWN)
		strbuf_printf(out, "#   and %zu more\n", openapi->n_left_out - LEFT_OUT_SHOWN);
}

static void put_profile(const struct openapi *openapi, struct strbuf *out)
{
	strbuf_puts(out, "profiles:\n  user:\n    wait: 1s..3s\n    tasks:\n");
	for (size_t i = 0; i < openapi->n_operations; i++)
		strbuf_printf(out, "      %s: %d\n", openapi->operations[i].name,
			      weight_of(&openapi->operations[i]));
	strbuf_puts(out, "\ntasks:\n");
	if (openapi->header) {
		put_comment(out, "The document asks for a header; say where its value comes from:");
		AUTO_FREE char *line = xasprintf("  headers: {%s}", openapi->header);
		put_comment(out, line);
	}
	for (size_t i = 0; i < openapi->n_operations; i++)
		put_task(&openapi->operations[i], out);
}

static void put_requests(const struct proposal *proposal, struct strbuf *out)
{
	const char *ready = ready_path(proposal);

	if (proposal->openapi && proposal->openapi->n_operations > 0) {
		put_profile(proposal->openapi, out);
	} else {
		strbuf_puts(out, "requests:\n  - GET /\n");
		if (ready && strlen(ready) > 1) {
			AUTO_FREE char *line = xasprintf("GET %s", ready);

			strbuf_puts(out, "  - ");
			propose_text(out, line);
		}
	}
	if (proposal->openapi)
		put_left_out(proposal->openapi, out);
}

/* ---- the whole ---- */

/* The template ends the line. */
static json_t *without_newline(const struct strbuf *text)
{
	AUTO_FREE char *copy = xstrndup(strbuf_text(text), text->length - 1);

	return extjson_string(copy);
}

int propose_config(const struct proposal *proposal, struct strbuf *out, struct error *err)
{
	AUTO(strbuf) struct strbuf sources = {0}, target = {0}, requests = {0}, branch = {0};
	AUTO_JSON json_t *view = extjson_object();
	bool reference = !proposal_has_target(proposal);

	propose_sources(proposal, &sources);
	put_target(proposal, &target);
	put_requests(proposal, &requests);
	put_text_member(&branch, "baseline_branch", proposal->baseline_branch, 0);
	extjson_set(view, "sources", extjson_string(strbuf_text(&sources)));
	extjson_set(view, "reference", json_boolean(reference));
	extjson_set(view, "described", json_boolean(proposal->openapi != NULL));
	extjson_set(view, "command", json_boolean(proposal->project->command != NULL));
	extjson_set(view, "target", without_newline(&target));
	extjson_set(view, "requests", without_newline(&requests));
	extjson_set(view, "branch", without_newline(&branch));
	return template_render(TEMPLATE, TEMPLATE_NONE, view, out, err);
}
