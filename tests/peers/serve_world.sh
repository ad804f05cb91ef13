#!/usr/bin/env bash
# Real clients in a simulated world: mosquitto_pub and mosquitto_sub, and paho in Python, against `wirelab serve --scenario`; then the
# same session without them, from its journal. Usage: serve_world.sh WIRELAB, from the project's root.
set -u
wirelab=$1
work=$(mktemp -d)
server=""
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; cat "$work/out" "$work/err" 2>/dev/null | tail -n 30; exit 1; }

cat >"$work/world.lua" <<'LUA'
duration("1min")
local hub = broker("hub")
local home = router("home")
link(home, hub, { delay = "5ms" })
local laptop = device("laptop")
link(laptop, home, { delay = "100ms", rate = "1Mbit/s", loss = "1%" })
local sensor = device("sensor", function(self)
  local client = self:mqtt()
  client.on_message = function(_, payload) log("told " .. payload) end
  client:connect(hub)
  client:subscribe("home/set", { qos = 1 })
  while true do
    client:publish("home/temperature", "21.5", { qos = 1, retain = true })
    sleep("500ms")
  end
end)
link(sensor, home)
LUA

"$wirelab" serve --mqtt 0 --scenario "$work/world.lua" --record "$work/journal" --pcap "$work/world.pcapng" \
  >"$work/out" 2>"$work/err" &
server=$!
for _ in $(seq 100); do
  grep -q "^mqtt " "$work/out" && break
  sleep 0.1
done
port=$(sed -n 's/^mqtt .*://p' "$work/out")
[ -n "$port" ] || fail "it listens nowhere"

# A simulated sensor is heard, over 2 x 105 ms.
begin=$(date +%s%N)
for version in mqttv31 mqttv311 mqttv5; do
  heard=$(timeout 30 mosquitto_sub -p "$port" -V $version -t 'home/#' -q 1 -C 3 -v) || fail "$version: nothing was heard"
  [ "$(echo "$heard" | sort -u)" = "home/temperature 21.5" ] || fail "$version: heard $heard"
done
took=$((($(date +%s%N) - begin) / 1000000))
# TCP's handshake, CONNECT and SUBSCRIBE take a round trip of 210 ms each.
[ $took -gt 1800 ] || fail "three subscriptions over 105 ms each way took $took ms"

# A simulated device hears a real client.
timeout 30 mosquitto_pub -p "$port" -t home/set -m warmer -q 2 || fail "publishing"
# A large message goes through the link's 1 Mbit/s, both ways.
head -c 100000 /dev/zero | tr '\0' x >"$work/large"
timeout 60 mosquitto_sub -p "$port" -i late -t home/large -q 1 -C 1 -N >"$work/back" &
sub=$!
sleep 3
timeout 60 mosquitto_pub -p "$port" -t home/large -f "$work/large" -q 1 || fail "publishing 100,000 bytes"
wait $sub || fail "the large message did not come back"
cmp "$work/large" "$work/back" || fail "the large message came back changed"

# paho, unchanged.
cat >"$work/with_paho.py" <<'PY'
import sys, time
import paho.mqtt.client as mqtt
heard = []
client = mqtt.Client("paho", clean_session=True) if not hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client(
    mqtt.CallbackAPIVersion.VERSION1, "paho", clean_session=True)
client.on_connect = lambda c, *rest: c.subscribe("home/temperature", 1)
client.on_message = lambda c, data, message: heard.append(message.payload)
client.connect("127.0.0.1", int(sys.argv[1]), 60)
client.loop_start()
end = time.time() + 20
while len(heard) < 2 and time.time() < end:
    time.sleep(0.05)
client.publish("home/set", "from paho", 1).wait_for_publish()
client.disconnect()
sys.exit(0 if heard[:2] == [b"21.5"] * 2 else 1)
PY
for python in python3 /usr/bin/python3; do
  "$python" -c "import paho.mqtt.client" 2>/dev/null && break
done
timeout 60 "$python" "$work/with_paho.py" "$port" || fail "paho"

# Gone without a word: the broker is told by a reset.
mosquitto_sub -p "$port" -t none -i killed >/dev/null 2>&1 &
victim=$!
sleep 2
kill -KILL $victim
wait $victim 2>/dev/null
sleep 1
kill -TERM "$server"
wait "$server" || fail "it exits with $?"
server=""
grep -q "sensor: told warmer" "$work/out" || fail "the sensor was not told"
grep -q "sensor: told from paho" "$work/out" || fail "the sensor was not told by paho"

# The same without anybody: the digest is the session's.
seconds=$(sed -n 's/^\([0-9.]*\) s, digest .*/\1/p' "$work/out")
digest=$(sed -n 's/.*, digest //p' "$work/out")
again=$("$wirelab" run "$work/world.lua" --journal "$work/journal" --until "${seconds/./}ns" --json --quiet) ||
  fail "the journal does not replay: $again"
[ "$(echo "$again" | sed -n 's/.*"digest": *"\([^"]*\)".*/\1/p')" = "$digest" ] ||
  fail "after $seconds s the digest was $digest, replayed it is: $again"
tshark -r "$work/world.pcapng" -q -z expert 2>/dev/null | grep -qi "malformed" && fail "tshark finds something malformed"
[ "$(tshark -r "$work/world.pcapng" -Y 'mqtt.msgtype == 1' 2>/dev/null | wc -l)" -ge 7 ] ||
  fail "the capture does not have the clients' CONNECTs"
echo "mosquitto's clients and paho were in a simulated world for $seconds s, and it replays without them"
