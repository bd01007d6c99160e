/* What is measured: configuration, target, its services, the output folder. */
#include "perfgate/cli/doctor.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/cli/config.h"
#include "perfgate/config/table.h"
#include "perfgate/ext/pg.h"
#include "perfgate/ext/redis.h"
#include "perfgate/target/services.h"
#include "perfgate/target/target.h"

#include <math.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SERVICE_TIMEOUT_NS (5 * NS_PER_S)
#define FREE_BYTES_MIN ((uint64_t)100 << 20)

/* ---- configuration ---- */

static size_t count_limits(const struct gate_limits *limits)
{
	size_t n = 0;

	for (size_t i = 0; i < METRIC_COUNT; i++)
		n += isnan(limits->limit[i]) ? 0 : 1;
	return n;
}

static void describe_run(const struct doctor *doctor, struct strbuf *out)
{
	const struct string_list *run = &doctor->settings->run;
	char total[UNITS_TEXT_SIZE];
	int64_t total_ns = 0;

	for (size_t i = 0; i < run->count; i++) {
		const struct scenario *scenario = suite_find(doctor->suite, run->items[i], NULL);

		total_ns += scenario ? scenario->duration_ns : 0;
		strbuf_printf(out, "%s%s", i ? ", " : "", run->items[i]);
	}
	units_format_duration(total_ns, total);
	strbuf_printf(out, " (%s of load)", total);
}

void doctor_configuration(struct doctor *doctor)
{
	AUTO(strbuf) struct strbuf run = {0};
	struct error err = ERROR_INIT;
	const char *file;
	size_t limits;

	if (cli_settings(doctor->cli, &doctor->settings, &err) ||
	    config_check(doctor->settings, &doctor->suite, &err)) {
		doctor_fail(doctor, "configuration",
			    "mend it; `perfgate config validate` says when it is sound, `perfgate "
			    "init` writes one",
			    &err);
		return;
	}
	file = doctor->settings->file;
	limits = count_limits(&doctor->settings->gates);
	describe_run(doctor, &run);
	if (!file)
		doctor_warn(doctor, "configuration",
			    "`perfgate init` writes a file fitted to what is here",
			    "there is no ci_cd_config.yml: the built-in limits hold, for %s",
			    strbuf_text(&run));
	else
		doctor_ok(doctor, "configuration", "%s: %zu limit%s for all, %s", file, limits,
			  limits == 1 ? "" : "s", strbuf_text(&run));
}

/* ---- target ---- */

/* What it does at the moment; the seconds until it is ready are worth a line. */
static void say_step(const char *line, void *arg)
{
	struct strbuf *last = arg;

	log_debug("%s", line);
	strbuf_clear(last);
	strbuf_puts(last, line);
}

static const char *target_remedy(const struct settings *settings)
{
	switch (settings->target.kind) {
	case TARGET_URL: return "start it, or say where it is: `target:`, --target URL";
	case TARGET_COMMAND:
		return settings->target.build
			       ? "doctor does not build: was `target.build` run here? Then try "
				 "`target.command` by hand, with PORT set"
			       : "try `target.command` by hand, with PORT set; `target.ready` must "
				 "answer 2xx within 30 s";
	case TARGET_REFERENCE: break;
	}
	return "what `perfgate serve` says tells more";
}

static bool is_default_target(const struct settings *settings)
{
	return settings->target.kind == TARGET_REFERENCE &&
	       text_equal(setting_origin(settings, setting_find("target")), "default");
}

static void say_reached(struct doctor *doctor, struct target *target, const char *last,
			int64_t took_ns)
{
	char took[UNITS_TEXT_SIZE];

	units_format_duration(took_ns, took);
	if (is_default_target(doctor->settings) && doctor->ci.kind != CI_NONE)
		doctor_warn(
			doctor, "target",
			"write `target:` with your API, or `target: reference` if that is meant",
			"none is configured, so it is perfgate's own reference API that is "
			"measured");
	else if (doctor->settings->target.kind == TARGET_URL)
		doctor_ok(doctor, "target", "%s answers GET %s in %s", target_shown(target),
			  doctor->settings->target.ready, took);
	else
		doctor_ok(doctor, "target", "%s", *last ? last : target_shown(target));
}

DEFINE_AUTO(target, struct target *, target_stop)

void doctor_target(struct doctor *doctor)
{
	AUTO(target) struct target *target = NULL;
	AUTO(strbuf) struct strbuf last = {0};
	struct error err = ERROR_INIT;
	int64_t start_ns = clock_now_ns();

	if (target_start(doctor->settings, &cli_stop, say_step, &last, &target, &err)) {
		doctor_fail(doctor, "target", target_remedy(doctor->settings), &err);
		return;
	}
	doctor->environment = target_environment(target);
	say_reached(doctor, target, strbuf_text(&last), clock_now_ns() - start_ns);
}

/* ---- services ---- */

/* Does the target need them, or was one named, which it then gets? */
static bool is_concerned(const struct doctor *doctor, const char *url)
{
	const struct settings *settings = doctor->settings;

	return settings_measures_reference(settings) ||
	       (url && settings->target.kind == TARGET_COMMAND);
}

/* A private one: only whether it could be started; the target's line tells that it was. */
static void look_for_program(struct doctor *doctor, const char *name, const char *program,
			     const char *version)
{
	struct error err = ERROR_INIT;

	if (program && *version)
		doctor_ok(doctor, name, "a private one can be started: %.*s, %s",
			  (int)strcspn(version, " "), version, program);
	else if (program)
		doctor_ok(doctor, name, "a private one can be started: %s", program);
	else {
		error_set(&err, ERROR_USAGE, "not installed, and no URL is given");
		doctor_fail(doctor, name, SERVICES_INSTALL ", or give DATABASE_URL and REDIS_URL",
			    &err);
	}
}

static const char *version_of(const struct doctor *doctor, const char *key)
{
	return extjson_get_string(doctor->environment, key, "");
}

void doctor_postgres(struct doctor *doctor)
{
	const struct extpg_options options = {.connect_timeout_ns = SERVICE_TIMEOUT_NS,
					      .query_timeout_ns = SERVICE_TIMEOUT_NS};
	const char *url = doctor->settings->database_url;
	AUTO_FREE char *program = url ? NULL : services_find_postgres();
	AUTO(extpg) struct extpg *pg = NULL;
	struct error err = ERROR_INIT;
	int version;

	if (!is_concerned(doctor, url))
		return;
	if (!url) {
		look_for_program(doctor, "PostgreSQL", program,
				 version_of(doctor, "postgresql_version"));
		return;
	}
	if (extpg_connect(url, &options, &pg, &err)) {
		doctor_fail(doctor, "PostgreSQL",
			    "is it running, and is DATABASE_URL right? Without it a private one is "
			    "started",
			    &err);
		return;
	}
	version = extpg_server_version(pg);
	doctor_ok(doctor, "PostgreSQL", "%d.%d answers at the URL given", version / 10000,
		  version % 10000);
}

static int ask_redis(const char *url, char *version, size_t size, struct error *err)
{
	AUTO(extredis) struct extredis *redis = NULL;
	AUTO(strbuf) struct strbuf info = {.max_bytes = 1 << 20};

	if (extredis_connect(url, SERVICE_TIMEOUT_NS, &redis, err) ||
	    extredis_info(redis, "server", &info, err))
		return -1;
	if (extredis_info_field(strbuf_text(&info), "redis_version", version, size))
		version[0] = '\0';
	return 0;
}

void doctor_redis(struct doctor *doctor)
{
	const char *url = doctor->settings->redis_url;
	AUTO_FREE char *program = url ? NULL : services_find_redis();
	struct error err = ERROR_INIT;
	char version[32];

	if (!is_concerned(doctor, url))
		return;
	if (!url)
		look_for_program(doctor, "Redis", program, version_of(doctor, "redis_version"));
	else if (ask_redis(url, version, sizeof version, &err))
		doctor_fail(doctor, "Redis",
			    "is it running, and is REDIS_URL right? Without it a private one is "
			    "started",
			    &err);
	else
		doctor_ok(doctor, "Redis", "%s answers at the URL given", version);
}

/* ---- output ---- */

/* The folder, or the nearest one above that is there; heap. */
static char *nearest_folder(const char *path)
{
	AUTO_FREE char *folder = xstrdup(path);

	while (!fs_exists(folder)) {
		char *slash = strrchr(folder, '/');

		if (!slash)
			return xstrdup(".");
		slash[slash == folder] = '\0';
	}
	return TAKE(folder);
}

void doctor_output(struct doctor *doctor)
{
	const char *output = doctor->settings->output;
	AUTO_FREE char *folder = nearest_folder(output);
	struct error err = ERROR_INIT;
	char room[UNITS_TEXT_SIZE];
	struct statvfs space;
	uint64_t free_bytes;

	if (!fs_is_directory(folder) || access(folder, W_OK | X_OK)) {
		error_set(&err, ERROR_USAGE, "%s cannot be written", output);
		doctor_fail(doctor, "output", "name another folder: `output:`, --output DIR", &err);
		return;
	}
	if (statvfs(folder, &space)) {
		doctor_ok(doctor, "output", "%s can be written", output);
		return;
	}
	free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	units_format_bytes(free_bytes, room);
	if (free_bytes < FREE_BYTES_MIN)
		doctor_warn(doctor, "output", "make room: reports, records and logs go there",
			    "%s: only %s are free", output, room);
	else
		doctor_ok(doctor, "output", "%s can be written, %s are free", output, room);
}
