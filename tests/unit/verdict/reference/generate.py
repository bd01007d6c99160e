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


def first_bound(n, m, sd):
    if n < 10:
        s = max(.05, math.sqrt(((n - 1) * sd ** 2 + .04) / (n + 3)))
        return max(math.log(1.2),
                   stats.t.isf(.05 / m, n + 3) * s * math.sqrt(1 + math.pi / (2 * n)))
    return stats.t.isf(.05 / m, n - 2) * max(.01, sd) * math.sqrt(1 + 1 / n)


def history():
    """Cells of one scenario with a speed that varies: x, the first bound and Holm's p."""
    table = Table("history")
    table.rows("bound_values", "size_t n, m; double sd, bound",
               [(n, m, sd, first_bound(n, m, sd)) for n in [1, 2, 5, 9, 10, 20, 40]
                for m in [1, 30, 200] for sd in [0, .02, .05, .1]])
    generator = numpy.random.default_rng(3)
    n, m = 20, 5
    c = generator.normal(0, .04, n)
    c_now = .06
    y = .9 * c + generator.normal(math.log(5), .03, (m, n))
    now = math.log(5) + .9 * c_now + numpy.array([0, .02, .1, .16, -.1])
    slopes = [min(2, max(0, stats.linregress(c, row).slope)) for row in y]
    beta = numpy.median(slopes)
    rows, p = [], []
    for row, value in zip(y, now):
        past = row - beta * (c - c.mean())
        x = value - beta * (c_now - c.mean()) - past.mean()
        sd = max(.01, math.sqrt(((past - past.mean()) ** 2).sum() / (n - 2)))
        scale = sd * math.sqrt(1 + 1 / n + (c_now - c.mean()) ** 2 / ((c - c.mean()) ** 2).sum())
        p.append(stats.t.sf(x / scale, n - 2))
        rows.append((value, x, stats.t.isf(.05 / m, n - 2) * scale))
    table.vector("speed", c)
    table.vector("past", y.flatten())
    table.rows("judged", "double now, x, bound, p",
               [(*row, adjusted) for row, adjusted in zip(rows, holm(numpy.array(p)))])
    table.lines.append(f"static const double speed_now = {text(c_now)};")
    table.lines.append(f"static const double beta = {text(beta)};")
    table.write()


def mann_kendall(t, y):
    """One-sided p for a rise, ties corrected, and Yue and Wang's factor."""
    n = len(y)
    s = sum(numpy.sign(y[k] - y[i]) for i in range(n) for k in range(i + 1, n))
    variance = n * (n - 1) * (2 * n + 5)
    for ties in numpy.unique(y, return_counts=True)[1]:
        variance -= ties * (ties - 1) * (2 * ties + 5)
    variance /= 18
    slope = stats.theilslopes(y, t)[0]
    ranks = stats.rankdata(y - slope * t)
    ranks = ranks - ranks.mean()
    r = (ranks[1:] * ranks[:-1]).sum() / (ranks ** 2).sum()
    r = min(.98, (n * r + 2) / (n - 4))
    factor = max(1, 1 + 2 * sum((1 - k / n) * r ** k for k in range(1, n)))
    return stats.norm.sf((s - numpy.sign(s)) / math.sqrt(variance * factor)), factor


def trends():
    table = Table("trend")
    generator = numpy.random.default_rng(4)
    values, rows = [], []
    for n, slope, correlation, digits in [(12, .5, 0, 6), (60, .05, 0, 0), (60, .02, .6, 6),
                                          (200, 0, .4, 6), (240, -.01, 0, 1)]:
        t = numpy.arange(n) * 15.0
        noise = numpy.zeros(n)
        for i in range(n):
            noise[i] = correlation * noise[i - 1] + generator.normal()
        y = numpy.round(100 + slope * numpy.arange(n) + noise, digits)
        p, factor = mann_kendall(t, y)
        middle, _, low, high = stats.theilslopes(y, t, .95)
        if factor > 1:
            low = high = math.nan  # scipy's interval knows no autocorrelation
        rows.append((len(values), n, 3600 * middle, 3600 * low, 3600 * high, p, factor))
        values += list(y)
    table.vector("series", values)
    table.rows("trend_values", "size_t first, n; double per_hour, low, high, p, inflation", rows)
    table.write()


if __name__ == "__main__":
    history()
    trends()
    distributions()
    ranks()
    max_t()
