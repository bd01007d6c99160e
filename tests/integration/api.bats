#!/usr/bin/env bats
# The reference API on a real PostgreSQL and a real Redis: one server for the whole file.

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
  need curl python3 redis-cli
  if [ -r "$BATS_FILE_TMPDIR/main/url" ]; then URL="$(cat "$BATS_FILE_TMPDIR/main/url")"; fi
}

@test "every GET route answers" {
  local path
  for path in / /info /health/ /health/detailed /health/models /health/readiness /health/liveness /metrics /openapi.json /dashboard /dashboard.css /dashboard.js /dashboard.svg; do
    ask GET "$path"
    expect_code 200
    expect_match "$head" 'X-Request-ID: [0-9a-f]{16}'
  done
}

@test "/info says what the services are, what the data covers and how the models differ" {
  ask GET /info
  expect_json 'd["environment"]["private"]' True
  expect_json 'd["environment"]["data_set"]' quick
  expect_json 'd["environment"]["postgresql_settings"]["fsync"]' off
  expect_match "$(json 'd["environment"]["postgresql_version"]')" '^[0-9]+\.[0-9]+$'
  expect_match "$(json 'd["environment"]["redis_version"]')" '^[0-9]+\.[0-9]+'
  expect_match "$(json 'd["models"]["note"]')" 'fitted to a mechanistic risk'
  expect_match "$(json 'd["purpose"]')" 'not medical advice'
  expect_json '[d["coverage"][k] for k in ("data_set", "south", "north", "west", "east", "first_year", "last_year")]' "['quick', -3.0, 2.0, 34.0, 38.0, 2023, 2023]"
}

@test "/health/ has the promised members" {
  ask GET /health/
  expect_json 'd["status"]' healthy
  expect_json 'sorted(d)' "['data_sources', 'models_loaded', 'status', 'system_metrics', 'timestamp', 'uptime_seconds', 'version']"
  ask GET /health/models
  expect_json 'd["total_models"], d["healthy_models"], len(d["models"])' '(3, 3, 3)'
}

@test "a single prediction is a miss, then a hit with the same body" {
  ask POST /predict/single "{$PLACE, \"target_date\": \"2021-04-07\", \"include_factors\": true}"
  expect_code 200
  expect_match "$head" 'X-Cache: MISS'
  expect_match "$head" 'Server-Timing: cache;desc=miss;dur=[0-9.]+, db;dur=[0-9.]+, model;dur=[0-9.]+'
  cp .body first
  ask POST /predict/single "{$PLACE, \"target_date\": \"2021-04-07\", \"include_factors\": true}"
  expect_match "$head" 'X-Cache: HIT'
  expect_match "$head" 'Server-Timing: cache;desc=hit;dur=[0-9.]+, model;dur='
  cmp first .body
  expect_json 'd["location"]["name"]' Kisumu
  expect_json 'd["location"]["cell"]' "{'latitude': 0.0, 'longitude': 34.75}"
  expect_json '0 <= d["risk_score"] <= 1 and d["uncertainty"] > 0' True
  expect_json 'd["confidence_interval"][0] <= d["risk_score"] <= d["confidence_interval"][1]' True
  expect_json 'd["model_used"], d["prediction_horizon"], d["target_date"]' "('ensemble', 7, '2021-04-07')"
  expect_json 'sorted(d["factors"])' "['humidity', 'rainfall', 'temperature', 'vegetation']"
}

@test "the horizon is answered from the same cached document and widens the uncertainty" {
  local last=0 horizon uncertainty
  for horizon in 1 3 7 14 30; do
    ask POST /predict/single "{$PLACE, \"target_date\": \"2021-04-08\", \"prediction_horizon\": $horizon}"
    expect_code 200
    [ "$horizon" = 1 ] || expect_match "$head" 'X-Cache: HIT'
    uncertainty="$(json 'int(d["uncertainty"] * 10000)')"
    [ "$uncertainty" -gt "$last" ]
    last="$uncertainty"
  done
}

@test "a date of another year uses the same calendar day, 29 February the 28th" {
  local score
  ask POST /predict/single "{$PLACE, \"target_date\": \"2023-02-28\"}"
  score="$(json 'd["risk_score"]')"
  ask POST /predict/single "{$PLACE, \"target_date\": \"2024-02-29\"}"
  expect_json 'd["risk_score"]' "$score"
  ask POST /predict/single "{$PLACE, \"target_date\": \"1999-02-28\"}"
  expect_json 'd["risk_score"]' "$score"
}

@test "a batch answers each location in order, and says which have no data" {
  ask POST /predict/batch "{\"locations\": [{\"latitude\": 1, \"longitude\": 35}, {\"latitude\": 60, \"longitude\": 10}, {\"latitude\": -1, \"longitude\": 37}, {\"latitude\": 1, \"longitude\": 35}], $DATE}"
  expect_code 200
  expect_json 'd["total_locations"], d["successful_predictions"], d["failed_predictions"]' '(4, 3, 1)'
  expect_json '[p["location"]["longitude"] for p in d["predictions"]]' '[35.0, 10.0, 37.0, 35.0]'
  expect_json 'd["predictions"][1]["error"]' no_climate_data
  expect_json 'd["predictions"][0]["risk_score"] == d["predictions"][3]["risk_score"]' True
  expect_match "$head" 'cache;desc=miss;hits=0;misses=3;dur='
}

@test "a batch that is partly cached says so and agrees with single predictions" {
  local place='{"latitude": -2, "longitude": 36}'
  ask POST /predict/single "{\"location\": $place, $DATE}"
  local score
  score="$(json 'd["risk_score"]')"
  ask POST /predict/batch "{\"locations\": [$place, {\"latitude\": -2.25, \"longitude\": 36}], $DATE}"
  expect_match "$head" 'X-Cache: PARTIAL'
  expect_match "$head" 'cache;desc=partial;hits=1;misses=1;dur='
  expect_json 'd["predictions"][0]["risk_score"]' "$score"
}

@test "a region has a point for each step, cached as one document" {
  local region="{\"bounds\": {\"north\": 1, \"south\": 0, \"east\": 35.5, \"west\": 34.5}, \"resolution\": 0.25, $DATE}"
  ask POST /predict/spatial "$region"
  expect_code 200
  expect_match "$head" 'X-Cache: MISS'
  expect_json 'd["grid_info"]["dimensions"]' "{'lat_points': 5, 'lon_points': 5}"
  expect_json 'd["grid_info"]["total_points"], d["grid_info"]["successful_points"], len(d["predictions"])' '(25, 25, 25)'
  cp .body first
  ask POST /predict/spatial "$region"
  expect_match "$head" 'X-Cache: HIT'
  cmp first .body
  python3 -c '
import json; d = json.load(open("first"))
print([p["risk_score"] for p in d["predictions"] if p["latitude"] == 0.5 and p["longitude"] == 35][0])' >score
  ask POST /predict/single "{\"location\": {\"latitude\": 0.5, \"longitude\": 35}, $DATE}"
  expect_json 'd["risk_score"]' "$(cat score)"
}

@test "a region that reaches over the coverage answers the part that has data" {
  ask POST /predict/spatial "{\"bounds\": {\"north\": 3, \"south\": 1.5, \"east\": 34.5, \"west\": 33}, \"resolution\": 0.5, $DATE}"
  expect_code 200
  expect_json 'd["grid_info"]["total_points"], d["grid_info"]["successful_points"]' '(16, 4)'
}

@test "a time series agrees with single predictions, around the new year too" {
  ask POST /predict/time-series "{$PLACE, \"start_date\": \"2022-12-20\", \"end_date\": \"2023-12-20\", \"interval_days\": 30}"
  expect_code 200
  expect_json 'len(d["time_series"]), d["summary_statistics"]["points"]' '(13, 13)'
  python3 -c '
import json; d = json.load(open(".body"))
for p in d["time_series"]: print(p["date"], p["risk_score"], p["uncertainty"])' >series
  local date score uncertainty socket
  socket="$(own_redis_socket "$BATS_FILE_TMPDIR/main")"
  while read -r date score uncertainty; do
    # Points of a series and of a single request share their keys: make sure it is computed.
    redis-cli -s "$socket" --scan --pattern 'malaria:prediction:*' | xargs -r redis-cli -s "$socket" DEL >/dev/null
    ask POST /predict/single "{$PLACE, \"target_date\": \"$date\"}"
    expect_match "$head" 'X-Cache: MISS'
    expect_json '(d["risk_score"], d["uncertainty"])' "($score, $uncertainty)"
  done <series
}

@test "API-20: what cannot be answered is 4xx with code, message and path" {
  local row method path data want
  while IFS='|' read -r method path data want; do
    ask "$method" "$path" "$data"
    expect_code "$want"
    expect_json 'sorted(d["error"])' "['code', 'message', 'path', 'timestamp']"
    expect_json 'd["error"]["path"]' "$path"
  done <<ROWS
GET|/nothing||404
GET|/predict/single||405
DELETE|/info||405
POST|/predict/single|{|400
POST|/predict/single|{"a": 1, "a": 1}|400
POST|/predict/single|{"location": {"latitude": NaN, "longitude": 0}, $DATE}|400
POST|/predict/single|{"location": {"latitude": 91, "longitude": 0}, $DATE}|422
POST|/predict/single|{$PLACE, "target_date": "2023-02-30"}|422
POST|/predict/single|{"location": {"latitude": 50, "longitude": 10}, $DATE}|404
POST|/predict/batch|{"locations": [], $DATE}|422
POST|/predict/batch|{"locations": [{"latitude": 50, "longitude": 10}], $DATE}|404
POST|/predict/spatial|{"bounds": {"north": 90, "south": -90, "east": 180, "west": -180}, $DATE}|400
POST|/predict/spatial|{"bounds": {"north": 51, "south": 50, "east": 11, "west": 10}, $DATE}|404
POST|/predict/time-series|{$PLACE, "start_date": "2020-01-01", "end_date": "2021-01-02"}|400
POST|/predict/time-series|{"location": {"latitude": 50, "longitude": 10}, "start_date": "2020-01-01", "end_date": "2020-01-02"}|404
ROWS
}

@test "API-20: a million locations are refused" {
  python3 -c 'print("{\"target_date\": \"2024-05-01\", \"locations\": [" + ",".join(["{}"] * 1000000) + "]}")' >big
  ask POST /predict/batch @big
  expect_code 422
  expect_match "$body" 'locations: must be a list of 1 to 100'
}

@test "API-21: a body of another type is 415" {
  ask POST /predict/single '' -H 'Content-Type: text/plain' --data-binary "{$PLACE, $DATE}"
  expect_code 415
  ask POST /predict/single '' -H 'Content-Type:' --data-binary "{$PLACE, $DATE}"
  expect_code 415
}

@test "API-10: a body over 10 MB is 413" {
  head -c 10000001 /dev/zero >big
  ask POST /predict/single @big -H 'Expect:'
  expect_code 413
}

@test "large answers are compressed when asked, and the same" {
  local region="{\"bounds\": {\"north\": 1, \"south\": 0, \"east\": 36, \"west\": 34}, $DATE}"
  ask POST /predict/spatial "$region"
  cp .body plain
  ask POST /predict/spatial "$region" -H 'Accept-Encoding: gzip'
  expect_match "$head" 'Content-Encoding: gzip'
  gzip -dc <.body | cmp - plain
}

@test "metrics count what was asked" {
  ask GET /health/liveness
  ask GET /metrics
  expect_match "$head" 'Content-Type: text/plain; version=0.0.4'
  expect_match "$body" 'malaria_api_requests_total\{endpoint="/health/liveness",method="GET",status="200"\} [1-9]'
  expect_match "$body" 'malaria_database_connections\{state="max"\} 50'
  expect_match "$body" 'malaria_cache_memory_usage_bytes [1-9]'
}

@test "RD-08: a poisoned cache value is a miss, deleted and written anew" {
  local folder="$BATS_TEST_TMPDIR/own" socket key request="{$PLACE, \"target_date\": \"2020-06-01\"}"
  start_server "$folder"
  URL="$(cat "$folder/url")"
  ask POST /predict/single "$request"
  cp .body first
  socket="$(own_redis_socket "$folder")"
  key="malaria:prediction:0.00:34.75:2020-06-01:$(model_label)"
  [ "$(redis-cli -s "$socket" EXISTS "$key")" = 1 ]
  redis-cli -s "$socket" SET "$key" '{"risk": 1}' >/dev/null
  ask POST /predict/single "$request"
  expect_match "$head" 'X-Cache: MISS'
  cmp first .body
  expect_match "$(redis-cli -s "$socket" GET "$key")" '^\[1,1,'
  expect_match "$(redis-cli -s "$socket" TTL "$key")" '^(19[4-9][0-9]{2}|2[0-3][0-9]{3})$'
  stop_server "$folder"
}

@test "RD-01: without Redis the answers are the same, slower, and health says degraded" {
  local folder="$BATS_TEST_TMPDIR/own" request="{$PLACE, \"target_date\": \"2020-06-01\"}"
  start_server "$folder"
  URL="$(cat "$folder/url")"
  ask POST /predict/single "$request"
  cp .body first
  kill -KILL "$(pgrep -P "$(cat "$folder/pid")" redis-server)"
  ask POST /predict/single "$request"
  expect_code 200
  cmp first .body
  expect_match "$head" 'cache;desc=error'
  [[ "$head" != *X-Cache* ]]
  degraded() { ask GET /health/ && [ "$(json 'd["status"]')" = degraded ]; }
  wait_until 10 degraded
  stop_server "$folder"
}

@test "an injected latency, error and cache miss happen where they were asked for" {
  local folder="$BATS_TEST_TMPDIR/own" request="{$PLACE, $DATE}"
  start_server "$folder" --inject latency=300ms@/predict/single --inject errors=100%@/predict/batch --inject cache-miss=100%@/predict/single
  URL="$(cat "$folder/url")"
  ask POST /predict/single "$request"
  ask POST /predict/single "$request" -w '%{time_total} '
  expect_match "$head" 'X-Cache: MISS'
  expect_match "$code" '^[0-9]'
  python3 -c 'import sys; sys.exit(float(sys.argv[1].split()[0]) < 0.3)' "$code"
  ask POST /predict/batch "{\"locations\": [{\"latitude\": 0, \"longitude\": 35}], $DATE}"
  expect_code 500
  expect_json 'd["error"]["code"]' injected_error
  ask GET /health/readiness
  expect_code 200
  stop_server "$folder"
}

@test "API-25: SIGTERM lets a request under way finish, exits 0 and leaves nothing" {
  local folder="$BATS_TEST_TMPDIR/own" children
  start_server "$folder" --inject latency=60s
  URL="$(cat "$folder/url")"
  children="$(pgrep -P "$(cat "$folder/pid")")"
  curl -s --max-time 30 -o late -w '%{http_code}' -H "$JSON" -d "{$PLACE, $DATE}" "$URL/predict/single" >late.code &
  local client=$!
  counted() { ask GET /metrics && grep -q 'endpoint="/predict/single"' .body; }
  wait_until 10 counted
  stop_server "$folder"
  expect_status 0
  wait "$client"
  [ "$(cat late.code)" = 200 ]
  python3 -c 'import json; json.load(open("late"))["risk_score"]'
  gone() { local pid; for pid in $children; do [ ! -d "/proc/$pid" ] || return 1; done; }
  wait_until 10 gone
}

@test "SIGKILL of the server leaves no PostgreSQL and no Redis" {
  local folder="$BATS_TEST_TMPDIR/own" children
  start_server "$folder"
  children="$(pgrep -P "$(cat "$folder/pid")")"
  [ "$(wc -w <<<"$children")" -ge 2 ]
  kill -KILL "$(cat "$folder/pid")"
  gone() { local pid; for pid in $children; do [ ! -d "/proc/$pid" ] || return 1; done; }
  wait_until 20 gone
}

@test "API-02: a port that is taken is told" {
  run_split "$PERFGATE" serve --port "${URL##*:}"
  expect_status 3
  expect_match "$errors" "port ${URL##*:}"
  [ -z "$output" ]
}

@test "API-01: another address than loopback is warned about, and takes any Host" {
  local folder="$BATS_TEST_TMPDIR/own"
  start_server "$folder" --bind 0.0.0.0
  expect_match "$(cat "$folder/err")" 'warning: --bind 0.0.0.0'
  URL="http://127.0.0.1:$(sed 's/.*://' "$folder/url")"
  ask GET /health/liveness '' -H 'Host: api.example:8000'
  expect_code 200
  stop_server "$folder"
  expect_status 0
  URL="$(cat "$BATS_FILE_TMPDIR/main/url")"
  ask GET /health/liveness '' -H 'Host: api.example:8000'
  expect_code 400
}

@test "a stop while starting is orderly" {
  local folder="$BATS_TEST_TMPDIR/own" children
  mkdir "$folder"
  "$PERFGATE" serve --port 0 >"$folder/out" 2>"$folder/err" 3>&- &
  echo $! >"$folder/pid"
  started() { children="$(pgrep -P "$(cat "$folder/pid")")"; }
  wait_until 10 started
  stop_server "$folder"
  expect_status 0
  gone() { local pid; for pid in $children; do [ ! -d "/proc/$pid" ] || return 1; done; }
  wait_until 20 gone
}

@test "an external database is filled with --init only, and once" {
  need psql
  local folder="$BATS_TEST_TMPDIR/own" host
  host="$(own_database_socket "$BATS_FILE_TMPDIR/main")"
  psql -q -h "$host" -U perfgate -d perfgate -c 'CREATE DATABASE external'
  export LOAD_TEST_DATABASE_URL="postgresql:///external?host=$host&user=perfgate"
  REDIS="unix:$(own_redis_socket "$BATS_FILE_TMPDIR/main")"
  REDIS_URL="$REDIS" run_split "$PERFGATE" serve --port 0
  expect_status 2
  expect_match "$errors" 'serve --init'
  local round before=""
  for round in 1 2; do
    mkdir -p "$folder"
    REDIS_URL="$REDIS" "$PERFGATE" serve --port 0 --init >"$folder/out" 2>"$folder/err" 3>&- &
    echo $! >"$folder/pid"
    wait_until 20 grep -q 'ready on' "$folder/out"
    URL="$(sed -n 's/.*ready on //p' "$folder/out")"
    ask GET /info
    expect_json 'd["environment"]["private"]' False
    ask POST /predict/single "{$PLACE, $DATE}"
    expect_code 200
    stop_server "$folder"
    expect_status 0
    psql -At -h "$host" -U perfgate -d external \
      -c "SELECT count(*), sum(temperature_2m)::numeric(12, 2) FROM era5_data_points" \
      -c "SELECT relpersistence, oid FROM pg_class WHERE relname = 'era5_data_points'" >"state$round"
  done
  expect_match "$(head -1 state1)" '^130305\|'
  expect_match "$(tail -1 state1)" '^p\|'
  cmp state1 state2
}

@test "ENV-11, ENV-13: a malformed database URL is exit 2 and shows nothing of the password" {
  local url
  for url in 'postgresql://user:s3cr%zzet@127.0.0.1/db' 'postgresql://user:s3cr/et@127.0.0.1/db'; do
    DATABASE_URL="$url" run_split "$PERFGATE" serve --port 0
    expect_status 2
    [[ "$output$errors" != *s3cr* ]]
  done
}

@test "ENV-14: a malformed Redis URL is exit 2" {
  local url
  for url in redis://127.0.0.1/text redis://127.0.0.1/-1 rediss://127.0.0.1; do
    REDIS_URL="$url" run_split "$PERFGATE" serve --port 0
    expect_status 2
    expect_match "$errors" 'Redis URL'
  done
}

@test "a database that cannot be reached is exit 3, never a private one instead" {
  LOAD_TEST_DATABASE_URL=postgresql://u:s3cret@127.0.0.1:1/db run_split "$PERFGATE" serve --port 0
  expect_status 3
  expect_match "$errors" 'connection refused'
  [[ "$errors" != *s3cret* ]]
}

@test "mistakes in options are exit 2" {
  local option
  for option in '--port 65536' '--port x' '--inject speed=3' '--inject errors=1%@/predict/singel' \
    '--data-set huge' '--bind localhost' '--threads 1000'; do
    run_split "$PERFGATE" serve --port 0 $option
    expect_status 2
  done
}
