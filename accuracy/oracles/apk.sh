#!/bin/sh
# apk-tools' own order, a process for each pair.
command -v apk >/dev/null || { echo "apk is not installed" >&2; exit 1; }
while IFS="$(printf '\t')" read -r left right; do
    apk version --quiet --check "$left" "$right" >/dev/null 2>&1 && apk version --test "$left" "$right" || echo "!"
done
