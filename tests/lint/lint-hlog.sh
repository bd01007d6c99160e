#!/usr/bin/env bash
# Read latency.hlog with the public HdrHistogram library: counts, percentiles and maxima are those of
# result.json.
#
# Usage: lint-hlog.sh FOLDER     where install-modules.sh has put its modules
#
# $PERFGATE is the binary, build/release/perfgate by default.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
here="$root/tests/lint"
modules="$(cd "$1" && pwd)"
perfgate="${PERFGATE:-$root/build/release/perfgate}"

command -v node >/dev/null || { echo "missing tool: node" >&2; exit 1; }
[ -x "$perfgate" ] || { echo "no binary at $perfgate: run make" >&2; exit 1; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for name in passing inconclusive interrupted; do
	"$perfgate" report "$root/tests/corpus/result/$name.json" --output "$work/$name" >/dev/null
	NODE_PATH="$modules/node_modules" node "$here/hlog.js" "$work/$name"
done
echo "latency.hlog: hdr-histogram-js reads what result.json says"
