#!/usr/bin/env bats
# The reference API while its PostgreSQL and its Redis are killed, frozen, full or restarted under it.

load ../helper
load serve

# Most faults heal: one server for all of them. What does not heal gets a server of its own.
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
  need curl jq python3 redis-cli psql setpriv
  OWN="$BATS_TEST_TMPDIR/own"
  LOAD=""
  RESPAWNED=""
  meet "$BATS_FILE_TMPDIR/main"
}

# Everything that a test started and did not end.
teardown() {
  local pid
  for pid in $LOAD $RESPAWNED; do
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  thaw_all
  [ ! -r "$OWN/pid" ] || stop_server "$OWN" 2>/dev/null || :
}

# meet FOLDER: the server there, and its services.
meet() {
  FOLDER="$1"
  URL="$(cat "$FOLDER/url")"
  SOCKET="$(own_redis_socket "$FOLDER")"
  DATABASE="$(own_database_socket "$FOLDER")"
  REDIS_PID="$(own_redis_pid "$FOLDER")"
  POSTGRES_PID="$(own_postgres_pid "$FOLDER")"
}

# A server for this test alone.
serve() {
  start_server "$OWN" "$@"
  meet "$OWN"
}

# The postmaster and its backends: a stop of the first alone stops none of the others.
postgres_pids() {
  echo "$POSTGRES_PID" "$(pgrep -P "$POSTGRES_PID")"
}

thaw_all() {
  # shellcheck disable=SC2046 # a list of numbers
  kill -CONT "$REDIS_PID" $(postgres_pids) 2>/dev/null || :
}

start_load() {
  python3 "$ROOT/tests/integration/api_load.py" "$URL" "$BATS_TEST_TMPDIR/state" 3>&- &
  LOAD=$!
  wait_until 20 asked 100
}

stop_load() {
  kill -TERM "$LOAD"
  wait "$LOAD"
  LOAD=""
}

# Count from here.
mark() {
  kill -USR1 "$LOAD"
  rm -f "$BATS_TEST_TMPDIR/state"
  wait_until 10 test -r "$BATS_TEST_TMPDIR/state"
}

# counted NAME: 0 when it never happened.
counted() {
  local line=""
  read -r line 2>/dev/null <"$BATS_TEST_TMPDIR/state" || :
  if [[ "$line" =~ \"$1\":\ ([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

asked() { [ "$(counted requests)" -ge "$1" ]; }
some() { [ "$(counted "$1")" -ge "${2:-20}" ]; }

# none NAME…: of what is counted.
none() {
  local name
  for name in "$@"; do
    [ "$(counted "$name")" = 0 ] || { echo "$name: $(cat "$BATS_TEST_TMPDIR/state")" >&2; return 1; }
  done
}

health() {
  ask GET /health/ && [[ "$body" == '{"status": "'"$1"'"'* ]]
}

# As it was before the fault. On a busy machine a look-up may take longer than the cache waits.
recovers() {
  wait_until 20 health healthy
  wait_until 20 all_is_well
  none wrong lost
}

all_is_well() {
  mark
  wait_until 20 asked 200
  none wrong lost 503 500 error
}

sql() {
  psql -qAt -h "$DATABASE" -U perfgate -d perfgate -c "$1"
}

start_redis() {
  redis-server --port 0 --unixsocket "$SOCKET" --unixsocketperm 700 --save '' --appendonly no \
    --loglevel warning "$@" >/dev/null 2>&1 3>&- &
  RESPAWNED="$RESPAWNED $!"
  REDIS_PID=$!
}

@test "RD-01, RD-02: Redis is killed under load, and comes back empty: every answer is right" {
  serve
  start_load
  kill -KILL "$REDIS_PID"
  wait_until 20 some error
  wait_until 20 health degraded
  mark
  wait_until 20 asked 200
  none wrong lost 503 500 hit
  rm -f "$SOCKET"
  start_redis
  recovers
  wait_until 20 some hit
  stop_load
}

@test "RD-02: Redis is restarted under load: no request notices" {
  serve
  start_load
  # It takes over the socket's name, then the old one goes: nobody ever finds no server.
  mv "$SOCKET" "$SOCKET.old"
  local old="$REDIS_PID"
  start_redis
  wait_until 10 redis-cli -s "$SOCKET" PING
  mark
  kill -KILL "$old"
  wait_until 20 some miss
  wait_until 20 some hit
  none wrong lost 503 500 error
  stop_load
}

@test "RD-02: Redis is frozen under load: every answer is right, and after it thaws they are hits" {
  start_load
  kill -STOP "$REDIS_PID"
  wait_until 20 some error
  wait_until 20 health degraded
  mark
  wait_until 20 asked 200
  none wrong lost 503 500 hit
  kill -CONT "$REDIS_PID"
  recovers
  wait_until 20 some hit
  stop_load
}

@test "RD-01: Redis is full (noeviction): what is cached is read, the rest computed, health degraded" {
  start_load
  redis-cli -s "$SOCKET" CONFIG SET maxmemory-policy noeviction >/dev/null
  redis-cli -s "$SOCKET" CONFIG SET maxmemory 1 >/dev/null
  wait_until 20 health degraded
  mark
  wait_until 20 asked 200
  none wrong lost 503 500 error miss
  ask POST /predict/single "{$PLACE, \"target_date\": \"2020-02-02\"}"
  expect_code 200
  expect_match "$head" 'X-Cache: MISS'
  redis-cli -s "$SOCKET" CONFIG SET maxmemory 0 >/dev/null
  recovers
  ask POST /predict/single "{$PLACE, \"target_date\": \"2020-02-02\"}"
  ask POST /predict/single "{$PLACE, \"target_date\": \"2020-02-02\"}"
  expect_match "$head" 'X-Cache: HIT'
  stop_load
}

@test "RD-01: a Redis that asks for a password, is read-only or loads: degraded, and answering" {
  start_load
  redis-cli -s "$SOCKET" REPLICAOF 127.0.0.1 1 >/dev/null
  wait_until 20 health degraded # READONLY
  redis-cli -s "$SOCKET" CONFIG SET replica-serve-stale-data no >/dev/null
  mark
  wait_until 20 some error # MASTERDOWN
  redis-cli -s "$SOCKET" CONFIG SET replica-serve-stale-data yes >/dev/null
  redis-cli -s "$SOCKET" REPLICAOF NO ONE >/dev/null
  wait_until 20 health healthy
  redis-cli -s "$SOCKET" CONFIG SET requirepass s3cret >/dev/null
  redis-cli -s "$SOCKET" -a s3cret --no-auth-warning CLIENT KILL TYPE normal SKIPME yes >/dev/null
  wait_until 20 health degraded # NOAUTH
  none wrong lost 503 500
  redis-cli -s "$SOCKET" -a s3cret --no-auth-warning CONFIG SET requirepass '' >/dev/null
  recovers
  ! grep -q s3cret "$FOLDER/err"
  stop_load
}

@test "RD-08: a key of another type is a miss for that point alone" {
  local key
  key="malaria:prediction:0.00:34.75:2020-06-01:$(model_label)"
  redis-cli -s "$SOCKET" RPUSH "$key" x >/dev/null
  ask POST /predict/batch '{"locations": [{"latitude": 0, "longitude": 34.5}], "target_date": "2020-06-01"}'
  ask POST /predict/batch '{"locations": [{"latitude": 0, "longitude": 34.5}, {"latitude": 0, "longitude": 34.75}], "target_date": "2020-06-01"}'
  expect_code 200
  expect_match "$head" 'cache;desc=partial;hits=1;misses=1'
  [ "$(redis-cli -s "$SOCKET" TYPE "$key")" = string ]
}

@test "RD-09, RD-11: all that is written has our prefix and a time to live" {
  start_load
  ask POST /predict/spatial "{\"bounds\": {\"north\": 1, \"south\": 0, \"east\": 35.5, \"west\": 34.5}, $DATE}"
  ask GET /health/
  stop_load
  local key count=0
  while read -r key; do
    [[ "$key" == malaria:* ]]
    [ "$(redis-cli -s "$SOCKET" PTTL "$key")" -gt 0 ]
    count=$((count + 1))
  done < <(redis-cli -s "$SOCKET" --scan)
  [ "$count" -ge 40 ]
}

@test "RD-10: no command walks or empties the whole of Redis" {
  redis-cli -s "$SOCKET" CONFIG RESETSTAT >/dev/null
  start_load
  ask GET /health/
  ask GET /metrics
  stop_load
  redis-cli -s "$SOCKET" INFO commandstats >commands
  grep -q cmdstat_mget commands
  ! grep -qE 'cmdstat_(keys|flushall|flushdb|scan)' commands
}

@test "RD-13: what is evicted is a miss" {
  start_load
  local i
  for i in 1 2 3 4 5; do redis-cli -s "$SOCKET" FLUSHALL >/dev/null; done
  wait_until 20 some miss
  none wrong lost 503 500 error
  stop_load
}

@test "a cold place that many ask for at once is computed once" {
  sql 'SELECT pg_stat_statements_reset()' >/dev/null 2>&1 || sql 'CREATE EXTENSION pg_stat_statements' >/dev/null
  sql 'SELECT pg_stat_statements_reset()' >/dev/null
  # All find the lock of another process taken and wait; when it is released, one of them computes.
  redis-cli -s "$SOCKET" SET "malaria:lock:prediction:0.00:34.75:2020-07-01:$(model_label)" 1 PX 20000 >/dev/null
  local i pids=""
  for i in 1 2 3 4 5 6; do
    curl -s --max-time 20 -o "answer$i" -H "$JSON" -d "{$PLACE, \"target_date\": \"2020-07-01\"}" "$URL/predict/single" &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086 # a list of numbers
  wait $pids
  for i in 2 3 4 5 6; do cmp answer1 "answer$i"; done
  [ "$(sql "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE '%unnest%ORDINALITY%'")" = 1 ]
}

@test "what another process computed meanwhile is taken from it" {
  local key
  key="prediction:0.00:34.75:2020-07-02:$(model_label)"
  ask POST /predict/single "{$PLACE, \"target_date\": \"2020-07-02\"}"
  cp .body first
  redis-cli -s "$SOCKET" GET "malaria:$key" | tr -d '\n' >document
  redis-cli -s "$SOCKET" DEL "malaria:$key" >/dev/null
  sql "ALTER TABLE era5_data_points RENAME TO hidden" # who computes now fails
  redis-cli -s "$SOCKET" SET "malaria:lock:$key" 1 PX 20000 >/dev/null
  redis-cli -s "$SOCKET" CONFIG RESETSTAT >/dev/null
  curl -s --max-time 20 -o answer -H "$JSON" -d "{$PLACE, \"target_date\": \"2020-07-02\"}" "$URL/predict/single" &
  local client=$!
  waits() { redis-cli -s "$SOCKET" INFO commandstats | grep -q 'cmdstat_mget:calls=\([3-9]\|[1-9][0-9]\)'; }
  wait_until 10 waits
  # It is waiting now: the value comes before its wait is over, or it fails for lack of a table.
  redis-cli -s "$SOCKET" -x SETEX "malaria:$key" 100 <document >/dev/null
  wait "$client"
  cmp first answer
  sql "ALTER TABLE hidden RENAME TO era5_data_points"
}

@test "a lock that ended and became another's is not released" {
  local lock
  lock="malaria:lock:prediction:0.00:34.75:2020-07-04:$(model_label)"
  # Who computes waits for the table, longer than the lock lasts.
  psql -q -h "$DATABASE" -U perfgate -d perfgate >/dev/null <<<"BEGIN; LOCK TABLE era5_data_points; \\! touch $BATS_TEST_TMPDIR/locked
SELECT pg_sleep(60);" 3>&- &
  local locker=$!
  wait_until 20 test -e "$BATS_TEST_TMPDIR/locked"
  curl -s --max-time 20 -o answer -H "$JSON" -d "{$PLACE, \"target_date\": \"2020-07-04\"}" "$URL/predict/single" &
  local client=$!
  computing() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perfgate serve' AND state = 'active'")" = 1 ]; }
  wait_until 10 computing
  redis-cli -s "$SOCKET" SET "$lock" another PX 20000 >/dev/null
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'" >/dev/null
  wait "$client"
  wait "$locker" || :
  grep -q risk_score answer
  [ "$(redis-cli -s "$SOCKET" GET "$lock")" = another ]
  redis-cli -s "$SOCKET" DEL "$lock" >/dev/null
  # One of its own goes with the answer.
  ask POST /predict/single "{$PLACE, \"target_date\": \"2020-07-05\"}"
  expect_match "$head" 'X-Cache: MISS'
  [ "$(redis-cli -s "$SOCKET" EXISTS "${lock/07-04/07-05}")" = 0 ]
}

# Every request reads the database.
serve_uncached() {
  serve --inject cache-miss=100%@/predict/single
  start_load
}

@test "PG-03: pg_terminate_backend of every connection fails nothing" {
  serve_uncached
  mark
  local i
  for i in 1 2 3 4 5; do
    sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'perfgate serve'" >/dev/null
    wait_until 20 asked $((i * 50))
  done
  none wrong lost 500
  # In flight were at most as many as ask: each time, a statement may be hit twice in a row.
  [ "$(counted 503)" -le 8 ]
  recovers
  stop_load
}

@test "PG-03: on connections that know no statement yet, a batch of several statements is answered, and right" {
  sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'perfgate serve'" >/dev/null
  python3 -c '
import json
places = [{"latitude": -3 + 0.25 * (i // 10), "longitude": 34 + 0.25 * (i % 10)} for i in range(100)]
print(json.dumps({"locations": places, "target_date": "2019-03-04"}))' >batch
  ask POST /predict/batch @batch
  expect_code 200
  expect_match "$head" 'cache;desc=miss;hits=0;misses=100;dur='
  local i score
  for i in 0 63 64 99; do
    score="$(json "d['predictions'][$i]['risk_score']")"
    cp .body batched
    # Another year, so that it is read anew, and the same calendar day.
    ask POST /predict/single "{\"location\": $(jq -c ".locations[$i]" batch), \"target_date\": \"2018-03-04\"}"
    expect_match "$head" 'X-Cache: MISS'
    expect_json 'd["risk_score"]' "$score"
    cp batched .body
  done
}

# restart_postgres SIGNAL
restart_postgres() {
  local arguments=() as=()
  mapfile -d '' arguments <"/proc/$POSTGRES_PID/cmdline"
  if [ "$(id -u)" = 0 ]; then
    as=(setpriv "--reuid=$(stat -c %u "$DATABASE")" "--regid=$(stat -c %g "$DATABASE")" --clear-groups)
  fi
  kill "-$1" "$POSTGRES_PID"
  wait_until 20 refused
  mark
  wait_until 20 some 503
  (cd / && exec "${as[@]}" "${arguments[@]}") >/dev/null 2>&1 3>&- &
  POSTGRES_PID=$!
  RESPAWNED="$RESPAWNED $POSTGRES_PID"
}
refused() { ! sql 'SELECT 1' >/dev/null 2>&1; }

@test "PG-01, PG-03: PostgreSQL is restarted under load: 503 while it is away, then as before" {
  serve_uncached
  restart_postgres INT
  none wrong lost 500
  recovers
  stop_load
}

# The postmaster ends all backends and starts up again by itself when one is killed.
crash_postgres() {
  local backend
  backend="$(sql "SELECT pid FROM pg_stat_activity WHERE application_name = 'perfgate serve' LIMIT 1")"
  kill -KILL "$backend"
  wait_until 20 sql 'SELECT 1' 2>/dev/null
}

@test "PG-01: PostgreSQL crashes and recovers (57P03) under load: 503 at most, then as before" {
  serve
  local url="postgresql:///external?host=$DATABASE&user=perfgate" redis="unix:$SOCKET" socket="$SOCKET"
  local host="$DATABASE" second="$BATS_TEST_TMPDIR/second"
  sql 'CREATE DATABASE external'
  mkdir "$second"
  LOAD_TEST_DATABASE_URL="$url" LOAD_TEST_REDIS_URL="$redis" "$PERFGATE" serve --port 0 --init \
    --inject cache-miss=100%@/predict/single >"$second/out" 2>"$second/err" 3>&- &
  RESPAWNED=$!
  wait_until 20 grep -q 'ready on' "$second/out"
  URL="$(sed -n 's/.*ready on //p' "$second/out")"
  start_load
  crash_postgres
  none wrong lost 500
  recovers
  stop_load
}

@test "a crash that empties the unlogged tables of a private PostgreSQL is unhealthy, not healthy" {
  serve
  crash_postgres
  wait_until 20 health unhealthy
  ask POST /predict/single "{$PLACE, $DATE}"
  expect_code 503
}

@test "PG-02: PostgreSQL is frozen under load: 503, others are served, then as before" {
  serve_uncached
  # shellcheck disable=SC2046 # a list of numbers
  kill -STOP $(postgres_pids)
  mark
  wait_until 30 some 503
  wait_until 20 health unhealthy
  ask GET /health/liveness
  expect_code 200
  none wrong lost 500
  thaw_all
  recovers
  stop_load
}

@test "PG-02: a statement that waits too long is cancelled on the server" {
  psql -q -h "$DATABASE" -U perfgate -d perfgate >/dev/null <<<"BEGIN; LOCK TABLE era5_data_points; \\! touch $BATS_TEST_TMPDIR/locked
SELECT pg_sleep(60);" 3>&- &
  local locker=$!
  wait_until 20 test -e "$BATS_TEST_TMPDIR/locked"
  ask POST /predict/single "{$PLACE, \"target_date\": \"2020-07-03\"}"
  expect_code 503
  nobody_waits() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perfgate serve' AND state = 'active'")" = 0 ]; }
  wait_until 20 nobody_waits
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'" >/dev/null
  wait "$locker" || :
  answers() { ask POST /predict/single "{$PLACE, \"target_date\": \"2020-07-03\"}" && [ "$code" = 200 ]; }
  wait_until 20 answers
}

@test "PG-01: a wrong password, an unknown database, too many connections: exit 3, the class, no password" {
  sql "CREATE ROLE guest LOGIN PASSWORD 's3cret'; ALTER DATABASE perfgate CONNECTION LIMIT 0"
  local row user database want
  for row in "guest perfgate too.many.connections" "perfgate nothing database.does.not.exist"; do
    read -r user database want <<<"$row"
    LOAD_TEST_REDIS_URL="unix:$SOCKET" LOAD_TEST_DATABASE_URL="postgresql://$user:s3cret@/$database?host=$DATABASE" \
      run_split "$PERFGATE" serve --port 0
    expect_status 3
    expect_match "$errors" "$want"
    [[ "$errors$output" != *s3cret* ]]
  done
  sql "ALTER DATABASE perfgate CONNECTION LIMIT -1; DROP ROLE guest"
}
