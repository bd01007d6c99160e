/*
 * The settings table: one row per key. Private to config/, and read by what
 * is derived from it (documentation, schema).
 *
 * A row says where a value lives in struct settings, how it is written, which
 * values are allowed, what it is by default and which variables set it. A
 * row may also be a section (`target`, `enforce`): then `scalar_key` names
 * the member that stands for the plain form.
 */
#ifndef PERFGATE_CONFIG_TABLE_H
#define PERFGATE_CONFIG_TABLE_H

#include "perfgate/config/settings.h"

enum setting_type {
	SETTING_BOOL, /* bool */
	SETTING_NUMBER, /* double */
	SETTING_MILLISECONDS, /* double in ms; a bare number is ms, "2s" is 2000 */
	SETTING_FRACTION, /* double; 0.01, 1% or 0.5pp */
	SETTING_INTEGER, /* int64_t */
	SETTING_DURATION, /* int64_t in ns; range in seconds, a unit is needed */
	SETTING_TEXT, /* const char *, NULL = none */
	SETTING_CHOICE, /* an enum: index into `choices` */
	SETTING_LIST, /* struct string_list */
	SETTING_VARIABLES, /* struct string_list of KEY=value, a mapping in the file */
	SETTING_SECTION, /* const struct yaml_node *: read by another part */
	SETTING_TYPE_COUNT
};

enum setting_flag {
	SETTING_SECRET = 1 << 0, /* never shown, registered with log_add_secret() */
	SETTING_NULLABLE = 1 << 1, /* null is a value: NaN, NULL or an empty list */
	SETTING_JUDGED = 1 << 2, /* influences a verdict: part of settings_digest() */
	SETTING_VARIABLE_ONLY = 1 << 3, /* `key` is a variable's name; not a key of the file */
	SETTING_GATE = 1 << 4, /* the default holds only without a file */
	SETTING_MULTILINE = 1 << 5, /* line ends are allowed */
};

#define SETTING_VARIABLES_MAX 2

struct setting_row {
	const char *key; /* "performance_gates.min_throughput" */
	enum setting_type type;
	unsigned flags;
	size_t offset; /* in struct settings */
	double min, max; /* numbers and durations; lists: most items. No range when equal */
	const char *fallback; /* default as it would be written; NULL = none */
	const char *null_word; /* text that means null, e.g. "auto" */
	const char *const *choices; /* SETTING_CHOICE; NULL-terminated */
	const char *variables[SETTING_VARIABLES_MAX]; /* besides PERFGATE_<KEY>; the first wins */
	const char *scalar_key;
	/* Is one text or list item acceptable? NULL, or why not. */
	const char *(*check)(const char *text);
	/* Runs after the value was stored. */
	void (*stored)(struct settings *settings);
	/* Text to show instead of the value; NULL = null. */
	const char *(*shown)(const struct settings *settings);
	const char *help; /* one line */
};

extern const struct setting_row setting_table[];
extern const size_t setting_table_count;

struct settings_store {
	struct arena arena;
	struct yaml_document *document;
	const char **origins; /* by row; NULL = not set */
};

/* Who gives a value: a node of the file, or a variable or flag; neither: the default. */
struct setting_source {
	const struct yaml_node *node;
	const char *name;
};

/* The row of a key in the file, or NULL. */
const struct setting_row *setting_find(const char *key);
/* Are there keys below this one? */
bool setting_is_section(const char *key);
/* "PERFGATE_" and the key in upper case with '_' for '.'; heap. */
char *setting_variable(const struct setting_row *row) __attribute__((returns_nonnull));

/* One value or list item, as its type keeps it. */
union setting_value {
	bool yes;
	double number;
	int64_t integer;
	unsigned choice;
	const char *text; /* borrowed from the text parsed */
};

/* Text to a value of the row's type and range; -1 with the position or name in front. */
PG_MUST_CHECK int setting_parse(const struct setting_row *row, const struct setting_source *source,
				const char *text, union setting_value *out, struct error *err);

/* Parse, check and store one value written as text; lists are split at commas. */
PG_MUST_CHECK int setting_apply_text(struct settings *settings, const struct setting_row *row,
				     const struct setting_source *source, const char *text,
				     struct error *err);
/* The same for a node of the file. */
PG_MUST_CHECK int setting_apply_node(struct settings *settings, const struct setting_row *row,
				     const struct yaml_node *node, struct error *err);
/* ERROR_USAGE that begins with file position and key, or the source's name; returns -1. */
int setting_error(const struct setting_row *row, const struct setting_source *source,
		  struct error *err, const char *format, ...) PG_PRINTF(4, 5);
const char *setting_origin(const struct settings *settings, const struct setting_row *row);

/* PERFGATE_* and the named variables over what the file says. */
PG_MUST_CHECK int settings_overlay(struct settings *settings, const char *const *environ_,
				   struct error *err);
/* What follows from several values: gate origins and enforcement. After every change. */
void settings_resolve(struct settings *settings);

/* Checks of rows: NULL, or why not. */
const char *check_target(const char *text);
const char *check_webhook(const char *text);
const char *check_email(const char *text);
const char *check_smtp(const char *text);
const char *check_branch(const char *text);
const char *check_database(const char *text);
const char *check_redis(const char *text);
const char *check_http_url(const char *text);
const char *check_ready(const char *text);
const char *check_cache(const char *text);
const char *check_variable(const char *text);
const char *check_name(const char *text);
const char *check_install(const char *text);
const char *check_label(const char *text);
const char *check_cron(const char *text);

/*
 * What a one-word `ci.install` is: "docker://IMAGE", or an action "owner/name[/folder]@COMMIT",
 * behind which its version may stand as a comment. Everything else is a command.
 */
enum install_kind { INSTALL_COMMAND, INSTALL_IMAGE, INSTALL_ACTION };
enum install_kind install_kind(const char *text);

/* The URL without userinfo, query and fragment, from the arena; unix:/path as it is. */
const char *url_shown(struct arena *arena, const char *url);
/* Register the password of a URL's userinfo with the log. */
void url_hide_password(const char *url);

#endif
