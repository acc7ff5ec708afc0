# Bad input: one line each, the report of the rest, exit status 2.
. "$ROOT/tests/report/suite.sh"
echo "not a trace" >text.json
echo '{"a": 1}' >other.json
: >empty.ct
mkdir nothing
head -c 3000 "$(ls traces/*.json | head -1)" >short.json
head -n 6 "$(ls traces/*.json | head -1)" >shorter.json
$CALLTRACE report traces text.json other.json empty.ct missing.json nothing short.json shorter.json >report.txt
echo "exit $?"
head -1 report.txt
$CALLTRACE report text.json
echo "exit $?"
for wrong in --nonsense --format=xml --fail-under-sites=101 --fail-under-pairs=nan --uncovered=many --lcov-calls=x \
	'--tests-of=a --function=b'; do
	$CALLTRACE report $wrong traces
	echo "exit $?"
done
$CALLTRACE report
echo "exit $?"
