#include "cgroup.h"

#include "perfgate/base/mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_SECOND 1e9
#define US_PER_SECOND 1e6

enum { TEXT_BYTES = 4096 };

/* Where the files of one controller are, from our group up to the mount. */
struct place {
	char mount[64];
	char group[1024]; /* "" or "/a/b" */
	bool v2;
};

void cgroup_read_text(const char *root, const char *path, char *out, size_t size)
{
	char full[PATH_MAX];
	size_t length = 0;
	ssize_t got;
	snprintf(full, sizeof full, "%s%s", root, path);
	AUTO_FD int fd = open(full, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && length < size - 1 &&
	       (got = read(fd, out + length, size - 1 - length)) > 0)
		length += (size_t)got;
	out[length] = '\0';
}

static bool list_has(const char *list, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = list; at != NULL; at = strchr(at, ','), at = at ? at + 1 : NULL)
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* One line "4:memory:/a/b" of /proc/self/cgroup; v1 of the controller wins over v2. */
static void take_line(char *line, const char *controller, struct place *out)
{
	char *controllers = strchr(line, ':');
	char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
	if (group == NULL)
		return;
	*group++ = '\0';
	controllers++;
	bool v2 = *controllers == '\0';
	if (!v2 && !list_has(controllers, controller))
		return;
	if (v2 && out->mount[0] != '\0')
		return;
	out->v2 = v2;
	if (v2)
		snprintf(out->mount, sizeof out->mount, "/sys/fs/cgroup");
	else
		snprintf(out->mount, sizeof out->mount, "/sys/fs/cgroup/%.40s", controllers);
	snprintf(out->group, sizeof out->group, "%s", strcmp(group, "/") == 0 ? "" : group);
}

static struct place find_place(const char *root, const char *controller)
{
	struct place place = {0};
	char text[TEXT_BYTES];
	cgroup_read_text(root, "/proc/self/cgroup", text, sizeof text);
	char *rest = text, *line;
	while ((line = strsep(&rest, "\n")) != NULL)
		take_line(line, controller, &place);
	return place;
}

static void read_at(const char *root, const struct place *place, const char *name, char *out,
		    size_t size)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s%s/%s", place->mount, place->group, name);
	cgroup_read_text(root, path, out, size);
}

/* One level up; false at the mount. */
static bool go_up(struct place *place)
{
	char *slash = strrchr(place->group, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static double quota_here(const char *root, const struct place *place)
{
	char text[128];
	double quota_us, period_us;
	if (place->v2) {
		read_at(root, place, "cpu.max", text, sizeof text);
		if (sscanf(text, "%lf %lf", &quota_us, &period_us) != 2)
			return 0; /* "max 100000" */
	} else {
		read_at(root, place, "cpu.cfs_quota_us", text, sizeof text);
		if (sscanf(text, "%lf", &quota_us) != 1)
			return 0;
		read_at(root, place, "cpu.cfs_period_us", text, sizeof text);
		if (sscanf(text, "%lf", &period_us) != 1)
			return 0;
	}
	return quota_us > 0 && period_us > 0 ? quota_us / period_us : 0;
}

double cgroup_quota_cores(const char *root)
{
	struct place place = find_place(root, "cpu");
	double smallest = 0;
	do {
		double cores = quota_here(root, &place);
		if (cores > 0 && (smallest == 0 || cores < smallest))
			smallest = cores;
	} while (go_up(&place));
	return smallest;
}

uint64_t cgroup_memory_limit(const char *root)
{
	struct place place = find_place(root, "memory");
	uint64_t smallest = UINT64_MAX;
	do {
		char text[128];
		uint64_t bytes;
		read_at(root, &place, place.v2 ? "memory.max" : "memory.limit_in_bytes", text,
			sizeof text);
		if (sscanf(text, "%" SCNu64, &bytes) == 1 && bytes < smallest)
			smallest = bytes;
	} while (go_up(&place));
	return smallest;
}

double cgroup_throttled_s(const char *root)
{
	struct place place = find_place(root, "cpu");
	const char *key = place.v2 ? "throttled_usec " : "throttled_time ";
	char text[TEXT_BYTES];
	/* In a container with v1 the path is the host's and only the mount itself exists. */
	do
		read_at(root, &place, "cpu.stat", text, sizeof text);
	while (text[0] == '\0' && go_up(&place));
	const char *found = strstr(text, key);
	double value;
	if (found == NULL || sscanf(found + strlen(key), "%lf", &value) != 1)
		return NAN;
	return value / (place.v2 ? US_PER_SECOND : NS_PER_SECOND);
}
