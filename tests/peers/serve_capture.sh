#!/usr/bin/env bash
# What `wirelab serve --pcap --trace` keeps of real clients, read by tshark: MQTT over TCP, TLS (with the keys that the capture
# holds) and WebSocket. Usage: serve_capture.sh WIRELAB, from the project's root.
set -u
wirelab=$1
work=$(mktemp -d)
server=""
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; tail -n 20 "$work"/err; exit 1; }
expect() { # what, expected, found
  [ "$2" = "$3" ] || fail "$1: expected \"$2\", found \"$3\""
}

"$wirelab" serve --mqtt 0 --pcap "$work/nowhere/x.pcapng" >"$work/out" 2>"$work/err" && fail "a capture into no folder was taken"
grep -q "nowhere/x.pcapng: No such file" "$work/err" || fail "a capture into no folder"

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null || fail "no certificate could be made"
begin=$(date +%s)
"$wirelab" serve --mqtt 0 --mqtts 0 --ws 0 --cert "$work/cert.pem" --key "$work/key.pem" --pcap "$work/all.pcapng" \
  --trace "$work/all.jsonl" >"$work/ports" 2>"$work/err" &
server=$!
for _ in $(seq 100); do
  [ "$(wc -l <"$work/ports")" -ge 3 ] && break
  sleep 0.1
done
port() { sed -n "s/^$1 .*://p" "$work/ports"; }
mqtt=$(port mqtt) mqtts=$(port mqtts) ws=$(port ws)

stdbuf -oL mosquitto_sub -p "$mqtts" --cafile "$work/cert.pem" -V mqttv5 -q 2 -t 'to/#' -C 7 -W 20 -d >"$work/sub" 2>&1 &
sub=$!
for _ in $(seq 100); do
  grep -q "Subscribed" "$work/sub" && break
  sleep 0.05
done
for qos in 0 1 2; do
  mosquitto_pub -p "$mqtt" -q $qos -t "to/tcp" -m "plain $qos" || fail "publishing over TCP"
  mosquitto_pub -p "$mqtts" --cafile "$work/cert.pem" -V mqttv5 -q $qos -t "to/tls" -m "secret $qos" || fail "publishing over TLS"
done
head -c 200000 /dev/zero | tr '\0' x >"$work/large"
mosquitto_pub -p "$mqtt" -q 1 -t to/large -f "$work/large" || fail "publishing 200,000 bytes"
wait $sub || fail "mosquitto_sub: $(cat "$work/sub")"
exec 5<>"/dev/tcp/127.0.0.1/$ws"
printf 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n' >&5
head -n 1 <&5 | grep -q "101 Switching" || fail "no WebSocket"
exec 5>&-
kill -TERM "$server"
wait "$server" || fail "it did not end well"
server=""

read_capture() { tshark -r "$work/all.pcapng" -d "tcp.port==$mqtt,mqtt" -d "tls.port==$mqtts,mqtt" -d "tcp.port==$ws,http" "$@" 2>/dev/null; }
expect "malformed packets" "" "$(read_capture -Y '_ws.malformed || mqtt.expert || tcp.analysis.flags || tcp.checksum.status == Bad')"
hex() { printf '%s' "$1" | od -An -tx1 | tr -d ' \n'; }
expect "published over TCP" "$(hex "plain 0") $(hex "plain 1") $(hex "plain 2")" \
  "$(read_capture -Y "tcp.dstport == $mqtt && mqtt.topic == \"to/tcp\"" -T fields -e mqtt.msg | tr -d ':' | paste -sd' ')"
expect "published over TLS, in both directions" 9 "$(read_capture -Y "tls && mqtt.msgtype == 3 && mqtt.topic != \"to/large\"" | wc -l)"
expect "the large message over TCP and TLS" 2 "$(read_capture -Y 'mqtt.topic == "to/large"' | wc -l)"
expect "the request for WebSocket" 1 "$(read_capture -Y 'http.upgrade == "websocket" && http.request' | wc -l)"
first=$(read_capture -T fields -e frame.time_epoch -c 1 | cut -d. -f1)
[ "$first" -ge "$begin" ] && [ "$first" -le "$(date +%s)" ] || fail "its first packet is of $first, not of now"

# One of the six connections over TCP and TLS.
told=$("$wirelab" journey "$work/all.jsonl" --topic to/tls --nth 3) || fail "journey"
for words in "broker accepts 8 bytes at QoS 2" "1 session has subscribed" "writes PUBREC to/tls to a real socket" "writes PUBLISH to/tls to a real socket"; do
  echo "$told" | grep -q "$words" || fail "the journey does not say \"$words\": $told"
done
echo "tshark reads what real clients sent and got, over TCP, TLS and WebSocket"
