"""
Programs are killed at random instants, thousands of times with `ninja kill`: each trace is valid, and every call that had
ended is in it.
"""
import os
import random
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from programs import MATRIX, linked  # noqa: E402


BATCH = 25


class Killed:
    """One that was killed: `raws`, its raw traces, and how many calls each of its threads had counted."""

    def __init__(self, t, program, way, values, delay, number):
        self.folder = t.path(f'killed/{number}/')
        counters = t.write(f'killed/{number}/counters', '')
        self.what = f'{self.folder}, killed after {delay * 1000:.3f} ms'
        env = {'LD_PRELOAD': t.lib if way == 'preload' else None, 'CALLTRACE_OUTPUT': self.folder,
               'CALLTRACE_RUN': 'test', 'CALLTRACE_CAPTURE_ARGS': values}
        process = subprocess.Popen([program, counters], stdout=subprocess.PIPE, env=t.environment(env))
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.communicate()
        with open(counters, 'rb') as file:
            self.counted = [word[0] for word in struct.iter_unpack('<Q56x', file.read())]
        self.raws = [self.folder + name for name in os.listdir(self.folder) if name.endswith('.ct')]
        t.true(len(self.raws) == 1 or sum(self.counted) == 0, f'{len(self.raws)} traces, {self.counted} calls: {self.what}')

    def check(self, t, said, validate):
        """What was converted must be right; `said`: about those that were not."""
        for raw in self.raws:
            what, size = f'{self.what}: {raw}', os.path.getsize(raw)
            if not os.path.exists(raw[:-3] + '.json'):
                t.contains(said, raw)
                t.true(sum(self.counted) == 0 and size <= 8192, f'{what} of {size} bytes has a header\n{said}')
                continue
            t.lacks(said, raw)
            trace = t.validate(raw[:-3] + '.json') if validate else t.json(raw[:-3] + '.json')
            t.equal((trace['metadata']['lost'], trace['metadata']['complete']), ({}, False), f'lost: {what}')
            self.compare(t, trace, what)

    def compare(self, t, trace, what):
        recorded = {thread['name']: thread['calls'] - 1 for thread in trace['summary']['threads']}
        tabled = {row['function']: row['calls'] for row in trace['summary']['functions']}
        for number, calls in enumerate(self.counted):
            found = max(recorded.get(f'thread{number}', 0), 0), tabled.get(f'leaf{number}', 0)
            # A call is recorded, then counted in the table, then ends, then is counted by the program itself.
            t.true(calls <= found[1] <= found[0] <= calls + 1, f'thread {number} had made {calls} calls; recorded and '
                   f'tabled are {found}: {what}')


def check_all(t, batch, validate):
    raws = [raw for killed in batch for raw in killed.raws]
    if raws:
        result = t.run([t.calltrace, 'json', '--compact', '--max-depth', '1', *raws])
        unread = sum(not os.path.exists(raw[:-3] + '.json') for raw in raws)
        t.equal((result.status, len(result.err.splitlines())), (2 if unread else 0, unread), str(result))
        for number, killed in enumerate(batch):
            killed.check(t, result.err, validate and number < 2)
    shutil.rmtree('killed')


@pitfall(5, 30)
@cases(**MATRIX)
def test_killed_at_any_instant(t, compiler, level, way):
    program = t.compile(['kill.c'], 'kill', compiler, level, ['-pthread', '-w', *linked(t, way)])
    t.run([t.calltrace, 'index', '-q', program], check=True)
    pick = random.Random(t.seed(f'kill {compiler} {level} {way}'))
    kills = t.times(8)
    for first in range(0, kills, BATCH):
        check_all(t, [Killed(t, program, way, str(number % 2), pick.choice([0.0005, 0.003, 0.01]) * pick.random(), number)
                      for number in range(first, min(first + BATCH, kills))], first == 0)
