#include "perfgate/api/api.h"
#include "perfgate/api/data_set.h"
#include "perfgate/api/rate.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/commands.h"
#include "perfgate/load/limits.h"
#include "perfgate/target/services.h"

#include <string.h>

#define DEFAULT_PORT "8000"
#define DRAIN_NS (5 * NS_PER_S)
#define MAX_THREADS 256

/* The test's own database wins, so that a load test never meets the one in daily use. */
static const char *service_url(const char *test_name, const char *name)
{
	const char *url = getenv(test_name);

	if (!url || !*url)
		url = getenv(name);
	return url && *url ? url : NULL;
}

static int read_number(const struct cli *cli, const char *option, const char *fallback,
		       int64_t limit, int64_t *out, struct error *err)
{
	const char *text = cli_value(cli, option);
	const char *why = NULL;

	if (units_parse_integer(text ? text : fallback, out, &why) < 0)
		return error_set(err, ERROR_USAGE, "%s %s: %s", option, text, why);
	if (*out < 0 || *out > limit)
		return error_set(err, ERROR_USAGE, "%s %s: write 0..%lld", option, text,
				 (long long)limit);
	return 0;
}

static int check_data_set(const char *name, struct error *err)
{
	AUTO(strbuf) struct strbuf names = {0};

	if (!name || data_set_find(name))
		return 0;
	for (const struct data_set *set = data_sets; set->name; set++)
		strbuf_printf(&names, "%s%s", set == data_sets ? "" : " and ", set->name);
	return error_set(err, ERROR_USAGE, "--data-set `%s`: there are %s", name,
			 strbuf_text(&names));
}

static int read_options(const struct cli *cli, struct api_options *out, struct error *err)
{
	int64_t port, threads, rate;

	if (check_data_set(cli_value(cli, "--data-set"), err) < 0)
		return -1;
	if (read_number(cli, "--port", DEFAULT_PORT, 65535, &port, err) < 0 ||
	    read_number(cli, "--threads", "0", MAX_THREADS, &threads, err) < 0 ||
	    read_number(cli, "--rate-limit", "0", RATE_MAX_PER_S, &rate, err) < 0)
		return -1;
	out->rate_limit = (unsigned)rate;
	out->port = (int)port;
	out->threads = (unsigned)threads;
	out->bind = cli_value(cli, "--bind");
	out->inject = cli_values(cli, "--inject");
	if (out->bind && !text_starts_with(out->bind, "127.") && !text_equal(out->bind, "::1"))
		log_warning("--bind %s: the API has no authentication and can be reached from "
			    "other machines",
			    out->bind);
	return 0;
}

/*
 * Signals wait in the kernel until we look: a stop during the start is as orderly as one
 * later. What nohup or a background shell ignores stays ignored.
 */
static void block_stop_signals(sigset_t *set)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction old;

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(set, numbers[i]);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static bool stop_pending(const sigset_t *set)
{
	sigset_t pending;

	sigpending(&pending);
	sigandset(&pending, &pending, set);
	return !sigisemptyset(&pending);
}

static int say_ready(const struct api_options *options, const struct api *api, struct error *err)
{
	const char *host = options->bind ? options->bind : "127.0.0.1";
	bool v6 = strchr(host, ':') != NULL;
	AUTO_FREE char *line = xasprintf("perfgate serve: ready on http://%s%s%s:%d\n",
					 v6 ? "[" : "", host, v6 ? "]" : "", api_port(api));

	return cli_print(line, err);
}

static int serve(const struct api_options *options, const char *data_set, bool fill,
		 const sigset_t *stop, struct error *err)
{
	struct api *api;
	int signal_number, status = 0;

	if (api_start(options, &api, err) < 0)
		return -1;
	if (!stop_pending(stop)) {
		status = api_prepare(api, data_set, fill, err);
		if (status == 0)
			status = say_ready(options, api, err);
	}
	if (status == 0) {
		while (sigwait(stop, &signal_number) != 0)
			;
		log_debug("signal %d: finishing the requests under way", signal_number);
	}
	/* From here a second signal ends us at once; the watcher ends what we started. */
	pthread_sigmask(SIG_UNBLOCK, stop, NULL);
	api_stop(api, DRAIN_NS);
	return status;
}

static int fill_database(const char *database_url, void *arg, struct error *err)
{
	(void)arg;
	return api_fill(database_url, err);
}

/* Only the quick data set is kept for later starts: the full one takes 400 MB. */
static int start_services(const char *data_set, struct services **out, struct error *err)
{
	char key[TEXT_SHA256_SIZE];
	const struct services_content quick = {.key = key, .fill = fill_database};
	const struct services_content *content =
		!data_set || text_equal(data_set, "quick") ? &quick : NULL;

	if (api_content_digest(key, err) < 0)
		return -1;
	return services_start(service_url("LOAD_TEST_DATABASE_URL", "DATABASE_URL"),
			      service_url("LOAD_TEST_REDIS_URL", "REDIS_URL"), content, out, err);
}

static int run_serve(struct cli *cli, struct error *err)
{
	struct api_options options = {0};
	struct services *services;
	sigset_t stop;
	int status;

	if (read_options(cli, &options, err) < 0 || api_check_options(&options, err) < 0)
		return -1;
	/* A user of the load test is a connection: the soft limit of 1024 would refuse them. */
	limits_raise_files();
	block_stop_signals(&stop);
	if (start_services(cli_value(cli, "--data-set"), &services, err) < 0)
		return -1;
	options.database_url = services_database(services);
	options.redis_url = services_redis(services);
	options.database_private = services_database_is_private(services);
	options.redis_private = services_redis_is_private(services);
	status = serve(&options, cli_value(cli, "--data-set"),
		       cli_flag(cli, "--init") || options.database_private, &stop, err);
	services_stop(services);
	return status;
}

static const struct option_row serve_options[] = {
	{.name = "--port",
	 .letter = 'p',
	 .value = "PORT",
	 .help = "port to listen on (default 8000; 0 = choose one and print it)"},
	{.name = "--bind",
	 .value = "ADDRESS",
	 .help = "numeric address to listen on (default 127.0.0.1)"},
	{.name = "--inject",
	 .value = "FAULT",
	 .help = "make a known regression, as described above",
	 .repeatable = true},
	{.name = "--data-set",
	 .value = "quick|full",
	 .help = "data to fill in: quick (a year, the default) or full (four years)"},
	{.name = "--init", .help = "fill an empty external database and fit the models"},
	{.name = "--threads", .value = "N", .help = "threads that answer requests (default 16)"},
	{.name = "--rate-limit",
	 .value = "N",
	 .help = "answer 429 to more than N requests/s of one client (0 = off, the default)"},
	{0},
};

const struct command cmd_serve = {
	.name = "serve",
	.summary = "the reference prediction API on PostgreSQL and Redis",
	.description =
		"Serves a prediction API with a real database and cache: a target for trying\n"
		"perfgate out. It starts a private PostgreSQL and Redis, unless DATABASE_URL\n"
		"and REDIS_URL name others (LOAD_TEST_DATABASE_URL and LOAD_TEST_REDIS_URL win),\n"
		"and prints its URL when it is ready; /dashboard there shows it live. SIGTERM and\n"
		"Ctrl-C end it in order.\n"
		"\n"
		"--inject takes latency=3s, latency=20% (of the own time), tail=5%:2x, errors=1%\n"
		"or cache-miss=5%, each with an optional @ROUTE; without it, only /predict/ is\n"
		"meant. It may be given several times.",
	.examples = "  perfgate serve\n"
		    "  # ten per cent slower in batches\n"
		    "  perfgate serve --port 8001 --inject latency=10%@/predict/batch",
	.options = serve_options,
	.run = run_serve,
};
