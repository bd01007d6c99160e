#!/usr/bin/env python3
"""Compare the models of a running reference API with the published formulas.

    api_models.py URL SOCKET_FOLDER

Computes the mechanistic risk of every cell in each month from the tables (Mordecai et al. 2013;
Craig et al. 1999; an implementation of its own), asks the API for the same, and prints R2 of lstm
and transformer on the cells that were not learnt from. Fails below 0.9, and when the ensemble
is not the mean of the three.
"""

import datetime
import http.client
import json
import math
import subprocess
import sys
import urllib.parse

SOUTH, WEST, ROWS, COLUMNS = -3, 34, 21, 17
LEARNT_EVERY = 7  # 21 x 17 cells, 48 to learn from: fit.h
WINDOW_DAYS = 30


def briere(t, c, low, high):
    return c * t * (t - low) * math.sqrt(high - t) if low < t < high else 0


def quadratic(t, q, r, s):
    return max(0, q * t * t + r * t + s)


def reproduction(t):
    survival = quadratic(t, -0.000828, 0.0367, 0.522)
    parasite = briere(t, 0.000111, 14.7, 34.4)
    if not 0 < survival < 1 or parasite == 0:
        return 0
    mu = -math.log(survival)
    return math.sqrt(briere(t, 0.000203, 11.7, 42.3) ** 2 * quadratic(t, -0.54, 25.2, -206) / 100
                     * math.exp(-mu / parasite) * quadratic(t, -0.153, 8.61, -97.7)
                     * quadratic(t, -0.00924, 0.453, -4.77) * briere(t, 0.000111, 14.7, 34) / mu**3)


PEAK = max(reproduction(20 + i / 10000) for i in range(100000))


def fuzzy(value, unsuitable, suitable):
    share = min(1, max(0, (value - unsuitable) / (suitable - unsuitable)))
    return math.cos((1 - share) * math.pi / 2) ** 2


def risk(temperature, rain, humidity, ndvi):
    limit = min(fuzzy(rain, 0, 80), fuzzy(humidity, 30, 60), fuzzy(ndvi, 0.15, 0.40))
    return reproduction(temperature) / PEAK * limit


def from_tables(sockets, day):
    window = [day - datetime.timedelta(days=back) for back in range(WINDOW_DAYS)]
    days = ",".join("'%s'" % d.replace(year=2023) for d in window)
    sql = ("SELECT avg(temperature_2m), sum(total_precipitation::float8), avg(relative_humidity_2m),"
           " (SELECT ndvi FROM modis_data_points m WHERE m.latitude = e.latitude AND"
           " m.longitude = e.longitude AND m.timestamp <= '%s' ORDER BY m.timestamp DESC LIMIT 1)"
           " FROM era5_data_points e WHERE timestamp IN (%s) GROUP BY latitude, longitude"
           " ORDER BY latitude, longitude" % (day, days))
    out = subprocess.run(["psql", "-At", "-F", " ", "-h", sockets, "-U", "perfgate", "-c", sql],
                         check=True, capture_output=True, text=True).stdout
    return [risk(*map(float, line.split())) for line in out.splitlines()]


def from_api(connection, day, model):
    request = {"bounds": {"south": SOUTH, "north": SOUTH + (ROWS - 1) / 4, "west": WEST,
                          "east": WEST + (COLUMNS - 1) / 4},
               "resolution": 0.25, "target_date": str(day), "model_type": model}
    connection.request("POST", "/predict/spatial", json.dumps(request),
                       {"Content-Type": "application/json"})
    return [point["risk_score"] for point in
            json.loads(connection.getresponse().read())["predictions"]]


def r2(truth, guesses):
    mean = sum(truth) / len(truth)
    return 1 - (sum((t - g) ** 2 for t, g in zip(truth, guesses))
                / sum((t - mean) ** 2 for t in truth))


def main():
    url = urllib.parse.urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    truth, guesses = [], {"lstm": [], "transformer": []}
    for month in range(1, 13):
        day = datetime.date(2023, month, 15)
        expected = from_tables(sys.argv[2], day)
        answers = {m: from_api(connection, day, m) for m in ("lstm", "transformer", "ensemble")}
        assert len(expected) == ROWS * COLUMNS == len(answers["lstm"])
        for i, t in enumerate(expected):
            mean = (t + answers["lstm"][i] + answers["transformer"][i]) / 3
            if abs(mean - answers["ensemble"][i]) > 2e-4:
                raise SystemExit("cell %d on %s: the ensemble says %g, the mean of the three is %g"
                                 % (i, day, answers["ensemble"][i], mean))
            if i % LEARNT_EVERY:
                truth.append(t)
                for model, values in guesses.items():
                    values.append(answers[model][i])
    for model, values in guesses.items():
        value = r2(truth, values)
        print("%s: R2 %.3f on %d windows that were not learnt from" % (model, value, len(values)))
        if not value >= 0.9:
            raise SystemExit("R2 is below 0.9")


if __name__ == "__main__":
    main()
