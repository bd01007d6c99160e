#!/usr/bin/env bats
# `check` telling its verdict: begin and end, all channels alike, no secret anywhere.

load ../helper

harness="$ROOT/tests/harness"
results="$ROOT/tests/corpus/result"
head_sha=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
brief="check --quick --duration-scale 0.1"

setup_more() {
  need python3 jq xmllint
  export COLUMNS=200
  unset BUILD_URL SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy all_proxy
  echo 'performance_gates: {max_error_rate: 0%}' >ci_cd_config.yml
}

teardown() {
  local pid
  for pid in ${servers:-}; do kill "$pid" 2>/dev/null || true; done
}

# start NAME COMMAND…: a server that prints its port; in $port then.
start() {
  local name="$1"
  shift
  rm -f "$name.port"
  "$@" >"$name.port" 2>"$name.err" 3>&- &
  server=$!
  servers="${servers:-} $server"
  wait_until 10 test -s "$name.port"
  port="$(cat "$name.port")"
}

# target STATUS: an API that answers so, and repeats the credentials it was sent; in $target.
target() {
  start target python3 -c '
import http.server, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        body = ("no: %s %s" % (self.headers.get("Authorization"), self.headers.get("X-Key"))).encode()
        status = 200 if self.path == "/ready" else int(sys.argv[1])
        self.send_response(status, "no %s" % self.headers.get("Authorization"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *rest): pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *rest): pass
server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()' "$1"
  target="http://127.0.0.1:$port"
}

# platforms [SLACK-ANSWER]: GitHub with pull request 7, Slack, a mail server.
platforms() {
  rm -f github.log slack.log mail.* envelope.* output
  start github python3 "$harness/fake_github"
  export GITHUB_ACTIONS=true GITHUB_API_URL="http://127.0.0.1:$port" GITHUB_TOKEN="${GITHUB_TOKEN:-ghp_x}"
  export GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=99 GITHUB_EVENT_NAME=pull_request
  export GITHUB_STEP_SUMMARY="$PWD/summary.md" GITHUB_OUTPUT="$PWD/output" GITHUB_EVENT_PATH="$PWD/event.json"
  : >summary.md
  jq -n --arg sha "$head_sha" \
    '{pull_request: {number: 7, head: {sha: $sha, repo: {full_name: "o/r"}}}, repository: {full_name: "o/r"}}' >event.json
  start slack python3 "$harness/fake_slack" "${1:-200:ok}"
  export PERFGATE_SLACK_WEBHOOK="http://127.0.0.1:$port/services/T0/B0/${slack_secret:-x}"
  start smtp python3 "$harness/smtp"
  export PERFGATE_SMTP_URL="smtp://127.0.0.1:$port"
  grep -q notification ci_cd_config.yml || echo 'notification: {email_recipients: [a@example.com]}' >>ci_cd_config.yml
}

state() { # state FILTER: what GitHub has now
  curl -s "$GITHUB_API_URL/state" | jq -r "$1"
}

# eight WORD STATE: console (./console), result.json, JUnit, HTML, comment, Slack, mail and status agree.
eight() {
  state . >state.json
  python3 - "$1" "$2" <<'PY'
import email, email.policy, json, re, sys
import xml.etree.ElementTree as xml
word, state = sys.argv[1:]
outcome = {"passed": "pass", "failed": "fail", "not measured": "unmeasured",
           "passed, with warnings": "pass"}.get(word, word)
result = json.load(open("perfgate-results/result.json"))
tests = xml.parse("perfgate-results/junit.xml").getroot()
numbers = {key: int(tests.get(key, 0)) for key in ("failures", "errors", "skipped", "tests")}
junit = ("fail" if numbers["failures"] else "unmeasured" if numbers["errors"] else
         "pass" if numbers["skipped"] == 0 or "warnings" in word else "inconclusive" if numbers["tests"] > 1 else "skipped")
github = json.load(open("state.json"))
message = json.loads(open("slack.log").readlines()[-1])["message"]
mail = email.message_from_binary_file(open("mail.1", "rb"), policy=email.policy.default)
text = mail.get_body(("plain",)).get_content()
status = github["statuses"][-1]
said = {
    "console": re.search(r"\b(PASSED|FAILED|INCONCLUSIVE|NOT MEASURED|SKIPPED|PASS|FAIL)\b(, WITH WARNINGS)?", open("console").read()).group(0).lower(),
    "result": result["verdict"]["outcome"],
    "junit": junit,
    "html": re.search(r"<h1>([^<]*)</h1>", open("perfgate-results/report.html").read()).group(1),
    "comment": re.match(r"### \S+ perfgate: ([a-z, ]+) –", github["comments"][-1]["body"]).group(1),
    "slack": re.match(r"\S+ \*perfgate: ([a-z, ]+)\* –", message["blocks"][0]["text"]["text"]).group(1),
    "mail": re.match(r"\S+ perfgate: ([a-z, ]+)\n", text).group(1),
    "status": status["description"].split(":")[0],
}
wanted = {"console": (word, outcome), "result": (outcome,), "junit": (outcome,)}
wrong = {name: text for name, text in said.items() if text not in wanted.get(name, (word,))}
assert not wrong, (word, said)
assert status["state"] == state, status
assert github["comments"][-1]["body"] == open("perfgate-results/comment.md").read()
# The same reason, and the same cells as failed.
reason = result["verdict"]["reason"]
assert reason in text and reason[:100] in status["description"]
failed = [c for c in result["verdict"]["cells"] if c["outcome"] == "fail"]
assert numbers["failures"] == len([c for c in failed if c["enforce"] == "fail"])
for symbol, found in (("mail", text.count("✗ ") + text.count("▲ ") - (word in ("failed", "passed, with warnings"))),):
    assert found == len(failed), (symbol, found, len(failed))
PY
}

@test "OUT-28: the same verdict in console, JSON, JUnit, HTML, comment, Slack, mail and status" {
  local row name word
  for row in passing:passed:success failing:failed:failure inconclusive:inconclusive:success \
    "unmeasured:not measured:error" "advisory:passed, with warnings:success" skipped:skipped:success; do
    IFS=: read -r name word state <<<"$row"
    platforms
    rm -rf perfgate-results
    "$PERFGATE" report "$results/$name.json" >console
    # What the artifacts say is told from the artifact itself; its links are those of this job.
    jq '.source.build_url = "https://github.com/o/r/actions/runs/99"' perfgate-results/result.json >result.json
    "$PERFGATE" report result.json >console
    run_split "$PERFGATE" notify result.json
    expect_status 0
    eight "$word" "$state"
  done
}

@test "OUT-28: check tells what it measured, at its begin and at its end" {
  local row code exit word state
  for row in 200:0:passed:success 404:1:failed:failure; do
    IFS=: read -r code exit word state <<<"$row"
    target "$code"
    platforms
    rm -rf perfgate-results
    run_split "$PERFGATE" $brief --requests 'GET /' --target "$target"
    # A machine whose time is taken away decides nothing; that, too, is told alike everywhere.
    if [ "$(jq -r .verdict.outcome perfgate-results/result.json)" = inconclusive ]; then
      exit=0 word=inconclusive state=success
    fi
    expect_status "$exit"
    echo "$output" >console
    eight "$word" "$state"
    [ "$(state '[.statuses[].state] | join(" ")')" = "pending $state" ]
    grep -q "perfgate: $word" summary.md
    grep -A1 '^verdict<<' output | grep -qx "${word%ed}"
    kill "$server"
  done
}

@test "NTF-17: ended by SIGTERM, the last status is error" {
  target 200
  platforms
  "$PERFGATE" check --requests 'GET /' --target "$target" >console 2>errors 3>&- &
  local pid=$!
  wait_until 20 grep -q pending github.log
  wait_until 20 grep -q 'smoke' errors
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 143 ]
  [ "$(state '[.statuses[].state] | join(" ")')" = "pending error" ]
  [ -s summary.md ]
  # Nobody is bothered with half a run.
  [ ! -s slack.log ] && [ ! -e mail.1 ] && [ "$(state '.comments | length')" -eq 0 ]
}

@test "what could not start does not stay pending" {
  platforms
  run_split "$PERFGATE" check --quick --requests 'GET /' --target http://127.0.0.1:9
  expect_status 3
  [ "$(state '[.statuses[].state] | join(" ")')" = "pending error" ]
}

@test "a run that is switched off is told too: a required status would wait for ever" {
  platforms
  echo 'run_on_pr: false' >>ci_cd_config.yml
  run_split "$PERFGATE" check --quick
  expect_status 0
  [ "$(state '.statuses[0].state + " " + .statuses[0].description')" = "success skipped: run_on_pr is false" ]
  [ ! -s slack.log ] && [ ! -e mail.1 ] && [ "$(state '.comments | length')" -eq 0 ]
}

@test "a skipped run corrects the comment of an earlier one" {
  platforms
  run_split "$PERFGATE" notify "$results/failing.json" --channel comment
  expect_status 0
  expect_match "$(state '.comments[0].body')" 'perfgate: failed'
  echo 'run_on_pr: false' >>ci_cd_config.yml
  run_split "$PERFGATE" check --quick
  expect_status 0
  [ "$(state '.comments | length')" -eq 1 ]
  expect_match "$(state '.comments[0].body')" 'perfgate: skipped – run'
}

@test "NTF-01: a failed notification keeps the exit code; --require-notify makes 0 a 5, never a 1" {
  target 200
  platforms 500:oops
  run_split "$PERFGATE" $brief --requests 'GET /' --target "$target"
  expect_status 0
  expect_match "$errors" "slack was not delivered: HTTP 500"
  cp perfgate-results/result.json passing.json
  run_split "$PERFGATE" $brief --requests 'GET /' --from passing.json --require-notify
  expect_status 5
  sed -i 's/performance_gates: .*/performance_gates: {max_p95_response_time: 2s}/' ci_cd_config.yml
  run_split "$PERFGATE" $brief --requests 'GET /' --from "$results/failing.json" --require-notify
  expect_status 1
}

@test "--no-notify tells nobody" {
  platforms
  run_split "$PERFGATE" check --quick --requests 'GET /' --from "$results/failing.json" --no-notify
  [ ! -s github.log ] && [ ! -s slack.log ] && [ ! -s summary.md ] && [ ! -e output ] && [ ! -e mail.1 ]
}

@test "OUT-23: with --json standard output is one document, annotations and all" {
  echo 'performance_gates: {max_p95_response_time: 2s}' >ci_cd_config.yml
  platforms
  run_split "$PERFGATE" check --quick --requests 'GET /' --from "$results/failing.json" --json
  jq -e .verdict <<<"$output" >/dev/null
  expect_match "$errors" "::error title=perfgate%3A failed"
}

# One canary per secret input. The underscore is for Markdown, which would escape it.
canaries="slack smtp github dburl ltdburl redis ltredis push target env header grafana"

secrets() {
  slack_secret=canary_slack_9x
  export GITHUB_TOKEN=canary_github_9x
  export DATABASE_URL=postgresql://u:canary_dburl_9x@127.0.0.1:9/d
  export LOAD_TEST_DATABASE_URL=postgresql://u:canary_ltdburl_9x@127.0.0.1:9/d
  export REDIS_URL=redis://:canary_redis_9x@127.0.0.1:9
  export LOAD_TEST_REDIS_URL=redis://:canary_ltredis_9x@127.0.0.1:9
  export PROMETHEUS_PUSHGATEWAY_URL=http://u:canary_push_9x@127.0.0.1:9
  export GRAFANA_DASHBOARD_URL=https://u:canary_grafana_9x@grafana.example.com/d/1
}

# expect_no_secret: in any output, on any path; also percent-encoded, as hexadecimal digits and as base64.
expect_no_secret() {
  rm -rf told
  mkdir told
  printf '%s' "$output" >told/out
  printf '%s' "$errors" >told/err
  cp -r perfgate-results summary.md output told/ 2>/dev/null || true
  [ ! -e github.log ] || jq 'del(.authorization)' github.log >told/github
  [ ! -e slack.log ] || jq .message slack.log >told/slack
  [ ! -e mail.1 ] || python3 -c '
import email, email.policy
mail = email.message_from_binary_file(open("mail.1", "rb"), policy=email.policy.default)
print(mail, *[part.get_content() for part in mail.iter_parts()])' >told/mail
  python3 - $canaries <<'PY'
import base64, os, re, sys
found = []
for folder, _, files in os.walk("told"):
    for name in files:
        data = open(os.path.join(folder, name), "rb").read()
        for canary in sys.argv[1:]:
            plain = b"canary_%s_9x" % canary.encode()
            # base64 at each of the three offsets, without the digits that its neighbours share
            forms = [plain, plain.replace(b"_", b"\\_"), plain.replace(b"_", b"%5F"), plain.hex().encode()]
            for offset in range(3):
                forms.append(base64.b64encode(b"\0" * offset + plain)[(0, 2, 3)[offset]:-4])
            found += [(name, form) for form in forms if form.lower() in data.lower()]
assert not found, found
PY
}

@test "SEC-01 SEC-02 SEC-05 SEC-07 SEC-15: no canary in any output, on the paths 0, 1, 2, 3, 4, 5 and 130" {
  secrets
  target 200
  local good="${target/http:\/\//http:\/\/me:canary_target_9x@}" bad
  target 404
  bad="${target/http:\/\//http:\/\/me:canary_target_9x@}"
  cat >ci_cd_config.yml <<'CONF'
performance_gates: {max_error_rate: 0%}
notification: {email_recipients: [a@example.com]}
profiles: {users: {wait: 100ms..200ms, tasks: {one: 1}}}
tasks: {one: {request: GET /, headers: {X-Key: canary_header_9x}}}
CONF
  git init -q . && git -c user.name=x -c user.email=x@example.invalid commit -q --allow-empty -m one
  local row exit url options
  for row in "0|$good|" "1|$bad|" "2|$good|--scenario nosuch" "3|http://me:canary_target_9x@127.0.0.1:9|" \
    "4|$good|--require-baseline" "5|$good|--require-notify"; do
    IFS='|' read -r exit url options <<<"$row"
    rm -rf perfgate-results
    platforms "$([ "$exit" -eq 5 ] && echo '500:no {path}' || echo 200:ok)"
    for _ in 1 2 3 4 5; do
      # shellcheck disable=SC2086
      LOAD_TEST_API_HOST="$url" run_split "$PERFGATE" $brief -v $options
      # A machine whose time is taken away makes a failure inconclusive: once more.
      [ "$exit" -eq 1 ] && [ "$status" -eq 0 ] && [[ "$output" == *INCONCLUSIVE* ]] || break
    done
    expect_status "$exit"
    expect_no_secret
  done
  platforms
  PERFGATE_SMTP_URL="${PERFGATE_SMTP_URL/smtp:\/\//smtp://u:canary_smtp_9x@}"
  LOAD_TEST_API_HOST="$good" run_split "$PERFGATE" $brief -v
  expect_status 0
  expect_match "$errors" "email was not delivered"
  expect_no_secret
  rm -rf perfgate-results .err
  # A background job of a shell ignores SIGINT.
  LOAD_TEST_API_HOST="$good" env --default-signal=INT "$PERFGATE" check -v --quick >.out 2>.err 3>&- &
  local pid=$!
  wait_until 20 grep -q smoke .err
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  output="$(cat .out)" errors="$(cat .err)"
  expect_status 130
  expect_no_secret
}

@test "SEC-01: no canary of target.env and of a command's output" {
  cat >ci_cd_config.yml <<'CONF'
performance_gates: {max_error_rate: 0%}
requests: [GET /]
target:
  command: 'echo "key is $KEY"; exit 1'
  env: {KEY: canary_env_9x}
CONF
  run_split "$PERFGATE" check --quick -v
  expect_status 3
  expect_no_secret
}

@test "the canary test sees a canary" {
  mkdir perfgate-results
  errors="" output=""
  local text
  for text in 'x canary_slack_9x' 'canary\_smtp\_9x' "$(printf 'ab:canary_github_9x!' | base64)" 'canary%5fenv%5f9x'; do
    echo "$text" >perfgate-results/comment.md
    if expect_no_secret 2>/dev/null; then echo "not seen: $text" >&2; return 1; fi
  done
}
