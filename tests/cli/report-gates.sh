# A line for each gate that is missed, and exit status 1; the report is there all the same.
. "$ROOT/tests/report/suite.sh"
$CALLTRACE report --fail-under-functions 80 --fail-under-pairs 71.4 --fail-under-sites=75 traces | head -6
$CALLTRACE report --fail-under-functions 83.4 --fail-under-pairs 71.5 --fail-under-sites 75.1 -o report.txt traces
echo "exit $?"
head -1 report.txt
$CALLTRACE report --include '*/no.c' --fail-under-sites 1 traces >/dev/null
echo "exit $?"
