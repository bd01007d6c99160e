/*
 * A fresh PostgreSQL cluster in a tenth of a second: initdb and filling it take two, so their
 * result is kept as a template and copied.
 *
 * Templates are keyed by server version and how they were made, belong to the
 * user that runs the servers, and are built under another name and renamed,
 * so that parallel runs never see half of one.
 */
#include "internal.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOT_CACHE "/var/cache"
/* Log segments of 1 MB: one of 16 is half of what there would be to copy. */
#define INITDB_ARGUMENTS                                                                           \
	"--no-locale", "-E", "UTF8", "-A", "trust", "-U", "perfgate", "--no-sync", "--wal-segsize=1"
#define TEMPLATE_PREFIX "pg-"
#define TEMPLATE_MAX_AGE_S (30 * 86400)
#define STEP_DEADLINE_NS (60 * NS_PER_S)

static const char *const initdb_arguments[] = {INITDB_ARGUMENTS};

enum { KEY_DIGITS = 16 };

/* Each database is 300 files to copy: two are enough. Single-user mode: one statement a line. */
static const char databases[] =
	"ALTER DATABASE postgres RENAME TO perfgate\n"
	"UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'\n"
	"DROP DATABASE template0\n";

/* Run a program as the server user; its last words become the error. */
static int run_step(const struct server_user *user, const char *const *argv, const char *input,
		    struct proc_result *out, struct error *err)
{
	char **env = proc_env_set(proc_clean_env(), "LC_ALL", "C");
	struct proc_spec spec = {.argv = argv,
				 .env = (const char *const *)env,
				 .cwd = "/",
				 .stdin_text = input,
				 .run_as = user->run_as,
				 .deadline_ns = STEP_DEADLINE_NS};
	int result = proc_run(&spec, out, err);
	proc_env_free(env);
	if (result < 0)
		return -1;
	if (out->exit_status == 0)
		return 0;
	AUTO(strbuf) struct strbuf words = {0};
	const char *text = strbuf_text(out->err.length > 0 ? &out->err : &out->out);
	log_visible(&words, text, strnlen(text, 400));
	error_set(err, ERROR_UNMEASURED, "%s failed with status %d: %s", argv[0], out->exit_status,
		  strbuf_text(&words));
	proc_result_release(out);
	return -1;
}

static int run_quietly(const struct server_user *user, const char *const *argv, const char *input,
		       struct error *err)
{
	struct proc_result result;
	if (run_step(user, argv, input, &result, err) < 0)
		return -1;
	proc_result_release(&result);
	return 0;
}

static int build(const char *bin, const struct server_user *user, const char *data,
		 const char *sockets, const struct services_content *content, struct error *err)
{
	AUTO_FREE char *initdb = fs_join(bin, "initdb");
	AUTO_FREE char *postgres = fs_join(bin, "postgres");
	const char *const init[] = {initdb, INITDB_ARGUMENTS, "-D", data, NULL};
	const char *const single[] = {postgres, "--single", "-F", "-D", data, "template1", NULL};
	if (run_quietly(user, init, NULL, err) < 0)
		return -1;
	if (run_quietly(user, single, databases, err) < 0)
		return -1;
	return content != NULL ? postgres_fill(bin, user, data, sockets, content, err) : 0;
}

/* A folder that only the server user and we can have put something into. */
static bool is_safe(const char *path, const struct server_user *user)
{
	struct stat info;
	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == user->uid &&
	       (info.st_mode & 077) == 0;
}

/* The cache folder, made when needed; NULL when there is no good place for one. */
static char *cache_folder(const struct server_user *user)
{
	AUTO_FREE char *parent = NULL;
	const char *given = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (geteuid() == 0)
		parent = xstrdup(ROOT_CACHE);
	else if (given != NULL && given[0] == '/')
		parent = xstrdup(given);
	else if (home != NULL && home[0] == '/')
		parent = fs_join(home, ".cache");
	if (parent == NULL)
		return NULL;
	char *path = fs_join(parent, "perfgate");
	mkdir(parent, 0700);
	if (mkdir(path, 0700) == 0 && user->run_as != NULL && chown(path, user->uid, user->gid) < 0)
		rmdir(path);
	if (is_safe(path, user))
		return path;
	free(path);
	return NULL;
}

static int template_key(const char *bin, const struct server_user *user,
			const struct services_content *content, char *out, size_t size,
			struct error *err)
{
	AUTO_FREE char *postgres = fs_join(bin, "postgres");
	AUTO(proc_result) struct proc_result result = {0};
	AUTO(strbuf) struct strbuf text = {0};
	char digest[TEXT_SHA256_SIZE];
	if (run_step(user, (const char *const[]){postgres, "--version", NULL}, NULL, &result, err) <
	    0)
		return -1;
	strbuf_puts(&text, strbuf_text(&result.out));
	for (size_t i = 0; i < ARRAY_SIZE(initdb_arguments); i++)
		strbuf_printf(&text, " %s", initdb_arguments[i]);
	strbuf_puts(&text, databases);
	if (content != NULL)
		strbuf_puts(&text, content->key);
	text_sha256(text.data, text.length, digest);
	snprintf(out, size, TEMPLATE_PREFIX "%.*s", KEY_DIGITS, digest);
	return 0;
}

/*
 * Build under another name, then rename; whoever comes second drops its own.
 * The server user owns the cache folder, so it makes the folder in it: as root
 * we change no owner where somebody else could put a link.
 */
static int make_template(const char *bin, const struct server_user *user, const char *sockets,
			 const struct services_content *content, const char *cache,
			 const char *final, struct error *err)
{
	AUTO_FREE char *aside =
		xasprintf("%s/new-%d-%lld", cache, (int)getpid(), (long long)clock_now_ns());
	proc_watch_folder(aside);
	int result = build(bin, user, aside, sockets, content, err);
	if (result == 0 && rename(aside, final) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		result = error_set_errno(err, ERROR_UNMEASURED, "%s", final);
	if (fs_remove_tree(aside, NULL) == 0)
		proc_unwatch_folder(aside);
	return result;
}

/* Templates of other versions go when nobody has used them for a month; the time is the use. */
static void drop_old_templates(const char *cache, const char *used)
{
	DIR *folder = opendir(cache);
	const struct dirent *item;
	utimensat(AT_FDCWD, used, NULL, 0);
	while (folder != NULL && (item = readdir(folder)) != NULL) {
		struct stat info;
		if (!text_starts_with(item->d_name, TEMPLATE_PREFIX))
			continue;
		AUTO_FREE char *path = fs_join(cache, item->d_name);
		if (lstat(path, &info) == 0 && time(NULL) - info.st_mtime > TEMPLATE_MAX_AGE_S &&
		    fs_remove_tree(path, NULL) < 0)
			continue; /* the next run tries again */
	}
	if (folder != NULL)
		closedir(folder);
}

static int copy_template(const struct server_user *user, const char *from, const char *to,
			 struct error *err)
{
	const char *const argv[] = {"cp", "-a", "--reflink=auto", from, to, NULL};
	return run_quietly(user, argv, NULL, err);
}

int postgres_make_cluster(const char *bin, const struct server_user *user, const char *data,
			  const char *sockets, const struct services_content *content, bool refresh,
			  struct error *err)
{
	char key[KEY_DIGITS + 8];
	AUTO_FREE char *cache = cache_folder(user);
	if (cache == NULL)
		return build(bin, user, data, sockets, content, err);
	if (template_key(bin, user, content, key, sizeof key, err) < 0)
		return -1;
	AUTO_FREE char *template = fs_join(cache, key);
	if (refresh && fs_remove_tree(template, err) < 0)
		return -1;
	if (!is_safe(template, user) &&
	    make_template(bin, user, sockets, content, cache, template, err) < 0)
		return -1;
	drop_old_templates(cache, template);
	return copy_template(user, template, data, err);
}
