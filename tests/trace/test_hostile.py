"""Names, paths and messages that were made to harm whoever reads them: they reach no terminal, and lead nowhere."""
import json
import os
import re
import shutil

from harness import pitfall

EVIL = 'a\x1b]0;owned\x07b\x9bc\u202ed\ne'
HARMFUL = re.compile(r'[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')


def record(t):
    program = t.compile([os.path.join(t.root, 'tests/recorder/threads.c')], 'program', flags=['-pthread'])
    t.record([program, '3'])
    return 'trace/program.json'


def spoil(value, key=''):
    """Every text that a reader does not look for, with something else in it."""
    if isinstance(value, dict):
        return {name: spoil(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [spoil(item, key) for item in value]
    fixed = ('version', 'timestamp', 'address', 'bias', 'build_id', 'role', 'phase', 'ended', 'status', 'kind', 'keep')
    if isinstance(value, str) and key not in fixed:
        return value + EVIL
    return value


def check(t, result, what):
    for name, text in (('stdout', result.out), ('stderr', result.err)):
        found = HARMFUL.search(text)
        t.true(not found, f'{what}: {name} has {found and found.group()!r}: {found and text[max(0, found.start() - 60):found.end() + 20]!r}')


@pitfall(24, 42)
def test_names_reach_no_terminal(t):
    trace = t.json(record(t))
    trace['metadata']['test'] = {'suite': 's', 'name': 'n', 'file': 'f.c', 'line': 3, 'parameter': None, 'status': 'failed',
                                 'ended': 'assertion', 'exit_status': 1}
    trace['metadata']['stopped'] = 'why'
    trace['metadata']['parent_trace'] = 'parent.json'
    trace = spoil(trace)
    os.mkdir('spoilt')
    t.write('spoilt/one.json', json.dumps(trace))
    t.write('spoilt/two.json', json.dumps(trace)[:-30])
    name = 'spoilt/' + EVIL.replace('/', '') + '.json'
    t.write(name, '{"metadata": 1}')
    os.mkdir('no' + EVIL)
    for options in ([], ['--plain'], ['--thread', '1'], ['--function', EVIL], ['--test', '*'], ['--format', EVIL]):
        check(t, t.run([t.calltrace, 'show', *options, 'spoilt']), f'show {options}')
    for options in ([], ['--tests'], ['--uncovered'], ['--tests-of', '*'], ['--callers-of', '*'], ['--' + EVIL], ['--binary', 'no' + EVIL]):
        check(t, t.run([t.calltrace, 'report', *options, 'spoilt']), f'report {options}')
    for argv in ([t.calltrace, 'json', name], [t.calltrace, 'index', 'no' + EVIL], [t.calltrace, 'doctor', 'no' + EVIL],
                 [t.calltrace, 'run', 'no' + EVIL], [t.calltrace, EVIL], [t.calltrace, 'show', 'no' + EVIL]):
        check(t, t.run(argv), f'{argv}')


@pitfall(24, 42)
def test_names_of_processes_and_threads(t):
    """A program may be called anything, and so may its threads."""
    t.write('named.c', '#include <sys/prctl.h>\nint main(void) { return 0; }\n__attribute__((constructor)) static void early(void) {}\n')
    program = t.compile(['named.c'], 'named')
    evil = t.path(EVIL)
    shutil.copy(program, evil)
    result = t.run([t.calltrace, 'run', '-o', 'trace', '--', evil])
    check(t, result, 'run')
    for what in ('show', 'report'):
        check(t, t.run([t.calltrace, what, 'trace']), what)
    check(t, t.run([t.calltrace, 'doctor', evil]), 'doctor')
    check(t, t.run([t.calltrace, 'index', evil]), 'index')
    t.equal([name for name in os.listdir('.') if name not in ('named.c', 'named', EVIL, 'trace', '.cache', EVIL + '.ctidx')], [], 'files')
