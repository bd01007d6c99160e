#!/usr/bin/env bats
# What is a measurement, and what is not: rows MEA-nn of the fault catalogue, through `check`.
# Runs alone: it measures.

load ../helper

ok='send=HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

setup_more() {
  need jq
  export COLUMNS=300
  unset http_proxy all_proxy ALL_PROXY
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
  [ -z "${group:-}" ] || rmdir "$group" 2>/dev/null || true
}

# peer STEP…: a scripted peer on $port.
peer() {
  "${HARNESS:-$(dirname "$PERFGATE")/harness}/bad_peer" "$@" >port 3>&- &
  server=$!
  wait_until 10 test -s port
  port="$(cat port)"
}

# suite GATES SCENARIO
suite() {
  cat >ci_cd_config.yml <<YAML
performance_gates: {$1}
target: http://127.0.0.1:$port
requests: [GET /]
scenarios: {t: {$2}}
YAML
}

of_t() { # of_t FILTER: of the scenario in result.json
  jq -r ".scenarios[0] | $1" perfgate-results/result.json
}

cell() { # cell METRIC MEMBER
  jq -r --arg m "$1" ".verdict.cells[] | select(.metric == \$m) | .$2" perfgate-results/result.json
}

@test "MEA-01: not one completed request is exit 3, and no percentile is 0" {
  need python3
  python3 -c '
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/ready":
            time.sleep(60)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()' >port 3>&- &
  server=$!
  wait_until 10 test -s port
  port="$(cat port)"
  suite 'max_p95_response_time: 2000' 'users: 3, duration: 1s, warmup: 0s, timeout: 20s, think_scale: 0'
  sed -i "s|^target: .*|target: {url: 'http://127.0.0.1:$port', ready: /ready}|" ci_cd_config.yml
  run_split "$PERFGATE" check --scenario t
  expect_status 3
  [ "$(of_t '.total.requests == 0 and .generator.censored == 3')" = true ]
  [ "$(cell p95 outcome)" = unmeasured ]
  [ "$(cell p95 value)" = null ]
  [[ "$output" != *PASS* ]]
}

@test "MEA-02: too few requests for a percentile are exit 3, and the reason says how many" {
  peer read "$ok"
  suite 'max_p95_response_time: 2000' 'users: 2, duration: 2s, warmup: 0s, think_scale: 0.5'
  run_split "$PERFGATE" check --scenario t
  expect_status 3
  [ "$(of_t '.total.requests < 20')" = true ]
  [ "$(cell p95 outcome)" = unmeasured ]
  expect_match "$(cell p95 reason)" "[0-9]+ requests"
}

@test "MEA-03: requests that all fail are exit 1 by the error rate, and p95 has no value" {
  # Ready is whatever answers below 500; 404 is not what the requests expect.
  peer read 'send=HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'
  suite 'max_p95_response_time: 2000, max_error_rate: 0.01' 'users: 10, duration: 2s, warmup: 0s, think_scale: 0.02'
  run_split "$PERFGATE" check --scenario t
  [ "$(of_t '.total.requests == .total.classes.http_error and .total.requests > 100')" = true ]
  [ "$(cell p95 value)" = null ]
  [ "$(cell p95 outcome)" = unmeasured ]
  # What a noisy machine measured is no evidence.
  [ "$(of_t .generator.valid)" = false ] || expect_status 1
}

@test "MEA-14: a gate of the cache without any look-up is exit 3, never a pass" {
  peer read "$ok"
  suite 'min_cache_hit_rate: 0.7' 'users: 5, duration: 2s, warmup: 0s, think_scale: 0.02'
  run_split "$PERFGATE" check --scenario t
  expect_status 3
  [ "$(cell cache_hit_rate outcome)" = unmeasured ]
  [ "$(cell cache_hit_rate value)" = null ]
}

@test "MEA-17: warm-up is in the series and not in the figures" {
  peer read "$ok"
  suite 'max_error_rate: 0.5' 'users: 10, duration: 4s, warmup: 2s, think_scale: 0.02'
  run_split "$PERFGATE" check --scenario t
  [ "$(of_t '[.series[] | select(.warmup)] | length')" -eq 2 ]
  [ "$(of_t '([.series[].requests] | add) - .total.requests >= ([.series[] | select(.warmup).requests] | add) - 10')" = true ]
  grep -q "the first 2 \\?s not judged" perfgate-results/report.html
}

@test "MEA-21: a budget that is used up is exit 3, and the part that ran is marked" {
  peer read "$ok"
  suite 'max_error_rate: 0.5' 'users: 5, duration: 60s, warmup: 0s, think_scale: 0.02'
  run_split "$PERFGATE" check --scenario t --max-runtime 2s
  expect_status 3
  expect_match "$output" "cut short by --max-runtime 2s"
  [ "$(of_t .interrupted)" = true ]
  [ "$(of_t '.total.requests > 0 and .judged_s < 10')" = true ]
}

# cpu_group QUOTA_PERCENT: a cgroup in $group with so much of a core, or skip.
cpu_group() {
  local name="perfgate-test-$BASHPID"
  if mkdir "/sys/fs/cgroup/cpu/$name" 2>/dev/null; then
    group="/sys/fs/cgroup/cpu/$name"
    echo $((1000 * $1)) >"$group/cpu.cfs_quota_us"
  elif mkdir "/sys/fs/cgroup/$name" 2>/dev/null; then
    group="/sys/fs/cgroup/$name"
    echo "$((1000 * $1)) 100000" 2>/dev/null >"$group/cpu.max" || skip "the cpu controller is not ours to use"
  else
    skip "needs a cgroup of its own"
  fi
}

@test "MEA-13: a CPU quota that stops us is reported, and a capacity it limits is at least so much" {
  peer read "$ok"
  suite 'max_error_rate: 0.5' 'users: 10, duration: 3s, warmup: 0s, think_scale: 0'
  cpu_group 5
  run_split bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' in "$group" "$PERFGATE" check --scenario t
  [ "$(of_t '.generator.throttled_percent > 5')" = true ]
  [ "$(of_t .generator.limited)" = true ]
  expect_match "$output" "throttled [0-9]"
}

@test "MEA-19: against a baseline of one run an API that is half as slow again is shown, not failed" {
  seed_repo
  peer read wait=6 "$ok"
  suite 'max_p95_response_time: 2000' 'users: 20, duration: 3s, warmup: 0s, think_scale: 0.05'
  git add . && git commit -qm suite
  run_split "$PERFGATE" check --scenario t --update-baseline
  # A machine too noisy for a verdict writes none, and there is nothing to compare with.
  git notes --ref perfgate/baselines list | grep -q . || { [ "$(of_t .generator.valid)" = false ]; return 0; }
  kill "$server"
  peer read wait=9 "$ok"
  suite 'max_p95_response_time: 2000' 'users: 20, duration: 3s, warmup: 0s, think_scale: 0.05'
  run_split "$PERFGATE" check --scenario t
  [ "$status" -ne 1 ]
  jq -e '[.verdict.cells[] | select(.metric == "p95")][0] | .baseline != null and .value != .baseline' perfgate-results/result.json
  expect_match "$output" 't p95 .*[+-][0-9]'
}
