#!/usr/bin/env bats
# perfgate baseline sync, and what CI does with a remote.

load ../helper
load ../baseline_helper

setup_more() {
  need git python3
  make_origin
}

other_clone() {
  git clone -q "$BATS_TEST_TMPDIR/origin.git" "$BATS_TEST_TMPDIR/other"
  cd "$BATS_TEST_TMPDIR/other" || return 1
}

@test "sync: two clones end with the same notes, and every record" {
  store HEAD mine
  run_split "$PERFGATE" baseline sync
  expect_status 0
  expect_match "$output" 'notes of 0 commits received from origin, notes of 1 commit sent'
  other_clone
  store HEAD theirs
  store HEAD~1 older
  run_split "$PERFGATE" baseline sync --json
  expect_status 0
  [ "$(jq -c '[.remote, .received, .sent, .dry_run, .rewritten]' <<<"$output")" = '["origin",1,2,false,null]' ]
  cd ../work
  run_split "$PERFGATE" baseline sync
  expect_status 0
  [ "$(git rev-parse "$RECORDS")" = "$(git -C ../origin.git rev-parse "$RECORDS")" ]
  [ "$(runs_of . | tr '\n' ' ')" = '"run":"mine" "run":"older" "run":"theirs" ' ]
  run_split "$PERFGATE" baseline sync
  expect_match "$output" 'the same'
  expect_clean
}

@test "sync -n: says what would be done and moves nothing" {
  local before
  store HEAD mine
  before="$(git for-each-ref refs/notes refs/perfgate)"
  run_split "$PERFGATE" baseline sync -n
  expect_status 0
  expect_match "$output" 'notes of 1 commit would be sent'
  [ "$before" = "$(git for-each-ref refs/notes refs/perfgate)" ]
  [ -z "$(git -C ../origin.git for-each-ref refs/notes)" ]
}

@test "sync: without a remote nothing is done; an unknown one is exit 2, an absent one exit 4" {
  store HEAD mine
  run_split "$PERFGATE" baseline sync --remote nowhere
  expect_status 2
  expect_match "$errors" 'no remote `nowhere`'
  git remote set-url origin ../absent.git
  run_split "$PERFGATE" baseline sync
  expect_status 4
  expect_match "$errors" 'git cannot fetch baselines from `origin`: .*absent.git'
  git remote remove origin
  run_split "$PERFGATE" baseline sync
  expect_status 0
  expect_match "$output" 'no remote'
}

@test "sync: baseline.remote and the upstream's remote are used" {
  git init -q --bare ../second.git
  git remote add second ../second.git
  store HEAD mine
  PERFGATE_BASELINE_REMOTE=second run_split "$PERFGATE" baseline sync
  expect_status 0
  [ "$(runs_of ../second.git)" = '"run":"mine"' ]
  [ -z "$(git -C ../origin.git for-each-ref refs/notes)" ]
  git remote rename origin first
  git branch -q --set-upstream-to=first/main
  run_split "$PERFGATE" baseline sync
  expect_match "$output" 'first'
}

@test "sync: no hook runs, nobody is asked, a password stays out of the message" {
  mkdir -p .git/hooks
  printf '#!/bin/sh\ntouch "%s"\nexit 1\n' "$BATS_TEST_TMPDIR/ran" >.git/hooks/pre-push
  cp .git/hooks/pre-push .git/hooks/reference-transaction
  chmod +x .git/hooks/pre-push .git/hooks/reference-transaction
  git config core.fsmonitor "touch $BATS_TEST_TMPDIR/ran"
  store HEAD mine
  run_split "$PERFGATE" baseline sync
  expect_status 0
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
  git remote set-url origin http://robot:hunter22@127.0.0.1:1/x.git
  run_split timeout 20 "$PERFGATE" baseline sync
  expect_status 4
  [[ "$errors$output" != *hunter22* ]]
}

@test "sync: the job's credentials reach git, and no message" {
  # A server that wants a password, writes down what it gets, and refuses it.
  cat >server.py <<'PY'
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        given = self.headers.get("Authorization")
        if given:
            open("given", "w").write(given)
        self.send_response(403 if given else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
  python3 server.py 3>&- &
  local server=$!
  wait_until 10 test -s port
  git remote set-url origin "http://127.0.0.1:$(cat port)/x.git"
  export GH_TOKEN=s3cr3t-t0ken GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper
  export GIT_CONFIG_VALUE_0='!f() { echo username=x-access-token; echo "password=$GH_TOKEN"; }; f'
  run_split timeout 20 "$PERFGATE" baseline sync
  kill "$server"
  wait "$server" || true
  expect_status 4
  [ "$(cat given)" = "Basic $(printf 'x-access-token:s3cr3t-t0ken' | base64 -w0)" ]
  [[ "$errors$output" != *s3cr3t* ]]
}

@test "sync: gives up in time, keeps the notes, exit 4" {
  # A server that always finds the lease stale.
  printf '#!/bin/sh\nexit 1\n' >../origin.git/hooks/update
  chmod +x ../origin.git/hooks/update
  store HEAD mine
  run_split "$PERFGATE" baseline sync --timeout 10s
  expect_status 4
  expect_match "$errors" 'baselines not pushed: `origin` refuses them: .*declined'
  rm ../origin.git/hooks/update
  git -C ../origin.git config receive.maxInputSize 1
  run_split "$PERFGATE" baseline sync --timeout 1s
  expect_status 4
  expect_match "$errors" 'not pushed|cannot push'
  git -C ../origin.git config --unset receive.maxInputSize
  run_split "$PERFGATE" baseline sync
  expect_status 0
  [ "$(runs_of ../origin.git)" = '"run":"mine"' ]
}

@test "GIT-34: a push that comes second is merged and tried again" {
  local lock
  store HEAD~1 seed
  "$PERFGATE" baseline sync -q >/dev/null
  other_clone
  store HEAD theirs
  cd ../work
  store HEAD mine
  # The server finds the reference locked until the other one has pushed.
  lock="../origin.git/$RECORDS.lock"
  : >"$lock"
  "$PERFGATE" baseline sync -v >out 2>err &
  wait_until 20 grep -q 'attempt 1' err
  rm "$lock"
  (cd ../other && "$PERFGATE" baseline sync -q >/dev/null)
  all_of $!
  [ "$(runs_of ../origin.git | wc -l)" -eq 3 ]
  expect_clean ../origin.git
}

@test "GIT-35: the same commit measured by two jobs keeps both" {
  result HEAD first
  on_push run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  other_clone
  result HEAD second
  on_push run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  [ "$(runs_of ../origin.git | tr '\n' ' ')" = '"run":"first" "run":"second" ' ]
}

@test "GIT-33: a rewritten remote is a loud warning, exit 4 with --strict, until a person agrees" {
  store HEAD mine
  "$PERFGATE" baseline sync -q >/dev/null
  git -C ../origin.git update-ref -d "$RECORDS"
  # A person's clone would heal it; a CI clone that saw it before tells.
  git update-ref -d "$RECORDS"
  run_split "$PERFGATE" baseline sync -n
  expect_status 0
  expect_match "$errors" 'warning: the history of refs/notes/perfgate/baselines on origin was rewritten'
  run_split "$PERFGATE" baseline sync -n --strict
  expect_status 4
  result HEAD again
  on_push run_split "$PERFGATE" check --from result.json --strict
  expect_status 4
  expect_match "$errors" 'was rewritten'
  grep -q 'was rewritten' perfgate-results/comment.md
  git update-ref -d refs/perfgate/seen/baselines
  run_split "$PERFGATE" baseline sync -n --strict
  expect_status 0
}

@test "GIT-32: in CI only the remote's notes count, whatever the workspace holds" {
  result HEAD~1 honest
  on_push run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  # An earlier step of the job plants a record that makes the run look good, in every local place.
  git checkout -q -b side
  commit side
  store HEAD planted
  git update-ref refs/perfgate/remote/baselines "$RECORDS"
  result HEAD judged
  on_request run_split "$PERFGATE" check --from result.json
  expect_match "$(jq -r .baseline.commit perfgate-results/result.json)" "$(git rev-parse main~1)"
  # Nor does a push job publish it.
  git checkout -q main
  result HEAD real
  on_push run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  [ "$(runs_of ../origin.git | tr '\n' ' ')" = '"run":"honest" "run":"real" ' ]
}

@test "GIT-31: a note that a pull request pushed onto its own head is ignored" {
  git checkout -q -b side
  commit side
  result HEAD own 's/"p95": 28/"p95": 99/'
  store HEAD own
  git push -q origin "$RECORDS"
  result HEAD judged
  on_request run_split "$PERFGATE" check --from result.json
  [ "$(jq -r .baseline.commit perfgate-results/result.json)" = null ]
  expect_match "$(jq -r .baseline.note perfgate-results/result.json)" 'no baseline yet'
}

@test "CI: who may write" {
  result HEAD a
  GITHUB_EVENT_NAME=schedule run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  expect_match "$errors" 'not updated: .*the event is schedule'
  GITHUB_EVENT_NAME=push GITHUB_REF=refs/tags/main run_split "$PERFGATE" baseline update --from result.json
  expect_match "$errors" 'not updated: .*the branch is unknown'
  JENKINS_URL=x CHANGE_ID=7 CHANGE_TARGET=main run_split "$PERFGATE" baseline update --from result.json
  expect_match "$errors" 'not updated: .*the event is pull_request'
  on_request run_split "$PERFGATE" baseline sync
  expect_status 0
  expect_match "$errors" 'fetched and not pushed'
  [ -z "$(git -C ../origin.git for-each-ref refs/notes)" ]
  JENKINS_URL=x BRANCH_NAME=main run_split "$PERFGATE" baseline update --from result.json --json
  expect_status 0
  [ "$(jq .written <<<"$output")" = true ]
  [ "$(runs_of ../origin.git)" = '"run":"a"' ]
}

@test "CI: a record that cannot be pushed is left as an artifact, and sync --record brings it in" {
  git remote set-url --push origin ../absent.git
  result HEAD kept
  on_push run_split "$PERFGATE" check --from result.json --update-baseline
  expect_status 4
  expect_match "$errors" 'cannot push baselines to `origin`'
  expect_match "$errors" 'sync --record perfgate-results/baseline-record.json'
  notes show HEAD | grep -q '"run":"kept"'
  cp perfgate-results/baseline-record.json ..
  other_clone
  run_split "$PERFGATE" baseline sync --record ../baseline-record.json
  expect_status 0
  [ "$(runs_of ../origin.git)" = '"run":"kept"' ]
  echo '{}' >bad.json
  run_split "$PERFGATE" baseline sync --record bad.json
  expect_status 2
  expect_match "$errors" 'bad.json is no baseline record'
}

@test "help: sync, gc, accept and promote have examples" {
  local command
  for command in sync gc accept promote; do
    run_split "$PERFGATE" baseline "$command" --help
    expect_status 0
    expect_match "$output" "examples:.*perfgate baseline $command"
  done
}
