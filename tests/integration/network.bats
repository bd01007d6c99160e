#!/usr/bin/env bats
# Faults of the network, in a network namespace of our own, and of a server that goes away.

load ../helper

ok='send=HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

setup_more() {
  need jq ip tc python3
  export COLUMNS=400
  unset http_proxy all_proxy ALL_PROXY
}

teardown() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
}

# suite SCENARIO: requests GET / by the scenario `t`; the target is named by --target.
suite() {
  cat >ci_cd_config.yml <<YAML
performance_gates: {max_error_rate: 0.1}
requests: [GET /]
scenarios: {t: {$1, warmup: 0s}}
YAML
}

# in_network SETUP: `perfgate OPTION…` of the file `arguments` in namespaces where SETUP was done first.
# A peer with the steps of the file `steps` is there, on $port.
in_network() {
  unshare -rmn true 2>/dev/null || skip "needs namespaces of its own"
  cat >inside.sh <<'SH'
set -eu
ip link set lo up
eval "$1"
server=
if [ -s steps ]; then
  mapfile -t steps <steps
  "$2/bad_peer" "${steps[@]}" >port 3>&- &
  server=$!
  until [ -s port ]; do sleep 0.05; done
fi
status=0
mapfile -t arguments <arguments
"$PERFGATE" "${arguments[@]//PORT/$(cat port 2>/dev/null)}" || status=$?
[ -z "$server" ] || kill "$server"
exit "$status"
SH
  rm -f port
  run_split unshare -rmn bash inside.sh "$1" "${HARNESS:-$(dirname "$PERFGATE")/harness}"
}

of_t() { # of_t FILTER: of the scenario in result.json
  jq -r ".scenarios[0] | $1" perfgate-results/result.json
}

@test "NET-40: a slow link lowers the throughput, and the generator is not blamed" {
  suite 'users: 4, duration: 3s, think_scale: 0, timeout: 20s'
  for transport in native curl; do
    printf '%s\n' read 'send=HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n' 'repeat=10:'"$(printf '%01000d' 0)" >steps
    printf '%s\n' check --scenario t --target http://127.0.0.1:PORT/ --transport "$transport" >arguments
    in_network 'tc qdisc add dev lo root tbf rate 1mbit burst 10kb latency 400ms'
    [ "$(of_t .total.classes.ok)" -gt 0 ]
    # 125 kB/s are at most 12.5 answers a second, and a burst.
    [ "$(of_t '.throughput_rps < 20')" = true ]
    [ "$(of_t '.generator.invalid_by != "generator"')" = true ]
  done
}

@test "NET-43: no local ports left is exit 3 and says whose fault it is" {
  suite 'users: 12, duration: 1s, think_scale: 0'
  for transport in native curl; do
    printf '%s\n' read "$ok" >steps
    printf '%s\n' check --scenario t --target http://127.0.0.1:PORT/ --transport "$transport" >arguments
    in_network 'echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range'
    expect_status 3
    expect_match "$(of_t .generator.reason)" "could not open [0-9]+ connections for 12 users: it is out of local ports; let the server keep connections alive, or widen net.ipv4.ip_local_port_range"
    [ "$(of_t '.total.classes.ok == .total.requests and .total.requests > 0')" = true ]
  done
}

@test "NET-34: names that do not resolve, or resolvers that do not answer, are exit 3 at readiness" {
  : >steps
  suite 'users: 1, duration: 1s'
  printf '%s\n' check --scenario t --target http://slow.test/ >arguments
  echo 'nameserver 127.0.0.1' >resolv.conf
  echo 'hosts: dns' >nsswitch.conf
  resolver='mount --bind resolv.conf /etc/resolv.conf; mount --bind nsswitch.conf /etc/nsswitch.conf'
  in_network "$resolver"
  expect_status 3
  expect_match "$errors" "target not reachable within 5 s: http://slow.test:80: Could( not|n't) resolve host"
  cat >silent.py <<'PY'
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("up", flush=True)
time.sleep(60)
PY
  in_network "$resolver; python3 silent.py >up 3>&- & trap \"kill \$!\" EXIT; until [ -s up ]; do sleep 0.05; done"
  expect_status 3
  expect_match "$errors" "target not reachable within 5 s: http://slow.test:80: "
  [ ! -e perfgate-results/result.json ] || [ "$(jq '.scenarios | length' perfgate-results/result.json)" -eq 0 ]
}

@test "NET-02: a server that goes away in the middle fails the gate of the error rate" {
  suite 'users: 10, duration: 5s, think_scale: 0.02'
  sed -i 's/max_error_rate: 0.1/max_error_rate: 0.001/' ci_cd_config.yml
  for transport in native curl; do
    rm -f port
    "${HARNESS:-$(dirname "$PERFGATE")/harness}/bad_peer" requests=40 read "$ok" >port 3>&- &
    server=$!
    wait_until 10 test -s port
    run_split "$PERFGATE" check --scenario t --target "http://127.0.0.1:$(cat port)" --transport "$transport"
    of_t '.total.classes, .generator.reason'
    echo "$output$errors"
    [ "$(of_t .total.classes.connect_refused)" -gt 10 ]
    [ "$(of_t .total.classes.ok)" -gt 10 ]
    [ "$(of_t '.interrupted')" = false ]
    # What a noisy machine measured is no evidence.
    [ "$(of_t .generator.valid)" = false ] || expect_status 1
  done
}
