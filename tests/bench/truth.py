"""Is what the generator reports true? A server with a known latency, and one that stands still."""
import tools

CONNECTIONS = 50
HOLD_US = 5000
STOP_S, STOPPED_RUN_S, RATE = 2.0, 20, 200

WRK_PERCENTILES = """done = function(summary, latency, requests)
  io.write(string.format("us %.1f %.1f\\n", latency:percentile(50), latency:percentile(99)))
end
"""


def ours(bench, port):
    scenario = f"{{users: {CONNECTIONS}, duration: {bench.seconds}s, warmup: 0s, think_scale: 0}}"
    latency = tools.perfgate(bench, "truth", tools.one_line_config(port, scenario))[0]["total"]["latency_ms"]
    return latency["p50"] * 1000, latency["p99"] * 1000


def wrk(bench, port):
    script = bench.write("percentiles.lua", WRK_PERCENTILES)
    done = tools.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{bench.seconds}s", "-s", script,
                      f"http://127.0.0.1:{port}/"])
    line = next(line for line in done.output.splitlines() if line.startswith("us "))
    return tuple(float(value) for value in line.split()[1:])


def excess(bench, measure):
    """What a client reports more than the server held, p50 and p99, us; and how long it held."""
    with tools.known_latency(bench, HOLD_US) as (port, held):
        p50, p99 = measure(bench, port)
        truth = held()
        return p50 - truth["p50"], p99 - truth["p99"], truth["p99"]


def truth(bench):
    """what is reported too much against a server that holds every answer exactly 5.000 ms"""
    figures = {"perfgate": [], "wrk": []}
    for _ in range(bench.rounds):
        figures["perfgate"].append(excess(bench, ours))
        figures["wrk"].append(excess(bench, wrk))
    rows = []
    for name, values in figures.items():
        p50, p99, held = zip(*values)
        rows.append([name, f"{tools.median(p50):.0f}", f"{tools.median(p99):.0f}",
                     f"{min(p99):.0f} .. {max(p99):.0f}", f"{tools.median(held):.0f}"])
    tools.table(f"a server that holds each answer 5.000 ms, {CONNECTIONS} connections, {bench.rounds} rounds",
                ["generator", "excess p50 us", "excess p99 us", "range of p99", "held p99 us"], rows)
    p50, p99 = (tools.median([row[i] for row in figures["perfgate"]]) for i in (0, 1))
    share = tools.median([a[1] / b[1] for a, b in zip(figures["perfgate"], figures["wrk"]) if b[1] > 0] or [0])
    tools.targets([("excess p50", p50, 120, 0, " us"), ("excess p99", p99, 200, 0, " us"),
                   ("excess p99 / wrk's", share, 0.5, 2, "")])


def quantile_of_stop(quantile, stop_s):
    """
    Even arrivals for T seconds, answered at once except during a stop of `stop_s`: the share of
    arrivals later than x is (stop - x) / T, so this is the latency at a quantile.
    """
    return max(0.0, stop_s - (1 - quantile) * STOPPED_RUN_S)


def omission(bench):
    """SIGSTOP the server for 2 s of a 20 s run at 200/s: are the arrivals of that time accounted for?"""
    scenario = f"{{rate: {RATE}, arrival: even, max_users: 10, duration: {STOPPED_RUN_S}s, warmup: 0s}}"
    with tools.nginx(bench, '{"items": []}') as (port, worker):
        with tools.stopped_after(worker, STOPPED_RUN_S / 2, STOP_S) as stopped:
            result = tools.perfgate(bench, "omission", tools.one_line_config(port, scenario))[0]
        stop_s = stopped[0]
    total, rows, worst = result["total"], [], 0
    for name, quantile in (("p95", 0.95), ("p99", 0.99), ("max", 1.0)):
        true_ms = quantile_of_stop(quantile, stop_s) * 1000
        off = abs(total["latency_ms"][name] / true_ms - 1) * 100
        worst = max(worst, off)
        rows.append([name, f"{true_ms:.0f}", f"{total['latency_ms'][name]:.0f}", f"{off:.1f} %",
                     f"{total['service_ms'][name]:.1f}"])
    tools.table(f"server stopped for {stop_s:.3f} s of {STOPPED_RUN_S} s at {RATE}/s, {total['requests']} requests",
                ["", "true ms", "latency ms", "off by", "service ms"], rows)
    tools.targets([("largest deviation", worst, 3, 1, " %")])
