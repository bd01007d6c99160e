#!/usr/bin/env bats
# The repository's own workflow and Jenkinsfile are what the generators write.

load ../helper

@test "the committed workflow and Jenkinsfile are the generators' output" {
  cd "$ROOT"
  "$PERFGATE" generate github --output - 2>/dev/null | cmp - .github/workflows/perfgate.yml
  "$PERFGATE" generate jenkins --output - 2>/dev/null | cmp - Jenkinsfile
}

@test "the committed configuration is valid" {
  cd "$ROOT"
  run_split "$PERFGATE" config validate
  expect_status 0
}
