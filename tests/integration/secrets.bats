#!/usr/bin/env bats
# Secrets where others could find them: addresses, headers, files, the variables of other programs.

load ../helper

brief="check --quick --duration-scale 0.1"

setup_more() {
  need python3 jq git
  unset http_proxy https_proxy all_proxy SSLKEYLOGFILE
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

# api: sets a cookie, and keeps the Authorization headers that it was sent in the file `sent`.
api() {
  python3 -c '
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        sent.write("%s\n" % self.headers.get("Authorization"))
        sent.flush()
        self.send_response(200)
        self.send_header("Set-Cookie", "session=canary_cookie_9x")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *rest): pass
sent = open("sent", "w")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()' >port 2>/dev/null 3>&- &
  server=$!
  wait_until 10 test -s port
}

# suite HEADER: a user with cookies who sends it.
suite() {
  cat >ci_cd_config.yml <<YAML
performance_gates: {max_error_rate: 50%}
profiles: {users: {wait: 100ms..200ms, cookies: true, tasks: {one: 1}}}
tasks: {one: {request: GET /, headers: {Authorization: "$1"}}}
YAML
}

@test "SEC-03: of an address with a password only scheme, host, port and path are shown" {
  api
  echo 'performance_gates: {max_error_rate: 50%}' >ci_cd_config.yml
  for transport in native curl; do
    run_split "$PERFGATE" $brief -v --requests 'GET /' --transport "$transport" \
      --target "http://me:canary_target_9x@127.0.0.1:$(cat port)/x"
    expect_status 0
    [ "$(jq -r .target perfgate-results/result.json)" = "http://127.0.0.1:$(cat port)/x" ]
    [[ "$output$errors" != *canary* ]]
    ! grep -rl canary perfgate-results
  done
}

@test "SEC-04: -v shows no Authorization, no Cookie and no Set-Cookie" {
  api
  suite "Bearer canary_bearer_9x"
  for transport in native curl; do
    run_split "$PERFGATE" $brief -v --transport "$transport" --target "http://127.0.0.1:$(cat port)"
    expect_status 0
    grep -q 'Bearer canary_bearer_9x' sent
    [[ "$output$errors" != *canary* ]]
    ! grep -rl canary perfgate-results
  done
}

@test "SEC-11: netrc is not read" {
  api
  echo 'performance_gates: {max_error_rate: 50%}' >ci_cd_config.yml
  printf 'machine 127.0.0.1 login me password canary_netrc_9x\n' >"$HOME/.netrc"
  chmod 600 "$HOME/.netrc"
  for transport in native curl; do
    run_split "$PERFGATE" $brief --requests 'GET /' --transport "$transport" --target "http://127.0.0.1:$(cat port)"
    expect_status 0
  done
  [ "$(sort -u sent)" = None ]
}

@test "SEC-11: a file for the keys of TLS is warned of" {
  api
  echo 'performance_gates: {max_error_rate: 50%}' >ci_cd_config.yml
  SSLKEYLOGFILE="$PWD/keys" run_split "$PERFGATE" $brief --requests 'GET /' --target "http://127.0.0.1:$(cat port)"
  expect_status 0
  expect_match "$errors" "SSLKEYLOGFILE is set"
  run_split "$PERFGATE" $brief --requests 'GET /' --target "http://127.0.0.1:$(cat port)"
  [[ "$errors" != *SSLKEYLOGFILE* ]]
}

# with_webhook: a configuration that holds one, and nothing to measure.
with_webhook() {
  cat >ci_cd_config.yml <<'YAML'
enabled: false
performance_gates: {max_error_rate: 50%}
notification: {slack_webhook: "https://hooks.slack.com/services/T0/B0/canary_slack_9x"}
YAML
}

@test "SEC-10: a secret in a file that others can read is warned of" {
  with_webhook
  chmod 644 ci_cd_config.yml
  run_split "$PERFGATE" check
  expect_status 0
  expect_match "$errors" 'ci_cd_config.yml: `notification.slack_webhook`: other users can read this secret: chmod 600'
  [[ "$output$errors" != *canary* ]]
  chmod 600 ci_cd_config.yml
  run_split "$PERFGATE" check
  expect_status 0
  [[ "$errors" != *"other users"* ]]
}

@test "SEC-10: no warning of a file without a secret" {
  printf '%s\n' 'enabled: false' 'performance_gates: {max_error_rate: 50%}' \
    'services: {redis: "redis://127.0.0.1:6379"}' >ci_cd_config.yml
  chmod 644 ci_cd_config.yml
  PERFGATE_SLACK_WEBHOOK=https://hooks.slack.com/services/T0/B0/x run_split "$PERFGATE" check
  expect_status 0
  [[ "$errors" != *secret* ]]
}

@test "CFG-41: a secret in a tracked file is warned of, and its value is not shown" {
  with_webhook
  chmod 600 ci_cd_config.yml
  git init -q .
  git add ci_cd_config.yml
  git -c user.name=x -c user.email=x@example.invalid commit -q -m one
  mkdir below
  cd below
  run_split "$PERFGATE" check
  expect_status 0
  expect_match "$errors" 'a secret in a tracked file: use PERFGATE_SLACK_WEBHOOK'
  [[ "$output$errors" != *canary* ]]
}

@test "CFG-47: in a pull request the configuration leads nowhere out of the repository" {
  mkdir work
  printf '%s\n' 'enabled: false' 'performance_gates: {max_error_rate: 50%}' >elsewhere.yml
  cd work
  git init -q .
  ln -s ../elsewhere.yml ci_cd_config.yml
  git add ci_cd_config.yml
  git -c user.name=x -c user.email=x@example.invalid commit -q -m one
  run_split "$PERFGATE" check
  expect_status 0
  export GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/1/merge GITHUB_BASE_REF=main
  run_split "$PERFGATE" check
  expect_status 2
  expect_match "$errors" 'ci_cd_config.yml: in a pull request it must not lead out of the repository'
  # The job's own word.
  run_split "$PERFGATE" check --config "$BATS_TEST_TMPDIR/elsewhere.yml"
  expect_status 0
  rm ci_cd_config.yml
  cp ../elsewhere.yml kept.yml
  ln -s kept.yml ci_cd_config.yml
  run_split "$PERFGATE" check
  expect_status 0
}
