#!/usr/bin/env bats
# `perfgate generate docker`: what the image is built from, and what runs in it.

load ../helper

setup_more() {
  need python3 make dpkg-query
  seed_repo
  "$PERFGATE" generate docker -q
  folder=docker/perfgate
}

# Words that its RUN lines hand to apt-get install.
installed() {
  sed -e ':a' -e '/\\$/{N;s/\\\n//;ta' -e '}' "$folder/Dockerfile" |
    grep -oE 'apt-get install [^&]*' | tr -s ' ' '\n' | grep -vE '^(apt-get|install|-.*|)$'
}

@test "the image has no list of packages of its own: they are the Makefile's" {
  [ "$(installed | sort -u)" = "$(printf '%s\n' '$(cat' /tmp/packages')' make | sort)" ]
  grep -q '^RUN make deps$' "$folder/Dockerfile"
  grep -q 'make -s runtime-packages >/packages' "$folder/Dockerfile"
}

@test "the packages to run are those of the binary's libraries and the Makefile's servers" {
  # -o: nothing is built for the question.
  local build="${PERFGATE%/perfgate}" package
  make -s -C "$ROOT" -o all BUILD="${build#"$ROOT"/}" runtime-packages >packages
  for package in git postgresql redis-server ca-certificates libc6; do grep -qx "$package" packages; done
  grep -qE '^libgit2-' packages
  ! grep -qE -- '-dev$|^gcc$|^make$' packages
  while read -r package; do
    case $package in git | ca-certificates | postgresql | redis-server) continue ;; esac
    dpkg-query -W "$package" >/dev/null
  done <packages
}

@test "what the image copies is there, and is what make needs" {
  local path
  while read -r path; do [ -e "$ROOT/$path" ] || { echo "no $path" >&2; return 1; }; done \
    < <(sed -n 's/^COPY --from=perfgate \([^ ]*\) .*/\1/p' "$folder/Dockerfile")
  mkdir copy
  sed -n 's/^COPY --from=perfgate \([^ ]*\) .*/\1/p' "$folder/Dockerfile" |
    while read -r path; do cp -r "$ROOT/$path" copy/; done
  # make knows a rule for everything up to the binary and its installation.
  make -n -C copy all install DESTDIR=/out >plan
  grep -q 'main.c' plan
  grep -qF '"/out/usr/local/$3"' plan
  grep -q 'put 755 build/release/perfgate bin/perfgate' plan
}

@test "the image runs as nobody special, and its health is the API's readiness" {
  [ "$(sed -n 's/^USER //p' "$folder/Dockerfile" | tail -1)" = perfgate ]
  grep -q '^HEALTHCHECK ' "$folder/Dockerfile"
  python3 -c '
import json, re, sys
text = open(sys.argv[1]).read()
command = json.loads(re.search(r"HEALTHCHECK (?:.|\n)*?CMD (\[.*\])", text).group(1))
print(command[2].replace("/8000 ", "/%s " % sys.argv[2]))' "$folder/Dockerfile" PORT >health
  local status answer
  for status in 200 503; do
    python3 -c '
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[1]) if self.path == "/health/readiness" else 404)
        self.end_headers()
    def log_message(self, *rest): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.handle_request()' "$status" >port 2>/dev/null 3>&- &
    wait_until 10 test -s port
    answer=0
    timeout 10 bash -c "$(sed "s/PORT/$(cat port)/" health)" || answer=$?
    wait $!
    [ "$((answer == 0))" -eq "$((status == 200))" ]
    rm port
  done
  # Nobody listens.
  ! timeout 10 bash -c "$(sed 's/PORT/9/' health)" 2>/dev/null
}

@test "compose: api, postgres, redis, and the gate only when asked for" {
  grep -qE '^  api:$' "$folder/compose.yml"
  awk '/^  gate:/{gate=1} gate && /profiles:/{getline; found=$2} END{exit found != "gate"}' "$folder/compose.yml"
  # No port is open to other machines.
  [ "$(grep -c '127.0.0.1:8000:8000' "$folder/compose.yml")" -eq 1 ]
  [ "$(grep -c 'ports:' "$folder/compose.yml")" -eq 1 ]
}

@test "the gate's environment sends the built-in suite to the api" {
  run_split env LOAD_TEST_API_HOST=http://api.invalid:8000 PERFGATE_TARGET_REFERENCE=true "$PERFGATE" config validate
  expect_status 0
  run_split env LOAD_TEST_API_HOST=http://api.invalid:8000 "$PERFGATE" config validate
  expect_status 2
  expect_match "$errors" 'which requests should it get'
}
