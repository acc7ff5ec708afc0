#!/bin/sh
# What CallTrace does, on the smallest suite there is: `ninja demo`.
# usage: demo.sh BUILD-FOLDER [FOLDER-FOR-WHAT-IT-MAKES]
set -eu
build=$(cd "${1:-build}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=${2:-$build/demo}
mkdir -p "$work"
cd "$work"

say() { printf '\n$ %s\n' "$*"; "$@"; }

# The tests as they are, compiled with two more flags.
say ${CC:-cc} -g -finstrument-functions -I"$here/first" "$here/first/basket.c" \
	"$here/first/test_basket.c" -o tests -lcriterion
say "$build/calltrace" run -o traces -- ./tests
say "$build/calltrace" show traces
say "$build/calltrace" report --uncovered traces
