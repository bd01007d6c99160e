/*
 * A configuration to begin with: what was found, as a commented ci_cd_config.yml.
 *
 * The text is rendered from templates/config/init.yml. Pure but for the template.
 */
#ifndef PERFGATE_DISCOVER_PROPOSE_H
#define PERFGATE_DISCOVER_PROPOSE_H

#include "perfgate/base/strbuf.h"
#include "perfgate/discover/openapi.h"
#include "perfgate/discover/project.h"

struct proposal {
	const struct project *project;
	const struct openapi *openapi; /* NULL = there is none */
	const char *baseline_branch;
};

/* Is anything known about an API? Else the proposal measures the bundled reference API. */
bool proposal_has_target(const struct proposal *proposal);

/* Where it comes from, for people: "openapi.yaml and package.json"; "" when nothing was found. */
void propose_sources(const struct proposal *proposal, struct strbuf *out);

PG_MUST_CHECK int propose_config(const struct proposal *proposal, struct strbuf *out,
				 struct error *err);

/*
 * "key: value" and a newline as YAML behind `indent` blanks: in one line where 100 columns are
 * enough, else block by block. Text is quoted.
 */
void propose_member(struct strbuf *out, const char *key, const json_t *value, size_t indent);

/* Text as it stands behind "key: " or "- ", and a newline; in quotes where it needs them. */
void propose_text(struct strbuf *out, const char *text);

#endif
