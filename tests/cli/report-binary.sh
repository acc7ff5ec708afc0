# A shared library that no test came to counts if it is named.
cp "$ROOT"/tests/report/*.[ch] .
gcc -g -finstrument-functions -fPIC -shared order.c -o liborder.so
cat >main.c <<'END'
#include "calc.h"
int main(int argc, char **argv)
{
	(void) argv;
	return argc > 1 ? never(1) : 0;
}
END
gcc -g -finstrument-functions main.c ./liborder.so -o program
$CALLTRACE run -o traces -- ./program >run.out 2>&1
$CALLTRACE report traces
echo ----
$CALLTRACE report --binary liborder.so traces
$CALLTRACE report --binary ./main.c traces 2>&1 >/dev/null
echo "exit $?"
