#!/usr/bin/env bats
# check --base REF: a base that is checked out, built and loaded beside the head.
# Runs alone: it measures.

load ../helper

brief="check --quick --duration-scale 0.1"

# A repository with a server that takes 1 ms for /items and half of it for /users, tag `base`.
setup_more() {
  need git python3 jq
  git init -q -b main .
  git config user.name tester
  git config user.email tester@example.invalid
  cat >server.py <<'PY'
import http.server, os, sys, time
MS = {"/items": 1.0, "/users": 0.5}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)
    def do_GET(self):
        time.sleep(MS.get(self.path, 0) / 1000)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *rest): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PY
  configure 'performance_gates: {max_error_rate: 0.5}'
  git add server.py ci_cd_config.yml
  git commit -q -m base
  git tag base
}

configure() { # configure LINE…: the configuration, these lines first
  printf '%s\n' "$@" >ci_cd_config.yml
  cat >>ci_cd_config.yml <<'YAML'
requests: [GET /items, GET /users]
target:
  build: python3 -m py_compile server.py
  command: exec python3 server.py {port}
YAML
}

# slower PATH MS: the head answers this path later.
slower() {
  sed -i "s|\"$1\": [0-9.]*|\"$1\": $2|" server.py
  git commit -q -a -m "slower $1"
}

# No worktree that git knows of, and not the folder of the one that was seen.
nothing_is_left() {
  [ "$(git worktree list | wc -l)" -eq 1 ]
  [ ! -e .git/worktrees ]
  [ -z "${checkout:-}" ] || [ ! -e "$(dirname "$checkout")" ]
}

no_server_of() { # no_server_of FOLDER: nothing runs in it
  local link
  for link in /proc/[0-9]*/cwd; do
    case "$(readlink "$link" 2>/dev/null)" in "$1"*) return 1 ;; esac
  done
}

start_in_background() { # until its second block; $pid, $checkout
  "$PERFGATE" $brief --base base >out 2>err 3>&- &
  pid=$!
  wait_until 120 grep -q "block 2/" err
  checkout="$(git worktree list --porcelain | sed -n 's/^worktree //p' | grep ^/tmp/pfg-)"
  [ -d "$checkout" ]
}

teardown() {
  [ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || true
}

@test "an endpoint that got slower fails and is named, in every artifact" {
  slower /items 2
  run_split "$PERFGATE" $brief --base base
  expect_status 1
  expect_match "$output" "✗ GET /items p50 "
  expect_match "$output" "against base"
  expect_match "$errors" "building the base: python3"
  nothing_is_left
  [ "$(jq -r '.verdict.outcome' perfgate-results/result.json)" = fail ]
  jq -e '.verdict.cells[] | select(.kind == "regression" and .endpoint == "GET /items" and .metric == "p50")
    | .outcome == "fail" and .regression.change > 0.1 and .regression.finding == "regression"
      and (.regression.changes | length) >= 6 and .baseline < .value' perfgate-results/result.json
  jq -e --arg base "$(git rev-parse base)" --arg head "$(git rev-parse HEAD)" '.comparison
    | .base_commit == $base and .head_commit == $head and .look >= 1 and .blocks == (.order | length)' \
    perfgate-results/result.json
  grep -q 'type="regression"' perfgate-results/junit.xml
  grep -q "GET /items p50 regression" perfgate-results/comment.md
  [ -e perfgate-results/build-base.log ] && [ -e perfgate-results/build-head.log ]
  # Each block is kept, with both sides and their histograms.
  jq -e -s 'all(.[]; .schema == "perfgate.ab/1" and (.base.endpoints | length) == 2
    and .head.endpoints[0].histogram != null and (.first == "base" or .first == "head"))
    and (map(select(.spoiled == null)) | length) >= 6' perfgate-results/ab.jsonl
  # A stored result says the same.
  run_split "$PERFGATE" check --from perfgate-results/result.json --output again
  expect_status 1
  expect_match "$output" "✗ GET /items p50 "
}

@test "the same code passes; a relative command in a subfolder runs in the base's own folder" {
  mkdir api
  git mv server.py ci_cd_config.yml api/
  git commit -q -m "move"
  git tag -f base >/dev/null
  cd api
  run_split "$PERFGATE" $brief --base base
  expect_status 0
  expect_match "$output" "(PASSED|INCONCLUSIVE)"
  nothing_is_left
  [ "$(jq -r '[.verdict.cells[] | select(.outcome == "fail")] | length' perfgate-results/result.json)" = 0 ]
}

@test "a base that does not build is exit 3 with its words, and nothing is left" {
  echo "def broken(" >server.py
  git commit -q -a -m broken
  git tag -f base >/dev/null
  git checkout -q HEAD~1 -- server.py
  git commit -q -m mended
  run_split "$PERFGATE" $brief --base base
  expect_status 3
  expect_match "$errors" "the base could not be built .*build-base.log.*target.build ended with exit status 1"
  expect_match "$errors" "invalid syntax|SyntaxError"
  grep -q SyntaxError perfgate-results/build-base.log
  [ "$(jq -r .verdict.outcome perfgate-results/result.json)" = unmeasured ]
  nothing_is_left
}

@test "a head that does not build is exit 3 too; submodules of the base are there" {
  git init -q sub
  git -C sub -c user.name=t -c user.email=t@e.invalid commit -q --allow-empty -m sub
  touch sub/part && git -C sub add part && git -C sub -c user.name=t -c user.email=t@e.invalid commit -q -m part
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=protocol.file.allow GIT_CONFIG_VALUE_0=always
  git submodule --quiet add "$PWD/sub" module
  sed -i 's|build: .*|build: test -e module/part \&\& test ! -e broken|' ci_cd_config.yml
  git add ci_cd_config.yml
  git commit -q -m module
  git tag -f base >/dev/null
  touch broken
  run_split "$PERFGATE" $brief --base base
  expect_status 3
  expect_match "$errors" "building the head"
  expect_match "$errors" "the head could not be built .*build-head.log"
  nothing_is_left
}

@test "a base whose server does not start is exit 3 and says which side" {
  echo 'raise SystemExit("no such model")' >server.py
  git commit -q -a -m broken
  git tag -f base >/dev/null
  git checkout -q HEAD~1 -- server.py
  git commit -q -m mended
  run_split "$PERFGATE" $brief --base base
  expect_status 3
  expect_match "$errors" "the base: .*no such model"
  nothing_is_left
}

@test "SIG: a signal in the middle is judged as interrupted and leaves nothing" {
  slower /items 2
  start_in_background
  kill -TERM "$pid"
  wait "$pid" && status=0 || status=$?
  [ "$status" -eq 143 ]
  nothing_is_left
  no_server_of "$checkout"
  [ "$(jq -r .verdict.outcome perfgate-results/result.json)" = inconclusive ]
  jq -e '.interrupted and (.comparison.reason | startswith("interrupted after"))' perfgate-results/result.json
}

@test "SIG-07: killed in the middle, the checkout, its registration and both servers are gone" {
  start_in_background
  kill -KILL "$pid"
  wait "$pid" || true
  wait_until 20 nothing_is_left
  wait_until 20 no_server_of "$checkout"
}

@test "what a killed run and its watcher left goes with the next comparison" {
  start_in_background
  kill -KILL "$(pgrep -P "$pid" perfgate-watch)"
  kill -KILL "$pid"
  wait "$pid" || true
  [ -d .git/worktrees ]
  left="$checkout" checkout=
  run_split "$PERFGATE" $brief --base base
  [ "$status" -eq 0 ]
  nothing_is_left
  [ ! -e "$(dirname "$left")" ]
}

@test "regression.enforce: warn reports a regression and exits 0; ab.restart: never says its price" {
  configure 'performance_gates: {max_error_rate: 0.5}' 'regression: {enforce: warn}' 'ab: {restart: never}' \
    'services: {redis: "redis://127.0.0.1:1"}'
  slower /items 2
  run_split "$PERFGATE" $brief --base base
  expect_status 0
  expect_match "$errors" "ab.restart: never"
  expect_match "$output" "▲ GET /items p50 "
  jq -e '.comparison.note | test("not restarted") and test("share the cache")' perfgate-results/result.json
}

@test "a pull request is compared with its merge-base by itself, a run elsewhere is not" {
  git checkout -q -b feature
  slower /items 2
  run_split env GITHUB_EVENT_NAME=push "$PERFGATE" check --scenario smoke --duration-scale 0.02
  expect_status 0
  [ ! -e perfgate-results/ab.jsonl ]
  run_split env GITHUB_EVENT_NAME=pull_request "$PERFGATE" check --scenario smoke --duration-scale 0.1
  expect_status 1
  expect_match "$errors" "A/B against $(git rev-parse --short=12 base) \(merge-base with main\)"
  expect_match "$output" "✗ GET /items p50 "
}
