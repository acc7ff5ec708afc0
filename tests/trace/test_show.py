import json
import os
import subprocess

TREE = """\
main() [open]
  compare()
  add()
  add()
  add()
  deep() [unwound]
    deep() [unwound]
      deep() [unwound]
  factorial()
    factorial()
      factorial()
"""
THREAD = """\
thread()
  add()
"""


def record(t, options=()):
    program = t.compile('calls.c', 'calls', flags=['-pthread'])
    recording = t.record([program], options=['--keep-raw', *options])
    t.equal(len(recording.traces), 1, 'traces')
    raw = [name for name in os.listdir(recording.folder) if name.endswith('.ct')]
    return recording.traces[0], os.path.join(recording.folder, raw[0])


def show(t, *words, env=()):
    return t.run([t.calltrace, 'show', *words], env, check=True).out


def test_plain(t):
    trace, _ = record(t)
    t.equal(show(t, '--plain', trace), TREE + THREAD, 'tree')
    t.equal(show(t, '--plain', '--thread', '0', trace), TREE, 'first thread')
    t.equal(show(t, '--plain', '--thread', '1', trace), THREAD, 'second thread')
    t.equal(show(t, '--plain', '--depth', '1', trace), 'main() [open] [10 below]\nthread() [1 below]\n', 'depth')
    t.equal(show(t, '--plain', '--fold', '--thread', '0', trace), TREE.replace('  add()\n' * 3, '  add() x3\n'), 'folded')
    t.equal(show(t, '--plain', '--function', 'fact*', trace), 'main() [open]\n' + TREE[TREE.index('  factorial'):], 'function')


def test_raw_and_json_look_the_same(t):
    trace, raw = record(t)
    t.equal(show(t, raw), show(t, trace), 'raw and JSON')
    t.equal(show(t, '--times', raw), show(t, '--times', trace), 'raw and JSON, with times')


def test_cut_by_depth(t):
    trace, raw = record(t, ['--max-depth', '2'])
    t.equal(show(t, '--plain', '--thread', '0', raw), TREE, 'raw')
    t.equal(show(t, '--plain', '--thread', '0', trace), """\
main() [open]
  compare()
  add()
  add()
  add()
  deep() [unwound] [2 below]
  factorial() [2 below]
""", 'JSON')
    meta = t.json(trace)['metadata']
    t.equal((meta['truncated_calls'], meta['total_calls'], meta['flags']['max_depth']), (4, 13, 2), 'metadata')


def test_unicode_only_where_it_can_be_read(t):
    trace, _ = record(t)
    t.contains(show(t, trace), '├─ add() ×3', 'UTF-8')
    text = show(t, trace, env={'LC_ALL': 'C'})
    t.contains(text, '|- add() x3')
    t.true(text.isascii(), 'ASCII only')
    t.lacks(text, '\033', 'no colours in a file')
    t.contains(show(t, '--color=always', trace), '\033[', 'colours')


def test_criterion(t):
    recording = t.record([t.compile('suite.c', 'suite', criterion=True)])
    names = sorted(os.path.basename(name) for name in recording.traces if 'suite.' in os.path.basename(name))
    t.contains(' '.join(names), 'suite.parameters.2.json')
    text = show(t, '--no-fold', '--test', 'suite::fails', recording.folder)
    t.contains(text, 'suite::fails  failed, left by assertion')
    t.contains(text, '✗ assertion failed\n')
    t.contains(text, '✗ assertion failed (fatal)\n')
    t.equal(show(t, '--plain', '--test', '*/fails', '--phase', 'body', recording.folder), """\
suite_fails_impl() [unwound]
  helper()
  [assertion failed]
  helper()
  [assertion failed (fatal)]
""", 'a failing test')
    t.equal(show(t, '--plain', '--test', 'theory', '--phase', 'body', recording.folder), """\
suite_theory_theory() [iteration 1]
  helper()
suite_theory_theory() [iteration 2] [unwound]
  helper()
  [assertion failed (fatal)]
suite_theory_theory() [iteration 3]
  helper()
""", 'a theory')
    t.equal(show(t, '--plain', '--test', 'passes', '--phase', 'setup', recording.folder), 'setup()\n  helper()\n', 'set-up')
    parameters = [t.json(name)['metadata']['test'] for name in recording.traces if 'parameters' in name]
    t.equal([(test['parameter'], test['status']) for test in parameters], [(0, 'passed'), (1, 'failed'), (2, 'passed')],
            'parameters')


def test_nothing_matches(t):
    trace, _ = record(t)
    for words, message in ((['--test', 'x'], "no test matches 'x'"),
                           (['--function', 'x'], "no call of a function that matches 'x'")):
        result = t.run([t.calltrace, 'show', *words, trace])
        t.equal((result.status, result.err), (1, f'calltrace: show: {message}\n'), 'refusal')


def test_bad_traces_do_not_hide_good_ones(t):
    trace, _ = record(t)
    t.write('bad.json', '{"metadata": {"version": "0.1.0"}, "summary": {"functions": [')
    result = t.run([t.calltrace, 'show', '--plain', 'bad.json', '/no/such/trace', trace])
    t.equal(result.status, 2, 'status')
    t.equal(result.out, TREE + THREAD, 'what is good')
    t.equal(result.err, 'calltrace: /no/such/trace: No such file or directory\n'
                        'calltrace: bad.json: byte 61: it ends in the middle; the trace is damaged\n', 'what is not')


def test_a_reader_that_leaves(t):
    calls = ','.join(f'{{"id":0,"start_time":{2 * i},"children":[],"end_time":{2 * i + 1}}}' for i in range(100000))
    t.write('long.json', '{"metadata":{"version":"0.1.0"},"summary":{"functions":[{"function":"f","calls":1}],"threads":'
                         '[{"thread_id":1,"calls":1}]},"call_trees":{"1":{"calls":[' + calls + ']}}}')
    t.equal(t.sh('trap "" PIPE; { "$CALLTRACE" show --no-fold long.json; echo $? >status; } | head -n 1; cat status').out.split()[-1],
            '0', 'status with SIGPIPE ignored')
    t.equal(t.sh('"$CALLTRACE" show --no-fold long.json | head -n 1').err, '', 'no message')


def test_other_programs_may_rewrite_it(t):
    trace, raw = record(t)
    with open(trace) as file:
        whole = json.load(file)
    t.write('sorted.json', json.dumps(whole, sort_keys=True))
    t.write('indented.json', json.dumps(whole, indent=4))
    for name in ('sorted.json', 'indented.json'):
        t.validate(name)
        t.equal(show(t, name), show(t, raw), name)


def test_a_thread_that_is_not_there(t):
    trace, _ = record(t)
    result = t.run([t.calltrace, 'show', '--thread', '99', trace])
    t.equal((result.status, result.err), (1, 'calltrace: show: no thread 99\n'), 'an answer that is no')


def test_terminal(t):
    """On a terminal: colours, and lines as long as the window asks for."""
    trace, _ = record(t)
    result = subprocess.run(['script', '-qec', f'{t.calltrace} show {trace}', '/dev/null'], capture_output=True, text=True,
                            env={**t.environment(), 'TERM': 'xterm'}, stdin=subprocess.DEVNULL)
    if 'not found' in result.stderr:
        t.skip('no script(1)')
    t.contains(result.stdout, '\033[2m')


def test_names_of_cxx(t):
    """What is shortened on the way to 53 columns, which is what a file gets."""
    string = 'std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >'
    names = {
        'plain': 'plain()',
        'a::b(int)': 'a::b(int)',
        f'f({string} const&)': 'f(std::string const&)',
        'void sort<int*, std::less<void> >(int*, int*, std::less<void>)':
            'sort<...>(int*, int*, std::less<...>)',
        'std::map<int, double, std::less<int>, std::allocator<std::pair<int const, double> > >::operator[](int const&)':
            'std::map<...>::operator[](int const&)',
        'std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> >'
        '(std::basic_ostream<char, std::char_traits<char> >&, char const*)': 'std::operator<< <...>(...)',
        'long_namespace::another_namespace::Class::method_with_a_name(int, double) const':
            'long_namespace::another_namespace::Class::method_with_a_name(...) const',
        '(anonymous namespace)::f(unsigned long long, unsigned long long, unsigned long long)': '(anonymous namespace)::f(...)',
        'main::{lambda(double, double)#1}::operator()(double, double, double, double) const':
            'main::{lambda(double, double)#1}::operator()(...) const',
        'unbalanced<int(': 'unbalanced<int(',
    }
    functions = [{'id': i, 'function': name, 'calls': 1} for i, name in enumerate(names)]
    calls = [{'id': i, 'function': name, 'start_time': i, 'children': [], 'end_time': i} for i, name in enumerate(names)]
    t.write('x.json', json.dumps({'metadata': {'version': '0.1.0'},
                                  'summary': {'functions': functions, 'threads': [{'thread_id': 1, 'calls': len(names)}]},
                                  'call_trees': {'1': {'calls': calls}}}))
    shown = [line.split('  ')[0].rsplit(' 0 ns')[0] for line in show(t, 'x.json').splitlines()[1:]]
    t.equal(shown, list(names.values()), 'shortened')
    whole = [line.split('  ')[0].rsplit(' 0 ns')[0] for line in show(t, '--full-names', 'x.json').splitlines()[1:]]
    t.equal(whole, [name if '(' in name else name + '()' for name in names], 'whole')
    t.equal(show(t, '--plain', '--function', 'a::b', 'x.json'), 'a::b(int)\n', 'found without its parameters')


def test_system_functions_left_out(t):
    t.write('x.cc', '#include <vector>\n#include <algorithm>\nstatic bool less(int a, int b) { return a < b; }\n'
                    'int main() { std::vector<int> v{2, 1}; std::sort(v.begin(), v.end(), less); }\n')
    program = t.compile('x.cc', 'x', flags=['-std=c++17'])
    trace = t.record([program]).traces[0]
    t.contains(show(t, '--plain', trace), 'std::vector')
    lines = show(t, '--plain', '--no-system', '--function', 'main', trace).splitlines()
    t.equal(sorted(set(lines)), ['  less(int, int)', 'main()'], 'what is left')
