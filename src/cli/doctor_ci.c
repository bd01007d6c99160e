/* The CI job that we are in, or the workflows of the repository. Nothing is asked of GitHub. */
#include "perfgate/cli/doctor.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/discover/document.h"
#include "perfgate/ext/git.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define WORKFLOWS ".github/workflows"

/* ---- in a job ---- */

/* What CI promises by a variable, and is not there: the verdict would be told to nobody. */
static void look_at_file(struct doctor *doctor, const char *variable)
{
	const char *path = getenv(variable);

	if (path && *path && access(path, R_OK))
		doctor_warn(doctor, "CI", "it is the runner's to make; is the job in a container?",
			    "%s names a file that cannot be read", variable);
}

static void look_at_token(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;

	if (!settings || !doctor->job.github ||
	    (!settings->github_status && !settings->github_comment))
		return;
	if (!settings->github_token)
		doctor_warn(doctor, "CI", "env: GITHUB_TOKEN: ${{ github.token }} in the step",
			    "GITHUB_TOKEN is not set: no commit status and no comment");
	else if (doctor->job.fork)
		doctor_warn(doctor, "CI", "the job summary tells the verdict all the same",
			    "a pull request of a fork: GITHUB_TOKEN may only read, so no commit "
			    "status and no comment");
}

static void look_at_mail(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;

	if (settings && settings->email_recipients.count > 0 && !settings->smtp_url)
		doctor_warn(doctor, "CI", "set PERFGATE_SMTP_URL from a secret",
			    "there are recipients of mail and no server to send it by");
}

void doctor_ci(struct doctor *doctor)
{
	const struct ci *ci = &doctor->ci;
	const char *branch = doctor->settings ? doctor->settings->baseline_branch : "main";
	const char *refusal;
	char buffer[512];

	if (ci->kind == CI_NONE)
		return;
	refusal = ci_refusal(ci, branch, buffer, sizeof buffer);
	doctor_ok(doctor, "CI", "event %s%s%s: %s", ci->event, *ci->branch ? " on " : "",
		  ci->branch, refusal ? refusal : "baselines are written and pushed");
	look_at_file(doctor, "GITHUB_EVENT_PATH");
	look_at_token(doctor);
	look_at_mail(doctor);
}

/* ---- the workflows ---- */

struct job_view {
	struct doctor *doctor;
	const char *file;
	const json_t *workflow, *job;
	const char *name;
};

/* A permission of the job, else of the workflow; NULL when neither says a word. */
static const char *permission(const struct job_view *view, const char *name)
{
	const json_t *said = json_object_get(view->job, "permissions");

	said = said ? said : json_object_get(view->workflow, "permissions");
	if (!said)
		return NULL;
	if (json_is_string(said))
		return text_equal(json_string_value(said), "write-all") ? "write" : "read";
	/* What a mapping does not name is none. */
	return extjson_get_string(said, name, "none");
}

static bool step_mentions(const json_t *step, const char *text)
{
	return strstr(extjson_get_string(step, "run", ""), text) != NULL;
}

static bool job_mentions(const json_t *job, const char *text)
{
	const json_t *steps = json_object_get(job, "steps"), *step;
	size_t i;

	json_array_foreach (steps, i, step)
		if (step_mentions(step, text))
			return true;
	return false;
}

/* The whole history is checked out, where there is a checkout. */
static bool is_shallow(const json_t *job)
{
	const json_t *steps = json_object_get(job, "steps"), *step;
	size_t i;

	json_array_foreach (steps, i, step)
		if (text_starts_with(extjson_get_string(step, "uses", ""), "actions/checkout"))
			return extjson_get_integer(json_object_get(step, "with"), "fetch-depth",
						   1) != 0;
	return false;
}

static bool lacks(const struct job_view *view, const char *name, bool wanted, struct strbuf *out)
{
	const char *said = permission(view, name);

	if (!wanted || text_equal(said, "write"))
		return false;
	strbuf_printf(out, "%s%s: write", out->length ? ", " : "", name);
	return true;
}

/* A pull request's job needs no right to write contents, and a push has nothing to comment on. */
static void look_at_job(const struct job_view *view)
{
	const struct settings *settings = view->doctor->settings;
	bool writes = job_mentions(view->job, "--update-baseline");
	AUTO(strbuf) struct strbuf missing = {0};
	AUTO_FREE char *remedy = NULL;

	lacks(view, "contents", writes, &missing);
	lacks(view, "statuses", !settings || settings->github_status, &missing);
	lacks(view, "pull-requests", !writes && (!settings || settings->github_comment), &missing);
	if (missing.length > 0) {
		remedy = xasprintf("permissions: {%s} in that job", strbuf_text(&missing));
		doctor_warn(view->doctor, "workflow", remedy, "%s: job %s may not do all it should",
			    view->file, view->name);
	}
	if (is_shallow(view->job))
		doctor_warn(view->doctor, "workflow",
			    "with: {fetch-depth: 0} at its actions/checkout",
			    "%s: job %s checks out one commit: no base to compare with", view->file,
			    view->name);
}

/* Returns how many of its jobs run a check. */
static size_t look_at_workflow(struct doctor *doctor, const char *file, const json_t *workflow)
{
	struct job_view view = {.doctor = doctor, .file = file, .workflow = workflow};
	const json_t *jobs = json_object_get(workflow, "jobs");
	size_t n = 0;

	json_object_foreach ((json_t *)(uintptr_t)jobs, view.name, view.job) {
		if (!job_mentions(view.job, "perfgate check"))
			continue;
		look_at_job(&view);
		n++;
	}
	return n;
}

static size_t look_at_file_of(struct doctor *doctor, const char *folder, const char *name)
{
	AUTO_FREE char *path = fs_join(folder, name), *shown = xasprintf(WORKFLOWS "/%s", name);
	AUTO_JSON json_t *workflow = NULL;

	if ((!text_ends_with(name, ".yml") && !text_ends_with(name, ".yaml")) ||
	    document_load(path, &workflow, NULL))
		return 0;
	return look_at_workflow(doctor, shown, workflow);
}

void doctor_workflows(struct doctor *doctor)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO_FREE char *folder = NULL, *jenkinsfile = NULL;
	struct dirent **list = NULL;
	size_t jobs = 0, before = doctor->n_lines;
	int count;

	if (extgit_open(&git, NULL) || !git || !extgit_work_tree(git))
		return;
	folder = xasprintf("%s" WORKFLOWS, extgit_work_tree(git));
	jenkinsfile = xasprintf("%sJenkinsfile", extgit_work_tree(git));
	count = scandir(folder, &list, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		jobs += look_at_file_of(doctor, folder, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	if (jobs == 0 && !fs_exists(jenkinsfile))
		doctor_ok(doctor, "workflow",
			  "none runs a check: `perfgate generate github` (or jenkins) writes one");
	else if (jobs > 0 && doctor->n_lines == before)
		doctor_ok(doctor, "workflow", "%zu job%s with what they need", jobs,
			  jobs == 1 ? "" : "s");
}
