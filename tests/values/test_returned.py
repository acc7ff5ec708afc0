"""
Returned values: what the recorder says is what the caller got. Random programs, see generate_returns.py; each also behaves as
it does untraced.
"""
import collections
import glob
import os
import struct

from generate_returns import Program
from harness import CXX, cases, pitfall, slow
import raw
import recorded

REASONS = {'inlined', 'unwinding', 'optimised out', 'unsupported', 'tail', None}


def read_told(path):
    with open(path, 'rb') as file:
        data = file.read()
    at, told = 0, []
    while at < len(data):
        number, size = struct.unpack_from('<ii', data, at)
        told.append((f'f{number}', data[at + 8:at + 8 + size]))
        at += 8 + size
    return told


def value_of(call):
    """The returned bytes, or None; and how."""
    if call.result is None:
        return None, 'plain'
    how, data, blocks = call.result
    if how != 'plain':
        return None, how
    if call.plan.parts and call.plan.parts[0] == 'memory':
        return (blocks[0].data if blocks else b''), how
    return data, how


def bare(name):
    return name.partition('(')[0]


def compare(calls, told):
    """Returned calls, in order of their ends, against what callers were told. (wrong, Counter)."""
    returned = [call for call in calls if call.returned and bare(call.function).startswith('f')
                and call.plan.return_type is not None and not (call.result and call.result[0] == 'unwinding')]
    wrong, counts = [], collections.Counter()
    if [bare(call.function) for call in returned] != [name for name, _ in told]:
        return [f'{len(returned)} calls returned, {len(told)} were told of'], counts
    for call, (name, data) in zip(returned, told):
        value, how = value_of(call)
        counts[how if not call.hook.depth else 'inlined instance'] += 1
        if value is not None and value[:len(data)] != data:
            wrong.append(f'{name}, {call.plan.return_type.name}: {value.hex()}, the caller got {data.hex()}')
    return wrong, counts


def trial(t, seed, compiler, level, cxx, flags=()):
    name = f'returns{seed}{level}'
    source = t.write(name + ('.cc' if cxx else '.c'), Program(seed, cxx).text())
    driver = CXX[compiler] if cxx else compiler
    program = t.path(name)
    t.run([driver, level, '-g', '-w', '-finstrument-functions', '-pthread', *flags, '-o', program, source], check=True)
    plain = t.run([program, 'plain'], check=True)
    folder = t.path(name + '.traces')
    os.mkdir(folder)
    env = {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': folder + '/', 'LD_PRELOAD': t.lib, 'CALLTRACE_CAPTURE_ARGS': '1',
           'ASAN_OPTIONS': 'verify_asan_link_order=0'}
    traced = t.run([program, 'told'], env)
    t.equal((traced.status, traced.out, traced.err), (plain.status, plain.out, plain.err), f'{name}: traced and untraced')
    with open('plain', 'rb') as one, open('told', 'rb') as other:
        same = len(one.read()) == len(other.read())
    t.true(same, f'{name}: tells the same traced and untraced')
    t.run([t.calltrace, 'index', '-o', name + '.ctidx', program], check=True)
    path, = glob.glob(folder + '/*.ct')
    trace = raw.Trace(path)
    t.equal(trace.lost, {}, 'lost')
    calls = recorded.calls(trace, recorded.Index(t.path(name + '.ctidx')), program, ended=True)
    wrong, counts = compare(calls, read_told('told'))
    t.equal(wrong[:10], [], f'{name}: {len(wrong)} wrong')
    return counts


@pitfall(44)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'], cxx=[False, True])
def test_random_programs(t, compiler, level, cxx):
    total = collections.Counter()
    for seed in range(t.times(1)):
        total += trial(t, seed, compiler, level, cxx)
    out_of_line = {how: n for how, n in total.items() if how != 'inlined instance'}
    share = out_of_line.get('plain', 0) / sum(out_of_line.values())
    t.true(share > (.99 if level == '-O0' else .8), f'too few are available: {total}')


@slow
@cases(compiler=['gcc', 'clang'], flags=['-fomit-frame-pointer', '-fcf-protection', '-fstack-protector-all', '-fno-plt', '-mavx',
                                        '-flto', '-fsanitize=address'])
def test_flags(t, compiler, flags):
    if compiler == 'clang' and flags == '-flto':
        t.skip('needs its own linker')
    trial(t, 7, compiler, '-O2', False, [flags])
    trial(t, 8, compiler, '-O0', True, [flags])
