/* Secrets in places where others find them: said once, before anything is measured. */
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/session.h"
#include "perfgate/config/table.h"
#include "perfgate/ext/git.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT_BYTES ((size_t)1 << 20)

/* Settings that hold a password, and the variable that can hold it instead. */
static const struct {
	const char *key, *variable;
} secrets[] = {
	{"notification.slack_webhook", "PERFGATE_SLACK_WEBHOOK"},
	{"services.postgres", "DATABASE_URL"},
	{"services.redis", "REDIS_URL"},
};

static const char *value_of(const struct settings *settings, size_t i)
{
	const char *const values[] = {settings->slack_webhook, settings->database_url,
				      settings->redis_url};

	return values[i];
}

/* The file itself is the origin, and a URL of a service holds a password. */
static bool is_in_file(const struct settings *settings, size_t i)
{
	const char *origin = setting_origin(settings, setting_find(secrets[i].key));
	const char *value = value_of(settings, i);

	return value && origin && text_starts_with(origin, settings->file) &&
	       (i == 0 || strchr(value, '@'));
}

/* As the commit that is checked out has it. */
static bool is_tracked(const char *path)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(strbuf) struct strbuf content = {0};
	AUTO_FREE char *inside = NULL;
	struct error err = ERROR_INIT;
	struct extgit_head head;
	bool found = false;

	if (extgit_open(&git, &err) || !git || extgit_head(git, &head, &err) || head.unborn)
		return false;
	inside = extgit_path_in_tree(git, path);
	return inside &&
	       extgit_read_file(git, head.commit, inside, FILE_LIMIT_BYTES, &found, &content,
				&err) == 0 &&
	       found;
}

static void warn_of_file(const char *path, const char *key, const char *variable)
{
	struct stat info;

	if (is_tracked(path))
		log_warning("%s: `%s`: a secret in a tracked file: use %s", path, key, variable);
	else if (stat(path, &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0)
		log_warning("%s: `%s`: other users can read this secret: chmod 600 %s, or use %s",
			    path, key, path, variable);
}

void session_warn_of_secrets(const struct session *session)
{
	const struct settings *settings = session->settings;
	const char *key_log = getenv("SSLKEYLOGFILE");

	if (key_log && *key_log)
		log_warning("SSLKEYLOGFILE is set: whoever reads that file can decrypt the TLS "
			    "connections of this run");
	for (size_t i = 0; settings->file && i < ARRAY_SIZE(secrets); i++)
		if (is_in_file(settings, i))
			warn_of_file(settings->file, secrets[i].key, secrets[i].variable);
}

/* An absolute path is the job's own word; any other may be a link that the change brings. */
int session_check_file(const struct session *session, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO_FREE char *inside = NULL;
	const char *path = session->settings->file;
	struct error ignored = ERROR_INIT;

	if (session->ci.kind != CI_PULL_REQUEST || !path || *path == '/' ||
	    extgit_open(&git, &ignored) || !git)
		return 0;
	inside = extgit_path_in_tree(git, path);
	if (!inside)
		return error_set(err, ERROR_USAGE,
				 "%s: in a pull request it must not lead out of the repository",
				 path);
	return 0;
}
