#!/usr/bin/env bash
# Sweeps from the outside: the same bytes whatever the number of jobs, by shards, and after being killed at any instant; and figures.
set -u
wirelab=$1
kills=${2:-50}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }

cat >"$work/short.lua" <<'LUA'
duration("2min")
local loss = param("loss", 0.02, { min = 0, max = 0.5 })
local qos = param("qos", 0, { min = 0, max = 2 })
local home, hub = router("home"), broker("hub")
link(home, hub, { delay = "25ms", rate = "1Mbit/s", loss = loss })
device("reader", { on = hub }, function(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("t", { qos = 2 }) end
  client:connect(hub)
end)
device("sensor", { on = home }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  while true do
    client:publish("t", now(), { qos = qos })
    sleep(1)
  end
end)
LUA
arguments=(sweep "$work/short.lua" --set loss=0,5%,20% --set qos=0,1,2 --seeds 12)
sweep() { "$wirelab" "${arguments[@]}" "$@"; }
same() { for table in results summary differences; do cmp "$1/$table.csv" "$2/$table.csv" || fail "$3"; done; }

sweep --jobs 1 --out "$work/one" >"$work/said" || fail "a sweep ends with status $?"
grep -q '^108 runs: 9 settings with 12 seeds' "$work/said" || fail "it says what it ran: $(cat "$work/said")"
[ "$(wc -l <"$work/one/results.csv")" = 109 ] || fail "a row a run"
sweep --jobs 3 --out "$work/three" >/dev/null || fail "three jobs"
same "$work/one" "$work/three" "the bytes hang on the number of jobs"

for i in 1 2 3; do sweep --shard $i/3 --out "$work/shard$i" >/dev/null || fail "shard $i"; done
"$wirelab" merge "$work/shard1" "$work/shard2" 2>"$work/said" --out "$work/part" && fail "a shard is missing and merge does not say so"
grep -q '36 of 108 runs are missing' "$work/said" || fail "merge says: $(cat "$work/said")"
"$wirelab" merge "$work/shard3" "$work/shard1" "$work/shard2" --out "$work/merged" >/dev/null || fail "merge"
same "$work/one" "$work/merged" "shards give other bytes"

# Killed at random instants of a sweep, each time with the rest of it to be done; a finished one is begun anew.
begin=$(date +%s%N)
sweep --jobs 2 --out "$work/timed" >/dev/null
length=$((($(date +%s%N) - begin) / 1000000))
killed=0
RANDOM=7
while [ $killed -lt "$kills" ]; do
  "$wirelab" "${arguments[@]}" --jobs 2 --out "$work/killed" >/dev/null 2>&1 &
  child=$!
  sleep "$(printf '0.%03d' $((RANDOM % (length > 990 ? 990 : length))))"
  kill -KILL $child 2>/dev/null
  wait $child 2>/dev/null
  # One that had ended before does not count.
  if [ ! -f "$work/killed/differences.csv" ]; then
    killed=$((killed + 1))
  else
    same "$work/one" "$work/killed" "what was killed and went on has other bytes"
    rm -rf "$work/killed"
  fi
done
sweep --jobs 2 --out "$work/killed" >/dev/null || fail "going on after kills"
same "$work/one" "$work/killed" "what was killed and went on has other bytes"
echo "killed $killed times"

# The experiments that come with Wirelab, against what must come out. Who asks every T seconds knows after T/2 on average, and the way back.
column() { # file, name: the values of a column
  awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }' "$1"
}
"$wirelab" sweep experiments/polling --set way=poll,push --set period=10s --seeds 10 --out "$work/polling" >/dev/null || fail "polling"
awk -F, '$1 == "poll" && $3 == "delay" { if ($6 < 4.7 || $6 > 5.4) exit 1; found++ } $1 == "push" && $3 == "delay" { if ($6 > 0.1) exit 1; found++ }
  END { exit found == 2 ? 0 : 1 }' "$work/polling/summary.csv" || fail "polling: $(grep delay "$work/polling/summary.csv")"
"$wirelab" sweep experiments/keepalive --set keepalive=30s --seeds 20 --out "$work/keepalive" >/dev/null || fail "keepalive"
column "$work/keepalive/results.csv" noticed_after | awk '$1 < 15 || $1 > 45.1 { exit 1 }' || fail "a dead client is noticed between half and one and a half keep alives"
"$wirelab" sweep experiments/qos_loss --set qos=0,1,2 --set loss=10% --set cut=120s --seeds 4 --out "$work/qos" >/dev/null || fail "qos_loss"
awk -F, '$4 == "arrived" { if ($1 == 0 ? $7 > 90 : $7 != 100) exit 1; found++ } END { exit found == 3 ? 0 : 1 }' "$work/qos/summary.csv" ||
  fail "what a cut costs: $(grep arrived "$work/qos/summary.csv")"

# What goes wrong.
sweep --out "$work/one" >"$work/said" || fail "a finished sweep is started again"
grep -q '108 of them were there already' "$work/said" || fail "it says that all was there: $(cat "$work/said")"
"$wirelab" sweep "$work/short.lua" --set loss=0 --out "$work/one" 2>"$work/said"
[ $? = 2 ] && grep -q 'holds another sweep' "$work/said" || fail "another plan: $(cat "$work/said")"
"$wirelab" sweep "$work/short.lua" --set lsos=0 --out "$work/no" 2>"$work/said"
[ $? = 2 ] && grep -q 'did you mean "loss"?' "$work/said" || fail "a wrong name: $(cat "$work/said")"
[ -e "$work/no" ] && fail "a refused sweep leaves a folder"
"$wirelab" sweep "$work/short.lua" --set loss=2 --out "$work/no" 2>"$work/said" && fail "a wrong value is taken"
cat >"$work/fails.lua" <<'LUA'
duration(10)
local at_all = param("fails", false)
metric("one"):set(1)
device("d", function(self) sleep(1) if at_all and math.random() < 0.5 then error("by chance") end end)
LUA
"$wirelab" sweep "$work/fails.lua" --set fails=false,true --seeds 20 --out "$work/fails" 2>"$work/said" >/dev/null
[ $? = 1 ] || fail "failing runs end with status 1"
rows=$(grep -c 'fails.lua:4: by chance' "$work/fails/results.csv")
[ "$rows" -gt 0 ] && [ "$rows" -lt 20 ] || fail "failing runs are rows with their errors: $rows"
[ "$(wc -l <"$work/fails/results.csv")" = 41 ] || fail "the sweep went on"

# Figures.
for kind in svg pdf png; do
  "$wirelab" plot "$work/one" --x loss --y latency_p95 --by qos --out "$work/fig.$kind" >/dev/null || fail "a figure as $kind"
done
head -c 4 "$work/fig.pdf" | grep -q '%PDF' || fail "the PDF is none"
head -c 4 "$work/fig.png" | grep -q 'PNG' || fail "the PNG is none"
grep -q 'short.lua; seeds 1 to 12; 95 % intervals of means (t); sweep' "$work/fig.svg" || fail "the caption"
(cd "$work" && rm fig.svg && sed -i 's/^set output .*/set output "again.svg"/; s/^set terminal .*/set terminal svg/' fig.gp && gnuplot fig.gp && [ -s again.svg ]) || fail "the script draws by itself"
"$wirelab" plot "$work/one" --x loss --y bytes,packets --where qos=1 --out "$work/x.svg" 2>"$work/said"
[ $? = 2 ] && grep -q 'cannot be stacked' "$work/said" || fail "units: $(cat "$work/said")"
"$wirelab" plot "$work/one" --x loss --y latency_p95 --out "$work/x.svg" 2>"$work/said"
[ $? = 2 ] && grep -q 'draw it with --by qos, or choose one with --where qos=0' "$work/said" || fail "another axis: $(cat "$work/said")"
"$wirelab" plot "$work/one" --x loss --y latency_p59 --by qos --out "$work/x.svg" 2>"$work/said"
[ $? = 2 ] && grep -q 'did you mean' "$work/said" || fail "a wrong metric: $(cat "$work/said")"
[ -e "$work/x.svg" ] && fail "a refused figure leaves a file"
ls "$work" | grep -q part && fail "something half written is left"
exit $failed
