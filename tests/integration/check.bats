#!/usr/bin/env bats
# The main job on real parts: private PostgreSQL and Redis, the reference API, real load.
# Runs alone: it measures.

load ../helper

artifacts="result.json summary.csv requests.csv junit.xml report.html report.css comment.md latency.hlog"

# quick [OPTION…]: the quick gate; figures that a busy machine spoils are not judged here.
quick() {
  run_split "$PERFGATE" check --quick "$@"
}

cell() { # cell METRIC MEMBER: of the verdict in result.json
  jq -r --arg m "$1" ".verdict.cells[] | select(.endpoint == \"total\" and .metric == \$m) | .$2" perfgate-results/result.json
}

# serve_files PORT_FILE: python's file server on a port of its choice.
serve_files() {
  need python3
  mkdir -p www
  echo hello >www/index.html
  python3 -c '
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="www")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()' >port 2>/dev/null &
  server=$!
  wait_until 10 test -s port
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

@test "a repository with the seed's file: every gate judged, every artifact written, a baseline kept and compared" {
  need jq xmllint
  seed_repo
  quick --update-baseline
  expect_status 0
  expect_match "$output" "PASS|INCONCLUSIVE"
  expect_match "$output" "no baseline yet"
  for name in $artifacts; do [ -s "perfgate-results/$name" ]; done
  xmllint --noout --relaxng "$ROOT/tests/harness/junit.rng" perfgate-results/junit.xml
  [ "$(cell cache_hit_rate n)" -ge 200 ]
  [ "$(cell p95 n)" -ge 150 ]
  [ "$(jq -r '.scenarios[1].follows' perfgate-results/result.json)" = smoke ]

  # An inconclusive run (a busy machine) writes no baseline and says why.
  if git notes --ref perfgate/baselines show HEAD >note 2>/dev/null; then
    [ "$(jq -r .commit note)" = "$(git rev-parse HEAD)" ]
    quick
    expect_status 0
    [ "$(cell p95 baseline)" != null ]
    [ "$(cell throughput baseline)" != null ]
    run_split "$PERFGATE" baseline show
    expect_status 0
    expect_match "$output" "p95"
    run_split "$PERFGATE" baseline log
    expect_status 0
    expect_match "$output" "$(git rev-parse --short HEAD)"
  else
    expect_match "$output$errors" "INCONCLUSIVE|inconclusive"
  fi

  # The stored result gives the same verdict, and the same files, without another request.
  cp perfgate-results/result.json stored.json
  run_split "$PERFGATE" report stored.json --output again
  expect_status 0
  cmp perfgate-results/junit.xml again/junit.xml
  cmp perfgate-results/summary.csv again/summary.csv
}

@test "a slow API fails: console, JUnit, HTML and comment name the same gate" {
  need jq xmllint
  seed_repo
  echo 'target: {command: "perfgate serve --port {port} --inject latency=3s"}' >>ci_cd_config.yml
  quick
  expect_status 1
  expect_match "$output" "FAIL"
  expect_match "$output" "p95"
  # Which of the gates fails first is the machine's affair: a noisy one makes p95 inconclusive.
  metric=$(jq -r '[.verdict.cells[] | select(.outcome == "fail")][0].metric' perfgate-results/result.json)
  limit=$(jq -r '[.verdict.cells[] | select(.outcome == "fail")][0].limit' perfgate-results/result.json)
  expect_match "$output" "✗ smoke ${metric//_/ }"
  xmllint --xpath "//testcase[@name='total $metric']/failure/@message" perfgate-results/junit.xml | grep -q "$limit"
  grep -q "❌.*smoke ${metric//_/ }" perfgate-results/comment.md
  tr '\n' ' ' <perfgate-results/report.html | grep -q "failed.*smoke ${metric//_/ }"
}

@test "python's file server in one line, without any file" {
  need jq
  serve_files
  quick --target "http://127.0.0.1:$(cat port)" --requests 'GET /'
  expect_status 0
  [ "$(jq -r '.scenarios[0].endpoints[0].name' perfgate-results/result.json)" = "GET /" ]
  [ "$(jq -r '.scenarios[0].total.classes.ok' perfgate-results/result.json)" -ge 10 ]
  # No file asked for a cache gate, and this API tells of no cache: it is not gated.
  [ -z "$(cell cache_hit_rate outcome)" ]
}

@test "nginx in one line, without any file" {
  need jq nginx
  mkdir -p www logs
  echo hello >www/index.html
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >nginx.conf <<CONF
daemon off; pid nginx.pid; worker_processes 1; error_log logs/error.log;
events { worker_connections 256; }
http { access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server { listen 127.0.0.1:$port; root $PWD/www; } }
CONF
  # Started by root, the worker would become somebody who may not read this folder.
  [ "$(id -u)" -ne 0 ] || echo "user root;" >>nginx.conf
  nginx -p "$PWD" -c "$PWD/nginx.conf" 2>/dev/null &
  server=$!
  quick --target "http://127.0.0.1:$port" --requests 'GET /'
  expect_status 0
  [ "$(jq -r '.scenarios[0].total.classes.ok' perfgate-results/result.json)" -ge 10 ]
}
