# Which tests reach a function; its callers and callees. Exit status 1 if none does.
. "$ROOT/tests/report/suite.sh"
$CALLTRACE report --tests-of factor traces
$CALLTRACE report --tests-of 'su?tract' -f json traces | sed "s|$PWD|.|"
$CALLTRACE report --function compare traces
$CALLTRACE report --function even traces
$CALLTRACE report --tests-of divide traces || echo "exit $?"
$CALLTRACE report --tests-of no_such_function traces || echo "exit $?"
