# The reference API as a server of its own: start and stop it, ask it, find its private services.
# Loaded after tests/helper.bash.

JSON='Content-Type: application/json'
PLACE='"location": {"latitude": -0.1, "longitude": 34.75, "name": "Kisumu"}'
DATE='"target_date": "2024-05-01"'
export PLACE DATE

# start_server FOLDER ARGUMENT…: the URL and the process id stand in files of the folder.
# $SERVE_PORT is its port when it must be a certain one.
start_server() {
  local folder="$1" i
  shift
  mkdir -p "$folder"
  env -u DATABASE_URL -u REDIS_URL -u LOAD_TEST_DATABASE_URL -u LOAD_TEST_REDIS_URL \
    "$PERFGATE" serve --port "${SERVE_PORT:-0}" "$@" >"$folder/out" 2>"$folder/err" 3>&- &
  echo $! >"$folder/pid"
  for i in $(seq 600); do
    grep -q 'ready on' "$folder/out" && break
    kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
    sleep 0.05
  done
  sed -n 's/.*ready on //p' "$folder/out" >"$folder/url"
  [ -s "$folder/url" ] || { cat "$folder/err" >&2; return 1; }
}

# stop_server FOLDER: $status is how it ended.
stop_server() {
  status=0
  kill -TERM "$(cat "$1/pid")"
  wait "$(cat "$1/pid")" || status=$?
}

# ask METHOD PATH [BODY [CURL ARGUMENT…]]: $code, $head (lower-case names) and $body.
ask() {
  local method="$1" path="$2" data="${3-}"
  shift 2
  [ $# -eq 0 ] || shift
  [ -z "$data" ] || set -- -H "$JSON" --data-binary "$data" "$@"
  code="$(curl -s --max-time 20 -X "$method" -D .head -o .body -w '%{http_code}' "$@" "$URL$path")"
  head="$(tr -d '\r' <.head)"
  body="$(cat .body)"
}

# json EXPRESSION: evaluated with the body as `d`; prints the value.
json() {
  python3 -c 'import json,sys; d=json.load(open(".body")); print(eval(sys.argv[1]))' "$1"
}

expect_code() {
  [ "$code" = "$1" ] && return 0
  printf 'expected %s, got %s\n%s\n%s\n' "$1" "$code" "$head" "$body" >&2
  return 1
}

expect_json() {
  local got
  got="$(json "$1")"
  [ "$got" = "$2" ] && return 0
  printf '%s is %s, expected %s\n%s\n' "$1" "$got" "$2" "$body" >&2
  return 1
}

# model_label: type and version of the default model, as cache keys end with.
model_label() {
  curl -s --max-time 20 "$URL/health/models" |
    python3 -c 'import json,sys; print("ensemble." + json.load(sys.stdin)["models"]["ensemble"]["version"])'
}

# own_folder FOLDER: where the server keeps its private services, from the command line of its Redis.
own_folder() {
  local pid
  pid="$(pgrep -P "$(cat "$1/pid")" redis-server)"
  tr '\0' ' ' <"/proc/$pid/cmdline" | grep -oE '/(dev/shm|tmp)/pfg-[^/ :]*' | head -1
}

own_redis_socket() {
  find "$(own_folder "$1")" -name '*.sock' | head -1
}

own_database_socket() {
  dirname "$(find "$(own_folder "$1")" -name '.s.PGSQL.*' ! -name '*.lock' | head -1)"
}

own_redis_pid() {
  pgrep -P "$(cat "$1/pid")" redis-server
}

own_postgres_pid() {
  pgrep -P "$(cat "$1/pid")" postgres
}
