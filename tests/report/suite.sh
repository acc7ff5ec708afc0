# Makes the traces that the report-*.sh tests look at, in ./traces: the suite of this folder, compiled where the test is.
cp "$ROOT"/tests/report/*.[ch] .
gcc -g -finstrument-functions calc.c order.c test_calc.c -lcriterion -o suite || exit 99
$CALLTRACE run -o traces -- ./suite >run.out 2>&1
