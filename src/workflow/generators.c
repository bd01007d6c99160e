#include "perfgate/workflow/generators.h"

#include "perfgate/base/text.h"
#include "perfgate/workflow/view.h"

#include <string.h>

const struct generator generators[] = {
	{
		.name = "github",
		.title = "GitHub Actions workflow",
		.path = ".github/workflows/perfgate.yml",
		.template = "github/perfgate.yml",
		.escape = TEMPLATE_YAML,
		.extend = github_extend,
	},
	{
		.name = "jenkins",
		.title = "declarative Jenkins pipeline",
		.path = "Jenkinsfile",
		.template = "jenkins/Jenkinsfile",
		.escape = TEMPLATE_GROOVY,
	},
	{.name = NULL},
};

const struct generator *generator_find(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(generators)] = {NULL};
	const char *suggestion;

	for (size_t i = 0; generators[i].name != NULL; i++) {
		if (text_equal(generators[i].name, name))
			return &generators[i];
		names[i] = generators[i].name;
	}
	suggestion = text_suggest(name, names);
	if (suggestion != NULL)
		error_set(err, ERROR_USAGE, "cannot generate `%s`: did you mean `%s`?", name,
			  suggestion);
	else
		error_set(err, ERROR_USAGE, "cannot generate `%s`: choose github or jenkins", name);
	return NULL;
}

int generator_render(const struct generator *generator, const struct settings *settings,
		     const char *config_path, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = NULL;

	if (workflow_view(settings, config_path, &view, err) != 0)
		return -1;
	extjson_set(view, "generator", extjson_string(generator->name));
	if (generator->extend != NULL && generator->extend(view, settings, err) != 0)
		return -1;
	return template_render(generator->template, generator->escape, view, out, err);
}
