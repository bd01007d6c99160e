"""What is measured of the reference API, and how it is asked."""
import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request

import tools

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # the one that the packages belong to
CONNECTIONS = 50
# As perfgate serve has them by default: threads of connections, and threads that may wait.
LISTENERS, HANDLERS = 2, 16

# Printed by every script: what wrk's own table leaves out.
DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %.1f", summary.requests, latency:percentile(50), latency:percentile(95),
                      e.connect + e.read + e.write + e.status + e.timeout, latency.mean))
end
"""
POST = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
"""
SINGLE = POST + """wrk.body = '{"location": {"latitude": -0.1, "longitude": 34.75}, "target_date": "2024-05-01"}'
"""
# Another place and date each time: the calendar day decides what is read, the year makes the key a new one.
NEVER = """local n = os.time() % 8000 * 1000
request = function()
  n = n + 1
  local day = os.date("!%Y-%m-%d", n % 20000 * 86400)
  return wrk.format(nil, nil, nil, string.format(BODY, day))
end
"""
COLD = POST + NEVER.replace("BODY", """[[{"location": {"latitude": %.2f, "longitude": %.2f}, "target_date": "%s"}]],
    -3 + 0.25 * (n % 21), 34 + 0.25 * (n % 17)""")
SPATIAL = POST + NEVER.replace("BODY", """[[{"bounds": {"north": 1.9, "south": -2.0, "east": 37.9, "west": 34.0},
    "resolution": 0.1, "target_date": "%s"}]]""")


def batch():
    places = ", ".join(f'{{"latitude": {-3 + 0.25 * (i // 10)}, "longitude": {34 + 0.25 * (i % 10)}}}'
                       for i in range(100))
    return POST + f"""wrk.body = '{{"locations": [{places}], "target_date": "2024-05-01"}}'\n"""


class Server:
    """A process that answers, and how much CPU it has used."""

    def __init__(self, process, url):
        self.pid, self.url = process.pid, url

    def cpu_s(self):
        total_ns = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/schedstat", encoding="ascii") as f:
                total_ns += int(f.read().split()[0])
        return total_ns / 1e9

    def memory_mib(self, what):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"{what}:\s+(\d+)", f.read()).group(1)) / 1024


@contextlib.contextmanager
def started(command, find_url, **options):
    process = subprocess.Popen(tools.pinned(tools.SERVER_CORE, command), stdout=subprocess.PIPE, text=True, **options)
    try:
        yield Server(process, find_url(process))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def perfgate_serve(bench, *arguments):
    env = {k: v for k, v in os.environ.items() if k not in
           ("DATABASE_URL", "REDIS_URL", "LOAD_TEST_DATABASE_URL", "LOAD_TEST_REDIS_URL")}

    def url(process):
        line = process.stdout.readline()
        if "ready on " not in line:
            sys.exit("perfgate serve did not start")
        return line.split()[-1]

    return started([bench.perfgate, "serve", "--port", "0", *arguments], url, env=env)


def bare(bench, threads, *redis):
    """libmicrohttpd alone, or with one GET of hiredis."""
    program = bench.compile(os.path.join(HERE, "bare.c"), "-lmicrohttpd", "-lhiredis")
    return started([program, str(threads), *redis], lambda process: f"http://127.0.0.1:{process.stdout.readline().strip()}",
                   stdin=subprocess.PIPE)


def redis_socket(server):
    """Of its private Redis; that of its PostgreSQL is in the same folder."""
    redis = subprocess.run(["pgrep", "-a", "-P", str(server.pid), "redis-server"], capture_output=True, text=True,
                           check=True).stdout
    return re.search(r"unixsocket:(\S+)", redis).group(1)


CELLS = os.path.join(tools.ROOT, "templates", "sql", "cells.sql")


def fastapi(server, loop, http):
    """Uvicorn with an event loop and a parser of its choice, on the services of `server`."""
    socket = redis_socket(server)
    port = tools.free_port()
    env = dict(os.environ, DATABASE=os.path.dirname(socket), REDIS=socket, PYTHONDONTWRITEBYTECODE="1",
               CELLS=CELLS)

    def url(_):
        tools.wait_for_port(port, 30)
        return f"http://127.0.0.1:{port}"

    return started([PYTHON, "-m", "uvicorn", "fastapi_single:app", "--port", str(port), "--loop", loop, "--http", http,
                    "--no-access-log", "--log-level", "critical"], url, env=env, cwd=HERE)


def has_fastapi():
    return subprocess.run([PYTHON, "-c", "import asyncpg, fastapi, h11, httptools, redis.asyncio, uvicorn, uvloop"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


class Asked:
    def __init__(self, cpu_us, rate, p50_us, p95_us, mean_us):
        self.cpu_us, self.rate, self.p50_us, self.p95_us, self.mean_us = cpu_us, rate, p50_us, p95_us, mean_us


def ask(bench, server, path, script="", connections=CONNECTIONS):
    """One round of wrk; any answer but 2xx ends the benchmark."""
    lua = bench.write("ask.lua", script + DONE)
    before, begin = server.cpu_s(), time.monotonic()
    out = tools.run(["wrk", "-t1", f"-c{connections}", f"-d{bench.seconds}s", "-s", lua, server.url + path]).output
    wall_s, cpu_s = time.monotonic() - begin, server.cpu_s() - before
    numbers = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+)", out).groups()
    requests, p50_us, p95_us, errors = map(int, numbers[:4])
    if errors or not requests:
        sys.exit(f"{path}: {errors} errors in {requests} answers\n{out}")
    return Asked(cpu_s / requests * 1e6, requests / wall_s, p50_us, p95_us, float(numbers[4]))


def figures(bench, questions):
    """name -> what was found per round, all of them in every round."""
    found = {name: [] for name in questions}
    for _ in range(bench.rounds):
        for name, question in questions.items():
            found[name].append(question())
    return found


def middle(found, name, what):
    return tools.median([getattr(one, what) for one in found[name]])


def ratio(found, name, base, what):
    """The median over the rounds of one figure to another of the same round."""
    return tools.median([getattr(a, what) / getattr(b, what) for a, b in zip(found[name], found[base])])


BARE, BARE_GET = "bare libmicrohttpd", "bare, POST, one hiredis GET"
LIVE, WARM, COLD_ONE = "/health/liveness", "/predict/single, hit", "/predict/single, miss"
PEER_LIVE, PEER_WARM = "FastAPI liveness (uvloop)", "FastAPI single, hit (uvloop)"
PEER_COLD = "FastAPI single, miss (uvloop)"
PLAIN_WARM = "FastAPI single, hit (asyncio, h11)"


def cpu(bench):
    """CPU per request of the API process, beside bare libmicrohttpd and FastAPI"""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(perfgate_serve(bench))
        floor = stack.enter_context(bare(bench, LISTENERS))
        floor_get = stack.enter_context(bare(bench, HANDLERS, redis_socket(ours)))
        questions = {
            BARE: lambda: ask(bench, floor, "/"),
            BARE_GET: lambda: ask(bench, floor_get, "/", SINGLE),
            LIVE: lambda: ask(bench, ours, "/health/liveness"),
            WARM: lambda: ask(bench, ours, "/predict/single", SINGLE),
            COLD_ONE: lambda: ask(bench, ours, "/predict/single", COLD),
        }
        if has_fastapi():
            peer = stack.enter_context(fastapi(ours, "uvloop", "httptools"))
            plain = stack.enter_context(fastapi(ours, "asyncio", "h11"))
            questions[PEER_LIVE] = lambda: ask(bench, peer, "/health/liveness")
            questions[PEER_WARM] = lambda: ask(bench, peer, "/predict/single", SINGLE)
            questions[PLAIN_WARM] = lambda: ask(bench, plain, "/predict/single", SINGLE)
            questions[PEER_COLD] = lambda: ask(bench, peer, "/predict/single", COLD)
        found = figures(bench, questions)
        resident = ours.memory_mib("VmHWM")
    rows = [[name, f"{middle(found, name, 'cpu_us'):.1f}", f"{ratio(found, name, BARE, 'cpu_us'):.2f}",
             f"{middle(found, name, 'rate'):,.0f}"] for name in found]
    tools.table(f"CPU of the API process, {CONNECTIONS} keep-alive connections, {bench.rounds} rounds",
                ["request", "CPU us", "x bare", "requests/s"], rows)
    goals = [("liveness, x bare", ratio(found, LIVE, BARE, "cpu_us"), 1.2, 2, ""),
             (WARM, middle(found, WARM, "cpu_us"), 45, 1, " us"),
             (COLD_ONE, middle(found, COLD_ONE, "cpu_us"), 250, 1, " us"),
             ("peak memory of the API", resident, 64, 1, " MiB")]
    # A twentieth of what FastAPI takes for the same answer.
    goals += [(f"{WARM}, of {name}", 100 * ratio(found, WARM, name, "cpu_us"), 5, 1, " %")
              for name in (PEER_WARM, PLAIN_WARM) if name in found]
    tools.targets(goals)
    if PEER_WARM not in found:
        print("  not installed: FastAPI (make deps-bench)")


def latency(bench):
    """Time of a batch beside that of a single one, and of a cold region"""
    with perfgate_serve(bench) as ours:
        found = figures(bench, {
            "single, hit": lambda: ask(bench, ours, "/predict/single", SINGLE, 1),
            "batch of 100, hits": lambda: ask(bench, ours, "/predict/batch", batch(), 1),
            "spatial 40 x 40, cold": lambda: ask(bench, ours, "/predict/spatial", SPATIAL, 1),
        })
    tools.table(f"time of an answer, 1 connection, {bench.rounds} rounds", ["request", "p50 us", "p95 us"],
                [[name, f"{middle(found, name, 'p50_us'):,.0f}", f"{middle(found, name, 'p95_us'):,.0f}"]
                 for name in found])
    tools.targets([("batch of 100, x single", ratio(found, "batch of 100, hits", "single, hit", "p50_us"), 4, 2, ""),
                   ("spatial, cold, p95", middle(found, "spatial 40 x 40, cold", "p95_us") / 1000, 100, 1, " ms")])


def store(bench):
    """Ways to ask PostgreSQL for many cells: one statement, libpq's pipeline mode, one round trip each"""
    with perfgate_serve(bench) as ours:
        program = bench.compile(os.path.join(HERE, "pipeline.c"), "-I/usr/include/postgresql", "-lpq")
        database = f"host={os.path.dirname(redis_socket(ours))} user=perfgate dbname=perfgate"
        for cells in (100, 256):
            out = tools.run([program, database, CELLS, str(cells), str(20 * bench.rounds)]).output
            rows = [line.split("\t") for line in out.splitlines()]
            one = float(rows[0][1])
            tools.table(f"30 days of {cells} cells, {20 * bench.rounds} rounds", ["way", "ms", "CPU ms", "x one statement"],
                        [[*row, f"{float(row[1]) / one:.2f}"] for row in rows])


# Fixed holds of the lengths that are waited for in different ways, each on a route of its own.
HELD = {"/health/liveness": 20, "/health/readiness": 100, "/openapi.json": 500, "/": 1500, "/info": 5000}
SHARE = 0.2


def handler_us(server):
    """Sum of the time that predictions took, and their number."""
    with urllib.request.urlopen(server.url + "/metrics") as answer:
        text = answer.read().decode()
    name = r'malaria_prediction_latency_seconds_%s\{model_type="ensemble"\} (\S+)'
    return float(re.search(name % "sum", text).group(1)) * 1e6, int(re.search(name % "count", text).group(1))


def inject(bench):
    """Latency asked for with --inject, and what a client finds of it"""
    rules = [f"latency={us}us@{path}" for path, us in HELD.items()] + [f"latency={SHARE:.0%}@/predict/single"]
    paths = [(path, "") for path in HELD] + [("/predict/single", SINGLE)]
    with perfgate_serve(bench) as plain, \
            perfgate_serve(bench, *[word for rule in rules for word in ("--inject", rule)]) as held:
        questions = {(path, server): (lambda path=path, script=script, server=server:
                                      ask(bench, server, path, script, 1))
                     for path, script in paths for server in (plain, held)}
        found = figures(bench, questions)
        spent_us, count = handler_us(plain)
    rows = []
    for path, _ in paths:
        asked_us = HELD.get(path, SHARE * spent_us / count)
        # Medians within a round: a machine that is disturbed for a moment moves a mean by more than the hold.
        got_us = tools.median([b.p50_us - a.p50_us for a, b in zip(found[path, plain], found[path, held])])
        rows.append([path, f"{asked_us:.0f}" if path in HELD else f"{SHARE:.0%} = {asked_us:.0f}", f"{got_us:.0f}",
                     f"{got_us / asked_us:.2f}"])
    tools.table(f"injected latency, 1 connection, {bench.rounds} rounds", ["route", "asked us", "found us", "x"], rows)


SPIKE = """performance_gates: {{max_error_rate: 0.01}}
target: {url}
profiles:
  user: {{weight: 1, wait: 1s..5s, tasks: {{single: 1}}}}
tasks:
  single:
    request: POST /predict/single
    json:
      location: {{latitude: "${{uniform(-3..2)}}", longitude: "${{uniform(34..38)}}"}}
      target_date: "2026-01-31"
      model_type: "${{choice(ensemble: 60, lstm: 20, transformer: 20)}}"
      prediction_horizon: "${{choice(1, 3, 7, 14, 30)}}"
scenarios:
  bench: {{users: 500, spawn_rate: 100, duration: 20s, warmup: 0s}}
"""


def spike(bench):
    """500 users on the whole machine: generator, API, PostgreSQL and Redis together"""
    p95, resident = [], []
    for _ in range(bench.rounds):
        with perfgate_serve(bench) as ours:
            for pid in [ours.pid] + [int(p) for p in subprocess.run(
                    ["pgrep", "-P", str(ours.pid)], capture_output=True, text=True, check=True).stdout.split()]:
                subprocess.run(["taskset", "-apc", f"0-{os.cpu_count() - 1}", str(pid)], stdout=subprocess.DEVNULL,
                               check=False)
            result, _ = tools.perfgate(bench, "spike", SPIKE.format(url=ours.url), core=None)
            p95.append(result["total"]["latency_ms"]["p95"])
            resident.append(ours.memory_mib("VmHWM"))
    print(f"\n500 users, medians of {bench.rounds} rounds")
    tools.targets([("p95", tools.median(p95), 50, 1, " ms"),
                   ("peak memory of the API", tools.median(resident), 64, 1, " MiB")])
