#!/usr/bin/env bash
# Real clients against `wirelab serve`: mosquitto_pub and mosquitto_sub, paho in C and in Python, mqtt.js, over TCP, TLS and WebSocket, in all
# versions; then bytes that no client would send. Usage: serve.sh WIRELAB, from the project's root.
set -u
export PYTHONDONTWRITEBYTECODE=1
wirelab=$1
work=$(mktemp -d)
server=""
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; tail -n 20 "$work"/serve.err; exit 1; }
expect() { # what, expected, found
  [ "$2" = "$3" ] || fail "$1: expected \"$2\", found \"$3\""
}

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null || fail "no certificate could be made"
# As mosquitto_passwd 2.0 has written it.
cat >"$work/passwords" <<'PASSWORDS'
ann:$7$101$Jg2sFVPzaedul4Xy$7TuMkXSWvGZjE4IqYzuDheSX0smQ/JlaOcnKala27UgCDeyRze2/6JfNB9OReol4dzEfhGmY4j93PLS6pFIDFA==
PASSWORDS
cat >"$work/acl" <<'ACL'
topic readwrite open/#
user ann
topic readwrite #
topic read $SYS/#
ACL
cat >"$work/serve.conf" <<CONF
listener 0
listener 0
protocol websockets
listener 0
certfile $work/cert.pem
keyfile $work/key.pem
allow_anonymous true
password_file $work/passwords
acl_file $work/acl
sys_interval 1
max_packet_size 100000
max_topic_levels 20
connect_timeout 25
CONF

"$wirelab" serve --config "$work/serve.conf" >"$work/ports" 2>"$work/serve.err" &
server=$!
for _ in $(seq 100); do
  [ "$(wc -l <"$work/ports")" -ge 3 ] && break
  sleep 0.1
done
port() { sed -n "s/^$1 .*://p" "$work/ports"; }
mqtt=$(port mqtt) mqtts=$(port mqtts) ws=$(port ws)
[ -n "$mqtt" ] && [ -n "$mqtts" ] && [ -n "$ws" ] || fail "it listens nowhere: $(cat "$work/ports")"

# Waits until a file has so many lines.
lines() {
  for _ in $(seq 100); do
    [ "$(wc -l <"$1")" -ge "$2" ] && return
    sleep 0.1
  done
  fail "$1 has $(wc -l <"$1") lines of $2: $(cat "$1")"
}

# Waits until mosquitto_sub -d, which writes there, has subscribed.
subscribed() {
  for _ in $(seq 100); do
    grep -q "Subscribed" "$1" && return
    sleep 0.05
  done
  fail "nobody has subscribed: $(cat "$1")"
}

# mosquitto's clients: every version to every version, over TCP and TLS.
for to in mqttv31 mqttv311 mqttv5; do
  for over in "-p $mqtt" "-p $mqtts --cafile $work/cert.pem"; do
    : >"$work/got"
    stdbuf -oL mosquitto_sub $over -V $to -u ann -P secret -q 2 -t "all/#" -v -C 9 -W 20 -d >"$work/got" 2>&1 &
    sub=$!
    subscribed "$work/got"
    for from in mqttv31 mqttv311 mqttv5; do
      for qos in 0 1 2; do
        mosquitto_pub -p "$mqtt" -V $from -u ann -P secret -q $qos -t "all/$from" -m "$qos" || fail "mosquitto_pub"
      done
    done
    wait $sub || fail "mosquitto_sub $to: $(cat "$work/got")"
    expect "to $to" "all/mqttv31 0,all/mqttv31 1,all/mqttv31 2,all/mqttv311 0,all/mqttv311 1,all/mqttv311 2,all/mqttv5 0,all/mqttv5 1,all/mqttv5 2" \
      "$(grep '^all/' "$work/got" | paste -sd,)"
  done
done

# Who may not come in, and what may not be said.
mosquitto_pub -p "$mqtt" -u ann -P wrong -t x -m y 2>"$work/err" && fail "a wrong password was let in"
grep -qi "not authori[sz]ed\|bad user" "$work/err" || fail "a wrong password: $(cat "$work/err")"
expect "a message against the access list" "135" \
  "$(mosquitto_pub -p "$mqtt" -V mqttv5 -q 1 -t closed/x -m y -d 2>&1 | sed -n 's/.*RC:\([0-9]*\).*/\1/p' | head -n 1)"

# $SYS, a retained message, a last will, request and response.
expect '$SYS' "wirelab" "$(mosquitto_sub -p "$mqtt" -u ann -P secret -t '$SYS/broker/version' -C 1 -W 10)"
mosquitto_pub -p "$mqtt" -t open/kept -m kept -r -q 1
expect "a retained message" "kept" "$(mosquitto_sub -p "$mqtt" -t open/kept -C 1 -W 10)"
stdbuf -oL mosquitto_sub -p "$mqtt" -V mqttv5 -t open/question -C 1 -W 10 -F 'asked: %R %p' -d >"$work/question" 2>&1 &
sub=$!
subscribed "$work/question"
mosquitto_rr -p "$mqtt" -V mqttv5 -t open/question -e open/answer -m ping -W 10 >"$work/rr" &
rr=$!
wait $sub
expect "a request with its response topic" "asked: open/answer ping" "$(grep "^asked" "$work/question")"
mosquitto_pub -p "$mqtt" -V mqttv5 -t open/answer -m pong
wait $rr
expect "the response" "pong" "$(cat "$work/rr")"

# paho in C.
paho_c_pub -h 127.0.0.1 -p "$mqtt" -t open/c -q 1 -r -m "from paho in C" >"$work/paho_c" 2>&1
paho_c_sub -h 127.0.0.1 -p "$mqtt" -t open/c -q 2 --no-delimiter >>"$work/paho_c" 2>&1 &
sub=$!
for _ in $(seq 50); do
  grep -q "from paho in C" "$work/paho_c" && break
  sleep 0.1
done
kill $sub 2>/dev/null
grep -q "from paho in C" "$work/paho_c" || fail "paho in C: $(cat "$work/paho_c")"

# paho in Python, over TCP and WebSocket.
/usr/bin/python3 tests/peers/serve_paho.py "$mqtt" "$ws" || fail "paho in Python"
NODE_PATH=/usr/share/nodejs node tests/peers/serve_mqttjs.js "$mqtt" "$ws" || fail "mqtt.js"

# More levels than are allowed here.
expect "a topic of 21 levels" "144" \
  "$(mosquitto_pub -p "$mqtt" -V mqttv5 -q 1 -t open/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20 -m y -d 2>&1 | sed -n 's/.*RC:\([0-9]*\).*/\1/p' | head -n 1)"

# Bytes that no client sends, slowly and at once; it goes on serving, and says why in 5.0.
/usr/bin/python3 tests/peers/serve_abuse.py "$mqtt" "$ws" "$mqtts" || fail "malformed input"
mosquitto_pub -p "$mqtt" -t open/last -r -q 1 -m "still here"
expect "after all of that" "still here" "$(mosquitto_sub -p "$mqtt" -t open/last -C 1 -W 10)"

# A clean end, that clients of 5.0 hear of.
stdbuf -oL mosquitto_sub -p "$mqtt" -V mqttv5 -t open/end -d >"$work/end" 2>&1 &
sub=$!
lines "$work/end" 3
exec 5<>"/dev/tcp/127.0.0.1/$ws" 6<>"/dev/tcp/127.0.0.1/$mqtts" # who says nothing does not hold it up
begun=$SECONDS
kill -TERM "$server"
wait "$server"
status=$?
server=""
exec 5>&- 6>&-
expect "its exit status after SIGTERM" 0 "$status"
[ $((SECONDS - begun)) -lt 10 ] || fail "it took $((SECONDS - begun)) s to end"
kill $sub 2>/dev/null
grep -q "DISCONNECT (139)" "$work/end" || fail "it did not say that it shuts down: $(cat "$work/end")"

# Certificates of clients, WebSocket over TLS, and the table that a terminal shows.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 2 -subj /CN=ca 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout "$work/client.key" -out "$work/client.csr" -subj /CN=client 2>/dev/null
openssl x509 -req -in "$work/client.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -out "$work/client.pem" -days 2 2>/dev/null ||
  fail "no client's certificate could be made"
printf 'listener 0\ncertfile %s\nkeyfile %s\ncafile %s\nrequire_certificate true\nallow_anonymous true\n' \
  "$work/cert.pem" "$work/key.pem" "$work/ca.pem" >"$work/certified.conf"
: >"$work/ports"
script -qfc "stty cols 80 rows 24; exec '$wirelab' serve --config '$work/certified.conf' --wss 0 --cert '$work/cert.pem' --key '$work/key.pem'" "$work/table" >/dev/null 2>&1 &
terminal=$!
for _ in $(seq 100); do grep -q "^wss " "$work/table" 2>/dev/null && break; sleep 0.1; done
table_port() { tr -d '\r' <"$work/table" | sed -n "s/^$1 .*://p" | head -n 1; }
mqtts=$(table_port mqtts) wss=$(table_port wss)
[ -n "$mqtts" ] && [ -n "$wss" ] || fail "it listens nowhere: $(cat "$work/table")"
mosquitto_pub -p "$mqtts" --cafile "$work/cert.pem" -t x -m y 2>/dev/null && fail "who has no certificate was let in"
mosquitto_pub -p "$mqtts" --cafile "$work/cert.pem" --cert "$work/client.pem" --key "$work/client.key" -i certified -q 1 -r -t x -m certified ||
  fail "who has a certificate was not let in"
expect "WebSocket over TLS" "certified" "$(NODE_PATH=/usr/share/nodejs node -e '
  const client = require("mqtt").connect("wss://127.0.0.1:'"$wss"'/mqtt", { rejectUnauthorized: false });
  client.on("connect", () => client.subscribe("x"));
  client.on("message", (topic, payload) => { console.log(payload.toString()); setTimeout(() => process.exit(0), 1500); });
  setTimeout(() => process.exit(1), 15000);')"
tr -d '\033\r' <"$work/table" | grep -q "1 clients, 1 sessions, 1 subscriptions" || fail "no table of clients is shown: $(tail -c 600 "$work/table")"
pkill -TERM -P "$terminal" 2>/dev/null
wait "$terminal" 2>/dev/null

# What is limited.
printf 'listener 0\nlistener 0\nprotocol websockets\nallow_anonymous true\nmax_connections 8\nconnect_timeout 2\nmax_output 200000
memory_limit 20000000\nmax_filter_levels 200000\n' >"$work/limits.conf"
: >"$work/ports"
"$wirelab" serve --config "$work/limits.conf" >"$work/ports" 2>"$work/serve.err" &
server=$!
lines "$work/ports" 2
/usr/bin/python3 tests/peers/serve_limits.py "$(port mqtt)" "$(port ws)" "$server" || fail "limits"
kill -TERM "$server"
wait "$server" || fail "it did not end well"
printf 'listener 0\nallow_anonymous true\nmemory_limit 10000000\n' >"$work/memory.conf"
: >"$work/ports"
"$wirelab" serve --config "$work/memory.conf" >"$work/ports" 2>"$work/serve.err" &
server=$!
lines "$work/ports" 1
/usr/bin/python3 tests/peers/serve_memory.py "$(port mqtt)" "$server" || fail "memory"
grep -q "does not read, and what waits for it fills the memory" "$work/serve.err" || fail "it does not say who was let go"
kill -TERM "$server"
wait "$server" || fail "it did not end well"
server=""

# What is kept over a restart.
printf 'listener 0\nallow_anonymous true\npersistence true\npersistence_location %s\n' "$work" >"$work/keep.conf"
begin() {
  : >"$work/ports"
  "$wirelab" serve --config "$work/keep.conf" >"$work/ports" 2>"$work/serve.err" &
  server=$!
  lines "$work/ports" 1
  mqtt=$(port mqtt)
}
end() {
  kill -TERM "$server"
  wait "$server" || fail "it did not end well"
  server=""
}
begin
mosquitto_pub -p "$mqtt" -t kept -r -q 1 -m "over a restart"
mosquitto_sub -p "$mqtt" -V mqttv5 -c -x 1000 -i stays -q 1 -t later -E
mosquitto_pub -p "$mqtt" -t later -q 1 -m "in the queue"
end
begin
expect "a retained message after a restart" "over a restart" "$(mosquitto_sub -p "$mqtt" -t kept -C 1 -W 10)"
expect "a queued message after a restart" "in the queue" \
  "$(mosquitto_sub -p "$mqtt" -V mqttv5 -c -x 1000 -i stays -q 1 -t later -C 1 -W 10)"
end
printf 'damaged' >>"$work/wirelab.state"
"$wirelab" serve --config "$work/keep.conf" >/dev/null 2>"$work/err" && fail "a damaged state was taken"
grep -q "something follows behind its end; move it away" "$work/err" || fail "a damaged state: $(cat "$work/err")"

# A state that cannot be saved is told of, while it goes on; one that can be is saved while it runs.
rm "$work/wirelab.state"
mkdir "$work/away"
printf 'listener 0\nallow_anonymous true\npersistence true\npersistence_location %s\nautosave_interval 1\n' "$work/away" >"$work/keep.conf"
begin
mosquitto_pub -p "$mqtt" -t kept -r -q 1 -m "while it runs"
for _ in $(seq 100); do grep -q "while it runs" "$work/away/wirelab.state" 2>/dev/null && break; sleep 0.1; done
grep -q "while it runs" "$work/away/wirelab.state" || fail "it saves nothing while it runs"
rm -r "$work/away"
for _ in $(seq 100); do grep -q "could not be saved" "$work/serve.err" && break; sleep 0.1; done
grep -q "could not be saved to $work/away/wirelab.state" "$work/serve.err" || fail "it does not say that it cannot save"
expect "a retained message, unsaved" "while it runs" "$(mosquitto_sub -p "$mqtt" -t kept -C 1 -W 10)"
mkdir "$work/away"
end

# What is wrong in a configuration is told with its line.
wrong() { # lines, what is to be said
  printf '%s\n' "$1" >"$work/wrong.conf"
  "$wirelab" serve --config "$work/wrong.conf" >/dev/null 2>"$work/err"
  [ $? = 2 ] && grep -qF "$2" "$work/err" || fail "\"$1\": $(cat "$work/err")"
}
wrong "max_inflight 3" 'wrong.conf:1: "max_inflight" is not known here: did you mean "max_inflight_messages"?'
wrong "max_topic_levels 0" 'wrong.conf:1: "0" is no number from 1 to 65535'
wrong "drop_policy eldest" 'wrong.conf:1: "eldest": write newest or oldest'
wrong "allow_anonymous yes" 'wrong.conf:1: "yes": write true or false'
wrong "protocol mqtt" 'write "listener PORT" before it'
wrong "listener 0
certfile $work/cert.pem" "needs both certfile and keyfile"
wrong "listener 0
certfile $work/cert.pem
keyfile $work/key.pem
require_certificate true" "write with cafile who may have signed them"
wrong "password_file $work/nowhere" 'there is no file'
wrong "bridge_thing x" "is not known here"
wrong "listener 1883 localhost" 'wrong.conf:1: "localhost" is no address: write one such as 127.0.0.1'
echo "mosquitto's clients, paho in C and in Python, and mqtt.js were served over TCP, TLS and WebSocket"
