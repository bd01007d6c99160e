#!/usr/bin/env bats
# What `check`, `run` and `report` refuse or skip before any request is sent.

load ../helper

setup_more() {
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
}

@test "CFG-32: a mistyped gate is exit 2 with a suggestion, and nothing is started" {
  sed -i 's/max_p95_response_time/max_p95_responce_time/' ci_cd_config.yml
  run_split "$PERFGATE" check --quick
  expect_status 2
  [ -z "$output" ]
  expect_match "$errors" 'ci_cd_config.yml:[0-9]+:[0-9]+:.*max_p95_responce_time.*did you mean `max_p95_response_time`'
  [ ! -e perfgate-results ]
}

@test "CFG-25: disabled is SKIPPED, exit 0, and one skipped case in the JUnit file" {
  need xmllint
  sed -i 's/^enabled: true/enabled: false/' ci_cd_config.yml
  run_split "$PERFGATE" check --quick
  expect_status 0
  expect_match "$output" "SKIPPED: disabled by configuration"
  [ "$(xmllint --xpath 'count(//testcase/skipped)' perfgate-results/junit.xml)" -eq 1 ]
}

@test "run_on_pr: false skips a pull request and not a push" {
  sed -i 's/^run_on_pr: true/run_on_pr: false/' ci_cd_config.yml
  GITHUB_EVENT_NAME=pull_request run_split "$PERFGATE" check --quick
  expect_status 0
  expect_match "$output" "SKIPPED: run_on_pr is false"
}

@test "in CI a target that nobody configured is a warning" {
  sed -i 's/^enabled: true/enabled: false/' ci_cd_config.yml
  GITHUB_EVENT_NAME=push run_split "$PERFGATE" check --quick
  expect_status 0
  expect_match "$errors" "warning: no target is configured"
  echo 'target: reference' >>ci_cd_config.yml
  GITHUB_EVENT_NAME=push run_split "$PERFGATE" check --quick
  [[ "$errors" != *"no target"* ]]
}

@test "an unreachable URL is exit 3 and an error case in the JUnit file" {
  need xmllint
  LOAD_TEST_API_HOST=http://127.0.0.1:9 run_split "$PERFGATE" check --quick --requests 'GET /'
  expect_status 3
  expect_match "$errors" "127.0.0.1:9"
  [ "$(xmllint --xpath 'count(//testcase/error)' perfgate-results/junit.xml)" -ge 1 ]
}

@test "NET-41: users beyond the limit of open files are exit 2 before any load, with figure and remedy" {
  ulimit -n 256
  run_split "$PERFGATE" check --scenario smoke,spike --target http://127.0.0.1:9 --requests 'GET /'
  expect_status 2
  expect_match "$errors" 'spike: 500 users need 572 open files, the limit is 256: raise it \(`ulimit -n 572`\)'
  [[ "$errors" != *"127.0.0.1:9"* ]]
  [ ! -e perfgate-results/result.json ]
}

@test "NET-41: max_users counts, and a soft limit that may be raised is no obstacle" {
  ulimit -Sn 64
  cat >>ci_cd_config.yml <<'YAML'
target: http://127.0.0.1:9
requests: [GET /]
scenarios: {open: {rate: 10, max_users: 90000, duration: 10s}, closed: {users: 200, duration: 10s}}
YAML
  ulimit -Hn 20000
  run_split "$PERFGATE" check --scenario open
  expect_status 2
  expect_match "$errors" "open: 90000 users need 900[0-9]+ open files"
  run_split "$PERFGATE" check --scenario closed
  expect_status 3
  expect_match "$errors" "127.0.0.1:9"
}

@test "another target needs requests or profiles: exit 2 with the lines to add" {
  run_split "$PERFGATE" check --quick --target http://127.0.0.1:9
  expect_status 2
  expect_match "$errors" "requests"
}

@test "an unknown scenario is exit 2 with a suggestion; the suffix _test is accepted" {
  run_split "$PERFGATE" check --scenario smoek
  expect_status 2
  expect_match "$errors" 'did you mean `smoke`'
  run_split "$PERFGATE" check --scenarios load_test --target http://127.0.0.1:9 --requests 'GET /'
  expect_status 3
}

@test "bad numbers in options are exit 2" {
  for words in "--seed x" "--duration-scale 0" "--duration-scale 1x" "--max-runtime 5" "--workers 0" "--workers 1.5"; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" check --quick $words
    expect_status 2
  done
}

@test "FS-07: an output folder that cannot be is exit 2 before any load" {
  echo file >taken
  run_split "$PERFGATE" check --quick --output taken
  expect_status 2
  expect_match "$errors" "taken"
}

@test "FS-11: an output folder in use is exit 2" {
  need flock
  mkdir out
  flock out sh -c 'echo held >held; exec sleep 30' &
  holder=$!
  wait_until 10 test -s held
  run_split "$PERFGATE" check --quick --output out
  pkill -P "$holder" || true
  kill "$holder" 2>/dev/null || true
  expect_status 2
  expect_match "$errors" "in use by another perfgate"
}

# advise LINE…: judge the failing result (p95 and error rate) with these lines in the configuration.
advise() {
  printf '%s\n' 'target: reference' 'performance_gates: {max_p95_response_time: 2000, max_error_rate: 0.05%}' "$@" \
    >ci_cd_config.yml
  run_split "$PERFGATE" check --quick --from "$ROOT/tests/corpus/result/failing.json"
}

@test "enforce: warn is exit 0 and says what would have failed; a gate's own fail stays one" {
  need xmllint jq
  advise 'enforce: warn'
  expect_status 0
  expect_match "$output" '▲ PASSED, WITH WARNINGS'
  expect_match "$output" 'advisory \(enforce: warn\), would have failed: smoke total p95'
  [ "$(jq -c '[.verdict.outcome, .verdict.would_fail]' perfgate-results/result.json)" = '["pass",true]' ]
  [ "$(xmllint --xpath 'count(//failure)' perfgate-results/junit.xml)" -eq 0 ]
  [ "$(xmllint --xpath 'count(//skipped[starts-with(@message, "advisory, would have failed: ")])' perfgate-results/junit.xml)" -eq 2 ]
  grep -q 'passed, with warnings.*would have failed' perfgate-results/comment.md
  grep -q '<h1>passed, with warnings' perfgate-results/report.html
  advise 'enforce: {default: warn, max_error_rate: fail}'
  expect_status 1
  expect_match "$output" 'FAILED'
  expect_match "$output" 'notice +advisory \(enforce: warn\), would have failed: smoke p95'
  advise 'enforce: {max_error_rate: warn, max_p95_response_time: warn}'
  expect_status 0
  advise
  expect_status 1
}

@test "FS-15, FS-16: --keep keeps each run; what is older than artifact_retention_days goes, foreign files stay" {
  local name day
  printf '%s\n' 'target: reference' 'performance_gates: {max_p95_response_time: 20s}' 'artifact_retention_days: 7' \
    >ci_cd_config.yml
  for name in passing failing inconclusive; do
    # Each of these is a run of its own.
    sed -E "s/(\"run_id\": \")[^\"]*/\1$name/" "$ROOT/tests/corpus/result/$name.json" >"$name.json"
    run_split "$PERFGATE" check --quick --from "$name.json" --keep
    expect_status 0
  done
  runs=(perfgate-results/runs/*)
  [ "${#runs[@]}" -eq 3 ]
  for name in passing failing inconclusive; do
    jq -e --arg name "$name" '.run_id == $name' perfgate-results/runs/*-"$name"*/result.json >/dev/null
    [ -s "$(echo perfgate-results/runs/*-"$name"*/report.html)" ]
  done
  touch -d '20 days ago' perfgate-results/runs/*/.perfgate-manifest.json
  touch -d '21 days ago' perfgate-results/runs/*-passing*/.perfgate-manifest.json
  echo mine >"$(echo perfgate-results/runs/*-passing*)/notes.txt"
  run_split "$PERFGATE" check --quick --from inconclusive.json --keep
  expect_status 0
  [ -s "$(echo perfgate-results/runs/*-passing*/notes.txt)" ]
  [ ! -e "$(echo perfgate-results/runs/*-passing*)/result.json" ]
  # This run and the one before always stay.
  [ -s "$(echo perfgate-results/runs/*-failing*/result.json)" ]
  # A clock that is years ahead.
  touch -d '3 years ago' perfgate-results/runs/*-failing*/.perfgate-manifest.json
  sed -E "s/(\"run_id\": \")[^\"]*/\1another/" passing.json >another.json
  run_split "$PERFGATE" check --quick --from another.json --keep
  expect_status 0
  expect_match "$errors" 'warning: .*runs: nothing old is deleted: .*is the clock right'
  [ -s "$(echo perfgate-results/runs/*-failing*/result.json)" ]
}

@test "SIG-05: a reader that has gone (| head -1) costs neither artifacts nor verdict" {
  need jq
  local limit wanted
  while read -r limit wanted; do
    rm -rf perfgate-results
    printf '%s\n' 'target: reference' "performance_gates: {max_error_rate: $limit}" >ci_cd_config.yml
    # A pipe that nobody reads any more.
    exec 9> >(exec true)
    wait $!
    status=0
    "$PERFGATE" check --quick --from "$ROOT/tests/corpus/result/failing.json" >&9 2>err || status=$?
    exec 9>&-
    output="" errors="$(cat err)"
    expect_status "$wanted"
    [[ "$errors" != *"error:"* ]]
    [ -s perfgate-results/report.html ]
    jq -r '.files[] | .sha256 + "  perfgate-results/" + .name' perfgate-results/.perfgate-manifest.json |
      sha256sum --check --quiet
  done <<'ROWS'
50% 0
0.05% 1
ROWS
}

@test "ENV-20: a current folder that is gone or cannot be read is exit 2 with the reason" {
  local without=()
  # Root may read everything, unless this is taken away.
  [ "$(id -u)" -ne 0 ] ||
    without=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search)
  cp "$PERFGATE" perfgate
  mkdir gone closed
  cd gone
  rmdir ../gone
  run_split "$PERFGATE" check --quick
  expect_status 2
  expect_match "$errors" "error: the current folder is gone or cannot be read.*: No such file or directory"
  cd "$BATS_TEST_TMPDIR/closed"
  chmod 000 .
  run_split "${without[@]}" "$BATS_TEST_TMPDIR/perfgate" check --quick
  chmod 700 .
  expect_status 2
  expect_match "$errors" "Permission denied"
}

@test "a report needs a result of this schema" {
  echo '{"schema": "other/1"}' >other.json
  run_split "$PERFGATE" report other.json
  expect_status 2
  expect_match "$errors" "other.json: .*other/1"
  run_split "$PERFGATE" report missing.json
  expect_status 2
  expect_match "$errors" "missing.json"
}

@test "--base that cannot be compared with is exit 2, says what to do, and starts nothing" {
  local row message
  seed_repo
  printf 'target: {command: "exec sleep 60 {port}"}\nrequests: [GET /]\n' >>ci_cd_config.yml
  while IFS='|' read -r row message; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" check --quick $row
    expect_status 2
    expect_match "$errors" "$message"
    [ ! -e perfgate-results/result.json ]
    [ ! -e .git/worktrees ]
  done <<'ROWS'
--base no-such-tag|--base no-such-tag: .*no such commit
--base no-such.json|no-such.json: No such file
--base ci_cd_config.json|ci_cd_config.json
--base HEAD --target http://127.0.0.1:9|target.command .* --base baseline
--base HEAD --target reference|same program for base and head
ROWS
  PERFGATE_REGRESSION_BUDGET=20s run_split "$PERFGATE" check --quick --base HEAD
  expect_status 2
  expect_match "$errors" "regression.budget: 20 s is room for 3 blocks"
  [ ! -e .git/worktrees ]
}

@test "--base outside a repository is exit 2" {
  printf 'target: {command: "exec sleep 60 {port}"}\nrequests: [GET /]\n' >>ci_cd_config.yml
  run_split "$PERFGATE" check --quick --base HEAD
  expect_status 2
  expect_match "$errors" "no git repository"
}

@test "on a pull request a base that cannot be found is a warning, for regression.mode: ab exit 2" {
  seed_repo
  printf 'target: {command: "echo no server; exit 1 # {port}"}\nrequests: [GET /]\nbaseline_branch: trunk\n' |
    cat - <(grep -v baseline_branch ci_cd_config.yml) >config.yml
  GITHUB_EVENT_NAME=pull_request run_split "$PERFGATE" check --config config.yml
  expect_status 3
  expect_match "$errors" 'warning: no A/B comparison: where HEAD left `trunk` is not in this clone: fetch it'
  echo 'regression: {mode: ab}' >>config.yml
  GITHUB_EVENT_NAME=pull_request run_split "$PERFGATE" check --config config.yml
  expect_status 2
  expect_match "$errors" 'regression.mode: ab: where HEAD left `trunk`'
}
