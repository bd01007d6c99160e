"""
Instructions in user space and system calls per request: the same on a busy machine.

Counted is what a longer run has more than a short one, of instructions in the thread that sends
only: slowed down by valgrind, what the other does once a second would count far too much. Without
valgrind or strace their column is left out.
"""
import json
import os
import re
import shutil
import subprocess

import peers
import tools

SHORT_S, LONG_S = 2, 6


def floor(bench):
    """Name, function to count in, command for (port, seconds), and what finds the number of requests."""
    return "floor: epoll, no parsing", "main", *program(peers.floor_program(bench))


def multi_socket(bench):
    """As floor()."""
    return "plain multi_socket loop", "main", *program(peers.multi_socket_program(bench))


def program(path):
    return (lambda port, seconds: ([path, str(port), "50", str(seconds)], None)), (lambda folder, output: int(output))


def perfgate(bench, config, *options):
    """As floor(); `config` makes the configuration for (port, seconds)."""
    folder = bench.path("counted")

    def command(port, seconds):
        os.makedirs(folder, exist_ok=True)
        bench.write(os.path.join("counted", "ci_cd_config.yml"), config(port, seconds))
        return [bench.perfgate, "run", "-q", "--scenario", "bench", *options], folder

    def requests(where, _):
        with open(os.path.join(where, "perfgate-results", "result.json"), encoding="utf-8") as f:
            return json.load(f)["scenarios"][0]["total"]["requests"]

    return "perfgate", "worker_run", command, requests


def counted_run(command, cwd):
    return subprocess.run(tools.pinned(tools.GENERATOR_CORE, command), cwd=cwd, check=True, capture_output=True,
                          text=True)


def instructions(_, function, command, cwd):
    done = counted_run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                        f"--toggle-collect={function}", *command], cwd)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1)), done.stdout


def system_calls(bench, _, command, cwd):
    log = bench.path("strace")
    done = counted_run(["strace", "-f", "-c", "-U", "calls,syscall", "-o", log, *command], cwd)
    with open(log, encoding="utf-8") as f:
        return next(int(line.split()[0]) for line in f if line.split()[-1:] == ["total"]), done.stdout


def per_request(bench, port, generator, count):
    _, function, command, requests = generator
    totals = []
    for seconds in (SHORT_S, LONG_S):
        words, cwd = command(port, seconds)
        value, output = count(bench, function, words, cwd)
        totals.append((value, requests(cwd, output)))
    (short, n), (long, m) = totals
    return (long - short) / (m - n) if m > n else float("nan")


def table(bench, port, generators):
    """Counts now; what it returns prints the table."""
    counts = [(name, digits, count) for name, tool, digits, count in (
        ("instructions", "valgrind", 0, instructions), ("system calls", "strace", 2, system_calls)) if shutil.which(tool)]
    rows = [[generator[0]] + [f"{per_request(bench, port, generator, count):,.{digits}f}" for _, digits, count in counts]
            for generator in generators if counts]
    return lambda: tools.table("counted, per request", ["generator"] + [name for name, *_ in counts],
                               rows) if rows else None
