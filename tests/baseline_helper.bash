# Loaded behind helper.bash by the tests of baselines: commits, results, remotes.

RECORDS='refs/notes/perfgate/baselines'
export GIT_AUTHOR_NAME=tester GIT_AUTHOR_EMAIL=tester@example.invalid
export GIT_COMMITTER_NAME=tester GIT_COMMITTER_EMAIL=tester@example.invalid

commit() {
  git commit -q --allow-empty -m "$1"
}

# result REVISION [RUN [SED-SCRIPT]]: a passing result of that revision, as result.json.
result() {
  sed -e "s/1\{40\}/$(git rev-parse "$1")/; s/2\{40\}/$(git rev-parse "$1^{tree}")/" \
    -e "s/0123456789abcdef/${2:-0123456789abcdef}/" -e "${3:-}" \
    "$ROOT/tests/corpus/baseline/result.json" >result.json
}

# store REVISION [RUN [SED-SCRIPT]]: the same, as a baseline.
store() {
  result "$@"
  run_split "$PERFGATE" baseline update --from result.json
  expect_status 0
}

# on_push COMMAND…: as the job of a push to main runs it; on_request: of a pull request.
on_push() {
  GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main "$@"
}
on_request() {
  GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/1/merge GITHUB_BASE_REF=main GITHUB_HEAD_REF=side "$@"
}

notes() {
  git notes --ref perfgate/baselines "$@"
}

# runs_of REPOSITORY: the run of every record in it, sorted, one per line.
runs_of() {
  git -C "$1" ls-tree -r "$RECORDS" | while read -r _ _ blob _; do git -C "$1" cat-file blob "$blob"; done |
    grep -o '"run":"[^"]*"' | sort
}

expect_clean() {
  [ -z "$(git -C "${1:-.}" fsck --strict --no-dangling 2>&1)" ]
}

# make_origin: origin.git with two commits on main, and the clone work, where we are then.
make_origin() {
  git init -q --bare -b main origin.git
  git clone -q origin.git work 2>/dev/null
  cd work || return 1
  git config user.name tester
  git config user.email tester@example.invalid
  git checkout -q -b main
  # Gates that the result of the corpus passes.
  printf '%s\n' 'target: reference' 'run: [smoke]' 'performance_gates: {max_p95_response_time: 2000}' >ci_cd_config.yml
  git add ci_cd_config.yml
  commit one
  commit two
  git push -q origin main
}

# all_of PID…: wait for each; fails when one failed.
all_of() {
  local pid failed=0
  for pid in "$@"; do wait "$pid" || failed=1; done
  return "$failed"
}
