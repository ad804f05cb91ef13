#!/usr/bin/env bash
# Builds the tests with a sanitizer and runs them. Usage: sanitizers.sh SANITIZER FOLDER, from the root of the repository.
set -u
build=$2-$1
if [ ! -f "$build/build.ninja" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWIRELAB_SANITIZE="$1" >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
fi
ninja -C "$build" >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 1; }
status=0
for program in "$build"/tests/test_*; do
  # The renderer that draws pictures leaks memory of its own, in a module that is gone by the time of the report.
  filter=""
  [ "$(basename "$program")" = test_gui ] && filter="~pictures*"
  "$program" $filter >"$build.log" 2>&1 || { echo "$program"; tail -n 60 "$build.log"; status=1; }
done
# What has no test program of its own: real sockets, with real clients.
for script in serve serve_world serve_http serve_capture; do
  bash "tests/peers/$script.sh" "$build/wirelab" >"$build.log" 2>&1 || { echo "$script.sh"; tail -n 60 "$build.log"; status=1; }
done
bash tests/determinism/same_machine.sh "$build/tests/determinism_driver" || status=1
exit $status
