# The program itself: what does not get out is not done.
$CALLTRACE --version | grep -cx 'calltrace [0-9.]*'
$CALLTRACE nonsense || echo "exit $?"
$CALLTRACE help nonsense || echo "exit $?"
[ "$($CALLTRACE help run)" = "$($CALLTRACE run --help)" ] && echo "help COMMAND is COMMAND --help"
for words in --version --help 'help show' 'show --help'; do
	$CALLTRACE $words >/dev/full || echo "exit $?"
	$CALLTRACE $words >&- || echo "exit $?"
done
