# examples/expectations: what is said when all is well, and when it is not.
. "$ROOT/tests/check/suite.sh"
$CALLTRACE check -e net.expect traces >out; echo $?
diff net.out out
$CALLTRACE check -e wrong.expect traces >out; echo $?
diff wrong.out out
# Two files at once, and traces by name.
$CALLTRACE check -e net.expect -e wrong.expect traces/net.retry.json traces/net.gives_up.json | tail -1
# Raw traces say the same.
$CALLTRACE run --args --keep-raw -q -o raw -- ./tests >/dev/null 2>&1
rm raw/*.json
$CALLTRACE check -e net.expect raw >out; echo $?
diff net.out out
$CALLTRACE check -e wrong.expect raw | tail -1
