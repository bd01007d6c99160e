#!/usr/bin/env bats
# The store when the repository around it is odd, busy or large.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq
  make_origin
}

@test "GIT-16: check with a damaged store is exit 4, or a warning with --allow-missing-baseline" {
  local blob
  store HEAD mine
  blob="$(notes list HEAD)"
  chmod u+w ".git/objects/${blob:0:2}/${blob:2}"
  truncate -s 20 ".git/objects/${blob:0:2}/${blob:2}"
  run_split "$PERFGATE" check --from result.json
  expect_status 4
  expect_match "$errors" 'baseline unreadable'
  expect_match "$output" 'PASSED'
  run_split "$PERFGATE" check --from result.json --allow-missing-baseline
  expect_status 0
  expect_match "$errors" 'warning: .*baseline unreadable'
  expect_match "$(jq -r .baseline.note perfgate-results/result.json)" 'no baseline: .*unreadable'
}

@test "GIT-26: a record of the first schema is read, and its bytes stay" {
  local commit
  cp "$ROOT/tests/corpus/baseline/record-v1.json" record
  commit="$(jq -r .commit record)"
  # A note of a commit that is not here.
  git update-ref "$RECORDS" "$(printf '100644 blob %s\t%s\n' "$(git hash-object -w record)" "$commit" |
    git mktree | xargs git commit-tree -m notes)"
  run_split "$PERFGATE" baseline sync
  expect_status 0
  store HEAD mine
  git cat-file blob "$RECORDS:$commit" | cmp - record
  git clone -q ../origin.git ../other
  cd ../other
  store HEAD theirs
  run_split "$PERFGATE" baseline sync
  expect_status 0
  git cat-file blob "$RECORDS:$commit" | cmp - "$ROOT/tests/corpus/baseline/record-v1.json"
  "$PERFGATE" baseline gc -n --json | jq -e '.kept == 2' >/dev/null
}

# first_schema: records of standard input as perfgate wrote them first.
first_schema() {
  python3 -c '
import hashlib, json, sys
for line in sys.stdin:
    record = json.loads(line)
    scenarios = record.pop("scenarios")
    del record["id"]
    record.update(v=1, suite={name: facts["suite"] for name, facts in scenarios.items()},
                  sketch={name: facts["sketch"] for name, facts in scenarios.items() if "sketch" in facts})
    def dump():
        return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    record["id"] = hashlib.sha256(dump().encode()).hexdigest()
    print(dump())'
}

@test "GIT-26: records of both schemas are compared with alike, and a new one leaves the old in note and history" {
  local old
  store HEAD~1 old
  notes show HEAD~1 | first_schema >old
  grep -q '"v":1' old
  notes add -f -F old HEAD~1 2>/dev/null
  old="$(git rev-parse "$RECORDS")"
  result HEAD judged
  run_split "$PERFGATE" check --from result.json --require-baseline
  expect_status 0
  [[ "$errors" != *ignored* ]]
  [ "$(jq -r .baseline.commit perfgate-results/result.json)" = "$(git rev-parse HEAD~1)" ]
  [ "$(jq '[.verdict.cells[] | select(.metric == "p95" and .kind == "gate")][0].baseline' \
    perfgate-results/result.json)" = "$(jq '.cells.smoke.total.p95[0]' old)" ]
  # Both on one commit, in any order.
  store HEAD~1 new
  notes show HEAD~1 | grep -qxF -f old
  notes show HEAD~1 | grep -q '"v":2'
  git merge-base --is-ancestor "$old" "$RECORDS"
  [ "$("$PERFGATE" baseline log HEAD --json | jq -c '[.[].records[].v]')" = '[1,2]' ] ||
    [ "$("$PERFGATE" baseline log HEAD --json | jq -c '[.[].records[].v]')" = '[2,1]' ]
}

@test "GIT-46: alternates that point nowhere are exit 4 where an object is missing, and break nothing" {
  git clone -q --shared . ../shared
  cd ../shared
  git fetch -q origin
  rm -rf ../work.moved && mv ../work ../work.moved
  run_split "$PERFGATE" baseline show
  expect_status 4
  [ "$(wc -l <<<"$errors")" -le 2 ]
  mv ../work.moved ../work
  store HEAD mine
  "$PERFGATE" baseline show | grep -q 'baseline of commit'
}

@test "GIT-50: a hostile configuration runs nothing" {
  git config core.fsmonitor "touch $PWD/ran"
  git config core.hooksPath "$PWD/hooks"
  git config alias.fetch "!touch $PWD/ran"
  mkdir hooks
  printf '#!/bin/sh\ntouch "%s/ran"\n' "$PWD" | tee hooks/reference-transaction hooks/pre-push hooks/post-index-change >/dev/null
  chmod +x hooks/*
  store HEAD mine
  run_split "$PERFGATE" baseline sync
  expect_status 0
  [ ! -e ran ]
}

@test "GIT-50: a configuration that includes a FIFO or itself ends in time, with a plain line" {
  local file
  store HEAD mine
  cp .git/config kept
  mkfifo fifo
  for file in ../fifo "$PWD/fifo" config; do
    { cat kept && printf '[include]\n\tpath = %s\n' "$file"; } >.git/config
    run_split timeout 30 "$PERFGATE" baseline show
    expect_status 4
    expect_match "$errors" 'see (the includes of )?\.git/config'
  done
  cp kept .git/config
  # In the place of another file of the repository.
  rm .git/HEAD && mkfifo .git/HEAD
  run_split timeout 30 "$PERFGATE" baseline show
  [ "$status" -eq 2 ] || [ "$status" -eq 4 ]
}

@test "GIT-55: git gc --prune=now at the same time loses no record and leaves no dangling reference" {
  local i
  store HEAD first
  while [ ! -e stop ]; do git gc -q --prune=now 2>/dev/null || true; done &
  for i in 1 2 3 4 5 6 7 8; do
    result HEAD "run$i"
    # Unreferenced objects of a write may be pruned under it: then it is exit 4, and nothing moves.
    run_split "$PERFGATE" baseline update --from result.json
    [ "$status" -eq 0 ] && echo "run$i" >>kept
    [ "$status" -eq 0 ] || [ "$status" -eq 4 ]
  done
  touch stop
  wait
  git fsck --strict --no-dangling
  expect_clean
  [ -s kept ]
  while read -r i; do notes show HEAD | grep -q "\"run\":\"$i\""; done <kept
}

@test "GIT-58: one baseline among 2,000 notes is read without the others" {
  store HEAD mine
  # Every other note names a blob that does not exist: whoever looks at it fails.
  git ls-tree -r "$RECORDS" >entries
  for i in $(seq 2000); do
    name="$(printf '%s' "$i" | sha1sum | cut -c1-40)"
    printf '100644 blob %s\t%s/%s\n' "$(printf 'absent %s' "$i" | sha1sum | cut -c1-40)" "${name:0:2}" "${name:2}"
  done >>entries
  GIT_INDEX_FILE=index git update-index --index-info <entries
  git update-ref "$RECORDS" "$(GIT_INDEX_FILE=index git write-tree --missing-ok | xargs git commit-tree -m many)"
  [ "$(notes list | wc -l)" -eq 2001 ]
  run_split "$PERFGATE" baseline show --json
  expect_status 0
  [ "$(jq -r '.[0].run' <<<"$output")" = mine ]
  commit three
  store HEAD another
  [ "$(notes list | wc -l)" -eq 2002 ]
}

@test "the commands that print data print JSON with --json" {
  store HEAD mine
  local arguments
  for arguments in 'show' 'log' 'sync' 'gc' 'update --from result.json' 'promote --from result.json' \
    'accept --cell smoke/total/p95 --reason x'; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" baseline $arguments --json
    expect_status 0
    jq -e . <<<"$output" >/dev/null || { echo "$arguments: $output"; return 1; }
  done
}
