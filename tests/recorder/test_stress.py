"""
Random programs that do everything that makes recording hard, at the same time: recursion, functions inlined into each
other and into themselves, callbacks out of libc, jumps out of many frames, threads, and a timer's signals whose handler
calls instrumented functions, now and then enough of them to fill every chunk. What is in the trace must be exactly what
the program itself has counted. Several programs are compiled as one, which costs most; the command line chooses one of
them, the seed of what it does, and its size. With `ninja stress` they are thousands.

One thing is kept out of them, because the recorder cannot tell: where a function is jumped back to and then calls a
library that calls back, before it calls anything else of ours, the callback may look like a call by what was left.
"""
import os
import random
import shutil
import sys

from harness import cases, pitfall

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import raw  # noqa: E402

FUNCTIONS = 30  # GENERATED in stress.c
LARGE, SMALL = (100_000, 20_000, 40_000, 211), (1500, 300, 3000, 97)  # calls, depth, flood, microseconds


def moves_stack(program):
    """Half of the programs call alloca(): behind it, what a jump has left may look alive where functions call themselves."""
    return program % 2 == 1


def statement(rng, first):
    """A C statement that changes x by calling other functions of the program that begins with `first`, or jumps."""
    def call(less=1):
        return f'f{first + rng.randrange(FUNCTIONS)}(depth - {less}, x)'

    statements = [
        lambda: f'x += {call()};',
        lambda: f'x ^= {call()} + {call(3)};',
        lambda: f'for (int i = 0; i < {rng.randint(2, 4)}; i++) x ^= {call(2)};',
        lambda: f'x += functions[(unsigned) x % GENERATED](depth - 1, x);',
        lambda: 'CATCH(x += functions[(unsigned) x % GENERATED](depth - 1, x)); x++;',
        lambda: f'if ((unsigned) x % {rng.randint(5, 30)} == 0) THROW;',
        lambda: f'{{ int a[] = {{ touch(x), {rng.randrange(99)}, 7 }}; qsort(a, 3, sizeof *a, compare); x += a[1]; }}',
        lambda: f'{{ double a[8]; for (int i = 0; i < 8; i++) a[i] = x * 0.5 + i; x += a[x & 7] > {call()}; }}',
        lambda: f'{{ int y = x; sink(depth - 1, &y); x = y; }}',
        lambda: 'x = two_tiny(x) - tiny(x);',
        lambda: f'if (x & 1) x -= {call()}; else x += tiny({call()});',
    ]
    if moves_stack(first // FUNCTIONS):
        statements.append(lambda: f'{{ volatile char *a = alloca((unsigned) x % 500 + 1); a[0] = 1; x += {call()} + a[0]; }}')
    return rng.choice(statements)()


def generate(seed, programs):
    rng = random.Random(seed)
    text = ''.join(f'static int f{number}(int depth, int parameter);\n' for number in range(FUNCTIONS * programs))
    for number in range(FUNCTIONS * programs):
        kind = rng.choice(['', '', 'inline ', '__attribute__((noinline)) '])
        body = ''.join(f'\t\t{statement(rng, number - number % FUNCTIONS)}\n' for _ in range(rng.randint(1, 4)))
        text += (f'\n{kind}static int f{number}(int depth, int parameter)\n{{\n\tvolatile int x = parameter;\n'
                 f'\tBEGIN({number});\n\tif (depth > 0 && budget > 0) {{\n{body}\t}}\n\tEND;\n'
                 f'\treturn x * 31 + 7;\n}}\n')
    tables = ', '.join('{ ' + ', '.join(f'f{program * FUNCTIONS + number}' for number in range(FUNCTIONS)) + ' }'
                       for program in range(programs))
    return text + f'\nstatic function *const programs[PROGRAMS][GENERATED] = {{ {tables} }};\n'


def run(t, argv, values, exact):
    """What the program printed must be in its trace."""
    shutil.rmtree('traces', ignore_errors=True)
    what = f'{" ".join(argv)}{" with values" if values else ""}'
    result, trace = raw.record(t, argv, values=argv[0] if values else None)
    t.equal(trace.lost, {}, f'lost: {what}')
    t.equal(any(call.arguments for thread in trace.threads.values() for call in thread.calls), values, f'values: {what}')
    t.equal({thread.open for thread in trace.threads.values()}, {0}, f'calls still open, per thread: {what}')
    names = raw.names_of(t, argv[0], trace)
    calls, depths, pairs = {}, {}, {}
    for kind, *words in map(str.split, result.out.splitlines()):
        if kind == 'calls':
            calls[words[0]], depths[words[0]] = (int(words[1]), int(words[2])), int(words[3])
        else:
            pairs[words[0], words[1]] = int(words[2])
    entered, left, pairs_seen, pairs_tabled = trace.totals()
    t.equal({names[callee]: (entered[callee], left[callee]) for callee in entered}, calls, f'entered and left: {what}')
    for callee, depth in trace.depths().items():
        name, wanted = names[callee], depths[names[callee]]
        # Where functions are inlined, one that was left by a jump into its own machine frame stays open until that ends.
        t.true(depth == wanted or name in ('on_alarm', 'alarm_leaf') or (not exact and depth > wanted),
               f'the sum of the depths of all calls of {name} is {depth}, not {wanted}: {what}')
    for where, found in (('in the records', pairs_seen), ('in the table', pairs_tabled)):
        found = {(names[caller], names[callee]): count for (caller, callee), count in found.items()}
        found = {pair: count for pair, count in found.items() if pair[1] != 'on_alarm'}
        t.equal(found, pairs, f'who called whom, {where}: {what}')


@pitfall(1, 2, 9, 15, 37)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'], values=[False, True])
def test_random_program(t, compiler, level, values):
    programs = min(t.times(2), 8)
    pick = random.Random(t.seed(f'{compiler} {level} {values}'))
    t.write('functions.h', generate(pick.randrange(1 << 40), programs))
    binary = t.compile('stress.c', 'stress', compiler, level, ['-I' + t.tmp, f'-DPROGRAMS={programs}', '-pthread', '-w'])
    for number in range(t.times(3)):
        size = LARGE if number == 0 else SMALL
        run(t, [binary, str(number % programs), str(pick.randrange(1 << 20)), *map(str, size)], values,
            level == '-O0' and not moves_stack(number % programs))
