#!/usr/bin/env bats
# The dashboard of `perfgate serve`: its WebSocket under a client that breaks the rules, its page in
# a browser.

load ../helper
load serve

setup_file() {
  local root
  root="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
  PERFGATE="${PERFGATE:-$root/build/release/perfgate}"
  [ -x "$PERFGATE" ] || { echo "no binary at $PERFGATE: run make" >&2; return 1; }
  start_server "$BATS_FILE_TMPDIR/main"
}

teardown_file() {
  [ ! -r "$BATS_FILE_TMPDIR/main/pid" ] || stop_server "$BATS_FILE_TMPDIR/main"
}

setup_more() {
  need curl python3
  FOLDER="$BATS_FILE_TMPDIR/main"
  URL="$(cat "$FOLDER/url")"
  STARTED=""
}

teardown() {
  local pid
  for pid in $STARTED; do kill -KILL "$pid" 2>/dev/null || :; done
  [ ! -r "$BATS_TEST_TMPDIR/own/pid" ] || stop_server "$BATS_TEST_TMPDIR/own" 2>/dev/null || :
}

# peer CHECK [ARGUMENT…]: what a client finds out; tests/harness/websocket_peer.py has the checks.
peer() {
  timeout 60 python3 "$ROOT/tests/harness/websocket_peer.py" "${URL##*:}" "$@"
}

@test "a socket gets a snapshot, then a sample a second" {
  peer opens
}

@test "samples are kept while nobody looks, and count what was asked but not the dashboard" {
  local figures
  ask POST /predict/single "{$PLACE, $DATE}"
  expect_code 200
  ask POST /predict/single "{$PLACE, $DATE}"
  counted() {
    figures="$(peer figures requests,p50,p95,p99,ensemble,cache_hits_all,cache_memory,memory,cpu_process,connections,pool_in_use)"
    [[ "$figures" =~ "requests "[1-9] && "$figures" =~ "p99 "[0-9] && "$figures" =~ "ensemble "[1-9] ]]
  }
  wait_until 20 counted
  expect_match "$figures" 'cache_hits_all [1-9]'
  expect_match "$figures" 'cache_memory [0-9.]+'
  expect_match "$figures" 'memory [1-9]'
  [[ "$figures" != *none* ]]
}

@test "WS-01: an Origin that is another site is 403, the own one and none are taken" {
  peer origins
}

@test "WS-03: what is no handshake is 426 with the version, or 400" {
  peer handshakes
}

@test "WS-04: a frame that is not masked is closed with 1002" {
  peer unmasked
}

@test "WS-05: reserved bits and opcodes are closed with 1002" {
  peer reserved
}

@test "WS-07: control frames in fragments or of 126 bytes are closed with 1002" {
  peer control_frames
}

@test "WS-08: fragments out of order are closed with 1002" {
  peer fragments
}

@test "WS-09: text that is no UTF-8 is closed with 1007, at its first wrong byte" {
  peer utf8
}

@test "WS-10: a close frame that says nothing sensible is closed with 1002 or 1007" {
  peer closes
}

@test "WS-11: floods of pings and fragments are closed with 1008, large messages with 1009" {
  peer floods
}

@test "WS-13: frames in single bytes are read" {
  peer single_bytes
}

@test "WS-15: sockets over the limit are 503" {
  peer limit
}

@test "WS-17: permessage-deflate and subprotocols are declined" {
  peer compression
}

@test "an open tab is told that the server stops: 1001, exit 0" {
  FOLDER="$BATS_TEST_TMPDIR/own"
  start_server "$FOLDER"
  URL="$(cat "$FOLDER/url")"
  peer waits "$PWD" 3>&- &
  STARTED="$!"
  wait_until 20 test -e open
  stop_server "$FOLDER"
  rm "$FOLDER/pid"
  expect_status 0
  wait "$STARTED"
  [ -e closed ]
}

# browser COMMAND…: one line to the browser of this test; $shown is what it answers.
browser() {
  if [ -z "${BROWSER_PID:-}" ]; then
    coproc BROWSER { exec timeout 120 python3 "$ROOT/tests/harness/browser.py" "$PWD" 3>&-; }
    STARTED="$STARTED $BROWSER_PID"
  fi
  printf '%s\n' "${*//$'\n'/ }" >&"${BROWSER[1]}"
  read -r shown <&"${BROWSER[0]}"
  [[ "$shown" = ok* ]] || { echo "$*: $shown" >&2; return 1; }
  shown="${shown#ok }"
}

# The browser ends in order with its input.
close_browser() {
  eval "exec ${BROWSER[1]}>&-"
  wait "$BROWSER_PID" || :
}

@test "the page is live, takes nothing from elsewhere, and the browser has nothing to complain about" {
  need chromium
  ask GET /health/liveness
  browser open "$URL/dashboard"
  browser until 'document.querySelector("#state").textContent === "Live"'
  browser until 'document.querySelectorAll(".chart path").length > 5'
  browser show 'document.querySelector("#title").textContent'
  [ "$shown" = '"perfgate reference API"' ]
  browser show 'performance.getEntriesByType("resource").every((r) => new URL(r.name).host === location.host)'
  [ "$shown" = true ]
  browser show 'getComputedStyle(document.body).margin'
  [ "$shown" = '"0px"' ]
  browser console
  [ "$shown" = '[]' ]
  browser view 390 dark
  browser show 'document.documentElement.scrollWidth <= 390'
  [ "$shown" = true ]
  close_browser
}

@test "WS-19: names of series are text, whatever they hold" {
  need chromium
  browser open "$URL/dashboard"
  browser until 'plan.series.length > 0'
  browser show 'takeSnapshot({title: "<img src=x onerror=alert(1)>", interval_ms: 1000, keep: 300,
    facts: [{name: "<script>alert(1)</script>", value: "<b>bold</b>"}],
    series: [{key: "<i>", chart: "<svg onload=alert(1)>", label: "</text><script>x()</script>", unit: "<u>", card: "<a href=javascript:x>", limit: null}],
    samples: [[1700000000000, 1], [1700000001000, 2]]}), draw(), document.querySelectorAll("img, script:not([src]), b, i, u, a, [onload], [onerror]").length'
  [ "$shown" = 0 ]
  browser show 'document.querySelector("h1").textContent + document.querySelector("h2").textContent + document.querySelector("text.label").textContent'
  [[ "$shown" = *'<img src=x onerror=alert(1)><svg onload=alert(1)></text><script>x()</script>'* ]]
  close_browser
}

@test "WS-20: the page forbids frames, foreign scripts and guessing at types" {
  local path
  for path in /dashboard /dashboard.css /dashboard.js /dashboard.svg; do
    ask GET "$path"
    expect_code 200
    expect_match "$head" "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'"
    expect_match "$head" 'X-Content-Type-Options: nosniff'
  done
  # shellcheck disable=SC2251
  ! grep -nE 'innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|https?://[^w]' "$ROOT"/templates/dashboard/*.{js,html}
}

@test "WS-22: a page that is open while the server hangs or restarts says so, comes back and has kept its past" {
  need chromium
  local port before
  FOLDER="$BATS_TEST_TMPDIR/own"
  start_server "$FOLDER"
  URL="$(cat "$FOLDER/url")"
  port="${URL##*:}"
  browser open "$URL/dashboard"
  browser until 'document.querySelector("#state").textContent === "Live" && samples.length > 1'
  browser show 'samples[0][0]'
  before="$shown"
  kill -STOP "$(cat "$FOLDER/pid")"
  browser until 'document.querySelector("#state").textContent === "Stale"'
  kill -CONT "$(cat "$FOLDER/pid")"
  browser until 'document.querySelector("#state").textContent === "Live"'
  stop_server "$FOLDER"
  browser until 'document.querySelector("#state").textContent === "Disconnected"'
  browser until '/last sample \d+ s ago, next try in \d+ s/.test(document.querySelector("#since").textContent)'
  SERVE_PORT="$port" start_server "$FOLDER"
  browser until 'document.querySelector("#state").textContent === "Live"'
  browser show 'samples[0][0]'
  [ "$shown" = "$before" ]
  close_browser
}
