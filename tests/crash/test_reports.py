"""Who prints what: `calltrace run`, `calltrace show`, the library alone; programs and Criterion's tests."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from crashes import functions, line_of, place  # noqa: E402


def reports(text):
    """The lines that begin a report."""
    return [line for line in text.splitlines() if re.search(r'\(pid \d+\) (crashed|timed out|was ended)', line)]


def test_program_under_run(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    recording = t.record([program, 'null', '2'], options=['--args'])
    text = recording.result.err
    t.equal(reports(text), [f'dying (pid {t.json(recording.traces[0])["metadata"]["pid"]}) crashed: SIGSEGV, reading 0x0: '
                            'a null pointer'], 'reports')
    line = line_of(t, 'dying.c', 'sink = *(const volatile char *) from')
    t.true(re.search(rf'\n    read_null\(from=NULL\) +dying.c:{line}\n', text), text)
    t.true(re.search(r'\n  thread \d+ dying( and 1 more, all|,) waiting in the system call pause:\n'
                     r'    pause\+0x\w+ +.*libc.*\n    wait_in_thread\(unused=NULL\) ', text), text)
    t.contains(text, '\nmore of it: calltrace show trace\n')
    t.lacks(text, 'registers:')
    shown = t.run([t.calltrace, 'show', recording.folder], check=True).out
    t.contains(shown, '\ncrashed: SIGSEGV, reading 0x0: a null pointer\n')
    t.contains(shown, '  registers:\n    rax ')
    t.equal(t.run([t.calltrace, 'show', '--no-args', recording.folder], check=True).out.count('from=NULL'), 0, '--no-args')
    quiet = t.record([program, 'null'], folder='quiet', options=['-q'])
    t.equal((quiet.result.out, quiet.result.err), ('', ''), 'with -q')
    off = t.record([program, 'null'], folder='off', env={'CALLTRACE_CRASH_REPORT': 'no'})
    t.equal(reports(off.result.err), [], 'with CALLTRACE_CRASH_REPORT=no')


def test_show_reads_either_file_alike(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    recording = t.record([program, 'null', '2'], options=['--args', '--keep-raw'])
    raw = glob.glob(recording.folder + '/*.ct')
    shown = [t.run([t.calltrace, 'show', path], check=True).out for path in (raw[0], recording.traces[0])]
    t.equal(shown[1], shown[0], 'show of JSON, and of the raw trace')


def test_program_alone(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    result = t.run([program, 'null'], {'LD_PRELOAD': t.lib})
    t.equal(result.signal, 11, 'signal')
    t.equal(len(reports(result.err)), 1, result.err)
    t.contains(result.err, 'more of it: calltrace show dying.json\n')
    t.equal(t.validate('dying.json')['metadata']['crash']['name'], 'SIGSEGV', 'name')
    t.equal(glob.glob('*.ct'), [], 'raw traces that are left')
    result = t.run([program, 'null'], {'LD_PRELOAD': t.lib, 'CALLTRACE_CRASH_REPORT': 'false'})
    t.equal((result.signal, result.out, result.err), (11, '', ''), 'told to be quiet')
    result = t.run([program, 'null'], {'LD_PRELOAD': t.lib, 'CALLTRACE_SIGNALS': 'false'})
    t.equal((result.signal, result.out, result.err), (11, '', ''), 'without handlers')


def check_suite(t, traces):
    crashes = {name: trace['metadata'].get('crash') for name, trace in traces.items()}
    found = {name: (crash['name'], crash['expected'], crash.get('timeout', False)) for name, crash in crashes.items() if crash}
    t.equal(found, {'crashes': ('SIGSEGV', False, False), 'crashes_as_expected': ('SIGSEGV', True, False),
                    'crashes_otherwise_than_expected': ('SIGABRT', False, False), 'hangs': ('SIGPROF', False, True)}, 'crashes')
    hung = [thread for thread in crashes['hangs']['threads'] if functions(thread)]  # not the framework's
    t.equal(sorted(functions(thread)[0] for thread in hung), ['deaths_hangs_impl', 'wait_for'], 'innermost calls')
    for thread in hung:
        call = [frame for frame in thread['stack'] if 'id' in frame][0]
        if call['function'] == 'wait_for':
            t.equal((thread['state'], thread['system_call']), ('waiting', 'pause'), 'what it waits in')
            t.equal(call['arguments'][0]['name'], 'what', 'its argument')
            t.equal(place(call), f'suite.c:{line_of(t, "suite.c", "		pause();")}', 'where')
        else:
            t.equal(place(call), f'suite.c:{line_of(t, "suite.c", "	pthread_join(")}', 'where')


def named(t, paths):
    traces = [t.validate(path) for path in paths]
    return {trace['metadata']['test']['name']: trace for trace in traces if 'test' in trace['metadata']}


@pitfall(28, 29)
@cases(compiler=['gcc', 'clang'])
def test_suite(t, compiler):
    program = t.compile(['suite.c'], 'suite', compiler, criterion=True)
    recording = t.record([program, '-j1'], options=['--args'])
    check_suite(t, named(t, recording.traces))
    lines = sorted(re.sub(r' \(pid \d+\)', '', line) for line in reports(recording.result.err))
    t.equal(lines, ['deaths::crashes crashed: SIGSEGV, reading 0xc: 12 bytes behind a null pointer',
                    'deaths::crashes_otherwise_than_expected crashed: SIGABRT, the program called abort(), or raised it',
                    'deaths::hangs timed out: SIGPROF, it took longer than its 2 s'], 'reports')
    t.true(re.search(r'\n    look_into\(numbers=NULL, at=3\) ', recording.result.err), recording.result.err)


def test_suite_alone(t):
    program = t.compile(['suite.c'], 'suite', criterion=True)
    untraced = t.run([program, '-j1'], {'LD_PRELOAD': None})
    for wanted in (None, 'true'):
        env = {'LD_PRELOAD': t.lib, 'CALLTRACE_CAPTURE_ARGS': 'true', 'CALLTRACE_CRASH_REPORT': wanted}
        result = t.run([program, '-j1'], env)
        t.equal(result.status, untraced.status, 'status')
        t.equal(len(reports(result.err)), 3 if wanted else 0, result.err)
        check_suite(t, named(t, glob.glob('suite.calltrace/*.json')))


def test_many(t):
    """Not more than five are told of; the others are counted."""
    t.write('many.c', '#include <criterion/criterion.h>\n' + ''.join(
        f'Test(many, n{i}) {{ *(volatile int *) {i + 1} = 0; }}\n' for i in range(8)))
    program = t.compile([t.path('many.c')], 'many', criterion=True)
    text = t.record([program]).result.err
    t.equal(len(reports(text)), 5, text)
    t.contains(text, 'and 3 more that ended by a signal\n')
