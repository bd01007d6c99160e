#!/usr/bin/env bats
# perfgate baseline accept, promote and gc; acceptances in reports.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq
  make_origin
}

# limit_of METRIC: the baseline that the last check compared the cell with.
compared() {
  jq -r --arg m "$1" '[.verdict.cells[] | select(.metric == $m)][0].baseline' perfgate-results/result.json
}

judge() {
  result HEAD judged
  run_split "$@" "$PERFGATE" check --from result.json
  expect_status 0
  note="$(jq -r .baseline.note perfgate-results/result.json)"
}

@test "accept: the cell's history starts anew there, author and reason are in every report" {
  store HEAD old
  commit slower
  judge env
  [ "$(compared p95)" != null ]
  run_split "$PERFGATE" baseline accept --cell smoke/total/p95 --reason 'checks signatures now' --until 2999-12-31 --json
  expect_status 0
  [ "$(jq -r '.[0] | .cell, .author, .until' <<<"$output" | tr '\n' ' ')" = 'smoke/total/p95 tester <tester@example.invalid> 2999-12-31 ' ]
  git notes --ref perfgate/accepted show HEAD | jq -e '.reason == "checks signatures now"' >/dev/null
  judge env
  [ "$(compared p95)" = null ]
  expect_match "$note" 'smoke/total/p95 accepted from .* until 2999-12-31 by tester <tester@example.invalid>: checks signatures now'
  grep -q 'checks signatures now' perfgate-results/comment.md
  grep -q 'checks signatures now' perfgate-results/report.html
  expect_match "$output" 'checks'
  # What is measured from there on counts again.
  store HEAD new
  commit later
  git push -q origin main
  judge env
  [ "$(compared p95)" != null ]
}

@test "accept: endpoints by their last part and all at once; only the cells that are meant" {
  store HEAD old
  commit slower
  "$PERFGATE" baseline accept -q --cell 'smoke/POST /predict/single/p95' --cell smoke/single/p99 --cell 'smoke/*/p50' \
    --reason why
  git notes --ref perfgate/accepted show HEAD >accepted
  [ "$(grep -c '"id"' accepted)" -eq 3 ]
  judge env
  [ "$(compared p95)" != null ]
  [ "$(grep -o 'accepted from' <<<"$note" | wc -l)" -eq 3 ]
}

@test "accept: a line in a commit message counts, also behind a squash's text and on a merged branch" {
  store HEAD old
  git commit -q --allow-empty -m "Faster answers (#12)

* one

Perf-Accept: smoke/total/p95 bigger answers

* two"
  judge env
  [ "$(compared p95)" = null ]
  expect_match "$note" 'smoke/total/p95 accepted from .*: bigger answers'
  git reset -q --hard HEAD~1
  git checkout -q -b side
  git commit -q --allow-empty -m 'work' -m 'perf-accept: smoke/total/p95 from the branch'
  git checkout -q main
  git merge -q --no-ff -m 'Merge side' side
  judge env
  [ "$(compared p95)" = null ]
  expect_match "$note" 'from the branch'
}

@test "accept: in a pull request its own trailer counts, a note that only it has does not" {
  result HEAD old
  on_push "$PERFGATE" baseline update -q --from result.json
  git checkout -q -b side
  commit slower
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason planted
  judge on_request
  [ "$(compared p95)" != null ]
  [[ "$note" != *planted* ]]
  git commit -q --allow-empty -m 'x' -m 'Perf-Accept: smoke/total/p95 reviewed'
  judge on_request
  [ "$(compared p95)" = null ]
  expect_match "$note" 'reviewed'
}

@test "accept: what is over no longer holds" {
  store HEAD old
  commit slower
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason 'for now' --until "$(date -u +%F)"
  judge env
  [ "$(compared p95)" = null ]
  git notes --ref perfgate/accepted show HEAD | sed 's/"until":"[^"]*"/"until":"2020-01-01"/' >edited
  git notes --ref perfgate/accepted add -f -F edited HEAD 2>/dev/null
  judge env
  [ "$(compared p95)" != null ]
}

@test "accept: mistakes are exit 2 with a suggestion; an unknown cell is a warning with the known ones" {
  store HEAD old
  local arguments
  for arguments in '--reason x' '--cell smoke/total/p95' '--cell smoke/total/p59 --reason x' '--cell p95 --reason x' \
    '--cell smoke/total/p95 --reason x --until tomorrow' '--cell smoke/total/p95 --reason x --until 2020-01-01' \
    '--cell smoke/total/p95 --reason x nosuch'; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" baseline accept $arguments
    expect_status 2
  done
  run_split "$PERFGATE" baseline accept --cell smoke/total/p59 --reason x
  expect_match "$errors" 'did you mean `p50`'
  on_push run_split "$PERFGATE" baseline accept --cell smoke/total/p95 --reason x
  expect_status 2
  expect_match "$errors" 'a person accepts'
  [ -z "$(git for-each-ref refs/notes/perfgate/accepted)" ]
  run_split "$PERFGATE" baseline accept --cell smok/total/p95 --reason x
  expect_status 0
  expect_match "$errors" 'no cell of the newest baseline is meant.*smoke/total/p95'
}

@test "accept: sync carries it to the others" {
  store HEAD old
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason mine
  "$PERFGATE" baseline sync -q >/dev/null
  git clone -q ../origin.git ../other
  cd ../other
  "$PERFGATE" baseline accept -q --cell smoke/total/p99 --reason theirs
  "$PERFGATE" baseline sync -q >/dev/null
  git notes --ref perfgate/accepted show HEAD >note
  [ "$(jq -r .reason note | sort | tr '\n' ' ')" = 'mine theirs ' ]
}

@test "log: acceptances stand where they begin" {
  store HEAD old
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason 'checks signatures'
  run_split "$PERFGATE" baseline log
  expect_match "$output" 'accepted smoke/total/p95 by tester <tester@example.invalid>: checks signatures'
  run_split "$PERFGATE" baseline log --json
  [ "$(jq -r '.[0].accepted[0].cell' <<<"$output")" = smoke/total/p95 ]
}

@test "promote: a result holds for a landed commit with the same tree, and for no other" {
  git checkout -q -b side main
  echo x >file && git add file && git commit -q -m 'side work'
  result HEAD request
  git checkout -q main
  git merge -q --squash side >/dev/null && git commit -q -m 'squashed'
  run_split "$PERFGATE" baseline promote --from result.json main~1
  expect_status 2
  expect_match "$errors" 'has tree .* was measured'
  on_request run_split "$PERFGATE" baseline promote --from result.json
  expect_status 0
  expect_match "$errors" 'baseline not updated: '
  run_split "$PERFGATE" baseline promote --from result.json --json
  expect_status 0
  [ "$(jq -r .commit <<<"$output")" = "$(git rev-parse main)" ]
  notes show main | jq -e '.run == "request"' >/dev/null
  run_split "$PERFGATE" baseline promote
  expect_status 2
}

@test "gc: keeps the newest, tags and acceptances, here and on the remote, and nobody brings the others back" {
  local i
  for i in 1 2 3 4 5; do
    commit "work $i"
    store HEAD "run$i" "s/1706702400/170670240$i/"
  done
  git tag v1 HEAD~4
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason why HEAD~3
  notes append -m 'written by hand' HEAD~2 2>/dev/null
  "$PERFGATE" baseline sync -q >/dev/null
  git clone -q ../origin.git ../other
  (cd ../other && "$PERFGATE" baseline sync -q >/dev/null)
  run_split "$PERFGATE" baseline gc --keep 1 -n
  expect_status 0
  expect_match "$output" '3 records kept, 2 would be removed'
  [ "$(runs_of . | wc -l)" -eq 5 ]
  run_split "$PERFGATE" baseline gc --keep 1 --json
  expect_status 0
  [ "$(jq -c '[.kept, .removed, .sent]' <<<"$output")" = '[3,2,2]' ]
  [ "$(runs_of ../origin.git | tr '\n' ' ')" = '"run":"run1" "run":"run2" "run":"run5" ' ]
  notes show HEAD~2 | grep -q 'written by hand'
  cd ../other
  git pull -q
  store HEAD~1 fresh
  run_split "$PERFGATE" baseline sync
  expect_status 0
  [ "$(runs_of ../origin.git | tr '\n' ' ')" = '"run":"fresh" "run":"run1" "run":"run2" "run":"run5" ' ]
  expect_clean ../origin.git
}

@test "gc: never in a shallow clone, never in a pull request" {
  store HEAD old
  on_request run_split "$PERFGATE" baseline gc
  expect_status 2
  git clone -q --depth 1 "file://$BATS_TEST_TMPDIR/origin.git" ../shallow
  cd ../shallow
  run_split "$PERFGATE" baseline gc --keep 1
  expect_status 2
  expect_match "$errors" 'shallow'
  run_split "$PERFGATE" baseline gc --keep 0
  expect_status 2
}
