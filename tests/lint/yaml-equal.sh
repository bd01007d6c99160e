#!/usr/bin/env bash
# Do readers of YAML 1.1 and of YAML 1.2 understand the files alike (GEN-16)? PyYAML is the one,
# js-yaml the other; what `on:` is as a key they may call differently.
#
# Usage: yaml-equal.sh NODE_MODULES FILE...
set -euo pipefail

modules=$1
shift
for file; do
	python3 -c '
import json, sys, yaml
value = yaml.safe_load(open(sys.argv[1]))
if isinstance(value, dict) and True in value:
    value["on"] = value.pop(True)
print(json.dumps(value, sort_keys=True))' "$file" >"$file.11"
	NODE_PATH="$modules" node -e '
const value = require("js-yaml").load(require("fs").readFileSync(process.argv[1], "utf8"));
process.stdout.write(JSON.stringify(value));' "$file" | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin), sort_keys=True))' >"$file.12"
	cmp "$file.11" "$file.12" || { echo "$file: YAML 1.1 and 1.2 differ" >&2; exit 1; }
	rm "$file.11" "$file.12"
done
