"""
--exclude and --only: the tree is that of a run without them, those calls taken out and what they called put in their
place; counts, call pairs, call sites and the report are equal.
"""
import os
import sys

from harness import cases

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from programs import traces  # noqa: E402
from test_limits import ALL, summary  # noqa: E402


def bare(call):
    return call['function'].split('(')[0]


def taken_out(calls, out, through=None):
    """[(function, site, how it ended, who made the call if that is not shown, calls)]"""
    found = []
    for call in calls:
        name = bare(call)
        if out(name):
            found += taken_out(call['children'], out, call['function'])
        else:
            found.append((name, call.get('site'), call.get('ended'), through or call.get('through'),
                          taken_out(call['children'], out)))
    return found


def trees(trace, out=lambda name: False):
    return [taken_out(thread['calls'], out) for thread in trace['call_trees'].values()]


def run(t, folder, argv, options=()):
    recording = t.record(argv, folder, [*options, '-q'], ALL, validate=False)
    t.equal((recording.result.status, recording.result.err), (0, ''), f'{recording.result}')
    trace, = traces(t, recording).values()
    return trace


def compare(t, whole, argv, options, names, key=lambda tree: tree):
    """With a run without options, which is in the folder `whole`."""
    part = run(t, 'part', argv, options)
    excluded = {bare(f) for f in part['summary']['functions'] if f.get('excluded')}
    t.equal(excluded, set(names), f'{options}: excluded functions')
    t.equal(summary(part), summary(whole), f'{options}: counts')
    t.equal(key(trees(part)), key(trees(whole, lambda name: name in names)), f'{options}: trees')
    meta, rows = part['metadata'], part['summary']['functions']
    t.equal((meta['lost'], meta['damaged'], meta['complete']), (whole['metadata']['lost'], 0, True), 'lost')
    t.equal(meta.get('excluded_calls', 0), sum(f['calls'] for f in rows if f.get('excluded')), 'excluded_calls')
    reports = [t.run([t.calltrace, 'report', '--uncovered', folder], check=True).out for folder in ('whole', 'part')]
    t.equal(reports[1], reports[0], 'report')


def called(trace):
    return {bare(f) for f in trace['summary']['functions']}


def sorted_trees(tree):
    """Of threads that run at the same time, in an order of their own."""
    return sorted(tree, key=repr)


@cases(build=['gcc -O2', 'clang -O0'])
def test_recursion_jumps_threads(t, build):
    binary = t.compile(['limits.c'], 'limits', *build.split(), ['-pthread'])
    argv = [binary, '400', '3', '1']
    whole = run(t, 'whole', argv)
    ours, everything = {'main', 'work', 'jump', 'first', 'second', 'third', 'fourth'}, called(whole)
    for options, names in [
            ('-x second', {'second'}), ('--exclude first,third,jump', {'first', 'third', 'jump'}), ('-x work', {'work'}),
            ('-x *', everything), ('--only fourth', everything - {'fourth'}), ('-x recorder/limits.c', ours),
            ('--only fi*,third -x third', everything - {'first'}), ('-x main,f*', {'main', 'first', 'fourth'})]:
        compare(t, whole, argv, options.split(), names, sorted_trees)


@cases(build=['gcc -O0', 'gcc -O2', 'clang -O0', 'clang -O2'])
def test_exceptions_and_inlining(t, build):
    """Frames that an exception leaves, inlined ones, some of them not shown; C++ names with and without parameters."""
    binary = t.compile(['excluded.cc'], 'excluded', *build.split())
    whole = run(t, 'whole', [binary])
    for pattern, names in [('Guard::Guard', {'Guard::Guard'}), ('Guard::~Guard,leaf', {'Guard::~Guard', 'leaf'}),
                           ('thrower*', {'thrower'}), ('catcher(int)', {'catcher'})]:
        compare(t, whole, [binary], ['-x', pattern], names)


@cases(values=[False, True])
def test_values(t, values):
    """No values of what is excluded; those of the others as always."""
    binary = t.compile(['limits.c'], 'limits', 'gcc', '-O1', ['-pthread'])
    options = ['--args'] if values else []
    trace = run(t, 'part', [binary, '300', '0', '0'], [*options, '--exclude', 'first'])

    def all_calls(calls):
        for call in calls:
            yield call
            yield from all_calls(call['children'])
    calls = [call for thread in trace['call_trees'].values() for call in all_calls(thread['calls'])]
    t.true(len(calls) > 100 and not any(call['function'] == 'first' for call in calls), f'{len(calls)} calls')
    seconds = [call for call in calls if call['function'] == 'second']
    t.equal({'arguments' in call for call in seconds}, {values}, 'arguments')
    t.true(any(call.get('through') == 'first' for call in seconds), 'through')


def test_criterion(t):
    """In a test's process, which finds the index that the runner made."""
    binary = t.compile(['excluded_test.c'], 'tests', criterion=True)
    recording = t.record([binary], options=['-q', '-x', 'helper'])
    for trace in traces(t, recording).values():
        if 'test' in trace['metadata']:
            t.equal(trace['metadata']['excluded_calls'], 5, 'excluded_calls')
            t.lacks(repr(trace['call_trees']), "'function': 'helper'")
            t.contains(repr(trace['call_trees']), "'through': 'helper'")


def test_patterns_that_match_nothing(t):
    binary = t.compile(['limits.c'], 'limits', flags=['-pthread'])
    recording = t.record([binary, '50', '0', '0'], options=['-q', '-x', 'frist,second, src/none.c', '--only', 'Work*,second'])
    said = [line for line in recording.result.err.splitlines()]
    t.equal([line.split("'")[1] for line in said], ['frist', 'src/none.c', 'Work*'], f'{said}')
    result = t.run([binary, '50', '0', '0'], {'LD_PRELOAD': t.lib, 'CALLTRACE_EXCLUDE': 'second,frist', 'CALLTRACE_OUTPUT': 'x.json'})
    t.equal(len(result.err.splitlines()), 1, f'{result}')
    t.contains(result.err, "CALLTRACE_EXCLUDE: 'frist'")
    t.equal([f['function'] for f in t.validate('x.json')['summary']['functions'] if f.get('excluded')], ['second'], 'excluded')


def advice_of(t, recording):
    line, = [line for line in recording.result.err.splitlines() if 'reached' in line]
    return line.rsplit('--exclude ', 1)[1]


@cases(limit=['--max-size 64K', '--max-size 256K --keep oldest', '--max-calls 3000', '--args --max-size 128K'])
def test_advice(t, limit):
    """What is advised is enough, and can be pasted."""
    binary = t.compile(['limits.c'], 'limits', flags=['-pthread'])
    words = [*limit.split(), '-q']
    recording = t.record([binary, '20000', '2', '1'], options=words, validate=False)
    result = t.sh(f'"$CALLTRACE" run {" ".join(words)} -o again --exclude {advice_of(t, recording)} -- {binary} 20000 2 1')
    t.equal((result.status, result.err), (0, ''), f'{result}')
    trace = t.json('again/limits.json')
    t.equal((trace['metadata']['lost'], 'max_calls' in trace['metadata']['flags']), ({}, False), 'what is lost')
    t.equal(summary(trace), summary(traces(t, recording)['limits.json']), 'counts')
    # Few are named, and not the ones that call the others.
    names = advice_of(t, recording).strip("'").split(',')
    t.lacks(' '.join(names), 'main')


def test_advice_for_cxx(t):
    """Names with spaces, commas, stars and quotes."""
    binary = t.compile(['excluded.cc'], 'excluded')
    recording = t.record([binary, '2000'], options=['-q', '--max-calls', '100'], validate=False)
    advice = advice_of(t, recording)
    result = t.sh(f'"$CALLTRACE" run -q --max-calls 100 -o again --exclude {advice} -- {binary} 2000')
    t.equal((result.status, result.err), (0, ''), f'{advice}: {result}')
    t.equal(t.json('again/excluded.json')['metadata']['truncated_calls'], 0, advice)


@cases(options=['', '-x helper', '-x outer', '-x *', '--max-size 64K', '--max-size 64K --keep oldest'])
def test_crash_report(t, options):
    """Where it crashed is told by frames of the machine where calls are not recorded; never by a wrong call."""
    binary = t.compile(['excluded_crash.c'], 'crash', level='-O1')
    recording = t.record([binary, 'on'], options=['-q', '-a', *options.split()], validate=True)
    t.equal(recording.result.status, 128 + 11, 'status')
    trace, = traces(t, recording).values()
    stack = trace['metadata']['crash']['threads'][0]['stack']
    recorded = [(f['function'], f.get('line'), f.get('through')) for f in stack if 'id' in f]
    machine = [(f['function'], f.get('line')) for f in stack if 'id' not in f][:3]
    helper, outer, main = ('helper', 6, None), ('outer', 19, None), ('main', 25, None)
    expected = {'': [helper, outer, main], '-x helper': [outer, main], '-x outer': [helper, ('main', None, 'outer')],
                '-x *': [], '--max-size 64K': [helper, outer, main], '--max-size 64K --keep oldest': []}[options]
    t.equal(recorded, expected, f'recorded calls of the stack: {stack}')
    t.equal(machine, {'-x helper': [helper[:2]], '-x *': [helper[:2], outer[:2], main[:2]],
                      '--max-size 64K --keep oldest': [helper[:2], outer[:2], main[:2]]}.get(options, []), 'the others')


@cases(options=['-x helper', '--max-size 64K'])
def test_absence_is_not_known(t, options):
    """That a call is not in the trace is no proof that there was none."""
    binary = t.compile(['excluded_crash.c'], 'crash', level='-O1')
    t.record([binary], options=['-q', *options.split()])
    excluded = options == '-x helper'
    t.write('x.expect', f'program crash\n  {"never helper" if excluded else "count leaf 20000"}\nend\n')
    result = t.run([t.calltrace, 'check', '-e', 'x.expect', 'trace'])
    t.true(result.status != 0, f'{result}')
    t.contains(result.out, 'was excluded' if excluded else 'lost: size_limit')
