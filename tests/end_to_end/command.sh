#!/usr/bin/env bash
# The command as a person uses it: exit statuses, files written whole or not at all, journeys, differences, kind errors.
# Usage: command.sh PROGRAM, from the root of the repository.
set -u
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect STATUS PATTERN ARGUMENTS...: runs it; the status must be this, and all that it prints must match the pattern.
expect() {
  local want=$1 pattern=$2
  shift 2
  local output status
  output=$("$program" "$@" 2>&1 </dev/null)
  status=$?
  if [ "$status" != "$want" ] || ! grep -Eq -- "$pattern" <<<"$output"; then
    echo "wirelab $*"
    echo "  exited $status (wanted $want) and printed something without: $pattern"
    sed 's/^/    /' <<<"$output" | head -n 12
    failed=1
  fi
}

expect 0 'wirelab COMMAND --help' --help
for command in run journey diff metrics bench; do expect 0 'Examples?:' $command --help; done
expect 0 '^wirelab [0-9]' --version
expect 2 'there is no command "rnu": did you mean "run"' rnu
expect 2 'unknown option --sed: did you mean --seed' run temperature --sed 3
expect 2 'did you mean scenarios/temperature.lua' run temperatur
expect 2 'there is no such file' run "$work/none.lua"
expect 2 'is a folder' run scenarios
expect 2 'write NAME=VALUE' run temperature --set loss
cat >"$work/tcp.lua" <<'LUA'
local cc = param("cc", "cubic")
local hub, home = broker("hub", { congestion = "newreno", tcp_keepalive = "30s" }), router("home")
link(home, hub, { delay = "25ms" })
device("d", { on = home }, function(self)
  local c = self:mqtt({ nodelay = true, user_timeout = "10s", tcp_keepalive = "20s", congestion = cc })
  c:connect(hub)
  c:publish("a", "b")
  sleep("50s")
end)
LUA
expect 0 'connections +1' run "$work/tcp.lua"
expect 2 'congestion.*cubic' run "$work/tcp.lua" --set cc=reno
expect 0 'connecting' validate --only connect/plain --repeats 1
expect 2 'no row begins so' validate --only nothing --repeats 1
expect 2 'no/such/intervals.csv: No such file' validate no/such
expect 2 'there is no parameter "los": did you mean "loss"' run temperature --set los=1
expect 2 'unknown unit "sec"' run temperature --until 5sec
expect 2 '--pcap-link' run temperature --pcap-link home-cloud
expect 2 'there is no link "home-clod": did you mean "home-cloud"' run temperature --pcap "$work/x.pcapng" --pcap-link home-clod
[ -e "$work/x.pcapng" ] && { echo "a capture that failed was left behind"; failed=1; }
expect 2 'No such file' run temperature --trace "$work/no/folder.jsonl"
expect 2 'there is no layer "mqt": did you mean "mqtt"' run temperature --trace "$work/x.jsonl" --layers mqt
expect 2 'captures and diagrams need everything' run temperature --pcap "$work/x.pcapng" --layers mqtt
expect 0 'delivered' run temperature --until 1min --trace "$work/mqtt.jsonl" --layers mqtt
grep -q '"kind":"message_delivered"' "$work/mqtt.jsonl" || { echo "--layers mqtt has lost the messages"; failed=1; }
grep -q '"kind":"packet_sent"' "$work/mqtt.jsonl" && { echo "--layers mqtt has kept packets"; failed=1; }
expect 2 'a journey needs the layers link,tcp,mqtt; this trace was kept with world,mqtt only' journey "$work/mqtt.jsonl"
sed '$d' "$work/mqtt.jsonl" >"$work/cut.jsonl"
expect 2 'the trace is not whole' diff "$work/cut.jsonl" "$work/mqtt.jsonl"
printf '{"wirelab_trace":1,"seed":"x","scenario":5}\n{"n":1,"at":0,"kind":"state","field":999}\n{"end":1}\n' >"$work/odd.jsonl"
expect 2 'odd.jsonl:2: field 999 is not known' journey "$work/odd.jsonl"
expect 2 'is a trace: --seed' journey "$work/mqtt.jsonl" --seed 9
expect 2 'no whole number' run temperature --seed -1
cp scenarios/topics.lua "$work/copy.lua"
expect 2 'scenario itself' run "$work/../$(basename "$work")/copy.lua" --trace "$work/copy.lua"
expect 0 'time between readings' run temperature --set period=5s --until 10s --quiet
for output in --help "run temperature --until 1s --quiet"; do
  "$program" $output >/dev/full 2>/dev/null && { echo "$output: a full disk was not noticed"; failed=1; }
done
printf '{"wirelab_journal":1,"scenario":"x.lua","seed":1}\n' >"$work/j.jsonl"
expect 2 'j.jsonl:1: this journal was recorded with x.lua' run temperature --journal "$work/j.jsonl"
printf '{"wirelab_journal":1,"scenario":"temperature.lua","seed":-7}\n' >"$work/j.jsonl"
expect 2 'j.jsonl:1: "seed" has the wrong type or range' run temperature --journal "$work/j.jsonl"
printf '{"wirelab_journal":1,"scenario":"temperature.lua","seed":7}\n\n{"at_ns":1,"do":"cut","lnik":"a"}\n' >"$work/j.jsonl"
expect 2 'j.jsonl:3: unknown key "lnik": did you mean "link"' run temperature --journal "$work/j.jsonl"
cp "$work/mqtt.jsonl" "$work/trace-without-ending"
expect 0 'the runs are the same' diff "$work/mqtt.jsonl" "$work/trace-without-ending"
expect 0 'the runs are the same' diff "$work/mqtt.jsonl" "$work/mqtt.jsonl"
expect 0 'delivered +400' run temperature --seed 7
expect 0 'readings' metrics temperature
expect 1 'expected: .*costs nothing at QoS 0' run outage --set short=30

cat >"$work/wrong.lua" <<'LUA'
local home = router("home")
link(home, broker("hub"), { dealy = "25ms" })
LUA
expect 2 "^$work/wrong.lua:2: unknown option \"dealy\" for link\(home, hub\): did you mean \"delay\"" run "$work/wrong.lua"
printf 'while true do end\n' >"$work/loop.lua"
expect 3 "^$work/loop.lua:1: the script has run" run "$work/loop.lua"
printf 'expect(false, "never true")\n' >"$work/false.lua"
expect 1 'expected: .*false.lua:1: never true' run "$work/false.lua"
head -c 100000 /dev/urandom >"$work/noise.lua"
expect 2 'noise.lua' run "$work/noise.lua"

# Machine-readable output stands alone on standard output.
"$program" run temperature --seed 7 --json 2>/dev/null >"$work/a.json"
"$program" run temperature --seed 7 --json 2>/dev/null >"$work/b.json"
cmp -s "$work/a.json" "$work/b.json" || { echo "two runs with one seed differ"; failed=1; }
for key in scenario seed simulated_seconds events metrics digest; do
  grep -q "\"$key\"" "$work/a.json" || { echo "--json lacks $key"; failed=1; }
done
"$program" run temperature --seed 8 --json >"$work/c.json"
[ "$(grep '"digest"' "$work/a.json")" != "$(grep '"digest"' "$work/c.json")" ] || { echo "seed 8 gives the digest of seed 7"; failed=1; }

# A trace file serves wherever a scenario does.
"$program" run qos --seed 3 --quiet --trace "$work/run.jsonl" --sequence "$work/run.mmd" >/dev/null
expect 0 'the runs are the same' diff "$work/run.jsonl" qos --seed2 3
expect 1 'then part' diff qos qos --seed 3 --seed2 4
journey_file=$("$program" journey "$work/run.jsonl" --topic qos/1 --nth 20)
journey_run=$("$program" journey qos --seed 3 --topic qos/1 --nth 20)
[ "$journey_file" = "$journey_run" ] || { echo "a journey from a file differs from that of the run"; failed=1; }
expect 0 'hands PUBLISH to TCP' journey "$work/run.jsonl" --topic qos/1 --nth 20
expect 2 'nothing was published to "qos/9": did you mean' journey "$work/run.jsonl" --topic qos/9
expect 2 'ask for --nth 1 to 60' journey "$work/run.jsonl" --topic qos/1 --nth 61
head -c 5000 "$work/run.jsonl" >"$work/torn.jsonl"
expect 2 'torn.jsonl:[0-9]+: (not a JSON object|the trace is not whole)' journey "$work/torn.jsonl"
grep -q '^sequenceDiagram' "$work/run.mmd" || { echo "no sequence diagram"; failed=1; }

# A message that was delayed by a loss says so, and one that waited behind another's bytes too.
journeys=""
for n in $(seq 1 60); do journeys="$journeys$("$program" journey "$work/run.jsonl" --topic qos/0 --nth "$n")"; done
grep -q 'lost: .*loss on the link' <<<"$journeys" || { echo "no journey tells of a loss"; failed=1; }
grep -q 'time-out: segment' <<<"$journeys" || { echo "no journey tells of a retransmission"; failed=1; }

expect 0 'PUBLISH sensors/humidity of 28.100705024 s was not acknowledged yet; its segment was lost, and it was sent again 4 times' \
  journey temperature --seed 2 --set loss=0.3 --topic sensors/temperature --nth 11
# Without Nagle's waiting the second message is sent, and held in the receive buffer behind the first one's missing segment.
cat >"$work/behind.lua" <<'LUA'
local hub, home = broker("hub", { nodelay = true }), router("home")
link(home, hub, { delay = "25ms", loss = "10%" })
device("reader", { on = home }, function(self)
  local c = self:mqtt()
  c.on_connect = function() c:subscribe("#") end
  c:connect(hub)
  c:loop_forever()
end)
device("writer", { on = home }, function(self)
  local c = self:mqtt({ nodelay = true })
  c:connect(hub)
  sleep(1)
  for i = 1, 50 do
    c:publish("a", "1")
    c:publish("b", "2")
    sleep(1)
  end
end)
LUA
"$program" run "$work/behind.lua" --quiet --trace "$work/behind.jsonl" >/dev/null || failed=1
journeys=""
for n in $(seq 1 50); do journeys="$journeys$("$program" journey "$work/behind.jsonl" --topic b --nth "$n")"; done
grep -Eq 'waited [0-9.]+ ms in the receive buffer behind the missing bytes of PUBLISH a of' <<<"$journeys" ||
  { echo "no journey tells of waiting behind another message's segment"; failed=1; }

# A journal: hand-written, and wrong.
cat >"$work/cut.jsonl" <<'JSON'
{"wirelab_journal":1,"scenario":"scenarios/temperature.lua","seed":7}
{"at_ns":60000000000,"do":"cut","link":"home-cloud"}
{"at_ns":65000000000,"do":"restore","link":"home-cloud"}
JSON
expect 0 'delivered +400' run temperature --journal "$work/cut.jsonl"
one=$("$program" run temperature --journal "$work/cut.jsonl" --json | grep '"digest"')
two=$("$program" run temperature --journal "$work/cut.jsonl" --json | grep '"digest"')
[ "$one" = "$two" ] || { echo "a journal replays to another digest"; failed=1; }
sed 's/home-cloud/home-clod/' "$work/cut.jsonl" >"$work/bad.jsonl"
expect 2 'there is no link "home-clod": did you mean "home-cloud"' run temperature --journal "$work/bad.jsonl"
sed 's/"do":"cut"/"do":"cutt"/' "$work/cut.jsonl" >"$work/bad.jsonl"
expect 2 'bad.jsonl:2: unknown intervention "cutt"' run temperature --journal "$work/bad.jsonl"

expect 0 'star: publish' bench star --quick
expect 0 'homes: 100 devices' bench homes --quick
expect 0 'hold model' bench kernel --quick --json
expect 0 'QoS 1, 1 to 10' bench serve --quick
exit $failed
