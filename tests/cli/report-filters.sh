# Only some files, by full path or as shown; from another root.
. "$ROOT/tests/report/suite.sh"
$CALLTRACE report --include 'o*.c' --include '*/calc.h' traces | sed -n 3,12p
$CALLTRACE report --exclude 'calc.?' --uncovered=0 traces | sed -n 3,12p
$CALLTRACE report --include 'none.*' traces | sed -n '/^Notes/,$p'
mkdir elsewhere
$CALLTRACE report --root elsewhere --uncovered=1 traces | grep -c "$PWD/calc.c:37"
cd elsewhere && $CALLTRACE report --uncovered=1 ../traces | grep calc.c:37
