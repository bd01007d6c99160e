/* In a pull request the rules are those of the base commit. */
#include "perfgate/base/log.h"
#include "perfgate/base/units.h"
#include "perfgate/baseline/history.h"
#include "perfgate/cli/session.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define NOTE_LIMIT 1000

/* Settings that decide whether and by what a run is judged, besides the gates. */
static const char *const rules[] = {"enabled", "run_on_pr", "only_if_changed",
				    "enforce", "baseline",  "regression"};

static bool is_rule(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (text_starts_with(key, rules[i]) && strchr("._", key[strlen(rules[i])]))
			return true;
	return false;
}

/* "key: X in the base commit, Y here" */
static void note(struct strbuf *out, const char *what, const char *base, const char *here)
{
	log_warning("the pull request changes %s: %s in the base commit, %s here; the base's holds",
		    what, base, here);
	strbuf_printf(out, "%s%s: %s in the base commit, %s here", out->length ? "; " : "", what,
		      base, here);
}

static char *value_text(const json_t *entry)
{
	AUTO(strbuf) struct strbuf text = {0};
	const json_t *value = json_object_get(entry, "value");

	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	extjson_dump_canonical(value ? value : json_null(), &text);
	return strbuf_take(&text);
}

static void compare_settings(const struct session *session, struct strbuf *out)
{
	AUTO_JSON json_t *base = settings_json(session->judged);
	AUTO_JSON json_t *here = settings_json(session->settings);
	json_t *values = json_object_get(base, "settings"), *entry;
	const char *key;

	json_object_foreach (values, key, entry) {
		AUTO_FREE char *there = value_text(entry);
		AUTO_FREE char *own =
			value_text(json_object_get(json_object_get(here, "settings"), key));

		if (is_rule(key) && !text_equal(there, own))
			note(out, key, there, own);
	}
}

/* -- gates ------------------------------------------------------------ */

static const struct gate *find_gate(const struct gate *gates, size_t count, const struct gate *like)
{
	for (size_t i = 0; i < count; i++)
		if (gates[i].metric == like->metric &&
		    text_equal(gates[i].scenario, like->scenario) &&
		    text_equal(gates[i].endpoint, like->endpoint))
			return &gates[i];
	return NULL;
}

static bool same_gate(const struct gate *a, const struct gate *b)
{
	return (a->limit == b->limit || (isnan(a->limit) && isnan(b->limit))) && a->warn == b->warn;
}

static char *gate_text(const struct gate *gate)
{
	char number[UNITS_TEXT_SIZE];

	if (!gate || isnan(gate->limit))
		return xstrdup("no gate");
	units_format_number(gate->limit, 6, number);
	return xasprintf("%s%s", number, gate->warn ? " (warn)" : "");
}

static void compare_gate(const struct gate *base, const struct gate *here, struct strbuf *out)
{
	const struct gate *any = base ? base : here;
	AUTO_FREE char *what = xasprintf("the gate %s/%s/%s", any->scenario, any->endpoint,
					 metric_table[any->metric].name);
	AUTO_FREE char *there = gate_text(base);
	AUTO_FREE char *own = gate_text(here);

	if ((!base || !here || !same_gate(base, here)) && !text_equal(there, own))
		note(out, what, there, own);
}

static void compare_gates(const struct session *session, const struct scenario *scenario,
			  const struct scenario *base, struct strbuf *out)
{
	size_t n_here, n_base;
	AUTO_FREE struct gate *here =
		suite_gates(session->suite, scenario, session->settings, &n_here);
	AUTO_FREE struct gate *there =
		suite_gates(session->judged_suite, base, session->judged, &n_base);

	for (size_t i = 0; i < n_base; i++)
		compare_gate(&there[i], find_gate(here, n_here, &there[i]), out);
	for (size_t i = 0; i < n_here; i++)
		if (!find_gate(there, n_base, &here[i]))
			compare_gate(NULL, &here[i], out);
}

/* -- the base's file -------------------------------------------------- */

static int load_base(struct session *session, const struct suite_options *options,
		     struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0};
	char commit[EXTGIT_OID_SIZE];

	if (baseline_base_file(session->settings, &session->ci, session->settings->file, commit,
			       &text, err))
		return -1;
	if (*commit == '\0')
		return error_set(err, ERROR_BASELINE, "the base commit has no %s",
				 session->settings->file);
	AUTO_FREE char *name = xasprintf("%s of %.12s", session->settings->file, commit);

	if (settings_load_text(strbuf_text(&text), text.length, name, (const char *const *)environ,
			       &session->judged, err))
		return -1;
	return suite_load(session->judged, options, &session->judged_suite, err);
}

const struct settings *session_rules(const struct session *session)
{
	return session->judged ? session->judged : session->settings;
}

const struct scenario *session_judged_scenario(const struct session *session,
					       const struct scenario *scenario)
{
	struct error err = ERROR_INIT;

	return session->judged_suite ? suite_find(session->judged_suite, scenario->name, &err)
				     : NULL;
}

void session_take_base_rules(struct session *session, const struct suite_options *options)
{
	AUTO(strbuf) struct strbuf differences = {.max_bytes = NOTE_LIMIT};
	struct error err = ERROR_INIT;

	if (session->ci.kind != CI_PULL_REQUEST || !session->settings->file)
		return;
	if (load_base(session, options, &err)) {
		log_warning("the gates are those of the pull request itself: %s", err.message);
		suite_free(TAKE(session->judged_suite));
		settings_free(TAKE(session->judged));
		return;
	}
	compare_settings(session, &differences);
	for (size_t i = 0; i < session->n_scenarios; i++) {
		const struct scenario *base =
			session_judged_scenario(session, session->scenarios[i]);

		if (base)
			compare_gates(session, session->scenarios[i], base, &differences);
	}
	if (differences.length)
		session->differences = strbuf_take(&differences);
}
