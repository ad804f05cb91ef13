#!/usr/bin/env bash
# Captures as Wireshark's own dissectors judge them: everything dissected, nothing malformed, no segment missing that is not
# explained, and its analysis of retransmissions agrees with our trace.
# Usage: wireshark.sh PROGRAM, from the root of the repository.
set -u
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
  echo "$*"
  failed=1
}
command -v tshark >/dev/null || { echo "tshark is missing: ./wirelab test installs it"; exit 1; }
# Checksums are checked only where that is asked for; a filter that tshark does not understand must not count as none.
count() {
  tshark -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -r "$1" -Y "$2" 2>"$work/errors" >"$work/lines" || fail "tshark: $(tail -n 1 "$work/errors")"
  wc -l <"$work/lines"
}

for scenario in temperature nightlight topics qos outage; do
  for seed in 1 7; do
    capture=$work/$scenario-$seed.pcapng
    "$program" run "$scenario" --seed "$seed" --quiet --pcap "$capture" --json >"$work/$scenario-$seed.json" || fail "$scenario: the run failed"
    packets=$(grep '"packets":' "$work/$scenario-$seed.json" | tr -dc '0-9.' | cut -d. -f1)
    seen=$(tshark -r "$capture" 2>/dev/null | wc -l)
    [ "$seen" = "$packets" ] || fail "$scenario, seed $seed: tshark reads $seen packets of $packets"
    bad=$(count "$capture" '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0')
    good=$(count "$capture" 'ip.checksum.status == 1 && (!tcp || tcp.checksum.status == 1)')
    [ "$good" = "$packets" ] || fail "$scenario, seed $seed: only $good of $packets packets have checksums that tshark finds good"
    [ "$bad" = 0 ] || fail "$scenario, seed $seed: $bad packets are malformed or have a bad checksum"
    missing=$(count "$capture" 'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment')
    [ "$missing" = 0 ] || fail "$scenario, seed $seed: $missing times a previous segment was not captured"
    [ "$(count "$capture" mqtt)" -gt 10 ] || fail "$scenario, seed $seed: hardly any MQTT was dissected"
    # Each segment that TCP sent again is one for Wireshark too. It calls a repetition of a SYN or of data so, in all its kinds.
    ours=$(grep '"retransmissions"' "$work/$scenario-$seed.json" | tr -dc '0-9.' | cut -d. -f1)
    theirs=$(count "$capture" 'tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission')
    [ "$ours" = "$theirs" ] || fail "$scenario, seed $seed: we count $ours retransmissions, Wireshark $theirs"
    drops=$(grep '"packets_dropped"' "$work/$scenario-$seed.json" | tr -dc '0-9.' | cut -d. -f1)
    comments=$(count "$capture" 'frame.comment contains "dropped at"')
    [ "$drops" = "$comments" ] || fail "$scenario, seed $seed: $drops packets were dropped, $comments have a comment"
  done
done
# What Wireshark's expert marks in a lossy transfer, instant by instant: repeated ACKs and segments where they are sent, gaps and
# segments out of order beyond the link that loses.
marks() { # capture letter filter
  tshark -r "$1" -Y "$3" -T fields -e frame.time_epoch 2>/dev/null | sed "s/^/$2 /"
}
again='tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission'
for seed in 1 2 3; do
  "$program" run tests/end_to_end/lossy.lua --seed "$seed" --quiet --pcap "$work/sent.pcapng" --trace "$work/lossy.jsonl" >/dev/null || fail "lossy: the run failed"
  "$program" run tests/end_to_end/lossy.lua --seed "$seed" --quiet --pcap "$work/beyond.pcapng" --pcap-link 'hub>sink' >/dev/null
  awk -f tests/end_to_end/expert.awk "$work/lossy.jsonl" | sort >"$work/ours"
  { marks "$work/sent.pcapng" D tcp.analysis.duplicate_ack
    marks "$work/sent.pcapng" R "$again || tcp.analysis.out_of_order"  # nobody sends out of order but again
    marks "$work/beyond.pcapng" L tcp.analysis.lost_segment
    marks "$work/beyond.pcapng" O "(tcp.analysis.out_of_order || $again) && tcp.len > 0"; } | sort >"$work/theirs"
  for letter in D R L O; do
    [ "$(grep -c "^$letter" "$work/ours")" -gt 10 ] || fail "lossy, seed $seed: hardly any marks of kind $letter"
  done
  echo "lossy, seed $seed:" $(cut -c1 "$work/ours" | uniq -c)
  diff "$work/ours" "$work/theirs" || fail "lossy, seed $seed: our trace and Wireshark's expert disagree (<: only ours, >: only Wireshark's)"
done
# All control packets of a QoS 2 exchange, by their names.
for type in 1 2 3 4 5 6 7 8 9; do
  [ "$(count "$work/qos-1.pcapng" "mqtt.msgtype == $type")" -gt 0 ] || fail "tshark sees no MQTT packet of type $type"
done
[ "$(count "$work/outage-1.pcapng" 'mqtt.msgtype == 3 && mqtt.dupflag == 1')" -gt 0 ] || fail "no PUBLISH was sent again with DUP"
# Another vantage: what one direction of a link carries.
"$program" run temperature --seed 7 --quiet --pcap "$work/link.pcapng" --pcap-link 'home>cloud' >/dev/null
[ "$(count "$work/link.pcapng" 'ip.dst == 10.0.0.3')" = "$(tshark -r "$work/link.pcapng" 2>/dev/null | wc -l)" ] || fail "home>cloud carries something that is not for the hub"
# Beyond a router that translates, packets have other addresses and right checksums.
"$program" run nat --quiet --pcap "$work/nat.pcapng" --pcap-link 'home>internet' >/dev/null || fail "nat: the run failed"
[ "$(count "$work/nat.pcapng" 'ip.src == 198.51.100.7 && tcp.checksum.status == 1 && ip.checksum.status == 1')" = "$(tshark -r "$work/nat.pcapng" 2>/dev/null | wc -l)" ] ||
  fail "home>internet carries something with an inner address or a wrong checksum"
[ "$(count "$work/nat.pcapng" mqtt)" -gt 5 ] || fail "hardly any MQTT was dissected behind the translation"
"$program" run names --quiet --pcap "$work/names.pcapng" >/dev/null || fail "names: the run failed"
[ "$(count "$work/names.pcapng" 'dns.qry.name == "test.mosquitto.org" && dns.a == 10.0.0.2')" -gt 5 ] || fail "tshark sees no answer for the broker's name"
[ "$(count "$work/names.pcapng" 'dns.flags.rcode == 3')" = 1 ] && [ "$(count "$work/names.pcapng" 'dns.flags.rcode == 2')" -gt 1 ] ||
  fail "tshark sees no missing name, or no failure"
[ "$(count "$work/names.pcapng" '_ws.malformed || udp.checksum.status == 0')" = 0 ] || fail "names: something is malformed"
"$program" run home --quiet --pcap "$work/home.pcapng" >/dev/null || fail "home: the run failed"
for type in 1 2 3 5; do
  [ "$(count "$work/home.pcapng" "dhcp.option.dhcp == $type")" -gt 1 ] || fail "tshark sees no DHCP message of type $type"
done
[ "$(count "$work/home.pcapng" '_ws.malformed || udp.checksum.status == 0')" = 0 ] || fail "home: something is malformed"
# TLS: Wireshark reads the hellos, the certificate of 1.2 and the records, and no reading or password anywhere.
"$program" run eavesdropper --quiet --pcap "$work/tls.pcapng" >/dev/null || fail "eavesdropper: the run failed"
[ "$(count "$work/tls.pcapng" 'tls.handshake.type == 1 && tls.handshake.extensions_server_name == "hub"')" = 5 ] || fail "tshark does not see five Client Hellos for hub"
[ "$(count "$work/tls.pcapng" 'tls.handshake.type == 11 && x509sat.uTF8String == "hub" && x509sat.uTF8String == "Wirelab CA"')" = 1 ] || fail "tshark does not see one readable certificate"
[ "$(count "$work/tls.pcapng" 'tls.handshake.type == 2 && tls.handshake.extensions.supported_version == 0x0304')" = 5 ] || fail "tshark does not see five Server Hellos of TLS 1.3"
[ "$(count "$work/tls.pcapng" 'tls.app_data')" -gt 20 ] || fail "hardly any record of application data"
[ "$(count "$work/tls.pcapng" '_ws.malformed || tls.alert_message.level == 2')" = 0 ] || fail "eavesdropper: something is malformed"
[ "$(count "$work/tls.pcapng" 'tcp.port == 1883 && tcp contains "sesame"')" = 1 ] || fail "the open password is not seen once"
[ "$(count "$work/tls.pcapng" 'tcp.port == 8883 && (tcp contains "sesame" || tcp contains "sensors")')" = 0 ] || fail "TLS lets something through"
exit $failed
