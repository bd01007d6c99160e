"""CPU per request against nginx: a fixed GET beside everybody, a templated POST beside wrk."""
import re

import peers
import tools

CONNECTIONS = 50
GET_BODY = '{"items": "' + "x" * 293 + '"}'
POST_BODY = '{"risk_score": 0.42, "model_type": "ensemble", "explanation": "' + "x" * 240 + '"}'

POST_CONFIG = """performance_gates: {{max_error_rate: 0.01}}
target: http://127.0.0.1:{port}
profiles:
  user: {{weight: 1, wait: 0s..0s, tasks: {{single: 1}}}}
tasks:
  single:
    request: POST /predict/single
    json:
      location: {{latitude: "${{uniform(-3..2)}}", longitude: "${{uniform(34..38)}}"}}
      target_date: "2026-01-31"
      model_type: "${{choice(ensemble: 60, lstm: 20, transformer: 20)}}"
      prediction_horizon: "${{choice(1, 3, 7, 14, 30)}}"
    expect: {{status: 200, json: {{risk_score: 0..1}}}}
scenarios:
  bench: {{users: {users}, duration: {seconds}s, warmup: 0s, think_scale: 0}}
"""

WRK_POST = """wrk.method = "POST"
wrk.path = "/predict/single"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"location": {"latitude": -1.25, "longitude": 36.75}, "target_date": "2026-01-31", ' ..
  '"model_type": "ensemble", "prediction_horizon": 7}'
"""


def interleaved(rounds, measures):
    """name -> a figure per round, every generator in every round."""
    figures = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            figures[name].append(measure())
    return figures


def rows(figures, base):
    """A row per generator: CPU us per request, requests/s, and the ratio to `base` within each round."""
    out = []
    for name, values in figures.items():
        cpu = [done.cpu_s / requests * 1e6 for done, requests in values]
        ratios = sorted(a / b for a, b in zip(cpu, (done.cpu_s / requests * 1e6 for done, requests in figures[base])))
        rate = tools.median([requests / done.wall_s for done, requests in values])
        out.append([name, f"{tools.median(cpu):.2f}", f"{tools.median(ratios):.2f}",
                    f"{ratios[0]:.2f} .. {ratios[-1]:.2f}", f"{rate:,.0f}"])
    return out


def ratio(figures, name, base):
    """The median over the rounds of one generator's CPU per request to another's."""
    pairs = zip(figures[name], figures[base])
    return tools.median([(a.cpu_s / n) / (b.cpu_s / m) for (a, n), (b, m) in pairs])


def get(bench):
    """CPU per request of a GET with 50 keep-alive connections, beside the peers"""
    there = [(name, measure) for name, measure, needs in peers.GENERATORS if needs(bench)]
    absent = [name for name, _, needs in peers.GENERATORS if not needs(bench)]
    with tools.nginx(bench, GET_BODY) as (port, _):
        figures = interleaved(bench.rounds, {
            name: lambda measure=measure: measure(bench, port, bench.seconds, CONNECTIONS) for name, measure in there})
    tools.table(f"GET, {CONNECTIONS} keep-alive connections, {len(GET_BODY)} bytes from nginx, {bench.rounds} rounds; "
                "whole processes, start-up included",
                ["generator", "CPU us/request", "x wrk", "range", "requests/s"], rows(figures, "wrk"))
    if absent:
        print(f"  not installed: {', '.join(absent)}")
    against = round(ratio(figures, "perfgate", "wrk"), 3)
    print(f"  perfgate / wrk {against:.3f}: {tools.target(against, 0.90)}")
    floor = peers.GENERATORS[0][0]
    if floor in figures:
        against = round(ratio(figures, "perfgate", floor), 3)
        print(f"  perfgate / floor {against:.3f}: {tools.target(against, 1.10)}")


def post(bench):
    """CPU per request of a templated POST with checks, beside wrk's fixed POST"""
    script = bench.write("post.lua", WRK_POST)
    with tools.nginx(bench, POST_BODY) as (port, _):
        config = POST_CONFIG.format(port=port, users=CONNECTIONS, seconds=bench.seconds)

        def ours():
            result, done = tools.perfgate(bench, "post", config)
            return done, result["total"]["classes"]["ok"]

        def wrk():
            done = tools.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{bench.seconds}s", "-s", script,
                              f"http://127.0.0.1:{port}/"])
            return done, int(re.search(r"(\d+) requests in", done.output).group(1))

        figures = interleaved(bench.rounds, {"perfgate, templated and checked": ours, "wrk, fixed": wrk})
    tools.table(f"POST of about 160 bytes, {len(POST_BODY)} bytes of JSON from nginx, {bench.rounds} rounds",
                ["generator", "CPU us/request", "x wrk", "range", "requests/s"], rows(figures, "wrk, fixed"))
    against = round(ratio(figures, "perfgate, templated and checked", "wrk, fixed"), 3)
    print(f"  perfgate / wrk {against:.3f}: {tools.target(against, 1.00)}")
