"""The other load generators: how each is told the same job, and how many requests it says it made."""
import json
import os
import re
import shutil
import subprocess
import sys

import tools

AUTOCANNON = "9.0.0"
LOCUST_FILE = """from locust import FastHttpUser, task

class Bench(FastHttpUser):
    @task
    def get(self):
        self.client.get("/")
"""


def wrk(bench, port, seconds, connections):
    done = tools.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}/"])
    return done, int(re.search(r"(\d+) requests in", done.output).group(1))


def h2load(bench, port, seconds, connections):
    done = tools.run(["h2load", "--h1", "-t1", f"-c{connections}", f"-D{seconds}", f"http://127.0.0.1:{port}/"])
    return done, int(re.search(r"(\d+) succeeded", done.output).group(1))


def ab(bench, port, seconds, connections):
    done = tools.run(["ab", "-k", "-q", f"-c{connections}", f"-t{seconds}", "-n100000000", f"http://127.0.0.1:{port}/"])
    return done, int(re.search(r"Complete requests: +(\d+)", done.output).group(1))


def hey(bench, port, seconds, connections):
    done = tools.run(["hey", "-cpus", "1", "-z", f"{seconds}s", "-c", str(connections), f"http://127.0.0.1:{port}/"])
    return done, int(re.search(r"\[200\]\s+(\d+) responses", done.output).group(1))


def autocannon_path(bench):
    """Installed once beside the build; None when there is no npm."""
    folder = os.path.join(tools.ROOT, "build", "node-bench")
    program = os.path.join(folder, "node_modules", "autocannon", "autocannon.js")
    if not os.path.exists(program) and shutil.which("npm") and shutil.which("node"):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts",
                        "--loglevel=error", f"autocannon@{AUTOCANNON}"], stdout=sys.stderr, check=False)
    return program if os.path.exists(program) else None


def autocannon(bench, port, seconds, connections):
    done = tools.run(["node", autocannon_path(bench), "-j", "-c", str(connections), "-d", str(seconds),
                      f"http://127.0.0.1:{port}/"])
    return done, json.loads(done.output)["requests"]["total"]


def locust(bench, port, seconds, connections):
    script = bench.write("locustfile.py", LOCUST_FILE)
    prefix = bench.path("locust")
    done = tools.run(["locust", "-f", script, "--headless", "--only-summary", "-u", str(connections), "-r", "1000",
                      "-t", f"{seconds}s", "--csv", prefix, "-H", f"http://127.0.0.1:{port}"])
    with open(f"{prefix}_stats.csv", encoding="utf-8") as f:
        return done, int(f.readlines()[-1].split(",")[2])


def floor_program(bench):
    return bench.compile(os.path.join(tools.HERE, "floor.c"))


def multi_socket_program(bench):
    return bench.compile(os.path.join(tools.HERE, "multi_socket.c"), "-lcurl")


def own(program, port, seconds, connections):
    done = tools.run([program, str(port), str(connections), str(seconds)])
    return done, int(done.output)


def floor(bench, port, seconds, connections):
    return own(floor_program(bench), port, seconds, connections)


def multi_socket(bench, port, seconds, connections):
    return own(multi_socket_program(bench), port, seconds, connections)


def perfgate(bench, port, seconds, connections, options=()):
    scenario = f"{{users: {connections}, duration: {seconds}s, warmup: 0s, think_scale: 0}}"
    result, done = tools.perfgate(bench, "get", tools.one_line_config(port, scenario), options=options)
    return done, result["total"]["requests"]


def perfgate_curl(bench, port, seconds, connections):
    return perfgate(bench, port, seconds, connections, ["--transport", "curl"])


# name, function, what must be there
GENERATORS = [
    ("floor: epoll, no parsing", floor, lambda bench: shutil.which("cc") or shutil.which("gcc")),
    ("perfgate", perfgate, lambda bench: True),
    ("wrk", wrk, lambda bench: True),
    ("ab -k", ab, lambda bench: shutil.which("ab")),
    ("h2load --h1", h2load, lambda bench: shutil.which("h2load")),
    ("perfgate --transport curl", perfgate_curl, lambda bench: True),
    ("autocannon", autocannon, autocannon_path),
    ("hey", hey, lambda bench: shutil.which("hey")),
    ("locust FastHttpUser", locust, lambda bench: shutil.which("locust")),
]
