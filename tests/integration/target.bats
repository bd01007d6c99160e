#!/usr/bin/env bats
# Where the API under test comes from, and what is refused before any load.

load ../helper

brief="check --quick --duration-scale 0.1"

own_api() { # own_api COMMAND
  cat >ci_cd_config.yml <<YAML
performance_gates: {max_error_rate: 0.5}
requests: [GET /]
target:
  command: |
    $1
YAML
}

# url_api [ADDRESS]: an HTTP server on a port of its own ($port) that logs requests; one easy gate.
url_api() {
  need python3
  echo 'performance_gates: {max_error_rate: 0.5}' >ci_cd_config.yml
  python3 -c '
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        print(self.path, self.headers["Host"], self.headers["Authorization"], file=sys.stderr, flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *rest): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = __import__("socket").AF_INET6 if ":" in sys.argv[1] else __import__("socket").AF_INET
server = Server((sys.argv[1], 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()' "${1:-127.0.0.1}" >port 2>requests 3>&- &
  server=$!
  wait_until 10 test -s port
  port="$(cat port)"
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

@test "ENV-04: credentials in LOAD_TEST_API_HOST are used and shown nowhere" {
  url_api
  LOAD_TEST_API_HOST="http://tester:open%20sesame@127.0.0.1:$port" \
    run_split "$PERFGATE" $brief --requests 'GET /'
  expect_status 0
  grep -q "Basic dGVzdGVyOm9wZW4gc2VzYW1l" requests
  [ "$(grep '^/' requests | grep -vc "Basic dGVz")" -eq 0 ]
  [ -z "$(grep -rlE 'open( |%20)sesame|dGVzdGVyOm9wZW4gc2VzYW1l' perfgate-results .out .err)" ]
}

@test "ENV-05, ENV-07, ENV-09: hosts that cannot be a target are exit 2" {
  local host
  for host in file:///etc/passwd ftp://127.0.0.1/ 127.0.0.1:80 "http://a b/" $'http://a\r\nX: y/' \
    'http://a\@b/' 'http://u:p@a@b/' 'http://a。b/' 'http:///x' 'http://h/?q=1' 'http://h/#f' \
    http://h:0 http://h:65536 http://h:99999 http://h:x 'http://[::1'; do
    LOAD_TEST_API_HOST="$host" run_split "$PERFGATE" $brief --requests 'GET /'
    [ "$status" -eq 2 ] || { echo "$host: $status $errors" >&2; return 1; }
    [ -n "$errors" ]
    [ -z "$output" ] || [[ "$output" != *PASS* ]]
  done
}

@test "ENV-08: a path in the target is a prefix of every request" {
  url_api
  run_split "$PERFGATE" $brief --target "http://127.0.0.1:$port/api/v1/" --requests 'GET /items'
  expect_status 0
  grep -q "^/api/v1/items 127.0.0.1:$port None" requests
  [ "$(grep '^/' requests | grep -vc "^/api/v1/")" -eq 0 ]
}

@test "ENV-09: an IPv6 literal is a target" {
  [ -s /proc/net/if_inet6 ] || skip "no IPv6 here"
  url_api ::1
  run_split "$PERFGATE" $brief --target "http://[::1]:$port" --requests 'GET /'
  expect_status 0
  grep -qF "/ [::1]:$port None" requests
}

@test "ENV-10: loopback targets never go through a proxy" {
  url_api
  http_proxy=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9 \
    run_split "$PERFGATE" $brief --target "http://127.0.0.1:$port" --requests 'GET /'
  expect_status 0
}

@test "ENV-22: an empty PATH does for a URL target" {
  url_api
  run_split env PATH= "$PERFGATE" $brief --target "http://127.0.0.1:$port" --requests 'GET /'
  expect_status 0
}

@test "NET-01: a target that refuses connections is exit 3 and says so" {
  LOAD_TEST_API_HOST=http://127.0.0.1:9 run_split "$PERFGATE" $brief --requests 'GET /'
  expect_status 3
  expect_match "$errors" "target not reachable within 5 s"
}

@test "a database or cache that is named but away is exit 3, never replaced by a private one" {
  DATABASE_URL=postgresql://me:hunter2secret@127.0.0.1:9/x run_split "$PERFGATE" $brief
  expect_status 3
  [[ "$errors$output" != *hunter2* ]]
  REDIS_URL=redis://:hunter2secret@127.0.0.1:9/0 run_split "$PERFGATE" $brief
  expect_status 3
  [[ "$errors$output" != *hunter2* ]]
}

@test "ENV-22: without PostgreSQL the reference says what to install" {
  unshare -m true 2>/dev/null || skip "needs a mount namespace of its own"
  [ -d /usr/lib/postgresql ] || skip "PostgreSQL is not where Debian puts it"
  run_split unshare -m sh -c 'mount -t tmpfs none /usr/lib/postgresql && PATH=/usr/bin:/bin exec "$0" "$@"' \
    "$PERFGATE" serve --port 0
  expect_status 2
  expect_match "$errors" "apt-get install postgresql redis-server"
}

@test "a command gets a port, a listed environment and perfgate itself" {
  export GITHUB_TOKEN=ghp_notforchildren
  own_api 'echo "port {port} $PORT token ${GITHUB_TOKEN-none} $(command -v perfgate)"; exit 1'
  run_split "$PERFGATE" $brief
  expect_status 3
  expect_match "$errors" "port ([0-9]+) ([0-9]+) token none /[^ ]*perfgate"
  [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "an ordinary user can do it all: private servers, reference, verdict" {
  [ "$(id -u)" -eq 0 ] || skip "this is the case in every other test"
  need setpriv
  local place
  place="$(mktemp -d /tmp/perfgate-user-XXXXXX)"
  chown nobody "$place"
  cp "$PERFGATE" "$place/perfgate"
  status=0
  (cd "$place" && HOME="$place" setpriv --reuid=nobody --regid=nogroup --clear-groups \
    ./perfgate check --quick --duration-scale 0.1) >.out 2>.err || status=$?
  output="$(cat .out)"
  errors="$(cat .err)"
  local made
  made="$(ls "$place/perfgate-results" || true)"
  rm -rf "$place"
  # A tenth of the time is too short for some gates, but not for the rest.
  [ "$status" -ne 2 ]
  expect_match "$errors" "reference ready in"
  expect_match "$made" "result.json"
}
