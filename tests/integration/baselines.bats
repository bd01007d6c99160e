#!/usr/bin/env bats
# Baselines under fire: many writers, many clones, death and failing system calls at every step.
# BASELINE_RECORDS=50 and BASELINE_STEPS=all are the full size (make bench-baseline).

load ../helper
load ../baseline_helper

setup_more() {
  need git strace python3 jq
  records="${BASELINE_RECORDS:-5}"
}

teardown() {
  [ -z "${daemon:-}" ] || kill "$daemon" 2>/dev/null || true
}

# write_many WRITER [VARIABLE=VALUE…]: $records updates of HEAD here, each of its own run.
write_many() {
  local writer=$1 i
  shift
  for i in $(seq "$records"); do
    result HEAD "w$writer-r$i" && mv result.json "result-$writer.json" &&
      env "$@" "$PERFGATE" baseline update -q --from "result-$writer.json" || return 1
  done
}

expect_all_of() { # expect_all_of REPOSITORY WRITERS
  [ "$(runs_of "$1" | uniq | wc -l)" -eq $(($2 * records)) ]
  [ "$(runs_of "$1" | wc -l)" -eq $(($2 * records)) ]
  expect_clean "$1"
  [ "$(git -C "$1" notes --ref perfgate/baselines list | wc -l)" -eq 1 ]
}

@test "GIT-01: 8 processes in one clone lose nothing" {
  local writer pids=()
  make_origin
  for writer in {1..8}; do
    # result.json is one file: a folder for each.
    mkdir "$writer"
    (cd "$writer" && write_many "$writer") &
    pids+=($!)
  done
  all_of "${pids[@]}"
  expect_all_of . 8
  [ "$(git rev-list --count "$RECORDS")" -eq $((8 * records)) ]
}

# four_clones URL: 4 CI jobs in clones of their own push to it.
four_clones() {
  local writer pids=()
  for writer in 1 2 3 4; do
    git clone -q "$1" "$BATS_TEST_TMPDIR/clone$writer"
    (cd "$BATS_TEST_TMPDIR/clone$writer" &&
      write_many "$writer" GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main) &
    pids+=($!)
  done
  all_of "${pids[@]}"
}

@test "GIT-34: 4 clones that push to one remote over file:// lose nothing" {
  make_origin
  cd ..
  four_clones "file://$PWD/origin.git"
  expect_all_of origin.git 4
}

# start_daemon: git daemon on an ephemeral loopback port; $daemon, $port.
start_daemon() {
  local try
  for try in 1 2 3; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$(git --exec-path)/git-daemon" --base-path="$PWD" --export-all --enable=receive-pack \
      --listen=127.0.0.1 --port="$port" --reuseaddr --log-destination=none "$PWD" 3>&- &
    daemon=$!
    wait_until 10 git ls-remote -q "git://127.0.0.1:$port/origin.git" 2>/dev/null && return 0
    kill "$daemon" 2>/dev/null || true
  done
  return 1
}

@test "GIT-34: 4 clones that push to one remote over git daemon lose nothing" {
  make_origin
  cd ..
  start_daemon
  four_clones "git://127.0.0.1:$port/origin.git"
  expect_all_of origin.git 4
}

@test "GIT-34: 4 clones that push to one remote over smart HTTP lose nothing" {
  make_origin
  cd ..
  git -C origin.git config http.receivepack true
  "$ROOT/tests/harness/git_http" . >port 3>&- &
  daemon=$!
  wait_until 10 test -s port
  four_clones "http://127.0.0.1:$(cat port)/origin.git"
  expect_all_of origin.git 4
}

@test "clones that sync what they wrote alone, all at once, end with everything" {
  local writer pids=()
  make_origin
  cd ..
  for writer in 1 2 3 4; do
    git clone -q origin.git "clone$writer"
    (cd "clone$writer" && write_many "$writer")
  done
  for writer in 1 2 3 4; do
    (cd "clone$writer" && "$PERFGATE" baseline sync -q >/dev/null) &
    pids+=($!)
  done
  all_of "${pids[@]}"
  expect_all_of origin.git 4
}

# --- death and failing calls ----------------------------------------------------------------------

CALLS=openat,write,rename,renameat2,link,unlink,mkdir,fsync,ftruncate,fchmod

# prepare: the repository "pristine" with a record on HEAD~1, and a result of HEAD beside it.
prepare() {
  git init -q -b main pristine
  cd pristine
  commit one
  commit two
  store HEAD~1 old
  result HEAD new
  mv result.json ..
  cd ..
}

# list_steps: "SYSCALL N" for every call of a baseline write that touches the repository's own files.
list_steps() {
  fresh
  strace -y -e trace="$CALLS" -o trace "$PERFGATE" baseline update -q --from result.json
  awk -v git="$PWD/.git/" '
    { name = $0; sub(/\(.*/, "", name); n[name]++ }
    index($0, git) || /"[^"]*\.git\// { print name, n[name] }' trace
}

fresh() {
  cd "$BATS_TEST_TMPDIR"
  rm -rf work
  cp -r pristine work
  cp result.json work
  cd work
}

# sample: every step, or about a quarter of them, first and last included.
sample() {
  if [ "${BASELINE_STEPS:-}" = all ]; then cat; else awk '{ l[NR] = $0 } END { for (i = 1; i <= NR; i++) if (i % 4 == 1 || i == NR) print l[i] }'; fi
}

# expect_old_readable: git and perfgate read the record that was there before; nothing is broken.
expect_old_readable() {
  notes show HEAD~1 | grep -q '"run":"old"'
  "$PERFGATE" baseline show HEAD~1 --json | jq -e '.[0].run == "old"' >/dev/null
  # A temporary object that nobody refers to is what `git gc` is for.
  ! git fsck --strict --no-dangling 2>&1 | grep -vE '^(notice|warning): |garbage'
}

# expect_next_works: the next writer succeeds, or exits 4 with path, age and command of a lock.
expect_next_works() {
  run_split "$PERFGATE" baseline update --from result.json
  if [ "$status" -eq 4 ]; then
    expect_match "$errors" "is locked by .*\.lock \(.* old\): .*remove it: rm '.*\.lock'"
    eval "$(sed -n "s/.*remove it: \(rm '[^']*'\).*/\1/p" <<<"$errors")"
    run_split "$PERFGATE" baseline update --from result.json
  fi
  expect_status 0
  notes show HEAD | grep -q '"run":"new"'
}

@test "GIT-04, GIT-05, SIG-16: SIGKILL at every step of a write leaves the old record, and the next writer a way" {
  local call n steps=0
  prepare
  list_steps | sample >steps
  while read -r call n; do
    fresh
    strace -o /dev/null -e trace="$CALLS" -e inject="$call:signal=KILL:when=$n" \
      "$PERFGATE" baseline update -q --from result.json >/dev/null 2>&1 && { echo "not killed at $call $n"; return 1; }
    expect_old_readable || { echo "after $call $n"; return 1; }
    expect_next_works || { echo "after $call $n"; return 1; }
    steps=$((steps + 1))
  done <"$BATS_TEST_TMPDIR/steps"
  echo "# $steps steps" >&3
  [ "$steps" -ge 8 ]
}

@test "GIT-07, GIT-08, GIT-09, GIT-10: a failing call at every step is exit 4, moves nothing, leaves no lock" {
  local call n error before steps=0
  prepare
  list_steps | sample >steps
  while read -r call n; do
    case $call in
      fsync | rename | link | renameat2) error=EIO ;;
      write | ftruncate) error=ENOSPC ;;
      unlink | fchmod) error=EACCES ;;
      mkdir) error=EDQUOT ;;
      openat) error=EROFS ;;
    esac
    fresh
    before="$(cat ".git/$RECORDS")"
    status=0
    strace -o /dev/null -e trace="$CALLS" -e inject="$call:error=$error:when=$n" \
      "$PERFGATE" baseline update --from result.json >out 2>err || status=$?
    if [ "$status" -eq 0 ]; then
      # What failed was not needed: a file read that may be absent, a clean-up.
      notes show HEAD 2>/dev/null | grep -q '"run":"new"' || grep -q 'not updated' err ||
        { echo "lost at $call $n ($error)"; cat err; return 1; }
    else
      [ "$status" -eq 4 ] || { echo "status $status at $call $n ($error)"; cat err; return 1; }
      [ "$before" = "$(cat ".git/$RECORDS")" ] || { echo "moved at $call $n ($error)"; return 1; }
      [ ! -e ".git/$RECORDS.lock" ] || { echo "lock left at $call $n ($error)"; return 1; }
    fi
    expect_old_readable || { echo "after $call $n ($error)"; return 1; }
    expect_next_works || { echo "after $call $n ($error)"; return 1; }
    steps=$((steps + 1))
  done <"$BATS_TEST_TMPDIR/steps"
  echo "# $steps steps" >&3
  [ "$steps" -ge 8 ]
}
