#!/usr/bin/env bats
# What `calibrate` refuses, before anything is started.

load ../helper

@test "calibrate: a number that is none is exit 2 and names the option" {
  for arguments in "--minutes x" "--minutes -1" "--live 1e9"; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" calibrate $arguments
    expect_status 2
    expect_match "$errors" "${arguments%% *}: .* is not a number from 0 to"
  done
}

@test "calibrate: a recording that is not there is exit 2" {
  run_split "$PERFGATE" calibrate --from nowhere.jsonl
  expect_status 2
  expect_match "$errors" "nowhere.jsonl"
}

@test "calibrate: too few blocks are exit 3 with how many it takes" {
  : >empty.jsonl
  run_split "$PERFGATE" calibrate --from empty.jsonl
  expect_status 3
  expect_match "$errors" "empty.jsonl has 0 blocks that count; a verdict needs 6"
}
