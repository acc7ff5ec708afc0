# Empty names are said to be that, whatever they should have been the names of.
try() {
	$CALLTRACE "$@"
	echo "exit $?"
}
for command in show report json index doctor 'run --'; do
	try $command ''
done
try show -f '' trace
try report --lcov= trace
try report --tests-of '' trace
try json --output= trace
try index -o '' binary
ls -A
