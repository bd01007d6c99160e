#!/usr/bin/env bats
# Allocations that fail: what was promised of the exit status, the artifacts and the secrets holds.

load ../helper
load ../baseline_helper

setup_more() {
  need python3
  shim="$HARNESS/fail_alloc.so"
  [ -r "$shim" ] || { echo "no fail_alloc.so in $HARNESS: run make harness" >&2; return 1; }
}

# fail_each [OPTION…] FOLDER COMMAND…: perfgate's COMMAND in copies of FOLDER, see out_of_memory.py.
fail_each() {
  local options=()
  while [[ "$1" == --* ]]; do
    options+=("$1" "$2")
    shift 2
  done
  run_split python3 "$ROOT/tests/harness/out_of_memory.py" "${options[@]}" "$shim" "$1" "$PERFGATE" "${@:2}"
  echo "# $output" >&3
  expect_status 0
}

@test "OOM-01, OOM-09: an allocation that fails while the configuration is read, or all from one on, is exit 70" {
  mkdir work
  cat "$ROOT/tests/corpus/config/seed.yml" - >work/ci_cd_config.yml <<'YAML'
target: http://127.0.0.1:9/below
requests: [GET /items, POST /orders]
scenarios: {mine: {users: 5, duration: 10s}}
run: [smoke, mine]
YAML
  fail_each work config validate
}

@test "OOM-02, OOM-09, SEC-01: judging and reporting without memory is exit 70 with whole artifacts and no canary" {
  export GITHUB_TOKEN=canary_github_9x PERFGATE_SLACK_WEBHOOK=https://hooks.slack.com/services/T0/B0/canary_slack_9x
  export PERFGATE_SMTP_URL=smtp://u:canary_smtp_9x@127.0.0.1:9 REDIS_URL=redis://:canary_redis_9x@127.0.0.1:9
  export DATABASE_URL=postgresql://u:canary_dburl_9x@127.0.0.1:9/d
  mkdir -p work
  printf '%s\n' 'target: http://u:canary_target_9x@127.0.0.1:9' 'requests: [GET /]' \
    'performance_gates: {max_p95_response_time: 2000, max_error_rate: 0.05%}' >work/ci_cd_config.yml
  cp "$ROOT/tests/corpus/result/passing.json" work/
  (cd work && "$PERFGATE" report "$ROOT/tests/corpus/result/failing.json" >/dev/null)
  fail_each work check -v --quick --no-notify --from passing.json
}

# What libgit2, and OpenSSL for it, allocate is left out: they do not survive every failure of their own.
@test "OOM-03: a baseline that is written without memory is exit 4 or 70, and the store is whole" {
  need git
  git init -q -b main work
  cd work
  git config user.name tester
  git config user.email tester@example.invalid
  commit one
  store HEAD 0000000000000001
  commit two
  result HEAD 0000000000000002
  cd ..
  fail_each --status 4 --spare "libgit2 libcrypto libssl" \
    --then "git fsck --strict --no-dangling && '$PERFGATE' baseline show" work baseline update --from result.json
}
