"""Whatever signal ends a program, on whichever thread: it ends as without us, and the trace says of what and where."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from crashes import crash_of, functions, line_of, place  # noqa: E402

SENT = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS', 'SIGABRT', 'SIGQUIT', 'SIGXCPU', 'SIGXFSZ', 'SIGINT',
        'SIGTERM', 'SIGHUP', 'SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGIO', 'SIGPWR',
        'SIGSTKFLT']
WHERE = {'compiler': ['gcc', 'clang'], 'where': ['main', 'thread']}


def die(t, program, what, where='main', **more):
    """The crash, after the program has died of what it dies untraced."""
    argv = [program, what] + ([where] if where != 'main' else [])
    untraced = t.run(argv, env={'LD_PRELOAD': None})
    recording = t.record(argv, folder=f'{what.replace(":", "-")}-{where}', **more)
    t.true(untraced.status > 128, f'{what}: {untraced}')
    t.equal(recording.result.status, untraced.status, f'{what}: status')
    crash, trace = crash_of(t, recording)
    t.equal(crash['signal'], untraced.status - 128, f'{what}: signal')
    t.equal(crash['thread_id'] == trace['metadata']['pid'], where != 'thread', f'{what}: thread of the crash')
    t.equal(crash['threads'][0]['thread_id'], crash['thread_id'], f'{what}: the first thread')
    return crash, recording


@pitfall(5, 29)
@cases(**WHERE)
def test_sent(t, compiler, where):
    program = t.compile(['dying.c'], 'dying', compiler, flags=['-pthread'])
    # all of them in two of the four
    for name in SENT if (compiler == 'gcc') == (where == 'main') else ['SIGSEGV', 'SIGABRT', 'SIGTERM']:
        crash, _ = die(t, program, name, where)
        t.equal(crash['name'], {'SIGIO': 'SIGPOLL'}.get(name, name), 'name')
        t.contains(crash['cause'], 'the program')
        t.true(not crash.get('fault'), 'is no fault')
        stack = crash['threads'][0]
        t.equal(functions(stack), ['send_to_self', 'die', 'in_thread' if where == 'thread' else 'main'], name)
        inner = [frame for frame in stack['stack'] if 'id' in frame][0]
        t.equal(place(inner), f'dying.c:{line_of(t, "dying.c", "raise(signal);")}', f'{name}: place')
        t.contains([frame.get('function') for frame in stack['stack']], 'raise')


FAULTS = {
    'null': ('SIGSEGV', 'read', '0x0', 'a null pointer', 'read_null', 'sink = *(const volatile char *) from'),
    'write:low': ('SIGSEGV', 'write', '0x8', '8 bytes behind a null pointer', 'write_to', '*(volatile char *) to = 1'),
    'divide': ('SIGFPE', None, None, None, 'divide', 'sink = sink / by'),
    'nonsense': ('SIGILL', None, None, None, 'run_nonsense', '"ud2"'),
    'breakpoint': ('SIGTRAP', None, None, None, 'breakpoint', '"int3"'),
    'file': ('SIGBUS', 'read', None, 'read-only data of .*/short-file', 'read_null', 'sink = *(const volatile char *) from'),
}


@cases(**WHERE)
def test_faults(t, compiler, where):
    level = '-O2' if where == 'thread' else '-O0'
    program = t.compile(['dying.c'], 'dying', compiler, level, flags=['-pthread'])
    for what, (name, access, address, lies_in, function, line) in FAULTS.items():
        crash, _ = die(t, program, what, where)
        t.equal((crash['name'], crash.get('access'), crash.get('fault')), (name, access, True), what)
        if address:
            t.equal(crash['address'], address, what)
        if lies_in:
            t.true(re.fullmatch(lies_in, crash['lies_in']), f'{what}: {crash["lies_in"]}')
        frame = crash['threads'][0]['stack'][0]
        t.equal((frame['function'], place(frame)), (function, f'dying.c:{line_of(t, "dying.c", line)}'), what)
        t.equal(frame['address'] == crash['registers']['rip'], True, 'address of the innermost frame')


PLACES = {
    'write:constant': r'read-only data of .*/dying',
    'write:code': r'divide, code of .*/dying',
    'write:read-only': r'memory of malloc\(\) or mmap\(\), which is read-only',
    'write:forbidden': r'memory of malloc\(\) or mmap\(\) that may not be used \(PROT_NONE\)',
    'write:unmapped': r'(\d+ bytes (behind the end of|before) .*|unmapped: .*)',
    'write:negative': r'8 bytes before a null pointer',
}


@cases(compiler=['gcc', 'clang'])
def test_addresses(t, compiler):
    program = t.compile(['dying.c'], 'dying', compiler, flags=['-pthread'])
    for what, lies_in in PLACES.items():
        crash, _ = die(t, program, what)
        t.true(re.fullmatch(lies_in, crash['lies_in']), f'{what}: {crash["lies_in"]}')
        t.equal(crash['access'], 'write', what)
    crash, _ = die(t, program, 'write:high')
    t.equal((crash.get('address'), crash.get('lies_in')), (None, None), 'the processor does not tell')
    t.contains(crash['cause'], 'not canonical')


@pitfall(18)
@cases(**WHERE)
def test_stack_overflow(t, compiler, where):
    level = '-O0' if compiler == 'gcc' else '-O2'
    flags = ['-pthread', '-fno-optimize-sibling-calls']
    program = t.compile(['dying.c'], 'dying', compiler, level, flags=flags)
    crash, recording = die(t, program, 'recurse', where, options=['--args'])
    t.equal(crash['name'], 'SIGSEGV', 'signal')
    t.contains(crash['cause'], 'the stack is full')
    t.true(re.search('stack of thread', crash['lies_in']), crash['lies_in'])
    stack = crash['threads'][0]['stack']
    recorded = [frame for frame in stack if 'id' in frame]
    t.equal({frame['function'] for frame in recorded[:96]}, {'recurse'}, 'the innermost calls')
    t.equal([frame['function'] for frame in recorded[-3:]],
            ['recurse', 'die', 'in_thread' if where == 'thread' else 'main'], 'the outermost calls')
    depths = [frame['arguments'][0].get('value') for frame in recorded if frame['function'] == 'recurse']
    t.equal(depths[-1], 0, 'argument of the first call')
    t.equal(depths[:90], list(range(depths[0], depths[0] - 90, -1)), 'arguments')
    omitted = sum(frame.get('omitted', 0) for frame in stack)
    t.equal(len(depths) + omitted, depths[0] + 1, 'calls told of and left out')


def test_crash_in_a_library(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    crash, recording = die(t, program, 'strlen', options=['--args'])
    inner, call = crash['threads'][0]['stack'][:2]
    t.equal('id' in inner, False, 'strlen() is not recorded')
    t.true('libc' in inner['module'], inner['module'])
    t.equal((call['function'], place(call)), ('measure', f'dying.c:{line_of(t, "dying.c", "(int) strlen(text)")}'), 'call')
    t.equal(call['arguments'][0], {'name': 'text', 'type': 'const char *', 'address': '0x10', 'unreadable': True}, 'text')


def test_call_of_a_null_pointer(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    crash, recording = die(t, program, 'call-null')
    t.equal((crash['access'], crash['address']), ('execute', '0x0'), 'access')
    inner, call = crash['threads'][0]['stack'][:2]
    t.equal('function' in inner, False, 'there is no function')
    t.equal((call['function'], place(call)), ('call', f'dying.c:{line_of(t, "dying.c", "	function();")}'), 'call')


def test_crash_in_a_callback(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    crash, recording = die(t, program, 'sort')
    t.equal(functions(crash['threads'][0]), ['read_null', 'compare', 'sort', 'die', 'main'], 'calls')
    through = [frame['function'] for frame in crash['threads'][0]['stack'] if 'through' in frame]
    t.equal(through, ['sort'], 'calls through code that is not instrumented')


def test_timer(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    crash, recording = die(t, program, 'alarm')
    t.equal(crash['cause'], 'a timer of the program ran out', 'cause')
    t.contains([frame.get('function') for frame in crash['threads'][0]['stack']], 'pause')


def test_hundred_threads(t):
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    crash, recording = die(t, program, 'null', '100')
    t.equal((crash['threads_seen'], len(crash['threads'])), (101, 101), 'threads')
    for thread in crash['threads'][1:]:
        t.equal((thread['system_call'], functions(thread)), ('pause', ['wait_in_thread']), 'open calls')
        t.equal(thread['stack'][0]['function'], 'pause', 'innermost frame')
