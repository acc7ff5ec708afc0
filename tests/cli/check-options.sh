# Outputs, and what is wrong with a command line.
. "$ROOT/tests/check/suite.sh"
exec 2>&1
for options in '' 'traces' '-e net.expect' '--suggest -e net.expect traces' '-e net.expect --format html traces' \
	'-e net.expect --color red traces' '-e net.expect none' '-e net.expect net.c' '-e net.expect -o /no/such/file traces' '-x' 'traces --bogus' 'traces -xq'; do
	$CALLTRACE check $options
	echo "exit $?: check $options"
done
echo '--- verbose'
$CALLTRACE check -v -e net.expect traces
echo '--- quiet'
$CALLTRACE check -q -e wrong.expect traces
echo "exit $?"
echo '--- json'
$CALLTRACE check --json -e wrong.expect traces | /usr/bin/python3 -c '
import json, sys
found = json.load(sys.stdin)
print(found["summary"])
for r in found["results"]:
    print(r["status"], r["file"], r["line"], r["test"], r["statement"], "|", r.get("message", "").split("\n")[0])
print(found["stale"])'
echo '--- junit'
$CALLTRACE check -f junit -e wrong.expect -o out.xml traces
echo "exit $?"
/usr/bin/python3 -c '
import xml.etree.ElementTree as tree
for suite in tree.parse("out.xml").getroot():
    print(suite.attrib)
    for case in suite:
        print(case.attrib["classname"], case.attrib["name"], [(c.tag, c.attrib.get("message")) for c in case])'
echo '--- suggest'
$CALLTRACE check --suggest -o suggested.expect traces && cat suggested.expect
$CALLTRACE check -e suggested.expect traces
echo "exit $?"
echo '--- what is not written over'
cp net.expect mine.expect
for options in '-e mine.expect -o ./mine.expect' '-e mine.expect -o traces/net.retry.json' '--suggest -o mine.expect'; do
	$CALLTRACE check $options traces
	echo "exit $?: check $options"
done
cmp mine.expect net.expect && $CALLTRACE check -e mine.expect traces
