#!/usr/bin/env bats
# Against a server that says how long it held each answer: no percentile is smaller than the truth.
# How close they are is measured by `make bench` (known, truth), where the machine is quiet.
# Runs alone: it measures.

load ../helper

setup_more() {
  need jq
  unset http_proxy all_proxy ALL_PROXY
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

# hold HOLD: a server on $port; release ends it and leaves held.txt, a line per answer in order of size.
hold() {
  mkfifo stdin
  "${HARNESS:-$(dirname "$PERFGATE")/harness}/known_latency_server" "$1" held.txt <stdin >port 3>&- &
  server=$!
  exec 9>stdin
  wait_until 10 test -s port
  port="$(head -n 1 port)"
}

release() {
  exec 9>&-
  wait "$server"
}

held() { # held PERCENT: that order statistic of what was held, in ms
  awk -v p="$1" '{ us[NR] = $1 } END { i = int(NR * p / 100); print us[i < 1 ? 1 : i] / 1000 }' held.txt
}

@test "percentiles of log-normal and bimodal latencies are not below the truth, with both transports" {
  for transport in native curl; do
    for shape in lognormal:20000:0.5:1 bimodal:10000:100000:0.1:2; do
      hold "$shape"
      cat >ci_cd_config.yml <<YAML
performance_gates: {max_error_rate: 0.5}
target: http://127.0.0.1:$port
requests: [GET /]
scenarios: {t: {users: 20, duration: 2s, warmup: 0s, think_scale: 0}}
YAML
      run_split "$PERFGATE" run --scenario t --transport "$transport"
      expect_status 0
      release
      # Every answer but that of the readiness probe is in the books, but for what the end cut off.
      jq -e --argjson n "$(wc -l <held.txt)" '.scenarios[0] | .total.requests as $r
        | .total.classes.ok == $r and $r > 100 and $r <= $n and $r + .generator.censored >= $n - 1' perfgate-results/result.json
      for percent in 50 95 99; do
        # One part in a thousand is the resolution of the histogram; one place, the probe.
        jq -e --argjson least "$(held $((percent - 1)))" --arg p "p$percent" \
          '.scenarios[0].total.latency_ms[$p] >= 0.999 * $least' perfgate-results/result.json
      done
      # The middle of the one is not the tail of the other.
      jq -e --argjson most "$(held 89)" '.scenarios[0].total.service_ms.p50 <= $most' perfgate-results/result.json
      rm -f stdin port held.txt
    done
  done
}
