"""
Programs are killed at random instants, thousands of times with `ninja kill`: each trace is valid, and every call that had
ended is in it.
"""
import os
import random
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from programs import MATRIX, linked  # noqa: E402


def kill(t, program, way, values, delay):
    """Runs and kills it; returns the raw traces, and how many calls each thread had counted."""
    t.write('counters', '')
    env = {'LD_PRELOAD': t.lib if way == 'preload' else None, 'CALLTRACE_OUTPUT': t.path('killed/'),
           'CALLTRACE_RUN': 'test', 'CALLTRACE_CAPTURE_ARGS': values}
    process = subprocess.Popen([program, t.path('counters')], stdout=subprocess.PIPE, env=t.environment(env))
    process.stdout.readline()
    time.sleep(delay)
    process.kill()
    process.communicate()
    with open('counters', 'rb') as file:
        counted = [word[0] for word in struct.iter_unpack('<Q56x', file.read())]
    return [t.path('killed/' + name) for name in os.listdir('killed') if name.endswith('.ct')], counted


def check(t, raw, counted, validate):
    size = os.path.getsize(raw)
    result = t.run([t.calltrace, 'json', '--compact', '--max-depth', '1', '-o', 'killed.json', raw])
    if result.status and sum(counted) == 0 and size <= 8192:
        return  # before the header was written
    t.equal((result.status, result.err), (0, ''), f'{raw} of {size} bytes')
    trace = t.validate('killed.json') if validate else t.json('killed.json')
    t.equal((trace['metadata']['lost'], trace['metadata']['complete']), ({}, False), 'lost')
    recorded = {thread['name']: thread['calls'] - 1 for thread in trace['summary']['threads']}
    tabled = {row['function']: row['calls'] for row in trace['summary']['functions']}
    for number, calls in enumerate(counted):
        found = max(recorded.get(f'thread{number}', 0), 0), tabled.get(f'leaf{number}', 0)
        # A call is recorded, then counted in the table, then ends, then is counted by the program itself.
        t.true(calls <= found[1] <= found[0] <= calls + 1, f'thread {number} had made {calls} calls; recorded and '
               f'tabled are {found}, in {raw} of {size} bytes')


@pitfall(5, 30)
@cases(**MATRIX)
def test_killed_at_any_instant(t, compiler, level, way):
    program = t.compile(['kill.c'], 'kill', compiler, level, ['-pthread', '-w', *linked(t, way)])
    t.run([t.calltrace, 'index', '-q', program], check=True)
    seed = t.seed(f'kill {compiler} {level} {way}')
    pick = random.Random(seed)
    os.mkdir('killed')
    for number in range(t.times(4)):
        delay = pick.choice([0.0005, 0.003, 0.01]) * pick.random()
        for values in ('0', '1'):
            raws, counted = kill(t, program, way, values, delay)
            t.true(len(raws) == 1 or sum(counted) == 0, f'{len(raws)} traces, {counted} calls')
            for raw in raws:
                check(t, raw, counted, number < 2)
                os.unlink(raw)
