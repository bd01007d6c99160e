#!/usr/bin/env bats
# `perfgate notify` against scripted servers: GitHub, Slack, mail.

load ../helper

harness="$ROOT/tests/harness"
results="$ROOT/tests/corpus/result"
head_sha=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

setup_more() {
  need python3 jq
  unset BUILD_URL SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy all_proxy
  echo 'performance_gates: {max_error_rate: 1%}' >ci_cd_config.yml
}

teardown() {
  local pid
  for pid in ${servers:-}; do kill "$pid" 2>/dev/null || true; done
}

# start NAME PROGRAM [ARGUMENT…]: a server of the harness; its port is in $port and ./NAME.port.
start() {
  local name="$1" program="$2"
  shift 2
  rm -f "$name.port"
  python3 "$harness/$program" "$@" >"$name.port" 2>"$name.err" 3>&- &
  servers="${servers:-} $!"
  wait_until 10 test -s "$name.port"
  port="$(cat "$name.port")"
}

slack() { # slack ANSWER…
  rm -f slack.log
  start slack fake_slack "$@"
  export PERFGATE_SLACK_WEBHOOK="http://127.0.0.1:$port/services/T0/B0/hidden"
}

github() { # github [OPTION…]: and a job for pull request 7
  rm -f github.log
  start github fake_github "$@"
  export GITHUB_ACTIONS=true GITHUB_API_URL="http://127.0.0.1:$port" GITHUB_TOKEN=ghp_hidden
  export GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=99 GITHUB_EVENT_NAME=pull_request GITHUB_SHA=${head_sha//a/b}
  export GITHUB_STEP_SUMMARY="$PWD/summary.md" GITHUB_OUTPUT="$PWD/output" GITHUB_EVENT_PATH="$PWD/event.json"
  : >summary.md
  pull_request o/r
}

pull_request() { # pull_request HEAD-REPOSITORY
  jq -n --arg sha "$head_sha" --arg from "$1" \
    '{pull_request: {number: 7, head: {sha: $sha, repo: {full_name: $from}}}, repository: {full_name: "o/r"}}' >event.json
}

state() { # state FILTER: what GitHub has now
  curl -s "$GITHUB_API_URL/state" | jq -r "$1"
}

mail() { # mail [OPTION…]: and three recipients
  rm -f mail.* envelope.*
  start smtp smtp "$@"
  export PERFGATE_SMTP_URL="smtp://127.0.0.1:$port"
  echo 'notification: {email_recipients: [a@example.com, b@example.com, c@example.com]}' >>ci_cd_config.yml
}

notify() { # notify NAME [OPTION…]: of a stored result
  local name="$1"
  shift
  run_split timeout 60 "$PERFGATE" notify "$results/$name.json" "$@"
}

# expect_one_warning PATTERN
expect_one_warning() {
  [ "$(grep -c 'perfgate: warning' <<<"$errors")" -eq 1 ] || { echo "$errors" >&2; return 1; }
  expect_match "$errors" "$1"
  [[ "$errors$output" != *hidden* ]]
}

@test "nothing to send to is exit 2, and so is a channel that is not switched on" {
  notify failing
  expect_status 2
  expect_match "$errors" "nothing to send to"
  notify failing --channel slack
  expect_status 2
  expect_match "$errors" "slack: not switched on: it needs .*PERFGATE_SLACK_WEBHOOK"
  notify failing --channel slak
  expect_status 2
  expect_match "$errors" 'did you mean `slack`'
}

@test "a result that cannot be read is exit 2 and nothing is sent" {
  slack 200:ok
  echo '{"schema": "other/1"}' >other.json
  run_split "$PERFGATE" notify other.json
  expect_status 2
  [ ! -s slack.log ]
}

@test "--dry-run prints what would be sent and sends nothing" {
  github
  slack 200:ok
  mail
  notify failing --dry-run
  expect_status 0
  local heading
  for heading in summary outputs annotations status comment slack email; do
    grep -qx -- "--- $heading" <<<"$output" || { echo "no $heading" >&2; return 1; }
  done
  [ ! -s slack.log ] && [ ! -s github.log ] && [ ! -s summary.md ] && [ ! -e output ] && [ ! -e mail.1 ]
  [[ "$errors$output" != *hidden* ]]
}

@test "every channel tells the verdict, and one line says which" {
  github
  slack 200:ok
  mail
  notify failing
  expect_status 0
  expect_match "$errors" "told: summary outputs annotations status comment slack email"
  [ "$(state '.statuses[0].state')" = failure ]
  [ "$(state '.statuses[0].sha')" = "$head_sha" ]
  [ "$(state '.statuses[0].target_url')" = https://github.com/o/r/actions/runs/99 ]
  expect_match "$(state '.comments[0].body')" "^### ❌ perfgate: failed"
  grep -q '^### ❌ perfgate: failed' summary.md
  grep -q '^::error title=perfgate%3A failed::' <<<"$errors"
  grep -q '^verdict<<perfgate_' output
  jq -r '.message.blocks[0].text.text' slack.log | grep -q '^❌ \*perfgate: failed\*'
  [ -s mail.1 ]
}

@test "the comment is found again by marker and author, and left alone when it says the same" {
  github
  notify failing --channel comment
  expect_status 0
  notify passing --channel comment
  expect_status 0
  [ "$(state '.comments | length')" -eq 1 ]
  expect_match "$(state '.comments[0].body')" "^### ✅ perfgate: passed"
  notify passing --channel comment
  expect_status 0
  [ "$(grep -c '"PATCH"' github.log)" -eq 1 ]
}

@test "a comment that was deleted meanwhile is written anew" {
  "$PERFGATE" report "$results/failing.json" --output out >/dev/null
  github --comment out/comment.md --author 'github-actions[bot]' 'PATCH:/issues/comments/:404:1'
  notify passing --channel comment
  expect_status 0
  [ "$(grep -c '"PATCH"' github.log)" -eq 2 ]
}

@test "OUT-15: a marker that somebody else wrote is not ours to change" {
  "$PERFGATE" report "$results/failing.json" --output out >/dev/null
  github --comment out/comment.md --author mallory
  notify passing --channel comment
  expect_status 0
  [ "$(state '.comments | length')" -eq 2 ]
  expect_match "$(state '.comments[0].body')" "failed"
  expect_match "$(state '.comments[1].body')" "passed"
}

@test "who we are is asked of GitHub; a token that may not ask is the job's own" {
  "$PERFGATE" report "$results/failing.json" --output out >/dev/null
  github --login 'my-app[bot]' --comment out/comment.md --author 'my-app[bot]'
  notify passing --channel comment
  [ "$(state '.comments | length')" -eq 1 ]
  github --login none --comment out/comment.md --author 'github-actions[bot]'
  notify passing --channel comment
  [ "$(state '.comments | length')" -eq 1 ]
}

@test "NTF-13: the old comment is found behind 1,000 others, and no link to another host is followed" {
  "$PERFGATE" report "$results/failing.json" --output out >/dev/null
  github --comments 1000 --foreign-link --comment out/comment.md --author 'github-actions[bot]'
  notify passing --channel comment
  expect_status 0
  [ "$(grep -c '"GET"' github.log)" -eq 11 ]
  [ "$(state '.comments | length')" -eq 1001 ]
  expect_match "$(state '.comments[1000].body')" "passed"
}

@test "NTF-13: the search is bounded" {
  github --comments 3500
  notify passing --channel comment
  expect_status 0
  [ "$(grep -c '"GET"' github.log)" -eq 30 ]
}

@test "NTF-03: a comment whose answer was lost is not written twice" {
  github 'POST:/issues/7/comments:lost:1'
  notify failing --channel comment
  expect_status 0
  [ "$(state '.comments | length')" -eq 1 ]
}

@test "NTF-16: in a fork's pull request 401 and 403 are a warning, and the summary tells the verdict" {
  local code
  for code in 401 403; do
    github "POST:/(statuses|issues)/:$code"
    pull_request them/r
    notify failing
    expect_status 0
    [ "$(grep -c 'perfgate: warning: .*HTTP '$code': in a fork' <<<"$errors")" -eq 2 ]
    grep -q 'perfgate: failed' summary.md
    [[ "$errors" != *hidden* ]]
  done
}

@test "GitHub's refusals are one warning with what to do, and the token is not in it" {
  local row
  for row in "401:GITHUB_TOKEN is not accepted" "403:permissions: .statuses: write." "404:may not see it" \
    "409:refused the request" "422:refused the request" "500:GitHub has trouble" "503:GitHub has trouble"; do
    github "POST:/statuses/:${row%%:*}"
    notify failing --channel status
    expect_status 5
    expect_one_warning "status was not delivered: http://127.0.0.1:[0-9]+: HTTP ${row%%:*}: .*${row#*:}"
  done
}

@test "GitHub's limit on the rate is waited for when it ends soon" {
  github 'POST:/statuses/:403:1:Retry-After=1'
  notify failing --channel status
  expect_status 0
  [ "$(state '.statuses | length')" -eq 1 ]
  github 'POST:/statuses/:429::Retry-After=3600'
  notify failing --channel status
  expect_status 5
  expect_one_warning "HTTP 429: too many requests"
  [ "$(wc -l <github.log)" -eq 1 ]
}

@test "NTF-15: without a commit of 40 hexadecimal digits no status is sent" {
  github
  sed -i "s/$head_sha/main/" event.json
  notify failing --channel status
  expect_status 5
  expect_match "$errors" "status is not sent: the commit is not known"
  [ ! -s github.log ]
}

@test "without a token GitHub's files are written all the same" {
  github
  unset GITHUB_TOKEN
  notify failing
  expect_status 5
  expect_match "$errors" "comment is not sent: GITHUB_TOKEN is not set"
  grep -q 'perfgate: failed' summary.md
  [ ! -s github.log ]
}

@test "settings switch status and comment off" {
  github
  echo 'notification: {github_status: false, github_comment: false}' >>ci_cd_config.yml
  notify failing
  expect_status 0
  [ ! -s github.log ]
}

@test "a workflow that runs for a fork finds the pull request by its head, never by the artifact" {
  github --pull "31:$head_sha"
  jq -n --arg sha "$head_sha" '{workflow_run: {event: "pull_request", head_sha: $sha, head_branch: "x/y&z",
    html_url: "https://github.com/o/r/actions/runs/5", head_repository: {owner: {login: "them"}}}}' >event.json
  jq '.source.build_url = "https://evil.example/phish"' "$results/failing.json" >result.json
  run_split "$PERFGATE" notify result.json --channel comment,status
  expect_status 0
  grep -q '/pulls?state=open&per_page=100&head=them%3Ax%2Fy%26z"' github.log
  grep -q '"POST", "path": "/repos/o/r/issues/31/comments"' github.log
  [ "$(state '.statuses[0].sha')" = "$head_sha" ]
  expect_match "$(state '.comments[0].body')" "https://github.com/o/r/actions/runs/5"
  [[ "$(state .)" != *evil* ]]
}

@test "NTF-01: each failure of Slack is one warning; notify gives 5" {
  local row
  for row in "400:invalid_payload|HTTP 400 .invalid_payload" "403:action_prohibited|HTTP 403" \
    "404:no_service|HTTP 404 .no_service" "410:channel_is_archived|HTTP 410" "500:oops|HTTP 500" \
    "429:rate_limited:Retry-After=3600|HTTP 429" "reset|http://127.0.0.1:" "lost|http://127.0.0.1:" \
    "200:fine|not Slack's"; do
    slack "${row%|*}"
    notify failing
    expect_status 5
    expect_one_warning "slack was not delivered: .*${row#*|}"
  done
}

@test "NTF-01: a certificate that is not accepted is one warning, and nothing is sent" {
  need openssl
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=x \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
  slack --tls cert.pem,key.pem 200:ok
  export PERFGATE_SLACK_WEBHOOK="${PERFGATE_SLACK_WEBHOOK/http:/https:}"
  notify failing
  expect_status 5
  expect_one_warning "the certificate is not accepted"
  [ ! -s slack.log ]
  SSL_CERT_FILE=cert.pem notify failing
  expect_status 0
  [ -s slack.log ]
}

@test "NTF-02: a limit that ends soon is waited for, a long one is not" {
  slack 429:rate_limited:Retry-After=1 200:ok
  notify failing
  expect_status 0
  [ "$(wc -l <slack.log)" -eq 2 ]
}

@test "SEC-05: an answer that repeats the webhook's path is not shown" {
  slack '404:no such hook {path}'
  notify failing -v
  expect_status 5
  expect_one_warning "HTTP 404"
}

@test "a mail is text and HTML for a foreign parser, to every recipient" {
  mail
  notify hostile
  expect_status 0
  [ "$(jq -r '.recipients | join(",")' envelope.1)" = a@example.com,b@example.com,c@example.com ]
  python3 - <<'PY'
import email, email.policy
mail = email.message_from_binary_file(open("mail.1", "rb"), policy=email.policy.default)
assert not mail.defects, mail.defects
assert mail.get_content_type() == "multipart/alternative"
assert mail["Subject"].startswith("perfgate failed: <b>bold</b>"), mail["Subject"]
assert mail["Auto-Submitted"] == "auto-generated" and mail["Date"].datetime and mail["Message-ID"]
assert [str(a) for a in mail["To"].addresses] == ["a@example.com", "b@example.com", "c@example.com"]
text, html = list(mail.iter_parts())
assert text.get_content_type() == "text/plain" and html.get_content_type() == "text/html"
assert not text.defects and not html.defects
assert "perfgate: failed" in text.get_content() and "<script" not in html.get_content()
assert len(mail.keys()) == len(set(mail.keys()))
PY
}

@test "NTF-07: what a branch or a name holds begins no header" {
  mail
  jq '.verdict.reason = "x\r\nBcc: victim@example.com\r\n\r\nbody" | .source.branch = "b\nBcc: victim@example.com"' \
    "$results/failing.json" >result.json
  run_split "$PERFGATE" notify result.json
  expect_status 0
  [ "$(grep -ci '^bcc' mail.1)" -eq 0 ]
  [[ "$(cat envelope.1)" != *victim* ]]
}

@test "NTF-08: what is sent has CR LF, no long line and seven bits" {
  mail
  notify hostile
  python3 - <<'PY'
data = open("mail.1", "rb").read()
assert b"\0" not in data and max(data) < 128
lines = data.split(b"\r\n")
assert all(b"\n" not in line and b"\r" not in line and len(line) <= 78 and line[:1] != b"." for line in lines)
PY
}

@test "NTF-09: with a password nothing is sent in clear" {
  need openssl
  mail --auth
  export PERFGATE_SMTP_URL="smtp://me:hidden@127.0.0.1:$port"
  notify failing
  expect_status 5
  expect_one_warning "email was not delivered: smtp://127.0.0.1:$port: it offers no encryption"
  [ ! -e mail.1 ]
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=x \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
  start smtp smtp --auth --starttls cert.pem,key.pem
  export PERFGATE_SMTP_URL="smtp://me:hidden@127.0.0.1:$port"
  notify failing
  expect_status 5
  expect_one_warning "the certificate is not accepted"
  SSL_CERT_FILE=cert.pem notify failing
  expect_status 0
  [ "$(jq -r '.user + " " + (.encrypted | tostring)' envelope.1)" = "me true" ]
  export PERFGATE_SMTP_URL="smtp://me:wrong@127.0.0.1:$port"
  SSL_CERT_FILE=cert.pem notify failing
  expect_status 5
  expect_one_warning "user or password not accepted .reply 535"
  [[ "$errors" != *wrong* ]]
}

@test "NTF-10: one recipient of three is refused: the others get it, and a warning names him" {
  local line
  for line in "550 no such user" "450 later"; do
    mail --refuse "b@example.com=$line"
    notify failing
    expect_status 5
    expect_one_warning "not taken for b@example.com .${line%% *}.; the others got it"
    [ "$(jq -r '.recipients | join(",")' envelope.1)" = a@example.com,c@example.com ]
    [ ! -e envelope.2 ]
    sed -i '/notification/d' ci_cd_config.yml
  done
}

@test "NTF-10: a server that refuses all is asked once, one that is busy twice" {
  mail --reply "MAIL=550 no"
  notify failing
  expect_status 5
  expect_one_warning "refused .*reply 550"
  sed -i '/notification/d' ci_cd_config.yml
  mail --reply "MAIL=421 busy" --times 1
  notify failing
  expect_status 0
  [ -s mail.1 ]
}

@test "NTF-11: a mail server that hangs costs a bounded time" {
  mail --hang greeting
  notify failing
  expect_status 5
  expect_one_warning "no answer in time"
}

@test "NTF-19: one hundred recipients, one refused" {
  start smtp smtp --refuse "r50@example.com=550 no"
  export PERFGATE_SMTP_URL="smtp://127.0.0.1:$port"
  printf 'notification: {email_recipients: [r1@example.com%s]}\n' "$(printf ', r%d@example.com' $(seq 2 100))" >>ci_cd_config.yml
  notify failing
  expect_status 5
  expect_one_warning "not taken for r50@example.com .550."
  [ "$(jq '.recipients | length' envelope.1)" -eq 99 ]
}

@test "the sender is named in the URL, or logs in, or is of the recipients' domain" {
  mail
  notify failing
  [ "$(jq -r .sender envelope.1)" = "MAIL FROM:<perfgate@example.com>" ] || jq -r .sender envelope.1 | grep -q '<perfgate@example.com>'
  export PERFGATE_SMTP_URL="$PERFGATE_SMTP_URL?from=ci@example.org"
  notify failing
  jq -r .sender envelope.2 | grep -q '<ci@example.org>'
  grep -q '^From: perfgate <ci@example.org>' mail.2
}

@test "a mail server's URL of another kind is exit 2" {
  for url in http://x smtp: smtp:// mail.example.com; do
    PERFGATE_SMTP_URL="$url" notify failing
    expect_status 2
    expect_match "$errors" "PERFGATE_SMTP_URL: "
  done
}
