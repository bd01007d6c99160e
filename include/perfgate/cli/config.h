/*
 * Is a configuration sound? What `config validate` says, for `init` and `doctor` too.
 */
#ifndef PERFGATE_CLI_CONFIG_H
#define PERFGATE_CLI_CONFIG_H

#include "perfgate/scenario/suite.h"

/*
 * Everything that can be checked without sending a request: what only makes sense together, the
 * target's URL, the suite, the scenarios to run. ERROR_USAGE; else *out is the suite.
 */
PG_MUST_CHECK int config_check(const struct settings *settings, struct suite **out,
			       struct error *err);

#endif
