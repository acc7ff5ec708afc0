"""<calltrace/calltrace.h>, by a program that is linked with the library, as pkg-config says."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import Recording, cases, pitfall  # noqa: E402
from programs import MATRIX, counts, only, ours, same, traces  # noqa: E402


def flags(t, *words):
    """As installed, but from the build folder."""
    return t.run(['pkg-config', '--define-variable=libdir=' + t.build,
                  '--define-variable=includedir=' + t.root + '/include',
                  *words, 'calltrace'], {'PKG_CONFIG_PATH': t.build}, check=True).out.split()


def build(t, compiler='gcc', level='-O0', order='last'):
    """order: where the library is named. Distributions link with --as-needed, which drops one nobody needed yet."""
    libraries = [*flags(t, '--libs'), '-Wl,-rpath,' + t.build]
    words = ['-Wl,--as-needed', *(libraries if order == 'first' else []), t.source('api.c'),
             *(libraries if order == 'last' else [])]
    t.run([compiler, level, '-g', '-finstrument-functions', *flags(t, '--cflags'), *words, '-o', t.path('api')],
          check=True)
    return t.path('api')


def run(t, what, env=(), way='link', **how):
    """On its own, without LD_PRELOAD; or with it, too. Returns the JSON files."""
    env = {'LD_PRELOAD': t.lib if way == 'preload' else None, **dict(env)}
    return Recording(t.tmp, t.run([build(t, **how), what], env, check=True))


@pitfall(16, ways=('link',))
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], order=['first', 'last'])
def test_linked(t, compiler, level, order):
    recording = run(t, '', compiler=compiler, level=level, order=order)
    t.equal((recording.result.out, recording.result.err),
            ('at first: recording, a trace\nat last: recording, a trace\n', ''), 'said')
    t.equal(counts(only(t, recording)), {'main': 1, 'report': 2}, 'calls')


def test_plain_program_linked(t):
    """One that does not use the API at all: the library is there all the same, and its hooks are the ones called."""
    libraries = [*flags(t, '--libs'), '-Wl,-rpath,' + t.build]
    t.run(['gcc', '-g', '-finstrument-functions', '-Wl,--as-needed', *libraries, t.source('plain.c'), '-o', 'plain'],
          check=True)
    t.run(['./plain'], check=True)
    t.equal(counts(t.validate('plain.json')), {'main': 1, 'five': 5, 'nest': 7}, 'calls')


def test_static_library(t):
    t.run(['gcc', '-g', '-finstrument-functions', t.source('plain.c'), '-Wl,--whole-archive',
           t.build + '/libcalltrace.a',
           '-Wl,--no-whole-archive', '-o', 'plain'], check=True)
    result = t.run(['./plain'], {'CALLTRACE_PROGRAM': t.calltrace}, check=True)
    t.equal(result.err, '', 'said')
    t.equal(counts(t.validate('plain.json')), {'main': 1, 'five': 5, 'nest': 7}, 'calls')


def test_linked_under_run(t):
    recording = t.record([build(t), ''], options=['-q'])
    t.equal(counts(only(t, recording)), {'main': 1, 'report': 2}, 'calls')


@pitfall(11)
@cases(**MATRIX)
def test_pause_and_resume(t, compiler, level, way):
    recording = run(t, 'pauses', way=way, compiler=compiler, level=level)
    trace = only(t, recording)
    t.equal(recording.result.out,
            'at first: recording, a trace\npaused: not recording, no path\nresumed: recording, a trace\n'
                                  'at last: recording, a trace\n', 'said')
    found = counts(trace)
    t.equal([found.get(name, 0) for name in ('pauses', 'first', 'second', 'third', 'in_thread')], [1, 3, 2, 0, 0],
            'calls')
    t.equal(trace['metadata']['complete'], True, 'complete')


@pitfall(11)
@cases(**MATRIX)
def test_cleanup_in_the_middle_of_calls(t, compiler, level, way):
    recording = run(t, 'cleanup', way=way, compiler=compiler, level=level)
    t.equal(recording.result.out, 'at first: recording, a trace\nat last: not recording, no path\n', 'said')
    t.equal(counts(only(t, recording)), {'main': 1, 'report': 1}, 'calls')


@pitfall(11, ways=('link',))
def test_two_recordings(t):
    """calltrace_cleanup(), and anew after calltrace_init(): neither is lost."""
    recording = run(t, 'again')
    t.equal(recording.result.out, 'at first: recording, a trace\nafter the first: not recording, no path\n'
                                  'in the second: recording, a trace\nat last: recording, a trace\n', 'said')
    t.equal({name: counts(trace) for name, trace in traces(t, recording).items()},
            {'api.json': {'main': 1, 'report': 1, 'again': 1, 'first': 1}, 'api.2.json': {'report': 2, 'third': 2}},
            'the two')


def test_marks(t):
    trace = only(t, run(t, 'marks'))
    notes = []

    def collect(calls):
        for call in calls:
            notes.extend(mark for mark in call.get('marks', []))
            collect(call['children'])
    for thread in trace['call_trees'].values():
        notes.extend(thread.get('marks', []))
        collect(thread['calls'])
    texts = [mark.get('text') for mark in notes if mark['kind'] == 'note']
    t.equal(texts[-1:], [255 * 'x'], 'the long one is cut')
    t.equal([text for text in texts if text][:1], ['a note'], 'the short one')
    t.true(any(text and text.startswith('ä "quoted" \\ \n ') for text in texts), f'the odd one: {texts}')


def test_errno(t):
    recording = run(t, 'errno')
    t.equal(recording.result.out, 'at first: recording, a trace\nat last: recording, a trace\n', 'said')


@cases(what=['', 'pauses', 'again', 'marks', 'cleanup'])
def test_disabled(t, what):
    recording = run(t, what, {'CALLTRACE_ENABLED': 'false'})
    expected = {'again': 'no second recording\n'}.get(what, '')
    t.contains(recording.result.out, expected)
    t.lacks(recording.result.out, ': recording')
    t.equal((recording.traces, [name for name in os.listdir('.') if name.endswith('.ct')]), ([], []), 'files')


def test_nowhere_to_write(t):
    recording = run(t, 'again', {'CALLTRACE_OUTPUT': 'no/where/x.json'})
    t.contains(recording.result.out, 'no second recording\n')
    t.equal([line.split(': ')[2:] for line in ours(recording.result)],
            [['no trace can be written there', 'No such file or directory']], 'said')


def test_without_the_library(t):
    """libcalltrace is wanted at run time only by what uses the API: a program without it runs under libc's hooks."""
    program = t.compile(['plain.c'], 'plain')
    plain = t.run([program])
    t.equal((plain.status, plain.err, [name for name in os.listdir('.') if name != 'plain']), (0, '', []),
            'nothing happens')
    same(t, t.record([program], options=['-q']).result, plain)
