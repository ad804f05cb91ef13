#!/usr/bin/env bash
# Builds the fuzzers with clang and libFuzzer, with the address and undefined-behaviour sanitizers, and runs each for a time from its
# corpus. Usage: fuzz.sh FOLDER SECONDS, from the root of the repository. What it finds lies in FOLDER/found.
set -u
build=$1 seconds=$2
if [ ! -f "$build/build.ninja" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++-16 -DWIRELAB_FUZZ=ON \
    -DWIRELAB_GUI=OFF -DWIRELAB_LIVE=OFF >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
fi
targets="packets broker client saved websocket"
ninja -C "$build" $(printf 'fuzz_%s ' $targets) >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 1; }
status=0
for target in $targets; do
  mkdir -p "$build/found/$target" "$build/corpus/$target"
  "$build/tests/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$build/found/$target/" "$build/corpus/$target" "tests/fuzz/corpus/$target" >"$build/$target.log" 2>&1 ||
    { echo "fuzz_$target found something:"; tail -n 40 "$build/$target.log"; status=1; }
  grep -E "^Done" "$build/$target.log" | sed "s/^/fuzz_$target: /"
done
exit $status
