#!/usr/bin/env bash
# Our codec and mqtt-packet, that of mqtt.js, on thousands of random packets of MQTT 3.1.1 and 5.0: each reads what the other writes
# as it was meant. Usage: mqtt_packets.sh PROGRAM, from the project's root.
set -eu
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for seed in 1 2 3; do
  "$program" make "$seed" 2000 >"$work/ours"
  NODE_PATH=/usr/share/nodejs node tests/peers/mqtt_packets.js <"$work/ours" >"$work/theirs"
  "$program" check <"$work/theirs"
  [ "$(wc -l <"$work/theirs")" -gt 1950 ] || { echo "too few packets were compared"; exit 1; }
done
