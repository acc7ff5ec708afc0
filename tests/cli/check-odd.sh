# Traces that end early, threads, fixtures, parameters, programs.
cp "$ROOT"/tests/check/odd.c .
gcc -g -finstrument-functions odd.c -lcriterion -o odd -pthread || exit 99
$CALLTRACE run --args -q -o traces -- ./odd >run.out 2>&1
cat >odd.expect <<'END'
test odd::crashes
    call half(4) -> 2
    call half(3)                        # it never returned
    count half 2
    never prepare
    count prepare in setup 1
    count half -> _ 1
end
test odd::crashes
    call half(8)
end
test odd::threads on main
    call work(1)
    next run ?
    call work(2)
    count work 2
end
test odd::threads on others
    count work 4
    never work(1)
end
test odd::threads on each
    count work 2
    count run <= 1
end
test odd::threads on any
    count work 6
    call work(1)
    unordered
        call work(10)
        call work(20)
    end
    call work(2)
end
test odd::threads on each
    call work(1)
end
test odd::parameters[1]
    count half(4) 1
end
test odd::par*
    count half 1
    count half(2) 1
end
test odd::parameters[7]
    count half(2) 1
end
test odd::gone optional
    never half
end
program odd
    never half
end
END
$CALLTRACE check -e odd.expect traces; echo "exit $?"
# Values that were not recorded; a stale name; of a trace whose deeper calls were cut, nothing is absent.
$CALLTRACE run -q -o plain -- ./odd >run.out 2>&1
printf 'test odd::crashes\n    call half(_)\n    call half(3)\n    count half -> 2 1\nend\n' >values.expect
$CALLTRACE check -e values.expect plain; echo "exit $?"
CALLTRACE_MAX_DEPTH=2 $CALLTRACE run --args -q -o cut -- ./odd >run.out 2>&1
printf 'test odd::crashes\n    call half(4)\n    never work\n    call work\nend\n' >cut.expect
$CALLTRACE check -e cut.expect cut; echo "exit $?"
# Functions whose calls were left out: nothing can be said of them, nor of a family that they are in.
$CALLTRACE run --exclude work -q -o less -- ./odd >run.out 2>&1
printf 'test odd::threads\n    never work\n    never w*\n    never half\n    count run 2\nend\n' >less.expect
$CALLTRACE check -e less.expect less; echo "exit $?"
# Calls that were not to be made are shown with their arguments, though nobody named their functions.
printf 'test odd::threads\n    only run, half\nend\n' >only.expect
$CALLTRACE check -e only.expect traces; echo "exit $?"
