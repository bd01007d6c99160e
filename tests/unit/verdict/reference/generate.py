#!/usr/bin/env python3
"""Reference values of the unit tests of verdict/, from scipy and from plain definitions.

Run by hand where the formulas change: python3 generate.py (needs python3-scipy). The values are
committed beside it, so no test needs Python.
"""
import itertools
import math
import os

import numpy
import scipy
from scipy import optimize, stats

HERE = os.path.dirname(os.path.abspath(__file__))


class Table:
    """One C fragment: arrays of initialised structs."""

    def __init__(self, name):
        self.path = os.path.join(HERE, name + ".inc")
        self.lines = [f"/* From generate.py with scipy {scipy.__version__}. */"]

    def rows(self, name, fields, rows):
        self.lines.append(f"static const struct {{\n\t{fields};\n}} {name}[] = {{")
        self.lines += ["\t{" + ", ".join(text(value) for value in row) + "}," for row in rows]
        self.lines.append("};")

    def vector(self, name, values):
        self.lines.append(f"static const double {name}[] = {{")
        self.lines += [f"\t{text(value)}," for value in values]
        self.lines.append("};")

    def write(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("\n".join(self.lines) + "\n")


def text(value):
    if isinstance(value, (bool, numpy.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, numpy.integer)):
        return str(value)
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return repr(float(value))


def t_quantile(tail, freedom):
    """stats.t.isf has nine digits at small t; its sf has all of them."""
    near = stats.t.isf(tail, freedom)
    low, high = sorted([near * .999, near * 1.001])
    return optimize.brentq(lambda t: stats.t.sf(t, freedom) / tail - 1, low, high, xtol=1e-300,
                           rtol=1e-14)


def holm(p):
    order = numpy.argsort(p, kind="stable")
    out, largest = numpy.empty(len(p)), 0
    for i, j in enumerate(order):
        largest = max(largest, min(1, (len(p) - i) * p[j]))
        out[j] = largest
    return out


def hoeffding(mean, bound, n, alpha):
    def gap(u):
        p, q = mean / bound, u / bound
        hit = p * math.log(p / q) if p > 0 else 0
        return n * (hit + (1 - p) * math.log((1 - p) / (1 - q))) - math.log(1 / alpha)

    return optimize.brentq(gap, mean + 1e-15, bound - 1e-15, xtol=1e-15)


def distributions():
    table = Table("stats")
    tails = [.4999, .45, .3, .25, .1, .05, .025, .01, 1e-3, .05 / 200, 1e-6, 1e-9, .7, .975]
    freedoms = [1, 2, 3, 4, 5, 8, 18, 20, 30, 120, 2000]
    table.rows("t_values", "double tail, freedom, t",
               [(q, v, t_quantile(q, v)) for v in freedoms for q in tails])
    table.rows("normal_values", "double tail, z", [(q, stats.norm.isf(q)) for q in tails])
    p = [.001, .01, .03, .03, .2, .0004, .9, .05]
    table.vector("holm_p", p)
    table.vector("holm_adjusted", holm(p))
    table.rows("hoeffding_values", "double mean, bound; size_t n; double alpha, limit",
               [(f, b, n, a, hoeffding(f, b, n, a)) for f, b, n, a in
                [(0, .05, 45, .05), (.004, .05, 45, .05), (.01, .05, 90, .05), (.002, .0498, 90, .05),
                 (.04, .05, 10, .05), (.004, .05, 1000, .01)]])
    table.write()


def signed_rank_critical(n, level):
    counts = [1]
    for rank in range(1, n + 1):
        grown = counts + [0] * rank
        for w, count in enumerate(counts):
            grown[w + rank] += count
        counts = grown
    below = 0
    for w, count in enumerate(counts):
        below += count
        if below / 2 ** n > level:
            return w - 1
    return len(counts) - 1


def walsh(values):
    return sorted((a + b) / 2 for a, b in itertools.combinations_with_replacement(values, 2))


def ranks():
    table = Table("robust")
    table.rows("signed_rank_values", "size_t n; double level; long c",
               [(n, a, signed_rank_critical(n, a)) for n in [1, 4, 5, 6, 7, 8, 12, 16, 18, 24, 40, 64, 128]
                for a in [.002, .01, .025, .03, .05, .3]])
    generator = numpy.random.default_rng(1)
    values, rows = [], []
    for n in [6, 7, 8, 16, 24, 63]:
        x = generator.standard_t(3, n) * .05 + .02
        w, c = walsh(x), signed_rank_critical(n, .025)
        limit = 3 * numpy.median(numpy.abs(x))
        rows.append((len(values), n, numpy.median(w), w[c] if c >= 0 else -math.inf,
                     w[-1 - c] if c >= 0 else math.inf, limit))
        values += list(x)
    table.vector("samples", values)
    table.rows("shift_values", "size_t first, n; double shift, low, high, limit", rows)
    table.write()


def t_statistic(x):
    x = x[~numpy.isnan(x)]
    return x.mean() / math.sqrt((x.var(ddof=1) + 1e-6) / len(x))


def step_down(d):
    """Every sign vector, in the plain form of Westfall and Young."""
    m, blocks = d.shape
    observed = numpy.array([t_statistic(row) for row in d])
    order = numpy.argsort(-observed)
    flipped = numpy.array([[t_statistic(d[j] * e) for j in order]
                           for e in itertools.product([1, -1], repeat=blocks)])
    p, largest, out = numpy.empty(m), 0, numpy.empty(m)
    for i in range(m):
        reached = flipped[:, i:].max(axis=1) >= observed[order[i]] - 1e-9
        largest = max(largest, reached.mean())
        out[order[i]] = largest
    maxima = numpy.sort(flipped.max(axis=1))
    return observed, out, maxima[math.ceil(.95 * len(maxima)) - 1]


def max_t():
    table = Table("maxt")
    generator = numpy.random.default_rng(2)
    for name, cells, blocks in [("eight", 7, 8), ("eleven", 4, 11)]:
        common = generator.normal(0, .03, blocks)
        shift = numpy.linspace(-.06, .12, cells)[:, None]
        d = generator.normal(0, .04, (cells, blocks)) + common + shift
        d[1, 2] = d[2, 0] = d[2, 5] = math.nan
        d[3] = 0
        t, p, q = step_down(d)
        table.vector(f"{name}_d", d.flatten())
        table.rows(f"{name}_values", "double t, p, p_less",
                   list(zip(t, p, step_down(-d)[1])))
        table.lines.append(f"static const double {name}_q = {text(q)};")
    table.write()


if __name__ == "__main__":
    distributions()
    ranks()
    max_t()
