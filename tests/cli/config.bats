#!/usr/bin/env bats
# perfgate config show, perfgate config validate: what holds, and how a bad file is refused.

load ../helper

# refused PATTERN: config validate ends with 2, one line on stderr that matches, nothing on stdout.
refused() {
  run_split "$PERFGATE" config validate
  expect_status 2
  [ -z "$output" ]
  [ "$(printf '%s\n' "$errors" | wc -l)" -eq 1 ]
  expect_match "$errors" "$1"
}

with_gate() {
  printf 'performance_gates: {max_p95_response_time: %s}\n' "$1" >ci_cd_config.yml
}

@test "the seed's file is valid as it is" {
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  run_split "$PERFGATE" config validate
  expect_status 0
  [ "$output" = "ci_cd_config.yml: ok" ]
  [ -z "$errors" ]
}

@test "config show prints every value with its origin" {
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  LOAD_TEST_SPAWN_RATE=3 run_split "$PERFGATE" config show
  expect_status 0
  expect_match "$output" 'performance_gates.max_p95_response_time +2000 +ci_cd_config.yml:5'
  expect_match "$output" 'LOAD_TEST_SPAWN_RATE +3 +LOAD_TEST_SPAWN_RATE'
  expect_match "$output" 'output +perfgate-results +default'
}

@test "config show --json is JSON with typed values" {
  need python3
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  run_split "$PERFGATE" config show --json
  expect_status 0
  printf '%s' "$output" | python3 -c '
import json, sys
shown = json.load(sys.stdin)
assert shown["file"] == "ci_cd_config.yml"
assert shown["settings"]["enabled"] == {"value": True, "origin": "ci_cd_config.yml:1"}
assert shown["settings"]["performance_gates.max_error_rate"]["value"] == 0.01
assert shown["settings"]["notification.slack_webhook"]["value"] is None
'
}

@test "SEC-16: config show prints no secret" {
  export PERFGATE_SLACK_WEBHOOK=https://hooks.slack.com/services/hidden
  export DATABASE_URL=postgresql://u:hidden@h/d REDIS_URL=redis://:hidden@h GITHUB_TOKEN=hidden
  export LOAD_TEST_API_HOST=http://u:hidden@h:1/
  for format in "" --json; do
    run_split "$PERFGATE" config show $format
    expect_status 0
    [[ "$output$errors" != *hidden* ]]
  done
}

@test "CFG-01: without a file the defaults hold and stderr says so" {
  run_split "$PERFGATE" config show
  expect_status 0
  expect_match "$output" 'max_p95_response_time +2000 +default'
  expect_match "$errors" 'no ci_cd_config.yml found: the built-in defaults hold'
}

@test "CFG-02: a file named by --config or PERFGATE_CONFIG must exist" {
  run_split "$PERFGATE" config validate --config absent.yml
  expect_status 2
  expect_match "$errors" 'cannot read absent.yml: No such file'
  export PERFGATE_CONFIG=gone.yml
  refused 'cannot read gone.yml: No such file'
}

@test "CFG-03: an empty file or one of comments only is refused" {
  : >ci_cd_config.yml
  refused 'ci_cd_config.yml: empty configuration'
  printf '# nothing\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml: empty configuration'
}

@test "CFG-04: a folder or FIFO is refused at once" {
  need timeout
  mkdir ci_cd_config.yml
  refused 'cannot read ci_cd_config.yml'
  rmdir ci_cd_config.yml
  mkfifo ci_cd_config.yml
  run_split timeout 10 "$PERFGATE" config validate
  expect_status 2
  expect_match "$errors" 'not a regular file'
  run_split timeout 10 "$PERFGATE" config validate --config /dev/zero
  expect_status 2
}

@test "CFG-05: an unreadable file is refused" {
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  chmod 000 ci_cd_config.yml
  if [ "$(id -u)" -eq 0 ]; then
    need setpriv
    # The folder of the test belongs to root: open the way to the file, not the file.
    local readable
    readable="$(mktemp -d /tmp/pg-config-XXXXXX)"
    chmod 755 "$readable"
    cp "$PERFGATE" "$readable/perfgate"
    install -m 000 "$ROOT/tests/corpus/config/seed.yml" "$readable/ci_cd_config.yml"
    cd "$readable"
    run_split setpriv --reuid=65534 --regid=65534 --clear-groups ./perfgate config validate
    cd "$BATS_TEST_TMPDIR"
    rm -rf "$readable"
  else
    run_split "$PERFGATE" config validate
  fi
  expect_status 2
  expect_match "$errors" 'cannot read ci_cd_config.yml: Permission denied'
}

@test "CFG-07, CFG-08: hostile nesting is refused at the cap" {
  need timeout
  head -c 50000 /dev/zero | tr '\0' '{' >ci_cd_config.yml
  refused 'ci_cd_config.yml:1:2: '
  { head -c 9999 /dev/zero | tr '\0' '['; head -c 9999 /dev/zero | tr '\0' ']'; } >ci_cd_config.yml
  refused 'ci_cd_config.yml:1:65: nested more than 64 levels deep'
  head -c 1100000 /dev/zero | tr '\0' '#' >ci_cd_config.yml
  refused 'larger than'
}

@test "CFG-09, CFG-10, CFG-11: anchors and aliases are refused" {
  {
    echo 'a: &a [x, x, x, x, x, x, x, x, x]'
    for pair in ab bc cd de ef fg gh hi; do
      echo "${pair:1}: &${pair:1} [*${pair:0:1}, *${pair:0:1}, *${pair:0:1}, *${pair:0:1}]"
    done
  } >ci_cd_config.yml
  refused 'ci_cd_config.yml:1:4: anchors are not allowed here'
  echo '&a [*a]' >ci_cd_config.yml
  refused 'ci_cd_config.yml:1:1: anchors'
  printf 'enabled: true\noutput: *gone\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:2:9: aliases are not allowed here'
}

@test "CFG-13: a looser duplicate does not win silently" {
  printf 'performance_gates:\n  max_p95_response_time: 1\n  max_p95_response_time: 9\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:3:3: duplicate key `max_p95_response_time`'
}

@test "CFG-14, CFG-15, CFG-22: merge keys, second documents and tags are refused" {
  printf 'enabled: true\n<<: {enabled: false}\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:2:1: merge keys not supported'
  printf 'enabled: true\n---\nenabled: false\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:2:1: a second document'
  printf 'output: !!python/object:os.system ls\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:1:9: tag not allowed'
}

@test "CFG-16: tab indentation is named" {
  printf 'performance_gates:\n\tmin_throughput: 5\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:2:1: tabs are not allowed for indentation'
}

@test "CFG-17: an unclosed quote is reported where it opens" {
  printf 'enabled: true\noutput: "x\nrun_on_pr: true\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:2:9: this quote is never closed'
}

@test "CFG-19: NUL and control characters are refused" {
  printf 'output: a\0b\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:1:10: control characters'
  printf 'output: "\a"\n' >ci_cd_config.yml
  refused 'control characters'
}

@test "CFG-20, CFG-21: BOM, UTF-16, CRLF and a missing last newline give the same values" {
  need iconv
  printf '\xef\xbb\xbfperformance_gates: {min_throughput: 7}\n' >bom.yml
  printf 'performance_gates:\r\n  min_throughput: 7\r\n' >crlf.yml
  printf 'performance_gates: {min_throughput: 7}' >end.yml
  { printf '\xff\xfe'; printf 'performance_gates: {min_throughput: 7}\n' | iconv -t UTF-16LE; } >wide.yml
  for file in bom crlf end wide; do
    run_split "$PERFGATE" config show --config "$file.yml"
    expect_status 0
    expect_match "$output" 'performance_gates.min_throughput +7 '
  done
}

@test "CFG-23: only true and false are booleans" {
  for word in no off n NO False; do
    printf 'run_on_pr: %s\n' "$word" >ci_cd_config.yml
    refused 'ci_cd_config.yml:1:12: run_on_pr: .*write true or false'
  done
}

@test "CFG-26: a leading zero is refused with the number to write" {
  with_gate 0755
  refused 'leading zero: write 755'
}

@test "CFG-27, CFG-28, CFG-29: numbers match the grammar whole and are finite" {
  for word in 2_000 "'2,000'" 0x7D0 +2000 .5 5. .nan .inf -0 1e999 1e-400 99999999999999999999 '"2000 "'; do
    with_gate "$word"
    refused 'ci_cd_config.yml:1:44: performance_gates.max_p95_response_time: '
  done
  for word in 2000ms '"2s"' 2e3; do
    with_gate "$word"
    run_split "$PERFGATE" config show
    expect_status 0
    expect_match "$output" 'max_p95_response_time +2000 '
  done
}

@test "CFG-31: a null gate is shown as not gated" {
  printf 'performance_gates:\n  max_error_rate:\n  min_throughput: 5\n' >ci_cd_config.yml
  run_split "$PERFGATE" config show
  expect_status 0
  expect_match "$output" 'performance_gates.max_error_rate +not gated +ci_cd_config.yml:2'
  run_split "$PERFGATE" config validate
  expect_status 0
}

@test "CFG-32: a mistyped gate gets a suggestion" {
  printf 'performance_gates:\n  max_p95_responce_time: 5\n' >ci_cd_config.yml
  refused 'ci_cd_config.yml:2:3: unknown key `max_p95_responce_time` in performance_gates: did you mean `max_p95_response_time`\?'
}

@test "CFG-33, CFG-34: gates are a mapping, and there must be one" {
  printf 'performance_gates: [1]\n' >ci_cd_config.yml
  refused 'performance_gates: expected a mapping, found a list'
  printf 'enabled: true\n' >ci_cd_config.yml
  refused 'no gate configured'
  printf 'performance_gates: {}\n' >ci_cd_config.yml
  refused 'no gate configured'
}

@test "CFG-35: retention is 0 to 3650 whole days" {
  for days in -1 1e9 3.5; do
    printf 'artifact_retention_days: %s\n' "$days" >ci_cd_config.yml
    refused 'ci_cd_config.yml:1:26: artifact_retention_days: '
  done
}

@test "CFG-37, CFG-38: recipients are a list of addresses" {
  printf 'notification: {email_recipients: a@b.c}\n' >ci_cd_config.yml
  refused 'notification.email_recipients: expected a list'
  for address in '"a@b.c\r\nBcc: d@e.f"' "'a@b.c,d@e.f'" "'-oQ@b.c'"; do
    printf 'notification: {email_recipients: [%s]}\n' "$address" >ci_cd_config.yml
    refused 'ci_cd_config.yml:1:35: notification.email_recipients: '
  done
}

@test "CFG-39, CFG-40: a webhook is https, and its path is not shown" {
  for url in http://hooks.slack.com/hidden hooks.slack.com/hidden; do
    printf 'notification: {slack_webhook: "%s"}\n' "$url" >ci_cd_config.yml
    refused 'notification.slack_webhook: it must begin with https://'
    [[ "$errors" != *hidden* ]]
  done
}

@test "CFG-43: a file that is replaced while it is read is refused, not half of it used" {
  need strace
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  : >trace
  # The read that would find the end is held back until the file is another; strace ends the wait.
  ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -P "$PWD/ci_cd_config.yml" -e trace=read \
    -e inject=read:delay_enter=3000000:when=2 "$PERFGATE" config validate >out 2>errors 3>&- &
  wait_until 10 grep -q 'read(' trace
  printf 'enabled: true\n' >ci_cd_config.yml
  status=0
  wait $! || status=$?
  expect_status 2
  expect_match "$(cat errors)" 'cannot read ci_cd_config.yml: it changed while being read'
}

@test "CFG-44: short and interrupted reads give the same values" {
  need strace
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  run_split env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -P "$PWD/ci_cd_config.yml" -e trace=read \
    -e inject=read:error=EINTR:when=1..3 "$PERFGATE" config validate
  expect_status 0
  [ "$output" = "ci_cd_config.yml: ok" ]
  grep -q INJECTED trace
}

@test "CFG-45: an input error is reported" {
  need strace
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  run_split env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -P "$PWD/ci_cd_config.yml" -e trace=read \
    -e inject=read:error=EIO "$PERFGATE" config validate
  expect_status 2
  expect_match "$errors" 'cannot read ci_cd_config.yml: Input/output error'
}

@test "ENV-01, ENV-02: numbers in variables are strict and the variable is named" {
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  for value in 10abc ' 10' -1 0; do
    export LOAD_TEST_SPAWN_RATE="$value"
    refused "LOAD_TEST_SPAWN_RATE: \`$value\` is "
  done
  export LOAD_TEST_SPAWN_RATE=
  run_split "$PERFGATE" config show
  expect_status 0
  expect_match "$output" 'LOAD_TEST_SPAWN_RATE +- +not set'
  export LOAD_TEST_TARGET_THROUGHPUT=99999999999999999999
  refused 'LOAD_TEST_TARGET_THROUGHPUT: `99999999999999999999` is out of range'
}

@test "ENV-03: numbers do not follow the locale" {
  printf 'performance_gates: {max_error_rate: 0.01}\n' >ci_cd_config.yml
  LC_ALL=de_DE.UTF-8 run_split "$PERFGATE" config show
  expect_status 0
  expect_match "$output" 'max_error_rate +0\.01 '
  printf 'performance_gates: {max_error_rate: "0,01"}\n' >ci_cd_config.yml
  LC_ALL=de_DE.UTF-8 refused 'no separators in numbers'
}

@test "ENV-05: a host of another scheme is refused" {
  cp "$ROOT/tests/corpus/config/seed.yml" ci_cd_config.yml
  export LOAD_TEST_API_HOST=file:///etc/passwd
  refused 'LOAD_TEST_API_HOST: `file:///etc/passwd`: write `reference`, or a URL that begins with http://'
}

@test "ENV-16: config takes no argument and no unknown option" {
  run_split "$PERFGATE" config validate --confg x
  expect_status 2
  [ -z "$output" ]
  expect_match "$errors" 'did you mean `--config`'
  run_split "$PERFGATE" config show extra
  expect_status 2
  [ -z "$output" ]
}

@test "a foreign target without requests is told the two lines to add" {
  printf 'target: http://127.0.0.1:1\nperformance_gates: {min_throughput: 5}\n' >ci_cd_config.yml
  refused 'Add to ci_cd_config.yml the two lines `requests:` and `  - GET /`'
  printf 'requests:\n  - GET /\n' >>ci_cd_config.yml
  run_split "$PERFGATE" config validate
  expect_status 0
}

@test "a scenario that run: names must exist" {
  printf 'run: [smoek]\nperformance_gates: {min_throughput: 5}\n' >ci_cd_config.yml
  refused 'run: .*smoek'
}
