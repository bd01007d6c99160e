"""What users that mostly think cost: memory and CPU of the generator."""
import json
import os
import resource

import tools

BODY = '{"items": "' + "x" * 293 + '"}'
MANY, SOME, FEW = 19900, 5000, 100


def thinking(bench, port, users, seconds):
    """Users with 1-3 s of think time; their result and the finished process."""
    ramp = max(1, users // 2000)
    scenario = f"{{users: {users}, spawn_rate: 2000, duration: {seconds + ramp}s, warmup: {ramp}s}}"
    return tools.perfgate(bench, f"users-{users}", tools.one_line_config(port, scenario))


def failures(result):
    return {name: n for name, n in result["total"]["classes"].items() if n and name != "ok"}


def memory(bench):
    """memory per thinking user at 19,900 users, CPU of the generator at 5,000"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    many = MANY if limit >= MANY + 100 else max(FEW * 2, limit - 100)
    seconds = 2 * bench.seconds
    with tools.nginx(bench, BODY) as (port, _):
        measured = [(users, *thinking(bench, port, users, seconds)) for users in (FEW, SOME, many)]
    base_kib = measured[0][2].peak_kib
    rows = []
    for users, result, done in measured:
        per_user = (done.peak_kib - base_kib) / (users - FEW) if users > FEW else None
        generator = result["generator"]
        rows.append([f"{users:,}", f"{done.peak_kib / 1024:.1f}", "-" if per_user is None else f"{per_user:.2f}",
                     f"{generator['cpu_percent']:.1f}", f"{result['offered_rps']:,.0f}",
                     f"{result['total']['latency_ms']['p99']:.2f}",
                     f"{generator['scheduling_delay_us']['p99']:.0f}", json.dumps(failures(result))])
    tools.table("users with 1-3 s of think time, nginx, the ramp paced at 2,000 users/s",
                ["users", "peak MiB", "KiB/user", "CPU % of a core", "requests/s", "p99 ms", "delay p99 us", "failed"],
                rows)
    if many < MANY:
        print(f"  ulimit -n is {limit}: {many:,} users instead of {MANY:,}")
    (_, some, _), (_, _, most) = measured[1], measured[2]
    per_user = (most.peak_kib - base_kib) / (many - FEW)
    tools.targets([("memory per user", per_user, 0.5, 2, " KiB"),
                   (f"in all at {many:,} users", most.peak_kib * 1024 / 1e6, 40, 1, " MB"),
                   (f"CPU of a core at {SOME:,} users", some["generator"]["cpu_percent"], 15, 1, " %")])


def spike(bench):
    """the generator's share of a core in the seed's spike: 500 users on the reference API"""
    folder = bench.path("spike")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "ci_cd_config.yml"), "w", encoding="utf-8") as f:
        f.write("performance_gates: {max_error_rate: 0.10}\n")
    tools.run([bench.perfgate, "run", "-q", "--scenario", "spike", "--duration-scale", "0.1"], None, cwd=folder)
    with open(os.path.join(folder, "perfgate-results", "result.json"), encoding="utf-8") as f:
        result = json.load(f)["scenarios"][0]
    generator = result["generator"]
    tools.table("spike, up to 500 seed users, a tenth of its length, reference API on the same machine",
                ["users", "CPU % of a core", "requests/s", "p95 ms", "delay p99 us"],
                [["500", f"{generator['cpu_percent']:.2f}", f"{result['offered_rps']:.0f}",
                  f"{result['total']['latency_ms']['p95']:.1f}", f"{generator['scheduling_delay_us']['p99']:.0f}"]])
    tools.targets([("CPU of a core", generator["cpu_percent"], 2, 2, " %")])
