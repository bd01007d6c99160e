#!/usr/bin/env bats
# .github/actions/setup-perfgate: its steps as they are generated, with a stand-in for make.

load ../helper

setup_more() {
  need git sha256sum
  seed_repo
  "$PERFGATE" generate github -q
  action=.github/actions/setup-perfgate
  mkdir bin temp
  cat >bin/make <<'STUB'
#!/bin/sh
echo "make $*" >>"$CALLS"
for word; do
  case $word in PREFIX=*) mkdir -p "${word#*=}/bin" && ln -sf "$PERFGATE" "${word#*=}/bin/perfgate" ;; esac
done
STUB
  chmod +x bin/make
  PATH="$PWD/bin:$PATH"
  export CALLS="$PWD/calls" RUNNER_TEMP="$PWD/temp" GITHUB_OUTPUT="$PWD/output" GITHUB_PATH="$PWD/path"
  export GITHUB_ACTION_PATH="$PWD/$action" INSTALL_PERFGATE_FROM="" INSTALL_PERFGATE_REVISION=HEAD
}

# source_tree FOLDER: as much of perfgate's source as the action looks at.
source_tree() {
  mkdir -p "$1/include/perfgate" "$1/src" "$1/templates"
  for file in include/perfgate/x.h src/main.c templates/x; do echo 'int main;' >"$1/$file"; done
  echo all: >"$1/Makefile"
}

# step NAME: with its outputs in ./output.
step() {
  : >output
  step_script "$1" "$action/action.yml" >step.sh
  [ -s step.sh ]
  run_split bash --noprofile --norc -eo pipefail step.sh
}

value() { sed -n "s/^$1=//p" output; }

@test "where it comes with the source it builds that; the cache's key follows what is built" {
  source_tree .
  step "Find the source"
  expect_status 0
  [ "$(value folder)" = "$PWD" ]
  local first
  first="$(value digest)"
  expect_match "$first" '^[0-9a-f]{40}$'
  # Nothing but the source counts.
  echo more >README.md
  step "Find the source"
  [ "$(value digest)" = "$first" ]
  echo 'int other;' >>src/main.c
  step "Find the source"
  [ "$(value digest)" != "$first" ]
}

@test "a copy elsewhere fetches the revision that it is told" {
  git init -q -b main ../perfgate-home
  source_tree ../perfgate-home
  git -C ../perfgate-home add .
  git -C ../perfgate-home -c user.name=x -c user.email=x@example.invalid commit -q -m one
  local commit
  commit="$(git -C ../perfgate-home rev-parse HEAD)"
  INSTALL_PERFGATE_FROM="file://$(cd .. && pwd)/perfgate-home" INSTALL_PERFGATE_REVISION=$commit step "Find the source"
  expect_status 0
  [ "$(value folder)" = "$PWD/temp/perfgate-source" ]
  [ "$(git -C temp/perfgate-source rev-parse HEAD)" = "$commit" ]
}

@test "a copy that is told nothing says what to do" {
  step "Find the source"
  expect_status 2
  expect_match "$errors" 'INSTALL_PERFGATE_FROM'
  [ ! -s output ]
}

@test "packages, build and PATH" {
  export SOURCE=/somewhere
  step "Install the libraries"
  expect_status 0
  step "Build"
  expect_status 0
  step "Put it on the PATH"
  expect_status 0
  [ "$(cut -d ' ' -f 2-4 calls | head -1)" = "-C /somewhere deps" ]
  grep -qx "make -C /somewhere install PREFIX=$HOME/.cache/setup-perfgate" calls
  [ "$(cat path)" = "$HOME/.cache/setup-perfgate/bin" ]
  "$(cat path)/perfgate" version >/dev/null
  expect_match "$(cat "$action/action.yml")" 'path: ~/.cache/setup-perfgate'
}
