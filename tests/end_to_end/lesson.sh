#!/usr/bin/env bash
# Lessons from the outside: every one is linted, and one is worked through, as a learner would in a pipe.
# Usage: lesson.sh WIRELAB, from the root of the repository. With UPDATE=1 the walks are recorded anew.
set -u
wirelab=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }
said() { grep -qF "$1" "$work/said" || fail "it does not say \"$1\": $(cat "$work/said")"; }

"$wirelab" lesson lint --all >"$work/said" || fail "lint: $(cat "$work/said")"
[ "$(grep -c 'is accepted and' "$work/said")" = "$(ls -d lessons/*/ | wc -l)" ] || fail "lint looks at each lesson"

# Every one from its first line to its end, by a learner who takes the first answer each time and has the solution: as recorded.
for folder in lessons/*/; do
  id=$(sed -n 's/^id: //p' "$folder/lesson.md")
  recorded=tests/end_to_end/lessons/$id.txt
  mkdir -p "$work/walk/$id" && cp "$folder/solution/scenario.lua" "$work/walk/$id/"
  yes 1 | head -n 30 | "$wirelab" lesson run "$id" --work "$work/walk" 2>&1 | sed "s|$work/walk|WORK|" >"$work/walked"
  grep -qx "The lesson is done." "$work/walked" || fail "$id: the solution does not end it"
  awk -v id="$id" 'length > 80 { print id ": a line is wider than 80 columns: " $0; exit 1 }' "$work/walked" || failed=1
  if [ "${UPDATE:-}" = 1 ]; then
    mkdir -p tests/end_to_end/lessons && cp "$work/walked" "$recorded"
  else
    diff -u "$recorded" "$work/walked" || fail "$id: another walk than the recorded one"
  fi
done

# Who does nothing is told so; the predictions are locked and scored, the task is completed by the run.
printf '2\n1\n\ng\n3\n2\n' | "$wirelab" lesson run route-a-message --work "$work/mine" >"$work/said"
[ $? = 1 ] || fail "a lesson that is not done exits with 1"
said "Locked."
said "It was: to the broker, which finds nobody to"
said "[x] See the broker discard a message."
said 'There is no device named "fire-station" yet.'
awk 'length > 80 { exit 1 }' "$work/said" || fail "a line is wider than 80 columns"
# Again: what was predicted stays.
printf '\n' | "$wirelab" lesson run route-a-message --work "$work/mine" >"$work/said"
said "You have predicted: into the broker, which keeps it until somebody subscribes"
"$wirelab" lesson list --work "$work/mine" >"$work/said"
said "begun"
"$wirelab" lesson check route-a-message --work "$work/mine" >"$work/said" && fail "nothing was done"

# The solution, saved while watch looks on.
timeout 60 "$wirelab" lesson watch route-a-message --work "$work/mine" >"$work/watched" &
watch=$!
for _ in $(seq 100); do grep -q "no device named" "$work/watched" && break; sleep 0.1; done
cp lessons/01-route-a-message/solution/scenario.lua "$work/mine/route-a-message/scenario.lua"
wait $watch || fail "watch does not see the solution: $(cat "$work/watched")"
"$wirelab" lesson check route-a-message --work "$work/mine" >"$work/said" || fail "the solution: $(cat "$work/said")"
"$wirelab" lesson list --work "$work/mine" >"$work/said"
said "done"
"$wirelab" lesson check route-a-message --file lessons/01-route-a-message/wrong/too_late.lua >"$work/said"
[ $? = 1 ] || fail "a wrong answer is accepted"
said "was too late, or asked for another topic"

# Killed at any instant, the progress is whole.
for i in $(seq 10); do
  (printf '3\n'; sleep 0.$i; printf '0\n'; sleep 1) | "$wirelab" lesson run route-a-message --work "$work/killed" >/dev/null 2>&1 &
  sleep 0.$i
  pkill -KILL -P $! 2>/dev/null
  kill -KILL $! 2>/dev/null
  wait $! 2>/dev/null
  "$wirelab" lesson list --work "$work/killed" >"$work/said"
  grep -q damaged "$work/said" && fail "a kill damages the progress"
done

# What is misspelt, and a teacher's first steps.
"$wirelab" lesson run route-a-mesage 2>"$work/said" </dev/null
[ $? = 2 ] || fail "a wrong name"
said 'did you mean "route-a-message"?'
"$wirelab" lesson rnu x 2>"$work/said"
[ $? = 2 ] || fail "a misspelt word"
said 'lesson knows no "rnu": did you mean "run"?'
echo 'device("x"' >"$work/broken.lua"
"$wirelab" lesson check route-a-message --file "$work/broken.lua" >"$work/said"
[ $? = 1 ] || fail "a broken scenario"
said "broken.lua:2:"
"$wirelab" lesson new "$work/my-lesson" >"$work/said" && "$wirelab" lesson lint "$work/my-lesson" >"$work/said" || fail "a new lesson: $(cat "$work/said")"
"$wirelab" lesson show route-a-message >"$work/said" || fail "show"
said "Where does the message to alerts/fire go?"
exit $failed
