#include "perfgate/baseline/history.h"

#include <stdio.h>
#include <string.h>

/* Recorded, but hosted runners change them every week. */
static const char *const not_compared[] = {"fingerprint",  "kernel", "os",
					   "memory_bytes", "image",  "runner_image"};

static bool is_compared(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_compared); i++)
		if (text_equal(key, not_compared[i]))
			return false;
	return true;
}

static void put_value(struct strbuf *out, const json_t *value)
{
	if (json_is_string(value))
		strbuf_puts(out, json_string_value(value));
	else if (value)
		extjson_dump_canonical(value, out);
	else
		strbuf_puts(out, "not known");
}

/* Append "path differs: X here, Y in the baseline" for the first leaf; true when there is one. */
static bool describe_difference(json_t *here, json_t *there, const char *path, struct strbuf *out)
{
	json_t *both, *ignored;
	const char *key;
	bool found = false;

	if (!json_is_object(here) || !json_is_object(there)) {
		strbuf_printf(out, "%s differs: ", path);
		put_value(out, here);
		strbuf_puts(out, " here, ");
		put_value(out, there);
		strbuf_puts(out, " in the baseline");
		return true;
	}
	both = json_copy(here);
	json_object_update_missing(both, there);
	json_object_foreach (both, key, ignored) {
		AUTO_FREE char *below = *path ? xasprintf("%s.%s", path, key) : xstrdup(key);
		json_t *one = json_object_get(here, key);
		json_t *other = json_object_get(there, key);

		if ((*path == '\0' && !is_compared(key)) || json_equal(one, other))
			continue;
		found = describe_difference(one, other, below, out);
		break;
	}
	json_decref(both);
	return found;
}

static void explain_fingerprint(const struct record *record, const struct run *run, char *reason,
				size_t reason_size)
{
	AUTO(strbuf) struct strbuf text = {.max_bytes = 512};

	if (!describe_difference(run->environment, record->environment, "", &text))
		strbuf_puts(&text, "the environment's fingerprint differs");
	snprintf(reason, reason_size, "%s", strbuf_text(&text));
}

static bool same_suite(const struct record *record, const struct run *run, char *reason,
		       size_t reason_size)
{
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];
		const struct record_scenario *there = record_scenario(record, scenario->name);

		if (!there) {
			snprintf(reason, reason_size, "scenario %s is not in it", scenario->name);
			return false;
		}
		if (!text_equal(there->suite_digest,
				scenario->suite_digest ? scenario->suite_digest : "none")) {
			snprintf(reason, reason_size,
				 "the suite of scenario %s differs (users, durations, tasks, "
				 "data or --quick)",
				 scenario->name);
			return false;
		}
	}
	return true;
}

bool record_is_comparable(const struct record *record, const struct run *run, int64_t epoch,
			  bool in_ci, char *reason, size_t reason_size)
{
	if (record->local && in_ci) {
		snprintf(reason, reason_size, "it was made outside CI");
		return false;
	}
	if (!text_equal(record->status, outcome_names[OUTCOME_PASS])) {
		snprintf(reason, reason_size, "that run did not pass");
		return false;
	}
	if (record->epoch != epoch) {
		snprintf(reason, reason_size, "epoch differs: %lld here, %lld in the baseline",
			 (long long)epoch, (long long)record->epoch);
		return false;
	}
	if (!same_suite(record, run, reason, reason_size))
		return false;
	if (!text_equal(record->fingerprint,
			extjson_get_string(run->environment, "fingerprint", "none"))) {
		explain_fingerprint(record, run, reason, reason_size);
		return false;
	}
	return true;
}
