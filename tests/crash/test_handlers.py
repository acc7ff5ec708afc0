"""A program's own handlers and alternate stacks are as they are untraced; where it dies in the end, the trace says of what."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from crashes import crash_of, functions  # noqa: E402

# what: (signal that ends it or None, calls open at its death)
TRIED = {
    'questions': (None, None),
    'stacks': (None, None),
    'waits': (None, None),
    'timers': (None, None),
    'jump': (None, None),
    'info': (None, None),
    'ignored': (None, None),
    'own-stack': (None, None),
    'onstack-without': (None, None),
    'raise-again': (11, ['fault', 'choose']),
    'return-again': (11, ['fault', 'choose']),
    'abort': (6, ['choose']),
    'crash-in-handler': (11, ['crashes_too', 'choose']),
    'threads': (12, None),
    'default': (11, ['fault', 'choose']),
}


def both(t, argv, name):
    """What it does untraced; traced by `run`, which must be the same."""
    untraced = t.run(argv, env={'LD_PRELOAD': None})
    recording = t.record(argv, folder='trace-' + name, options=['-q'])
    t.equal((recording.result.status, recording.result.out, recording.result.err),
            (untraced.status, untraced.out, untraced.err), name)
    return untraced, recording


@pitfall(27)
@cases(when=['first', 'later'], half=[0, 1])
def test_handlers(t, when, half):
    compiler = 'clang' if when == 'first' else 'gcc'
    program = t.compile(['handlers.c'], 'handlers', compiler, flags=['-pthread', '-Wno-deprecated-declarations'])
    for what, (signal, calls) in list(TRIED.items())[half::2]:
        untraced, recording = both(t, [program, what, when], what)
        t.equal(untraced.status - 128 if untraced.status > 128 else None, signal, f'{what}: {untraced}')
        if signal:
            crash, _ = crash_of(t, recording)
            t.equal(crash['signal'], signal, f'{what}: signal')
            t.equal('registers' in crash, what != 'abort', f'{what}: a record')  # glibc's abort() asks nobody
            if calls:
                t.equal(functions(crash['threads'][0]), calls, f'{what}: open calls')
        else:
            for trace in recording.traces:
                t.equal('crash' in t.json(trace)['metadata'], False, f'{what}: a crash')


def test_children(t):
    program = t.compile(['handlers.c'], 'handlers', flags=['-pthread', '-Wno-deprecated-declarations'])
    both(t, [program, 'children'], 'children')


def test_handler_that_is_gone_by_itself(t):
    """SA_RESETHAND: the kernel puts the default back and tells nobody. There is no record, but the open calls."""
    program = t.compile(['handlers.c'], 'handlers', flags=['-pthread', '-Wno-deprecated-declarations'])
    untraced, recording = both(t, [program, 'reset'], 'reset')
    t.equal(untraced.signal, 11, 'signal')
    crash, _ = crash_of(t, recording)
    t.equal((crash['name'], 'registers' in crash), ('SIGSEGV', False), 'what is known')
    t.equal(functions(crash['threads'][0]), ['fault', 'choose'], 'open calls')


def test_killed(t):
    """SIGKILL: as above."""
    program = t.compile(['dying.c'], 'dying', flags=['-pthread'])
    recording = t.record(['sh', '-c', 'exec "$0" "$@"', program, 'SIGKILL'])
    t.equal(recording.result.status, 137, 'status')
    crash, _ = crash_of(t, recording)
    t.equal(crash['name'], 'SIGKILL', 'signal')
    t.equal(functions(crash['threads'][0]), ['send_to_self', 'die', 'main'], 'open calls')
    t.contains(recording.result.err, 'was ended: SIGKILL\n')


@pitfall(30)
def test_crash_in_our_handler(t):
    """What it writes into is gone: the program still dies of the first signal."""
    program = t.compile(['handlers.c'], 'handlers', flags=['-pthread', '-Wno-deprecated-declarations'])
    untraced, _ = both(t, [program, 'blind'], 'blind')
    t.equal(untraced.signal, 8, 'signal')


@pitfall(19)
@cases(compiler=['gcc', 'clang'])
def test_sanitised(t, compiler):
    """AddressSanitizer's handlers and stacks are there first; what it leaves is ours."""
    program = t.compile(['dying.c'], 'dying', compiler, flags=['-pthread', '-fsanitize=address'])
    # clang's symbolizer takes seconds for a full stack
    deep = [('recurse', None)] if compiler == 'gcc' else []
    for what, signal in [('null', None), ('abort', 6), ('SIGTERM', 15), *deep]:
        env = {'ASAN_OPTIONS': 'log_path=stderr', 'UBSAN_OPTIONS': 'log_path=stderr'}
        untraced = t.run([program, what], env={'LD_PRELOAD': None, **env})
        recording = t.record([program, what], folder='trace-' + what, options=['-q'], env=env)
        t.equal(recording.result.status, untraced.status, f'{what}: status')
        t.equal(headings(recording.result.err), headings(untraced.err), f'{what}: what it says')
        crash = t.json(recording.traces[0])['metadata'].get('crash')
        t.equal(crash['signal'] if crash else None, signal, f'{what}: crash')


def headings(text):
    """What AddressSanitizer found."""
    return re.findall(r'(?:ERROR|SUMMARY): AddressSanitizer: [\w-]+', text, re.M)


def test_turned_off(t):
    program = t.compile(['handlers.c'], 'handlers', flags=['-pthread', '-Wno-deprecated-declarations'])
    recording = t.record([program, 'default'], env={'CALLTRACE_SIGNALS': 'false'})
    t.equal(recording.result.status, 128 + 11, 'status')
    t.equal('registers' in crash_of(t, recording)[0], False, 'a record')
