#!/usr/bin/env python3
"""A WebSocket client of bytes, that breaks the rules: websocket_peer.py PORT CHECK [ARGUMENT...]

Checks are the functions below, by name. Exit status 1 with what was expected and what came.
"""

import base64
import hashlib
import json
import os
import socket
import struct
import sys

PORT = int(sys.argv[1])
PATH = "/ws/dashboard"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def fail(what):
    sys.exit(what)


def handshake(method="GET", version="HTTP/1.1", drop=(), more=(), **changed):
    """The request; header names have _ for -, `more` are lines besides."""
    headers = {"Host": f"127.0.0.1:{PORT}", "Upgrade": "websocket", "Connection": "Upgrade",
               "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"{method} {PATH} {version}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name not in drop] + list(more)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Peer:
    def __init__(self, request=None, behind=b""):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.socket.settimeout(20)
        self.got = b""
        self.socket.sendall((request or handshake()) + behind)
        while b"\r\n\r\n" not in self.got:
            if not self.more():
                break
        head, _, self.got = self.got.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.status = int(self.head[9:12])

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.got += piece
        return bool(piece)

    def header(self, name):
        for line in self.head.split("\r\n")[1:]:
            if line.lower().startswith(name.lower() + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def take(self, count):
        while len(self.got) < count:
            if not self.more():
                return None
        taken, self.got = self.got[:count], self.got[count:]
        return taken

    def frame(self):
        """(opcode, payload); (None, b"") at the end of the stream."""
        head = self.take(2)
        if head is None:
            return None, b""
        if head[0] & 0xf0 != 0x80 or head[1] & 0x80:
            fail(f"an odd frame from the server: {head!r}")
        length = head[1]
        if length == 126:
            length = struct.unpack(">H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.take(8))[0]
        return head[0] & 15, self.take(length)

    def wait_for(self, opcode):
        while True:
            seen, payload = self.frame()
            if seen == opcode or seen is None:
                return seen, payload

    def message(self):
        return json.loads(self.wait_for(TEXT)[1])

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent: the close frame is there to be read

    def expect_close(self, code, what):
        """A close frame with the code (None: without one), then the end of the stream."""
        opcode, payload = self.wait_for(CLOSE)
        seen = struct.unpack(">H", payload[:2])[0] if payload else None
        if opcode is None or seen != code:
            fail(f"{what}: expected a close with {code}, got {opcode} {seen}")
        if self.frame()[0] is not None:
            fail(f"{what}: more after the close")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"mask", announced=None):
    length = len(payload) if announced is None else announced
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if not mask:
        return head + payload
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def closed_with(code, what, data):
    peer = Peer()
    peer.send(data)
    peer.expect_close(code, what)


def answered(status, what, request, **headers):
    peer = Peer(request)
    if peer.status != status:
        fail(f"{what}: expected {status}, got {peer.head}")
    for name, value in headers.items():
        if peer.header(name.replace("_", "-")) != value:
            fail(f"{what}: expected {name} {value}, got {peer.head}")


# -- checks --

def opens():
    """A handshake is answered, a snapshot comes first, then samples that go on from it."""
    peer = Peer()
    accept = base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    if peer.status != 101 or peer.header("Sec-WebSocket-Accept") != accept or peer.header("Content-Type"):
        fail(peer.head)
    snapshot = peer.message()
    if snapshot["type"] != "snapshot" or snapshot["protocol"] != 1:
        fail(f"not a snapshot: {str(snapshot)[:300]}")
    seen = snapshot["samples"]
    for _ in range(2):
        message = peer.message()
        if message["type"] != "sample" or len(message["sample"]) != len(snapshot["series"]) + 1:
            fail(f"not a sample: {message}")
        if seen and message["sample"][0] < seen[-1][0]:
            fail(f"a sample from before: {message}")
        seen.append(message["sample"])
    peer.send(frame(CLOSE, struct.pack(">H", 1000)))
    peer.expect_close(1000, "a goodbye")


def figures(keys):
    """Prints the latest known value of each key, a line each."""
    snapshot = Peer().message()
    names = [series["key"] for series in snapshot["series"]]
    for key in keys.split(","):
        values = [s[names.index(key) + 1] for s in snapshot["samples"]]
        known = [v for v in values if v is not None]
        print(key, max(known) if known else "none")


def origins():
    own = f"http://127.0.0.1:{PORT}"
    for origin in (own, own.replace("http", "HTTP"), f"https://127.0.0.1:{PORT}"):
        answered(101, origin, handshake(Origin=origin))
    answered(101, "no Origin", handshake())
    for origin in ("http://example.com", "null", "", "http://127.0.0.1", f"http://127.0.0.1:{PORT + 1}",
                   f"http://localhost:{PORT}", own + "/", own + ".example.com", f"ws://127.0.0.1:{PORT}", "file://"):
        answered(403, f"Origin {origin!r}", handshake(Origin=origin))
    answered(403, "two Origins", handshake(Origin=own, more=["Origin: http://example.com"]))


def handshakes():
    wanted = {"Sec_WebSocket_Version": "13", "Upgrade": "websocket"}
    answered(426, "version 7", handshake(Sec_WebSocket_Version="7"), **wanted)
    answered(426, "no version", handshake(drop=["Sec-WebSocket-Version"]), **wanted)
    answered(426, "two versions", handshake(more=["Sec-WebSocket-Version: 8"]), **wanted)
    answered(426, "no Upgrade", handshake(drop=["Upgrade"]), **wanted)
    answered(426, "another Upgrade", handshake(Upgrade="h2c"), **wanted)
    answered(426, "no Connection", handshake(drop=["Connection"]), **wanted)
    answered(426, "another Connection", handshake(Connection="keep-alive"), **wanted)
    answered(426, "HTTP/1.0", handshake(version="HTTP/1.0"), **wanted)
    answered(426, "HEAD", handshake(method="HEAD"), **wanted)
    answered(405, "POST", handshake(method="POST", Content_Length="0"), Allow="GET, HEAD")
    for key in ("", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub2*jZQ=="):
        answered(400, f"key {key!r}", handshake(Sec_WebSocket_Key=key))
    answered(400, "no key", handshake(drop=["Sec-WebSocket-Key"]))
    answered(400, "two keys", handshake(more=[f"Sec-WebSocket-Key: {KEY}"]))
    answered(101, "lists and cases", handshake(Upgrade="foo, WebSocket", Connection="keep-alive, UPGRADE"))


def unmasked():
    closed_with(1002, "text", frame(TEXT, b"hello", mask=b""))
    closed_with(1002, "an empty ping", frame(PING, mask=b""))


def reserved():
    for rsv in (1, 2, 4, 7):
        closed_with(1002, f"RSV {rsv}", frame(TEXT, b"x", rsv=rsv))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        closed_with(1002, f"opcode {opcode}", frame(opcode, b"x"))


def control_frames():
    closed_with(1002, "a ping in fragments", frame(PING, b"x", fin=False))
    closed_with(1002, "a close in fragments", frame(CLOSE, b"", fin=False))
    closed_with(1002, "a ping of 126 bytes", frame(PING, b"x" * 126))
    closed_with(1002, "a pong of 70,000 bytes", frame(PONG, b"x" * 70000))
    closed_with(1002, "a length that is longer than needed", b"\x81\xfe\x00\x05mask" + b"x" * 5)
    closed_with(1002, "a length of 2^63", b"\x82\xff\x80" + b"\x00" * 7 + b"mask")
    peer = Peer()
    peer.send(frame(PING, b"y" * 125))
    if peer.wait_for(PONG)[1] != b"y" * 125:
        fail("a ping of 125 bytes is answered by another pong")


def fragments():
    closed_with(1002, "a continuation of nothing", frame(CONTINUATION, b"x"))
    closed_with(1002, "text within text", frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"))
    closed_with(1002, "binary within text", frame(TEXT, b"x", fin=False) + frame(BINARY, b"y"))
    closed_with(1002, "a continuation after the end", frame(TEXT, b"x", fin=False) + frame(CONTINUATION) + frame(CONTINUATION))
    peer = Peer()
    peer.send(frame(TEXT, b"a", fin=False) + frame(PING, b"between") + frame(CONTINUATION, b"b"))
    if peer.wait_for(PONG)[1] != b"between":
        fail("a ping between fragments is answered by another pong")


def utf8():
    for text in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x28\xa1", b"\xe0\x80\x80", b"\xf0\x80\x80\x80"):
        closed_with(1007, repr(text), frame(TEXT, b"ok " + text))
    closed_with(1007, "an end within a character", frame(TEXT, "€".encode()[:2]))
    closed_with(1007, "split across fragments", frame(TEXT, b"\xe2", fin=False) + frame(CONTINUATION, b"\x82", fin=False) + frame(CONTINUATION, b"x"))
    # Told before the message, and even the frame, is complete.
    closed_with(1007, "in the first fragment", frame(TEXT, b"\xc0", fin=False))
    closed_with(1007, "in the first byte of a frame", frame(TEXT, b"\xff", announced=100))
    peer = Peer()
    euro = "€𝄞é".encode()
    peer.send(b"".join(frame(TEXT if i == 0 else CONTINUATION, euro[i:i + 1], fin=i == len(euro) - 1) for i in range(len(euro))))
    peer.send(frame(BINARY, b"\xff\xfe") + frame(PING, b"well"))
    if peer.wait_for(PONG)[1] != b"well":
        fail("text in single bytes, or binary, is refused")


def closes():
    closed_with(1002, "1 byte", frame(CLOSE, b"\x03"))
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535):
        closed_with(1002, f"code {code}", frame(CLOSE, struct.pack(">H", code)))
    closed_with(1007, "a reason that is no UTF-8", frame(CLOSE, struct.pack(">H", 1000) + b"\xff"))
    closed_with(None, "no code", frame(CLOSE))
    for code in (1000, 1001, 1011, 3000, 4999):
        closed_with(code, f"code {code}", frame(CLOSE, struct.pack(">H", code) + "tschüß".encode()))


def floods():
    """Told to go, and nobody else has to wait for it."""
    other = Peer()
    other.message()
    closed_with(1008, "pings", frame(PING, b"x" * 125) * 10000)
    closed_with(1008, "fragments of a byte", frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"x", fin=False) * 10000)
    closed_with(1009, "a large message", frame(TEXT, b"x" * 5000))
    closed_with(1009, "a message announced as 2^62 bytes", frame(BINARY, b"x", announced=1 << 62))
    closed_with(1009, "large in fragments", frame(TEXT, b"x" * 4000, fin=False) + frame(CONTINUATION, b"x" * 97))
    if other.message()["type"] != "sample":
        fail("the other one is not served")


def single_bytes():
    peer = Peer()
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # One by one: of two pings read together, the latter alone is answered.
    for sent, ping in ((b"", b"slow"), (frame(TEXT, b"hello"), b"z" * 125)):
        for byte in sent + frame(PING, ping):
            peer.send(bytes([byte]))
        if peer.wait_for(PONG)[1] != ping:
            fail("a header in single bytes is not read")
    # Together with the handshake.
    peer = Peer(behind=frame(PING, b"early") + frame(CLOSE, struct.pack(">H", 1000)))
    peer.expect_close(1000, "what came with the handshake")


def compression():
    peer = Peer(handshake(more=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
                                "Sec-WebSocket-Protocol: chat, superchat"]))
    if peer.status != 101 or peer.header("Sec-WebSocket-Extensions") or peer.header("Sec-WebSocket-Protocol"):
        fail(peer.head)
    if peer.message()["type"] != "snapshot":
        fail("no snapshot")
    closed_with(1002, "compressed all the same", frame(TEXT, b"x", rsv=4))


def limit():
    """Opens until there is no room; who leaves makes room."""
    peers = []
    while len(peers) < 1000:
        peer = Peer()
        if peer.status != 101:
            break
        peers.append(peer)
    if peer.status != 503 or not peer.header("Retry-After"):
        fail(f"after {len(peers)}: {peer.head}")
    for one in peers:
        if one.message()["type"] != "snapshot":
            fail("one of many is not greeted")
    peers[0].send(frame(CLOSE, struct.pack(">H", 1000)))
    peers[0].expect_close(1000, "one of many")
    peers[0].socket.close()
    for _ in range(1000):
        if Peer().status == 101:
            return
    fail("nobody gets in after one has left")


def waits(folder):
    """Open until the server ends it; says so by files in the folder."""
    peer = Peer()
    peer.message()
    open(os.path.join(folder, "open"), "w").close()
    peer.expect_close(1001, "the server stops")
    open(os.path.join(folder, "closed"), "w").close()


if __name__ == "__main__":
    globals()[sys.argv[2]](*sys.argv[3:])
