#!/usr/bin/env bats
# The history verdict of check, compare, change points and creep, on results made up by hand.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq
  make_origin
}

rate() { # rate N: a sed script that sets what the suite reached
  printf 's/"throughput_rps": *[0-9.]*/"throughput_rps": %s/' "$1"
}

# past RATE…: a commit and a baseline for each.
past() {
  local rate
  for rate in "$@"; do
    runs=$((${runs:-0} + 1))
    commit "run $runs"
    store HEAD "$(printf '%016x' "$runs")" "$(rate "$rate")"
  done
}

# judge RATE [SED-SCRIPT]: check a result of HEAD with that throughput.
judge() {
  result HEAD 00000000000000ff "$(rate "$1");${2:-}"
  run_split "$PERFGATE" check --from result.json
}

# found FILTER: a property of the cell of the total's throughput as the history judged it.
found() {
  jq -r ".verdict.cells[] | select(.regression.by == \"history\" and .endpoint == \"total\"
    and .metric == \"throughput\") | $1" perfgate-results/result.json
}

twelve="60.1 59.8 60.4 61 60.2 59.7 60.3 60 59.9 60.6 60.2 59.6"

@test "without a baseline nothing is judged but the gates" {
  judge 40
  expect_status 0
  [ -z "$(found .outcome)" ]
  expect_match "$(jq -r .baseline.note perfgate-results/result.json)" "no baseline yet"
}

@test "with twelve baselines a third less throughput fails, with figures and why it is final" {
  past $twelve
  judge 40
  expect_status 1
  expect_match "$(found .reason)" "60.15 requests/s -> 40 requests/s: -33.5 %"
  expect_match "$(found .reason)" "not measured side by side: the run was measured before"
  [ "$(found .regression.finding)" = regression ]
  [ "$(found .regression.baselines)" -eq 12 ]
  [ "$(found '.regression.p < 0.001')" = true ]
  [ "$(found '.regression.bound < -0.01')" = true ]
  grep -q 'throughput regression' perfgate-results/junit.xml
}

@test "a change within the bound or the tolerance passes" {
  past $twelve
  judge 58
  expect_status 0
  [ "$(found .outcome)" = pass ]
  [ "$(found .regression.finding)" = within_bound ]
}

@test "an improvement passes and is called one" {
  past $twelve
  judge 90
  expect_status 0
  [ "$(found .regression.finding)" = improved ]
}

@test "with three baselines a quarter less is suspect, not proven" {
  past 60 61 59
  judge 45
  expect_status 0
  [ "$(found .outcome)" = inconclusive ]
  [ "$(found .regression.finding)" = suspect ]
}

@test "with three baselines a quarter of the throughput fails" {
  past 60 61 59
  judge 15
  expect_status 1
  [ "$(found .outcome)" = fail ]
}

@test "regression.enforce: warn reports the regression and passes" {
  past $twelve
  printf 'regression: {enforce: warn}\n' >>ci_cd_config.yml
  judge 40
  expect_status 0
  [ "$(found .outcome)" = fail ]
  [ "$(found .enforce)" = warn ]
  expect_match "$output" 'advisory \(enforce: warn\), would have failed: .*throughput'
  # `enforce:` alone means comparisons, too.
  sed -i 's/^regression: .*/enforce: warn/' ci_cd_config.yml
  judge 40
  expect_status 0
  [ "$(found .enforce)" = warn ]
}

@test "a tolerance of half accepts a third less" {
  past $twelve
  printf 'regression: {tolerance: {throughput: 50%%}}\n' >>ci_cd_config.yml
  judge 40
  expect_status 0
  [ "$(found .outcome)" = pass ]
}

@test "regression.mode: off compares nothing" {
  past $twelve
  printf 'regression: {mode: "off"}\n' >>ci_cd_config.yml
  judge 40
  expect_status 0
  [ -z "$(found .outcome)" ]
}

@test "what was accepted starts a history of its own" {
  past $twelve
  commit 'smaller pool

Perf-Accept: smoke/total/throughput the pool was halved'
  judge 40
  expect_status 0
  [ -z "$(found .outcome)" ]
}

@test "after a change point only the runs since then count" {
  past 60.1 59.8 60.4 61 60.2 59.7 60.3 60 80.3 79.8 80.1 80.5 79.9 80.2 79.7 80.4
  judge 62
  [ "$(found .regression.baselines)" -eq 8 ]
  [ "$(found '.regression.change < -0.2')" = true ]
}

@test "another machine is no past: the report names the field" {
  past $twelve
  judge 40 's/"cores": *2/"cores": 4/; s/sha256:aaaa/sha256:bbbb/'
  expect_status 0
  [ -z "$(found .outcome)" ]
  expect_match "$(jq -r .baseline.note perfgate-results/result.json)" "cores differs"
}

@test "the probe's time is in the baseline record" {
  result HEAD 0000000000000001
  jq '.scenarios[0].speed_ms = 9.5' result.json >r && mv r result.json
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  [ "$(notes show HEAD | jq '.scenarios.smoke.speed')" = 9.5 ]
}

@test "check --base RESULT compares with that run and says what one run can prove" {
  result HEAD 0000000000000001 "$(rate 300)"
  mv result.json old.json
  result HEAD 0000000000000002 "$(rate 58)"
  run_split "$PERFGATE" check --from result.json --base old.json
  expect_status 1
  expect_match "$errors" "compared with a single run"
  [ "$(found .regression.baselines)" -eq 1 ]
  # The reports draw it.
  jq -e '.past.runs | length == 1' perfgate-results/result.json
  jq -e '.past.values[] | select(.endpoint == "total" and .metric == "throughput")
    | .values == [300] and .now == 58' perfgate-results/result.json
  grep -Eq 'base [0-9.,]+ ms' perfgate-results/report.html
}

@test "compare: two results, cell by cell, and what one run each can prove" {
  result HEAD 0000000000000001 "$(rate 300)"
  mv result.json old.json
  result HEAD 0000000000000002 "$(rate 58)"
  run_split "$PERFGATE" compare old.json result.json
  expect_status 1
  expect_match "$output" "smoke total throughput +300 +58 +-80.7 % +-[0-9.]+ %  fail: regression"
  expect_match "$output" "a pass[[:space:]]+proves nothing"
  run_split "$PERFGATE" compare old.json old.json
  expect_status 0
}

@test "compare --json: the cells as check has them" {
  result HEAD 0000000000000001 "$(rate 300)"
  run_split "$PERFGATE" compare result.json result.json --json
  expect_status 0
  [ "$(jq -r .verdict.outcome <<<"$output")" = pass ]
  [ "$(jq '[.verdict.cells[] | select(.regression.by != "history")] | length' <<<"$output")" -eq 0 ]
}

@test "compare: the baselines of two revisions" {
  past 60 15
  run_split "$PERFGATE" compare HEAD~1 HEAD
  expect_status 1
  expect_match "$output" "throughput +60 +15"
}

@test "compare: a revision without a baseline, another suite and a missing file are said" {
  past 60
  run_split "$PERFGATE" compare HEAD~1 HEAD
  expect_status 2
  expect_match "$errors" "HEAD~1: [0-9a-f]+ has no baseline"
  result HEAD 0000000000000002 's/"cores": *2/"cores": 4/; s/sha256:aaaa/sha256:bbbb/'
  run_split "$PERFGATE" compare HEAD result.json
  expect_status 2
  expect_match "$errors" "do not compare: .*cores differs"
  run_split "$PERFGATE" compare HEAD nothing.json
  [ "$status" -ne 0 ]
  expect_match "$errors" "nothing.json"
}

@test "baseline log --change-points names the commit of a step" {
  past 60.1 59.8 60.4 61 60.2 59.7 60.3 60 50.3 49.8 50.1 50.5 49.9 50.2 49.7 50.4
  run_split "$PERFGATE" baseline log --limit 100 --change-points
  expect_status 0
  expect_match "$output" "$(git rev-parse --short=12 HEAD~7) [^ ]+  smoke throughput -16"
}

@test "baseline log --change-points of a level history says that there is none" {
  past $twelve
  run_split "$PERFGATE" baseline log --limit 100 --change-points
  expect_match "$output" "none of 5 % or more among 12 baselines"
}

@test "creep since the last tag is told by baseline log and by check on the baseline branch" {
  past 60.1 59.8 60.4 60 60.2 59.7
  git tag v1
  past 59 58.2 57.9 57.1 56.2 55.6 55 54.1 53.7 53.2
  run_split "$PERFGATE" baseline log --limit 100 --change-points
  expect_match "$output" "creep: smoke throughput has crept -[0-9.]+ % since the tag at $(git rev-parse --short=12 v1)"
  result HEAD 00000000000000ff "$(rate 53)"
  jq '.source.branch = "main"' result.json >r && mv r result.json
  run_split "$PERFGATE" check --from result.json
  expect_match "$(jq -r .baseline.note perfgate-results/result.json)" "has crept"
}

# seconds RSS-STEP P95-STEP ERRORS-STEP: 400 seconds of constant users with a little noise.
seconds() {
  jq --argjson rss "$1" --argjson p95 "$2" --argjson errors "$3" '
    .scenarios[0].series = [range(400) | . as $i | (($i * 7919) % 101 / 101) as $noise | {
      t_s: $i, warmup: ($i < 10), users: 10, requests: 1000,
      errors: ((10 * $noise + $errors * $i) | floor), p50_ms: 10,
      p95_ms: (20 + $noise + $p95 * $i), p99_ms: 30, cache_hits: 0, cache_misses: 0,
      rss_bytes: (1e8 + 1e6 * $noise + $rss * $i)}]' result.json >r && mv r result.json
}

drift() { # drift METRIC FILTER
  jq -r ".verdict.cells[] | select(.regression.by == \"trend\" and .metric == \"$1\") | $2" perfgate-results/result.json
}

@test "a scenario that stays level is steady in memory, p95 and errors" {
  result HEAD 00000000000000ff
  seconds 0 0 0
  run_split "$PERFGATE" check --from result.json
  expect_status 0
  for metric in rss p95 error_rate; do
    [ "$(drift $metric .outcome)" = pass ]
    [ "$(drift $metric .regression.finding)" = steady ]
  done
}

@test "memory, p95 or errors that rise through a scenario fail with the slope per hour" {
  result HEAD 00000000000000ff
  seconds 100000 0 0
  run_split "$PERFGATE" check --from result.json
  expect_status 1
  expect_match "$output" "resident memory|rss"
  [ "$(drift rss '.regression.per_hour > 3.4e8 and .regression.per_hour < 3.8e8')" = true ]
  [ "$(drift p95 .outcome)" = pass ]
  grep -q 'MiB an hour' perfgate-results/junit.xml
  grep -q 'MiB an hour' perfgate-results/report.html
  result HEAD 00000000000000ff
  seconds 0 0.02 0
  run_split "$PERFGATE" check --from result.json
  expect_status 1
  [ "$(drift p95 .regression.finding)" = drift ]
  result HEAD 00000000000000ff
  seconds 0 0 0.2
  run_split "$PERFGATE" check --from result.json
  expect_status 1
  [ "$(drift error_rate .regression.finding)" = drift ]
}

@test "a ramp and a short scenario have no drift" {
  result HEAD 00000000000000ff
  seconds 100000 0 0
  jq '.scenarios[0].series |= [.[] | .users = (.t_s | floor)]' result.json >r && cp r result.json
  run_split "$PERFGATE" check --from result.json
  expect_status 0
  [ -z "$(drift rss .outcome)" ]
  result HEAD 00000000000000ff
  seconds 100000 0 0
  jq '.scenarios[0].series |= .[:200]' result.json >r && cp r result.json
  run_split "$PERFGATE" check --from result.json
  expect_status 0
  [ -z "$(drift rss .outcome)" ]
}
