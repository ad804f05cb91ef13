#!/usr/bin/env bash
# Runs each scenario and compares what it prints with its transcript, digest included. With UPDATE=1 writes the transcripts anew.
# Usage: transcripts.sh PROGRAM, from the root of the repository.
set -u
program=$1
status=0
for scenario in scenarios/*.lua; do
  name=$(basename "$scenario" .lua)
  expected=tests/end_to_end/transcripts/$name.txt
  # How long it took on this machine is no part of the transcript.
  got=$("$program" run "$scenario" 2>&1 | sed -E 's/simulated in [0-9.]+ s/simulated in _ s/'; exit "${PIPESTATUS[0]}")
  code=$?
  got="$got"$'\n'"exit status $code"
  if [ "${UPDATE:-}" = 1 ]; then
    mkdir -p "$(dirname "$expected")"
    printf '%s\n' "$got" >"$expected"
  elif ! diff -u "$expected" - <<<"$got"; then
    echo "$scenario: prints something else than its transcript $expected"
    status=1
  fi
done
exit $status
