# For the tests that drive the real window: a display of their own, the window on it, and a hand. To be sourced from the root of the
# repository; `prepare PROGRAM NEEDED...` comes first.
work=$(mktemp -d)
server=""
window_program=""
cleanup() {
  [ -n "$window_program" ] && kill "$window_program" 2>/dev/null
  [ -n "$server" ] && kill "$server" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "$*"
  [ -f "$work/said" ] && sed 's/^/  /' "$work/said"
  exit 1
}
prepare() {
  program=$(realpath "$1")
  shift
  for needed in "$@"; do command -v "$needed" >/dev/null || fail "$needed is missing: ./wirelab test installs it"; done
  export XDG_CONFIG_HOME=$work/config
}

# A display of its own: the server chooses a free number and tells it in a file of its own; it is there once it answers.
start_display() {
  local file=$work/$1
  shift
  Xvfb -displayfd 3 "$@" -noreset -nolisten tcp 3>"$file" 2>/dev/null &
  server=$!
  for _ in $(seq 100); do [ -s "$file" ] && break; sleep 0.1; done
  [ -s "$file" ] || fail "Xvfb did not start"
  DISPLAY=:$(cat "$file")
  export DISPLAY
  for _ in $(seq 100); do xdotool getdisplaygeometry >/dev/null 2>&1 && return; sleep 0.1; done
  fail "the display $DISPLAY does not answer"
}

stop_display() {
  kill "$server" && wait "$server" 2>/dev/null
  server=""
}

# Starts the program with these arguments in the current folder, and waits until its window is there.
open_window() {
  "$program" "$@" >"$work/said" 2>&1 &
  window_program=$!
  for _ in $(seq 100); do
    window=$(xdotool search --name '^Wirelab' 2>/dev/null | head -n 1)
    [ -n "$window" ] && break
    kill -0 $window_program 2>/dev/null || fail "the front end ended before its window came"
    sleep 0.1
  done
  [ -n "$window" ] || fail "no window came"
  xdotool windowfocus "$window" 2>/dev/null
  sleep 1
}
end_window() {
  kill "$window_program"
  wait "$window_program" 2>/dev/null
  window_program=""
}

# A click as a hand makes it: ImGui 1.86 does not see one between two frames.
click() { xdotool mousemove "$1" "$2"; sleep 0.25; xdotool mousedown "${3:-1}"; sleep 0.2; xdotool mouseup "${3:-1}"; sleep 0.35; }
key() { xdotool key "$1"; sleep 0.4; }
drag() { # from x y to x y
  xdotool mousemove "$1" "$2"; sleep 0.25; xdotool mousedown 1; sleep 0.2
  xdotool mousemove $((($1 + $3) / 2)) $((($2 + $4) / 2)); sleep 0.2
  xdotool mousemove "$3" "$4"; sleep 0.2; xdotool mouseup 1; sleep 0.35
}
# Saves the session by its button, which writes NAME-session.lua and .jsonl: so a test looks into it from the outside.
save_session() {
  rm -f "$1-session.jsonl"
  click 1368 26
  for _ in $(seq 30); do [ -s "$1-session.jsonl" ] && return 0; sleep 0.1; done
  return 1
}
