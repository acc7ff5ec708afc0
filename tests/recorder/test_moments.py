"""Instrumented code at bad moments: before the recorder's constructor, behind its destructor, below it. Traced as untraced."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from programs import MATRIX, counts, linked, only, traced_as_untraced  # noqa: E402


def run(t, compiler, level, way, what, flags=(), **how):
    program = t.compile(['moments.c'], 'moments', compiler, level, ['-pthread', '-w', *flags, *linked(t, way)])
    recording = traced_as_untraced(t, [program, what], way=way, **how)
    return recording.result, only(t, recording)


@pitfall(13)
@cases(**MATRIX)
def test_before_and_behind_everything(t, compiler, level, way):
    result, trace = run(t, compiler, level, way, 'early')
    t.equal(result.out, 'last\n3\n', 'output')
    t.equal(counts(trace), {'main': 1, 'resolve': 1, 'chosen': 1, 'first': 1, 'last': 1, 'at_the_end': 1, 'leaf': 5},
            'calls')
    t.equal((trace['metadata']['lost'], trace['metadata']['complete']), ({}, True), 'lost')


@pitfall(14, 16)
@cases(**MATRIX, values=[False, True])
def test_instrumented_allocator(t, compiler, level, way, values):
    """Of the program's own, called by libc for the recorder's thread key and by dlsym()."""
    _, trace = run(t, compiler, level, way, 'allocates', ['-DALLOCATOR'], options=['--args'] if values else [])
    found = counts(trace)
    t.true(found['take'] >= 3 and found['malloc'] >= 2 and found['free'] >= 2 and found['forget'] == 3, f'calls: {found}')
    t.equal([what for what in trace['metadata']['lost'] if what != 'reentry'], [], 'lost')


@pitfall(17)
@cases(**MATRIX, values=[False, True])
def test_registers(t, compiler, level, way, values):
    result, _ = run(t, compiler, level, way, 'registers', options=['--args'] if values else [])
    t.equal(result.out, 'last\n2000 of 2000 kept them\n', 'output')


@cases(delay=[0, 100, 1500], values=[False, True])
def test_slow_start(t, delay, values):
    """Where the trace file takes long to be made, other threads wait, and their calls are there; at last they are said to be lost."""
    program = t.compile(['slow_start.c'], 'slow_start', 'gcc', '-O2', ['-pthread'])
    if t.run([program]).status == 77:
        t.skip('no seccomp here')
    recording = t.record([program, str(delay)], options=['-q', *(['--args'] if values else [])])
    t.equal((recording.result.status, recording.result.out, recording.result.err), (0, '2\n', ''), 'the run')
    trace = only(t, recording)
    late = delay > 1000
    t.equal(counts(trace), {'starter': 1, 'other': 1 if late else 2}, 'calls')
    t.equal((trace['metadata']['lost'], trace['metadata']['complete']), ({'start': 1}, False) if late else ({}, True), 'lost')
