# Clients that want too much, against a server with small limits: each gets what it may, is told why it gets no more, and others are served
# meanwhile. serve_limits.py MQTT_PORT WEBSOCKET_PORT PROCESS; the limits are in serve.sh.
import random
import socket
import struct
import sys
import threading
import time
from functools import partial

import rude_client
from rude_client import packet, text

mqtt, ws, process = (int(word) for word in sys.argv[1:4])
Client = partial(rude_client.Client, mqtt)
memory = partial(rude_client.memory, process)


# Who says nothing is closed after connect_timeout, 2 s.
silent = Client()
assert silent.read() is None

# max_connections 8: the ninth is told so; who comes again for its own session is let in.
crowd = [Client(b"crowd%d" % i) for i in range(8)]
assert all(one.connack[1][1] == 0 for one in crowd)
late = Client(b"late")
assert late.connack[1][1] == 0x97, late.connack
again = Client(b"crowd3")
assert again.connack[1][1] == 0, again.connack
assert crowd[3].read()[0] == 0xE0
for one in crowd + [late, again]:
    one.close()
time.sleep(0.2)

# max_output 200000: a subscriber that does not read loses QoS 0 messages, and stays connected.
slow, fast = Client(b"slow"), Client(b"fast")
slow.subscribe([b"much"])
assert slow.read()[0] == 0x90
for _ in range(600):
    fast.publish(b"much", b"x" * 100_000)
fast.ping()
slow.socket.sendall(b"\xc0\0")
heard = 0
while (got := slow.read())[0] != 0xD0:
    heard += 1
assert 0 < heard < 600, heard
slow.close()

# memory_limit 20000000: of forty retained messages of a million bytes some are not kept; small ones neither, and nothing ends.
for i in range(40):
    fast.publish(b"kept/%d" % i, b"x" * 1_000_000, retain=1)
fast.ping()
reader = Client(b"reader")
reader.subscribe([b"kept/#"])
reader.socket.sendall(b"\xc0\0")
heard = 0
while (got := reader.read())[0] != 0xD0:
    heard += got[0] >> 4 == 3
assert heard <= 20, heard
for i in range(40):
    fast.publish(b"kept/%d" % i, b"", retain=1)
fast.ping()
reader.close()

# max_filter_levels 200000 of one client: filters of 200 levels, a thousand of them.
random_ = random.Random(3)
wild = Client(b"wild")
filters = [b"/".join(random_.choice((b"a", b"+")) for _ in range(200)) for _ in range(1010)]
refused = 0
for i in range(0, 1010, 101):
    wild.subscribe(filters[i:i + 101])
    refused += wild.read()[1].count(b"\x97")
assert refused >= 10, refused

# Messages that take long to match: another client has its turn between them.
topic = b"/".join([b"a"] * 200)
burst = b"".join(packet(0x30, text(topic) + b"\0x") for _ in range(300))
threading.Thread(target=wild.socket.sendall, args=(burst,), daemon=True).start()
for _ in range(20):
    fast.ping()
wild.close()

# One SUBSCRIBE that asks for all retained messages half a million times, and wants none of them (No Local).
greedy = Client(b"greedy")
for i in range(2000):
    greedy.publish(b"own/%d" % i, b"x", retain=1)
greedy.ping()
threading.Thread(target=greedy.subscribe, args=([b"#"] * 400_000, 4), daemon=True).start()
for _ in range(20):
    fast.ping()
said = []
while (got := greedy.read()) is not None:
    said.append(got)
assert said and said[-1][0] == 0xE0 and said[-1][1][0] == 0x97, said[-1:]

# WebSocket frames that never end are not kept.
before = memory()
pages = []
for _ in range(6):
    page = socket.create_connection(("127.0.0.1", ws), timeout=20)
    page.sendall(b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                 b"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
    assert page.recv(1000).startswith(b"HTTP/1.1 101")
    # The mask is 0: what is in the frame is a CONNECT that says it is as long as one may be.
    page.sendall(b"\x82\xff" + struct.pack(">Q", 15_000_000) + b"\0\0\0\0" + b"\x10\xff\xff\x1f")
    try:
        for _ in range(14):
            page.sendall(b"x" * 1_000_000)
    except OSError:
        pass
    pages.append(page)
fast.ping()
assert memory() - before < 40_000_000, memory() - before
