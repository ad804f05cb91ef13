# Many clients that each keep to their own limits, against a server that may use little memory: serve_memory.py MQTT_PORT PROCESS. Its
# memory_limit is in serve.sh; who holds most is let go, and others are served meanwhile.
import sys
from functools import partial

import rude_client
from rude_client import packet, text

LIMIT = 10_000_000
SLACK = 40_000_000  # what the allocator keeps, and the sockets
mqtt, process = (int(word) for word in sys.argv[1:3])
Client = partial(rude_client.Client, mqtt)
memory = partial(rude_client.memory, process)

calm = Client(b"calm")
before = memory()

# Packets that never become whole: a hundred times a million bytes.
begun = packet(0x30, text(b"t") + b"\0" + b"x" * 1_000_000)[:-1]
parts = []
for i in range(100):
    part = Client(b"part%d" % i)
    part.socket.sendall(begun)
    parts.append(part)
    if i % 10 == 0:
        calm.ping()
assert memory() - before < LIMIT + SLACK, memory() - before
ends = 0
for part in parts:
    part.socket.settimeout(0.05)
    try:
        got = part.read()
        assert got is None or got == (0xE0, got[1]) and got[1][0] == 0x97, got
        ends += 1
    except TimeoutError:
        pass  # one of the last
    part.close()
assert ends >= 90, ends

# Clients that do not read what they have asked for: a hundred times eight millions of bytes, and QoS 1.
for qos in (0, 1):
    sleepers = []
    for i in range(100):
        sleeper = Client(b"sleeper%d/%d" % (qos, i))
        sleeper.subscribe([b"news"], qos)
        assert sleeper.read()[1][-1] == qos
        sleepers.append(sleeper)
    for i in range(20):
        calm.publish(b"news", b"x" * 1_000_000, qos=qos, identifier=i + 1)
        if qos:
            assert calm.read()[0] == 0x40
    calm.ping()
    assert memory() - before < LIMIT + SLACK, memory() - before
    for sleeper in sleepers:
        sleeper.close()

# Many who keep up, each with what it has just got: nobody is let go.
readers = []
for i in range(200):
    reader = Client(b"reader%d" % i)
    reader.subscribe([b"daily"])
    assert reader.read()[0] == 0x90
    readers.append(reader)
for _ in range(3):
    calm.publish(b"daily", b"x" * 40_000)
    for reader in readers:
        got = reader.read()
        assert got is not None and len(got[1]) > 40_000
for reader in readers:
    reader.ping()
    reader.close()

# And who reads gets everything.
calm.subscribe([b"own"], 1)
assert calm.read()[0] == 0x90
for i in range(20):
    calm.publish(b"own", b"x" * 1_000_000)
    got = calm.read()
    assert got[0] >> 4 == 3 and len(got[1]) > 1_000_000
