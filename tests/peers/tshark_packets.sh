#!/usr/bin/env bash
# tshark dissects every packet type and every property of both versions as our codec writes them: thousands of random packets, each a
# segment of its own. None may be malformed, and of each its type, its packet identifier and its properties must be what was meant.
# Usage: tshark_packets.sh PROGRAM, from the project's root.
set -eu
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" make 7 4000 >"$work/packets"
for version in 4 5; do
  # text2pcap reads an offset and bytes; an offset of 0 begins the next packet. Longer ones would not fit an IP packet.
  grep "^{\"v\":$version," "$work/packets" | awk 'length($0) < 60000' >"$work/sent"
  sed -n 's/^{"v":.,"hex":"\([0-9a-f]*\)".*/\1/p' "$work/sent" |
    awk '{ printf "000000"; for (i = 1; i < length($0); i += 2) printf " %s", substr($0, i, 2); print "" }' >"$work/dump"
  echo 000000 >>"$work/dump" # ends the last packet
  text2pcap -q -T 50000,1883 "$work/dump" "$work/$version.pcap" >/dev/null 2>&1
  tshark -r "$work/$version.pcap" -o tcp.desegment_tcp_streams:FALSE -o tcp.analyze_sequence_numbers:FALSE \
    -o "mqtt.default_version:MQTT v$([ $version = 5 ] && echo 5.0 || echo 3.1.1)" -T fields -E separator='|' \
    -e mqtt.msgtype -e mqtt.msgid -e mqtt.property_id -e _ws.malformed -e _ws.unreassembled -e _ws.expert.message \
    2>/dev/null >"$work/seen"
  python3 - "$work/sent" "$work/seen" "$version" <<'PY'
import json, sys
sent = [json.loads(line)["packet"] for line in open(sys.argv[1], encoding="utf-8")]
seen = [line.rstrip("\n").split("|") for line in open(sys.argv[2], encoding="utf-8")]
version = int(sys.argv[3])
if len(seen) != len(sent) or len(sent) < 800:
    sys.exit(f"FAILED: tshark read {len(seen)} packets of {len(sent)}")
types, properties = set(), set()
for number, (ours, theirs) in enumerate(zip(sent, seen), 1):
    meant = ours.get("properties", []) + ours.get("will", {}).get("properties", [])
    ids = sorted(json.loads(p)[0] for p in meant)
    found = sorted(int(i, 0) for i in theirs[2].split(",") if i)
    wrong = theirs[0] != str(ours["type"]) or ids != found or any(theirs[3:5])
    wrong = wrong or (ours.get("id") and theirs[1] != str(ours["id"]))
    if wrong:
        sys.exit(f"FAILED: packet {number} of version {version}: we meant {ours}, tshark reads {theirs}")
    types.add(ours["type"])
    properties.update(ids)
if len(types) != (15 if version == 5 else 14) or (version == 5 and len(properties) != 27):
    sys.exit(f"FAILED: {len(types)} types and {len(properties)} properties were made")
PY
done
echo "tshark reads every packet type of both versions, and all 27 properties, as they were meant"
