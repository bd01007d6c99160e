#!/usr/bin/env bats
# perfgate completion: what Tab brings in real shells.

load ../helper

# A `perfgate` on the PATH that answers the shells and keeps what it is called with in `ran`.
setup_more() {
  mkdir bin somewhere
  printf '#!/bin/sh\n[ "$1" = completion ] && exec "%s" "$@"\nprintf "%%s\\n" "$*" >>"%s/ran"\n' \
    "$PERFGATE" "$PWD" >bin/perfgate
  chmod +x bin/perfgate
  export PATH="$PWD/bin:$PATH" TERM=xterm
  touch 'a result.json'
}

# typed: lines as they are typed before Tab, on the left; as they run, on the right.
typed=(
  'perfgate conf' 'config'
  'perfgate check --transport nat' 'check --transport native'
  'perfgate check --transport=nat' 'check --transport=native'
  'perfgate check --scenario smoke,lo' 'check --scenario smoke,load'
  'perfgate report --output somew' 'report --output somewhere'
  'perfgate report --output=somew' 'report --output=somewhere'
  'perfgate notify a' 'notify a result.json'
  'perfgate baseline acc' 'baseline accept'
  "perfgate check --requests 'GET /a b' --qui" "check --requests GET /a b --qui"
)

# in_shell SETUP SHELL…: everything typed runs as it should; a / behind a folder is the shell's.
in_shell() {
  local setup=$1 i want
  shift
  need python3 "$1"
  {
    echo "$setup"
    for ((i = 0; i < ${#typed[@]}; i += 2)); do echo "${typed[i]}"; done
  } | timeout 120 python3 "$ROOT/tests/harness/tab.py" "$@"
  want="$(for ((i = 1; i < ${#typed[@]}; i += 2)); do echo "${typed[i]}"; done)"
  diff <(echo "$want") <(sed 's,/$,,' ran)
}

@test "bash completes what is typed" {
  in_shell "source <(perfgate completion bash); PS1='READY''> '" bash --norc --noprofile -i
}

@test "zsh completes what is typed" {
  in_shell "autoload -Uz compinit; compinit -D; source <(perfgate completion zsh); PS1='READY''> '" zsh -f -i
}

@test "zsh completes from a file in its function path, too" {
  mkdir functions
  cp "$ROOT/templates/completion/perfgate.zsh" functions/_perfgate
  in_shell "fpath=($PWD/functions \$fpath); autoload -Uz compinit; compinit -u -D; PS1='READY''> '" zsh -f -i
}

@test "fish completes what is typed" {
  in_shell "perfgate completion fish | source; function fish_prompt; echo -n 'READY''> '; end" \
    fish --no-config -i
}

# bash_offers LINE: what bash would list, as its completion is called: COMP_LINE, words cut at = and :.
bash_offers() {
  bash --norc --noprofile -c '
    source <(perfgate completion bash)
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$'"' \t\n\"\\'><=;|&(:'"'
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _perfgate perfgate "" ""
    printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

@test "bash is offered every word that fits, without what stands already" {
  run_split bash_offers 'perfgate baseline ' perfgate baseline ''
  [ "$output" = "$(printf '%s\n' show log update accept promote sync gc)" ]
  run_split bash_offers 'perfgate check --transport=' perfgate check --transport =
  [ "$output" = "$(printf '%s\n' native curl)" ]
  run_split bash_offers 'perfgate check --target http://h --q' perfgate check --target http : //h --q
  [ "$output" = "$(printf '%s\n' --quick --quiet)" ]
}

@test "fish is offered words with what they are" {
  need fish
  run_split fish --no-config -c 'perfgate completion fish | source; complete -C "perfgate baseline s"'
  [ "$output" = "show	print the baseline of a commit
sync	exchange baselines with the remote" ]
}

@test "scenarios are those of the configuration here, or of --config" {
  mkdir elsewhere
  echo 'scenarios: {rush: {users: 2, duration: 1m, purpose: "the morning"}}' >ci_cd_config.yml
  echo 'scenarios: {calm: {users: 1, duration: 1m}}' >elsewhere/other.yml
  run_split "$PERFGATE" completion --offer -- check --scenario r
  [ "$output" = "rush	the morning" ]
  run_split "$PERFGATE" completion --offer -- check --config elsewhere/other.yml --scenario c
  [ "$output" = "calm	" ]
}

@test "a configuration with a fault offers no scenario and says nothing" {
  echo 'scenarios: {rush: [' >ci_cd_config.yml
  run_split "$PERFGATE" completion --offer -- check --scenario ''
  expect_status 0
  [ -z "$output$errors" ]
}

@test "revisions are branches and tags; a name that a shell would run is not offered" {
  seed_repo
  git tag v1.0
  git branch 'x;touch${IFS}pwned'
  git remote add upstream https://example.invalid/x.git
  run_split "$PERFGATE" completion --offer -- baseline show ''
  [ "$output" = "HEAD	the commit that is checked out
main	branch
v1.0	tag" ]
  run_split "$PERFGATE" completion --offer -- baseline sync --remote ''
  [ "$output" = "upstream	remote" ]
}

@test "an unknown shell is exit 2 with a suggestion" {
  run_split "$PERFGATE" completion fisch
  expect_status 2
  expect_match "$errors" 'did you mean `fish`'
  run_split "$PERFGATE" completion powershell
  expect_status 2
  expect_match "$errors" 'there is bash, zsh and fish'
  run_split "$PERFGATE" completion bash zsh
  expect_status 2
}
