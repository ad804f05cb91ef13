#!/usr/bin/env bash
# A hand at the real window under Xvfb: what is done by the right mouse button, slider, sensor, seed and condition stands in the saved
# journal; a scenario dropped from outside opens; theme, scale and panes are there again after closing.
# Usage: hand.sh PROGRAM DESKTOP (tests/desktop.cpp, built), from the root of the repository.
set -u
export WIRELAB_ROOT=$PWD
desktop=$(realpath "$2")
. tests/gui/display.sh
prepare "$1" Xvfb xdotool
start_display display -screen 0 1440x900x24
cd "$work" || exit 1

# At 6.2 s a PUBLISH is two fifths on its way from home to hub; from 20 s on ten at once wait for the link, one of them being sent.
cat >hand.lua <<'LUA'
duration("5min")
local hub, home = broker("hub"), router("home")
link(home, hub, { delay = "500ms", rate = "1Mbit/s" })
device("watcher", { on = hub }, function(self)
  local c = self:mqtt()
  c.on_connect = function() c:subscribe("#") end
  c:connect(hub)
  c:loop_forever()
end)
device("meter", { on = home, sensors = { level = { base = 20 } } }, function(self)
  local c = self:mqtt({ nodelay = true })
  c:connect(hub)
  while true do
    c:publish("level", string.format("%.1f", self:read("level")))
    sleep("2s")
    if math.floor(now()) % 20 == 0 then
      for i = 1, 10 do c:publish("burst/" .. i, string.rep("x", 800)) end
    end
  end
end)
LUA
printf 'duration("1min")\nbroker("hub")\n' >other.lua
cp hand.lua again.lua

journal_has() {
  save_session "$1" || fail "the session was not saved"
  grep -q -- "$2" "$1-session.jsonl" || fail "$3: $(cat "$1-session.jsonl")"
}
title_is() {
  for _ in $(seq 30); do [[ $(xdotool getwindowname "$window") = $1 ]] && return; sleep 0.1; done
  fail "the window should be \"$1\", and is \"$(xdotool getwindowname "$window")\""
}
close_window() {
  "$desktop" close "$window" || fail "closing could not be asked for"
  for _ in $(seq 100); do kill -0 "$window_program" 2>/dev/null || break; sleep 0.1; done
  kill -0 "$window_program" 2>/dev/null && fail "ten seconds after it was closed the front end still runs"
  wait "$window_program" || fail "closed, the front end ended with status $?"
  window_program=""
}

open_window gui hand.lua --at 6.2s
# The right button on the packet under way, each of its three actions.
click 674 264 3
click 730 436
journal_has hand '"do":"duplicate_packet","link":"home>hub"' "the packet was not doubled"
click 674 264 3
click 730 386
journal_has hand '"do":"delay_packet","link":"home>hub","packet":[0-9]*,"by_ns":200000000' "the packet was not delayed"
click 674 264 3
click 730 336
journal_has hand '"do":"drop_packet","link":"home>hub"' "the packet was not dropped"

# The sensor, dragged; then the link: cut by the menu, mended by its button, and its loss set by the slider.
click 388 264
drag 145 464 185 464
journal_has hand '"do":"set_sensor","node":"meter","sensor":"level"' "the sensor was not dragged"
click 730 264
click 740 264 3
click 800 312
journal_has hand '"do":"cut","link":"home-hub"' "the link was not cut by its menu"
click 85 115
journal_has hand '"do":"restore","link":"home-hub"' "the link was not mended"
drag 25 238 80 238
journal_has hand '"do":"impair","link":"home-hub","loss":0.[0-9]*' "the slider did not set the loss"

# Run until more than five packets wait: the burst of 20 s is the first with so many. The fork begins where the run stopped.
drag 80 238 18 238
click 219 701
click 52 620
sleep 2
key k
title_is "Wirelab: hand from 20.*"

# A seed, typed: another run, whose journal says so.
click 1230 26
xdotool key ctrl+a; sleep 0.3
xdotool type --delay 60 42; sleep 0.3
xdotool key Return; sleep 1
journal_has hand-3 '"seed":42,' "the run with another seed did not begin"

# A file from outside, dropped: it opens; then the first one again, so that it is the newest of those remembered.
"$desktop" drop "$window" "$PWD/other.lua" || fail "the window did not take the file"
title_is "Wirelab: other"
printf 'duration("1min")\nborker("hub")\n' >broken.lua
"$desktop" drop "$window" "$PWD/broken.lua" || fail "the window did not take the broken file"
sleep 1
title_is "Wirelab: other"

# Panes are dragged and everything is made larger; the fonts are made again. Closed by its frame the window ends well, and remembers.
drag 300 700 360 700
key plus
sleep 1
close_window
grep -q '"scale": 1.25' config/wirelab/gui.json || fail "the scale is not remembered: $(cat config/wirelab/gui.json)"
grep -q '"left": 3[5-9]' config/wirelab/gui.json || fail "the pane's width is not remembered: $(cat config/wirelab/gui.json)"
grep -q '"width": 1440' config/wirelab/gui.json || fail "the window's size is not remembered: $(cat config/wirelab/gui.json)"
cp config/wirelab/gui.json first.json
open_window gui hand.lua
close_window
[ "$(sed '/recent/,$d' first.json)" = "$(sed '/recent/,$d' config/wirelab/gui.json)" ] ||
  fail "opened again it was not as it had been left: $(cat first.json config/wirelab/gui.json)"
