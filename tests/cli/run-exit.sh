# The command's exit status is ours, whatever it is.
for status in 0 1 2 3 42 126 127 128 255; do
	$CALLTRACE run -q -o t -- sh -c "exit $status" 2>/dev/null
	echo "$status: $?"
done
for signal in HUP INT QUIT ABRT KILL USR1 SEGV PIPE TERM; do
	$CALLTRACE run -q -o t -- sh -c "kill -$signal \$\$" 2>/dev/null
	echo "$signal: $?"
done
# Its input and its outputs are the command's own.
echo input | $CALLTRACE run -q -o t -- sh -c 'cat; echo error >&2' 2>&1 | grep -v '^calltrace: warning: no call'
# A signal that is ignored stays so, and none is blocked by us.
signals="grep -E Sig(Blk|Ign) /proc/self/status"
compare() {
	$signals >alone
	$CALLTRACE run -q -o t -- $signals >traced 2>/dev/null
	diff alone traced && echo same
}
compare
(trap '' INT USR1 TERM && compare)
