# Bad command lines: one line that says what is wrong, and nothing is written.
run() {
	$CALLTRACE run "$@"
	echo "exit $?"
}
run
run --
run -o
run --output
run -o -- true
run --output --quiet -- true
run -o '' -- true
run --nonsense -- true
run -z -- true
run --compact=yes -- true
run --max-depth -- true
run --max-depth=0 -- true
run --max-depth=1000001 -- true
run --max-depth=-3 -- true
run --max-depth=12x -- true
ls -A
# The command itself.
touch file && chmod 644 file
run -o t -- ./missing
run -o t -- no-such-command-anywhere
run -o t -- ./file
run -o t -- /
run -o t -- file/below
echo '#!/no/such/interpreter' >script && chmod 755 script
run -o t -- ./script
# Where the traces go.
run -o file -- true
run -o file/below -- true
run -o /proc/nothing -- true
mkdir busy && flock busy sh -c '"$CALLTRACE" run -o busy -- true; echo "exit $?"'
rmdir busy
long=$(printf %0200d 0)
long=$long/$long/$long/$long/$long
run -o "$long/$long/$long/$long" -- true 2>&1 | sed 's/[0/]*0/000/'
rm -r 0*
run -o "$(printf %0300d 0)" -- true 2>&1 | sed 's/0000*/000/'
CALLTRACE_LIBRARY=/no/such/library run -o u -- true
mkdir t && run -o t -- ./missing && ls -d t # it was there
rmdir t
mkdir 'with space' && ln "$LIB" 'with space/lib.so' 2>/dev/null || cp "$LIB" 'with space/lib.so'
CALLTRACE_LIBRARY='with space/lib.so' run -o u -- true
rm -r 'with space'
[ -e t ] || echo "t, made for nothing, is gone again"
rm file
ls -A
