#!/usr/bin/env bats
# https targets: certificates are verified, HTTP/2 is spoken, both transports send the same.

load ../helper

brief="check --quick --duration-scale 0.1 --requests"

setup_more() {
  need openssl python3 nginx
  export COLUMNS=200 # the verdict line is not broken
  unset SSL_CERT_FILE SSL_CERT_DIR https_proxy HTTPS_PROXY http_proxy all_proxy ALL_PROXY
  echo 'performance_gates: {max_error_rate: 0%}' >ci_cd_config.yml
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

# certificate NAME [DAYS]: cert.pem and key.pem, signed by itself.
certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days "${2:-2}" \
    -subj "/CN=$1" -addext "subjectAltName=$1" 2>/dev/null
}

# https_api [LOW HIGH]: an HTTPS server on $port that logs each request's lines, TLS versions LOW to HIGH.
https_api() {
  python3 -c '
import http.server, os, socketserver, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lines = [self.requestline] + ["%s: %s" % h for h in self.headers.items()] + [repr(body)]
        # One write, or threads tear the lines of each other.
        os.write(2, ("\n".join(lines) + "\n").encode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    do_GET = do_POST = answer
    def log_message(self, *rest): pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *rest): pass
server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if len(sys.argv) > 2:
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain("cert.pem", "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()' "$@" >port 2>>requests 3>&- &
  server=$!
  wait_until 10 test -s port
  port="$(cat port)"
}

@test "NET-31: a certificate signed by itself is exit 3 at once, and nothing is sent" {
  certificate IP:127.0.0.1
  https_api tls
  run_split "$PERFGATE" $brief 'GET /' --target "https://127.0.0.1:$port"
  expect_status 3
  expect_match "$errors" "https://127.0.0.1:$port: the certificate is not accepted: .*self.signed.*--insecure"
  [ ! -s requests ]
}

@test "NET-31: only the explicit flag accepts it, and every report says so" {
  certificate IP:127.0.0.1
  https_api tls
  run_split "$PERFGATE" $brief 'GET /' --target "https://127.0.0.1:$port" --insecure
  expect_status 0
  grep -q "^GET / HTTP/1.1" requests
  expect_match "$output" "https://127.0.0.1:$port [(]certificate not verified[)]"
  local file
  for file in result.json report.html comment.md; do
    grep -q "certificate not verified" "perfgate-results/$file" || { echo "$file is silent" >&2; return 1; }
  done
}

@test "NET-31: target.insecure is the same in the file, and does not follow to another target" {
  certificate IP:127.0.0.1
  https_api tls
  echo "target: {insecure: true, url: 'https://127.0.0.1:$port'}" >>ci_cd_config.yml
  run_split "$PERFGATE" $brief 'GET /'
  expect_status 0
  expect_match "$output" "certificate not verified"
  run_split "$PERFGATE" $brief 'GET /' --target "https://localhost:$port"
  expect_status 3
}

@test "NET-31: SSL_CERT_FILE names the authority to trust" {
  certificate IP:127.0.0.1
  https_api tls
  SSL_CERT_FILE=cert.pem run_split "$PERFGATE" $brief 'GET /' --target "https://127.0.0.1:$port"
  expect_status 0
  [[ "$output" != *"not verified"* ]]
  grep -q "^GET / HTTP/1.1" requests
}

@test "NET-32: another host's certificate is exit 3" {
  certificate DNS:other.example
  https_api tls
  SSL_CERT_FILE=cert.pem run_split "$PERFGATE" $brief 'GET /' --target "https://127.0.0.1:$port"
  expect_status 3
  expect_match "$errors" "the certificate is not accepted: .*127.0.0.1"
  [ ! -s requests ]
}

@test "NET-32: TLS 1.0 and 1.1 are exit 3" {
  certificate IP:127.0.0.1
  https_api tls old
  run_split "$PERFGATE" $brief 'GET /' --target "https://127.0.0.1:$port" --insecure
  expect_status 3
  expect_match "$errors" "target not reachable .*https://127.0.0.1:$port"
  [ -z "$(grep '^GET' requests)" ]
}

@test "NET-33: a TLS handshake that hangs is exit 3 within the readiness budget" {
  python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port 3>&- &
  server=$!
  wait_until 10 test -s port
  run_split timeout 20 "$PERFGATE" $brief 'GET /' --target "https://127.0.0.1:$(cat port)"
  expect_status 3
  expect_match "$errors" "target not reachable within 5 s"
}

@test "HTTP/2 is spoken where the server offers it" {
  certificate IP:127.0.0.1
  port="$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  cat >nginx.conf <<CONF
daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
  log_format protocol '\$server_protocol \$request_method \$request_uri';
  access_log access.log protocol;
  client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
  server {
    listen 127.0.0.1:$port ssl http2;
    ssl_certificate cert.pem; ssl_certificate_key key.pem;
    location / { default_type text/plain; return 200 "ok"; }
  }
}
CONF
  nginx -p "$PWD" -c "$PWD/nginx.conf" 2>nginx.err 3>&- &
  server=$!
  wait_until 10 curl -sk -o .probe "https://127.0.0.1:$port/"
  run_split "$PERFGATE" $brief 'GET /a?b=c' --target "https://127.0.0.1:$port" --insecure
  expect_status 0
  grep -q "^HTTP/2.0 GET /a?b=c$" access.log
  [ "$(jq '.scenarios[0].total.classes | keys | join(",")' perfgate-results/result.json)" = '"ok"' ]
}

@test "both transports send the same request" {
  https_api
  echo '{"a": "b"}' >body.json
  local transport
  for transport in native curl; do
    : >requests
    run_split "$PERFGATE" $brief 'POST /a/../b%20c?d=%7e @body.json' --target "http://127.0.0.1:$port/p" \
      --transport "$transport"
    expect_status 0
    grep --no-group-separator -A9 "^POST" requests | sort -u >"$transport.lines"
    [ -s "$transport.lines" ]
  done
  diff native.lines curl.lines
}

@test "--transport refuses what cannot be" {
  run_split "$PERFGATE" $brief 'GET /' --target https://127.0.0.1:1 --transport native
  expect_status 2
  expect_match "$errors" "--transport native speaks http:// only"
  run_split "$PERFGATE" $brief 'GET /' --target http://127.0.0.1:1 --transport quic
  expect_status 2
  expect_match "$errors" "is not native or curl"
}
