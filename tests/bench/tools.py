"""Processes, servers and tables for the benchmarks."""
import contextlib
import json
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SERVER_CORE, GENERATOR_CORE = 0, 1


class Bench:
    """What every section gets: the binary, a scratch folder, and how long and how often to measure."""

    def __init__(self, perfgate, folder, seconds, rounds):
        self.perfgate, self.folder, self.seconds, self.rounds = perfgate, folder, seconds, rounds

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def compile(self, source, *libraries):
        """The program of a C file, built once."""
        program = self.path(os.path.splitext(os.path.basename(source))[0])
        if not os.path.exists(program):
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-D_GNU_SOURCE", "-o", program, source, *libraries],
                           check=True)
        return program


class Finished:
    """A command that ended: its output, CPU seconds and peak memory, its children's included."""

    def __init__(self, output, usage, wall_s):
        self.output, self.wall_s = output, wall_s
        self.user_s, self.system_s = usage.ru_utime, usage.ru_stime
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.peak_kib = usage.ru_maxrss


def median(values):
    return statistics.median(values)


def pinned(core, command):
    return ["taskset", "-c", str(core)] + command if os.cpu_count() > 1 else command


def run(command, core=GENERATOR_CORE, cwd=None):
    """Run a command on a core to its end; anything but success ends the benchmark."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        process = subprocess.Popen(command if core is None else pinned(core, command), stdout=out, stderr=err, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - begin
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{err.read().decode()}")
        return Finished(out.read().decode(), usage, wall_s)


def perfgate(bench, name, config, core=GENERATOR_CORE, options=()):
    """Run the scenario `bench` of a configuration; the scenario's result and the finished process."""
    folder = bench.path(name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "ci_cd_config.yml"), "w", encoding="utf-8") as f:
        f.write(config)
    done = run([bench.perfgate, "run", "-q", "--scenario", "bench", *options], core, cwd=folder)
    with open(os.path.join(folder, "perfgate-results", "result.json"), encoding="utf-8") as f:
        return json.load(f)["scenarios"][0], done


def one_line_config(port, scenario):
    """`GET /` of a server on this machine; `scenario` is a YAML flow mapping."""
    return (f"performance_gates: {{max_error_rate: 0.01}}\ntarget: http://127.0.0.1:{port}\n"
            f"requests: [GET /]\nscenarios:\n  bench: {scenario}\n")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, deadline_s=10):
    deadline = time.monotonic() + deadline_s
    while True:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            sys.exit(f"nothing listens on port {port}")
        time.sleep(0.02)


NGINX = """daemon off; pid nginx.pid; worker_processes 1; worker_rlimit_nofile {files}; error_log error.log;
events {{ worker_connections {files}; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
  server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json;
    location / {{ return 200 '{body}'; }} }} }}
"""


@contextlib.contextmanager
def nginx(bench, body):
    """One nginx worker on its core that answers everything with `body`; its port and worker's process id."""
    port, files = free_port(), resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    os.chmod(bench.folder, 0o755)
    config = bench.write("nginx.conf", NGINX.format(port=port, body=body, files=min(files, 65536)))
    server = subprocess.Popen(pinned(SERVER_CORE, ["nginx", "-p", bench.folder, "-c", config]),
                              stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        with open(f"/proc/{server.pid}/task/{server.pid}/children", encoding="ascii") as f:
            worker = int(f.read().split()[0])
        yield port, worker
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def known_latency(bench, hold_us):
    """A server that holds every answer; its port, and a function that ends it and says what it held."""
    program = bench.compile(os.path.join(ROOT, "tests", "harness", "known_latency_server.c"))
    server = subprocess.Popen(pinned(SERVER_CORE, [program, str(hold_us)]), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)

    def held():
        line = server.communicate()[0].split()
        return {name: float(value) for name, value in (part.split("=") for part in line[1:])}

    try:
        yield int(server.stdout.readline()), held
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


@contextlib.contextmanager
def stopped_after(pid, delay_s, stop_s):
    """SIGSTOP a process `delay_s` from now for `stop_s`; a list that gets the length of the real stop."""
    lengths = []

    def stop():
        time.sleep(delay_s)
        begin = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(stop_s)
        os.kill(pid, signal.SIGCONT)
        lengths.append(time.monotonic() - begin)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield lengths
    finally:
        thread.join()


def table(title, header, rows):
    """Columns as wide as they need to be: the first to the left, the others to the right."""
    print(f"\n{title}")
    lines = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  " + "  ".join([line[0].ljust(widths[0])] + cells).rstrip())
    sys.stdout.flush()


def targets(rows):
    """(figure, measured, limit, digits, unit) each: how they stand; lower is better in all of them."""
    table("target", ["figure", "target", "measured", ""],
          [[name, f"<= {limit:g}{unit}", f"{value:.{digits}f}{unit}", "met" if round(value, digits) <= limit else "MISSED"]
           for name, value, limit, digits, unit in rows])


def machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            sys.exit(f"missing tool: {tool} (make deps-bench)")
