"""`calltrace run --timeout`: what hangs is ended and tells where it was, the processes that it started too."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crashes import crash_of, functions  # noqa: E402


def test_program(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    recording = t.record([program, 'hang', '1'], options=['--args', '--timeout', '1'])
    t.equal(recording.result.status, 124, 'status')
    t.contains(recording.result.err, 'dying: ended, for it ran longer than 1 s\n')
    crash, _ = crash_of(t, recording)
    t.equal(crash['name'], 'SIGTERM', 'signal')
    t.equal(sorted(functions(thread) for thread in crash['threads']), [['die', 'main'], ['wait_in_thread']], 'open calls')
    t.true(re.search(r'dying \(pid \d+\) was ended: SIGTERM, sent by process \d+', recording.result.err),
           recording.result.err)


def test_suite_without_limits_of_its_own(t):
    t.write('slow.c', '#include <criterion/criterion.h>\n#include <unistd.h>\n'
            'static void stand_still(int n) { for (;;) pause(); }\nTest(slow, hangs) { stand_still(7); }\n')
    program = t.compile([t.path('slow.c')], 'slow', criterion=True)
    recording = t.record([program, '-j1'], options=['--args', '--timeout', '3'])
    t.equal(recording.result.status, 124, 'status')
    crashes = [trace['metadata']['crash'] for trace in map(t.json, recording.traces) if trace['metadata'].get('test')]
    t.equal([functions(crash['threads'][0]) for crash in crashes], [['stand_still', 'slow_hangs_impl']], 'open calls')
    t.contains(recording.result.err, 'stand_still(n=7)')


def test_deaf_program_is_killed(t):
    t.write('deaf.c', '#include <signal.h>\n#include <unistd.h>\n'
            'int main(void) { signal(SIGTERM, SIG_IGN); for (;;) pause(); }\n')
    program = t.compile([t.path('deaf.c')], 'deaf')
    recording = t.record([program], options=['--timeout', '1'])
    t.equal(recording.result.status, 124, 'status')
    crash, _ = crash_of(t, recording)
    t.equal((crash['name'], functions(crash['threads'][0])), ('SIGKILL', ['main']), 'what is known')


def test_in_time(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    recording = t.record([program, 'nothing'], options=['--timeout', '60'])
    t.equal(recording.result.status, 0, 'status')
    for wrong in ('0', 'x', '-1', '1.5'):
        result = t.run([t.calltrace, 'run', '--timeout', wrong, '--', program, 'nothing'])
        t.equal(result.status, 2, f'--timeout {wrong}')
        t.contains(result.err, '--timeout')
