#!/usr/bin/env bats
# Models and data sets of the reference API: how good, where kept, when made.

load ../helper
load serve

setup_file() {
  start_server "$BATS_FILE_TMPDIR/main"
}

teardown_file() {
  [ ! -r "$BATS_FILE_TMPDIR/main/pid" ] || stop_server "$BATS_FILE_TMPDIR/main"
}

setup_more() {
  need curl python3 psql redis-cli
  MAIN="$BATS_FILE_TMPDIR/main"
  URL="$(cat "$MAIN/url")"
  SOCKETS="$(own_database_socket "$MAIN")"
  REDIS="$(own_redis_socket "$MAIN")"
}

sql() {
  psql -q -At -h "$SOCKETS" -U perfgate -d "${DATABASE:-perfgate}" -c "$1"
}

# A database of the main server's PostgreSQL; the server that is started next uses it.
new_database() {
  sql "CREATE DATABASE $1"
  DATABASE="$1"
}

# serve_external FOLDER ARGUMENT…: on $DATABASE and the main server's Redis; waits until it is ready.
serve_external() {
  local folder="$1"
  shift
  mkdir -p "$folder"
  DATABASE_URL="postgresql:///$DATABASE?host=$SOCKETS&user=perfgate" REDIS_URL="unix:$REDIS" \
    "$PERFGATE" serve --port 0 "$@" >"$folder/out" 2>"$folder/err" 3>&- &
  echo $! >"$folder/pid"
}

wait_ready() {
  wait_until 120 grep -q 'ready on' "$1/out"
  URL="$(sed -n 's/.*ready on //p' "$1/out")"
}

refused() { # refused ARGUMENT…: serve on $DATABASE ends by itself
  DATABASE_URL="postgresql:///$DATABASE?host=$SOCKETS&user=perfgate" REDIS_URL="unix:$REDIS" \
    run_split "$PERFGATE" serve --port 0 "$@"
}

versions() {
  ask GET /health/models
  json '" ".join(d["models"][m]["version"] for m in ("lstm", "transformer", "ensemble"))'
}

@test "lstm and transformer explain at least 0.9 of the published risk where they did not learn" {
  python3 "$ROOT/tests/harness/api_models.py" "$URL" "$SOCKETS" | tee said
  [ "$(grep -c 'R2 0.9' said)" = 2 ]
}

@test "/health/models says how good the fit is, with the version of each model" {
  ask GET /health/models
  expect_json 'd["models"]["lstm"]["r2"] >= 0.9 and d["models"]["transformer"]["r2"] >= 0.9' True
  expect_json 'all(m["version"].startswith("2-") for m in d["models"].values())' True
  expect_json 'len({m["version"] for m in d["models"].values()})' 3
}

@test "the model types answer differently, with the same factors" {
  local model scores=""
  for model in lstm transformer ensemble; do
    ask POST /predict/single "{$PLACE, \"target_date\": \"2023-03-20\", \"include_factors\": true, \"model_type\": \"$model\"}"
    expect_code 200
    expect_json 'd["model_used"]' "$model"
    scores="$scores $(json 'd["risk_score"]')"
    json 'd["factors"]' >"factors.$model"
  done
  [ "$(tr ' ' '\n' <<<"$scores" | grep -c .)" = 3 ]
  [ "$(tr ' ' '\n' <<<"$scores" | grep . | sort -u | wc -l)" = 3 ]
  cmp factors.lstm factors.transformer
  cmp factors.lstm factors.ensemble
}

@test "two servers that filled their own database give the same answers" {
  local own="$BATS_TEST_TMPDIR/own" here there
  local region="{\"bounds\": {\"north\": 2, \"south\": -3, \"east\": 38, \"west\": 34}, \"resolution\": 0.25, $DATE}"
  here="$(versions)"
  ask POST /predict/spatial "$region"
  cp .body first
  # A private one may be a copy of what an earlier start filled.
  new_database filled_anew
  serve_external "$own" --init
  wait_ready "$own"
  there="$(versions)"
  redis-cli -s "$REDIS" --scan --pattern 'malaria:spatial:*' | xargs -r redis-cli -s "$REDIS" DEL >/dev/null
  ask POST /predict/spatial "$region"
  stop_server "$own"
  [ "$here" = "$there" ]
  cmp first .body
}

@test "the models are in the store, and the same bytes in the cache for about 7 days" {
  local model version
  for model in lstm transformer; do
    version="$(sql "SELECT version FROM models WHERE name = '$model'")"
    sql "SELECT encode(parameters, 'hex') FROM models WHERE name = '$model'" >stored
    redis-cli -s "$REDIS" --raw GET "malaria:model:$model:$version" | head -c -1 | od -An -v -tx1 | tr -d ' \n' >cached
    echo >>cached
    cmp stored cached
    # 7 d +- 10 %
    expect_match "$(redis-cli -s "$REDIS" TTL "malaria:model:$model:$version")" '^(5[4-9]|6[0-6])[0-9]{4}$'
  done
}

@test "RD-08: a poisoned model in the cache is not believed and written anew" {
  local own="$BATS_TEST_TMPDIR/own" before key
  before="$(versions)"
  key="malaria:model:lstm:${before%% *}"
  redis-cli -s "$REDIS" SET "$key" 'PGNET0020 is not a network' >/dev/null
  DATABASE=perfgate
  serve_external "$own"
  wait_ready "$own"
  [ "$(versions)" = "$before" ]
  stop_server "$own"
  [ "$(redis-cli -s "$REDIS" STRLEN "$key")" -gt 10000 ]
}

@test "models that are missing are fitted with --init only, and are the same again" {
  local own="$BATS_TEST_TMPDIR/own" before
  before="$(versions)"
  new_database unfitted
  serve_external "$own" --init
  wait_ready "$own"
  stop_server "$own"
  sql 'DELETE FROM models'
  refused
  expect_status 2
  expect_match "$errors" 'no models .*`perfgate serve --init`'
  serve_external "$own" --init
  wait_ready "$own"
  [ "$(versions)" = "$before" ]
  stop_server "$own"
}

@test "a damaged model in the store is refused by name" {
  local own="$BATS_TEST_TMPDIR/own"
  new_database damaged
  serve_external "$own" --init
  wait_ready "$own"
  stop_server "$own"
  sql "UPDATE models SET parameters = '\\x00' WHERE name = 'transformer'"
  redis-cli -s "$REDIS" --scan --pattern 'malaria:model:*' | xargs -r redis-cli -s "$REDIS" DEL >/dev/null
  refused
  expect_status 3
  expect_match "$errors" 'model transformer .* is damaged'
}

@test "of two servers that meet an empty database one fills it, and both serve" {
  local a="$BATS_TEST_TMPDIR/a" b="$BATS_TEST_TMPDIR/b"
  new_database shared
  serve_external "$a" --init
  serve_external "$b" --init
  wait_ready "$a"
  wait_ready "$b"
  [ "$(sql 'SELECT count(*) FROM era5_data_points')" = 130305 ]
  [ "$(sql 'SELECT count(*), count(DISTINCT name) FROM models')" = '2|2' ]
  stop_server "$a"
  expect_status 0
  stop_server "$b"
  expect_status 0
}

@test "a database with another data set is refused, and so is one that was not filled by serve" {
  DATABASE=perfgate
  refused --data-set full
  expect_status 2
  expect_match "$errors" 'holds the data set `quick`'
  new_database foreign_tables
  sql 'CREATE TABLE era5_data_points (x int)'
  refused --init
  expect_status 2
  expect_match "$errors" 'empty database'
  [ "$(sql 'SELECT count(*) FROM era5_data_points')" = 0 ]
}

@test "the full data set has four years and more places, and the quick one inside" {
  local own="$BATS_TEST_TMPDIR/own" inside="latitude BETWEEN -3 AND 2 AND longitude BETWEEN 34 AND 38 AND timestamp >= '2023-01-01'"
  local sums='count(*), sum(temperature_2m)::numeric(14, 2), sum(total_precipitation)::numeric(14, 2), sum(relative_humidity_2m)::numeric(14, 2)'
  local quick
  quick="$(sql "SELECT $sums FROM era5_data_points")"
  start_server "$own" --data-set full
  URL="$(cat "$own/url")"
  SOCKETS="$(own_database_socket "$own")"
  ask GET /info
  expect_json '[d["coverage"][k] for k in ("data_set", "south", "north", "west", "east", "first_year", "last_year")]' "['full', -5.0, 5.0, 33.0, 41.25, 2020, 2023]"
  expect_json 'd["environment"]["data_set"]' full
  [ "$(sql 'SELECT count(*) FROM era5_data_points')" = 2036634 ]
  [ "$(sql "SELECT $sums FROM era5_data_points WHERE $inside")" = "$quick" ]
  ask GET /health/models
  expect_json 'd["models"]["lstm"]["r2"] >= 0.9 and d["models"]["transformer"]["r2"] >= 0.9' True
  # A year of its own, unlike the quick set, and a series over three of them.
  ask POST /predict/single "{\"location\": {\"latitude\": 4.9, \"longitude\": 41.2}, \"target_date\": \"2020-02-29\"}"
  expect_code 200
  local leap
  leap="$(json 'd["risk_score"]')"
  ask POST /predict/single "{\"location\": {\"latitude\": 4.9, \"longitude\": 41.2}, \"target_date\": \"2023-02-28\"}"
  expect_json "d['risk_score'] != $leap" True
  ask POST /predict/time-series "{$PLACE, \"start_date\": \"2019-12-20\", \"end_date\": \"2020-12-18\", \"interval_days\": 30}"
  expect_code 200
  json '"\n".join("%s %s" % (p["date"], p["risk_score"]) for p in d["time_series"])' >series
  redis-cli -s "$(own_redis_socket "$own")" --scan --pattern 'malaria:prediction:*' |
    xargs -r redis-cli -s "$(own_redis_socket "$own")" DEL >/dev/null
  local date score
  while read -r date score; do
    ask POST /predict/single "{$PLACE, \"target_date\": \"$date\"}"
    expect_match "$head" 'X-Cache: MISS'
    expect_json 'd["risk_score"]' "$score"
  done <series
  stop_server "$own"
}
