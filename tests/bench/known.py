"""Percentiles against distributions that are known: what the server really held, request by request."""
import math

import tools

USERS, RUNS = 50, 20
QUANTILES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
Z = 1.959964  # two-sided 95 %
# So slow that the intervals of a few thousand requests are wider than what a network stack adds.
HOLDS = {
    "log-normal, median 20 ms, sigma 0.5": "lognormal:20000:0.5:{seed}",
    "bimodal, 90 % near 20 ms, 10 % near 200 ms": "bimodal:20000:200000:0.1:{seed}",
}


def interval(held, quantile):
    """The order statistics between which a sample's quantile lies in 95 % of all samples."""
    n = len(held)
    spread = Z * math.sqrt(n * quantile * (1 - quantile))
    low, high = math.floor(n * quantile - spread) - 1, math.ceil(n * quantile + spread) - 1
    return held[max(0, low)], held[min(n - 1, high)]


def one_run(bench, hold):
    """Which of the percentiles lie within their interval, and how far they are off, in per cent."""
    scenario = f"{{users: {USERS}, duration: {bench.seconds}s, warmup: 0s, think_scale: 0}}"
    dump = bench.path("held.txt")
    with tools.known_latency(bench, hold, dump) as (port, end):
        result = tools.perfgate(bench, "known", tools.one_line_config(port, scenario))[0]
        end()
    with open(dump, encoding="ascii") as f:
        held = [float(line) for line in f]
    inside, off = {}, {}
    for name, quantile in QUANTILES:
        low, high = interval(held, quantile)
        value = result["total"]["latency_ms"][name] * 1000
        inside[name] = low <= value <= high
        off[name] = 100 * (value / held[math.ceil(len(held) * quantile) - 1] - 1)
    return inside, off


def known(bench):
    """p50, p95 and p99 against log-normal and bimodal latencies that the server reports, 20 runs each"""
    for title, hold in HOLDS.items():
        runs = [one_run(bench, hold.format(seed=seed)) for seed in range(1, RUNS + 1)]
        rows = []
        for name, _ in QUANTILES:
            offs = [off[name] for _, off in runs]
            rows.append([name, f"{sum(inside[name] for inside, _ in runs)} of {RUNS}",
                         f"{tools.median(offs):+.2f} %", f"{max(offs, key=abs):+.2f} %"])
        tools.table(f"{title}, {USERS} users, {RUNS} runs of {bench.seconds} s",
                    ["", "within its interval", "median off by", "most"], rows)
        missed = max(RUNS - sum(inside[name] for inside, _ in runs) for name, _ in QUANTILES)
        tools.targets([("runs outside, of the worst percentile", missed, 1, 0, "")])
