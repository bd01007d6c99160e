#!/usr/bin/env bats
# The listener of the reference API: slow, many and large clients, limits, and the way it stops.

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
  need curl python3 strace
  FOLDER="$BATS_FILE_TMPDIR/main"
  URL="$(cat "$FOLDER/url")"
  STARTED=""
}

# Everything that a test started and did not end.
teardown() {
  local pid
  for pid in $STARTED; do kill -KILL "$pid" 2>/dev/null || :; done
  [ ! -r "$BATS_TEST_TMPDIR/own/pid" ] || stop_server "$BATS_TEST_TMPDIR/own" 2>/dev/null || :
}

# A server for this test alone.
serve() {
  FOLDER="$BATS_TEST_TMPDIR/own"
  start_server "$FOLDER" "$@"
  URL="$(cat "$FOLDER/url")"
}

@test "API-13: accept() that fails for lack of descriptors is tried again" {
  local error
  for error in EMFILE ENFILE ENOBUFS ECONNABORTED EPERM; do
    strace -q -f -e trace=accept4 -e "inject=accept4:error=$error:when=1..3" -o trace -p "$(cat "$FOLDER/pid")" 2>/dev/null 3>&- &
    local tracer=$!
    STARTED="$STARTED $tracer"
    wait_until 10 grep -q '^TracerPid:.*[1-9]' "/proc/$(cat "$FOLDER/pid")/status"
    answers() { ask GET /health/liveness && [ "$code" = 200 ]; }
    wait_until 10 answers
    kill -INT "$tracer"
    wait "$tracer" || :
    expect_match "$(cat trace)" "$error"
  done
}

@test "API-10: a chunked body over 10 MB is 413" {
  head -c 10000001 /dev/zero >big
  ask POST /predict/single @big -H 'Expect:' -H 'Transfer-Encoding: chunked'
  expect_code 413
}

@test "API-11: a thousand slow clients do not keep others from being served" {
  python3 - "${URL##*:}" <<'PY' 3>&- &
import socket, sys, time
peers = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(1000)]
for peer in peers:
    peer.send(b"GET /health/liveness HTTP/1.1\r\nX-Slow: ")
while True:
    for peer in peers:
        try:
            peer.send(b"a")
        except OSError:
            pass
    time.sleep(0.2)
PY
  local slow=$!
  STARTED=$slow
  many() { ask GET /health/detailed && [[ "$body" =~ \"open_connections\":\ ([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 1000 ]; }
  wait_until 20 many
  ask POST /predict/single "{$PLACE, $DATE}"
  expect_code 200
  few() { ask GET /health/detailed && [[ "$body" =~ \"open_connections\":\ ([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -lt 100 ]; }
  wait_until 40 few
}

@test "10,000 connections are served" {
  [ "$(ulimit -Hn)" -ge 10500 ] || skip "the hard limit of descriptors is $(ulimit -Hn)"
  ulimit -n "$(ulimit -Hn)"
  python3 - "${URL##*:}" <<'PY'
import resource, socket, sys
port = int(sys.argv[1])
peers = []
for i in range(10000):
    peer = socket.socket()
    peer.bind((f"127.0.0.{2 + i % 8}", 0))
    peer.connect(("127.0.0.1", port))
    peers.append(peer)
for peer in peers:
    peer.settimeout(30)
    peer.send(b"GET /health/liveness HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
answered = sum(b" 200 " in peer.recv(4096) for peer in peers)
print(answered)
sys.exit(answered != len(peers))
PY
}

@test "API-29: what is odd is refused, and what is taken nginx takes for the same" {
  need nginx
  local port
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  cat >nginx.conf <<EOF
daemon off; pid nginx.pid; error_log error.log; worker_processes 1;
events { worker_connections 64; }
http { access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
  server { listen 127.0.0.1:$port; location /health/ { return 200; } location / { return 404; } } }
EOF
  nginx -p "$PWD" -c nginx.conf -e error.log 3>&- &
  STARTED=$!
  wait_until 10 curl -s -o .body "http://127.0.0.1:$port/"
  python3 "$ROOT/tests/harness/http_oddities.py" "${URL##*:}" "$port" "$ROOT/tests/corpus/http/oddities.txt"
  kill -TERM "$STARTED"
  wait "$STARTED" || :
}

@test "--rate-limit: what is over it is 429 with Retry-After; health and metrics stay open" {
  serve --rate-limit 5
  local i
  seen=""
  for i in $(seq 20); do
    ask POST /predict/single "{$PLACE, $DATE}"
    seen="$seen $code"
    [ "$code" = 200 ] || break
  done
  expect_code 429
  expect_match "$head" 'Retry-After: 1'
  expect_json 'd["error"]["code"]' rate_limited
  for i in $(seq 20); do
    ask GET /health/liveness
    expect_code 200
  done
  answers() { ask POST /predict/single "{$PLACE, $DATE}" && [ "$code" = 200 ]; }
  wait_until 10 answers
  run_split "$PERFGATE" serve --rate-limit 1000001
  expect_status 2
}

@test "API-26: after tens of thousands of requests of all kinds, descriptors and memory are what they were" {
  serve
  python3 - "${URL##*:}" "$(cat "$FOLDER/pid")" <<'PY'
import os, re, socket, sys
port, pid = int(sys.argv[1]), sys.argv[2]
J = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
def post(path, body): return f"POST {path} HTTP/1.1\r\n{J}Content-Length: {len(body)}\r\n\r\n{body}"
place, date = '{"latitude": 0, "longitude": 35}', '"target_date": "2023-06-01"'
mixed = "".join(["GET /health/liveness HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "GET /no HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                 post("/predict/single", "{" + f'"location": {place}, {date}' + "}"), post("/predict/single", "{"),
                 post("/predict/batch", "{" + f'"locations": [{place}, {place}], {date}' + "}")])
def ask(rounds):
    for _ in range(rounds):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.settimeout(30)
            s.sendall((mixed * 20).encode())
            seen = tail = b""
            count = 0
            while count < 100:
                got = s.recv(1 << 18)
                assert got, "closed early"
                count += (tail + got).count(b"HTTP/1.1 ")
                tail = got[-8:]
def state():
    rss = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))
    return len(os.listdir(f"/proc/{pid}/fd")), rss
ask(100)
before = state()
ask(200)
after = state()
print(before, after)
sys.exit(after[0] > before[0] + 20 or after[1] > before[1] + 4096)
PY
}

@test "OOM-04: an allocation that fails costs at most the connection that it was for" {
  [ -r "$HARNESS/fail_alloc.so" ] || { echo "no fail_alloc.so in $HARNESS: run make harness" >&2; return 1; }
  head -c 16 /dev/zero >control
  printf '#!/bin/sh\nLD_PRELOAD=%s FAIL_ALLOC=%s exec %s "$@"\n' "$HARNESS/fail_alloc.so" "$PWD/control" "$PERFGATE" >preloaded
  chmod +x preloaded
  PERFGATE="$PWD/preloaded" serve
  python3 "$ROOT/tests/harness/api_memory.py" "${URL##*:}" "$(cat "$FOLDER/pid")" control
  stop_server "$FOLDER"
  rm "$FOLDER/pid"
  expect_status 0
}

@test "API-25: SIGTERM under load: no request that was taken is cut off, exit 0" {
  serve
  python3 - "$URL" "$(cat "$FOLDER/pid")" <<'PY'
import http.client, os, signal, sys, threading, urllib.parse
url, pid = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2])
body = '{"location": {"latitude": 0, "longitude": 35}, "target_date": "2023-06-01"}'
started, bad = threading.Semaphore(0), []
def user():
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    while True:
        try:
            connection.request("POST", "/predict/single", body, {"Content-Type": "application/json"})
        except OSError:
            return  # nobody listens any more
        try:
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return  # closed before anything was answered: it was never taken
        try:
            answer.read()
        except (OSError, http.client.HTTPException) as e:
            bad.append(repr(e))
            return
        if answer.status != 200:
            bad.append(answer.status)
        started.release()
threads = [threading.Thread(target=user) for _ in range(8)]
for thread in threads: thread.start()
for _ in range(200): started.acquire()
os.kill(pid, signal.SIGTERM)
for thread in threads: thread.join()
sys.exit(str(bad) if bad else 0)
PY
  status=0
  wait "$(cat "$FOLDER/pid")" || status=$?
  rm "$FOLDER/pid"
  expect_status 0
}
