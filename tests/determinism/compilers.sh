#!/usr/bin/env bash
# Builds the engine and the driver with g++ and clang++, at -O0 and at -O3, and compares the digests of all four.
# Usage: compilers.sh FOLDER, from the root of the repository.
set -u
folder=$1
status=0
for compiler in g++ clang++-16; do
  command -v $compiler >/dev/null || { echo "$compiler is missing: ./wirelab test installs it"; exit 1; }
  for level in -O0 -O3; do
    build=$folder/$compiler$level
    # An empty build type, so that the level given here is the only one.
    if [ ! -f "$build/build.ninja" ]; then
      cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER=$compiler -DCMAKE_CXX_FLAGS="$level" >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
    fi
    ninja -C "$build" determinism_driver >"$folder.log" 2>&1 || { tail -n 40 "$folder.log"; exit 1; }
    echo "$compiler $level"
    bash tests/determinism/same_machine.sh "$build/tests/determinism_driver" || status=1
  done
done
exit $status
