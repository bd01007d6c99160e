#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/session.h"
#include "perfgate/notify/notify.h"
#include "perfgate/results/codec.h"
#include "perfgate/verdict/gate.h"

#include <string.h>

/* The names asked for, split at commas; NULL-terminated. */
struct choice {
	struct arena arena;
	const char *names[16];
	size_t count;
};

static void choice_release(struct choice *choice)
{
	arena_release(&choice->arena);
}
DEFINE_AUTO_VALUE(choice, struct choice, choice_release)

static int unknown_channel(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(((struct choice *)0)->names) + 1] = {0};
	const char *close;

	for (size_t i = 0; i < notify_channels_count; i++)
		names[i] = notify_channels[i]->name;
	close = text_suggest(name, names);
	return error_set(err, ERROR_USAGE, "--channel: `%s` is not known: %s`%s`%s", name,
			 close ? "did you mean " : "see ", close ? close : "perfgate notify --help",
			 close ? "?" : "");
}

static int choose(struct choice *choice, const char *word, struct error *err)
{
	if (!notify_find(word))
		return unknown_channel(word, err);
	if (choice->count < ARRAY_SIZE(choice->names) - 1)
		choice->names[choice->count++] = word;
	return 0;
}

static int parse_channels(const struct cli *cli, struct choice *out, struct error *err)
{
	for (const char *const *value = cli_values(cli, "--channel"); *value; value++) {
		for (const char *at = *value; *at;) {
			size_t length = strcspn(at, ",");

			if (choose(out, arena_strndup(&out->arena, at, length), err))
				return -1;
			at += length + (at[length] == ',');
		}
	}
	return 0;
}

/* Asked for by name and not switched on, or nothing at all to send: a mistake. */
static int check_wanted(const struct notify *notify, const struct choice *choice, struct error *err)
{
	for (size_t i = 0; i < choice->count; i++) {
		const struct channel *channel = notify_find(choice->names[i]);

		if (!channel->wanted(notify))
			return error_set(err, ERROR_USAGE, "%s: not switched on: it needs %s",
					 channel->name, channel->needs);
	}
	for (size_t i = 0; i < notify_channels_count; i++)
		if (notify_channels[i]->wanted(notify))
			return 0;
	return error_set(err, ERROR_USAGE,
			 "nothing to send to: set notification.slack_webhook or "
			 "notification.email_recipients, or run it in GitHub Actions");
}

static int preview(const struct notify *notify, const char *const *chosen, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};

	if (notify_preview(notify, chosen, &out, err))
		return -1;
	log_redact(&out);
	return cli_print(strbuf_text(&out), err);
}

/* In CI the page of this run is known better than the file can know it. */
static int load_result(const struct cli *cli, const struct job *job, struct run **out,
		       struct error *err)
{
	if (codec_load(cli_argument(cli, 0), out, err))
		return -1;
	if (job->github || job->run_url)
		(*out)->build_url = job->run_url;
	return 0;
}

static int notify_run(struct cli *cli, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	AUTO(run) struct run *run = NULL;
	AUTO(choice) struct choice choice = {0};
	AUTO(job) struct job job = {0};
	struct notify notify;
	const char *const *chosen;

	if (parse_channels(cli, &choice, err) || cli_settings(cli, &settings, err))
		return -1;
	job_read(&job);
	if (load_result(cli, &job, &run, err))
		return -1;
	cli_catch_signals();
	chosen = choice.count ? choice.names : NULL;
	notify = (struct notify){.run = run,
				 .settings = settings,
				 .job = &job,
				 .dir = settings->output,
				 .exit_status = session_verdict_status(&run->verdict, settings,
								       cli_flag(cli, "--strict")),
				 .stop = &cli_stop};
	if (check_wanted(&notify, &choice, err))
		return -1;
	if (cli_flag(cli, "--dry-run"))
		return preview(&notify, chosen, err);
	return notify_send(&notify, chosen) ? error_exit_status(ERROR_DELIVERY) : 0;
}

static const struct option_row options[] = {
	{.name = "--channel",
	 .value = "CHANNEL,...",
	 .help = "only these: summary outputs annotations status comment slack email",
	 .repeatable = true},
	{.name = "--dry-run", .letter = 'n', .help = "print what would be sent; send nothing"},
	{.name = "--strict", .help = "inconclusive is an error in the commit status"},
	{0},
};

const struct command cmd_notify = {
	.name = "notify",
	.summary = "send a stored verdict",
	.arguments = "RESULT",
	.min_arguments = 1,
	.max_arguments = 1,
	.description =
		"Reads a result.json and tells its verdict: GitHub's job summary, outputs,\n"
		"annotations, commit status and pull-request comment, Slack and mail, each where\n"
		"settings and environment switch it on. `check` does the same at its end. Exit 5\n"
		"when one of them was not delivered; the verdict itself does not count here.",
	.examples = "  # look at it first\n"
		    "  perfgate notify perfgate-results/result.json --dry-run\n"
		    "  # in a workflow that comments for forks\n"
		    "  perfgate notify result.json --channel comment,status",
	.options = options,
	.run = notify_run,
};
