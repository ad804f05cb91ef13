# A client of MQTT 5.0 that is not bound to behave well, for the scripts that try a server's limits.
import socket
import struct


def number(n):
    out = b""
    while True:
        byte, n = n & 127, n >> 7
        out += bytes([byte | (128 if n else 0)])
        if not n:
            return out


def text(s):
    return struct.pack(">H", len(s)) + s


def packet(first, body):
    return bytes([first]) + number(len(body)) + body


class Client:
    def __init__(self, port, name=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.buffer = b""
        if name is not None:
            self.socket.sendall(packet(0x10, text(b"MQTT") + b"\5\2\0\0\0" + text(name)))
            self.connack = self.read()

    def read(self):
        """The next packet: its first byte and its body; None at the end."""
        while True:
            length, at, shift = 0, 1, 0
            while at < len(self.buffer):
                length |= (self.buffer[at] & 127) << shift
                at, shift = at + 1, shift + 7
                if not self.buffer[at - 1] & 128:
                    if len(self.buffer) < at + length:
                        break
                    whole = self.buffer[0], self.buffer[at:at + length]
                    self.buffer = self.buffer[at + length:]
                    return whole
            try:
                part = self.socket.recv(1 << 20)
            except ConnectionResetError:
                part = b""
            if not part:
                return None
            self.buffer += part

    def publish(self, topic, payload, retain=0, qos=0, identifier=1):
        body = text(topic) + (struct.pack(">H", identifier) if qos else b"") + b"\0" + payload
        self.socket.sendall(packet(0x30 | retain | qos << 1, body))

    def subscribe(self, filters, options=0):
        body = b"\0\1\0" + b"".join(text(f) + bytes([options]) for f in filters)
        self.socket.sendall(packet(0x82, body))

    def ping(self):
        self.socket.sendall(b"\xc0\0")
        got = self.read()
        assert got == (0xD0, b""), got

    def close(self):
        self.socket.close()


def memory(process):
    for line in open("/proc/%d/status" % process):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
