"""Let each allocation of each kind of request fail once: api_memory.py PORT PID CONTROL

CONTROL is what fail_alloc.c reads. A request that meets the failure is answered, whole, or its connection is
closed; the one after it is answered as always.
"""
import mmap
import re
import socket
import struct
import sys

PORT, PID = int(sys.argv[1]), int(sys.argv[2])
ENOUGH = 2000  # no request allocates so often


def control_of(path):
    with open(path, "r+b") as f:
        return mmap.mmap(f.fileno(), 12)


CONTROL = control_of(sys.argv[3])


def get(path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{more}\r\n"


def post(path, body):
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")


def single(day):
    return post("/predict/single", '{"location": {"latitude": 0, "longitude": 35, "name": "K\\u00e9"}, '
                f'"target_date": "20{day // 336 + 10}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}"}}')


def batch(day):
    places = ", ".join(f'{{"latitude": {i % 5 - 2}, "longitude": 35}}' for i in range(40))
    return post("/predict/batch", f'{{"locations": [{places}], "target_date": "19{day // 336 + 50}-'
                f'{day // 28 % 12 + 1:02}-{day % 28 + 1:02}"}}')


def spatial(_):
    return post("/predict/spatial", '{"bounds": {"north": 1, "south": 0, "east": 36, "west": 35}, '
                '"target_date": "2023-06-01"}')


# Cold ones are another request each time.
KINDS = {
    "liveness": lambda n: get("/health/liveness"),
    "health": lambda n: get("/health/"),
    "metrics, packed": lambda n: get("/metrics", "Accept-Encoding: gzip\r\n"),
    "page": lambda n: get("/dashboard.css"),
    "socket, not upgraded": lambda n: get("/ws/dashboard"),
    "not found": lambda n: get("/nothing"),
    "single, hit": lambda n: single(0),
    "single, miss": single,
    "batch, miss": batch,
    "region": spatial,
    "no JSON": lambda n: post("/predict/single", "{"),
}


def ask(request):
    got = b""
    with socket.create_connection(("127.0.0.1", PORT)) as peer:
        peer.settimeout(20)
        try:
            peer.sendall(request.encode())
            while chunk := peer.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
    return got


def is_whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    return bool(length) and int(length.group(1)) == len(body)


def status(answer):
    return int(answer[9:12])


def arm(after):
    CONTROL[:12] = struct.pack("iii", PID, after, 0)


def fail_each(name, make):
    wanted = status(ask(make(0)))
    allowed = {wanted, 503}
    for after in range(1, ENOUGH):
        arm(after)
        answer = ask(make(after))
        failed = struct.unpack("iii", CONTROL[:12])[2]
        arm(0)
        if answer and (not is_whole(answer) or status(answer) not in allowed):
            sys.exit(f"{name}, allocation {after}: {answer[:300]!r}")
        if not failed:
            return after - 1
        answer = ask(KINDS["single, hit"](0))
        if not is_whole(answer) or status(answer) != 200:
            sys.exit(f"{name}, after allocation {after}: {answer[:300]!r}")
    sys.exit(f"{name}: no end of allocations")


for kind in KINDS:
    count = fail_each(kind, KINDS[kind])
    print(f"{kind}: {count} allocations")
    if not count:
        sys.exit("nothing failed")
