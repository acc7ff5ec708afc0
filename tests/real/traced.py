"""What every suite of this folder does: builds somebody's program, runs it untraced and traced, checks what comes out."""
import collections
import concurrent.futures
import json
import os
import random
import re

from harness import CXX, compile_only
from normal import normalised

TRACES_BY_SCHEMA = 20  # of one recording; Python's validator is slow
NODES_BY_SCHEMA = 400  # of one trace's trees


# ---------------------------------------------------------------- building


def build(t, output, sources, compiler='gcc', level='-O0', flags=(), instrument=True):
    """Compiles and links somebody's sources, and libraries among them. Their warnings are theirs. Returns the path."""
    inputs = objects(t, output, sources, compiler, level, flags, instrument)
    cxx = any(map(is_cxx, sources)) or '-lstdc++' in flags
    t.run([CXX[compiler] if cxx else compiler, '-g', '-o', t.path(output), *inputs, *flags], check=True, timeout=120)
    return t.path(output)


def archive(t, output, sources, compiler='gcc', level='-O0', flags=(), instrument=True):
    """The same as a static library."""
    t.run(['ar', 'rcs', t.path(output), *objects(t, output, sources, compiler, level, flags, instrument)], check=True)
    return t.path(output)


def objects(t, output, sources, compiler, level, flags, instrument):
    def compile_one(source, target):
        driver = CXX[compiler] if is_cxx(source) else compiler
        t.run([driver, '-g', '-w', level, *(['-finstrument-functions'] if instrument else []), *compile_only(flags),
               '-c', source, '-o', target], check=True, timeout=280)

    targets = [source if source.endswith(('.a', '.so', '.o')) else f'{t.path(output)}.{number}.o'
               for number, source in enumerate(sources)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: pair[0] == pair[1] or compile_one(*pair), zip(sources, targets)))
    return targets


def is_cxx(name):
    return name.endswith(('.cc', '.cpp', '.cxx'))


# ---------------------------------------------------------------- running


def both(t, argv, folder='trace', clean=str, options=(), env=(), timeout=120, stdin=''):
    """
    Runs a program untraced, then traced: what it prints (cleaned of what differs in any two runs) and its exit status must
    be the same. All its traces are checked. Returns the Recording.
    """
    untraced = t.run(argv, env, timeout, stdin=stdin)
    recording = record(t, argv, folder, options, env, timeout, stdin)
    traced = recording.result
    t.equal(traced.status, untraced.status, f'exit status\n{traced}\n')
    t.equal(clean(traced.out), clean(untraced.out), 'standard output')
    t.equal(clean(traced.err), clean(untraced.err), 'standard error')
    return recording


def record(t, argv, folder='trace', options=(), env=(), timeout=120, stdin=''):
    recording = t.record([*argv], folder, ['-q', *options], env, timeout, validate=False)
    check_traces(t, recording.traces)
    return recording


def equal_runs(t, first, second):
    """Traces of two runs are equal, once times, ids and addresses are left out."""
    t.equal([os.path.basename(path) for path in second.traces], [os.path.basename(path) for path in first.traces],
            'names of traces')
    for one, other in zip(first.traces, second.traces):
        a, b = normal(t.json(one)), normal(t.json(other))
        if a != b:
            t.equal(json.dumps(b, indent=1), json.dumps(a, indent=1), f'{one} and {other}')


def normal(trace):
    metadata, summary = normalised(trace['metadata']), trace['summary']
    threads = []
    for tree in trace['call_trees'].values():
        threads.append(tree['calls'])
        waiting = list(tree['calls'])
        while waiting:
            call = waiting.pop()
            waiting += call['children']
            for key in ('address', 'start_time', 'end_time', 'left_time'):
                call.pop(key, None)
    summary['threads'] = [thread['calls'] for thread in summary['threads']]
    return [metadata, summary, threads]


# ---------------------------------------------------------------- what must hold of any trace


def check_traces(t, paths):
    by_schema = set(random.Random(1).sample(paths, min(len(paths), TRACES_BY_SCHEMA)))
    for path in paths:
        trace = t.json(path)
        check_trace(t, trace, path)
        if path in by_schema:
            check_schema(t, trace, path)


def check_trace(t, trace, path):
    """Nothing lost; the trees, the summary and the metadata say the same."""
    metadata, summary = trace['metadata'], trace['summary']
    t.equal(metadata['lost'], {}, f'{path}: lost')
    t.equal(metadata['damaged'], 0, f'{path}: damaged')
    total = metadata['total_calls']
    for table in ('functions', 'threads'):
        t.equal(sum(row['calls'] for row in summary[table]), total, f'{path}: calls of all {table}')
    functions, edges = count_trees(t, trace, path)
    hidden = metadata['truncated_calls']
    t.equal(sum(functions.values()) + hidden, total, f'{path}: calls in the trees, and {hidden} cut from them')
    pairs, from_sites = collections.Counter(), collections.Counter()
    for pair in summary['call_pairs']:
        pairs[pair['caller_id'], pair['callee_id']] += pair['calls']
    for site in summary['call_sites']:
        from_sites[site['callee_id']] += site['calls']
    calls = {row['id']: row['calls'] for row in summary['functions']}
    if not hidden:
        # A function with sites but no calls: where the compiler shares code among inlined functions, one owns the line.
        t.equal(dict(functions), {row: count for row, count in calls.items() if count}, f'{path}: calls of functions')
        # In the trees, what Criterion's own code calls is given to the nearest function that is not Criterion's.
        found = edges if metadata['role'] == 'program' else {pair: min(edges[pair], pairs[pair]) for pair in pairs}
        t.equal(dict(found), dict(pairs), f'{path}: calls of pairs, in the trees and in the summary')
    for callee, count in from_sites.items():
        t.true(count <= calls[callee], f'{path}: {calls[callee]} calls of function {callee}, {count} from its sites')


def count_trees(t, trace, path):
    functions, edges = collections.Counter(), collections.Counter()
    for tree in trace['call_trees'].values():
        waiting = [(None, call) for call in reversed(tree['calls'])]
        while waiting:
            parent, call = waiting.pop()
            functions[call['id']] += call.get('began') != 'continued'
            if parent is not None:
                edges[parent['id'], call['id']] += call.get('began') != 'continued'
                if not call['start_time'] >= parent['start_time'] or call.get('end_time', 0) > parent.get('end_time', 1 << 63):
                    t.true(False, f'{path}: a call of {call["function"]} is not within that of {parent["function"]}')
            if call.get('end_time', call['start_time']) < call['start_time']:
                t.true(False, f'{path}: a call of {call["function"]} ends before it begins')
            waiting += [(call, child) for child in reversed(call['children'])]
    return functions, edges


def check_schema(t, trace, path):
    """Of large trees a part; the part is valid if the whole is, and nearly the other way round."""
    left = NODES_BY_SCHEMA

    def part(calls):
        nonlocal left
        kept = []
        for call in calls:
            if left <= 0:
                break
            left -= 1
            kept.append({**call, 'children': part(call['children'])})
        return kept

    trees = {key: {**tree, 'calls': part(tree['calls'])} for key, tree in trace['call_trees'].items()}
    summary = {key: rows[:NODES_BY_SCHEMA] for key, rows in trace['summary'].items()}
    name = t.path('part.json')
    with open(name, 'w') as file:
        json.dump({**trace, 'summary': summary, 'call_trees': trees}, file)
    t.validate(name)


# ---------------------------------------------------------------- reports


def check_report(t, folder, options=()):
    """Text, JSON and lcov without a word of complaint; genhtml says what we say. Returns the JSON report."""
    text = t.run([t.calltrace, 'report', *options, folder], check=True, timeout=120)
    t.equal(text.err, '', 'complaints of report')
    out = t.run([t.calltrace, 'report', *options, '--json', 'report.json', '--lcov', 'report.info', '-o', 'report.txt',
                 folder], check=True, timeout=120)
    t.equal(out.err, '', 'complaints of report')
    t.equal(t.read('report.txt'), text.out, 'two reports')
    report = t.json('report.json')
    check_totals(t, report)
    check_genhtml(t, report)
    return report


def check_totals(t, report):
    """The totals are those of the rows."""
    for total, rows in (('functions', 'functions'), ('call_pairs', 'call_pairs')):
        counted = [row for row in report[rows] if 'left_out' not in row]
        found = {'total': len(counted), 'covered': sum(row['calls'] > 0 for row in counted)}
        t.equal(found, {key: report['totals'][total][key] for key in found}, f'total of {total}')
    sites = [site for site in report['call_sites'] if 'left_out' not in site and site['kind'] in
             ('direct', 'external', 'inlined')]
    found = {'total': len(sites), 'covered': sum(site['calls'] > 0 for site in sites)}
    t.equal(found, {key: report['totals']['call_sites'][key] for key in found}, 'total of call_sites')


def check_genhtml(t, report):
    totals = report['totals']
    if not totals['functions']['total']:
        return
    html = t.run(['genhtml', '--branch-coverage', '--output-directory', 'html', 'report.info'], timeout=120)
    said = html.out + html.err
    t.equal(html.status, 0, said)
    told = re.sub(r'(?m)^Processing file .*$', '', said)  # a file may be called error.c
    t.true(not re.search(r'(?i)warning|error', told), 'genhtml: ' + said)
    found = {name: [int(a), int(b)] for name, a, b in re.findall(r'(functions|branches)\.*: [0-9.]+% \((\d+) of (\d+)', said)}
    expected = {'functions': totals['functions']}
    if totals['call_sites']['total']:
        expected['branches'] = totals['call_sites']
    t.equal(found, {name: [row['covered'], row['total']] for name, row in expected.items()}, 'totals of genhtml')
