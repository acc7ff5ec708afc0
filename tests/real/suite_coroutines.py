"""Coroutines of libpcl: a program of ours that makes much of them, on stacks that are not the thread's."""
import collections
import glob

import traced
from harness import cases

NEEDS = {'pcl': ('debian', 'libpcl1')}
CONTEXTS = ['-DHAVE_GETCONTEXT', '-DHAVE_MAKECONTEXT', '-DHAVE_SWAPCONTEXT']


def ends(trace):
    """function -> how often it returned, and stays left."""
    found = collections.defaultdict(collections.Counter)
    waiting = [call for tree in trace['call_trees'].values() for call in tree['calls']]
    while waiting:
        call = waiting.pop()
        waiting += call['children']
        found[call['function']][call.get('ended')] += 1
    return found


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_suite(t, compiler, level):
    pcl = t.needs['pcl']
    sources = [t.source('coroutines.c'), *(path for path in sorted(glob.glob(pcl + '/pcl/*.c')) if not path.endswith('version.c'))]
    binary = traced.build(t, 'coroutines', sources, compiler, level, [*CONTEXTS, f'-I{pcl}/include', '-pthread'])
    for name, options in ('plain', ['--max-depth=1000']), ('values', ['--args', '--max-depth=1000']), ('shallow', ['--max-depth=7']):
        recording = traced.both(t, [binary, '30', '16384'], name, options=options)
        trace = t.json(recording.traces[0])
        counted = {words[0]: (int(words[1]), int(words[2])) for words in map(str.split, recording.result.out.splitlines()[-8:])}
        calls = {row['function']: row['calls'] for row in trace['summary']['functions']}
        t.equal({function: calls[function] for function in counted}, {function: a for function, (a, _) in counted.items()}, f'{name}: entered')
        if name != 'shallow':
            found = ends(trace)
            t.equal({function: found[function][None] for function in counted}, {function: b for function, (_, b) in counted.items()},
                    f'{name}: returned')
    # More of them than a thread first has room for, and lost would be said.
    traced.both(t, [binary, '200', '16384'], 'many', options=['--max-depth=10'])
    traced.check_report(t, 'values')
