# All that is not covered, and one entry of each list; the totals with the tests' own code.
. "$ROOT/tests/report/suite.sh"
$CALLTRACE report --uncovered --with-tests traces
echo ----
$CALLTRACE report --uncovered=1 --per-test traces
