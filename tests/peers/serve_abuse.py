# Input that no client sends, and many that come at once: serve must close what is wrong and serve the others.
# serve_abuse.py MQTT_PORT WEBSOCKET_PORT TLS_PORT
import random
import socket
import struct
import sys
import time

mqtt, ws, tls = (int(port) for port in sys.argv[1:4])


def connect(port=mqtt):
    s = socket.create_connection(("127.0.0.1", port), timeout=10)
    return s


def until_closed(s, most=10):
    """What it says until it closes."""
    said = b""
    s.settimeout(most)
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return said
            said += part
    except ConnectionResetError:
        return said


def hello(version=4, client_id=b"abuse"):
    properties = b"\0" if version == 5 else b""
    body = b"\0\4MQTT" + bytes([version, 2]) + b"\0\0" + properties + struct.pack(">H", len(client_id)) + client_id
    return b"\x10" + bytes([len(body)]) + body


# Nonsense before CONNECT is answered by the end of the connection.
for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\x30\x02\0\0", b"\x10\xff\xff\xff\xff\x7f", b"\0", b"\xff" * 100):
    s = connect()
    s.sendall(nonsense)
    assert until_closed(s) == b"", nonsense

# A packet larger than is allowed: at once by its length, and in 5.0 with the reason.
s = connect()
s.sendall(hello(5) + b"\x30\xff\xff\xff\x7f")
assert b"\x95" in until_closed(s)

# Random bytes after CONNECT, and packets with random bytes changed: it survives.
seed = random.Random(7)
publish = b"\x32\x0c\0\4open\0\1hello"[:2] + b"\0\4open\0\1hello"
subscribe = b"\x82\x0b\0\1\0\6open/+\1"
for i in range(2000):
    s = connect()
    data = bytearray(hello(seed.choice((3, 4, 5)), b"a%d" % i) + publish + subscribe)
    for _ in range(seed.randrange(1, 5)):
        data[seed.randrange(len(data))] = seed.randrange(256)
    s.sendall(bytes(data) + seed.randbytes(seed.randrange(50)))
    s.close()

# A byte at a time.
s = connect()
for b in hello() + b"\xc0\0":
    s.sendall(bytes([b]))
    time.sleep(0.002)
assert s.recv(4) == b"\x20\2\0\0" and s.recv(2) == b"\xd0\0"

# A client that never reads: what waits for it is bounded, and others are served meanwhile.
deaf = connect()
deaf.sendall(hello(4, b"deaf") + b"\x82\x0b\0\1\0\6open/#\0")
talker = connect()
talker.sendall(hello(4, b"talker"))
talker.recv(4)
body = b"\0\x09open/deaf" + b"x" * 50000
message = b"\x30" + bytes([len(body) & 0x7f | 0x80, len(body) >> 7 & 0x7f | 0x80, len(body) >> 14]) + body
for _ in range(400):
    talker.sendall(message)
talker.sendall(b"\xc0\0")
assert talker.recv(2) == b"\xd0\0"

# A client that asks without end and never reads is not read from without end either.
flood = connect()
flood.sendall(hello(4, b"flood"))
flood.settimeout(2)
asked = 0
try:
    while asked < 200_000_000:
        asked += flood.send(b"\xc0\0" * 50000)
except (socket.timeout, TimeoutError):
    pass
assert asked < 200_000_000, "it answers a client that never reads without end"

# Many at once.
crowd = []
for i in range(500):
    s = connect()
    s.sendall(hello(4, b"crowd%d" % i))
    crowd.append(s)
for s in crowd:
    assert s.recv(4) == b"\x20\2\0\0"
for s in crowd:
    s.close()

# No WebSocket, and no TLS.
s = connect(ws)
s.sendall(hello())
s.sendall(b"\r\n\r\n")
assert until_closed(s).startswith(b"HTTP/1.1 400")
s = connect(ws)
s.sendall(b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
          b"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
s.sendall(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")  # a text frame
assert until_closed(s).endswith(b"\x88\x02\x03\xeb")  # 1003
s = connect(tls)
s.sendall(hello())
until_closed(s)
