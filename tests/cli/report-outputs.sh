# Several forms in one go, and what may not be an output.
. "$ROOT/tests/report/suite.sh"
$CALLTRACE report --lcov calls.info --json=report.json --text report.txt -o - traces >stdout.txt
cmp stdout.txt report.txt && head -2 calls.info | sed "s|$PWD|.|" && head -3 report.json
$CALLTRACE report -f lcov --lcov-calls=none traces | grep -c BRDA
trace=$(ls traces/*.json | head -1)
cp "$trace" copy
$CALLTRACE report -o "$trace" traces 2>&1 | sed "s|$trace|TRACE|"
cmp "$trace" copy
$CALLTRACE report -o . traces
echo "exit $?"
$CALLTRACE report -o no/such/folder traces
echo "exit $?"
$CALLTRACE report traces >/dev/full
echo "exit $?"
