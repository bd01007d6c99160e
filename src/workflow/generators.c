#include "perfgate/workflow/generators.h"

#include "perfgate/base/text.h"
#include "perfgate/workflow/view.h"

#include <string.h>

static const char *const jenkins_extras[] = {"htmlpublisher", "lockable-resources", NULL};

const struct generator generators[] = {
	{
		.name = "github",
		.title = "GitHub Actions workflows",
		.files = {{".github/workflows/perfgate.yml", "github/perfgate.yml", TEMPLATE_YAML,
			   NULL},
			  {".github/workflows/perfgate-forks.yml", "github/perfgate-forks.yml",
			   TEMPLATE_YAML, "forks"},
			  {".github/actions/setup-perfgate/action.yml", "github/setup-perfgate.yml",
			   TEMPLATE_YAML, "install_build"}},
		.extend = github_extend,
	},
	{
		.name = "jenkins",
		.title = "declarative Jenkins pipeline",
		.files = {{"Jenkinsfile", "jenkins/Jenkinsfile", TEMPLATE_GROOVY, NULL}},
		.extras = jenkins_extras,
	},
	{
		.name = "pre-push",
		.title = "git hook that measures before a push",
		.place = PLACE_HOOKS,
		.files = {{"pre-push", "workflow/pre-push.sh", TEMPLATE_NONE, NULL}},
	},
	{
		.name = "docker",
		.title = "image and services for a run in containers",
		.files = {{"docker/perfgate/Dockerfile", "docker/Dockerfile", TEMPLATE_NONE, NULL},
			  {"docker/perfgate/compose.yml", "docker/compose.yml", TEMPLATE_YAML,
			   NULL}},
	},
	{.name = NULL},
};

void generator_names(struct strbuf *out)
{
	for (size_t i = 0; generators[i].name != NULL; i++)
		strbuf_printf(out, "%s%s", i == 0 ? "" : ", ", generators[i].name);
}

const struct generator *generator_find(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(generators)] = {NULL};
	AUTO(strbuf) struct strbuf all = {0};
	const char *suggestion;

	for (size_t i = 0; generators[i].name != NULL; i++) {
		if (text_equal(generators[i].name, name))
			return &generators[i];
		names[i] = generators[i].name;
	}
	suggestion = text_suggest(name, names);
	generator_names(&all);
	if (suggestion != NULL)
		error_set(err, ERROR_USAGE, "cannot generate `%s`: did you mean `%s`?", name,
			  suggestion);
	else
		error_set(err, ERROR_USAGE, "cannot generate `%s`: choose one of %s", name,
			  strbuf_text(&all));
	return NULL;
}

static bool is_in(const char *const *list, const char *name)
{
	while (list != NULL && *list != NULL)
		if (text_equal(*list++, name))
			return true;
	return false;
}

static int unknown_extra(const struct generator *generator, const char *name, struct error *err)
{
	const char *close;

	if (generator->extras == NULL)
		return error_set(err, ERROR_USAGE, "--with: `%s` has no variants", generator->name);
	close = text_suggest(name, generator->extras);
	if (close != NULL)
		return error_set(err, ERROR_USAGE, "--with: `%s` is not known: did you mean `%s`?",
				 name, close);
	return error_set(err, ERROR_USAGE, "--with: `%s` is not known to `%s`", name,
			 generator->name);
}

/* "lockable-resources" is the member with.lockable_resources. */
static int add_extras(json_t *view, const struct generator *generator, const char *const *with,
		      struct error *err)
{
	json_t *extras = extjson_object();

	extjson_set(view, "with", extras);
	for (; with != NULL && *with != NULL; with++) {
		AUTO_FREE char *member = xstrdup(*with);

		if (!is_in(generator->extras, *with))
			return unknown_extra(generator, *with, err);
		for (char *c = member; *c != '\0'; c++)
			*c = *c == '-' ? '_' : *c;
		extjson_set(extras, member, json_true());
	}
	return 0;
}

int generator_view(const struct generator *generator, const struct settings *settings,
		   const char *config_path, const char *const *with, json_t **out,
		   struct error *err)
{
	AUTO_JSON json_t *view = NULL;

	if (workflow_view(settings, config_path, &view, err) != 0 ||
	    add_extras(view, generator, with, err) != 0)
		return -1;
	if (generator->extend != NULL && generator->extend(view, settings, err) != 0)
		return -1;
	*out = TAKE(view);
	return 0;
}

bool generated_file_wanted(const struct generated_file *file, const json_t *view)
{
	return file->when == NULL || extjson_get_bool(view, file->when, false);
}

int generated_file_render(const struct generated_file *file, const json_t *view, struct strbuf *out,
			  struct error *err)
{
	return template_render(file->template, file->escape, view, out, err);
}
