#!/usr/bin/env bats
# perfgate init: what is found becomes a sound configuration, and nothing secret gets into it.

load ../helper

# init_here: init succeeds, and the file it wrote is sound.
init_here() {
  run_split "$PERFGATE" init "$@"
  expect_status 0
  local said="$output"
  run_split "$PERFGATE" config validate
  expect_status 0
  [ "$output" = "ci_cd_config.yml: ok" ]
  output="$said"
}

# in_folder NAME: an empty folder, as the current one.
in_folder() {
  rm -rf "$BATS_TEST_TMPDIR/$1"
  mkdir -p "$BATS_TEST_TMPDIR/$1"
  cd "$BATS_TEST_TMPDIR/$1" || return 1
}

# found COMMAND-OR-URL [BUILD]: the configuration starts the API so.
found() {
  run_split "$PERFGATE" config show
  if [[ $1 == http* ]]; then
    expect_match "$output" "target +$1 "
  else
    grep -qF "command: $1" ci_cd_config.yml || grep -qF "command: \"$1\"" ci_cd_config.yml ||
      { cat ci_cd_config.yml >&2; return 1; }
  fi
  [ $# -lt 2 ] || grep -qF "build: $2" ci_cd_config.yml || { cat ci_cd_config.yml >&2; return 1; }
}

shop() {
  cat >openapi.yaml <<'END'
openapi: 3.0.3
info: {title: shop, version: "1"}
servers: [{url: "https://shop.example/v2"}]
x-paging: &paging
  - {name: page, in: query, required: true, schema: {type: integer, minimum: 1, maximum: 9}}
  - {name: sort, in: query, schema: {type: string}}
paths:
  /items:
    get: {operationId: listItems, parameters: *paging, responses: {"200": {description: ok}}}
    post:
      operationId: createItem
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Item"}
      responses: {"201": {description: made}}
  /items/{itemId}:
    parameters:
      - {name: itemId, in: path, required: true, schema: {type: string, format: uuid}}
    get: {responses: {"200": {description: ok}}}
    delete: {responses: {"204": {description: gone}}}
  /login:
    post:
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, properties: {user: {type: string}, password: {type: string, example: canary-pw}}}
      responses: {"200": {description: ok}}
  /healthz:
    get: {responses: {"200": {description: ok}}}
components:
  schemas:
    Item:
      type: object
      required: [name, price]
      properties: {name: {type: string, example: lamp}, price: {type: number, minimum: 2}, note: {type: string}}
  securitySchemes:
    token: {type: http, scheme: bearer}
END
}

@test "init: where nothing is found, the file measures the reference API and says what to fill in" {
  init_here
  expect_match "$output" 'found  no API'
  expect_match "$output" 'wrote  ci_cd_config.yml'
  expect_match "$output" 'perfgate doctor'
  expect_match "$output" 'perfgate check --quick'
  grep -q '^target: reference' ci_cd_config.yml
  run_split "$PERFGATE" config show
  expect_match "$output" 'regression.enforce +warn +ci_cd_config.yml'
}

@test "init: an OpenAPI document becomes requests with values, and what is left out is named" {
  shop
  init_here
  expect_match "$output" 'found  openapi.yaml: 5 requests, 1 left out'
  grep -qF '  list_items: GET /v2/items?page=${int(1..9)}' ci_cd_config.yml
  grep -qF '  get_items_item_id: GET /v2/items/${uuid}' ci_cd_config.yml
  grep -qF '    json: {name: "lamp", price: 2}' ci_cd_config.yml
  grep -qF '    form: {user: "example", password: "example"}' ci_cd_config.yml
  grep -qF '  ready: /v2/healthz' ci_cd_config.yml
  grep -qF '#   DELETE /items/{itemId}: deletes' ci_cd_config.yml
  grep -qF '#   headers: {Authorization: "Bearer ${env(API_TOKEN)}"}' ci_cd_config.yml
  [[ "$(cat ci_cd_config.yml)" != *canary* ]]
}

@test "init: the reference API's own document, as JSON in a folder below" {
  mkdir -p service/api node_modules/x
  sed 's/{{version}}/1/' "$ROOT/templates/api/openapi.json" >service/api/openapi.json
  echo '{"openapi": "3.1.0", "paths": {"/wrong": {"get": {}}}}' >node_modules/x/openapi.json
  init_here
  expect_match "$output" 'found  service/api/openapi.json: 17 requests, 1 left out'
  [[ "$(cat ci_cd_config.yml)" != *wrong* ]]
}

@test "init: how the API is started, by the files that tell" {
  in_folder procfile && printf 'worker: x\nweb: gunicorn shop:app --bind :$PORT\n' >Procfile
  init_here && found 'gunicorn shop:app --bind :{port}'

  in_folder node && echo '{"scripts": {"start": "node s.js", "build": "tsc"}}' >package.json
  : >pnpm-lock.yaml
  init_here && found 'pnpm start' 'pnpm install --frozen-lockfile && pnpm run build'

  in_folder fastapi && mkdir app && printf 'from fastapi import FastAPI\n\napi: FastAPI = FastAPI(\n)\n' >app/main.py
  : >uv.lock
  init_here && found 'uv run uvicorn app.main:api --host 127.0.0.1 --port {port}'

  in_folder flask && printf 'app = Flask(__name__)\n' >app.py
  init_here && found 'flask --app app:app run --port {port}'

  in_folder django && : >manage.py
  init_here && found 'python3 manage.py runserver --noreload 127.0.0.1:{port}'

  in_folder go && mkdir -p cmd/api cmd/tool && echo 'module x' >go.mod
  printf 'package main\nimport "net/http"\n' >cmd/api/main.go
  printf 'package main\n' >cmd/tool/main.go
  init_here && found build/server 'go build -o build/server ./cmd/api'

  in_folder rust && printf '[package]\nname = "shop"\n[dependencies]\naxum = "0.7"\n' >Cargo.toml
  init_here && found target/release/shop

  in_folder make && printf 'PORT := 1\nrun: build\n\t./x\nbuild:\n\tcc x.c\n' >Makefile
  init_here && found 'make run' 'make build'

  in_folder docker && printf 'FROM a\nexpose 9/tcp\nFROM b\nEXPOSE \\\n 8080/tcp\nHEALTHCHECK CMD curl -f http://localhost:8080/up || exit 1\n' >Dockerfile
  init_here && found 'exec docker run --rm --init -p 127.0.0.1:{port}:8080 perfgate-target'
  grep -q '^  ready: /up$' ci_cd_config.yml
}

@test "init: a compose file gives the published port, and wins when it brings the data stores" {
  in_folder compose
  echo '{"scripts": {"start": "node s.js"}}' >package.json
  cat >compose.yaml <<'END'
x-defaults: &defaults {restart: always}
services:
  db: {image: "docker.io/library/postgres:16", ports: ["5432:5432"]}
  cache: {image: "redis:7"}
  web:
    <<: *defaults
    build: .
    ports: ["127.0.0.1:${WEB_PORT:-8123}:80/tcp"]
    healthcheck: {test: [CMD, curl, "-f", "http://localhost/live"]}
END
  init_here && found http://127.0.0.1:8123
  grep -q '^# PostgreSQL and Redis come with it' ci_cd_config.yml
  grep -q '^  ready: /live$' ci_cd_config.yml

  printf 'services: {web: {image: shop, ports: ["8123:80"]}}\n' >compose.yaml
  init_here --force && found 'npm start'
}

@test "init: a process of the folder that listens is the target" {
  need python3 setsid
  in_folder listening
  python3 -c '
import http.server
s = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()' >../port &
  local server=$!
  wait_until 10 test -s ../port
  status=0
  init_here || status=$?
  kill "$server"
  wait "$server" || true
  [ "$status" -eq 0 ]
  found "http://127.0.0.1:$(cat ../port)"
}

@test "init: a file that is there is kept without --force, also a link" {
  printf 'mine\n' >ci_cd_config.yml
  run_split "$PERFGATE" init
  expect_status 2
  expect_match "$errors" 'ci_cd_config.yml is there already: .*--force replaces it'
  [ "$(cat ci_cd_config.yml)" = mine ]
  run_split "$PERFGATE" init --dry-run
  expect_status 0
  expect_match "$output" 'performance_gates:'
  [ "$(cat ci_cd_config.yml)" = mine ]
  init_here --force

  ln -sf nowhere ci_cd_config.yml
  run_split "$PERFGATE" init
  expect_status 2
  [ ! -e nowhere ]
  init_here --force
  [ ! -e nowhere ]
  [ -z "$(find . -name '.perfgate-*')" ]
}

@test "init: --config names the file, and its folder is made" {
  run_split "$PERFGATE" init --config deep/gate.yml
  expect_status 0
  run_split "$PERFGATE" config validate --config deep/gate.yml
  expect_status 0
  [ ! -e ci_cd_config.yml ]
}

@test "init: the baseline branch is the repository's" {
  need git
  git init -q -b trunk .
  git -c user.name=t -c user.email=t@t.invalid commit -q --allow-empty -m x
  init_here
  grep -q '^baseline_branch: trunk$' ci_cd_config.yml
  git branch master
  init_here --force
  grep -q '^baseline_branch: master$' ci_cd_config.yml
}

@test "init: no secret of the files that are read or lie beside gets anywhere" {
  shop
  sed -i 's/example: lamp/example: lamp, x-token: canary-doc/' openapi.yaml
  printf 'API_KEY=canary-env\n' >.env
  printf 'web: TOKEN=canary-procfile ./serve\n' >Procfile
  printf 'services: {web: {build: ., env_file: .env, ports: ["80:80"], environment: {DB: canary-compose}}}\n' >compose.yaml
  printf 'FROM x\nENV KEY=canary-docker\nEXPOSE 80\n' >Dockerfile
  echo '{"scripts": {"start": "KEY=canary-node node s.js"}}' >package.json
  run_split "$PERFGATE" init --verbose
  expect_status 0
  [[ "$output$errors$(cat ci_cd_config.yml)" != *canary* ]]
}

@test "init: whatever a document holds, the file that is written is sound" {
  need python3
  python3 - <<'END'
import json, os, random
random.seed(6)
odd = ["", " ", "a b", "${uuid}", "${", "$", "{", "}", "{}", "\"", "'", "\\", "#", "# x", ": ", "- x", "null",
       "~", "yes", "0755", "1e5", "\n", "a\nb", "\t", "\u0007", "\u0085", "\u2028", "\ufeff", "\U0001f600", "é",
       "%", "%zz", "&a", "*a", "!t", "|", ">", "@f", "`", "x" * 700, "<<", "..", "/", "//", "/..", "?", "=", "-1",
       "[a]", "{a: b}", "a,b", "a:b", "${env(HOME)}", "${capture.x}", "${repeat(3)}", "$${x}", "{port}", "::set"]
def text(): return random.choice(odd)
def schema(depth=0):
    kind = random.choice(["string", "integer", "number", "boolean", "array", "object", "null", "odd", "none"])
    out = {"type": kind}
    if kind == "array": out["items"] = schema(depth + 1) if depth < 4 else {}
    if kind == "object": out["properties"] = {text(): schema(depth + 1) if depth < 4 else {} for _ in range(3)}
    for key, value in [("example", text()), ("enum", [text(), text()]), ("default", 1), ("minimum", random.choice([-1e300, 0, 5, "x"])),
                       ("maximum", random.choice([-7, 3, 1e300, None])), ("minLength", 9e9), ("maxLength", -1), ("format", text()),
                       ("minItems", 99), ("required", [text()]), ("$ref", "#/x/" + text()), ("allOf", [{"type": "string"}, {"type": "object"}]),
                       ("oneOf", []), ("anyOf", [7])]:
        if random.random() < 0.12: out[key] = value
    return out
def operation():
    out = {"operationId": text(), "parameters": [{"name": text(), "in": random.choice(["query", "path", "header", "cookie", "x"]),
            "required": random.choice([True, False, "x"]), "schema": schema()} for _ in range(random.randrange(3))]}
    if random.random() < 0.6:
        out["requestBody"] = {"content": {random.choice(["application/json", "application/x-www-form-urlencoded", "text/plain", "*/*", text()]):
            random.choice([{"schema": schema()}, {"example": [text(), {text(): text()}]}, {"examples": {"a": {"value": {text(): 1.5}}}}, 7])}}
    return random.choice([out] * 9 + [None, 7, [], text()])
for n in range(80):
    doc = {"openapi": "3.0.0", "servers": random.choice([[], [{"url": text()}], [{"url": "http://h/" + text()}], 7]),
           "components": {"securitySchemes": random.choice([{}, 7, {"a": {"type": "apiKey", "in": "header", "name": text()}}])},
           "paths": {random.choice(["/", "", "/x/"]) + text() + random.choice(["", "/{id}", "/{" + text() + "}", "{"]):
                     {m: operation() for m in random.sample(["get", "put", "post", "patch", "head", "delete", "x"], 3)} for _ in range(6)}}
    os.makedirs(f"odd{n}")
    with open(f"odd{n}/openapi.json", "w") as out: json.dump(doc, out, ensure_ascii=False)
END
  local folder
  for folder in odd*; do
    cd "$BATS_TEST_TMPDIR/$folder"
    init_here || { cat openapi.json ci_cd_config.yml >&2; return 1; }
    [[ "$errors" != *"is left out"* ]] || { printf '%s\n' "$errors" >&2; return 1; }
  done
}

@test "init: files that are no documents, too large, links or pipes do no harm" {
  need timeout
  printf 'not: [a document\n' >openapi.yaml
  ln -s /etc/passwd swagger.json
  mkfifo Procfile
  head -c 9000000 /dev/zero | tr '\0' ' ' >openapi.json
  echo '[]' >package.json
  printf 'services: 7\n' >compose.yaml
  run_split timeout 20 "$PERFGATE" init
  expect_status 0
  expect_match "$output" 'found  no API'
}
