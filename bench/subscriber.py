"""A subscriber on a bare socket: as little work of its own as can be, in a process of its own.

`python -m bench.subscriber PORT OUT COUNT [TOPIC]`: takes COUNT messages (by default observations), and writes for each
the moment of its arrival (monotonic, s), its topic and what stands in PATTERN's group.
"""

import re
import socket
import sys
import time
from pathlib import Path

PATTERN = re.compile(rb'"name":"PI","raw":"([0-9.]+)|"control":"([0-9]+)')
FLOOR_PATTERN = re.compile(rb"PI=([0-9.]+)")


def main() -> None:
    port, out, count = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05bench")
    sock.recv(4)
    topic = sys.argv[4].encode() if len(sys.argv) > 4 else b"onlooker-test/v1/+/+/+/observations"
    sock.sendall(bytes((0x82, len(topic) + 5, 0, 1)) + len(topic).to_bytes(2, "big") + topic + b"\x01")
    sock.recv(5)
    Path(str(out) + ".ready").touch()
    rows: list[tuple[float, bytes, bytes]] = []
    buffer = b""
    sock.settimeout(15)
    try:
        while len(rows) < count:
            data = sock.recv(1 << 20)
            now = time.monotonic()
            if not data:
                break
            buffer = _take(buffer + data, now, rows, sock)
    except TimeoutError:
        pass
    with out.open("wb") as file:
        for at, name, payload in rows:
            found = PATTERN.search(payload) or FLOOR_PATTERN.search(payload)
            mark = (found[1] or found[2]) if found and found.re is PATTERN else (found[1] if found else b"-")
            file.write(b"%.6f %b %b\n" % (at, name, mark))


def _take(buffer: bytes, now: float, rows: list[tuple[float, bytes, bytes]], sock: socket.socket) -> bytes:
    start, acks = 0, bytearray()
    while True:
        at, size, shift = start + 1, 0, 0
        while at < len(buffer):
            byte = buffer[at]
            size |= (byte & 127) << shift
            shift += 7
            at += 1
            if byte < 128:
                break
        else:
            break
        if at + size > len(buffer):
            break
        if buffer[start] >> 4 == 3:
            length = int.from_bytes(buffer[at : at + 2], "big")
            name = buffer[at + 2 : at + 2 + length]
            body = at + 2 + length
            if buffer[start] & 6:
                acks += b"\x40\x02" + buffer[body : body + 2]
                body += 2
            rows.append((now, name, buffer[body : at + size]))
        start = at + size
    if acks:
        sock.sendall(acks)
    return buffer[start:]


if __name__ == "__main__":
    main()
