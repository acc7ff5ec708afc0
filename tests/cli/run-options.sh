gcc -g -finstrument-functions "$ROOT/tests/recorder/plain.c" -o plain
deepest() { # how many calls of nest() are in the tree
	grep -o '"function": *"nest"' "$1" | wc -l
}
echo "compact:"
$CALLTRACE run -q --compact -o compact ./plain
wc -l <compact/plain.json
echo "pretty:"
$CALLTRACE run -q -o pretty ./plain
test "$(wc -l <pretty/plain.json)" -gt 20 && echo yes
echo "by the environment:"
CALLTRACE_PRETTY_JSON=false $CALLTRACE run -q -o env ./plain
wc -l <env/plain.json
echo "depth:"
$CALLTRACE run -q --max-depth 3 -o three ./plain
CALLTRACE_MAX_DEPTH=4 $CALLTRACE run -q --max-depth=2 -o two ./plain
for folder in pretty three two; do
	sed '1,/call_trees/d' $folder/plain.json >tree
	deepest tree
done
echo "options behind the command are the command's:"
$CALLTRACE run -q -o own ./plain -q --help
$CALLTRACE run -q -o own -- echo -o x
ls -A own
echo "what is there in LD_PRELOAD stays:"
# (calltrace itself may be built with ASan, which wants to come first)
ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" LD_PRELOAD=libm.so.6 $CALLTRACE run -q -o preload sh -c 'echo "$LD_PRELOAD"' 2>/dev/null | sed "s|^$LIB|LIB|;s|^$(realpath "$LIB")|LIB|"
echo "summary:"
NO_COLOR=1 $CALLTRACE run -o sum ./plain 7 2>summary
echo "exit $?"
head -1 summary
