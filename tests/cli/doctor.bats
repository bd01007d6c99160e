#!/usr/bin/env bats
# perfgate doctor: what a check would meet here, line by line, and the exit status it would have.

load ../helper

# Serves 200 on every path, one line per request in ./asked; $URL is where.
serve() {
  need python3
  python3 -c '
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        with open("asked", "a") as out: out.write(self.command + " " + self.path + "\n")
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("port", "w") as out: out.write(str(server.server_port) + "\n")
server.serve_forever()' &
  SERVER=$!
  wait_until 10 test -s port
  URL="http://127.0.0.1:$(cat port)"
}

teardown() {
  [ -z "${SERVER:-}" ] || { kill "$SERVER" && wait "$SERVER"; } || true
}

configure() {
  printf 'performance_gates: {max_error_rate: 1%%}\ntarget: {url: "%s", ready: /ready}\nrequests: [GET /]\nrun: [smoke]\n' "$1" >ci_cd_config.yml
}

# line NAME: the finding, text and remedy of a line of the JSON in $output.
line() {
  printf '%s' "$output" | jq -r --arg name "$1" '.checks[] | select(.name == $name) | "\(.finding)|\(.text)|\(.remedy)"'
}

@test "doctor: where all is well the status is 0, and only the readiness path is asked for" {
  need jq
  serve
  seed_repo
  configure "$URL"
  run_split "$PERFGATE" doctor --quick --json
  expect_status 0
  expect_match "$(line configuration)" '^ok\|ci_cd_config.yml: 1 limit for all, smoke \(2 m of load\)'
  expect_match "$(line target)" '^ok\|http://127.0.0.1:[0-9]+ answers GET /ready in '
  expect_match "$(line output)" '^ok\|perfgate-results can be written'
  expect_match "$(line base)" '^ok\|HEAD is the tip of main'
  expect_match "$(line baselines)" '^ok\|none here yet'
  expect_match "$(line 'open files')" '^ok\|up to [0-9]+, for 5 users of smoke'
  [ -z "$(line PostgreSQL)" ]
  [ "$(printf '%s' "$output" | jq -r '.schema, .exit_status, (.checks | length > 8)' | tr '\n' ' ')" = "perfgate.doctor/1 0 true " ]
  [ "$(sort -u asked)" = "GET /ready" ]
  [ ! -e perfgate-results ]
}

@test "doctor: an unsound configuration is 2, and the machine is looked at all the same" {
  printf 'performance_gates: {max_p95: 1}\n' >ci_cd_config.yml
  run_split "$PERFGATE" doctor --quick
  expect_status 2
  expect_match "$output" '✗ configuration  ci_cd_config.yml:1:21: '
  expect_match "$output" '→ mend it'
  expect_match "$output" '✓ ports'
  expect_match "$output" '1 failed: a check would end with exit status 2'
}

@test "doctor: a target or service out of reach is 3, and 2 comes first" {
  need jq
  configure http://127.0.0.1:1
  run_split timeout 30 "$PERFGATE" doctor --quick
  expect_status 3
  expect_match "$output" '✗ target +target not reachable within 5 s'
  printf 'performance_gates: {max_error_rate: 1%%}\n' >ci_cd_config.yml
  export DATABASE_URL=postgresql://u:canary-pw@127.0.0.1:1/d REDIS_URL=redis://:canary-pw@127.0.0.1:1
  run_split timeout 60 "$PERFGATE" doctor --quick --json
  expect_status 3
  for name in target PostgreSQL Redis; do expect_match "$(line $name)" '^fail\|'; done
  [[ "$output$errors" != *canary* ]]
  printf 'performance_gates: {max_error_rate: 1%%}\noutput: ci_cd_config.yml\n' >ci_cd_config.yml
  run_split timeout 60 "$PERFGATE" doctor --quick --json
  expect_status 2
  expect_match "$(line output)" '^fail\|ci_cd_config.yml cannot be written\|name another folder'
}

@test "doctor: no secret of the environment or the target's URL is shown" {
  serve
  configure "${URL/127/user:canary-pw@127}"
  export GITHUB_TOKEN=canary-token PERFGATE_SLACK_WEBHOOK=https://hooks.slack.example/canary-hook
  export PERFGATE_SMTP_URL=smtp://u:canary-smtp@127.0.0.1
  for format in "" --json; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" doctor --quick --verbose $format
    expect_status 0
    [[ "$output$errors" != *canary* ]]
  done
}

@test "doctor: a repository that a comparison cannot use is said, with what to do" {
  need git jq
  serve
  configure "$URL"
  run_split "$PERFGATE" doctor --quick --json
  expect_match "$(line git)" '^warn\|no repository here'

  rm ci_cd_config.yml
  seed_repo
  configure "$URL"
  git commit -qam two
  git checkout -q -b topic
  git branch -D -q main
  run_split "$PERFGATE" doctor --quick --json
  expect_match "$(line base)" '^warn\|there is no branch main here\|git fetch origin main'
  git branch -q main HEAD~1
  mkdir -p .git/refs/notes/perfgate
  : >.git/refs/notes/perfgate/baselines.lock
  run_split "$PERFGATE" doctor --quick --json
  expect_match "$(line base)" '^ok\|merge-base with main: [0-9a-f]{12}'
  expect_match "$(line baselines)" '^warn\|the notes are locked since .*rm .*baselines.lock'
  rm .git/refs/notes/perfgate/baselines.lock

  git clone -q --depth 1 "file://$PWD" ../shallow-"$$"
  cd ../shallow-"$$"
  run_split "$PERFGATE" doctor --quick --json
  rm -rf "$PWD"
  expect_match "$(line git)" '^warn\|a shallow clone at .*fetch-depth: 0'
}

@test "doctor: baselines that cannot be read are 4" {
  need jq
  serve
  seed_repo
  configure "$URL"
  git notes --ref perfgate/baselines add -m x
  local tip
  tip=$(git rev-parse refs/notes/perfgate/baselines)
  rm -f ".git/objects/${tip:0:2}/${tip:2}"
  run_split "$PERFGATE" doctor --quick --json
  expect_status 4
  expect_match "$(line baselines)" '^fail\|'
}

@test "doctor: the generated workflow has what it needs, and one that lacks it is told what" {
  need jq
  serve
  seed_repo
  configure "$URL"
  run_split "$PERFGATE" generate github
  expect_status 0
  run_split "$PERFGATE" doctor --quick --json
  expect_match "$(line workflow)" '^ok\|[0-9]+ jobs? with what they need'
  sed -i -e '/statuses: write/d' -e 's/fetch-depth: 0/fetch-depth: 1/' .github/workflows/perfgate.yml
  run_split "$PERFGATE" doctor --quick --json
  expect_status 0
  expect_match "$(line workflow)" 'job check may not do all it should\|permissions: \{statuses: write\} in that job'
  expect_match "$(line workflow)" 'checks out one commit: no base to compare with\|with: \{fetch-depth: 0\}'
}

@test "doctor: a job of GitHub without a token, and mail without a server, are warnings" {
  need jq
  serve
  configure "$URL"
  echo 'notification: {email_recipients: [a@example.com]}' >>ci_cd_config.yml
  export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main
  run_split "$PERFGATE" doctor --quick --json
  expect_status 0
  expect_match "$(line CI)" 'ok\|event push on main: baselines are written and pushed'
  expect_match "$(line CI)" 'warn\|GITHUB_TOKEN is not set: no commit status and no comment\|env: GITHUB_TOKEN'
  expect_match "$(line CI)" 'warn\|there are recipients of mail and no server to send it by\|set PERFGATE_SMTP_URL'
}

@test "doctor: no line is wider than the screen, and colour is for terminals only" {
  need script
  printf 'output: nowhere/at/all/but/with/a/name/that/is/long\nperformance_gates: {max_p95: 1}\n' >ci_cd_config.yml
  local columns
  for columns in 80 120; do
    COLUMNS=$columns run_split "$PERFGATE" doctor --quick
    [ "$(printf '%s\n' "$output" | wc -L)" -le "$columns" ]
    [[ "$output" != *$'\e['* ]]
  done
  export TERM=xterm
  script -qec "$PERFGATE doctor --quick" /dev/null </dev/null >shown || true
  grep -q $'\e\\[31m✗' shown
  NO_COLOR=1 script -qec "$PERFGATE doctor --quick" /dev/null </dev/null >shown || true
  [[ "$(cat shown)" != *$'\e['* ]]
}

@test "doctor: into a full device it ends with 5" {
  configure nonsense
  status=0
  "$PERFGATE" doctor --quick >/dev/full 2>err || status=$?
  [ "$status" -eq 5 ]
  grep -q 'No space left' err
}

@test "doctor: the noise of the machine is told as the smallest regression that can be seen" {
  need jq
  serve
  configure "$URL"
  run_split timeout 60 "$PERFGATE" doctor --json
  expect_status 0
  expect_match "$(line noise)" '\|the smallest regression seen side by side: (p50 \+[0-9.e+]+ %|no p50), (p95 \+[0-9.e+]+ %|no p95) \(24 blocks\)'
  expect_match "$(line quiet)" 'the CPU'
}
