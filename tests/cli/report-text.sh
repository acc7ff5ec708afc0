# What a person sees: totals, files, what is not covered, what is left out.
. "$ROOT/tests/report/suite.sh"
$CALLTRACE report traces
