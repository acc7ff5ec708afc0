#!/bin/sh
# The project measures itself: our own unit tests, compiled with -g -finstrument-functions, are traced by our own
# program; the report says what they never called. $1: the build folder.
set -e
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "${1:-build}" && pwd)
export ROOT BUILD
rm -rf "$BUILD/self"
mkdir -p "$BUILD/self/tmp"
cd "$BUILD/self/tmp" # what the unit tests write, they write here
status=0
"$BUILD/calltrace" run -o "$BUILD/self/traces" -- "$BUILD/unit-tests-traced" || status=$?
"$BUILD/calltrace" report "$BUILD/self/traces"
exit $status
