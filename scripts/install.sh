#!/usr/bin/env bash
# Does for the Makefile what install(1) does, but each file comes under its name whole and at once, as another file
# than the one before: scripts/install.sh [-s] [-m MODE] FILE... FOLDER/, or FILE NAME.
set -euo pipefail
options=(-m 755)
while getopts csm: option; do
    case $option in
        c) ;;
        s) options+=(-s) ;;
        m) options+=(-m "$OPTARG") ;;
        *) echo "usage: $0 [-s] [-m MODE] FILE... FOLDER/ | FILE NAME" >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
to=${*: -1}
files=("${@:1:$#-1}")
new=
trap '[[ -z $new ]] || rm -f "$new"' EXIT

# The server looks for names that end with .control and .sql; the new file's has another end.
for file in "${files[@]}"; do
    name=$to
    [[ ! -d $to ]] || name=${to%/}/${file##*/}
    new=$(mktemp "$name.XXXXXX")
    install "${options[@]}" "$file" "$new"
    sync "$new"
    mv -fT "$new" "$name"
    new=
done
