#!/usr/bin/env bats
# `perfgate report` on stored results, judged by foreign parsers: xmllint, jq, a browser.

load ../helper

results="$BATS_TEST_DIRNAME/../corpus/result"

# render NAME [OPTION…]: the artifacts of a stored result in ./out.
render() {
  local name="$1"
  shift
  run_split "$PERFGATE" report "$results/$name.json" --output out "$@"
}

# The header that Jenkins sends with archived files by default, and what older versions sent
# (https://www.jenkins.io/doc/book/security/configuring-content-security-policy/).
policies=("sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
  "sandbox; default-src 'none'; img-src 'self'; style-src 'self';")

# serve POLICY: ./out under the content security policy; requests are logged in ./requests.
serve() {
  need python3
  rm -f port
  python3 - "$1" >port 2>requests <<'PY' &
import functools, http.server, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Content-Security-Policy", sys.argv[1])
        super().end_headers()

handler = functools.partial(Handler, directory="out")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
  server=$!
  wait_until 10 test -s port
}

# chromium_on OPTION… URL: a browser that talks to nobody else.
chromium_on() {
  need chromium timeout
  timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$BATS_TEST_TMPDIR/profile" "$@"
}

# browse PAGE: the page's DOM in ./dom, what the browser's console said in ./console.
browse() {
  chromium_on --enable-logging=stderr --v=0 --dump-dom "http://127.0.0.1:$(cat port)/$1" >dom 2>log
  grep -a CONSOLE log >console || true
}

# picture FILE URL: what it looks like, from the top.
picture() {
  chromium_on --hide-scrollbars --window-size=1280,4000 --screenshot="$PWD/$1" "$2" >/dev/null 2>&1
  [ -s "$1" ]
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

@test "every stored result gives every artifact, valid for xmllint and jq" {
  need xmllint jq
  for name in passing failing advisory inconclusive unmeasured interrupted skipped nothing hostile; do
    rm -rf out
    render "$name"
    expect_status 0
    xmllint --noout --relaxng "$ROOT/tests/harness/junit.rng" out/junit.xml
    jq -e . out/result.json >/dev/null
    for file in summary.csv report.html report.css comment.md; do [ -s "out/$file" ]; done
    [ ! -e out/requests.csv ]
    [ -e out/latency.hlog ] || [ "$(jq '[.scenarios[].total.requests] | add // 0' out/result.json)" -eq 0 ]
    jq -r '.files[] | .sha256 + "  out/" + .name' out/.perfgate-manifest.json | sha256sum --check --quiet
  done
}

@test "MEA-22: the same result twice gives the same bytes" {
  render failing
  mv out first
  render failing
  diff -rq first out
}

@test "OUT-21: numbers have a dot under a locale with a comma" {
  need localedef
  localedef -i de_DE -f UTF-8 "$BATS_TEST_TMPDIR/de_DE.UTF-8"
  render failing
  mv out first
  LOCPATH="$BATS_TEST_TMPDIR" LC_ALL=de_DE.UTF-8 render failing
  expect_status 0
  diff -rq first out
}

@test "OUT-25: no colour when the output is not a terminal" {
  render failing
  expect_match "$output" 'FAILED'
  [[ "$output" != *$'\e'* ]]
}

@test "FS-07: an output folder that is a file is exit 2" {
  echo precious >out
  render failing
  expect_status 2
  [ "$(cat out)" = precious ]
}

@test "FS-08: a link in the way is replaced, its target untouched" {
  mkdir out
  echo precious >victim
  ln -s ../victim out/report.html
  render failing
  expect_status 0
  [ ! -L out/report.html ]
  [ "$(cat victim)" = precious ]
}

@test "FS-05: a full standard output is exit 5" {
  status=0
  "$PERFGATE" report "$results/failing.json" --output out >/dev/full 2>errors || status=$?
  [ "$status" -eq 5 ]
}

# Calls that replace an artifact, by their names on either architecture.
renames="rename,renameat,renameat2"

@test "FS-02 FS-03: an error at fsync, close or rename is exit 5, every artifact is the old one" {
  need strace
  for inject in fsync:error=EIO fsync:error=ENOSPC "$renames:error=EIO" write:error=ENOSPC; do
    rm -rf out
    render passing
    cp -r out before
    status=0
    strace -f -qq -o /dev/null -e "trace=${inject%%:*}" -e "inject=$inject" \
      "$PERFGATE" report "$results/failing.json" --output out >/dev/null 2>errors || status=$?
    [ "$status" -eq 5 ] || { echo "$inject: $status" >&2; return 1; }
    diff -rq before out
    rm -rf before
  done
}

@test "FS-09 FS-14: artifacts are made as new private files beside their place, and renamed" {
  need strace
  strace -f -qq -o calls -e "trace=openat,$renames" "$PERFGATE" report "$results/failing.json" --output out >/dev/null
  grep O_CREAT calls >created
  [ "$(wc -l <created)" -ge 8 ]
  # shellcheck disable=SC2251
  ! grep -vE '"out/\.perfgate-[A-Za-z0-9]{6}", [^)]*O_EXCL[^)]*, 0600\)' created
  ! grep rename calls | grep -vE '"out/\.perfgate-[A-Za-z0-9]{6}".*"out/[a-z.-]+"'
}

@test "ENV-23: artifacts are 0644 whatever the umask adds; one that hides them from us is exit 5" {
  run_split sh -c 'umask 000; exec "$@"' sh "$PERFGATE" report "$results/passing.json" --output out
  expect_status 0
  [ "$(stat -c %a out/* out/.perfgate-manifest.json | sort -u)" = 644 ]
  cp -r out before
  run_split sh -c 'umask 777; exec "$@"' sh "$PERFGATE" report "$results/failing.json" --output out
  expect_status 5
  expect_match "$errors" "cannot write out/result.json: with umask 777 nobody could read it"
  diff -rq before out
}

@test "FS-13: interrupted writes are finished" {
  need strace
  render failing
  mv out reference
  strace -f -qq -o /dev/null -e trace=write -e inject=write:error=EINTR:when=1+2 \
    "$PERFGATE" report "$results/failing.json" --output out >/dev/null
  diff -rq out reference
}

@test "FS-17: a read-only root with a writable output folder does" {
  need unshare
  [ "$(id -u)" -eq 0 ] || skip "mounting needs root"
  mkdir out
  run_split unshare --mount sh -ec '
    mount --bind out out
    mount -o remount,ro,bind /
    ! touch /tmp/x 2>/dev/null
    ! touch x 2>/dev/null
    cd .
    exec "$@"' sh "$PERFGATE" report "$results/failing.json" --output out
  expect_status 0
  [ -s out/report.html ]
}

@test "FS-19: a temporary file that is taken away is exit 5, and the old artifact stays" {
  need strace
  render passing
  cp -r out before
  status=0
  strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_exit=3000000:when=1 \
    "$PERFGATE" report "$results/failing.json" --output out >/dev/null 2>errors &
  wait_until 10 compgen -G 'out/.perfgate-??????'
  rm out/.perfgate-??????
  wait $! || status=$?
  [ "$status" -eq 5 ]
  grep -q 'result.json' errors
  cmp out/result.json before/result.json
}

@test "FS-04: killed at any rename, each artifact is the old or the new one" {
  need strace
  mkdir reference
  render passing
  mv out reference/old
  render failing
  mv out reference/new
  for nth in 1 2 3 4 5 6 7 8; do
    rm -rf out
    render passing
    status=0
    strace -f -qq -o /dev/null -e "trace=$renames" -e "inject=$renames:signal=KILL:when=$nth" \
      "$PERFGATE" report "$results/failing.json" --output out >/dev/null 2>&1 || status=$?
    [ "$status" -eq 137 ] || [ "$nth" -eq 8 ]
    for file in result.json summary.csv junit.xml report.html report.css comment.md latency.hlog; do
      cmp -s "out/$file" "reference/old/$file" || cmp -s "out/$file" "reference/new/$file"
    done
  done
}

@test "a browser under Jenkins' policy blocks nothing and loads the page and its style sheet only" {
  render failing
  serve "${policies[0]}"
  browse report.html
  grep -q '<h1>failed</h1>' dom
  [ ! -s console ] || { cat console >&2; return 1; }
  [ "$(grep -o 'GET [^ ]*' requests | grep -v favicon | sort -u | tr '\n' ' ')" = "GET /report.css GET /report.html " ]
}

@test "the check above notices a page with a style of its own" {
  render failing
  sed -i 's#</head>#<style>p{color:red}</style></head>#' out/report.html
  serve "${policies[0]}"
  browse report.html
  grep -q 'Content Security Policy' console
}

@test "OUT-08: hostile names run no script in a browser and are shown literally" {
  render hostile
  serve "${policies[1]}"
  browse report.html
  [ ! -s console ] || { cat console >&2; return 1; }
  [ "$(grep -ciE '<script|<img|onerror="' dom)" -eq 0 ]
  grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' dom
}

@test "OUT-11: under Jenkins' policies, old and new, and from a file a report looks the same" {
  local policy
  render passing
  picture offline.png "file://$PWD/out/report.html"
  for policy in "${policies[@]}"; do
    serve "$policy"
    picture served.png "http://127.0.0.1:$(cat port)/report.html"
    cmp offline.png served.png
    kill "$server"
    wait "$server" || true
  done
  # Without its style sheet it would look otherwise: the comparison sees that.
  : >out/report.css
  picture bare.png "file://$PWD/out/report.html"
  if cmp -s offline.png bare.png; then return 1; fi
}
