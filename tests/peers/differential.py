"""Two brokers, the same operations, the same answers: what each client of each broker received is compared after each operation.

differential.py PORT_A PORT_B SEEDS [FIRST_SEED]. Both must let anonymous clients in.

What MQTT leaves open is not compared: how many copies overlapping subscriptions bring, in which order messages of different topics
come, whether an acknowledgement says that nobody has subscribed (0x10), and reason strings. Nor is what mosquitto 2.0 does
otherwise than the standard: the QoS and the identifiers of a message that several filters of a client select, which are to be the
highest and all [MQTT-3.3.5-1, in 5.0 MQTT-3.3.4-2 to -4], a client's own retained messages for a subscription with No Local, and subscriptions of one client
of which some have No Local or Retain As Published and others not.
"""
import random
import socket
import struct
import sys
import time

from rude_client import number

TOPICS = ["a", "a/b", "a/b/c", "b", "b/c", "/", "a//b", "$d/a"]
FILTERS = ["#", "+", "a/#", "a/+", "+/b", "a/b", "b/#", "/", "+/+", "a/b/c", "$d/#", "a/+/b", "b"]


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">H", len(s)) + s


def selects(filter_, topic):
    # Whatever the first level: here each topic stands below a prefix.
    wanted, levels = filter_.split("/"), topic.split("/")
    for i, level in enumerate(wanted):
        if level == "#":
            return True
        if i >= len(levels) or level not in ("+", levels[i]):
            return False
    return len(wanted) == len(levels)


class Client:
    """One client of one broker: raw packets, so that nothing is hidden by a library."""

    def __init__(self, port, name, version, prefix):
        self.port, self.name, self.version, self.prefix = port, name, version, prefix
        self.socket, self.buffer, self.next_id = None, b"", 1
        self.log = []
        self.filters = set()  # that were ever subscribed to

    def properties(self, data=b""):
        return number(len(data)) + data if self.version == 5 else b""

    def send(self, first, body):
        try:
            self.socket.sendall(bytes([first]) + number(len(body)) + body)
        except OSError:
            pass

    def connect(self, clean, expiry, will, keep):
        self.drop()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        flags = (2 if clean else 0) | (4 | will[2] << 3 | will[3] << 5 if will else 0)
        body = text("MQTT") + bytes([self.version, flags]) + struct.pack(">H", keep)
        body += self.properties(b"\x11" + struct.pack(">I", expiry) if expiry else b"")
        body += text(self.prefix + self.name)
        if will:
            body += self.properties() + text(self.prefix + will[0]) + text(will[1])
        self.send(0x10, body)
        while True:
            packet = self.packet()
            if packet is None:
                return self.log.append(("no connack",))
            self.take(packet)
            if packet[0] >> 4 == 2:
                return None

    def drop(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def disconnect(self, with_will):
        self.send(0xE0, b"\x04" if with_will and self.version == 5 else b"")
        self.drop()

    def fresh(self):
        self.next_id = self.next_id % 60000 + 1
        return self.next_id

    def subscribe(self, requests, identifier):
        body = struct.pack(">H", self.fresh())
        body += self.properties(b"\x0b" + number(identifier) if identifier else b"")
        for filter_, options in requests:
            self.filters.add(filter_)
            body += text(self.mine(filter_)) + bytes([options if self.version == 5 else options & 3])
        self.send(0x82, body)

    def mine(self, filter_):
        # Each seed has topics of its own, so that retained messages of one do not reach another.
        if filter_.startswith("$share/"):
            group, rest = filter_[7:].split("/", 1)
            return "$share/" + group + "/" + self.prefix + rest
        return self.prefix + filter_

    def unsubscribe(self, filters):
        body = struct.pack(">H", self.fresh()) + self.properties()
        self.send(0xA2, body + b"".join(text(self.mine(f)) for f in filters))

    def publish(self, topic, payload, qos, retain, properties):
        body = text(self.prefix + topic) + (struct.pack(">H", self.fresh()) if qos else b"")
        self.send(0x30 | qos << 1 | retain, body + self.properties(properties) + payload.encode())

    def packet(self, timeout=5):
        """The next packet as (first byte, body), None at the end of the connection."""
        end = time.time() + timeout
        while True:
            if len(self.buffer) >= 2:
                length, shift, at = 0, 0, 1
                while at < len(self.buffer):
                    byte = self.buffer[at]
                    length |= (byte & 127) << shift
                    shift, at = shift + 7, at + 1
                    if byte < 128:
                        if len(self.buffer) >= at + length:
                            packet = self.buffer[0], self.buffer[at:at + length]
                            self.buffer = self.buffer[at + length:]
                            return packet
                        break
            try:
                self.socket.settimeout(max(0.01, end - time.time()))
                part = self.socket.recv(65536)
            except socket.timeout:
                raise RuntimeError("%s waits for ever on port %d" % (self.name, self.port))
            except OSError:
                part = b""
            if not part:
                return None
            self.buffer += part

    def take(self, packet):
        first, body = packet
        kind = first >> 4
        if kind == 2:
            self.log.append(("connack", body[0] & 1, body[1]))
        elif kind == 3:
            qos, size = first >> 1 & 3, struct.unpack(">H", body[:2])[0]
            topic, at = body[2:2 + size].decode(), 2 + size
            ident = None
            if qos:
                ident, at = struct.unpack(">H", body[at:at + 2])[0], at + 2
            shown = ()
            if self.version == 5:
                length, at = body[at], at + 1  # short ones only
                shown, at = self.shown(body[at:at + length]), at + length
            self.log.append(("publish", topic[len(self.prefix):], body[at:].decode(), qos, first & 1, shown))
            if qos == 1:
                self.send(0x40, struct.pack(">H", ident))
            elif qos == 2:
                self.send(0x50, struct.pack(">H", ident))
        elif kind in (4, 5):
            code = body[2] if len(body) > 2 else 0
            self.log.append(("ack", kind, 0 if code == 0x10 else code))
            if kind == 5 and (len(body) < 3 or body[2] < 0x80):
                self.send(0x62, body[:2])
        elif kind == 6:
            self.send(0x70, body[:2])
        elif kind in (9, 11):
            codes = body[2 + (1 + body[2] if self.version == 5 else 0):]
            self.log.append(("suback" if kind == 9 else "unsuback", tuple(codes)))
        elif kind == 14:
            self.log.append(("disconnect", body[0] if body else 0))

    @staticmethod
    def shown(data):
        """Subscription identifiers, user properties and the content type."""
        found = []
        while data:
            kind, data = data[0], data[1:]
            if kind == 0x0B:
                value, shift = 0, 0
                while True:
                    byte, data = data[0], data[1:]
                    value |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                found.append(("id", value))
            elif kind == 0x26:
                size = struct.unpack(">H", data[:2])[0]
                name, data = data[2:2 + size], data[2 + size:]
                size = struct.unpack(">H", data[:2])[0]
                value, data = data[2:2 + size], data[2 + size:]
                found.append(("user", name, value))
            elif kind in (0x03, 0x08, 0x09):
                size = struct.unpack(">H", data[:2])[0]
                found.append((kind, data[2:2 + size]))
                data = data[2 + size:]
            elif kind == 0x02:
                data = data[4:]
            elif kind == 0x01:
                data = data[1:]
            elif kind == 0x23:
                data = data[2:]
            else:
                raise RuntimeError("property %d" % kind)
        return tuple(found)

    def settle(self):
        """Until everything that is under way has come: a PINGREQ behind it."""
        if self.socket is None:
            return
        self.send(0xC0, b"")
        while True:
            packet = self.packet()
            if packet is None:
                self.log.append(("closed",))
                self.drop()
                return
            if packet[0] >> 4 == 13:
                return
            self.take(packet)

    def heard(self):
        """What came since the last call, in a form that allows what MQTT allows."""
        messages, others = {}, []
        for entry in self.log:
            if entry[0] != "publish":
                others.append(entry)
                continue
            _, topic, payload, qos, retain, shown = entry
            known = messages.setdefault((topic, payload), [0, 0, set(), None, 0])
            # Of one filter there is one copy: QoS 2 brings no second one.
            known[4] = known[4] + 1 if len(self.selecting(topic)) < 2 else None
            known[0] = max(known[0], qos) if len(self.selecting(topic)) < 2 else None
            known[1] = max(known[1], retain)
            known[2] |= {e for e in shown if e[0] == "id"} if known[0] is not None else set()
            known[3] = tuple(e for e in shown if e[0] != "id")
        self.log = []
        return sorted(((k, v[0], v[1], sorted(v[2]), v[3], v[4]) for k, v in messages.items()), key=repr), others

    def selecting(self, topic):
        return [f for f in self.filters if selects(f.split("/", 2)[2] if f.startswith("$share/") else f, topic)]


def run(ports, seed):
    random_ = random.Random(seed)
    names = ["c%d" % i for i in range(random_.randrange(2, 5))]
    versions = {name: random_.choice((4, 5, 5)) for name in names}
    # No Local without retained messages, for all subscriptions of a client; the same of Retain As Published: see above.
    manners = {name: random_.choice((0, 0, 0x24)) | random_.choice((0, 8)) for name in names}
    prefix = "s%d/%d/" % (seed, int(time.time()) % 100000)
    sides = [{name: Client(port, name, versions[name], prefix) for name in names} for port in ports]
    history = []

    def both(what, name, *arguments):
        history.append((what, name) + arguments)
        for side in sides:
            getattr(side[name], what)(*arguments)

    def compare():
        # Acknowledgements that settle() has sent bring further messages out: twice round is enough.
        for _ in range(3):
            for name in names:
                for side in sides:
                    side[name].settle()
        for name in names:
            a, b = (side[name].heard() for side in sides)
            if a != b:
                lines = ["seed %d: %s (MQTT %s) heard different things" % (seed, name, versions[name])]
                lines += ["  " + repr(step) for step in history[-12:]]
                lines += ["  port %d: %r" % (ports[0], a), "  port %d: %r" % (ports[1], b)]
                raise AssertionError("\n".join(lines))

    count = 0
    for name in names:
        both("connect", name, True, 0, None, 60)
    compare()
    for _ in range(40):
        name = random_.choice(names)
        five = versions[name] == 5
        connected = sides[0][name].socket is not None
        what = random_.random()
        if not connected or what < 0.08:
            will = None
            if random_.random() < 0.5:
                count += 1
                will = (random_.choice(TOPICS), "w%d" % count, random_.randrange(3), random_.randrange(2))
            both("connect", name, random_.random() < 0.3, random_.choice((0, 1000)) if five else 0, will, 60)
        elif what < 0.12:
            both("drop", name)
            time.sleep(0.05)
        elif what < 0.16:
            both("disconnect", name, random_.random() < 0.3)
            time.sleep(0.05)
        elif what < 0.4:
            requests = []
            for _ in range(random_.randrange(1, 3)):
                options = random_.randrange(3)
                if five:
                    options |= manners[name]
                    options |= 0 if options & 4 else random_.choice((0, 0x10, 0x20))
                filter_ = random_.choice(FILTERS)
                if five and random_.random() < 0.15:
                    # A group of its own, so that it is known who gets the message; No Local is not for shared ones. Without
                    # retained messages, which mosquitto 2.0 sends there too, against 4.8.2.
                    filter_, options = "$share/" + name + "/" + filter_, options & ~0x34 | 0x20
                requests.append((filter_, options))
            both("subscribe", name, requests, random_.choice((0, 1, 300)) if five else 0)
        elif what < 0.5:
            both("unsubscribe", name, [random_.choice(FILTERS) for _ in range(random_.randrange(1, 3))])
        else:
            count += 1
            payload = "" if random_.random() < 0.08 else "m%d" % count
            properties = b""
            if five and random_.random() < 0.3:
                properties = b"\x26" + text("k") + text(str(count)) + b"\x03" + text("t")
            both("publish", name, random_.choice(TOPICS), payload, random_.randrange(3),
                 1 if payload == "" or random_.random() < 0.3 else 0, properties)
        compare()
    for side in sides:
        for client in side.values():
            client.drop()


if __name__ == "__main__":
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    failures = 0
    for seed in range(first, first + int(sys.argv[3])):
        try:
            run((int(sys.argv[1]), int(sys.argv[2])), seed)
        except AssertionError as error:
            failures += 1
            print(error)
            if failures >= 5:
                break
    print("%d of %s seeds differ" % (failures, sys.argv[3]))
    sys.exit(1 if failures else 0)
