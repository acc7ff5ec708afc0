# No instrumented call: said, and no error.
gcc -g "$ROOT/tests/recorder/plain.c" -o plain
$CALLTRACE run -o t -- ./plain 3
echo "exit $?"
ls -A t
# Built right, but linked statically: nothing can be preloaded.
gcc -static -g -finstrument-functions "$ROOT/tests/recorder/plain.c" -o static
$CALLTRACE run -q -o t -- ./static
echo "exit $?"
ls -A t
# Switched off, and a word that is none.
gcc -g -finstrument-functions "$ROOT/tests/recorder/plain.c" -o traced
CALLTRACE_ENABLED=Off $CALLTRACE run -q -o t -- ./traced
echo "exit $?"
CALLTRACE_CRASH_REPORT=maybe $CALLTRACE run -q -o t -- ./traced
echo "exit $?"
