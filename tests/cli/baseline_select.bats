#!/usr/bin/env bats
# Which baseline a run is compared with, by what is checked out and for which event.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq
  make_origin
}

# publish REVISION RUN: a record of that revision on the remote, as a push job leaves it.
publish() {
  result "$@"
  on_push "$PERFGATE" baseline update -q --from result.json
}

# judge COMMAND…: check --from a result of HEAD; $baseline and $note are what it was compared with.
judge() {
  result HEAD judged
  run_split "$@" "$PERFGATE" check --from result.json
  baseline="$(jq -r .baseline.commit perfgate-results/result.json)"
  note="$(jq -r .baseline.note perfgate-results/result.json)"
}

expect_baseline() {
  [ "$baseline" = "$(git rev-parse "$1")" ] || { echo "compared with $baseline: $note"; return 1; }
}

# make_side: a branch from main~1 with a commit, pushed; main has a record on both of its commits.
make_side() {
  publish main~1 older
  publish main newer
  git checkout -q -b side main~1
  commit 'side work'
  git push -q origin side
}

as_event() { # as_event FILE COMMAND…: with that event file
  local file=$1
  shift
  GITHUB_EVENT_PATH="$PWD/$file" "$@"
}

# event BASE HEAD: event.json of a pull request.
event() {
  jq --arg base "$(git rev-parse "$1")" --arg head "$(git rev-parse "$2")" \
    '.pull_request.base.sha = $base | .pull_request.head.sha = $head' \
    "$ROOT/tests/corpus/events/pull_request.json" >event.json
}

@test "a push to the baseline branch starts at itself" {
  publish HEAD~1 older
  judge on_push
  expect_status 0
  expect_baseline main~1
}

@test "a pull request's branch is compared with where it left main" {
  make_side
  judge on_request
  expect_baseline main~1
}

@test "GitHub's test merge is compared with its first parent" {
  make_side
  event main side
  git checkout -q --detach main
  git merge -q --no-ff -m 'Merge side into main' side
  judge as_event event.json on_request
  expect_baseline main
}

@test "a merge that is not GitHub's starts at the merge-base, whatever its first parent is" {
  make_side
  # Jenkins merges the target into the head: HEAD^1 is the pull request's own commit.
  git merge -q --no-ff -m 'Merge main into side' main
  judge env JENKINS_URL=x CHANGE_ID=1 CHANGE_TARGET=main CHANGE_BRANCH=side
  expect_baseline main
}

@test "Jenkins: CHANGE_TARGET names the branch that the pull request leaves from" {
  publish main~1 older
  publish main newer
  git checkout -q -b release main~1
  commit 'release work'
  git push -q origin release
  git checkout -q -b side
  commit 'side work'
  judge env JENKINS_URL=x CHANGE_ID=1 CHANGE_TARGET=release CHANGE_BRANCH=side
  expect_baseline main~1
}

@test "GIT-38: a detached HEAD works by its commit" {
  publish main newer
  git checkout -q --detach main
  judge on_push
  expect_baseline main
}

@test "GIT-41: a linked worktree reads and writes the common store" {
  publish main newer
  git worktree add -q --detach ../linked main
  cd ../linked
  judge on_push
  expect_baseline main
  publish main~1 linked
  cd ../work
  [ "$(runs_of ../origin.git | wc -l)" -eq 2 ]
}

@test "a submodule has baselines of its own" {
  publish main newer
  git init -q ../parent
  cd ../parent
  git -c protocol.file.allow=always submodule add -q ../origin.git service 2>/dev/null
  git commit -q -m parent
  cd service
  judge on_push
  expect_baseline main
  cd ..
  [ -z "$(git for-each-ref refs/perfgate refs/notes)" ]
}

@test "GIT-37: a shallow clone gets its history aside and stays shallow and whole" {
  publish main~1 older
  commit three
  git push -q origin main
  git clone -q --depth 1 "file://$BATS_TEST_TMPDIR/origin.git" ../shallow
  cd ../shallow
  judge on_push
  [ "$baseline" = "$(git -C ../work rev-parse main~2)" ]
  [ "$(git rev-parse --is-shallow-repository)" = true ]
  ! git config --get-regexp 'partial|promisor'
  ! compgen -G '.git/perfgate-*'
  expect_clean
}

@test "GIT-37: a shallow test merge of a pull request, as checkout makes it by default" {
  make_side
  git checkout -q --detach main
  git merge -q --no-ff -m 'Merge side into main' side
  event main side
  git push -q origin HEAD:refs/pull/1/merge
  git init -q ../shallow
  cp event.json ../shallow
  cd ../shallow
  git remote add origin "file://$BATS_TEST_TMPDIR/origin.git"
  git fetch -q --depth=1 origin refs/pull/1/merge
  git checkout -q --detach FETCH_HEAD
  judge as_event event.json on_request
  [ "$baseline" = "$(git -C ../work rev-parse main)" ]
  expect_clean
}

@test "GIT-37: where the history cannot be had, the remedy is named, and --require-baseline is exit 4" {
  publish main~1 older
  git clone -q --depth 1 "file://$BATS_TEST_TMPDIR/origin.git" ../shallow
  cd ../shallow
  commit 'only here'
  judge on_push
  expect_status 0
  [ "$baseline" = null ]
  expect_match "$note" 'fetch-depth: 0'
  on_push run_split "$PERFGATE" check --from result.json --require-baseline
  expect_status 4
}

@test "GIT-29: no notes at all is no error, and --require-baseline makes it one" {
  judge on_push
  expect_status 0
  expect_match "$note" 'no baseline yet'
  run_split "$PERFGATE" check --from result.json --require-baseline
  expect_status 4
  expect_match "$errors" 'no baseline yet'
}

@test "GIT-52: notes.rewriteRef, notes.displayRef and core.notesRef do not matter" {
  publish main~1 older
  git config notes.rewriteRef refs/notes/other
  git config notes.displayRef refs/notes/other
  git config core.notesRef refs/notes/other
  publish main newer
  judge on_push
  expect_baseline main
  [ -z "$(git for-each-ref refs/notes/other)" ]
}

@test "GIT-53: GIT_DIR and GIT_WORK_TREE are honoured as git does" {
  publish main newer
  cd ..
  result() { :; }
  cp work/result.json .
  export GIT_DIR="$PWD/work/.git" GIT_WORK_TREE="$PWD/work"
  judge on_push
  unset GIT_WORK_TREE
  expect_baseline main
}

# As somebody else than the owner; needs a user to become.
as_other() {
  setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$BATS_TEST_TMPDIR/home" "$@"
}

other_owner() {
  [ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
  need setpriv
  mkdir -p "$BATS_TEST_TMPDIR/home"
  chmod -R a+rwX "$BATS_TEST_TMPDIR"
  local folder="$BATS_TEST_TMPDIR"
  until as_other test -x "$BATS_TEST_TMPDIR"; do chmod a+x "$folder"; folder="$(dirname "$folder")"; done
  cp "$PERFGATE" "$BATS_TEST_TMPDIR/perfgate"
  chmod a+rx "$BATS_TEST_TMPDIR/perfgate"
}

@test "GIT-47, GIT-49: another's repository is exit 4 with uid, path and command; safe.directory in every form helps" {
  other_owner
  store HEAD mine
  run_split as_other "$BATS_TEST_TMPDIR/perfgate" baseline show
  expect_status 4
  expect_match "$errors" "$PWD belongs to user 0, and we are user 65534.*git config --global --add safe.directory '$PWD'"
  local value
  for value in "$PWD" "$PWD/" '*'; do
    printf '[safe]\n\tdirectory = "%s"\n' "$value" >"$BATS_TEST_TMPDIR/home/.gitconfig"
    run_split as_other "$BATS_TEST_TMPDIR/perfgate" baseline show
    expect_status 0
    expect_match "$output" 'baseline of commit'
  done
  # The git that we spawn works there, too.
  printf '[safe]\n\tdirectory = *\n' >"$BATS_TEST_TMPDIR/home/.gitconfig"
  run_split as_other "$BATS_TEST_TMPDIR/perfgate" baseline sync -n
  expect_status 0
}

@test "CFG-46: a pull request is judged by the rules of its base commit, and the difference is said" {
  make_side
  sed -i 's/2000/20/; s/^target/enforce: warn\ntarget/' ci_cd_config.yml
  git commit -q -am 'kinder gates'
  # The base allows 2000 ms; the pull request would fail by its own 20 ms.
  judge on_request
  expect_status 0
  expect_match "$errors" 'changes the gate smoke/total/p95: 2000 in the base commit, 20 \(warn\) here'
  expect_match "$errors" 'changes enforce: fail in the base commit, warn here'
  expect_match "$note" 'the rules are those of the base commit: .*2000 in the base commit, 20 \(warn\) here'
  [ "$(jq '[.verdict.cells[] | select(.metric == "p95")][0].limit' perfgate-results/result.json)" = 2000 ]
  expect_match "$(jq -r '[.verdict.cells[] | select(.metric == "p95")][0].origin' perfgate-results/result.json)" \
    "ci_cd_config.yml of $(git rev-parse --short=12 main~1)"
  # Outside a pull request its own file holds.
  judge env
  expect_status 0
  [ "$(jq '[.verdict.cells[] | select(.metric == "p95")][0].limit' perfgate-results/result.json)" = 20 ]
}

@test "a pull request cannot switch the gate off" {
  make_side
  sed -i '1i enabled: false' ci_cd_config.yml
  git commit -q -am 'no gate'
  judge on_request
  expect_status 0
  [ "$(jq -r .verdict.outcome perfgate-results/result.json)" = pass ]
  judge env
  [ "$(jq -r .verdict.outcome perfgate-results/result.json)" = skipped ]
}

@test "a pull request cannot make the gates of its base advisory" {
  sed -i 's/2000/20/' ci_cd_config.yml
  git commit -q -am 'a strict gate'
  git push -q origin main
  git checkout -q -b side
  sed -i 's/^target/enforce: warn\ntarget/' ci_cd_config.yml
  git commit -q -am 'only a warning'
  judge on_request
  expect_status 1
  expect_match "$errors" 'changes enforce: fail in the base commit, warn here'
}

@test "a file that the base has not, or that no longer parses, leaves the checkout's rules with a warning" {
  git rm -q ci_cd_config.yml
  git commit -q -m 'no file'
  git push -q origin main
  git checkout -q -b side
  git checkout -q main~1 -- ci_cd_config.yml
  git commit -q -m 'a file'
  judge on_request
  expect_status 0
  expect_match "$errors" 'the gates are those of the pull request itself: the base commit has no'
}
