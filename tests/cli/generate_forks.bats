#!/usr/bin/env bats
# The workflow that tells a fork's pull request: its steps as they are generated, run against a fake
# GitHub. What the artifact holds is a stranger's.

load ../helper

results="$ROOT/tests/corpus/result"
head_sha=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
workflow=.github/workflows/perfgate-forks.yml

setup_more() {
  need python3 jq curl unzip
  unset BUILD_URL http_proxy https_proxy all_proxy
  seed_repo
  "$PERFGATE" generate github -q
  mkdir bin temp
  ln -s "$PERFGATE" bin/perfgate
  PATH="$PWD/bin:$PATH"
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

# github [OPTION…]: a workflow_run event for run 5 of a fork, and GitHub with ./artifact.zip.
github() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
  rm -f github.log port output
  python3 "$ROOT/tests/harness/fake_github" --pull "31:$head_sha" "$@" >port 2>github.err 3>&- &
  server=$!
  wait_until 10 test -s port
  export GITHUB_ACTIONS=true GITHUB_API_URL="http://127.0.0.1:$(cat port)" GITHUB_TOKEN=ghp_hidden
  export GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=99 GITHUB_EVENT_NAME=workflow_run RUN_ID=5
  export GITHUB_OUTPUT="$PWD/output" GITHUB_EVENT_PATH="$PWD/event.json" RUNNER_TEMP="$PWD/temp"
  : >output
  jq -n --arg sha "$head_sha" '{workflow_run: {id: 5, event: "pull_request", head_sha: $sha, head_branch: "x/y",
    html_url: "https://github.com/o/r/actions/runs/5", head_repository: {owner: {login: "them"}}}}' >event.json
}

# archive PYTHON: artifact.zip, made by statements that have `zip` and `link(name, target)`.
archive() {
  python3 - "$1" <<'PY'
import sys, zipfile
def link(name, target):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    zip.writestr(info, target)
with zipfile.ZipFile("artifact.zip", "w", zipfile.ZIP_DEFLATED) as zip:
    exec(sys.argv[1])
PY
}

# step NAME: as GitHub runs it, `shell: bash`.
step() {
  step_script "$1" "$workflow" >step.sh
  [ -s step.sh ]
  run_split bash --noprofile --norc -eo pipefail step.sh
}

result_path() { sed -n 's/^result=//p' output; }

state() { curl -s "$GITHUB_API_URL/state" | jq -r "$1"; }

# expect_refused PATTERN: the fetching step fails, and the telling one has nothing.
expect_refused() {
  step "Fetch the result"
  expect_status 2
  expect_match "$errors" "refused: $1"
  [ -z "$(result_path)" ]
}

@test "GEN-09: the artifact's result is told on the pull request that has the run's head" {
  cp "$results/failing.json" result.json
  archive 'zip.write("result.json"); zip.writestr("report.html", "x")'
  github --artifact 5:artifact.zip
  step "Fetch the result"
  expect_status 0
  cmp "$(result_path)" result.json
  export RESULT="$(result_path)"
  step "Tell the verdict"
  expect_status 0
  expect_match "$(state '.comments[0].body')" "^### ❌ perfgate: failed"
  expect_match "$(state '.comments[0].body')" "https://github.com/o/r/actions/runs/5"
  [ "$(state '.statuses[0].sha + " " + .statuses[0].state')" = "$head_sha failure" ]
  grep -q '"POST", "path": "/repos/o/r/issues/31/comments"' github.log
  [[ "$errors$output" != *ghp_hidden* ]]
}

@test "SEC-01: the token stays with the API when the archive lies elsewhere, and on no disk" {
  archive 'zip.write("ci_cd_config.yml", "result.json")'
  github --artifact 5:artifact.zip
  step "Fetch the result"
  expect_status 0
  [ "$(jq -r 'select(.method == "STORAGE") | .authorization' github.log)" = null ]
  ! grep -rq ghp_hidden temp
}

@test "GEN-09: a number, commit, branch or page that the artifact names is not believed" {
  jq '.source |= (.pr = 1 | .pull_request = 1 | .commit = ("b" * 40) | .branch = "main"
    | .build_url = "https://evil.example/") | .pull_request = 1' "$results/passing.json" >result.json
  github
  RESULT=result.json step "Tell the verdict"
  expect_status 0
  [ "$(state '.statuses[0].sha')" = "$head_sha" ]
  grep -q '/issues/31/comments' github.log
  ! grep -q '/issues/1/' github.log
  [[ "$(state .)" != *evil* ]]
}

@test "GEN-09: a head that no open pull request has any more is told to nobody, and is no failure" {
  github --pull "31:${head_sha//a/c}"
  RESULT="$results/failing.json" step "Tell the verdict"
  expect_status 0
  expect_match "$errors" "comment: no open pull request has the head aaaaaaaaaaaa any more"
  [[ "$errors" != *told:*comment* ]]
  [ "$(state '.comments | length')" -eq 0 ]
  # The commit is still there to have a status.
  [ "$(state '.statuses[0].sha')" = "$head_sha" ]
}

@test "GEN-09: paths out of the folder, links and other members are not unpacked" {
  archive 'zip.writestr("../escaped", "x"); zip.writestr("/tmp/escaped-forks", "x"); zip.writestr("a/result.json", "x")
link("sub", ".."); zip.writestr("sub/escaped", "x"); zip.write("'"$results"'/passing.json", "result.json")'
  github --artifact 5:artifact.zip
  step "Fetch the result"
  expect_status 0
  cmp "$(result_path)" "$results/passing.json"
  [ "$(ls temp/perfgate-forks | grep -v '^list$')" = result.json ]
  [ ! -e temp/escaped ] && [ ! -e escaped ] && [ ! -e /tmp/escaped-forks ]
}

@test "GEN-09: a link in the place of result.json is text, and no result" {
  printf 'secret: ghp_hidden\n' >secret.yml
  archive "link('result.json', '$PWD/secret.yml')"
  github --artifact 5:artifact.zip
  step "Fetch the result"
  expect_status 0
  [ ! -L "$(result_path)" ]
  RESULT="$(result_path)" step "Tell the verdict"
  expect_status 2
  [ "$(state '.comments + .statuses | length')" -eq 0 ]
  [[ "$errors$output" != *ghp_hidden* ]]
}

@test "GEN-09: an artifact of 1 GiB is not fetched" {
  archive 'zip.writestr("result.json", "{}")'
  github --artifact 5:artifact.zip:1073741824
  expect_refused "the artifact has 1073741824 bytes"
  ! grep -q STORAGE github.log
}

@test "GEN-09: an archive that is larger than was told, or unpacks to more, is refused" {
  head -c 68157440 /dev/zero >artifact.zip
  github --artifact 5:artifact.zip:1000
  expect_refused "the artifact cannot be fetched"
  archive 'zip.writestr("result.json", b"\0" * (80 << 20))'
  github --artifact 5:artifact.zip
  expect_refused "result.json has more than 67108864 bytes"
}

@test "GEN-09: what is no archive is refused, and a run without a result is nothing to tell" {
  printf 'not a zip' >artifact.zip
  github --artifact 5:artifact.zip
  expect_refused "the artifact is no archive"
  archive 'zip.writestr("junit.xml", "x")'
  github --artifact 5:artifact.zip
  step "Fetch the result"
  expect_status 0
  expect_match "$output" "nothing to tell: the artifact has no result.json"
  github
  step "Fetch the result"
  expect_status 0
  expect_match "$output" "nothing to tell: the run kept no artifact"
  [ -z "$(result_path)" ]
}

@test "GEN-09: forged JSON is refused; forged text is shown escaped" {
  local text
  for text in '{}' '{"schema": "perfgate.result/1"}' '[1]' '{"schema": "perfgate.result/1", "schema": "x"}' 'x'; do
    github
    printf '%s' "$text" >result.json
    RESULT=result.json step "Tell the verdict"
    expect_status 2
    [ "$(state '.comments + .statuses | length')" -eq 0 ]
  done
  github
  RESULT="$results/hostile.json" step "Tell the verdict"
  expect_status 0
  [ "$(state '.comments | length')" -eq 1 ]
  [[ "$(state '.comments[0].body')" != *"<script"* ]]
}

@test "GEN-09: GitHub's refusals end the step" {
  local code
  for code in 401 403 404; do
    github "GET:/actions/runs/:$code"
    expect_refused "the artifacts of run 5 cannot be listed"
    [[ "$errors$output" != *ghp_hidden* ]]
  done
}

@test "GEN-08: in a fork's pull request, without secrets, the job gates and nothing fails" {
  workflow=.github/workflows/perfgate.yml
  echo 'run: [smoke]' >>ci_cd_config.yml
  git commit -q -a -m smoke
  github 'POST:/(statuses|issues)/:403'
  jq -n --arg sha "$head_sha" \
    '{pull_request: {number: 31, head: {sha: $sha, repo: {full_name: "them/r"}}}, repository: {full_name: "o/r"}}' >event.json
  # What is measured comes from a file; everything else is the step's own.
  rm bin/perfgate
  printf '#!/bin/sh\nexec "%s" "$@" --from "$MEASURED"\n' "$PERFGATE" >bin/perfgate
  chmod +x bin/perfgate
  export GITHUB_EVENT_NAME=pull_request GITHUB_STEP_SUMMARY="$PWD/summary.md"
  export SCENARIO="" PERFGATE_SLACK_WEBHOOK="" PERFGATE_SMTP_URL=""
  local row
  for row in passing:0 failing:1; do
    : >summary.md
    export MEASURED="$results/${row%:*}.json"
    git commit -q --allow-empty -m "$row"
    step "Measure and judge"
    expect_status "${row#*:}"
    [ -s summary.md ]
    grep -q 'in a fork' <<<"$errors"
    [[ "$errors" != *slack* ]] && [[ "$errors" != *email* ]]
  done
}
