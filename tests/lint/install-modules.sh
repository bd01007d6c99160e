#!/usr/bin/env bash
# Install the node modules of package.json: exact versions, no scripts of packages, and again only
# when the list has changed.
#
# Usage: install-modules.sh FOLDER
set -euo pipefail

list="$(dirname "${BASH_SOURCE[0]}")/package.json"
mkdir -p "$1"
cmp -s "$list" "$1/.installed.json" && exit
command -v npm >/dev/null || { echo "missing tool: npm" >&2; exit 1; }
cp "$list" "$1/package.json"
(cd "$1" && npm install --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error)
cp "$list" "$1/.installed.json"
