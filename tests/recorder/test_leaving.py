"""Ways out of calls, with and without their exit hooks, and stacks that are no usual ones. Traced as untraced."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from programs import MATRIX, counts, linked, only, traced_as_untraced, tree  # noqa: E402


def run(t, compiler, level, way, what, **how):
    program = t.compile(['leaving.c'], 'leaving', compiler, level, ['-pthread', '-w', *linked(t, way)])
    return only(t, traced_as_untraced(t, [program, what], way=way, **how))


def pairs(trace):
    return {(pair['caller'], pair['callee']): pair['calls'] for pair in trace['summary']['call_pairs']}


def names(calls):
    return [(call[0], call[1]) for call in calls]


def main_of(t, trace, lost=()):
    """The calls in main(); the last of them is afterwards(), in its place. `lost`: what may be."""
    main = next(call for calls in tree(trace) for call in calls if call[0] == 'main')
    t.equal(names(main[2][-1:]), [('afterwards', None)], 'the last call in main()')
    t.equal(names(main[2][-1][2]), [('leaf', None)], 'below afterwards()')
    found = {what: count for what, count in trace['metadata']['lost'].items() if what not in lost}
    t.equal((found, trace['metadata']['complete'] or bool(lost)), ({}, True), 'lost')
    return main[2]


@pitfall(2, 27)
@cases(**MATRIX, what=['jumps', 'altstack'])
def test_jumps_out_of_a_handler(t, compiler, level, way, what):
    calls = main_of(t, run(t, compiler, level, way, what))
    t.equal(names(calls), [('jumps', None), ('afterwards', None)], 'in main()')
    # With another stack, what was interrupted seems alive until a call shows that it is not.
    t.equal([name for name, _ in names(calls[0][2])], 3 * ['raises', 'leaf'], 'in jumps()')
    for call in calls[0][2]:
        if call[0] == 'raises':
            t.equal(call[1], 'unwound', 'raises()')


def tell(call):
    """(function and what it returned, how it began, how it ended, calls)"""
    value = call.get('return_value', {}).get('value')
    return (call['function'] + ('' if value is None else f' {value}'), call.get('began'), call.get('ended'), list(map(tell, call['children'])))


def flat(calls):
    for call in calls:
        yield call
        yield from flat(call['children'])


def switches():
    """What is to be seen in switches() of leaving.c: of two coroutines, five calls of produce() each, which switch in the middle."""
    calls = []
    for turn in range(6):
        for number in range(2):
            before = [(f'produce {turn}', 'continued', None, [(f'leaf {turn}', None, None, [])])] if turn else []
            after = [('produce', None, 'switched', [(f'leaf {turn + 1}', None, None, [])])] if turn < 5 else []
            calls.append((f'leaf {number + 1}', None, None, []))
            calls.append(('coroutine', 'continued' if turn else None, 'switched' if turn < 5 else None, before + after))
    return calls


@pitfall(7)
@cases(**MATRIX)
def test_coroutines(t, compiler, level, way):
    """
    Every call is counted, under its true caller, and the program is not disturbed. What a switch to a stack that lies higher
    leaves open goes on in the tree where it is come back to, and what it returns is there.
    """
    trace = run(t, compiler, level, way, 'coroutines', options=['--args'])
    main_of(t, trace)
    whole = [tell(call) for tree in trace['call_trees'].values() for call in tree['calls']]
    t.equal(whole[0][3][0][3], switches(), 'in switches()')
    out = t.run([t.calltrace, 'show', '--plain', 'trace'], check=True).out
    t.equal((out.count('[continued]'), out.count('[switched]')), (20, 20), out)
    t.equal(counts(trace), {'main': 1, 'switches': 1, 'coroutine': 2, 'produce': 10, 'leaf': 10 + 10 + 12 + 1,
                            'afterwards': 1}, 'calls')
    # What a coroutine begins with is called by whatever is innermost: here either of two.
    found = {pair: count for pair, count in pairs(trace).items() if pair[1] != 'coroutine'}
    t.equal(found, {('main', 'switches'): 1, ('switches', 'leaf'): 12, ('coroutine', 'produce'): 10, ('produce', 'leaf'): 20,
                    ('main', 'afterwards'): 1, ('afterwards', 'leaf'): 1}, 'pairs')


@pitfall(7)
@cases(**MATRIX, values=[False, True])
def test_coroutines_that_go_round(t, compiler, level, way, values):
    trace = run(t, compiler, level, way, 'rings', options=['--args'] if values else [])
    main_of(t, trace)
    # Every call begins once, goes on as often as it was switched away from, and returns: but for what two of three were in when
    # the first had done its rounds.
    found = [call for tree in trace['call_trees'].values() for call in flat(tree['calls'])]
    for name, left in ('goes_round', 3 * 2), ('passes_on', 3 * 2 * 4):
        how = collections.Counter((call.get('began'), call.get('ended')) for call in found if call['function'] == name)
        begun, ended = collections.Counter(), collections.Counter()
        for (began, end), count in how.items():
            begun[began] += count
            ended[end] += count
        t.equal(begun, collections.Counter({None: counts(trace)[name], 'continued': ended['switched']}), f'{name} begins')
        t.equal((ended[None], ended['unwound'] + ended['open']), (counts(trace)[name] - left, left), f'{name} returns')
    found = {pair: count for pair, count in pairs(trace).items() if pair[1] in ('passes_on', 'leaf') and pair[0] != 'afterwards'}
    t.equal(found, {('goes_round', 'passes_on'): 36, ('passes_on', 'passes_on'): 54, ('passes_on', 'leaf'): 156}, 'pairs')


@pitfall(8, 10)
@cases(**MATRIX)
def test_functions_without_hooks(t, compiler, level, way):
    trace = run(t, compiler, level, way, 'tails')
    calls = main_of(t, trace)
    t.equal([(name, [below[0] for below in inner]) for name, _, inner in calls[:2]],
            [('calls_hidden', ['callee', 'callee']), ('returns_hidden', ['callee'])], 'in main()')
    through = {(pair['caller'], pair['callee']): pair.get('through') for pair in trace['summary']['call_pairs']}
    t.equal(bool(through['calls_hidden', 'callee']), True, f'what lies between: {through}')
    t.equal(through['callee', 'leaf'], None, 'a direct call')


@pitfall(9)
@cases(**MATRIX)
def test_stack_pointer_moves(t, compiler, level, way):
    calls = main_of(t, run(t, compiler, level, way, 'alloca'))
    t.equal([(name, ended, names(inner)) for name, ended, inner in calls[:-1]],
            2 * [('takes_stack', None, 3 * [('leaf', None)])], 'in main()')


@pitfall(10)
@cases(**MATRIX)
def test_functions_that_never_return(t, compiler, level, way):
    calls = main_of(t, run(t, compiler, level, way, 'never'))
    t.equal([(name, ended, names(inner)) for name, ended, inner in calls[0][2]],
            3 * [('never', 'unwound', [('leaf', None)])] + [('leaf', None, [])], 'in calls_never()')


@pitfall(4, 6)
@cases(**MATRIX, values=[False, True])
def test_cancelled_threads(t, compiler, level, way, values):
    """Their clean-up handlers are calls, too. With values captured, return addresses are exchanged on the way."""
    trace = run(t, compiler, level, way, 'cancels', options=['--args'] if values else [], env={'CALLTRACE_MAX_DEPTH': '8'})
    main_of(t, trace)
    found = counts(trace)
    t.true(found['run'] <= 8 and found.get('waits', 0) in (0, *range(5, 41, 5)), f'calls: {found}')


@pitfall(5)
@cases(**MATRIX)
def test_quick_exit(t, compiler, level, way):
    trace = run(t, compiler, level, way, 'quick_exit')
    main = tree(trace)[0][0]
    path = []
    while main:
        path.append(main[:2])
        main = main[2][-1] if main[2] else None
    t.equal([name for name, _ in path], ['main', *3 * ['ends_quickly'], 'at_the_end', 'leaf'], 'the innermost calls')
    t.equal([ended for _, ended in path], [*4 * ['open'], None, None], 'which of them are open')
    t.equal(trace['metadata']['complete'], False, 'complete')
