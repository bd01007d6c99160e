#!/usr/bin/env bash
# Sourced: the node modules of package.json.

# install_modules FOLDER: exact versions, no scripts of packages, and again only when the list has
# changed.
install_modules() {
	list="$(dirname "${BASH_SOURCE[0]}")/package.json"
	cmp -s "$list" "$1/.installed.json" && return
	cp "$list" "$1/package.json"
	(cd "$1" && npm install --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error)
	cp "$list" "$1/.installed.json"
}
