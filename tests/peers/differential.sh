#!/usr/bin/env bash
# mosquitto and `wirelab serve` under the same random operations: what each client received is compared. Usage: differential.sh
# WIRELAB MOSQUITTO_FOLDER SEEDS, from the project's root. mosquitto is taken from the system or from the folder, where the set-up
# of the tests has unpacked it.
set -u
export PYTHONDONTWRITEBYTECODE=1
wirelab=$1 folder=$2 seeds=$3
mosquitto=$(command -v mosquitto || ls /usr/sbin/mosquitto "$folder/usr/sbin/mosquitto" 2>/dev/null | head -n 1)
[ -n "$mosquitto" ] || { echo "there is no mosquitto, neither here nor in $folder"; exit 1; }
work=$(mktemp -d)
ours="" theirs=""
trap 'kill $ours $theirs 2>/dev/null; rm -rf "$work"' EXIT
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$work/mosquitto.conf"
"$mosquitto" -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
theirs=$!
"$wirelab" serve --mqtt 0 --quiet >"$work/ports" 2>"$work/serve.log" &
ours=$!
for _ in $(seq 100); do
  [ -s "$work/ports" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
/usr/bin/python3 tests/peers/differential.py "$(sed -n 's/^mqtt .*://p' "$work/ports")" "$port" "$seeds" || { tail "$work"/*.log; exit 1; }
