#!/usr/bin/env bats
# `unix:/path` as the target: a real HTTP server on a Unix socket.

load ../helper

brief="check --quick --duration-scale 0.1"

setup_more() {
  need nginx jq
  export COLUMNS=200
  unset https_proxy HTTPS_PROXY http_proxy all_proxy ALL_PROXY
  sockets="$(mktemp -d)"
  echo 'performance_gates: {max_error_rate: 0%, min_throughput: 1}' >ci_cd_config.yml
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
  rm -rf "$sockets"
}

# unix_api: nginx on $sockets/api.sock, which answers {"ok": true} and logs request lines.
unix_api() {
  cat >nginx.conf <<CONF
daemon off;
master_process off;
pid $PWD/nginx.pid;
error_log $PWD/error.log;
events {}
http {
  log_format line '\$request \$host \$status';
  access_log $PWD/access.log line;
  client_body_temp_path $PWD/body;
  server {
    listen unix:$sockets/api.sock;
    keepalive_requests 100000000;
    location / { default_type application/json; return 200 '{"ok": true}'; }
  }
}
CONF
  nginx -c "$PWD/nginx.conf" -p "$PWD" 2>/dev/null 3>&- &
  server=$!
  wait_until 10 test -S "$sockets/api.sock"
}

@test "--target unix:/path measures a server on a Unix socket" {
  unix_api
  run_split "$PERFGATE" $brief --target "unix:$sockets/api.sock" --requests 'GET /items'
  expect_status 0
  expect_match "$output" "unix:$sockets/api.sock"
  [ "$(jq -r .target perfgate-results/result.json)" = "unix:$sockets/api.sock" ]
  # Who is asked for, and every request the server saw but the readiness probe is in the books, unless
  # the machine spoiled a phase, which is measured again then.
  expect_match "$(sort -u access.log)" 'GET /items HTTP/1.1 localhost 200'
  local booked
  booked="$(jq '[.scenarios[] | .series[].requests, .generator.censored] | add' perfgate-results/result.json)"
  [[ "$errors" == *"measured once more"* ]] || [ "$booked" -eq "$(grep -c items access.log)" ]
}

@test "target: unix:/path in the file, and the ready path is asked there" {
  unix_api
  cat >>ci_cd_config.yml <<YAML
target: {url: "unix:$sockets/api.sock", ready: /ready}
requests: [GET /]
YAML
  run_split "$PERFGATE" config show
  expect_match "$output" "unix:$sockets/api.sock"
  run_split "$PERFGATE" $brief
  expect_status 0
  expect_match "$(cat access.log)" 'GET /ready HTTP/1.1'
}

@test "a socket that nobody listens on is exit 3 and says which and why" {
  run_split "$PERFGATE" $brief --target "unix:$sockets/none.sock" --requests 'GET /'
  expect_status 3
  expect_match "$errors" "target not reachable within 5 s: unix:$sockets/none.sock: No such file or directory"
}

@test "a socket with a full queue, or without its server, refuses connections" {
  need python3
  python3 -c '
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
c.recv(65536)
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
time.sleep(60)' "$sockets/api.sock" 3>&- &
  server=$!
  wait_until 10 test -S "$sockets/api.sock"
  cat >>ci_cd_config.yml <<YAML
requests: [GET /]
scenarios: {t: {users: 10, duration: 1s, warmup: 0s, think_scale: 0, timeout: 1s}}
YAML
  run_split "$PERFGATE" run --scenario t --target "unix:$sockets/api.sock"
  expect_status 0
  [ "$(jq '.scenarios[0].total.classes.connect_refused > 8' perfgate-results/result.json)" = true ]
  expect_match "$(jq -r '.scenarios[0].endpoints[0].first_failure' perfgate-results/result.json)" \
    "^connect_refused: nobody accepts on the Unix socket, or its queue is full$"
}

@test "what cannot be a socket's path is exit 2" {
  run_split "$PERFGATE" $brief --target unix:api.sock --requests 'GET /'
  expect_status 2
  expect_match "$errors" 'unix:api.sock.*named by its whole path, as in unix:/run/api.sock'
  run_split "$PERFGATE" $brief --target "unix:/$(printf '%0120d' 0)" --requests 'GET /'
  expect_status 2
  expect_match "$errors" "at most 107 bytes"
  run_split "$PERFGATE" $brief --target unix:/run/x.sock --transport native --requests 'GET /'
  expect_status 2
  expect_match "$errors" "--transport native speaks http:// only"
}
