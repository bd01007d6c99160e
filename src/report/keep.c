#include "perfgate/report/keep.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/formats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* NULL when there is no manifest of ours. */
static json_t *read_manifest(int folder)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_JSON json_t *manifest = NULL;

	if (fs_read_at(&text, folder, REPORT_MANIFEST, REPORT_MANIFEST_MAX, ERROR_DELIVERY, NULL) ||
	    extjson_parse(strbuf_text(&text), text.length, REPORT_MANIFEST_MAX, ERROR_DELIVERY,
			  &manifest, NULL))
		return NULL;
	if (!text_equal(extjson_get_string(manifest, "schema", NULL), REPORT_MANIFEST_SCHEMA))
		return NULL;
	return TAKE(manifest);
}

/* The manifest is a file like any other: nothing outside of its folder is meant. */
static const char *listed_name(const json_t *file)
{
	const char *name = extjson_get_string(file, "name", "");

	return *name == '\0' || *name == '.' || strchr(name, '/') ? NULL : name;
}

/* -- keeping ---------------------------------------------------------- */

static int copy_file(int from, const char *to_path, const char *name, struct error *err)
{
	AUTO(strbuf) struct strbuf content = {0};
	AUTO_FREE char *path = fs_join(to_path, name);

	if (fs_read_at(&content, from, name, STRBUF_MAX_DEFAULT, ERROR_DELIVERY, err))
		return -1;
	return fs_write_file(path, strbuf_text(&content), content.length, err);
}

static int keep_file(int from, int to, const char *to_path, const char *name, struct error *err)
{
	if (unlinkat(to, name, 0) && errno != ENOENT)
		return error_set_errno(err, ERROR_DELIVERY, "cannot replace %s/%s", to_path, name);
	if (linkat(from, name, to, name, 0) == 0)
		return 0;
	return copy_file(from, to_path, name, err);
}

/* "20260131T120000Z-0123456789ab": sorts by time; the id comes from a file at times. */
static char *run_folder(const struct run *run, const char *dir)
{
	AUTO(strbuf) struct strbuf name = {0};
	char when[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(run->started_wall_ns, when);
	for (const char *c = when; *c; c++)
		if (*c != '-' && *c != ':')
			strbuf_putc(&name, *c);
	strbuf_putc(&name, '-');
	text_slug(run->run_id ? run->run_id : "unknown", &name);
	return xasprintf("%s/" KEEP_FOLDER "/%s", dir, strbuf_text(&name));
}

int report_keep(const struct run *run, const char *dir, struct error *err)
{
	AUTO_FREE char *path = run_folder(run, dir);
	AUTO_FD int from = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int to = -1;
	AUTO_JSON json_t *manifest = from < 0 ? NULL : read_manifest(from);
	const json_t *file;
	size_t i;

	if (!manifest)
		return error_set(err, ERROR_DELIVERY, "%s: there is no manifest to keep a run by",
				 dir);
	if (fs_make_dirs(path, err)) {
		err->kind = ERROR_DELIVERY;
		return -1;
	}
	to = open(path, FOLDER_FLAGS);
	if (to < 0)
		return error_set_errno(err, ERROR_DELIVERY, "%s", path);
	/* First the manifest: what is broken off can still be deleted by it. */
	if (keep_file(from, to, path, REPORT_MANIFEST, err))
		return -1;
	json_array_foreach (json_object_get(manifest, "files"), i, file) {
		const char *name = listed_name(file);

		if (name && text_equal(extjson_get_string(file, "run_id", NULL), run->run_id) &&
		    keep_file(from, to, path, name, err))
			return -1;
	}
	return 0;
}

/* -- retention -------------------------------------------------------- */

struct kept_run {
	char *name;
	int64_t made_s;
};

struct kept_runs {
	int folder;
	struct kept_run *items; /* oldest first */
	size_t count, capacity;
};

static void kept_runs_release(struct kept_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		free(runs->items[i].name);
	free(runs->items);
	if (runs->folder >= 0)
		close(runs->folder);
}
DEFINE_AUTO_VALUE(kept_runs, struct kept_runs, kept_runs_release)

static void insert(struct kept_runs *runs, const char *name, int64_t made_s)
{
	size_t at = runs->count;

	(void)VEC_PUSH(runs->items, runs->count, runs->capacity);
	for (; at > 0 && runs->items[at - 1].made_s > made_s; at--)
		runs->items[at] = runs->items[at - 1];
	runs->items[at] = (struct kept_run){xstrdup(name), made_s};
}

static void consider(struct kept_runs *runs, const char *name)
{
	AUTO_FD int folder = openat(runs->folder, name, FOLDER_FLAGS);
	AUTO_JSON json_t *manifest = folder < 0 ? NULL : read_manifest(folder);
	struct stat info;

	if (manifest && fstatat(folder, REPORT_MANIFEST, &info, AT_SYMLINK_NOFOLLOW) == 0)
		insert(runs, name, info.st_mtime);
}

static void list_runs(struct kept_runs *runs)
{
	/* The stream closes its descriptor. */
	int copy = fcntl(runs->folder, F_DUPFD_CLOEXEC, 0);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!stream) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			consider(runs, entry->d_name);
	closedir(stream);
}

static bool is_unchanged(int folder, const char *name, const char *digest)
{
	AUTO(strbuf) struct strbuf content = {0};
	char actual[TEXT_SHA256_SIZE];

	if (fs_read_at(&content, folder, name, STRBUF_MAX_DEFAULT, ERROR_DELIVERY, NULL))
		return false;
	text_sha256(strbuf_text(&content), content.length, actual);
	return text_equal(actual, digest);
}

/* False when the run is not gone altogether. */
static bool delete_run(const struct kept_runs *runs, const struct kept_run *run)
{
	AUTO_FD int folder = openat(runs->folder, run->name, FOLDER_FLAGS);
	AUTO_JSON json_t *manifest = folder < 0 ? NULL : read_manifest(folder);
	const json_t *file;
	size_t i;

	json_array_foreach (json_object_get(manifest, "files"), i, file) {
		const char *name = listed_name(file);

		if (name && is_unchanged(folder, name, extjson_get_string(file, "sha256", NULL)) &&
		    unlinkat(folder, name, 0))
			return false;
	}
	return manifest && unlinkat(folder, REPORT_MANIFEST, 0) == 0 &&
	       unlinkat(runs->folder, run->name, AT_REMOVEDIR) == 0;
}

/* How many days the largest step between neighbours is, from the oldest run to now. */
static int64_t largest_jump(const struct kept_runs *runs, int64_t now_s)
{
	int64_t largest = 0;

	for (size_t i = 0; i < runs->count; i++) {
		int64_t next = i + 1 < runs->count ? runs->items[i + 1].made_s : now_s;

		if (next - runs->items[i].made_s > largest)
			largest = next - runs->items[i].made_s;
	}
	return largest / DAY_S;
}

static bool clock_is_doubtful(const struct kept_runs *runs, const char *dir, int64_t now_s)
{
	int64_t jump = largest_jump(runs, now_s);

	if (jump <= RETAIN_JUMP_DAYS)
		return false;
	log_warning("%s/" KEEP_FOLDER
		    ": nothing old is deleted: between two runs are %lld days, is "
		    "the clock right? If it is, delete the oldest runs yourself",
		    dir, (long long)jump);
	return true;
}

size_t report_retain(const char *dir, int64_t days, int64_t now_s)
{
	AUTO_FREE char *path = fs_join(dir, KEEP_FOLDER);
	AUTO(kept_runs) struct kept_runs runs = {.folder = open(path, FOLDER_FLAGS)};
	size_t old = 0, deleted = 0;

	if (runs.folder < 0)
		return 0;
	list_runs(&runs);
	/* The last two, this run and the one before, stay. */
	while (old + 2 < runs.count && runs.items[old].made_s < now_s - days * DAY_S)
		old++;
	if (old == 0 || clock_is_doubtful(&runs, dir, now_s))
		return 0;
	for (size_t i = 0; i < old && i < RETAIN_MOST; i++) {
		if (delete_run(&runs, &runs.items[i]))
			deleted++;
		else
			log_warning("%s/%s: not all of it is perfgate's or may be deleted: the "
				    "rest stays",
				    path, runs.items[i].name);
	}
	log_info("%zu runs older than %lld days deleted in %s%s", deleted, (long long)days, path,
		 old > RETAIN_MOST ? "; more the next time" : "");
	return deleted;
}
