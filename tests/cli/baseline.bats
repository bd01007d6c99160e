#!/usr/bin/env bats
# perfgate baseline show | log | update, against real git.

load ../helper

RECORDS='refs/notes/perfgate/baselines'

setup_more() {
  need git python3
  git init -q -b main .
  git config user.name tester
  git config user.email tester@example.invalid
  commit one
}

commit() {
  git commit -q --allow-empty -m "$1"
}

# result REVISION [SED-SCRIPT]: a passing result of that revision, as result.json.
result() {
  sed -e "s/1\{40\}/$(git rev-parse "$1")/; s/2\{40\}/$(git rev-parse "$1^{tree}")/" \
    -e "${2:-}" "$ROOT/tests/corpus/baseline/result.json" >result.json
}

store() {
  result "$@"
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
}

notes() {
  git notes --ref perfgate/baselines "$@"
}

# expect_untouched COMMAND…: the command exits 4 and the reference stays as it is.
expect_untouched() {
  local before after
  before="$(cat ".git/$RECORDS" 2>/dev/null || true)"
  run_split "$@"
  expect_status 4
  [ "$(wc -l <<<"$errors")" -le 2 ]
  after="$(cat ".git/$RECORDS" 2>/dev/null || true)"
  [ "$before" = "$after" ]
}

@test "update: git notes show prints the record of the commit" {
  store HEAD
  expect_match "$errors" "baseline written for commit $(git rev-parse --short=12 HEAD)"
  [ -z "$output" ]
  notes show HEAD >note
  [ "$(wc -l <note)" -eq 1 ]
  python3 - "$(git rev-parse HEAD)" <<'PY'
import json, sys
record = json.loads(open("note").read())
assert record["commit"] == sys.argv[1], record["commit"]
assert record["cells"]["smoke"]["total"]["p95"][1] == 600
assert record["local"] is True and record["v"] == 2
PY
  [ -z "$(git fsck --strict --no-dangling 2>&1)" ]
}

@test "update: the same result twice is one record" {
  store HEAD
  store HEAD
  expect_match "$errors" 'there already'
  [ "$(git rev-list --count "$RECORDS")" -eq 1 ]
}

@test "update: hangs on the commit that was measured, not on HEAD" {
  result HEAD
  commit two
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  notes show HEAD~1 >/dev/null
  run notes show HEAD
  [ "$status" -ne 0 ]
}

@test "update: what the rules refuse is said, exits 0 and writes nothing" {
  local change
  for change in 's/"dirty": false/"dirty": true/' 's/^  "interrupted": false/  "interrupted": true/' \
    '/"verdict"/,$ s/"outcome": "pass"/"outcome": "fail"/'; do
    store HEAD "$change"
    expect_match "$errors" 'baseline not updated: '
  done
  result HEAD
  GITHUB_EVENT_NAME=pull_request run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
  expect_match "$errors" 'the event is pull_request'
  run git rev-parse --verify -q "$RECORDS"
  [ "$status" -ne 0 ]
}

@test "update: usage errors are exit 2" {
  run_split "$PERFGATE" baseline update
  expect_status 2
  expect_match "$errors" '--from RESULT'
  run_split "$PERFGATE" baseline update --from absent.json
  expect_status 2
  cp "$ROOT/tests/corpus/baseline/result.json" result.json
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 2
  expect_match "$errors" 'not in this repository'
  run_split "$PERFGATE" baseline show nosuch
  expect_status 2
  expect_match "$errors" 'nosuch'
  run_split "$PERFGATE" baseline log --limit 0
  expect_status 2
}

@test "show: a table for people, a list for programs" {
  store HEAD
  run_split "$PERFGATE" baseline show
  expect_status 0
  expect_match "$output" "baseline of commit $(git rev-parse --short=12 HEAD), measured 2024-01-31T12:00:00Z"
  expect_match "$output" 'smoke +POST /predict/single +19.96 +28.95 +29.75'
  run_split "$PERFGATE" baseline show HEAD --json
  expect_status 0
  printf '%s' "$output" >list.json
  python3 -c 'import json; a = json.load(open("list.json")); assert len(a) == 1 and a[0]["epoch"] == 0'
}

@test "show and log: nothing stored is no error" {
  run_split "$PERFGATE" baseline show
  expect_status 0
  expect_match "$output" 'no baseline for commit'
  run_split "$PERFGATE" baseline show --json
  [ "$output" = '[]' ]
  run_split "$PERFGATE" baseline log
  expect_status 0
  expect_match "$output" 'no baseline yet'
}

@test "show: text from a note never drives the terminal" {
  store HEAD 's/"name": "GET \/health"/"name": "GET \/\\u001b[31mred\\u0007"/'
  run_split "$PERFGATE" baseline show
  expect_status 0
  [[ "$output" != *$'\e'* && "$output" != *$'\a'* ]]
  expect_match "$output" 'x1[bB]\[31mred'
}

@test "log: newest first, with a line of blocks from oldest to newest" {
  store HEAD 's/"throughput_rps": 300.0/"throughput_rps": 320.0/'
  commit two
  store HEAD 's/"throughput_rps": 300.0/"throughput_rps": 310.0/'
  commit 'no baseline here'
  commit three
  store HEAD
  run_split "$PERFGATE" baseline log
  expect_status 0
  expect_match "$output" 'three.*two.*one'
  expect_match "$output" 'requests/s +█▅▁  320 -> 300'
  [[ "$output" != *'no baseline here'* ]]
  run_split "$PERFGATE" baseline log --limit 2 --json
  expect_status 0
  printf '%s' "$output" >log.json
  python3 -c 'import json; a = json.load(open("log.json")); assert [c["summary"] for c in a] == ["three", "two"]'
}

@test "log: records of another machine are listed and not drawn into the trend" {
  store HEAD 's/sha256:aaaa/sha256:bbbb/'
  commit two
  store HEAD
  run_split "$PERFGATE" baseline log
  expect_status 0
  expect_match "$output" 'two.*one'
  [[ "$output" != *'->'* ]]
}

@test "GIT-01: 4 processes x 25 updates in one clone lose nothing" {
  local writer note failed=0 pids=()
  for writer in 1 2 3 4; do
    (
      for note in {10..34}; do
        sed -e "s/1\{40\}/$(git rev-parse HEAD)/; s/2\{40\}/$(git rev-parse 'HEAD^{tree}')/" \
          -e "s/0123456789abcdef/writer$writer-$note/" \
          "$ROOT/tests/corpus/baseline/result.json" >"result-$writer.json"
        "$PERFGATE" baseline update -q --from "result-$writer.json" || exit 1
      done
    ) &
    pids+=($!)
  done
  for writer in "${pids[@]}"; do wait "$writer" || failed=1; done
  [ "$failed" -eq 0 ]
  [ "$(notes show HEAD | grep -o 'writer[1-4]-[0-9]*' | sort -u | wc -l)" -eq 100 ]
  [ "$(git rev-list --count "$RECORDS")" -eq 100 ]
  [ "$(notes list | wc -l)" -eq 1 ]
  [ -z "$(git fsck --strict --no-dangling 2>&1)" ]
  run_split "$PERFGATE" baseline show --json
  expect_status 0
  [ "$(grep -c '"run": "writer' <<<"$output")" -eq 100 ]
}

@test "GIT-11: a missing tip is exit 4 and starts no new history" {
  local tip
  store HEAD
  tip="$(git rev-parse "$RECORDS")"
  rm -f ".git/objects/${tip:0:2}/${tip:2}"
  result HEAD 's/0123456789abcdef/other/'
  expect_untouched "$PERFGATE" baseline update --from result.json
  expect_match "$errors" 'notes history incomplete'
  expect_untouched "$PERFGATE" baseline show
}

@test "GIT-13, GIT-14, GIT-15: a damaged, symbolic or hindered reference is exit 4" {
  result HEAD
  mkdir -p .git/refs/notes/perfgate
  echo garbage >".git/$RECORDS"
  expect_untouched "$PERFGATE" baseline update --from result.json
  expect_untouched "$PERFGATE" baseline log
  git symbolic-ref "$RECORDS" refs/heads/main
  expect_untouched "$PERFGATE" baseline update --from result.json
  expect_match "$errors" 'symbolic reference to refs/heads/main'
  rm -rf ".git/$RECORDS" ".git/logs/$RECORDS"
  git update-ref "$RECORDS/x" HEAD
  expect_untouched "$PERFGATE" baseline update --from result.json
  expect_match "$errors" "cannot exist beside $RECORDS/x"
}

@test "GIT-16: a truncated note is exit 4 and ends" {
  local blob
  store HEAD
  blob="$(notes list HEAD)"
  chmod u+w ".git/objects/${blob:0:2}/${blob:2}"
  truncate -s 20 ".git/objects/${blob:0:2}/${blob:2}"
  expect_untouched timeout 20 "$PERFGATE" baseline show
  expect_match "$errors" 'baseline unreadable'
}

@test "GIT-20, GIT-21, GIT-22, GIT-23: bad lines are skipped with a warning, the rest is shown" {
  store HEAD
  notes append -m '{"v":1,"v":1}' HEAD 2>/dev/null
  notes append -m '{"v":1,"cells":{}}' HEAD 2>/dev/null
  notes append -m 'checked by hand' HEAD 2>/dev/null
  run_split "$PERFGATE" baseline show --json
  expect_status 0
  expect_match "$errors" 'warning: .*3 of its lines ignored'
  [ "$(grep -c '"run":' <<<"$output")" -eq 1 ]
}

@test "GIT-25: a record of a newer perfgate is exit 4 and stays" {
  notes add -m '{"v":99,"id":"x"}' HEAD
  expect_untouched "$PERFGATE" baseline show
  expect_match "$errors" 'written by a newer perfgate'
  result HEAD
  expect_untouched "$PERFGATE" baseline update --from result.json
}

@test "GIT-39: without a commit there is nothing to show and nothing breaks" {
  git init -q empty
  cd empty
  run_split "$PERFGATE" baseline show
  expect_status 0
  run_split "$PERFGATE" baseline log
  expect_status 0
}

@test "GIT-40, GIT-41: bare repositories and worktrees share the store" {
  store HEAD
  git worktree add -q --detach linked
  (cd linked && "$PERFGATE" baseline show | grep -q 'baseline of commit')
  commit two
  (cd linked && git checkout -q --detach main)
  cd linked
  store HEAD
  cd ..
  notes show HEAD >/dev/null
  git clone -q --bare --mirror . bare.git
  cd bare.git
  run_split "$PERFGATE" baseline show
  expect_status 0
  expect_match "$output" 'baseline of commit'
}

@test "GIT-43, GIT-44: sha256 and reftable repositories are exit 4 in plain words" {
  git init -q --object-format=sha256 sha256
  cd sha256
  run_split "$PERFGATE" baseline show
  expect_status 4
  expect_match "$errors" 'sha256 repository'
  cd ..
  git config core.repositoryformatversion 1
  git config extensions.refstorage reftable
  run_split "$PERFGATE" baseline show
  expect_status 4
  expect_match "$errors" 'reftable repository'
}

@test "GIT-57: lines added by git notes append are kept" {
  store HEAD
  notes append -m 'measured on the new machine' HEAD 2>/dev/null
  store HEAD 's/0123456789abcdef/second/'
  notes show HEAD >note
  [ "$(grep -c '^{"' note)" -eq 2 ]
  [ "$(tail -n 1 note)" = 'measured on the new machine' ]
}

@test "outside a repository is exit 2" {
  mkdir "$BATS_TEST_TMPDIR/none"
  cd "$BATS_TEST_TMPDIR/none"
  GIT_CEILING_DIRECTORIES="$BATS_TEST_TMPDIR" run_split "$PERFGATE" baseline show
  expect_status 2
  expect_match "$errors" 'git repository'
}

@test "ENV-21: without a HOME, or with one that is nowhere, baselines are written and read" {
  local home
  for home in --unset=HOME HOME=/nonexistent/home; do
    commit "$home"
    result HEAD
    run_split env "$home" "$PERFGATE" baseline update --from result.json
    expect_status 0
    [[ "$errors" != *"not updated"* ]]
    run_split env "$home" "$PERFGATE" baseline show
    expect_status 0
    expect_match "$output" "$(git rev-parse --short=7 HEAD)"
  done
}
