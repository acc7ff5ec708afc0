"""
Random programs that do everything that makes recording hard, at the same time: recursion, functions inlined into each
other and into themselves, callbacks out of libc, jumps out of many frames, threads, and a timer's signals whose handler
calls instrumented functions, now and then enough of them to fill every chunk. What is in the trace must be exactly what
the program itself has counted.

One thing is kept out of them, because the recorder cannot tell: where a function is jumped back to and then calls a
library that calls back, before it calls anything else of ours, the callback may look like a call by what was left.
"""
import os
import random
import sys

from harness import cases, pitfall

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import raw  # noqa: E402

FUNCTIONS = 30  # GENERATED in stress.c


def statement(rng):
    """A C statement that changes x by calling other functions, or jumps."""
    def call(less=1):
        return f'f{rng.randrange(FUNCTIONS)}(depth - {less}, x)'

    return rng.choice([
        lambda: f'x += {call()};',
        lambda: f'x ^= {call()} + {call(3)};',
        lambda: f'for (int i = 0; i < {rng.randint(2, 4)}; i++) x ^= {call(2)};',
        lambda: f'x += functions[(unsigned) x % GENERATED](depth - 1, x);',
        lambda: 'CATCH(x += functions[(unsigned) x % GENERATED](depth - 1, x)); x++;',
        lambda: f'if ((unsigned) x % {rng.randint(5, 30)} == 0) THROW;',
        lambda: f'{{ volatile char *a = alloca((unsigned) x % 500 + 1); a[0] = 1; x += {call()} + a[0]; }}',
        lambda: f'{{ int a[] = {{ touch(x), {rng.randrange(99)}, 7 }}; qsort(a, 3, sizeof *a, compare); x += a[1]; }}',
        lambda: f'{{ double a[8]; for (int i = 0; i < 8; i++) a[i] = x * 0.5 + i; x += a[x & 7] > {call()}; }}',
        lambda: f'{{ int y = x; sink(depth - 1, &y); x = y; }}',
        lambda: 'x = two_tiny(x) - tiny(x);',
        lambda: f'if (x & 1) x -= {call()}; else x += tiny({call()});',
    ])()


def generate(seed):
    rng = random.Random(seed)
    text = ''
    for number in range(FUNCTIONS):
        text += f'static int f{number}(int depth, int parameter);\n'
    for number in range(FUNCTIONS):
        kind = rng.choice(['', '', 'inline ', '__attribute__((noinline)) '])
        body = ''.join(f'\t\t{statement(rng)}\n' for _ in range(rng.randint(1, 4)))
        text += (f'\n{kind}static int f{number}(int depth, int parameter)\n{{\n\tvolatile int x = parameter;\n'
                 f'\tBEGIN({number});\n\tif (depth > 0 && budget > 0) {{\n{body}\t}}\n\tEND;\n'
                 f'\treturn x * 31 + 7;\n}}\n')
    names = ', '.join(f'f{number}' for number in range(FUNCTIONS))
    return text + f'\nstatic function *const functions[GENERATED] = {{ {names} }};\n'


@pitfall(1, 2, 9, 15, 37)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'], values=[False, True])
def test_random_program(t, compiler, level, values):
    t.write('functions.h', generate(f'{compiler} {level}'))
    binary = t.compile('stress.c', 'stress', compiler, level, ['-I' + t.tmp, '-pthread', '-w'])
    result, trace = raw.record(t, [binary], values=binary if values else None)
    t.equal(trace.lost, {}, 'lost')
    t.equal(any(call.arguments for thread in trace.threads.values() for call in thread.calls), values, 'values')
    t.equal({thread.open for thread in trace.threads.values()}, {0}, 'calls still open, per thread')
    names = raw.names_of(t, binary, trace)
    calls, pairs = {}, {}
    for kind, *words in map(str.split, result.out.splitlines()):
        if kind == 'calls':
            calls[words[0]] = int(words[1]), int(words[2])
        else:
            pairs[words[0], words[1]] = int(words[2])
    entered, left, pairs_seen, pairs_tabled = trace.totals()
    t.equal({names[callee]: (entered[callee], left[callee]) for callee in entered}, calls, 'entered and left')
    for what, found in (('in the records', pairs_seen), ('in the table', pairs_tabled)):
        found = {(names[caller], names[callee]): count for (caller, callee), count in found.items()}
        found = {pair: count for pair, count in found.items() if pair[1] != 'on_alarm'}
        t.equal(found, pairs, f'who called whom, {what}')
