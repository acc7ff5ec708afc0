# Makes the traces that the check-*.sh tests look at, in ./traces: of the example, compiled where the test is.
cp "$ROOT"/examples/expectations/* .
gcc -g -finstrument-functions net.c test_net.c -lcriterion -o tests || exit 99
$CALLTRACE run --args -o traces -- ./tests >run.out 2>&1
