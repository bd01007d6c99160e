#!/usr/bin/env bats
# Signals and processes on real parts: the SIG rows of the fault catalogue.

load ../helper

# One line "pid:start" for each process below the given one, itself included.
tree() {
  local child
  [ -r "/proc/$1/stat" ] || return 0
  echo "$1:$(start_of "$1")"
  for child in $(pgrep -P "$1" || true); do tree "$child"; done
}

# start_of PID: field 22 of /proc/PID/stat; nothing for a zombie.
start_of() {
  sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }' || true
}

none_alive() { # none_alive "pid:start …"
  local entry
  for entry in $1; do
    [ "$(start_of "${entry%%:*}")" != "${entry##*:}" ] || return 1
  done
}

folders_of() { # the private folders in which the processes of a tree work
  local entry
  for entry in $1; do readlink "/proc/${entry%%:*}/cwd" || true; done | grep -E '^/(dev/shm|tmp)/pfg-' | sort -u || true
}

gone() {
  local path
  for path in $1; do [ ! -e "$path" ] || return 1; done
}

# in_background ARGUMENT…: a background job with signals as in a foreground one; its number in $job.
in_background() {
  env --default-signal=INT,QUIT,HUP "$PERFGATE" "$@" >out 2>err </dev/null 3>&- &
  job=$!
}

end_of_job() {
  status=0
  wait "$job" || status=$?
  output="$(cat out)"
  errors="$(cat err)"
}

under_load() { grep -Eq '[0-9]+/[0-9.]+ s: [0-9]+ users' err; }

# start_under_load ARGUMENT…: …and wait until the first progress line.
start_under_load() {
  in_background "$@"
  wait_until 60 under_load
  family="$(tree "$job")"
  folders="$(folders_of "$family")"
}

own_api() { # own_api COMMAND: a configuration that tests this API
  cat >ci_cd_config.yml <<YAML
performance_gates: {max_error_rate: 0.5}
requests: [GET /]
target:
  command: |
    $1
YAML
}

server="exec python3 -m http.server --bind 127.0.0.1 {port}"

teardown() {
  [ -z "${job:-}" ] || kill -KILL "$job" 2>/dev/null || true
}

@test "SIG-01: SIGINT under load writes the partial artifacts, marked, and ends by the signal" {
  need jq
  start_under_load check --quick
  [ "$(wc -w <<<"$family")" -gt 5 ]
  [ -n "$folders" ]
  kill -INT "$job"
  end_of_job
  expect_status 130
  [ "$(jq -r .interrupted perfgate-results/result.json)" = true ]
  [ -s perfgate-results/junit.xml ]
  [ -s perfgate-results/report.html ]
  wait_until 10 none_alive "$family"
  gone "$folders"
}

@test "SIG-01: SIGINT while the API is starting leaves nothing" {
  own_api "sleep 1000"
  in_background check --quick
  wait_until 20 grep -q starting err
  family="$(tree "$job")"
  kill -INT "$job"
  end_of_job
  expect_status 130
  wait_until 10 none_alive "$family"
}

@test "SIG-02, SIG-16: SIGTERM does the same, and what it interrupted updates no baseline" {
  need jq
  seed_repo
  start_under_load check --quick --update-baseline
  kill -TERM "$job"
  end_of_job
  expect_status 143
  [ "$(jq -r .interrupted perfgate-results/result.json)" = true ]
  expect_match "$errors" "baseline not updated: the run was interrupted"
  run git rev-parse --verify -q refs/notes/perfgate/baselines
  [ "$status" -ne 0 ]
  wait_until 10 none_alive "$family"
  gone "$folders"
}

@test "SIG-03: a second SIGINT ends at once and leaves no half artifact and no process" {
  need python3 jq xmllint
  own_api "exec python3 -c 'import http.server, time
    class Slow(http.server.BaseHTTPRequestHandler):
      def do_GET(self):
        if self.headers[\"User-Agent\"].startswith(\"perfgate\") and hasattr(Slow, \"ready\"): time.sleep(1000)
        Slow.ready = True
        self.send_response(200); self.send_header(\"Content-Length\", \"0\"); self.end_headers()
    http.server.ThreadingHTTPServer((\"127.0.0.1\", {port}), Slow).serve_forever()'"
  start_under_load check --quick
  kill -INT "$job"
  kill -INT "$job" 2>/dev/null || true
  end_of_job
  expect_status 130
  wait_until 15 none_alive "$family"
  for name in perfgate-results/*.json; do [ ! -e "$name" ] || jq -e . "$name" >/dev/null; done
  for name in perfgate-results/junit.xml; do [ ! -e "$name" ] || xmllint --noout "$name"; done
}

@test "SIG-04: SIGHUP ends it in order, SIGQUIT at once as it does by default; nothing survives either" {
  need python3 jq
  ulimit -c 0
  own_api "$server"
  start_under_load check --quick --output first
  kill -HUP "$job"
  end_of_job
  expect_status 129
  [ "$(jq -r .interrupted first/result.json)" = true ]
  wait_until 10 none_alive "$family"
  : >err
  start_under_load check --quick --output second
  kill -QUIT "$job"
  end_of_job
  expect_status 131
  [ ! -e second/result.json ]
  wait_until 20 none_alive "$family"
}

@test "SIG-07: SIGKILL leaves no API, no PostgreSQL, no Redis and no folder" {
  start_under_load check --quick
  [ -n "$folders" ]
  [ "$(for e in $family; do cat "/proc/${e%%:*}/comm"; done | grep -Ec 'postgres|redis')" -ge 2 ]
  kill -KILL "$job"
  end_of_job
  expect_status 137
  wait_until 20 none_alive "$family"
  wait_until 20 gone "$folders"
}

@test "SIG-07: SIGKILL leaves nothing of a command, whatever it started" {
  need python3
  local command
  for command in "python3 -m http.server --bind 127.0.0.1 {port} & wait" \
    "setsid python3 -m http.server --bind 127.0.0.1 {port} & wait" \
    "trap '' TERM; python3 -m http.server --bind 127.0.0.1 {port} & while :; do wait; done" \
    "exec perfgate serve --port {port}"; do
    own_api "$command"
    start_under_load check --quick
    kill -KILL "$job"
    end_of_job
    wait_until 20 none_alive "$family" || { echo "survived: $command" >&2; return 1; }
    gone "$folders" || wait_until 20 gone "$folders"
  done
}

@test "SIG-08: an API that ends at the start is exit 3 with its last 20 lines, redacted" {
  export PERFGATE_SLACK_WEBHOOK=https://hooks.slack.com/services/T0/B0/verysecretpath
  own_api 'for i in $(seq 1 30); do echo "line $i."; done; echo "see https://hooks.slack.com/services/T0/B0/$(echo dmVyeXNlY3JldHBhdGg= | base64 -d)"; exit 4'
  run_split "$PERFGATE" check --quick
  expect_status 3
  expect_match "$errors" "ended with exit status 4"
  expect_match "$errors" "line 30\."
  expect_match "$errors" "line 12\."
  [[ "$errors" != *"line 11."* ]]
  [[ "$errors$output" != *verysecret* ]]
}

@test "SIG-08: an API that exits 0 at once is exit 3" {
  own_api "exit 0"
  run_split "$PERFGATE" check --quick
  expect_status 3
  expect_match "$errors" "ended with exit status 0"
}

@test "SIG-08: an API that dies in the run is exit 3 and the result says so" {
  need python3 jq
  own_api "echo up; (sleep 1.5; echo out of memory; kill -KILL \$\$) & $server"
  run_split "$PERFGATE" check --quick
  expect_status 3
  expect_match "$errors" "ended with exit status 137"
  expect_match "$errors" "out of memory"
  # Its last lines are told once, and what came after its end is not waited for.
  [ "$(grep -c "ended with exit status 137" <<<"$errors")" -eq 1 ]
  jq -e '.scenarios | length == 1 and .[0].interrupted and .[0].judged_s < 10' \
    perfgate-results/result.json
}

@test "SIG-09: 100 MiB on standard error neither block the API nor grow anything" {
  need python3
  own_api "head -c 104857600 /dev/zero >&2; $server"
  run_split "$PERFGATE" check --quick --duration-scale 0.1
  expect_status 0
}

@test "SIG-10: an API that ignores SIGTERM is killed after the grace" {
  need python3
  own_api "trap '' TERM; python3 -m http.server --bind 127.0.0.1 {port} & while :; do wait; done"
  start_under_load check --quick --duration-scale 0.1
  end_of_job
  expect_status 0
  none_alive "$family"
}

@test "SIG-11: a grandchild that holds the pipes delays nothing: perfgate | cat ends" {
  need python3
  own_api "setsid sleep 1000 & $server"
  "$PERFGATE" check --quick --duration-scale 0.1 2>&1 | cat >all
  grep -q gates all || grep -q gate all
}

@test "SIG-15: an ignored SIGINT stays ignored, SIGTERM works" {
  env --ignore-signal=INT "$PERFGATE" check --quick >out 2>err </dev/null 3>&- &
  job=$!
  wait_until 60 under_load
  kill -INT "$job"
  wait_until 20 grep -q '10/20 s' err
  kill -TERM "$job"
  end_of_job
  expect_status 143
}

# as_first ARGUMENT…: perfgate as PID 1 of a container, in the background; its number, as seen from here, in $first.
as_first() {
  local user=()
  [ "$(id -u)" -eq 0 ] || user=(--map-root-user)
  unshare "${user[@]}" --pid --fork --kill-child --mount-proc \
    env --default-signal=INT,QUIT,HUP "$PERFGATE" "$@" >out 2>err </dev/null 3>&- &
  job=$!
  wait_until 10 pgrep -P "$job"
  first="$(pgrep -P "$job")"
}

no_zombie() { # no_zombie PARENT
  ! ps --ppid "$1" -o stat= | grep -q Z
}

@test "SIG-19: as PID 1 SIGTERM ends it in order and two signals at once; orphans are reaped" {
  need python3 jq unshare ps
  own_api "(true & setsid sleep 1000 &); $server"
  as_first check --quick
  wait_until 60 under_load
  family="$(tree "$first")"
  [ "$(wc -w <<<"$family")" -ge 4 ] # itself, its watcher, the API and an orphan
  wait_until 10 no_zombie "$first"
  kill -TERM "$first"
  end_of_job
  expect_status 143
  [ "$(jq -r .interrupted perfgate-results/result.json)" = true ]
  none_alive "$family"
  # Neither of two that come together waits for the other.
  own_api "exec sleep 1000"
  as_first check --quick --output second
  wait_until 20 grep -q starting err
  family="$(tree "$first")"
  kill -STOP "$first"
  kill -INT "$first"
  kill -TERM "$first"
  kill -CONT "$first"
  end_of_job
  [ "$status" -eq 130 ] || expect_status 143
  [ ! -e second/result.json ]
  none_alive "$family"
}
