# Loaded by every .bats file: the binary, a folder of its own, tools that must be there.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PERFGATE="${PERFGATE:-$ROOT/build/release/perfgate}"
export ROOT PERFGATE

# A clean place and a clean environment: no configuration, CI or service of the caller.
setup() {
  [ -x "$PERFGATE" ] || { echo "no binary at $PERFGATE: run make" >&2; return 1; }
  cd "$BATS_TEST_TMPDIR" || return 1
  unset "${!LOAD_TEST_@}" "${!PERFGATE_@}" "${!GITHUB_@}" DATABASE_URL REDIS_URL CHANGE_ID JENKINS_URL
  unset NO_COLOR COLUMNS GIT_DIR GIT_WORK_TREE
  export HOME="$BATS_TEST_TMPDIR" GIT_CONFIG_NOSYSTEM=1
  if declare -F setup_more >/dev/null; then setup_more; fi
}

# need TOOL…: a tool that is absent is a failure, not a skip.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "missing tool: $tool (make deps)" >&2; return 1; }
  done
}

# run_split COMMAND…: $status, $output (standard output) and $errors (standard error).
run_split() {
  status=0
  "$@" >"$BATS_TEST_TMPDIR/.out" 2>"$BATS_TEST_TMPDIR/.err" </dev/null || status=$?
  output="$(cat "$BATS_TEST_TMPDIR/.out")"
  errors="$(cat "$BATS_TEST_TMPDIR/.err")"
}

# expect_status N: the last run's status, with its output when it differs.
expect_status() {
  [ "$status" -eq "$1" ] && return 0
  printf 'expected status %s, got %s\n--- stdout\n%s\n--- stderr\n%s\n' "$1" "$status" "$output" "${errors:-}" >&2
  return 1
}

# expect_match TEXT PATTERN: a bash regular expression.
expect_match() {
  [[ "$1" =~ $2 ]] && return 0
  printf 'no match for %s in:\n%s\n' "$2" "$1" >&2
  return 1
}

# seed_repo: an empty commit in a fresh repository here, with the seed's configuration committed.
seed_repo() {
  need git
  git init -q -b main .
  git config user.name tester
  git config user.email tester@example.invalid
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  git add ci_cd_config.yml
  git commit -q -m "seed"
}

# wait_until SECONDS COMMAND…: poll a condition; fails when it never holds.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "never true: $*" >&2; return 1; }
    sleep 0.05
  done
}

# step_script NAME FILE: what the step of that name in a generated workflow runs.
step_script() {
  awk -v name="$1" '
    { indent = match($0, /[^ ]/) - 1 }
    in_script && indent >= 0 && indent <= key { exit }
    in_script { print substr($0, key + 3) }
    found && !in_script && /^ *run: \|$/ { in_script = 1; key = indent }
    found && !in_script && /^ *run: / { sub(/^ *run: /, ""); print; exit }
    index($0, "- name: " name) && length($0) == indent + 8 + length(name) { found = 1 }' "$2"
}
