#!/usr/bin/env bats
# The reference API against its own OpenAPI description and against Prometheus' parser.

load ../helper
load serve

setup_file() {
  start_server "$BATS_FILE_TMPDIR/main"
}

teardown_file() {
  [ ! -r "$BATS_FILE_TMPDIR/main/pid" ] || stop_server "$BATS_FILE_TMPDIR/main"
}

setup_more() {
  need curl python3 promtool redis-cli
  URL="$(cat "$BATS_FILE_TMPDIR/main/url")"
}

@test "API-20: every route answers generated requests, valid and invalid, as /openapi.json says" {
  python3 "$ROOT/tests/harness/api_contract.py" "$URL"
}

@test "the contract test notices an answer that is not as described" {
  start_server "$BATS_TEST_TMPDIR/own" --inject errors=100%@/predict/batch
  run_split python3 "$ROOT/tests/harness/api_contract.py" "$(cat "$BATS_TEST_TMPDIR/own/url")"
  local result="$status"
  stop_server "$BATS_TEST_TMPDIR/own"
  [ "$result" -ne 0 ]
  expect_match "$errors" 'POST /predict/batch .*got 500'
}

@test "the metrics are what promtool takes for clean, at the start and after use" {
  start_server "$BATS_TEST_TMPDIR/own"
  curl -s "$(cat "$BATS_TEST_TMPDIR/own/url")/metrics" >fresh
  stop_server "$BATS_TEST_TMPDIR/own"
  promtool check metrics <fresh
  ask POST /predict/single "{$PLACE, $DATE}"
  ask POST /predict/single "{$PLACE, $DATE}"
  ask GET /nothing
  curl -s "$URL/metrics" >used
  promtool check metrics <used
  expect_match "$(cat used)" 'malaria_cache_hit_rate '
}

@test "RD-11: the cache is written under its own prefix only" {
  local socket
  ask POST /predict/single "{$PLACE, $DATE}"
  ask POST /predict/spatial "{\"bounds\": {\"north\": 1, \"south\": 0, \"east\": 35, \"west\": 34}, $DATE}"
  socket="$(own_redis_socket "$BATS_FILE_TMPDIR/main")"
  redis-cli -s "$socket" --scan >keys
  [ "$(wc -l <keys)" -ge 4 ]
  if grep -v '^malaria:' keys; then return 1; fi
}
