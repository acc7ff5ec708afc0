"""Programs that a test starts have traces of their own, which say which test it was."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
import suites  # noqa: E402

# test, parameter, status: how many programs it starts, with what they fork
STARTED = {('spawns', None, 'passed'): 3, ('by_a_shell', None, 'passed'): 2, ('forks_and_executes', None, 'passed'): 1,
           ('executes', None, 'passed'): 1, ('fails', None, 'failed'): 1, ('each', 0, 'passed'): 1, ('each', 1, 'passed'): 1}


@pitfall(20, 21)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], seam=['preload', 'linked'])
def test_programs_that_tests_start(t, compiler, level, seam):
    suite = suites.link(t, suites.compile_objects(t, ['starts.c'], compiler, level), 'suite', compiler, seam)
    program = t.compile('started.c', 'started', compiler, level)
    env = {'STARTED': program}
    plain = t.run([suite, '-j1', '-q'], env)
    recording = t.record([suite, '-j1', '-q'], options=['-q'], env=env)
    t.equal((recording.result.status, recording.result.out, suites.normal(recording.result.err)),
            (plain.status, plain.out, suites.normal(plain.err)), 'behaviour')
    found, expected = collections.Counter(), dict(STARTED)
    for path in recording.traces:
        about = t.json(path)['metadata']
        if about['executable'] != program:
            t.lacks(about.get('test', {}), 'executable', 'the test of a process of the suite')
            continue
        test = about['test']
        t.equal((test['suite'], test['executable'], test['file'].endswith('starts.c'), about['role']),
                ('starts', suite, True, 'program'), f'test of {path}')
        t.true(os.path.basename(path).startswith('started'), f'name of {path}')
        t.true('parent_trace' in about or test['name'] == 'by_a_shell', f'parent of {path}')
        found[test['name'], test['parameter'], test['status']] += 1
    t.equal(dict(found), expected, 'programs of each test')
    report = t.run([t.calltrace, 'report', '--tests-of', 'work', t.path('trace')], check=True)
    for name in 'spawns', 'by_a_shell', 'forks_and_executes', 'fails', 'each[0]', 'each[1]':
        t.contains(report.out, f'starts::{name}', 'tests that reach work()')


def test_other_programs_belong_to_no_test(t):
    """What the runner starts, or stands beside it under `calltrace run`."""
    suite = suites.link(t, suites.compile_objects(t, ['starts.c'], 'gcc', '-O0'), 'suite', 'gcc', 'preload')
    program = t.compile('started.c', 'started', 'gcc', '-O0')
    recording = t.record(['sh', '-c', f'{program} before; {suite} -j1 -q --filter starts/spawns && {program} after'],
                         options=['-q'], env={'STARTED': program})
    t.equal(recording.result.status, 0, 'status')
    tied = [t.json(path)['metadata'].get('test', {}).get('name') for path in recording.traces
            if t.json(path)['metadata']['executable'] == program]
    t.equal(sorted(map(str, tied)), ['None', 'None', 'spawns', 'spawns', 'spawns'], 'programs and their tests')
