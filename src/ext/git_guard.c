#include "perfgate/ext/git_guard.h"

#include "perfgate/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* libgit2 inflates that much to find type and size. */
#define HEADER_BYTES 64
#define CHUNK_BYTES 16384

struct guard {
	git_odb_backend parent;
	char *folder; /* heap */
};

/* zlib's two bytes; what has not got them libgit2 refuses by itself. */
static bool begins_stream(const unsigned char *bytes, ssize_t length)
{
	return length >= 2 && (bytes[0] & 0x8f) == 0x08 && (bytes[0] << 8 | bytes[1]) % 31 == 0;
}

/* False when the file ends before `enough` bytes came out (0 = the whole stream). */
static bool inflates(int fd, z_stream *stream, size_t enough)
{
	unsigned char in[CHUNK_BYTES], out[CHUNK_BYTES];
	bool first = true;
	int code = Z_OK;

	while (code == Z_OK || code == Z_BUF_ERROR) {
		if (stream->avail_in == 0) {
			ssize_t got = read(fd, in, sizeof in);

			if (first && !begins_stream(in, got))
				return true;
			if (got <= 0)
				return false;
			first = false;
			stream->next_in = in;
			stream->avail_in = (uInt)got;
		}
		stream->next_out = out;
		stream->avail_out = sizeof out;
		code = inflate(stream, Z_NO_FLUSH);
		if (code == Z_MEM_ERROR)
			error_out_of_memory();
		if (enough && stream->total_out >= enough)
			return true;
	}
	return code == Z_STREAM_END;
}

static int check(git_odb_backend *backend, const git_oid *oid, size_t enough)
{
	const struct guard *guard = (const struct guard *)(const void *)backend;
	const char *hex = git_oid_tostr_s(oid);
	AUTO_FREE char *path = xasprintf("%s/%.2s/%s", guard->folder, hex, hex + 2);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	z_stream stream = {0};
	char message[128];
	bool whole;

	if (fd < 0)
		return GIT_PASSTHROUGH;
	if (inflateInit(&stream) != Z_OK)
		error_out_of_memory();
	whole = inflates(fd, &stream, enough);
	inflateEnd(&stream);
	if (whole)
		return GIT_PASSTHROUGH;
	snprintf(message, sizeof message, "object %s is damaged (see git fsck)", hex);
	git_error_set_str(GIT_ERROR_ODB, message);
	return GIT_ERROR;
}

static int guard_read(void **data, size_t *length, git_object_t *type, git_odb_backend *backend,
		      const git_oid *oid)
{
	(void)data;
	(void)length;
	(void)type;
	return check(backend, oid, 0);
}

static int guard_read_header(size_t *length, git_object_t *type, git_odb_backend *backend,
			     const git_oid *oid)
{
	(void)length;
	(void)type;
	return check(backend, oid, HEADER_BYTES);
}

static void guard_free(git_odb_backend *backend)
{
	struct guard *guard = (struct guard *)(void *)backend;

	free(guard->folder);
	free(guard);
}

int extgit_guard_install(git_repository *repository)
{
	const char *folder = getenv("GIT_OBJECT_DIRECTORY");
	struct guard *guard = xcalloc(1, sizeof *guard);
	git_odb *odb = NULL;
	int code = git_repository_odb(&odb, repository);

	if (code < 0 ||
	    (code = git_odb_init_backend(&guard->parent, GIT_ODB_BACKEND_VERSION)) < 0) {
		free(guard);
		git_odb_free(odb);
		return code;
	}
	guard->folder = folder && *folder
				? xstrdup(folder)
				: xasprintf("%sobjects", git_repository_commondir(repository));
	guard->parent.read = guard_read;
	guard->parent.read_header = guard_read_header;
	guard->parent.free = guard_free;
	code = git_odb_add_backend(odb, &guard->parent, 1000);
	if (code < 0)
		guard_free(&guard->parent);
	git_odb_free(odb);
	return code;
}
