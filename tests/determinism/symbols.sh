#!/usr/bin/env bash
# The engine's archives must not want what differs between machines: the C library's transcendental functions, clocks, random
# numbers. Usage: symbols.sh ARCHIVE...
set -u
banned='^(sinf?|cosf?|tanf?|asinf?|acosf?|atan2?f?|sinhf?|coshf?|tanhf?|expf?|exp2f?|expm1f?|logf?|log2f?|log10f?|log1pf?|powf?|cbrtf?|hypotf?|tgamma|lgamma|erf|sincos|rand|srand|random|drand48|time|clock|gettimeofday|clock_gettime|getenv|secure_getenv|__log_finite|__exp_finite|__pow_finite)$'
found=$(nm --undefined-only "$@" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u | grep -E "$banned")
[ "$(nm --undefined-only "$@" 2>/dev/null | wc -l)" -gt 100 ] || { echo "nm sees no symbols: the test tests nothing"; exit 1; }
if [ -n "$found" ]; then
  echo "the engine wants from the C library:" $found
  exit 1
fi
