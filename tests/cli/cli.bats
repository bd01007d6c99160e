#!/usr/bin/env bats
# The command line as a whole: finding commands, help, exit codes.

load ../helper

@test "without a word it lists the commands" {
  run_split "$PERFGATE"
  expect_status 0
  expect_match "$output" "check +drive the suite"
}

@test "help of a command has options and examples" {
  run_split "$PERFGATE" check --help
  expect_status 0
  expect_match "$output" "usage: perfgate check"
  expect_match "$output" "--update-baseline"
  expect_match "$output" "examples:"
  run_split "$PERFGATE" help baseline show
  expect_status 0
  expect_match "$output" "usage: perfgate baseline show"
  run_split "$PERFGATE" help baseline
  expect_status 0
  expect_match "$output" "baseline log"
}

@test "version prints one line" {
  run_split "$PERFGATE" --version
  expect_status 0
  expect_match "$output" '^perfgate [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "an unknown command suggests the nearest" {
  run_split "$PERFGATE" chekc
  expect_status 2
  [ -z "$output" ]
  expect_match "$errors" 'did you mean `check`'
}

@test "ENV-16: an unknown option is exit 2 with the usage on stderr and nothing on stdout" {
  for words in "--scenaro x" "--scenario" "--quick --quick" "--scen x" "-z"; do
    # shellcheck disable=SC2086
    run_split "$PERFGATE" check $words
    expect_status 2
    [ -z "$output" ]
    expect_match "$errors" "usage: perfgate check"
  done
}

@test "ENV-17: help into a full device is exit 5" {
  status=0
  "$PERFGATE" check --help >/dev/full 2>err || status=$?
  [ "$status" -eq 5 ]
  grep -q 'No space left' err
}

@test "ENV-19: closed standard streams do no harm" {
  status=0
  "$PERFGATE" version <&- >out 2>&- || status=$?
  [ "$status" -eq 0 ]
  grep -q perfgate out
}

@test "the older spellings find their commands" {
  run_split "$PERFGATE" --run-all --help
  expect_status 0
  expect_match "$output" "usage: perfgate check"
  run_split "$PERFGATE" --generate-workflow --help
  expect_status 0
  expect_match "$output" "usage: perfgate generate"
}
