#!/bin/sh
# Print embedded.c: every file named, as bytes of the binary, in a table sorted by name.
set -eu
echo '#include "perfgate/template/template.h"'
echo '#include "perfgate/template/embedded.h"'
i=0
for file in "$@"; do
	printf '__asm__(".section .rodata\\n.global pg_file_%d\\npg_file_%d:\\n.incbin \\"%s\\"\\n' "$i" "$i" "$file"
	printf '.byte 0\\n.global pg_file_%d_end\\npg_file_%d_end:\\n.previous\\n");\n' "$i" "$i"
	printf 'extern const char pg_file_%d[], pg_file_%d_end[];\n' "$i" "$i"
	i=$((i + 1))
done
echo 'const struct embedded_file_row embedded_files[] = {'
i=0
for file in "$@"; do
	printf '\t{"%s", pg_file_%d, pg_file_%d_end},\n' "${file#templates/}" "$i" "$i"
	i=$((i + 1))
done
echo '	{0, 0, 0},'
echo '};'
