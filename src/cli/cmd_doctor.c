/* `perfgate doctor`: is everything there that a check needs? */
#include "perfgate/cli/doctor.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/commands.h"
#include "perfgate/ext/json.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/terminal.h"

#include <stdio.h>
#include <string.h>

#define SCHEMA "perfgate.doctor/1"
#define TEXT_MAX 600
#define NAME_COLUMN 4
#define TEXT_COLUMN 19
#define COLUMNS_SHOWN 120
#define MEASURED "what is measured"
#define REPOSITORY "repository and CI"
#define MACHINE "this machine"

static const struct {
	const char *word, *mark, *colour;
} findings[] = {
	[FINDING_OK] = {"ok", "✓", "32"},
	[FINDING_WARN] = {"warn", "!", "33"},
	[FINDING_FAIL] = {"fail", "✗", "31"},
};
_Static_assert(ARRAY_SIZE(findings) == FINDING_COUNT, "a word per finding");

/* In the order of the screen; the services follow the target, which may have started them. */
static const struct probe {
	const char *group;
	void (*run)(struct doctor *doctor);
	enum { ALWAYS, WITH_SETTINGS, UNLESS_QUICK } when;
} probes[] = {
	{MEASURED, doctor_configuration, ALWAYS},
	{MEASURED, doctor_target, WITH_SETTINGS},
	{MEASURED, doctor_postgres, WITH_SETTINGS},
	{MEASURED, doctor_redis, WITH_SETTINGS},
	{MEASURED, doctor_output, WITH_SETTINGS},
	{REPOSITORY, doctor_git, ALWAYS},
	{REPOSITORY, doctor_baselines, ALWAYS},
	{REPOSITORY, doctor_ci, ALWAYS},
	{REPOSITORY, doctor_workflows, ALWAYS},
	{MACHINE, doctor_processor, ALWAYS},
	{MACHINE, doctor_files, WITH_SETTINGS},
	{MACHINE, doctor_ports, ALWAYS},
	{MACHINE, doctor_clock, ALWAYS},
	{MACHINE, doctor_wakeups, UNLESS_QUICK},
	{MACHINE, doctor_noise, UNLESS_QUICK},
};

/* ---- lines ---- */

static const char *shown(struct doctor *doctor, const char *text)
{
	AUTO(strbuf) struct strbuf out = {0};

	figures_visible(&out, text, TEXT_MAX);
	return arena_strdup(&doctor->arena, strbuf_text(&out));
}

static void add(struct doctor *doctor, const struct doctor_line *line)
{
	struct doctor_line copy = *line;

	copy.group = doctor->group;
	copy.text = shown(doctor, line->text);
	copy.remedy = line->remedy ? shown(doctor, line->remedy) : NULL;
	*VEC_PUSH(doctor->lines, doctor->n_lines, doctor->lines_capacity) = copy;
	if (doctor->tell)
		doctor->tell(doctor, &copy);
}

void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...)
{
	char text[ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	add(doctor, &(struct doctor_line){.name = name, .text = text});
}

void doctor_warn(struct doctor *doctor, const char *name, const char *remedy, const char *format,
		 ...)
{
	char text[ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	add(doctor, &(struct doctor_line){
			    .name = name, .finding = FINDING_WARN, .text = text, .remedy = remedy});
}

void doctor_fail(struct doctor *doctor, const char *name, const char *remedy,
		 const struct error *err)
{
	add(doctor, &(struct doctor_line){.name = name,
					  .finding = FINDING_FAIL,
					  .kind = err->kind,
					  .text = err->message,
					  .remedy = remedy});
}

/* ---- the screen ---- */

static struct terminal terminal_of(const struct doctor *doctor, struct strbuf *out)
{
	int columns = cli_columns(1);

	return (struct terminal){out, cli_colour(1, doctor->cli),
				 (size_t)(columns < COLUMNS_SHOWN ? columns : COLUMNS_SHOWN)};
}

static void put_line(struct terminal *terminal, const struct doctor_line *line)
{
	terminal_spaces(terminal, NAME_COLUMN - 2);
	terminal_styled(terminal, findings[line->finding].colour, findings[line->finding].mark);
	terminal_spaces(terminal, 1);
	terminal_fit(terminal, line->name, TEXT_COLUMN - NAME_COLUMN, false);
	terminal_paragraph(terminal, line->text, TEXT_COLUMN);
	if (!line->remedy)
		return;
	terminal_spaces(terminal, TEXT_COLUMN);
	terminal_styled(terminal, findings[line->finding].colour, "→");
	terminal_spaces(terminal, 1);
	terminal_paragraph(terminal, line->remedy, TEXT_COLUMN + 2);
}

/* As it is found: some probes take seconds. */
static void tell(const struct doctor *doctor, const struct doctor_line *line)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct terminal terminal = terminal_of(doctor, &out);
	bool first = doctor->n_lines == 1;

	if (first || !text_equal(line->group, doctor->lines[doctor->n_lines - 2].group)) {
		strbuf_puts(&out, first ? "" : "\n");
		terminal_styled(&terminal, "1", line->group);
		strbuf_putc(&out, '\n');
	}
	put_line(&terminal, line);
	/* A full device is found by the last line. */
	fputs(strbuf_text(&out), stdout);
	fflush(stdout);
}

/* ---- the end ---- */

static size_t count(const struct doctor *doctor, enum finding finding)
{
	size_t n = 0;

	for (size_t i = 0; i < doctor->n_lines; i++)
		n += doctor->lines[i].finding == finding;
	return n;
}

/* What check would end with: of several, the one that comes first there. */
static int exit_status(const struct doctor *doctor)
{
	static const enum error_kind order[] = {ERROR_USAGE, ERROR_INTERNAL, ERROR_UNMEASURED,
						ERROR_BASELINE, ERROR_DELIVERY};

	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		for (size_t i = 0; i < doctor->n_lines; i++)
			if (doctor->lines[i].finding == FINDING_FAIL &&
			    doctor->lines[i].kind == order[k])
				return error_exit_status(order[k]);
	return 0;
}

static int print_summary(const struct doctor *doctor, int status, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct terminal terminal = terminal_of(doctor, &out);
	size_t warnings = count(doctor, FINDING_WARN), failures = count(doctor, FINDING_FAIL);
	enum finding worst = failures ? FINDING_FAIL : warnings ? FINDING_WARN : FINDING_OK;

	strbuf_putc(&out, '\n');
	terminal_style(&terminal, findings[worst].colour);
	strbuf_printf(&out, "%zu ok, %zu warning%s, %zu failed", count(doctor, FINDING_OK),
		      warnings, warnings == 1 ? "" : "s", failures);
	terminal_style(&terminal, "0");
	if (failures)
		strbuf_printf(&out, ": a check would end with exit status %d\n", status);
	else
		strbuf_puts(&out, ": ready for `perfgate check`\n");
	return cli_print(strbuf_text(&out), err);
}

static int print_json(const struct doctor *doctor, int status, struct error *err)
{
	AUTO_JSON json_t *document = extjson_object();
	json_t *checks = extjson_array();
	AUTO(strbuf) struct strbuf out = {0};
	size_t warnings = count(doctor, FINDING_WARN), failures = count(doctor, FINDING_FAIL);
	enum finding worst = failures ? FINDING_FAIL : warnings ? FINDING_WARN : FINDING_OK;

	for (size_t i = 0; i < doctor->n_lines; i++) {
		const struct doctor_line *line = &doctor->lines[i];
		json_t *check = extjson_object();

		extjson_set(check, "group", extjson_string(line->group));
		extjson_set(check, "name", extjson_string(line->name));
		extjson_set(check, "finding", extjson_string(findings[line->finding].word));
		extjson_set(check, "text", extjson_string(line->text));
		extjson_set(check, "remedy", extjson_string(line->remedy));
		extjson_append(checks, check);
	}
	extjson_set(document, "schema", extjson_string(SCHEMA));
	extjson_set(document, "finding", extjson_string(findings[worst].word));
	extjson_set(document, "exit_status", extjson_integer(status));
	extjson_set(document, "checks", checks);
	extjson_dump_pretty(document, &out);
	return cli_print(strbuf_text(&out), err);
}

static void run_probes(struct doctor *doctor)
{
	bool quick = cli_flag(doctor->cli, "--quick");

	for (size_t i = 0; i < ARRAY_SIZE(probes) && !cli_stop; i++) {
		if ((probes[i].when == WITH_SETTINGS && !doctor->settings) ||
		    (probes[i].when == UNLESS_QUICK && quick))
			continue;
		doctor->group = probes[i].group;
		probes[i].run(doctor);
	}
}

static void doctor_release(struct doctor *doctor)
{
	settings_free(doctor->settings);
	suite_free(doctor->suite);
	job_release(&doctor->job);
	json_decref(doctor->environment);
	free(doctor->lines);
	arena_release(&doctor->arena);
}
DEFINE_AUTO_VALUE(doctor, struct doctor, doctor_release)

static int doctor_run(struct cli *cli, struct error *err)
{
	AUTO(doctor) struct doctor doctor = {.cli = cli};
	bool json = cli_flag(cli, "--json");
	int status;

	doctor.tell = json ? NULL : tell;
	/* The lines say what others would log. */
	if (log_get_level() == LOG_INFO)
		log_set_level(LOG_WARNING);
	cli_catch_signals();
	ci_read(&doctor.ci);
	job_read(&doctor.job);
	run_probes(&doctor);
	status = exit_status(&doctor);
	if (json ? print_json(&doctor, status, err) : print_summary(&doctor, status, err))
		return -1;
	return status;
}

static const struct option_row options[] = {
	{.name = "--target",
	 .value = "URL",
	 .help = "API to look at: a URL, unix:/path, or `reference`",
	 .setting = "target"},
	{.name = "--insecure",
	 .help = "https: accept any certificate",
	 .setting = "target.insecure"},
	{.name = "--quick", .help = "leave out the noise of the machine, which takes 4 s"},
	{.name = "--json", .help = "print the lines as JSON"},
	{0},
};

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "is everything there that a check needs?",
	.description =
		"Looks at the configuration, the target, PostgreSQL and Redis, git and its notes,\n"
		"the CI job or the workflows, and this machine: processor, open files, ports,\n"
		"clock, and the noise, with the smallest regression that a comparison can find in\n"
		"it. Each line is fine, a warning or a failure, with what to do. A target that is\n"
		"a command is started (not built) and stopped again; nothing is sent but to the\n"
		"target's readiness path and to the services that are configured. It takes about 5 "
		"s,\n"
		"and at most 30 s more for a target that does not start.\n"
		"\n"
		"Exit status: 0 without failures (warnings are none), else what a check would end\n"
		"with: 2 configuration or a missing program, 3 target or service out of reach,\n"
		"4 baselines unreadable.",
	.examples = "  perfgate doctor\n"
		    "  # what fails, for programs\n"
		    "  perfgate doctor --json | jq '.checks[] | select(.finding == \"fail\")'",
	.options = options,
	.run = doctor_run,
};
