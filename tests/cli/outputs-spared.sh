# -o by a slip of the hand: what was there stays, each is one line and exit 2.
set -e
printf 'int g(int x) { return x + 1; }\nint main(void) { return g(1) != 2; }\n' >p.c
gcc -g -finstrument-functions p.c -o p
$CALLTRACE run -q -o traces -- ./p
printf 'program p\n\tcall g\nend\n' >net.expect
echo 'int keep;' >keep.c
echo '{"name": "keep"}' >keep.json
echo 'notes' >keep.txt
: >empty.idx
mkdir sums raw && md5sum keep.* net.expect p traces/p.json >sums/before
set +e
exec 2>&1
try()
{
	$CALLTRACE "$@"
	echo "exit $?: $*"
	md5sum --quiet -c sums/before || md5sum keep.* net.expect p traces/p.json >sums/before
}
try index -o keep.c p
try index -o keep.txt p
try index -o keep.json p
try index -o p p
try index -o traces/p.json p
try index -o traces p
try report -o keep.c traces
try report -o net.expect traces
try report -o other.txt --lcov=keep.c traces
try report -f json -o traces/p.json traces
try report -o p traces
try check -e net.expect -o keep.c traces
try check --suggest -o keep.txt traces
try check --suggest -o net.expect traces
try run -o keep.c -- ./p
try run -o keep.json -- ./p
echo '--- a raw trace'
CALLTRACE_OUTPUT=$PWD/keep.json LD_PRELOAD=$LIB ./p
echo "exit $?: the program's own"
md5sum --quiet -c sums/before
ls keep.json*.ct | wc -l
mv keep.json*.ct raw/p.ct
try json -o keep.json raw/p.ct
try json -o keep.c raw/p.ct
try json -o keep.txt raw/p.ct
try json -o p raw/p.ct
try json -o raw/p.ct raw/p.ct
try json -o net.expect raw/p.ct
echo '--- what is written anew'
try index -q -o empty.idx p
try index -q -o empty.idx p
try json -o new.json raw/p.ct
try json --compact -o new.json raw/p.ct
try json -o new.json raw/p.ct
