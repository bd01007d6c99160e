#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/cli/session.h"
#include "perfgate/report/formats.h"
#include "perfgate/results/codec.h"

#include <string.h>

static int write_result(const struct session *session, struct error *err)
{
	AUTO_JSON json_t *document = codec_encode(session->run);
	AUTO_FREE char *path = fs_join(session->settings->output, "result.json");
	AUTO(strbuf) struct strbuf text = {0};

	extjson_dump_pretty(document, &text);
	if (fs_write_file(path, strbuf_text(&text), text.length, err))
		return -1;
	log_info("wrote %s: judge it with `perfgate check --from %s`", path, path);
	return 0;
}

static int run_run(struct cli *cli, struct error *err)
{
	AUTO(session) struct session session;
	struct error cause = ERROR_INIT;

	if (session_open(&session, cli, err) || session_lock_output(&session, err))
		return -1;
	if (session_drive(&session, &cause) && session.run->n_scenarios == 0) {
		*err = cause;
		return -1;
	}
	session.run->verdict.reason = "not judged";
	if (write_result(&session, err))
		return -1;
	if (cause.kind != ERROR_NONE) {
		*err = cause;
		return -1;
	}
	return 0;
}

static const struct option_row options[] = {SESSION_OPTIONS, {0}};

const struct command cmd_run = {
	.name = "run",
	.summary = "drive the suite and write a result; judge nothing",
	.description =
		"Sends the same load as `check` and writes result.json only: a recording, to be\n"
		"judged, compared or reported later.",
	.examples = "  perfgate run --scenario load --output recording\n"
		    "  perfgate check --from recording/result.json",
	.options = options,
	.run = run_run,
};
