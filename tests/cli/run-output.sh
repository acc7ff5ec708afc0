# Where traces go, and what another run there replaces: the traces of the run before, by its own list, and nothing else.
cc='gcc -g -finstrument-functions'
$cc "$ROOT/tests/recorder/plain.c" -o one && cp one two
$CALLTRACE run -q -- ./one
ls -A one.calltrace
$CALLTRACE run -q -o new/deep/er -- ./one
ls -A new/deep/er
mkdir there
echo mine >there/notes.txt
echo mine >there/mine.json
echo mine >there/other.ct
$CALLTRACE run -q -o there -- sh -c './one && ./two && ./one'
ls -A there
$CALLTRACE run -q -o there -- ./two
ls -A there
$CALLTRACE run -q -o there -- true
ls -A there
cat there/notes.txt there/mine.json there/other.ct
echo "a command that cannot be run replaces nothing:"
$CALLTRACE run -q -o new/deep/er -- ./missing 2>/dev/null
ls -A new/deep/er
echo "keep:"
$CALLTRACE run -q --keep-raw -o keep -- ./one
ls -A keep
$CALLTRACE report keep | head -1 # two files, one trace
$CALLTRACE run -q -o keep -- ./two
ls -A keep
echo "names:"
cp one 'a b:c'
$CALLTRACE run -q -o 'x y' -- './a b:c'
ls -A 'x y'
$CALLTRACE run -o 'x y' -- ./one 2>&1 | tail -1
mkdir sub && cd sub && PATH=..:$PATH $CALLTRACE run -q -- one && ls -A
