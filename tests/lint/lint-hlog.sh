#!/usr/bin/env bash
# Read latency.hlog with the public HdrHistogram library: counts, percentiles and maxima are those of
# result.json.
#
# Usage: lint-hlog.sh [FOLDER]     node_modules go to FOLDER (build/node)
#
# $PERFGATE is the binary, build/release/perfgate by default.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
here="$root/tests/lint"
mkdir -p "${1:-$root/build/node}"
modules="$(cd "${1:-$root/build/node}" && pwd)"
perfgate="${PERFGATE:-$root/build/release/perfgate}"

for tool in node npm; do
	command -v "$tool" >/dev/null || { echo "missing tool: $tool" >&2; exit 1; }
done
[ -x "$perfgate" ] || { echo "no binary at $perfgate: run make" >&2; exit 1; }
# shellcheck source=tests/lint/modules.sh
. "$here/modules.sh"
install_modules "$modules"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for name in passing inconclusive interrupted; do
	"$perfgate" report "$root/tests/corpus/result/$name.json" --output "$work/$name" >/dev/null
	NODE_PATH="$modules/node_modules" node "$here/hlog.js" "$work/$name"
done
echo "latency.hlog: hdr-histogram-js reads what result.json says"
