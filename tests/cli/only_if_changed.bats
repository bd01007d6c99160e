#!/usr/bin/env bats
# `only_if_changed`: what a pull request must touch to be measured. Nothing listens at the target, so
# that "measured" is exit 3 and "skipped" exit 0.

load ../helper
load ../baseline_helper

setup_more() {
  need git jq xmllint
  make_origin
  configure 'src/**, "!*.md"'
  git add -A
  git commit -q -m 'only what matters'
  git push -q origin main
  git checkout -q -b side
}

# configure GLOBS: a file with these globs and a target that is away.
configure() {
  printf '%s\n' 'target: http://127.0.0.1:9' 'requests: [GET /]' 'run: [smoke]' "only_if_changed: [$1]" \
    'performance_gates: {max_p95_response_time: 2000}' >ci_cd_config.yml
}

# change FILE: a commit on it.
change() {
  mkdir -p "$(dirname "$1")"
  date +%N >>"$1"
  git add -A
  git commit -q -m "change $1"
}

check() {
  run_split "$@" "$PERFGATE" check
}

expect_skipped() {
  expect_status 0
  expect_match "$output" "^SKIPPED: only_if_changed: $1"
  [ "$(xmllint --xpath 'count(//testcase/skipped)' perfgate-results/junit.xml)" -eq 1 ]
  [ "$(jq -r .verdict.outcome perfgate-results/result.json)" = skipped ]
}

expect_measured() {
  expect_status 3
  expect_match "$errors" '127.0.0.1:9'
}

@test "a pull request without a file that matters is SKIPPED; any one that matters is measured" {
  change docs/a.md
  change src/README.md
  check on_request
  expect_skipped 'none of 2 changed files matches \(since [0-9a-f]{12}\)'
  change src/api.c
  check on_request
  expect_measured
  expect_match "$errors" 'only_if_changed: src/api.c matters'
}

@test "what main did meanwhile does not count, what a merge commit of GitHub brings does" {
  change docs/a.md
  git checkout -q main
  change src/api.c
  git push -q origin main
  git checkout -q side
  check on_request
  expect_skipped 'none of 1 changed file matches \(since [0-9a-f]{12}\)'
  git checkout -q main
  git merge -q --no-ff -m 'test merge' side
  check on_request
  expect_skipped 'none of 1 changed file matches \(since [0-9a-f]{12}\)'
}

@test "a removed and a renamed file count" {
  change src/old.c
  git checkout -q main
  git merge -q side
  git push -q origin main
  git checkout -q side
  git mv src/old.c docs.c
  git commit -q -m moved
  check on_request
  expect_measured
}

@test "a push, a schedule, a run outside CI and --force always measure" {
  change docs/a.md
  check env
  expect_measured
  check on_push
  expect_measured
  check env GITHUB_EVENT_NAME=schedule GITHUB_REF=refs/heads/main
  expect_measured
  run_split on_request "$PERFGATE" check --force
  expect_measured
}

@test "what cannot be known is measured, and why is said" {
  # With whole stacks, so that a leak of libgit2 is known for what it is.
  export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}fast_unwind_on_malloc=0"
  change docs/a.md
  git push -q origin side
  git clone -q --depth 1 --no-single-branch -b side "file://$BATS_TEST_TMPDIR/origin.git" ../shallow
  cd ../shallow || return 1
  check on_request
  expect_measured
  expect_match "$errors" 'warning: only_if_changed: what the pull request changes is not known, so it is measured .*fetch-depth: 0'
  cd ../work || return 1
  git checkout -q main
  check on_request
  expect_measured
  expect_match "$errors" 'the base commit itself is checked out'
}

@test "a pull request cannot skip itself: the globs are those of its base, and the configuration matters" {
  change src/api.c
  configure 'nothing'
  git commit -q -am 'nothing matters'
  check on_request
  expect_measured
  expect_match "$errors" 'the pull request changes only_if_changed'
  git checkout -q -b other main
  configure 'src/**, lib/**'
  git commit -q -am 'more matters'
  check on_request
  expect_measured
  expect_match "$errors" 'only_if_changed: ci_cd_config.yml matters'
}

@test "a stored result is judged, whatever changed" {
  change docs/a.md
  run_split on_request "$PERFGATE" check --from "$ROOT/tests/corpus/result/failing.json"
  expect_status 1
}
