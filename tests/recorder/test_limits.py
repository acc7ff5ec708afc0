"""
CALLTRACE_MAX_SIZE, _KEEP and _MAX_CALLS: what is kept is what an unlimited run has at its beginning or
its end, call by call; counts are those of an unlimited run; what is missing is counted and said. See limits.c.
"""
import os
import random
import signal
import subprocess
import sys
import time

from harness import cases

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from programs import counts, traces  # noqa: E402

ALL = {'CALLTRACE_MAX_DEPTH': '1000000', 'CALLTRACE_MAX_SIZE': '0', 'CALLTRACE_MAX_CALLS': '0',
       'CALLTRACE_PRETTY_JSON': 'false'}


def program(t, compiler='gcc', level='-O1'):
    return t.compile(['limits.c'], 'limits', compiler, level, ['-pthread'])


def run(t, name, argv, env=(), keep_raw=False):
    """{file name: trace}"""
    options = ['-q', '--keep-raw'] if keep_raw else ['-q']
    recording = t.record(argv, name, options, {**ALL, **dict(env)}, validate=False)
    t.equal(recording.result.status, 0, f'{recording.result}')
    return traces(t, recording)


def events(thread):
    """
    Of one thread's tree, in order: ('begin', depth, function, site) and ('end', depth, function, how). And how many calls
    there are whose beginning is not recorded: they come first.
    """
    found, unseen = [], 0
    todo = [(call, 0, False) for call in reversed(thread['calls'])]
    while todo:
        call, depth, ends = todo.pop()
        if ends:
            found.append(('end', depth, call['function'], call.get('ended')))
            continue
        found.append(('begin', depth, call['function'], call.get('site')))
        unseen += 'began' in call
        todo.append((call, depth, True))
        todo += [(child, depth + 1, False) for child in reversed(call['children'])]
    return found, unseen


def threads(trace):
    return [events(thread) for thread in trace['call_trees'].values()]


def calls(found):
    return sum(event[0] == 'begin' for event in found)


def summary(trace):
    """All that is counted, without the system's numbers."""
    rows = trace['summary']
    return ([(f['function'], f['calls']) for f in rows['functions']],
            [(p['caller'], p['callee'], p['calls']) for p in rows['call_pairs']],
            [(s['caller'], s['callee'], s['line'], s['calls']) for s in rows['call_sites']])


def is_end(t, part, whole, what):
    """A thread's events, those that began before it left out, are the last ones of another's."""
    found, unseen = part
    begun, rest = found[:unseen], found[unseen:]
    t.true(len(rest) <= len(whole), f'{what}: {len(rest)} of {len(whole)}')
    t.equal(rest, whole[len(whole) - len(rest):], f'{what}: the last ones')
    stack = []
    for event in whole[:len(whole) - len(rest)]:
        if event[0] == 'begin':
            stack.append(event)
        else:
            stack.pop()
    t.equal(begun, stack, f'{what}: open where it begins')


def is_beginning(t, part, whole, what):
    """A thread's events are another's first ones, and then ends that are not known."""
    found, unseen = part
    t.equal(unseen, 0, 'calls that began before')
    while found and found[-1][0] == 'end' and found[-1][3] == 'unseen':
        found = found[:-1]
    t.equal(found, whole[:len(found)], f'{what}: the first ones')


def check_lost(t, trace, limited):
    meta = trace['metadata']
    shown = sum(calls(found) for found, _ in threads(trace))
    t.equal(meta['lost'].get('size_limit', 0), meta['total_calls'] - shown, 'size_limit')
    t.equal((meta['complete'], 'size_limit' in meta['lost']), (not limited, limited), 'complete, and lost')
    missing = [m for thread in trace['call_trees'].values() for m in thread.get('marks', []) if m['kind'] == 'missing']
    t.equal(bool(missing), limited, f'marks: {missing}')


@cases(keep=['newest', 'oldest'], size=['16K', '70000', '200K'])
def test_one_thread(t, keep, size):
    argv = [program(t), '30000', '0', '0']
    whole = run(t, 'whole', argv)['limits.json']
    limits = {'CALLTRACE_MAX_SIZE': size, 'CALLTRACE_KEEP': keep}
    part = run(t, 'part', argv, limits, keep_raw=True)['limits.json']
    t.equal(summary(part), summary(whole), 'counts')
    check_lost(t, part, True)
    t.equal((part['metadata']['flags']['keep'], part['metadata']['flags']['max_size'] > 0), (keep, True), 'flags')
    (all_events, _), = threads(whole)
    found, = threads(part)
    (is_end if keep == 'newest' else is_beginning)(t, found, all_events, f'{keep} {size}')
    limit = {'16K': 16 << 10, '70000': 70000, '200K': 200 << 10}[size]
    # Beside the chunks: the head, modules and the call table.
    t.true(limit // 2 < os.path.getsize('part/limits.ct') <= limit + 100000, f"{os.path.getsize('part/limits.ct')} bytes")
    t.true(calls(found[0]) > limit / 80, f'{calls(found[0])} calls')


@cases(keep=['newest', 'oldest'], compiler=['gcc', 'clang'])
def test_threads(t, keep, compiler):
    """More of them than have room at a time, in rounds, so that what one leaves is another's."""
    argv = [program(t, compiler, '-O2'), '2000', '12', '4']
    whole = run(t, 'whole', argv)['limits.json']
    part = run(t, 'part', argv, {'CALLTRACE_MAX_SIZE': '256K', 'CALLTRACE_KEEP': keep}, keep_raw=True)['limits.json']
    t.equal(summary(part), summary(whole), 'counts')
    check_lost(t, part, True)
    found = threads(part)
    t.equal(len(found), 1 + 12 * 4, 'threads')
    t.true(os.path.getsize('part/limits.ct') <= (256 << 10) + 49 * 16384 + 50000, 'size')
    mains = [threads(trace)[0] for trace in (part, whole)]
    # Which thread got which number differs; each is one of those of the whole run.
    known = {}
    for thread, _ in threads(whole):
        known.setdefault(tuple(thread[:40]), []).append(thread)
    if keep == 'oldest':
        is_beginning(t, mains[0], mains[1][0], 'main thread')
        for thread, unseen in found:
            if calls(thread) > 60:
                candidates = known.get(tuple(thread[:40]), [])
                t.true(any(thread[:200] == c[:200] for c in candidates), 'a thread is one of the whole run')
    else:
        is_end(t, mains[0], mains[1][0], 'main thread')
        for thread, unseen in found:
            rest = thread[unseen:]
            t.true(any(rest == c[len(c) - len(rest):] for cs in known.values() for c in cs), 'the end of one of them')


def test_fork(t):
    """A child has a budget of its own."""
    argv = [program(t), '30000', '0', '0', 'fork']
    whole = run(t, 'whole', argv)
    part = run(t, 'part', argv, {'CALLTRACE_MAX_SIZE': '128K'})
    t.equal(sorted(part), sorted(whole), 'traces')
    for name, trace in part.items():
        t.equal(summary(trace), summary(whole[name]), f'{name}: counts')
        check_lost(t, trace, True)
        is_end(t, threads(trace)[0], threads(whole[name])[0][0], name)


@cases(size=['16K', '256K'])
def test_killed_at_any_moment(t, size):
    """What is there are the calls before the last one that was counted, in one piece."""
    binary = program(t)
    whole = run(t, 'whole', [binary, '40000', '0', '0'])['limits.json']
    begins = [event for event in threads(whole)[0][0] if event[0] == 'begin']
    luck = random.Random(5)
    env = {**os.environ, **ALL, 'CALLTRACE_MAX_SIZE': size, 'CALLTRACE_RUN': 'x', 'LD_PRELOAD': t.lib}
    for number in range(10):
        folder = t.path(f'killed{number}/')
        os.mkdir(folder)
        child = subprocess.Popen([binary, '40000', '0', '0', 'kill'], env={**env, 'CALLTRACE_OUTPUT': folder})
        time.sleep(luck.random() * 0.006)
        child.send_signal(signal.SIGKILL)
        child.wait()
        t.run([t.calltrace, 'json', '--max-calls', '0', '--max-depth', '1000000', folder])  # it may have been killed too early
        for name in os.listdir(folder):
            if not name.endswith('.json'):
                continue
            trace = t.json(folder + name)
            t.equal(trace['metadata']['damaged'], 0, 'damaged')
            # Of one that was killed before its thread had a place in the trace there is none.
            (found, unseen), = threads(trace) or [([], 0)]
            kept = [event for event in found if event[0] == 'begin'][unseen:]
            at = trace['metadata']['total_calls']
            # A call may be recorded and not counted yet.
            t.true(any(kept == begins[end - len(kept):end] for end in (at, at + 1)),
                   f'{len(kept)} calls up to the {at}th, limit {size}')


@cases(keep=['newest', 'oldest'], most=[1, 7, 1000])
def test_max_calls(t, keep, most):
    argv = [program(t), '4000', '3', '1']
    whole = run(t, 'whole', argv)['limits.json']
    recording = t.record(argv, 'part', ['-q', '--max-calls', str(most), '--keep', keep, '--max-depth', '1000000'],
                         validate=most == 7)
    part, = traces(t, recording).values()
    meta = part['metadata']
    t.equal((summary(part), meta['lost'], meta['complete']), (summary(whole), {}, True), 'counts')
    shown = sum(calls(found) for found, _ in threads(part))
    t.equal(meta['truncated_calls'], meta['total_calls'] - shown, 'truncated_calls')
    t.true(shown <= most + 4 + (4 * 14 if keep == 'newest' else 0), f'{shown} calls')
    mains = [list(trace['call_trees'].values())[0] for trace in (part, whole)]
    main, whole_main = (events(thread)[0] for thread in mains)
    t.equal(len([m for m in mains[0]['marks'] if m['kind'] == 'missing']), 1, 'marks')
    if keep == 'oldest':
        begins, whole_begins = ([e for e in x if e[0] == 'begin'] for x in (main, whole_main))
        t.equal(begins, whole_begins[:len(begins)], 'the first ones')
        t.equal([e for e in main if e[0] == 'end' and e[3] == 'unseen'], [], 'ends are known')
    else:
        depth = [m for m in mains[0]['marks'] if m['kind'] == 'missing'][0]['depth']
        is_end(t, (main, depth), whole_main, 'newest')


def test_max_calls_and_depth(t):
    """A depth limit and a call limit together: what one cuts the other does not count again."""
    argv = [program(t), '20000', '0', '0']
    for keep in ('newest', 'oldest'):
        recording = t.record(argv, keep, ['-q', '--max-calls', '100', '--keep', keep, '--max-depth', '3'])
        trace, = traces(t, recording).values()
        shown = sum(calls(found) for found, _ in threads(trace))
        t.equal(trace['metadata']['truncated_calls'], trace['metadata']['total_calls'] - shown, keep)
        t.true(100 <= shown <= 103, f'{shown} calls')


BAD = ['MAX_SIZE=16383', 'MAX_SIZE=-1', 'MAX_SIZE=1X', 'MAX_SIZE=1MB', 'MAX_SIZE=M', 'MAX_SIZE=99999999999999T',
       'MAX_SIZE= 1M', 'KEEP=last', 'KEEP=Newest', 'MAX_CALLS=1K', 'MAX_CALLS=-1', 'MAX_CALLS=1000000001']


def test_bad_values(t):
    binary = program(t)
    for setting in BAD:
        check_bad(t, binary, *setting.split('='))


def check_bad(t, binary, name, value):
    result = t.run([binary, '100', '0', '0'], {'CALLTRACE_OUTPUT': 'x.json', 'LD_PRELOAD': t.lib, f'CALLTRACE_{name}': value})
    t.equal((result.status, len(result.err.splitlines())), (0, 1), f'{result}')
    t.contains(result.err, f"calltrace: CALLTRACE_{name}: '{value}' is n")
    t.contains(result.err, {'MAX_SIZE': 'using 1G', 'KEEP': 'using newest', 'MAX_CALLS': 'using 10000000'}[name])
    option = '--' + name.lower().replace('_', '-')
    result = t.run([t.calltrace, 'run', f'{option}={value}', '--', 'true'])
    t.equal((result.status, len(result.err.splitlines())), (2, 1), f'{result}')
    t.contains(result.err, f"calltrace: {option}: '{value}' is n")


def test_many_threads(t):
    """A thousand that end: what each had is given back, or goes on to the next."""
    binary = program(t)
    recording = t.record([binary, '3', '1', '1000'], options=['-q', '--max-size', '1M'], validate=False)
    trace, = traces(t, recording).values()
    t.equal(trace['metadata']['threads'], 1001, 'threads')
    t.true(counts(trace)['work'] == 1001 and trace['metadata']['lost'].keys() == {'size_limit'}, f"{trace['metadata']}")


@cases(keep=['newest', 'oldest'], size=['16K', '100K', '3M'], values=[False, True])
def test_deep_and_wide(t, keep, size, values):
    """Thousands of open calls where a chunk begins, and values that take half of one."""
    binary = t.compile(['deep.c'], 'deep', level='-O0')
    options = ['-q', '--keep-raw', '--max-size', size, '--keep', keep, '--max-depth', '1000000', *['--args'] * values]
    recording = t.record([binary, '6000'], options=options, validate=False)
    t.equal(recording.result.status, 0, f'{recording.result}')
    trace, = traces(t, recording).values()
    t.equal(counts(trace), {'main': 1, 'down': 6001, 'wide': 6001, 'sink': 12002}, 'counts')
    meta = trace['metadata']
    shown = sum(calls(found) for found, _ in threads(trace))
    # Of thousands of open calls some are not listed: known to be open, and not which.
    t.true(meta['lost'].get('size_limit', 0) <= meta['total_calls'] - shown + 1, f'{meta["lost"]}')
    t.equal(meta['damaged'], 0, 'damaged')
    found, unseen = threads(trace)[0]
    if keep == 'newest':
        t.equal([event[2:] for event in found[-2:]], [('down', None), ('main', None)], 'the last ones return')
        t.true(any(event[2] == 'sink' for event in found[unseen:]), 'calls')
    else:
        t.equal(found[0][2], 'main', 'the first one')
    t.true(os.path.getsize('trace/deep.ct') < {'16K': 16 << 10, '100K': 100 << 10, '3M': 3 << 20}[size] + 100000, 'size')


@cases(keep=['newest', 'oldest'])
def test_values(t, keep):
    """The kept calls have the values that they have without a limit; those that began before have none."""
    argv = [program(t), '3000', '0', '0']

    def values(trace):
        found, todo = [], list(reversed(list(trace['call_trees'].values())[0]['calls']))
        while todo:
            call = todo.pop()
            arguments = call.get('arguments')  # main()'s and work()'s have addresses
            found.append((call['function'], arguments if call['function'] not in ('main', 'work') else None, 'began' in call,
                          None if call.get('ended') else call.get('return_value')))
            todo += reversed(call['children'])
        return found
    whole, = traces(t, t.record(argv, 'whole', ['-q', '-a', '--max-depth', '1000'])).values()
    part, = traces(t, t.record(argv, 'part', ['-q', '-a', '--max-depth', '1000', '--max-size', '64K', '--keep', keep])).values()
    t.equal(summary(part), summary(whole), 'counts')
    all_values, kept = values(whole), values(part)
    unseen = [call for call in kept if call[2]]
    t.equal([arguments for _, arguments, _, _ in unseen], [None] * len(unseen), 'of those that began before')
    rest = kept[len(unseen):]
    t.true(500 < len(rest) < len(all_values), f'{len(rest)} of {len(all_values)} calls')
    expected = all_values[-len(rest):] if keep == 'newest' else all_values[:len(rest)]
    if keep == 'oldest':  # what was open then has not returned, as far as is known
        rest = [(*a[:3], a[3] and b[3]) for a, b in zip(rest, expected)]
        expected = [(*b[:3], a[3] and b[3]) for a, b in zip(rest, expected)]
    t.equal(rest, expected, keep)
