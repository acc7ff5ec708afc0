"""
Random programs of everything that a program may do to itself: traced as untraced, thousands of them with `ninja stress`.
What is recorded must be valid, and all of it there where the program's end let it be.
"""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import Recording, cases, pitfall, timeout  # noqa: E402
from programs import MATRIX, linked  # noqa: E402


@pitfall(2, 3, 5, 6, 7, 20, 21, 22, 32)
@timeout(300)
@cases(**MATRIX)
def test_alike(t, compiler, level, way):
    seed = t.seed(f'alike {compiler} {level} {way}')
    pick = random.Random(seed)
    plug_ins = [t.compile(['reload.c'], f'{name}.so', compiler, level, ['-w', '-DNAME=' + name, f'-DLONGER={longer}'], shared=True)
                for name, longer in (('one', 8), ('two', 64))]
    program = t.compile(['alike.cc'], 'alike', compiler, level, ['-w', '-pthread', *linked(t, way)])
    for number in range(t.times(3)):
        argv = [program, str(pick.randrange(1 << 40)), str(pick.randint(1, 12)), *plug_ins]
        options = pick.choice([[], ['--args']])
        plain = t.run(argv, {'CALLTRACE_ENABLED': 'false'})
        folder = t.path(f'trace{number}')
        traced = t.run([t.calltrace, 'run', '-q', *options, '-o', folder, '--',
                        *(['env', '-u', 'LD_PRELOAD'] if way == 'link' else []), *argv])
        what = f'{" ".join(map(str, options + argv))}'
        t.equal((traced.status, traced.out), (plain.status, plain.out), f'traced and untraced: {what}')
        said = [line for line in traced.err.splitlines() if 'calltrace' in line and 'reached by a signal' not in line]
        traces = Recording(folder, traced).traces
        t.true(traces, f'no trace: {what}')
        for path in traces:
            trace = t.validate(path) if number == 0 else t.json(path)
            lost = {name: count for name, count in trace['metadata']['lost'].items() if name != 'exits'}
            t.equal((lost, trace['metadata']['damaged']), ({}, 0), f'lost, damaged: {what}, {path}')
        t.sh(f'rm -rf {folder}')
