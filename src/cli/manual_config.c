/* ci_cd_config.yml(5), and the variables of settings, from the one table. */
#include "perfgate/base/units.h"
#include "perfgate/cli/manual.h"
#include "perfgate/cli/mdoc.h"
#include "perfgate/config/table.h"

#include <assert.h>

static const char *const type_words[] = {
	[SETTING_BOOL] = "true or false",
	[SETTING_NUMBER] = "a number",
	[SETTING_MILLISECONDS] = "a time in ms, or a duration such as 2s",
	[SETTING_FRACTION] = "a share: 0.01, 1% or 1pp",
	[SETTING_INTEGER] = "a whole number",
	[SETTING_DURATION] = "a duration such as 90s or 5m",
	[SETTING_TEXT] = "text",
	[SETTING_CHOICE] = "",
	[SETTING_LIST] = "a list",
	[SETTING_VARIABLES] = "a mapping of names to values",
	[SETTING_SECTION] = "a mapping, see SUITE",
};
static_assert(ARRAY_SIZE(type_words) == SETTING_TYPE_COUNT, "words for every type");

static void put_range(struct strbuf *text, const struct setting_row *row)
{
	char low[UNITS_TEXT_SIZE], high[UNITS_TEXT_SIZE];
	const char *unit = row->type == SETTING_MILLISECONDS ? " ms"
			   : row->type == SETTING_DURATION   ? " s"
							     : "";

	if (!(row->max > row->min))
		return;
	units_format_number(row->min, 12, low);
	units_format_number(row->max, 12, high);
	if (row->type == SETTING_LIST || row->type == SETTING_VARIABLES)
		strbuf_printf(text, " of at most %s", high);
	else
		strbuf_printf(text, "; from %s to %s%s", low, high, unit);
}

static void put_choices(struct strbuf *text, const char *const *choices)
{
	for (size_t i = 0; choices && choices[i]; i++)
		strbuf_printf(text, "%s%s",
			      i == 0	       ? ""
			      : choices[i + 1] ? ", "
					       : " or ",
			      choices[i]);
}

/* How it is written, and what holds when it is not. */
static void put_form(struct strbuf *text, const struct setting_row *row)
{
	strbuf_puts(text, type_words[row->type]);
	put_choices(text, row->choices);
	put_range(text, row);
	if (row->flags & SETTING_GATE)
		strbuf_puts(text, "; null or absent: not gated");
	if (row->fallback)
		strbuf_printf(text, "; default %s%s", row->fallback,
			      row->flags & SETTING_GATE ? " where there is no file" : "");
	if (row->flags & SETTING_SECRET)
		strbuf_puts(text, "; a secret, never shown");
	for (size_t i = 0; i < SETTING_VARIABLES_MAX && row->variables[i]; i++)
		strbuf_printf(text, "%s `%s`", i == 0 ? "; also" : " or", row->variables[i]);
	strbuf_puts(text, ".\n");
}

static void put_setting(struct strbuf *out, const struct setting_row *row)
{
	AUTO(strbuf) struct strbuf text = {0};

	mdoc_item(out, "Cm", row->key);
	strbuf_printf(&text, "%s.\n", row->help);
	mdoc_text(out, strbuf_text(&text));
	strbuf_puts(out, ".br\n");
	strbuf_clear(&text);
	put_form(&text, row);
	if (row->scalar_key)
		strbuf_printf(&text, "In a mapping, this value is its member `%s`.\n",
			      row->scalar_key);
	mdoc_text(out, strbuf_text(&text));
}

static void put_settings(struct strbuf *out)
{
	mdoc_section(out, "SETTINGS");
	mdoc_text(out, "A dot stands for one level of nesting: `regression.tolerance.p95` is "
		       "written\n");
	mdoc_literal(out, "  regression:\n    tolerance: {p95: 8%}\n");
	mdoc_list(out, NULL);
	for (size_t i = 0; i < setting_table_count; i++)
		if ((setting_table[i].flags & SETTING_VARIABLE_ONLY) == 0)
			put_setting(out, &setting_table[i]);
	mdoc_list_end(out);
}

static void put_variables(struct strbuf *out, const struct setting_row *row)
{
	AUTO_FREE char *names = row->variables[1]
					? xasprintf("%s, %s", row->variables[0], row->variables[1])
					: xstrdup(row->variables[0]);
	AUTO(strbuf) struct strbuf text = {0};

	mdoc_item(out, "Ev", names);
	if ((row->flags & SETTING_VARIABLE_ONLY) == 0)
		strbuf_printf(&text, "The setting `%s`: ", row->key);
	strbuf_printf(&text, "%s.%s\n", row->help,
		      row->variables[1] ? " The first that is set wins." : "");
	mdoc_text(out, strbuf_text(&text));
}

void manual_variables(struct strbuf *out)
{
	for (size_t i = 0; i < setting_table_count; i++)
		if (setting_table[i].variables[0])
			put_variables(out, &setting_table[i]);
}

void manual_config(struct strbuf *out)
{
	mdoc_begin(out, "ci_cd_config.yml", 5, "configuration of perfgate");
	mdoc_section(out, "DESCRIPTION");
	mdoc_text(out,
		  "A YAML file that says what perfgate measures and what is good enough. It is "
		  "`--config`, or `PERFGATE_CONFIG`, or `ci_cd_config.yml` (also in "
		  "`performance/`) in the current folder and upward to the root of the "
		  "repository. Everything has a default; no file is needed.\n"
		  "\n"
		  "What is mistyped is refused with line, column and a suggestion, because a "
		  "mistyped gate must not switch itself off. `perfgate config validate` checks a "
		  "file, `perfgate config show` prints every value that holds and where it comes "
		  "from: default, file, environment, flag; the later wins.\n");
	put_settings(out);
	mdoc_section(out, "SUITE");
	mdoc_text(out,
		  "`profiles`, `tasks` and `data` say who uses the API, with which requests and "
		  "values, `scenarios` how many users come, how fast and for how long. The "
		  "built-in suite is written in the same syntax and explains it: `suite.yml`, see "
		  "FILES. What a file says is laid over it, by name. Other APIs than the bundled "
		  "one need `requests` or `profiles`.\n");
	mdoc_section(out, "FILES");
	mdoc_list(out, NULL);
	mdoc_item(out, "Pa", "share/doc/perfgate/suite.yml");
	mdoc_text(out, "The built-in suite, below the prefix of the installation.\n");
	mdoc_list_end(out);
	mdoc_section(out, "EXAMPLES");
	mdoc_literal(out, "  performance_gates:\n"
			  "    max_p95_response_time: 300ms\n"
			  "    min_throughput: 50            # requests/s\n"
			  "    max_error_rate: 1%\n"
			  "  target:\n"
			  "    command: ./server --port {port}\n"
			  "    ready: /health                # 2xx means ready\n"
			  "  requests: [GET /items, POST /orders @order.json]\n"
			  "  run: [smoke, load]\n"
			  "  scenarios:\n"
			  "    load: {users: 20, duration: 2m}\n"
			  "  baseline_branch: main\n");
	mdoc_section(out, "SEE ALSO");
	strbuf_puts(out, ".Xr perfgate 1 ,\n.Xr perfgate-config-show 1 ,\n"
			 ".Xr perfgate-config-validate 1\n");
}
