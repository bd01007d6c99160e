#!/usr/bin/env bats
# baseline.signed: notes that only who has a trusted key can write.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq ssh-keygen
  make_origin
  local key
  for key in ada bob eve; do ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$HOME/$key"; done
  git config --global gpg.format ssh
  git config --global gpg.ssh.allowedSignersFile "$HOME/allowed"
  allow ada bob
  as ada
  export PERFGATE_BASELINE_SIGNED=true
}

as() { # as KEY: who signs from now on
  git config --global user.signingKey "$HOME/$1.pub"
}

allow() { # allow KEY…: whose signatures count from now on
  local key
  for key in "$@"; do echo "tester@example.invalid namespaces=\"git\" $(cat "$HOME/$key.pub")"; done >"$HOME/allowed"
}

unsigned() { # unsigned COMMAND…: without the mode, as somebody does who has no key
  PERFGATE_BASELINE_SIGNED=false "$@"
}

# publish REVISION RUN: a record of that revision on the remote, as a push job leaves it.
publish() {
  result "$@"
  on_push "$PERFGATE" baseline update -q --from result.json
}

# expect_distrusted REASON: in CI as here there is no baseline, loudly; exit 4 with --strict.
expect_distrusted() {
  local where
  for where in on_push env; do
    result HEAD judged
    run_split "$where" "$PERFGATE" check --from result.json
    expect_status 0
    expect_match "$errors" "warning: refs/.*baselines is not to be trusted \(baseline\.signed\): .*$1"
    [ "$(jq -r .baseline.commit perfgate-results/result.json)" = null ]
    expect_match "$(jq -r .baseline.note perfgate-results/result.json)" "none is trusted; WARNING: .*$1"
    grep -q 'is not to be trusted' perfgate-results/comment.md
    run_split "$where" "$PERFGATE" check --from result.json --strict
    expect_status 4
    run_split "$where" "$PERFGATE" check --from result.json --require-baseline
    expect_status 4
  done
}

# expect_closed REASON: nothing is written on top, sent or taken, and no reference moves.
expect_closed() {
  local before
  before="$(git for-each-ref refs/notes; git -C ../origin.git for-each-ref refs/notes)"
  result HEAD another
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 4
  expect_match "$errors" "not written: commit .* of the notes is not to be trusted: .*$1.*baseline sync --sign"
  run_split "$PERFGATE" baseline sync
  expect_status 4
  expect_match "$errors" "not (exchanged|written): .*$1"
  on_push run_split "$PERFGATE" baseline update --from result.json
  expect_status 4
  [ "$before" = "$(git for-each-ref refs/notes; git -C ../origin.git for-each-ref refs/notes)" ]
}

# expect_healed: a person vouches, and everything works again.
expect_healed() {
  run_split "$PERFGATE" baseline sync --sign
  expect_status 0
  git verify-commit "$RECORDS" 2>/dev/null
  git -C ../origin.git verify-commit "$RECORDS" 2>/dev/null
  result HEAD judged
  on_push run_split "$PERFGATE" check --from result.json --strict
  expect_status 0
  [ "$(jq -r .baseline.commit perfgate-results/result.json)" = "$(git rev-parse "$1")" ]
  publish HEAD after
  expect_clean
}

@test "GIT-59: signed notes are written, merged, sent, accepted and removed, and git verify-commit agrees with each" {
  store HEAD~1 one 's|1706702400000000000|1675166400000000000|'
  store HEAD two
  "$PERFGATE" baseline sync -q >/dev/null
  git clone -q ../origin.git ../other
  cd ../other
  git config user.name tester && git config user.email tester@example.invalid
  as bob
  store HEAD three
  "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason known
  run_split "$PERFGATE" baseline sync
  expect_status 0
  publish HEAD~1 four
  run_split "$PERFGATE" baseline gc --keep 3
  expect_status 0
  local commit
  for commit in $(git -C ../origin.git rev-list "$RECORDS" refs/notes/perfgate/accepted); do
    git -C ../origin.git verify-commit "$commit" 2>/dev/null
  done
  [ "$(runs_of ../origin.git | wc -l)" -eq 3 ]
  cd ../work
  result HEAD judged
  on_push run_split "$PERFGATE" check --from result.json --strict
  expect_status 0
  [ "$(jq -r .baseline.commit perfgate-results/result.json)" = "$(git rev-parse HEAD~1)" ]
  [[ "$errors" != *trusted* ]]
  expect_clean
}

@test "GIT-59: notes without a signature are no baseline, and exit 4 with --strict" {
  unsigned publish HEAD planted
  expect_distrusted 'it is not signed'
  expect_closed 'it is not signed'
  expect_healed HEAD
}

@test "GIT-59: notes signed with a key that is not allowed are no baseline, and exit 4 with --strict" {
  publish HEAD~1 good
  as eve
  allow ada bob eve
  publish HEAD planted
  allow ada bob
  as ada
  expect_distrusted 'ED25519 key SHA256:.* is not among the allowed signers'
  expect_closed 'not among the allowed signers'
  expect_healed HEAD
}

@test "GIT-59: notes of a key that was removed from the allowed signers are no baseline until somebody vouches" {
  as bob
  publish HEAD~1 old
  allow ada
  as ada
  expect_distrusted 'not among the allowed signers'
  expect_closed 'not among the allowed signers'
  expect_healed HEAD~1
}

@test "GIT-59: a changed record behind somebody's signature is no baseline" {
  local forged
  publish HEAD good
  forged="$(git cat-file commit "$RECORDS" | sed "s/^tree .*/tree $(git rev-parse 'HEAD^{tree}')/" |
    git hash-object -t commit -w --stdin)"
  git update-ref "$RECORDS" "$forged"
  git push -q -f origin "$RECORDS"
  git for-each-ref --format='delete %(refname)' refs/perfgate | git update-ref --stdin
  expect_distrusted 'incorrect signature|verif'
}

@test "GIT-59: what cannot be signed, or would not be trusted, is not written" {
  result HEAD mine
  as nobody
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 4
  expect_match "$errors" 'baseline not written: git cannot sign the notes: .*nobody'
  as eve
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 4
  expect_match "$errors" 'does not trust the signature that it made.*not among the allowed signers'
  git config --global --unset gpg.ssh.allowedSignersFile
  as ada
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 4
  expect_match "$errors" 'allowedSignersFile'
  [ -z "$(git for-each-ref refs/notes)" ]
}

@test "acceptances that are not trusted accept nothing" {
  publish HEAD~1 good
  unsigned "$PERFGATE" baseline accept -q --cell smoke/total/p95 --reason planted
  git push -q origin refs/notes/perfgate/accepted
  result HEAD judged
  on_push run_split "$PERFGATE" check --from result.json
  expect_status 0
  expect_match "$errors" 'warning: .*accepted is not to be trusted'
  [ "$(jq -r .baseline.commit perfgate-results/result.json)" = "$(git rev-parse HEAD~1)" ]
  [[ "$(jq -r .baseline.note perfgate-results/result.json)" != *planted* ]]
  on_push run_split "$PERFGATE" check --from result.json --strict
  expect_status 4
}

@test "show and log warn of notes that are not trusted, and show them; --sign is for people" {
  unsigned store HEAD planted
  local command
  for command in show log; do
    run_split "$PERFGATE" baseline "$command"
    expect_status 0
    expect_match "$errors" 'warning: .*is not to be trusted'
    expect_match "$output" 'smoke'
  done
  on_push run_split "$PERFGATE" baseline sync --sign
  expect_status 2
  expect_match "$errors" 'a person vouches'
  unsigned run_split "$PERFGATE" baseline sync --sign
  expect_status 2
  expect_match "$errors" 'baseline.signed'
}

@test "a pull request cannot switch the signatures off" {
  unset PERFGATE_BASELINE_SIGNED
  echo 'baseline: {signed: true}' >>ci_cd_config.yml
  git commit -q -am 'signed baselines'
  git push -q origin main
  PERFGATE_BASELINE_SIGNED=false publish HEAD planted
  git checkout -q -b side
  sed -i '/^baseline:/d' ci_cd_config.yml
  git commit -q -am 'no signatures'
  result HEAD judged
  on_request run_split "$PERFGATE" check --from result.json --strict
  expect_status 4
  expect_match "$errors" 'is not to be trusted'
}
