#!/usr/bin/env bats
# The repository's own workflows, action and Jenkinsfile are what the generators write.

load ../helper

@test "the committed workflows, action and Jenkinsfile are the generators' output" {
  cd "$ROOT"
  "$PERFGATE" generate github --output "$BATS_TEST_TMPDIR/generated" 2>/dev/null
  diff -r "$BATS_TEST_TMPDIR/generated/.github/workflows" .github/workflows
  diff -r "$BATS_TEST_TMPDIR/generated/.github/actions" .github/actions
  "$PERFGATE" generate jenkins --output - 2>/dev/null | cmp - Jenkinsfile
}

@test "the committed configuration is valid" {
  cd "$ROOT"
  run_split "$PERFGATE" config validate
  expect_status 0
}
