/* GitHub's REST API as status and comment use it: https://docs.github.com/rest */
#ifndef NOTIFY_GITHUB_H
#define NOTIFY_GITHUB_H

#include "internal.h"

/* What GitHub needs that a job may not have, or NULL: token, repository, API. */
const char *github_lacks(const struct notify *notify);

/*
 * One request to a URL of the API with our token; `body` NULL = GET. `limit_bytes` of the answer,
 * 0 = 1 MiB. Any answer is a success.
 */
PG_MUST_CHECK int github_try(const struct notify *notify, const char *method, const char *url,
			     const json_t *body, size_t limit_bytes, struct exthttp_response *out,
			     struct attempt *attempt, struct error *err);
/* With a second try when that may help. */
PG_MUST_CHECK int github_request(const struct notify *notify, const char *method, const char *url,
				 const json_t *body, size_t limit_bytes,
				 struct exthttp_response *out, struct error *err);

/*
 * Is the answer a success? Else ERROR_DELIVERY with our words for it; `permission` is what the
 * token needs ("statuses"). When it is a fork's pull request whose token may only read: a
 * warning, *out_read_only, and no error.
 */
PG_MUST_CHECK int github_judge(const struct notify *notify, const struct exthttp_response *response,
			       const char *permission, bool *out_read_only, struct error *err);

#endif
