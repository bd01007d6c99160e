#!/usr/bin/env python3
"""A load that knows the right answers.

usage: api_load.py URL STATE

Learns what 40 places answer, then asks for them from 8 connections until SIGTERM. Every 50 ms STATE
is replaced by a line of JSON: answers by status, by what Server-Timing says of the cache, `wrong` ones
(200 with another risk than before), `lost` ones (no answer at all), and `slowest_ms`. SIGUSR1 starts the
counting anew.
"""
import collections
import http.client
import json
import os
import signal
import sys
import threading
import time
import urllib.parse

CONNECTIONS = 8
PLACES = [(-3 + 0.5 * (i // 8), 34 + 0.5 * (i % 8)) for i in range(40)]
url, state = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2]
stop = threading.Event()
lock = threading.Lock()
counts = collections.Counter()
slowest_s = 0.0


def clear(*_):
    global slowest_s
    counts.clear()
    slowest_s = 0.0


def body(place):
    return json.dumps({"location": {"latitude": place[0], "longitude": place[1]}, "target_date": "2023-06-01"})


def ask(connection, place):
    connection.request("POST", "/predict/single", body(place), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.headers.get("Server-Timing", ""), json.loads(answer.read())


def dial():
    return http.client.HTTPConnection(url.hostname, url.port, timeout=30)


def note(status, timing, right, took_s):
    global slowest_s
    with lock:
        counts["requests"] += 1
        counts[str(status)] += 1
        counts["wrong"] += not right
        for word in ("hit", "miss", "error"):
            counts[word] += f"cache;desc={word}" in timing
        slowest_s = max(slowest_s, took_s)


def user(number, expected):
    connection, turn = dial(), number
    while not stop.is_set():
        place = PLACES[turn % len(PLACES)]
        turn += 1
        begin = time.monotonic()
        try:
            status, timing, answer = ask(connection, place)
        except (OSError, ValueError, http.client.HTTPException):
            with lock:
                counts["lost"] += 1
            connection.close()
            connection = dial()
            continue
        note(status, timing, status != 200 or answer["risk_score"] == expected[place], time.monotonic() - begin)
        time.sleep(0.002)


def main():
    first = dial()
    expected = {place: ask(first, place)[2]["risk_score"] for place in PLACES}
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGUSR1, clear)
    threads = [threading.Thread(target=user, args=(i, expected)) for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    while not stop.wait(0.05):
        with lock:
            line = json.dumps({**counts, "slowest_ms": round(1000 * slowest_s)})
        with open(state + ".new", "w", encoding="ascii") as f:
            f.write(line + "\n")
        os.replace(state + ".new", state)
    for thread in threads:
        thread.join()


main()
