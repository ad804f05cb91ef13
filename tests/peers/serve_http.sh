#!/usr/bin/env bash
# curl, and Python's http.client, against `wirelab serve --http`. Usage: serve_http.sh WIRELAB, from the project's root.
set -u
wirelab=$1
work=$(mktemp -d)
server=""
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; cat "$work/err"; exit 1; }
expect() { # what, expected, found
  [ "$2" = "$3" ] || fail "$1: expected \"$2\", found \"$3\""
}
start() { # further options
  : >"$work/out"
  "$wirelab" serve --http 0 "$@" >"$work/out" 2>"$work/err" &
  server=$!
  for _ in $(seq 100); do
    grep -q "^http " "$work/out" && break
    sleep 0.05
  done
  url=$(sed -n 's/^http /http:\/\//p' "$work/out")
  [ -n "$url" ] || fail "it listens nowhere"
}
stop() {
  kill -TERM "$server"
  wait "$server" || fail "it did not end well"
  server=""
}
ask() { curl -sS --max-time 20 "$@"; }
post() { ask -H 'Content-Type: application/json' -d "$2" "$url$1"; }

start --api-key secret
expect "without the key" 401 "$(ask -o /dev/null -w '%{http_code}' "$url/api/v1/devices")"
expect "with the key" '{"devices":[]}' "$(ask -H 'X-API-Key: secret' "$url/api/v1/devices")"
stop

start
# The course's IoTCloud, by HTTP.
expect "an unknown device" '{"status":"error","message":"Unknown device"} 404' \
  "$(ask -w ' %{http_code}' -d '{"device_id":"sensor-001","readings":{"temp":22.5}}' "$url/api/v1/data")"
expect "registering" '{"status":"ok","device_id":"sensor-001"}' "$(post /api/v1/devices '{"device_id":"sensor-001","type":"temperature"}')"
expect "posting" '{"status":"ok","points_stored":1}' "$(post /api/v1/data '{"device_id":"sensor-001","readings":{"temp":22.5,"humidity":45}}')"
expect "the latest" '{"temp":22.5,"humidity":45}' "$(ask "$url/api/v1/data/latest?device_id=sensor-001")"
ask -D "$work/head" -o /dev/null "$url/api/v1/data/latest?device_id=sensor-001"
tag=$(tr -d '\r' <"$work/head" | sed -n 's/^ETag: //p')
[ -n "$tag" ] || fail "no ETag: $(cat "$work/head")"
expect "nothing new" "304 0" "$(ask -H "If-None-Match: $tag" -w '%{http_code} %{size_download}' "$url/api/v1/data/latest?device_id=sensor-001")"
expect "HEAD" "200 0" "$(ask -I -o /dev/null -w '%{http_code} %{size_download}' "$url/api/v1/data/latest?device_id=sensor-001")"

# A long poll: answered when something comes, or after its time.
begin=$(date +%s%N)
expect "a long poll in vain" 304 "$(ask -H "If-None-Match: $tag" -H 'Prefer: wait=1' -o /dev/null -w '%{http_code}' "$url/api/v1/data/latest?device_id=sensor-001")"
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -ge 950 ] && [ $took -lt 5000 ] || fail "a long poll of 1 s took $took ms"
ask -H "If-None-Match: $tag" -H 'Prefer: wait=15' "$url/api/v1/data/latest?device_id=sensor-001" >"$work/poll" &
poll=$!
sleep 0.3
[ ! -s "$work/poll" ] || fail "a long poll was answered at once"
post /api/v1/data '{"device_id":"sensor-001","readings":{"temp":23}}' >/dev/null
wait $poll
expect "a long poll" '{"temp":23}' "$(cat "$work/poll")"

# The course's feed, and ways to send a body.
feed=$url/api/v2/mauedu/feeds/assign1-temp/data
expect "a form" '"24"' "$(ask -d value=24 "$feed" | grep -o '"value":"[^,]*' | cut -d: -f2)"
expect "JSON in chunks" '"25"' "$(ask -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' -d '{"value":25}' "$feed" | grep -o '"value":"[^,]*' | cut -d: -f2)"
expect "the last" '"25"' "$(ask "$feed/last" | grep -o '"value":"[^,]*' | cut -d: -f2)"
expect "all" 2 "$(ask "$feed" | grep -o '"value"' | wc -l)"
head -c 900000 /dev/zero | tr '\0' 1 >"$work/large"
expect "900,000 bytes, with 100-continue" 200 \
  "$(ask -H 'Expect: 100-continue' --data-urlencode "value@$work/large" -o /dev/null -w '%{http_code}' "$feed")"
head -c 3000000 /dev/zero | tr '\0' 1 >"$work/larger"
expect "3,000,000 bytes" 413 "$(ask --data-urlencode "value@$work/larger" -o /dev/null -w '%{http_code}' "$feed" 2>/dev/null)"
expect "another method" "405 GET, HEAD, POST" "$(ask -X DELETE -D "$work/head" -o /dev/null -w '%{http_code}' "$feed") $(tr -d '\r' <"$work/head" | sed -n 's/^Allow: //p')"

# One connection for many requests, or one each.
expect "connections of five requests" 1 "$(ask -o /dev/null -o /dev/null -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects}\n' "$url/{1,2,3,4,5}" | awk '{n += $1} END {print n}')"
expect "connections of three that close" 3 "$(ask -H 'Connection: close' -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects}\n' "$url/{1,2,3}" | awk '{n += $1} END {print n}')"
expect "HTTP/1.0" 404 "$(ask -0 -o /dev/null -w '%{http_code}' "$url/")"

/usr/bin/python3 tests/peers/serve_http.py "$url" || fail "Python"
expect "after all of that" '{"temp":23}' "$(ask "$url/api/v1/data/latest?device_id=sensor-001")"
stop

# Beside the broker.
start --mqtt 0
mqtt=$(sed -n 's/^mqtt .*://p' "$work/out")
[ -n "$mqtt" ] || fail "no broker beside it"
mosquitto_pub -p "$mqtt" -t x -m y -q 1 || fail "the broker beside it"
expect "beside the broker" '{"devices":[]}' "$(ask "$url/api/v1/devices")"
stop
"$wirelab" serve --api-key x >/dev/null 2>"$work/err" && fail "--api-key alone was taken"
grep -q "add --http PORT" "$work/err" || fail "--api-key alone"
echo "curl and Python's http.client were served by the REST cloud"
