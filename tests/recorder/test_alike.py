"""
Random programs of everything that a program may do to itself: traced as untraced, in thousands with `ninja stress`. What is
recorded must be valid, and have every call that the program counted by itself, whatever end it came to.

Programs run by themselves with the library preloaded, or linked, and the traces of many are converted at once: so a
program costs milliseconds. One in each batch runs under `calltrace run`.
"""
import os
import random
import shutil
import struct
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import Recording, cases, pitfall, timeout  # noqa: E402
from programs import MATRIX, linked  # noqa: E402

BATCH = 50
LARGE = 100_000  # bytes; what takes long to validate


def build(t, compiler, level, way):
    """The program with its plug-ins, as the beginning of its command lines and as their end."""
    plug_ins = [t.compile(['reload.c'], f'{name}.so', compiler, level, ['-w', '-DNAME=' + name, f'-DLONGER={longer}'], shared=True)
                for name, longer in (('one', 8), ('two', 64))]
    program = t.compile(['alike.cc', 'alike_any.c'], 'alike', compiler, level, ['-w', '-pthread', *linked(t, way)])
    t.run([t.calltrace, 'index', '-q', program, *plug_ins], check=True)
    return program, plug_ins


def counted(path):
    """[(process, calls of leaf())] of all processes that came into main() or out of fork()."""
    with open(path, 'rb') as file:
        return sorted((pid, leaves) for pid, leaves in struct.iter_unpack('<QQ', file.read()) if pid)


def check(t, traces, counts, validate, what):
    found = []
    for path in traces:
        trace = t.validate(path) if validate and os.path.getsize(path) < LARGE else t.json(path)
        about = trace['metadata']
        t.equal((about['lost'], about['damaged']), ({}, 0), f'lost, damaged: {what}, {path}')
        found.append((about['pid'], sum(row['calls'] for row in trace['summary']['functions'] if row['function'] == 'leaf(int)')))
    # A process that fork() made and that ended before it called anything has no trace.
    t.equal([one for one in sorted(found) if one[1]], [one for one in counts if one[1]], f'processes and calls of leaf(): {what}')


class Batch:
    def __init__(self, t, way):
        self.t, self.way, self.runs = t, way, []

    def run(self, argv, values):
        """Once untraced and once traced, which must not differ; what is recorded is looked at by end()."""
        t, what = self.t, f'{" ".join(argv)}{" with values" if values else ""}'
        folder, counts = t.path(f'raw/{len(self.runs)}'), t.path(f'counts{len(self.runs)}')
        plain = t.run(argv, {'CALLTRACE_ENABLED': 'false'})
        env = {'ALIKE_COUNTS': counts, 'LD_PRELOAD': None if self.way == 'link' else t.lib}
        if self.runs:
            traced = t.run(argv, {**env, 'CALLTRACE_OUTPUT': folder + '/', 'CALLTRACE_RUN': 'test',
                                  'CALLTRACE_CAPTURE_ARGS': str(values).lower()})
        else:
            traced = t.run([t.calltrace, 'run', '-q', *(['--args'] if values else []), '-o', folder, '--', 'env',
                            'LD_PRELOAD=' + (env['LD_PRELOAD'] or ''), *argv], {'ALIKE_COUNTS': counts, 'CALLTRACE_MAX_DEPTH': '3'})
        t.equal((traced.status, traced.out), (plain.status, plain.out), f'traced and untraced: {what}')
        t.true(os.path.isdir(folder) and os.listdir(folder), f'no trace: {what}')
        self.runs.append((folder, counts, what))

    def end(self):
        t = self.t
        converted = t.run([t.calltrace, 'json', '--compact', '--max-depth', '3', *(folder for folder, _, _ in self.runs[1:])])
        t.equal(converted.status, 0, f'`calltrace json` on the traces of {self.runs}\n{converted}\n')
        for number, (folder, counts, what) in enumerate(self.runs):
            check(t, Recording(folder, None).traces, counted(counts), number < 3, what)
            os.unlink(counts)
        shutil.rmtree(t.path('raw'))
        self.runs = []


@pitfall(2, 3, 5, 6, 7, 20, 21, 22, 32)
@timeout(300)
@cases(**MATRIX)
def test_alike(t, compiler, level, way):
    pick = random.Random(t.seed(f'alike {compiler} {level} {way}'))
    program, plug_ins = build(t, compiler, level, way)
    batch = Batch(t, way)
    for _ in range(t.times(6)):
        batch.run([program, str(pick.randrange(1 << 40)), str(pick.randint(1, 12)), *plug_ins], pick.random() < 0.5)
        if len(batch.runs) == BATCH:
            batch.end()
    if batch.runs:
        batch.end()
