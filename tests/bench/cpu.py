"""
CPU per request against nginx: a fixed GET beside everybody, a templated POST beside wrk, libcurl beside libcurl.

A figure is the CPU of the whole process, start-up and end included, by the requests it says it
completed; the floor and the peers are measured the same way, for as long, with as many connections.
"""
import re

import counted
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
    idle = [name for name, runs in figures.items() if any(requests == 0 for _, requests in runs)]
    if idle:
        print(f"  left out, a round without a request: {', '.join(idle)}")
    return {name: runs for name, runs in figures.items() if name not in idle}


HEADER = ["generator", "CPU us/request", "user", "system", "x base", "range", "requests/s"]


def per_request(runs, seconds):
    """Median over the rounds of a part of the CPU time, us per request."""
    return tools.median([seconds(done) / requests * 1e6 for done, requests in runs])


def ratios(figures, name, base):
    """One generator's CPU per request to another's, a figure per round, sorted."""
    pairs = zip(figures[name], figures[base])
    return sorted((a.cpu_s / n) / (b.cpu_s / m) for (a, n), (b, m) in pairs)


def rows(figures, base):
    """A row per generator, compared with `base` within each round."""
    out = []
    for name, runs in figures.items():
        each = ratios(figures, name, base)
        rate = tools.median([requests / done.wall_s for done, requests in runs])
        out.append([name, f"{per_request(runs, lambda done: done.cpu_s):.2f}",
                    f"{per_request(runs, lambda done: done.user_s):.2f}",
                    f"{per_request(runs, lambda done: done.system_s):.2f}", f"{tools.median(each):.2f}",
                    f"{each[0]:.2f} .. {each[-1]:.2f}", f"{rate:,.0f}"])
    return out


def compared(figures, name, base, limit):
    """A row of tools.targets()."""
    return f"{name} / {base}", tools.median(ratios(figures, name, base)), limit, 3, ""


def get(bench):
    """CPU per request of a GET with 50 keep-alive connections, beside the peers"""
    there = [(name, measure) for name, measure, needs in peers.GENERATORS if needs(bench)]
    absent = [name for name, _, needs in peers.GENERATORS if not needs(bench)]
    with tools.nginx(bench, GET_BODY) as (port, _):
        figures = interleaved(bench.rounds, {
            name: lambda measure=measure: measure(bench, port, bench.seconds, CONNECTIONS) for name, measure in there})
        counts = counted.table(bench, port, [counted.floor(bench), counted.perfgate(bench, one_line)])
    tools.table(f"GET, {CONNECTIONS} keep-alive connections, {len(GET_BODY)} bytes from nginx, {bench.rounds} rounds; "
                "whole processes, start-up included; base: wrk", HEADER, rows(figures, "wrk"))
    if absent:
        print(f"  not installed: {', '.join(absent)}")
    counts()
    floor = peers.GENERATORS[0][0]
    tools.targets([compared(figures, "perfgate", "wrk", 0.90)] +
                  ([compared(figures, "perfgate", floor, 1.10)] if floor in figures else []))


def one_line(port, seconds, connections=CONNECTIONS):
    """The configuration of `get`."""
    return tools.one_line_config(port, f"{{users: {connections}, duration: {seconds}s, warmup: 0s, think_scale: 0}}")


def templated(port, seconds, connections=CONNECTIONS):
    """The configuration of `post`."""
    return POST_CONFIG.format(port=port, users=connections, seconds=seconds)


def post(bench):
    """CPU per request of a templated POST with checks, beside wrk's fixed POST"""
    script = bench.write("post.lua", WRK_POST)
    with tools.nginx(bench, POST_BODY) as (port, _):

        def ours():
            result, done = tools.perfgate(bench, "post", templated(port, bench.seconds))
            return done, result["total"]["classes"]["ok"]

        def wrk():
            done = tools.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{bench.seconds}s", "-s", script,
                              f"http://127.0.0.1:{port}/"])
            return done, int(re.search(r"(\d+) requests in", done.output).group(1))

        figures = interleaved(bench.rounds, {"perfgate, templated and checked": ours, "wrk, fixed": wrk})
        counts = counted.table(bench, port, [counted.perfgate(bench, templated)])
    tools.table(f"POST of about 160 bytes, {len(POST_BODY)} bytes of JSON from nginx, {bench.rounds} rounds; base: wrk",
                HEADER, rows(figures, "wrk, fixed"))
    counts()
    tools.targets([compared(figures, "perfgate, templated and checked", "wrk, fixed", 1.00)])


def curl(bench):
    """CPU per request through libcurl, beside a plain multi_socket loop with a connection per user"""
    plain = "plain multi_socket loop"
    with tools.nginx(bench, GET_BODY) as (port, _):
        figures = interleaved(bench.rounds, {
            plain: lambda: peers.multi_socket(bench, port, bench.seconds, CONNECTIONS),
            "perfgate --transport curl": lambda: peers.perfgate_curl(bench, port, bench.seconds, CONNECTIONS)})
        counts = counted.table(bench, port, [counted.multi_socket(bench),
                                             counted.perfgate(bench, one_line, "--transport", "curl")])
    tools.table(f"GET through libcurl, {CONNECTIONS} users with a connection each, {bench.rounds} rounds; base: {plain}",
                HEADER, rows(figures, plain))
    counts()
    tools.targets([compared(figures, "perfgate --transport curl", plain, 1.00)])
