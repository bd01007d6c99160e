#!/usr/bin/env bats
# The history verdict on a real target: the probe, an alarm that is measured side by side, a leak.
# Runs alone: it measures.

load ../helper

brief="check --quick --duration-scale 0.1"

# A repository with a server that takes 2 ms for /items, and, when told so, keeps bytes of each request.
setup_more() {
  need git python3 jq
  git init -q -b main .
  git config user.name tester
  git config user.email tester@example.invalid
  cat >server.py <<'PY'
import http.server, sys, time
MS = 2.0
LEAK = int(sys.argv[2]) if len(sys.argv) > 2 else 0
kept = []
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)
    def do_GET(self):
        time.sleep(MS / 1000)
        if LEAK:
            kept.append(b"x" * LEAK)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *rest): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PY
  cat >ci_cd_config.yml <<'YAML'
performance_gates: {max_error_rate: 0.5}
requests: [GET /items]
target: {command: "exec python3 server.py {port}"}
scenarios:
  endurance:
    stages: [{users: 4, duration: 26s}]
    warmup: 2s
    spawn_rate: 100
    gates: {max_error_rate: 0.5}
YAML
  printf '%s\n' perfgate-results __pycache__ >.gitignore
  git add -A
  git commit -q -m base
}

# measure OPTION…: a quick check; once more when the machine spoiled it, which proves nothing.
measure() {
  local try
  for try in 1 2 3 4; do
    run_split "$PERFGATE" $brief "$@"
    jq -e 'all(.scenarios[]; .generator.valid)' "${output_folder:-perfgate-results}/result.json" >/dev/null && return 0
  done
  echo "the machine is too noisy: $output" >&2
  return 1
}

# baseline FACTOR: a baseline of HEAD as measured, with its throughput times FACTOR.
baseline() {
  output_folder=first measure --output first
  jq ".scenarios[].throughput_rps *= $1" first/result.json >claimed.json
  run_split "$PERFGATE" baseline update --from claimed.json
  expect_status 0
  [ "$(git notes --ref perfgate/baselines list | wc -l)" -eq 1 ]
}

# alarm FILTER: of the history's cell of the total's p50
alarm() {
  jq -r "[.verdict.cells[] | select(.regression.by == \"history\" and .endpoint == \"total\" and .metric == \"p50\")][0] | $1" \
    perfgate-results/result.json
}

@test "a history alarm that is real fails, confirmed side by side by the alarmed cells alone" {
  baseline 1
  [ "$(jq '.scenarios[0].speed_ms > 0' first/result.json)" = true ]
  sed -i 's/^MS = .*/MS = 6.0/' server.py
  git commit -q -a -m slower
  measure
  expect_status 1
  expect_match "$errors" "measuring side by side"
  [ "$(alarm .outcome)" = fail ]
  expect_match "$(alarm .reason)" "side by side confirmed"
  [ "$(jq '[.verdict.cells[] | select(.regression.by == "ab" and .metric == "p50")] | length' perfgate-results/result.json)" -ge 1 ]
  [ "$(jq '[.verdict.cells[] | select(.regression.by == "ab" and .metric == "error_rate")] | length' perfgate-results/result.json)" -eq 0 ]
  [ "$(git worktree list | wc -l)" -eq 1 ]
}

@test "a history alarm that is not found side by side passes and says so" {
  # The baseline claims three times the throughput of this very commit.
  baseline 3
  git commit -q --allow-empty -m next
  measure
  expect_status 0
  expect_match "$(jq -r '.verdict.cells[] | select(.regression.by == "history" and .metric == "throughput") | .reason' \
    perfgate-results/result.json)" "side by side (not confirmed|undecided)"
}

@test "a run that was measured before cannot be measured again: the alarm stands and says so" {
  baseline 30
  run_split "$PERFGATE" check --from first/result.json
  expect_status 1
  expect_match "$(jq -r .verdict.reason perfgate-results/result.json)" "not measured side by side"
}

@test "a server that keeps what it is sent leaks; one that does not is steady" {
  local rss='.verdict.cells[] | select(.regression.by == "trend" and .metric == "rss")'
  sed -i 's/{port}/{port} 4000000/' ci_cd_config.yml
  run_split "$PERFGATE" check --scenario endurance
  expect_status 1
  [ "$(jq -r "$rss | .regression.finding" perfgate-results/result.json)" = drift ]
  expect_match "$(jq -r "$rss | .reason" perfgate-results/result.json)" "MiB an hour"
  expect_match "$output" "resident memory|rss"
  git checkout -q ci_cd_config.yml
  run_split "$PERFGATE" check --scenario endurance
  [ "$(jq -r "$rss | .regression.finding" perfgate-results/result.json)" = steady ]
}
