import json
import os
import shutil

from normal import normalised


def raw_trace(t, name='x.ct'):
    """A raw trace beside nothing else."""
    program = t.compile('calls.c', 'calls', flags=['-pthread'])
    recording = t.record([program], folder='recorded-' + name, options=['--keep-raw'])
    raw = [entry for entry in os.listdir(recording.folder) if entry.endswith('.ct')]
    shutil.copy(os.path.join(recording.folder, raw[0]), t.path(name))
    return t.path(name)


def convert(t, *words, status=0):
    result = t.run([t.calltrace, 'json', *words])
    t.equal(result.status, status, str(result))
    return result


def test_equal_runs_give_equal_traces(t):
    program = t.compile('calls.c', 'calls', flags=['-pthread'])
    suite = t.compile('suite.c', 'suite', criterion=True)
    for argv in ([program], [suite, '-j1']):
        found = []
        for folder in ('a', 'b'):
            recording = t.record(argv, folder=folder)
            found.append({os.path.basename(path): json.dumps(normalised(t.json(path)), indent=1) for path in recording.traces})
        t.equal(sorted(found[0]), sorted(found[1]), 'names')
        for name in found[0]:
            t.equal(found[0][name], found[1][name], name)


def test_equal_runs_end_in_equal_crashes(t):
    program = t.compile('../crash/dying.c', 'dying', flags=['-pthread'])
    for what in (['null', '2'], ['null', 'thread'], ['abort'], ['recurse', 'thread']):
        first, second = (normalised(t.json(t.record([program, *what], folder=f'{run}-{what}').traces[0])) for run in 'ab')
        t.true('crash' in first['metadata'], f'{what}: no crash')
        t.equal(json.dumps(second['metadata'], indent=1), json.dumps(first['metadata'], indent=1), f'{what}: metadata')
        t.true(second == first, f'{what}: summary or trees')


def test_what_is_left_out_of_crashes(t):
    program = t.compile('../crash/dying.c', 'dying', flags=['-pthread'])
    trace = t.json(t.record([program, 'null', '1']).traces[0])
    before = json.dumps(normalised(trace))
    crash = trace['metadata']['crash']
    other = crash['threads'][1]
    for owner, key in ((crash, 'registers'), (crash, 'address'), (crash, 'thread_id'), (crash['threads'][0]['stack'][0], 'address'),
                       (other, 'thread_id'), (other, 'state'), (other, 'system_call'), (other, 'system_call_arguments')):
        was, owner[key] = owner[key], 'another'
        t.equal(json.dumps(normalised(trace)), before, key)
        owner[key] = was
    innermost = crash['threads'][0]['stack'][0]
    for owner, key in ((crash, 'cause'), (crash, 'lies_in'), (crash, 'threads_seen'), (innermost, 'function'), (innermost, 'line'),
                       (other, 'name'), (next(frame for frame in other['stack'] if 'id' in frame), 'id')):
        was, owner[key] = owner[key], 'another'
        t.true(json.dumps(normalised(trace)) != before, f'another {key} makes no difference')
        owner[key] = was


def test_summary_and_trees_agree(t):
    trace = t.json(t.record([t.compile('calls.c', 'calls', flags=['-pthread'])]).traces[0])
    functions = trace['summary']['functions']
    counts = [0] * len(functions)
    pairs, sites = {}, {}

    def visit(call, caller):
        counts[call['id']] += 1
        t.equal(call['function'], functions[call['id']]['function'], 'name')
        t.true(call['start_time'] <= call['end_time'], 'time')
        if caller is not None:
            key = (caller, call['id'], call.get('through'))
            pairs[key] = pairs.get(key, 0) + 1
        if 'site' in call:
            sites[call['site']] = sites.get(call['site'], 0) + 1
        for child in call['children']:
            t.true(call['start_time'] <= child['start_time'] and child['end_time'] <= call['end_time'], 'nesting')
            visit(child, call['id'])

    for tree in trace['call_trees'].values():
        for call in tree['calls']:
            visit(call, None)
    t.equal(counts, [function['calls'] for function in functions], 'calls')
    t.equal(sum(counts), trace['metadata']['total_calls'], 'total')
    t.equal(sorted(pairs.items(), key=str), sorted((((p['caller_id'], p['callee_id'], p.get('through')), p['calls'])
                                                    for p in trace['summary']['call_pairs']), key=str), 'pairs')
    t.equal(sorted(sites.items()), [(i, site['calls']) for i, site in enumerate(trace['summary']['call_sites'])], 'sites')
    t.equal([p for p in trace['summary']['call_pairs'] if p['callee'] == 'compare'][0]['through'], 'libc.so.6', 'through')
    t.equal(sum(thread['calls'] for thread in trace['summary']['threads']), sum(counts), 'threads')
    for site in trace['summary']['call_sites']:
        with open(t.source('calls.c')) as file:
            line = file.read().splitlines()[site['line'] - 1]
        t.contains(line, site['callee'] + '(', 'the line of a call')


def test_where_to(t):
    raw = raw_trace(t)
    convert(t, raw)
    beside = t.validate('x.json')
    convert(t, '-o', 'other.json', raw)
    t.equal(t.validate('other.json'), beside, '-o FILE')
    t.equal(json.loads(convert(t, '-o', '-', raw).out), beside, '-o -')
    os.mkdir('folder')
    convert(t, '-o', 'folder', raw)
    t.equal(t.validate('folder/x.json'), beside, '-o FOLDER')
    os.mkdir('second')
    shutil.copy(raw, 'second/x.ct')
    convert(t, '-o', 'new/folder/', raw, 'second')
    t.equal(sorted(os.listdir('new/folder')), ['x-2.json', 'x.json'], 'the same name twice')
    t.true(os.path.exists(raw), 'the raw trace is kept')
    t.contains(convert(t, '-o', '-', raw, 'second', status=2).err, '-o - takes one trace')


def test_forms(t):
    raw = raw_trace(t)
    convert(t, '--pretty', '-o', 'pretty.json', raw)
    convert(t, '--compact', '-o', 'compact.json', raw)
    t.equal(t.validate('pretty.json'), t.validate('compact.json'), 'the same values')
    t.equal(t.read('compact.json').count('\n'), 1, 'lines of the compact form')
    calls = t.json('pretty.json')['metadata']['total_calls']
    t.equal(t.read('pretty.json').count('{"function":'), calls, 'one call a line')
    t.true(all(line.count('"start_time"') <= 1 for line in t.read('pretty.json').splitlines()), 'one call a line')
    convert(t, '--max-depth', '1', '-o', 'flat.json', raw)
    flat = t.validate('flat.json')
    t.equal(flat['summary'], t.json('pretty.json')['summary'], 'the summary knows no depth')
    t.equal(flat['metadata']['truncated_calls'], calls - 2, 'truncated calls')


def test_bad_ones_do_not_stop_good_ones(t):
    raw = raw_trace(t)
    t.write('foreign.ct', 'no trace at all')
    t.write('empty.ct', '')
    with open(raw, 'rb') as file:
        whole = file.read()
    newer = bytearray(whole)
    newer[128 + 8] = 99
    for name, content in (('newer.ct', newer), ('cut.ct', whole[:len(whole) - 4096 * 20])):
        with open(name, 'wb') as file:
            file.write(content)
    t.write('foreign.json', 'somebody else\'s')
    result = convert(t, '--remove-raw', 'foreign.ct', 'empty.ct', 'newer.ct', 'cut.ct', '/no/such.ct', raw, status=2)
    errors = [line for line in result.err.splitlines() if 'warning' not in line]
    t.equal([line.split(': ')[1] for line in errors], ['/no/such.ct', 'foreign.ct', 'empty.ct', 'newer.ct'], 'a line for each')
    t.contains(result.err, 'newer.ct: a raw trace of format 99, this calltrace reads format 2')
    t.contains(result.err, 'warning: cut.ct: damaged')
    t.equal(t.read('foreign.json'), "somebody else's", 'nothing is overwritten by nothing')
    t.true(not os.path.exists(raw), '--remove-raw')
    t.true(os.path.exists('foreign.ct') and os.path.exists('newer.ct'), 'what was not converted is kept')
    t.validate('x.json')
    t.true(t.validate('cut.json')['metadata']['damaged'] > 0, 'damage is in the JSON')
    t.true(not [name for name in os.listdir('.') if name.endswith('.tmp')], 'no temporary stays')


def test_a_full_disk(t):
    raw = raw_trace(t)
    result = convert(t, '-o', '/dev/full', raw, status=2)
    t.equal(result.err, 'calltrace: /dev/full: cannot write it: No space left on device\n', 'message')


def test_without_debug_information(t):
    program = t.compile('calls.c', 'calls', flags=['-pthread'])
    t.run(['strip', program], check=True)
    trace = t.json(t.record([program]).traces[0])
    t.equal(sum(f['calls'] for f in trace['summary']['functions']), 13, 'calls')
    t.true(all('file' not in f for f in trace['summary']['functions']), 'no files')


def test_wrong_usage(t):
    for words, part in (([], 'no trace given'), (['--nonsense'], "unknown option '--nonsense'"),
                        (['--max-depth', '0', 'x'], "--max-depth: '0' is not a number from 1 to 1000000"),
                        (['/no/such'], '/no/such: No such file')):
        result = convert(t, *words, status=2)
        t.contains(result.err, part)
        t.equal(result.err.count('\n'), 1, 'lines')
