#!/usr/bin/env bash
# Known digests, and the same ones in two processes, in threads, and with a C library that may not use FMA or AVX2 (which changes
# its logarithms and sines: a hidden use of them shows here).
# Usage: same_machine.sh DRIVER, from the root of the repository. With UPDATE=1 writes the known digests anew.
set -u
driver=$1
known=tests/determinism/digests.txt
run() {
  for seed in 1 2; do
    echo "seed $seed"
    "$@" $seed tests/determinism/canary.lua scenarios/*.lua || return 1
  done
}
got=$(run "$driver") || { echo "$got"; exit 1; }
if [ "${UPDATE:-}" = 1 ]; then
  printf '%s\n' "$got" >"$known"
  exit 0
fi
status=0
diff -u "$known" - <<<"$got" || { echo "the digests are not those of $known"; status=1; }
again=$(run "$driver")
[ "$got" = "$again" ] || { echo "two processes differ"; status=1; }
threads=$(run "$driver" --threads) || { echo "$threads"; status=1; }
[ "$got" = "$threads" ] || { echo "threads differ"; status=1; }
plain=$(GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4 run "$driver")
[ "$got" = "$plain" ] || { echo "without AVX2 and FMA in the C library the digests differ"; status=1; }
elsewhere=$(LC_ALL=C.UTF-8 TZ=Asia/Tokyo HOME=/nowhere run "$driver")
[ "$got" = "$elsewhere" ] || { echo "the environment shows in the digests"; status=1; }
exit $status
