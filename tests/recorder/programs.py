"""What the tests of this folder share."""
import os

from harness import Recording

MATRIX = {'compiler': ['gcc', 'clang'], 'level': ['-O0', '-O2'], 'way': ['preload', 'link']}
NOT_OURS = ['atoi', '__interceptor_atoi']  # <stdlib.h> has a body for it, which clang instruments


def linked(t, way):
    """Flags for a program that is to be traced by one of the two ways of MATRIX."""
    return [] if way == 'preload' else ['-Wl,--push-state,--no-as-needed', t.lib, '-Wl,--pop-state', '-Wl,-rpath,' + t.build]


def traced_as_untraced(t, argv, folder='trace', env=(), ordered=True, validate=True, options=(), way='preload'):
    """Runs a program alone and under `calltrace run`, which must not differ; returns the Recording."""
    plain = t.run(argv, {**dict(env), **({'CALLTRACE_ENABLED': 'false'} if way == 'link' else {})})
    if way == 'link':  # by what it is linked with, and nothing else
        argv = ['env', '-u', 'LD_PRELOAD', *argv]
    recording = t.record(argv, folder, ['-q', *options], env, validate=validate)
    same(t, recording.result, plain, ordered)
    return recording


def same(t, result, plain, ordered=True):
    def lines(text):
        found = [line for line in text.splitlines() if not line.startswith('calltrace:')]
        return found if ordered else sorted(found)
    t.equal((result.status, lines(result.out), lines(result.err)), (plain.status, lines(plain.out), lines(plain.err)),
            f'behaviour of {" ".join(plain.argv)}')


def traces(t, recording):
    """{file name: trace}"""
    return {os.path.basename(path): t.json(path) for path in recording.traces}


def only(t, recording):
    t.equal(len(recording.traces), 1, f'number of traces: {recording.traces}\n{recording.result}')
    return t.json(recording.traces[0])


def counts(trace):
    """{function: calls}; C++ without parameters."""
    found = {}
    for row in trace['summary']['functions']:
        name = row['function'].split('(')[0]
        found[name] = found.get(name, 0) + row['calls']
    return {name: calls for name, calls in found.items() if calls and name not in NOT_OURS}


def tree(trace):
    """The calls of all threads, nested: [(function, how it ended or None, children)]."""
    def nested(calls):
        return [(call['function'].split('(')[0], call.get('ended'), nested(call['children'])) for call in calls]
    return [nested(thread['calls']) for thread in trace['call_trees'].values()]


def ours(result):
    """What the recorder, or calltrace, said."""
    return [line for line in result.err.splitlines() if line.startswith('calltrace:')]


def preloaded(t, argv, env=()):
    """A program with only the library preloaded; returns a Recording of what JSON is in the current folder."""
    return Recording(t.tmp, t.run(argv, {'LD_PRELOAD': t.lib, **dict(env)}))
