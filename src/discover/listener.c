/* Which process of a folder listens, by /proc (proc(5)): its current folder and its sockets. */
#include "internal.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A busy machine has many connections that linger, 150 bytes each. */
#define TABLE_MAX_BYTES ((size_t)64 << 20)
#define SOCKETS_MAX 4096
#define LISTEN 0x0A /* TCP_LISTEN of net/tcp_states.h */

struct socket {
	uint64_t inode;
	unsigned port;
};

struct sockets {
	struct socket *items;
	size_t count, capacity;
};

static void read_table(const char *proc, const char *name, struct sockets *out)
{
	AUTO_FREE char *path = fs_join(proc, name);
	AUTO(strbuf) struct strbuf text = {.max_bytes = TABLE_MAX_BYTES};
	const char *line;

	if (fs_read_file(&text, path, TABLE_MAX_BYTES, ERROR_USAGE, NULL))
		return;
	for (line = strbuf_text(&text); line && out->count < SOCKETS_MAX;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		unsigned port, state;
		uint64_t inode;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %" SCNu64,
			   &port, &state, &inode) == 3 &&
		    state == LISTEN && port > 0)
			*VEC_PUSH(out->items, out->count, out->capacity) =
				(struct socket){inode, port};
	}
}

/* Is `path` the folder or below it? */
static bool is_within(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return text_starts_with(path, folder) && (path[length] == '\0' || path[length] == '/');
}

static bool runs_in(const char *process, const char *folder)
{
	AUTO_FREE char *link = fs_join(process, "cwd");
	char place[PATH_MAX];
	ssize_t length = readlink(link, place, sizeof place - 1);

	if (length <= 0)
		return false;
	place[length] = '\0';
	return is_within(place, folder);
}

static unsigned port_of_socket(const struct sockets *sockets, uint64_t inode)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->items[i].inode == inode)
			return sockets->items[i].port;
	return 0;
}

/* The lowest port that the process listens on; 0 = none, or we may not look. */
static unsigned port_of_process(const char *process, const struct sockets *sockets)
{
	AUTO_FREE char *folder = fs_join(process, "fd");
	DIR *dir = opendir(folder);
	unsigned lowest = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		AUTO_FREE char *link = fs_join(folder, entry->d_name);
		char text[64];
		ssize_t length = readlink(link, text, sizeof text - 1);
		uint64_t inode;
		unsigned port;

		text[length > 0 ? length : 0] = '\0';
		if (sscanf(text, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		port = port_of_socket(sockets, inode);
		if (port > 0 && (lowest == 0 || port < lowest))
			lowest = port;
	}
	if (dir)
		closedir(dir);
	return lowest;
}

static const char *process_name(struct project *project, const char *process)
{
	AUTO_FREE char *path = fs_join(process, "comm");
	AUTO(strbuf) struct strbuf text = {.max_bytes = 64}, shown = {0};

	if (fs_read_file(&text, path, 64, ERROR_USAGE, NULL))
		return "a process of this folder";
	log_visible(&shown, strbuf_text(&text), strcspn(strbuf_text(&text), "\n"));
	return arena_printf(&project->arena, "the process `%s`", strbuf_text(&shown));
}

bool find_listener(struct project *project, const char *proc)
{
	AUTO_FREE char *folder = realpath(project->folder, NULL);
	struct sockets sockets = {0};
	DIR *dir = opendir(proc);
	unsigned lowest = 0;

	read_table(proc, "net/tcp", &sockets);
	read_table(proc, "net/tcp6", &sockets);
	/* Everything is within the root: then nothing tells. */
	for (struct dirent *entry;
	     dir && folder && !text_equal(folder, "/") && (entry = readdir(dir));) {
		AUTO_FREE char *process = fs_join(proc, entry->d_name);
		unsigned port;

		if (!isdigit((unsigned char)*entry->d_name) || !runs_in(process, folder))
			continue;
		port = port_of_process(process, &sockets);
		if (port == 0 || (lowest > 0 && port >= lowest))
			continue;
		lowest = port;
		project->from = process_name(project, process);
	}
	if (dir)
		closedir(dir);
	free(sockets.items);
	if (lowest == 0)
		return false;
	project->url = arena_printf(&project->arena, "http://127.0.0.1:%u", lowest);
	project->hint = "It runs now; start it before each check.";
	return true;
}
