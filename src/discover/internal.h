/* Private to discover/: the finders of project.c. */
#ifndef PERFGATE_DISCOVER_INTERNAL_H
#define PERFGATE_DISCOVER_INTERNAL_H

#include "perfgate/base/strbuf.h"
#include "perfgate/discover/project.h"

#define PROJECT_FILE_MAX_BYTES ((size_t)1 << 20)

/* A file of the folder as text, NULL when it cannot be read; heap. */
char *project_read(const struct project *project, const char *name);
bool project_has(const struct project *project, const char *name);
/* The first of the names that is there, or NULL. */
const char *project_first(const struct project *project, const char *const *names);

/* Does the text stand in one line of a configuration, as it is? No control characters; short. */
bool project_is_line(const char *text);

/* "curl -f http://localhost:8000/health || exit 1": the path of a URL of this machine, or NULL. */
const char *project_health_path(struct project *project, const char *command);

/* Candidates for an OpenAPI document, in the folder and three levels below. */
void project_find_documents(struct project *project);

/* Each fills how it is started, when its file tells, and returns whether it did. */
bool find_procfile(struct project *project);
bool find_package_json(struct project *project);
bool find_python(struct project *project);
bool find_go(struct project *project);
bool find_cargo(struct project *project);
bool find_makefile(struct project *project);
bool find_dockerfile(struct project *project);
/* `with_stores`: only when it brings data stores as well as the API. */
bool find_compose(struct project *project);
bool find_compose_with_stores(struct project *project);

/* A listening process of the folder. */
bool find_listener(struct project *project, const char *proc);

#endif
