"""The course's IoTCloud over HTTP, with Python's http.client; then bytes that no client sends. Usage: serve_http.py URL."""
import http.client
import json
import socket
import sys
import threading
import urllib.parse

place = urllib.parse.urlparse(sys.argv[1])


class IoTCloud:
    def __init__(self):
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())

    def register_device(self, device_id, device_type):
        return self.ask("POST", "/api/v1/devices", {"device_id": device_id, "type": device_type})

    def post_data(self, device_id, readings):
        return self.ask("POST", "/api/v1/data", {"device_id": device_id, "readings": readings})

    def get_latest(self, device_id):
        return self.ask("GET", "/api/v1/data/latest?device_id=" + urllib.parse.quote(device_id))


cloud = IoTCloud()
assert cloud.post_data("py/1 ä", {"t": 1})[0] == 404
assert cloud.register_device("py/1 ä", "temperature")[0] == 201
for value in range(50):
    assert cloud.post_data("py/1 ä", {"t": value, "text": "° \" \\"})[0] == 201
assert cloud.get_latest("py/1 ä") == (200, {"t": 49, "text": "° \" \\"})


def say(data, parts=1):
    """Sends bytes and reads until the server closes."""
    with socket.create_connection((place.hostname, place.port), timeout=20) as s:
        try:
            for i in range(parts):
                s.sendall(data[len(data) * i // parts : len(data) * (i + 1) // parts])
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
            return answer
        except ConnectionError:
            return b"reset"


assert say(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
assert say(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").startswith(b"HTTP/1.1 400 ")
assert say(b"GET / HTTP/2.0\r\n\r\n").startswith(b"HTTP/1.1 505 ")
assert say(b"GET /" + b"x" * 100_000)[:12] in (b"HTTP/1.1 414", b"reset")
assert say(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 100_000)[:12] in (b"HTTP/1.1 431", b"reset")
assert say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n").startswith(b"HTTP/1.1 400 ")
deep = b"[" * 500_000
assert b"HTTP/1.1 400 " in say(b"POST /api/v1/devices HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(deep) + deep)
# Thousands of requests without waiting for an answer, in odd pieces.
many = b"GET /api/v1/devices HTTP/1.1\r\nHost: x\r\n\r\n" * 999 + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
answers = say(many, parts=37)
assert answers.count(b"HTTP/1.1 200 OK") == 999 and answers.count(b"HTTP/1.1 404") == 1, answers.count(b"HTTP/1.1 200 OK")
# Many clients at once, some of which say nothing more.
silent = [socket.create_connection((place.hostname, place.port), timeout=20) for _ in range(300)]
for s in silent[::2]:
    s.sendall(b"GET /api/v1/dev")
wrong = []


def one_client(number):
    try:
        own = IoTCloud()
        own.register_device(f"many-{number}", "x")
        for i in range(20):
            own.post_data(f"many-{number}", {"i": i})
        if own.get_latest(f"many-{number}") != (200, {"i": 19}):
            wrong.append(number)
    except Exception as error:  # told below
        wrong.append(error)


threads = [threading.Thread(target=one_client, args=(i,)) for i in range(30)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert not wrong, wrong
for s in silent:
    s.close()
