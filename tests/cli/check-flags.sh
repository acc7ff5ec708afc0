# Flags as numbers and as names, of raw traces and of JSON, as long as there is the binary's index.
gcc -g -finstrument-functions "$ROOT"/tests/check/flags.c -o flags || exit 99
$CALLTRACE run --args -q --keep-raw -o traces -- ./flags
cat >met.expect <<'END'
program flags
    call set(6, -1)
    call set(0x42, 7)
    call set(0, 1)
    call get({flags = 20, level = -1}) -> 20
    count set(READ|WRITE, LOW) 1
    count set(flags = 6) 1
    count set(bits 2, ...) 2
    count set(bits READ, _) 2
    count set(level < 0) 1
    count set(flags = 66) 1
    never set(7, _)
    never get({flags = 4})
    always get -> >= 20
end
END
printf 'program flags\n    call set(7, LOW)\nend\n' >unmet.expect
for trace in traces/*.json traces/*.ct; do
	$CALLTRACE check -e met.expect $trace; echo "exit $?"
	$CALLTRACE check -e unmet.expect $trace; echo "exit $?"
done
# Without it the names are all there is.
rm flags
export CALLTRACE_CACHE=$PWD/empty
printf 'program flags\n    count set(6, _) 1\nend\n' >number.expect
$CALLTRACE check -e number.expect traces/*.json; echo "exit $?"
