#!/usr/bin/env bats
# calibrate: recording two equal sides of a real server, going on with it, judging it.

load ../helper

setup_more() {
  need python3 jq
  cat >server.py <<'PY'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)
    def do_GET(self):
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
target:
  command: exec python3 server.py {port}
YAML
}

calibrate() { # calibrate ARGUMENT…: with slots of 50 ms
  run_split "$PERFGATE" calibrate --duration-scale 0.1 --output out "$@"
}

blocks() {
  jq -s '[.[] | select(.spoiled == null)] | length' out/calibration.jsonl
}

@test "calibrate: a recording goes on where it stopped, and is judged" {
  calibrate --minutes 0.1
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] # so few blocks may not suffice
  local first
  first=$(wc -l <out/calibration.jsonl)
  [ "$first" -gt 0 ]

  calibrate --minutes 0.4
  expect_status 0
  [ "$(wc -l <out/calibration.jsonl)" -gt "$first" ]
  jq -s -e '[.[] | .block] | (. == sort) and .[0] == 1' out/calibration.jsonl
  expect_match "$output" "cut into [0-9]+ runs"
  expect_match "$output" "20 % slower: all endpoints"
  expect_match "$output" "Mann-Whitney .05"
  [ "$(jq .blocks out/calibration.json)" -eq "$(blocks)" ]
  jq -e '.schema == "perfgate.calibration/1" and (.detection | length) >= 6
      and .unchanged.runs == .unchanged.pass + .unchanged.fail + .unchanged.inconclusive' out/calibration.json
  grep -q '<svg class="chart chart-wide"' out/calibration.html

  # The same figures from the same recording, without a server.
  cp out/calibration.json before.json
  run_split "$PERFGATE" calibrate --from out/calibration.jsonl --output again --json
  expect_status 0
  [ "$(jq -cS .unchanged again/calibration.json)" = "$(jq -cS .unchanged before.json)" ]
  [ "$(jq -cS .detection again/calibration.json)" = "$(jq -cS .detection before.json)" ]
}

@test "calibrate: a recording of another suite is refused, not mixed" {
  calibrate --minutes 0.02
  [ -s out/calibration.jsonl ]
  cp out/calibration.jsonl kept
  sed -i 's|GET /items|GET /others|' ci_cd_config.yml
  calibrate --minutes 0.1
  expect_status 2
  expect_match "$errors" 'calibration.jsonl: `suite` was another'
  cmp kept out/calibration.jsonl
}
