"""Send each odd request to the API and to an nginx: http_oddities.py API_PORT NGINX_PORT CORPUS

Fails where a verdict differs from the corpus, and where something is taken that nginx refuses or answers
another number of times.
"""
import codecs
import re
import socket
import sys

HOST = "Host: 127.0.0.1\\r\\n"
GET = "GET /health/liveness HTTP/1.1\\r\\n" + HOST
SHORTHANDS = {"{H}": HOST, "{G}": GET, "{C}": GET + "Transfer-Encoding: chunked\\r\\n\\r\\n"}
BEHIND = b"GET /behind HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def read_corpus(path):
    with open(path, encoding="ascii") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            verdict, name, text = line.rstrip("\n").split(" ", 2)
            for short, long in SHORTHANDS.items():
                text = text.replace(short, long)
            yield verdict, name, codecs.escape_decode(text)[0]


def statuses(port, payload):
    """Of all answers until the server closes; our half of the connection is closed at once."""
    got = b""
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.settimeout(10)
        try:
            peer.sendall(payload + BEHIND)
            peer.shutdown(socket.SHUT_WR)
            while chunk := peer.recv(65536):
                got += chunk
        except ConnectionError:
            pass  # refused while we were sending
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)]


def main():
    api, nginx, corpus = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    failed = 0
    for verdict, name, payload in read_corpus(corpus):
        ours, theirs = statuses(api, payload), statuses(nginx, payload)
        taken = ours[:1] == [200]
        problem = None
        if taken != (verdict == "accept"):
            problem = f"expected to {verdict} it"
        elif taken and ours != [200, 404]:
            problem = "not answered together with the one behind it"
        elif taken and theirs != ours:
            problem = "nginx takes it for something else"
        elif not taken and 200 in ours:
            problem = "refused, but a part of it was taken"
        if problem:
            failed += 1
            print(f"{name}: {problem}: answers {ours}, nginx {theirs}: {payload!r}")
    sys.exit(1 if failed else 0)


main()
