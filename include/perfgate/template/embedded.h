/*
 * The table that embed.sh writes: templates/ inside the binary, sorted by
 * name, ended by an empty row. `end` points at the terminating NUL's end.
 */
#ifndef PERFGATE_TEMPLATE_EMBEDDED_H
#define PERFGATE_TEMPLATE_EMBEDDED_H

struct embedded_file_row {
	const char *name;
	const char *data;
	const char *end;
};
extern const struct embedded_file_row embedded_files[];

#endif
