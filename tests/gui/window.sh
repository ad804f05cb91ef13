#!/usr/bin/env bash
# The real window under Xvfb, driven by the mouse and keys: open a scenario, play, look back, cut a link, see a will fire, fork, save
# and replay. Usage: window.sh PROGRAM, from the root of the repository.
set -u
root=$PWD
. tests/gui/display.sh
prepare "$1" Xvfb xdotool

# Without a display it says so in a line, points to what works and changes nothing.
(cd "$work" && env -u DISPLAY -u WAYLAND_DISPLAY WIRELAB_ROOT="$root" "$program" gui nightlight >"$work/said" 2>&1)
[ $? = 2 ] || fail "without a display the front end did not end with status 2"
grep -q 'no display' "$work/said" && grep -q -- '--screenshot' "$work/said" || fail "without a display it was not said what to do"

# The same where OpenGL is missing, and where a picture does not fit onto the disk.
(cd "$work" && __EGL_VENDOR_LIBRARY_FILENAMES=/dev/null WIRELAB_ROOT="$root" "$program" gui nightlight --screenshot x.png >"$work/said" 2>&1)
[ $? = 2 ] && [ ! -e "$work/x.png" ] || fail "without OpenGL a picture did not end with status 2"
grep -q 'no OpenGL' "$work/said" || fail "without OpenGL it was not said what is missing"
(cd "$work" && WIRELAB_ROOT="$root" "$program" gui nightlight --at 5s --screenshot /dev/full >"$work/said" 2>&1)
[ $? = 2 ] || fail "a full disk did not end with status 2"
grep -q '/dev/full: No space left' "$work/said" || fail "a full disk was not said"
start_display display-without-gl -screen 0 640x480x24 -extension GLX
(cd "$work" && WIRELAB_ROOT="$root" timeout 60 "$program" gui nightlight >"$work/said" 2>&1)
[ $? = 2 ] || fail "a display without OpenGL did not end with status 2"
grep -q 'no window' "$work/said" && grep -q -- '--screenshot' "$work/said" || fail "a display without OpenGL was not said"
stop_display

start_display display -screen 0 1440x900x24

# A sensor with a will, whose link the test cuts by hand.
cat >"$work/will.lua" <<'LUA'
duration("5min")
local hub, home = broker("hub"), router("home")
link(home, hub, { delay = "20ms" })
device("watcher", { on = hub }, function(self)
  local c = self:mqtt()
  c.on_connect = function() c:subscribe("#") end
  c:connect(hub)
  c:loop_forever()
end)
device("sensor", { on = home }, function(self)
  local c = self:mqtt({ keepalive = 10, will = { topic = "status/sensor", payload = "gone" } })
  c:connect(hub)
  while true do c:publish("t", "1") sleep("2s") end
end)
LUA
cd "$work" || exit 1
open_window gui will.lua --at 4s

saved() { save_session will; }
saved || fail "the session was not saved"
cmp -s will.lua will-session.lua || fail "the scenario does not lie beside the saved journal"
[ "$(wc -l <"$work/will-session.jsonl")" = 1 ] || fail "something stands in the journal though nothing was done"
key m # one control packet on
key s # a second on

# The link between home and hub lies in the middle of the canvas; the first button of its pane cuts it.
click 690 264
click 80 115
saved || fail "the session was not saved"
grep -q '"do":"cut","link":"home-hub"' "$work/will-session.jsonl" || fail "the link was not cut: $(cat "$work/will-session.jsonl")"

# Played as fast as it goes, the keep alive runs out and the will fires. Looking back and forking do not disturb it.
click 1051 26
key space
sleep 2
click 620 840
key k
sleep 1
# The fork is shown, and begins where the strip was clicked: the run had gone on, and was looked back into.
name=$(xdotool getwindowname "$window")
[[ $name =~ ^Wirelab:\ will\ from\ ([0-9]+)\. ]] && [ "${BASH_REMATCH[1]}" -gt 20 ] && [ "${BASH_REMATCH[1]}" -lt 290 ] ||
  fail "no fork from the middle of the run is shown, but: $name"
kill -0 $window_program 2>/dev/null || fail "the front end ended by itself"
end_window
"$program" run will-session.lua --journal will-session.jsonl --json >"$work/replayed.json" 2>"$work/said" || fail "the saved session does not replay"
grep -q '"wills": 1' "$work/replayed.json" || fail "replayed, the will did not fire: $(grep wills "$work/replayed.json")"
"$program" run will-session.lua --journal will-session.jsonl --json 2>/dev/null | cmp -s - "$work/replayed.json" || fail "two replays differ"

# The saved session goes on in the window, too: at its last entry, and to the same end, where the will has fired.
open_window gui will-session.lua --journal will-session.jsonl
save_session will-session || fail "the session that went on was not saved"
cmp -s <(tail -n +2 will-session.jsonl) <(tail -n +2 will-session-session.jsonl) || fail "the journal is not the same: $(cat will-session-session.jsonl)"
end_window
"$program" gui will-session.lua --journal will-session.jsonl --at 5min --show broker --screenshot replayed.png || fail "the session cannot be drawn"

# At rest it draws nothing: over two seconds its processes use next to no time (clock ticks, user and system).
used() { awk '{ print $14 + $15 }' "/proc/$window_program/stat"; }
open_window gui will.lua --at 4s
sleep 2
before=$(used)
sleep 2
after=$(used)
[ $((after - before)) -le 2 ] || fail "at rest the front end used $((after - before)) ticks in two seconds"
end_window

# By itself it opens the first lesson, beside its world; a prediction by hand is kept.
WIRELAB_ROOT="$root" open_window
for _ in $(seq 50); do
  name=$(xdotool getwindowname "$window")
  [ "$name" = "Wirelab: Route a message" ] && break
  sleep 0.1
done
[ "$name" = "Wirelab: Route a message" ] || fail "the first lesson is not shown, but: $name"
cmp -s wirelab-lessons/route-a-message/scenario.lua "$root/lessons/01-route-a-message/scenario.lua" || fail "the learner has no scenario"
end_window
