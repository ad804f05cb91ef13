#!/usr/bin/env bash
# Draws, without a display, each scene that the front end is shown by, in each theme and size, as a person asks for it on the command
# line, and checks that each is a picture of that size with something in it. Usage: screenshots.sh PROGRAM [FOLDER to keep them in],
# from the root of the repository.
set -u
program=$(realpath "$1")
folder=${2:-}
[ -n "$folder" ] || { folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; }
mkdir -p "$folder"

# A name and what is asked for.
scenes=(
  "start"
  "nightlight nightlight --at 30.24s --show packet --select packet"
  "qos2 qos --at 2.12s --show machine --select message"
  "dropped qos --at 37.15s --show journey --select drop"
  "broker topics --at 5s --show broker --select message"
  "will last_will --at 69s --show broker"
)
failed=0
for size in 1280x800 1440x900 2880x1800; do
  scale=100
  [ $size = 2880x1800 ] && scale=200
  for theme in dark light contrast; do
    for scene in "${scenes[@]}"; do
      set -- $scene
      name=$1
      shift
      picture=$folder/$name-$theme-$size.png
      "$program" gui "$@" --theme $theme --size $size --scale $scale --screenshot "$picture" || failed=1
      # A PNG file says its width and height, four bytes each, from byte 16 on.
      found=$(od -An -tu1 -j16 -N8 "$picture" | awk '{ print ($1*256+$2)*65536+$3*256+$4 "x" ($5*256+$6)*65536+$7*256+$8 }')
      [ "$found" = $size ] || { echo "$picture: $found, not $size"; failed=1; }
      [ "$(stat -c %s "$picture")" -gt 20000 ] || { echo "$picture: nearly nothing is in it"; failed=1; }
    done
  done
done
exit $failed
