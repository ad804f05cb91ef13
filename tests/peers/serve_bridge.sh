#!/usr/bin/env bash
# `wirelab serve` as an edge broker with a bridge to mosquitto, and to another `wirelab serve`: what goes out, what comes in, once
# each; while the other broker is away it waits. Usage: serve_bridge.sh WIRELAB MOSQUITTO_FOLDER, from the project's root.
set -u
wirelab=$1 folder=$2
mosquitto=$(command -v mosquitto || ls /usr/sbin/mosquitto "$folder/usr/sbin/mosquitto" 2>/dev/null | head -n 1)
[ -n "$mosquitto" ] || { echo "there is no mosquitto, neither here nor in $folder"; exit 1; }
work=$(mktemp -d)
edge="" cloud=""
trap 'for p in $edge $cloud; do kill "$p" 2>/dev/null; done; rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; tail -n 20 "$work"/*.err; exit 1; }
expect() { # what, expected, found
  [ "$2" = "$3" ] || fail "$1: expected \"$2\", found \"$3\""
}
# Waits until a file has a line like this.
says() {
  for _ in $(seq 200); do
    grep -q "$2" "$1" && return
    sleep 0.05
  done
  fail "$1 does not say \"$2\": $(cat "$1")"
}
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port_of() { says "$1" "^mqtt "; sed -n 's/^mqtt .*://p' "$1"; }

start_cloud() { # kind
  if [ "$1" = mosquitto ]; then
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$cloud_port" >"$work/cloud.conf"
    "$mosquitto" -c "$work/cloud.conf" >"$work/cloud.err" 2>&1 &
  else
    "$wirelab" serve --mqtt "$cloud_port" >"$work/cloud.out" 2>"$work/cloud.err" &
  fi
  cloud=$!
}
stop() {
  kill -TERM "$1"
  wait "$1"
}

for kind in mosquitto wirelab; do
  for version in mqttv311 mqttv50; do
    cloud_port=$(free_port)
    cat >"$work/edge.conf" <<CONF
listener 0
allow_anonymous false
password_file $work/passwords
connection to-cloud
address 127.0.0.1:$cloud_port
topic sensors/# out 1 "" edge/
topic commands/# in 2
bridge_protocol_version $version
restart_timeout 1
CONF
    # As mosquitto_passwd 2.0 has written it: ann, secret.
    echo 'ann:$7$101$Jg2sFVPzaedul4Xy$7TuMkXSWvGZjE4IqYzuDheSX0smQ/JlaOcnKala27UgCDeyRze2/6JfNB9OReol4dzEfhGmY4j93PLS6pFIDFA==' >"$work/passwords"
    : >"$work/edge.err"
    "$wirelab" serve --config "$work/edge.conf" >"$work/edge.out" 2>"$work/edge.err" &
    edge=$!
    edge_port=$(port_of "$work/edge.out")
    ann="-p $edge_port -u ann -P secret"
    # The other broker is not there yet; what is published meanwhile waits.
    says "$work/edge.err" "bridge to-cloud to 127.0.0.1: Connection refused"
    mosquitto_pub $ann -q 1 -r -t sensors/early -m "21.5" || fail "publishing at the edge"
    start_cloud $kind
    says "$work/edge.err" "bridge to-cloud connected"
    stdbuf -oL mosquitto_sub -p "$cloud_port" -V mqttv5 -q 2 -t '#' -F '%t %q %r %p' -d >"$work/cloud.sub" 2>&1 &
    at_cloud=$!
    stdbuf -oL mosquitto_sub $ann -q 2 -t 'commands/#' -v -d >"$work/edge.sub" 2>&1 &
    at_edge=$!
    says "$work/cloud.sub" Subscribed
    says "$work/edge.sub" Subscribed
    # 5.0 keeps RETAIN over the bridge, so who comes later finds it; 3.1.1 passes it on to who was there.
    [ $version = mqttv311 ] || says "$work/cloud.sub" "^edge/sensors/early 1 1 21.5$"
    mosquitto_pub $ann -q 2 -t sensors/a -m "1" || fail "publishing at the edge"
    mosquitto_pub $ann -q 0 -t sensors/b -m "2" || fail "publishing at the edge"
    mosquitto_pub $ann -q 1 -t private/c -m "3" || fail "publishing at the edge"
    mosquitto_pub -p "$cloud_port" -q 2 -t commands/lamp -m on || fail "publishing at the cloud"
    mosquitto_pub -p "$cloud_port" -q 2 -t other/lamp -m on || fail "publishing at the cloud"
    mosquitto_pub $ann -q 1 -t sensors/last -m "4" || fail "publishing at the edge"
    for topic in edge/sensors/a edge/sensors/b edge/sensors/last commands/lamp other/lamp; do says "$work/cloud.sub" "^$topic"; done
    says "$work/edge.sub" "^commands/lamp"
    expect "$kind, $version: at the cloud" \
      "commands/lamp 2 0 on,edge/sensors/a 1 0 1,edge/sensors/b 0 0 2,edge/sensors/last 1 0 4,other/lamp 2 0 on" \
      "$(grep -E '^(edge|commands|other|private)/' "$work/cloud.sub" | grep -v early | sort | paste -sd,)"
    expect "$kind, $version: at the edge" "commands/lamp on" "$(grep '^commands/' "$work/edge.sub")"
    kill $at_cloud $at_edge 2>/dev/null
    # It comes back by itself.
    stop "$cloud"
    says "$work/edge.err" "\(closed\|ended\) by the other broker"
    : >"$work/edge.err"
    start_cloud $kind
    says "$work/edge.err" "bridge to-cloud connected"
    stdbuf -oL mosquitto_sub -p "$cloud_port" -q 1 -t 'edge/#' -v -C 1 -W 20 -d >"$work/cloud.sub" 2>&1 &
    at_cloud=$!
    says "$work/cloud.sub" Subscribed
    mosquitto_pub $ann -q 1 -t sensors/again -m "5" || fail "publishing at the edge"
    wait $at_cloud || fail "nothing came over the bridge that came back"
    stop "$edge" || fail "the edge did not end well"
    edge=""
    stop "$cloud"
    cloud=""
  done
done

# A topic that goes both ways comes once to each, with 5.0.
cloud_port=$(free_port)
printf 'listener 0\nallow_anonymous true\nconnection c\naddress localhost:%s\ntopic # both 1\n' "$cloud_port" >"$work/edge.conf"
start_cloud mosquitto
"$wirelab" serve --config "$work/edge.conf" >"$work/edge.out" 2>"$work/edge.err" &
edge=$!
edge_port=$(port_of "$work/edge.out")
says "$work/edge.err" "bridge c connected"
for port in $cloud_port $edge_port; do
  stdbuf -oL mosquitto_sub -p "$port" -q 1 -t 'x/#' -v -d >"$work/sub.$port" 2>&1 &
  eval "sub_$port=$!"
  says "$work/sub.$port" Subscribed
done
mosquitto_pub -p "$cloud_port" -q 1 -t x/cloud -m 1
mosquitto_pub -p "$edge_port" -q 1 -t x/edge -m 1
mosquitto_pub -p "$cloud_port" -q 1 -t x/end -m 1
mosquitto_pub -p "$edge_port" -q 1 -t x/end -m 1
for port in $cloud_port $edge_port; do
  for _ in $(seq 100); do
    [ "$(grep -c '^x/end' "$work/sub.$port")" = 2 ] && break
    sleep 0.05
  done
  expect "both ways, at $port" "x/cloud 1 x/edge 1 x/end 1 x/end 1" "$(grep '^x/' "$work/sub.$port" | sort | paste -sd' ')"
  eval "kill \$sub_$port"
done

wrong() { # lines, what is to be said
  printf '%b' "$1" >"$work/wrong.conf"
  "$wirelab" serve --config "$work/wrong.conf" >/dev/null 2>"$work/wrong.err"
  [ $? = 2 ] && grep -qF "$2" "$work/wrong.err" || fail "\"$1\": $(cat "$work/wrong.err")"
}
wrong 'topic # out\n' 'wrong.conf:1: "topic" is about a bridge: write "connection NAME" before it'
wrong 'connection c\ntopic # sideways\n' 'wrong.conf:2: "sideways" is no direction: out, in or both'
wrong 'connection c\naddress here:70000\n' 'wrong.conf:2: "70000" is no number from 1 to 65535'
wrong 'connection c\naddress here\n' 'connection c needs a topic, as "topic sensors/# out 1"'
wrong 'connection c\naddress here\nconnection c\n' 'wrong.conf:3: there is a connection "c" already'
wrong 'connection c\ntopic #\n' 'connection c needs an address'
echo "bridges to mosquitto and to wirelab serve carry what they are told to, once, and come back"
