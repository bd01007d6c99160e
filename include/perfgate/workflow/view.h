/*
 * What every CI template can name: view.c lists the members.
 *
 *   branch              baseline_branch
 *   output, config      folders and files from the repository's root; config may be ""
 *   install_build       true when ci.install says nothing: perfgate is built
 *   install_command, install_image, install_action   ci.install; one of them or none
 *   postgres, redis     true when the target may need one and the file names none
 *   postgres_host, redis_host   where the job reaches them
 *   services            true when either is
 *   reference           true when the target is the reference API
 *   retention_days      number, or null to keep artifacts
 *   scenarios           [{name}] what can be asked for by name
 *   nightly             "stress,spike,endurance"
 *   timeout_minutes     of what `run:` names
 *   longest_timeout_minutes  of whatever may be asked for
 *   with                {NAME: true} the extras asked for, with _ for -
 */
#ifndef PERFGATE_WORKFLOW_VIEW_H
#define PERFGATE_WORKFLOW_VIEW_H

#include "perfgate/config/settings.h"

/* Checks the settings that no escaping makes safe; ERROR_USAGE. */
PG_MUST_CHECK int workflow_view(const struct settings *settings, const char *config_path,
				json_t **out, struct error *err);

/* Is it a branch name that git accepts (git-check-ref-format --branch)? */
bool workflow_is_branch(const char *name);

#endif
