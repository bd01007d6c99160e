#!/usr/bin/env bash
# Check the HTML reports with other people's tools: html-validate and the Nu checker on the documents
# and the style sheet, axe-core in Chromium (report.js) on what is seen.
#
# Usage: lint-report.sh FOLDER     where install-modules.sh has put its modules
#
# $PERFGATE is the binary, build/release/perfgate by default.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
here="$root/tests/lint"
modules="$(cd "$1" && pwd)"
perfgate="${PERFGATE:-$root/build/release/perfgate}"
results="$root/tests/corpus/result"

for tool in node java jq; do
	command -v "$tool" >/dev/null || { echo "missing tool: $tool" >&2; exit 1; }
done
browser="$(command -v chromium || command -v chromium-browser)" || { echo "missing tool: chromium" >&2; exit 1; }
[ -x "$perfgate" ] || { echo "no binary at $perfgate: run make" >&2; exit 1; }

work="$(mktemp -d)"
served=
# shellcheck disable=SC2086
trap '[ -z "$served" ] || { kill $served; wait $served || :; }; rm -rf "$work"' EXIT
cd "$work"

# Five scenarios with a history each, made of the one that passes.
jq '["smoke", "load", "stress", "spike", "endurance"] as $names | . as $run
	| .scenarios = [$names[] as $name | $run.scenarios[0] | .name = $name]
	| .past.latencies = [$names[] as $name | $run.past.latencies[0] | .scenario = $name]
	| .past.values = [$names[] as $name | $run.past.values[] | .scenario = $name]
	| .verdict.cells = [$names[] as $name | $run.verdict.cells[] | .scenario = $name]' \
	"$results/passing.json" >five.json
for name in passing failing inconclusive unmeasured compared hostile; do
	"$perfgate" report "$results/$name.json" --output "$name" >/dev/null
done
"$perfgate" report five.json --output five >/dev/null
for name in measured nothing; do
	mkdir "calibration-$name"
	cp "$root/tests/golden/report/calibration-$name.html" "calibration-$name/report.html"
	cp passing/report.css "calibration-$name/"
done

NODE_PATH="$modules/node_modules" node "$modules/node_modules/html-validate/bin/html-validate.mjs" \
	--preset standard,a11y ./*/report.html
# It has no origin for files, so that 'self' is nothing to it: lint-report's browser looks at that.
java -jar "$modules/node_modules/vnu-jar/build/dist/vnu.jar" --Werror --also-check-css \
	--filterpattern '.*violates Content Security Policy \(meta tag\): external stylesheet .report\.css.*' \
	./*/report.html passing/report.css
NODE_PATH="$modules/node_modules" node "$here/report.js" "$browser" passing failing inconclusive compared five \
	calibration-measured calibration-nothing

"$perfgate" serve --port 0 >served 2>&1 &
served=$!
for _ in $(seq 600); do grep -q 'ready on' served && break; sleep 0.1; done
url="$(sed -n 's/.*ready on //p' served)"
[ -n "$url" ] || { cat served >&2; exit 1; }
mkdir dashboard
for file in dashboard.html dashboard.css dashboard.svg; do curl -sf "$url/${file%.html}" >"dashboard/$file"; done
NODE_PATH="$modules/node_modules" node "$modules/node_modules/html-validate/bin/html-validate.mjs" \
	--preset standard,a11y dashboard/dashboard.html
java -jar "$modules/node_modules/vnu-jar/build/dist/vnu.jar" --Werror --also-check-css --also-check-svg \
	dashboard/dashboard.html dashboard/dashboard.css dashboard/dashboard.svg
NODE_PATH="$modules/node_modules" node "$here/dashboard.js" "$browser" "$url"
echo "reports, calibration, dashboard: html-validate, the Nu checker and axe-core are content"
