#include "perfgate/report/formats.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/render.h"

static bool always(const struct run *run)
{
	(void)run;
	return true;
}

static bool has_samples(const struct run *run)
{
	for (size_t i = 0; i < run->n_scenarios; i++)
		if (run->scenarios[i].n_samples > 0)
			return true;
	return false;
}

static bool has_latencies(const struct run *run)
{
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];
		for (size_t j = 0; j < scenario->n_endpoints; j++)
			if (scenario->endpoints[j].latency &&
			    histogram_count(scenario->endpoints[j].latency) > 0)
				return true;
	}
	return false;
}

const struct report_format report_formats[] = {
	{.name = "json",
	 .filename = "result.json",
	 .summary = "everything measured and judged, as JSON",
	 .redacts = true,
	 .applies = always,
	 .render = json_render},
	{.name = "csv",
	 .filename = "summary.csv",
	 .summary = "a line per scenario and endpoint",
	 .applies = always,
	 .render = csv_render_summary},
	{.name = "requests",
	 .filename = "requests.csv",
	 .summary = "a sample of the requests, in JMeter's columns",
	 .applies = has_samples,
	 .render = csv_render_requests},
	{.name = "junit",
	 .filename = "junit.xml",
	 .summary = "JUnit XML for CI servers",
	 .applies = always,
	 .render = junit_render},
	{.name = "html",
	 .filename = "report.html",
	 .summary = "the report for people; needs report.css beside it",
	 .applies = always,
	 .render = html_render},
	{.name = "css",
	 .filename = "report.css",
	 .summary = "the look of report.html",
	 .applies = always,
	 .render = html_render_css},
	{.name = "comment",
	 .filename = "comment.md",
	 .summary = "Markdown for a pull-request comment or a job summary",
	 .applies = always,
	 .render = markdown_render},
	{.name = "hlog",
	 .filename = "latency.hlog",
	 .summary = "latencies per endpoint, for HdrHistogram's tools",
	 .redacts = true,
	 .applies = has_latencies,
	 .render = hlog_render},
};
const size_t report_formats_count = ARRAY_SIZE(report_formats);

/* The first error is the one to tell; later ones often follow from it. */
static void keep_first(struct error *first, const struct error *later)
{
	if (first->kind == ERROR_NONE)
		*first = *later;
}

static int render(const struct report_format *format, const struct run *run, struct strbuf *out,
		  struct error *err)
{
	if (format->render(run, out, err) != 0)
		return error_wrap(err, "%s", format->filename);
	if (out->overflow)
		return error_set(err, ERROR_DELIVERY, "%s: longer than %zu bytes", format->filename,
				 out->max_bytes ? out->max_bytes : STRBUF_MAX_DEFAULT);
	if (!format->redacts)
		log_redact(out);
	return 0;
}

static void manifest_add(json_t *files, const struct run *run, const char *name,
			 const struct strbuf *content)
{
	char digest[TEXT_SHA256_SIZE];
	json_t *file = extjson_object();

	text_sha256(strbuf_text(content), content->length, digest);
	extjson_set(file, "name", extjson_string(name));
	extjson_set(file, "sha256", extjson_string(digest));
	extjson_set(file, "run_id", extjson_string(run->run_id));
	extjson_append(files, file);
}

static int write_named(const char *dir, const char *name, const struct strbuf *content,
		       struct error *err)
{
	AUTO_FREE char *path = fs_join(dir, name);

	return fs_write_file(path, strbuf_text(content), content->length, err);
}

static int write_format(const struct report_format *format, const struct run *run, const char *dir,
			json_t *files, struct error *err)
{
	AUTO(strbuf) struct strbuf content = {0};

	if (render(format, run, &content, err) != 0 ||
	    write_named(dir, format->filename, &content, err) != 0)
		return -1;
	manifest_add(files, run, format->filename, &content);
	return 0;
}

static int write_manifest(const struct run *run, const char *dir, json_t *files, struct error *err)
{
	AUTO_JSON json_t *manifest = extjson_object();
	AUTO(strbuf) struct strbuf content = {0};

	extjson_set(manifest, "schema", extjson_string(REPORT_MANIFEST_SCHEMA));
	extjson_set(manifest, "run_id", extjson_string(run->run_id));
	extjson_set(manifest, "files", json_incref(files));
	extjson_dump_pretty(manifest, &content);
	return write_named(dir, REPORT_MANIFEST, &content, err);
}

/* What an earlier run left and this one does not replace is still ours. */
static void keep_listed(json_t *files, const json_t *earlier, const char *name)
{
	const json_t *listed = json_object_get(earlier, "files");
	json_t *file;
	size_t i;

	json_array_foreach (listed, i, file) {
		if (text_equal(extjson_get_string(file, "name", NULL), name))
			extjson_append(files, json_incref(file));
	}
}

/* NULL when there is none that can be read. */
static json_t *load_manifest(const char *dir)
{
	AUTO_FREE char *path = fs_join(dir, REPORT_MANIFEST);
	AUTO(strbuf) struct strbuf text = {0};
	json_t *manifest = NULL;

	if (!fs_exists(path) ||
	    fs_read_file(&text, path, REPORT_MANIFEST_MAX, ERROR_DELIVERY, NULL) != 0 ||
	    extjson_parse(strbuf_text(&text), text.length, REPORT_MANIFEST_MAX, ERROR_DELIVERY,
			  &manifest, NULL) != 0)
		return NULL;
	return manifest;
}

int report_write_all(const struct run *run, const char *dir, struct error *err)
{
	AUTO_JSON json_t *files = extjson_array();
	AUTO_JSON json_t *earlier = load_manifest(dir);
	struct error first = ERROR_INIT;

	for (size_t i = 0; i < report_formats_count; i++) {
		const struct report_format *format = &report_formats[i];
		struct error one = ERROR_INIT;

		if (format->applies(run) && write_format(format, run, dir, files, &one) == 0)
			continue;
		keep_listed(files, earlier, format->filename);
		if (one.kind != ERROR_NONE)
			keep_first(&first, &one);
	}
	if (first.kind == ERROR_NONE)
		return write_manifest(run, dir, files, err);
	if (write_manifest(run, dir, files, NULL) != 0)
		log_debug("the manifest was not written either");
	return error_set(err, ERROR_DELIVERY, "%s", first.message);
}
