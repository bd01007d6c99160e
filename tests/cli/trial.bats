#!/usr/bin/env bats
# `baseline log --trial`: what `enforce: fail` would have done, and whether it is earned.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq
  git init -q -b main .
  git config user.name tester
  git config user.email tester@example.invalid
  commit start
}

# recorded N [JQ-FILTER]: a commit with a record of a run; the filter may make cells advisory.
recorded() {
  commit "$1"
  result HEAD "$(printf '%016x' "$1")"
  jq "${2:-.}" result.json >changed.json
  "$PERFGATE" baseline update -q --from changed.json
}

slower='.verdict.cells |= (map(.outcome = "pass") | .[0] |= (.outcome = "fail" | .enforce = "warn"))'

trial() {
  run_split "$PERFGATE" baseline log --trial "$@"
  expect_status 0
}

field() {
  trial --json
  [ "$(jq -c "$1" <<<"$output")" = "$2" ] || { echo "$1: $output"; return 1; }
}

@test "without a record there is nothing to judge by" {
  trial
  expect_match "$output" 'no run to judge by: .*--update-baseline'
  field '[.runs, .earned, .more_runs]' '[0,false,29]'
}

@test "runs that would have failed are counted and named, and fail is not earned by them" {
  local i
  for i in 1 2 3; do recorded "$i"; done
  recorded 4 "$slower"
  recorded 5
  trial
  expect_match "$output" 'trial: 5 runs from .* 1 would have failed'
  expect_match "$output" "$(git rev-parse --short=12 HEAD~1) .*smoke/total/"
  expect_match "$output" '1 of 5 not accepted: at most 65.7 % of the runs'
  expect_match "$output" 'is not earned yet: it takes 41 more runs'
  field '[.runs, .would_fail, .not_accepted, .earned, .more_runs]' '[5,1,1,false,41]'
  field '.alarms[0].commit' "\"$(git rev-parse HEAD~1)\""
}

@test "what somebody accepted is no false alarm, nor is it while it lasts" {
  recorded 1
  recorded 2 "$slower"
  recorded 3 "$slower"
  field .not_accepted 2
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason 'more work' HEAD~1
  field '[.would_fail, .not_accepted]' '[2,0]'
  trial
  expect_match "$output" 'smoke/total/p95 \(accepted\)'
  # It passed in between: the next one is another.
  recorded 4
  recorded 5 "$slower"
  field '[.would_fail, .not_accepted]' '[3,1]'
}

@test "a commit message between two records accepts, too" {
  recorded 1
  commit $'rewrite\n\nPerf-Accept: smoke/total/p95 signs now'
  commit other
  recorded 2 "$slower"
  field '[.would_fail, .not_accepted]' '[1,0]'
}

@test "29 runs without a false alarm earn it" {
  local i
  for i in {1..28}; do recorded "$i"; done
  field '[.runs, .earned, .more_runs]' '[28,false,1]'
  recorded 29
  trial
  expect_match "$output" '`enforce: fail` is earned'
  field '[.runs, .earned, .more_runs]' '[29,true,0]'
  trial --limit 10
  expect_match "$output" 'trial: 10 runs'
}

@test "runs of another epoch are left out, and a developer's where CI made some" {
  recorded 1 "$slower"
  echo 'baseline: {epoch: 1}' >ci_cd_config.yml
  echo 'performance_gates: {max_p95_response_time: 2000}' >>ci_cd_config.yml
  recorded 2
  field '[.runs, .left_out, .would_fail]' '[1,1,0]'
  commit 3
  result HEAD 3333333333333333
  on_push "$PERFGATE" baseline update -q --from result.json || true
  field '[.runs, .left_out]' '[1,2]'
}
