# The binary was built again since it was traced: what was seen is shown, the totals are not known.
. "$ROOT/tests/report/suite.sh"
rm -rf .cache
gcc -g -finstrument-functions -DREBUILT -O1 calc.c order.c test_calc.c -lcriterion -o suite
$CALLTRACE report traces
$CALLTRACE report --tests-of factor traces | head -3
rm suite
$CALLTRACE report traces | grep -A 2 Notes
$CALLTRACE report --fail-under-functions 1 traces >/dev/null
echo "exit $?"
