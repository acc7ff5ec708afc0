"""What `calltrace report` makes of real recordings: merging binaries, tests that end badly, raw and JSON alike."""
import glob
import os
import re

from harness import cases, pitfall

SUITE = ['calc.c', 'order.c', 'test_calc.c']


def report(t, *arguments):
    t.run([t.calltrace, 'report', '--json', t.path('report.json'), *arguments], check=True)
    return t.json('report.json')


def ratio(report_, metric):
    count = report_['totals'][metric]
    return count['covered'], count['total']


def function(report_, name):
    return next(f for f in report_['functions'] if f['function'] == name)


def test_run_ends_with_the_totals_of_the_report(t):
    suite = t.compile(SUITE, 'suite', criterion=True)
    recording = t.record([suite], validate=False)
    lines = recording.result.err.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith('Call coverage of '))
    summary = lines[start:]
    t.true(len(summary) <= 10 and max(map(len, summary)) <= 80, 'ten short lines:\n' + '\n'.join(summary))
    totals = report(t, recording.folder)
    for word, metric in (('functions', 'functions'), ('call pairs', 'call_pairs'), ('call sites', 'call_sites')):
        line = next(line for line in summary if line.strip().startswith(word))
        t.equal(tuple(map(int, re.findall(r'(\d+) of +(\d+)', line)[0])), ratio(totals, metric), word)
    t.contains(summary[-1], 'calltrace report trace', 'the hint')


def test_raw_and_json_make_the_same_report(t):
    suite = t.compile(SUITE, 'suite', criterion=True)
    recording = t.record([suite], options=['--keep-raw'], validate=False)
    files = [os.path.join(recording.folder, f)
             for f in sorted(os.listdir(recording.folder)) if f.endswith(('.ct', '.json'))]
    both = t.run([t.calltrace, 'report', '--uncovered', *files], check=True).out
    t.contains(both, 'given twice')
    json = t.run([t.calltrace, 'report', '--uncovered', *recording.traces], check=True).out
    raw = t.run([t.calltrace, 'report', '--uncovered', *sorted(glob.glob(recording.folder + '/*.ct'))], check=True).out
    t.equal(raw, json, 'the report of raw traces')


@cases(compiler=['gcc', 'clang'])
def test_a_source_in_two_programs_is_counted_once(t, compiler):
    t.write('main1.c', '#include "calc.h"\nint main(void) { return evaluate("1+1") + even(2) != 3; }\n')
    t.write('main2.c', '#include "calc.h"\n'
                       'int main(void) { int v[] = { 2, 1 }; sort_results(v, 2); return v[0] != 1; }\n')
    flags = ['-I' + t.dir]
    one = t.compile(['main1.c', 'calc.c', 'order.c'], 'one', compiler, flags=flags)
    two = t.compile(['main2.c', 'order.c'], 'two', compiler, flags=flags)
    t.record([one], 'traces/1', validate=False)
    t.record([two], 'traces/2', validate=False)
    merged = report(t, t.path('traces'))
    names = [(f['file'], f['line'], f['function']) for f in merged['functions'] if f['file']]
    t.equal(len(names), len(set(names)), 'functions, each once')
    t.equal(ratio(merged, 'functions')[1], 11 + 6 + 1 + 2, 'functions of calc.c, order.c, calc.h and two mains')
    compare = function(merged, 'compare')
    t.equal(compare['tests'], [[1, compare['calls']]], 'tests of compare')
    t.equal([test['name'] for test in merged['tests']], ['one', 'two'], 'programs')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_a_call_into_a_shared_library_is_a_call_site(t, compiler, level):
    t.write('main.c', '#include "calc.h"\n'
                      'int main(int argc, char **argv)\n'
                      '{\n'
                      '\tint v[] = { 2, 1 };\n'
                      '\tsort_results(v, 2);\n'
                      '\treturn argc > 3 ? never(argc) : v[0] != 1;\n'
                      '}\n')
    library = t.compile(['order.c'], 'liborder.so', compiler, level, shared=True)
    program = t.compile(['main.c'], 'main', compiler, level, flags=['-I' + t.dir, library, '-Wl,-rpath,' + t.tmp])
    recording = t.record([program], validate=False)
    sites = [(site['line'], site['callee'], site['calls']) for site in report(t, recording.folder)['call_sites']
             if site['caller'] == 'main' and 'left_out' not in site]
    t.equal(sites, [(5, 'sort_results', 1), (6, 'never', 0)], 'call sites of main')


def test_calls_before_a_crash_count_and_are_the_tests(t):
    t.write('test_bad.c', '#include <criterion/criterion.h>\n#include <stdlib.h>\n#include "calc.h"\n'
                          'Test(bad, crashes) { evaluate("1+1"); abort(); }\n'
                          'Test(bad, hangs, .timeout = 0.3) { even(4); for (;;); }\n'
                          'Test(bad, exits) { odd(3); _exit(3); }\n'
                          'Test(bad, skipped) { cr_skip_test("not now"); never(1); }\n')
    suite = t.compile(['calc.c', 'order.c', 'test_bad.c'], 'suite', flags=['-I' + t.dir], criterion=True)
    recording = t.record([suite], validate=False)
    merged = report(t, recording.folder)
    names = [test['name'] for test in merged['tests']]
    reached = {name: [names[row] for row, _ in function(merged, name)['tests']]
               for name in ('add', 'even', 'odd', 'never')}
    t.equal(reached, {'add': ['bad::crashes'], 'even': ['bad::exits', 'bad::hangs'],
                      'odd': ['bad::exits', 'bad::hangs'], 'never': []}, 'tests by function')
    t.equal({test['name']: test['status'] for test in merged['tests'] if test['suite']},
            {'bad::crashes': 'crashed', 'bad::exits': 'failed', 'bad::hangs': 'timed_out', 'bad::skipped': 'skipped'},
            'how the tests ended')
    t.equal(merged['duplicates'], 0, 'traces given twice')


def test_without_debug_information_functions_still_count(t):
    t.write('plain.c', 'static int twice(int n) { return 2 * n; }\nint never(void) { return 1; }\n'
                       'int main(void) { return twice(0); }\n')
    program = t.compile(['plain.c'], 'plain', flags=['-g0'])
    recording = t.record([program], validate=False)
    merged = report(t, recording.folder)
    t.equal(ratio(merged, 'functions'), (2, 3), 'functions')
    t.equal(ratio(merged, 'call_sites'), (1, 1), 'call sites')
    text = t.run([t.calltrace, 'report', recording.folder], check=True).out
    t.contains(text, 'plain: has no debug information')
    t.contains(text, '(no source line): never')
    lcov = t.run([t.calltrace, 'report', '-f', 'lcov', recording.folder], check=True)
    t.equal(lcov.out, '', 'a tracefile of nothing')
    t.contains(lcov.err, '3 functions and 1 call sites have no source file')


def test_traces_in_any_number_and_order_give_one_answer(t):
    suite = t.compile(SUITE, 'suite', criterion=True)
    recording = t.record([suite], validate=False)
    whole = report(t, recording.folder)
    parts = [report(t, path) for path in recording.traces]
    for index, found in enumerate(whole['functions']):
        calls = sum(f['calls'] for part in parts for f in part['functions']
                    if (f['file'], f['line'], f['function']) == (found['file'], found['line'], found['function']))
        t.equal(found['calls'], calls, f'calls of {found["function"]}, row {index}')
    t.equal(whole['calls'], sum(part['calls'] for part in parts), 'all calls')
    t.equal(os.path.isfile(t.path('report.json')), True, 'the report itself')


@pitfall(8)
@cases(level=['-O0', '-O2'])
def test_a_tail_jump_is_not_an_uncovered_call(t, level):
    """Its callee sees the return address of the call before it, so no trace can have it."""
    t.write('tail.c', 'int leaf(int n) { return n + 1; }\n'
                      'int once(int n) { return leaf(n); }\n'
                      'int must(int n) { __attribute__((musttail)) return leaf(n); }\n'
                      'int both(int n) { if (n) { int r = once(n); return r - 3; }\n'
                      '                  __attribute__((musttail)) return once(n); }\n'
                      'int main(void) { return must(0) + both(0) + both(1) - 1; }\n')
    program = t.compile(['tail.c'], 'tail', 'clang', level, ['-fno-inline'])
    recording = t.record([program], validate=False)
    merged = report(t, recording.folder)
    t.equal(ratio(merged, 'functions'), (5, 5), 'functions')
    t.equal(ratio(merged, 'call_sites'), (5, 5), 'call sites: all but the two jumps')
    t.equal(ratio(merged, 'call_pairs'), (4, 4), 'call pairs: once -> leaf, both -> once, main -> must, main -> both')
    text = t.run([t.calltrace, 'report', '--uncovered', recording.folder], check=True).out
    t.true('never made' not in text, text)
    t.contains(text, '2 made by a jump (tail calls)')


def test_sibling_calls_of_gcc_are_counted(t):
    """At -O2 its exit hook follows a call in return position, so that is no jump; void functions jump to the hook."""
    t.write('sibling.c', 'void leaf(int *n) { ++*n; }\n'
                         'void once(int *n) { leaf(n); }\n'
                         'int odd(int n);\n'
                         'int even(int n) { return n == 0 ? 1 : odd(n - 1); }\n'
                         'int odd(int n) { return n == 0 ? 0 : even(n - 1); }\n'
                         '__attribute__((no_instrument_function)) int plain(int n) { return even(n); }\n'
                         'int main(void) { int n = 0; once(&n); return even(4) + plain(2) + n - 3; }\n')
    program = t.compile(['sibling.c'], 'sibling', 'gcc', '-O2', ['-foptimize-sibling-calls', '-fno-inline'])
    recording = t.record([program], validate=False)
    merged = report(t, recording.folder)
    t.equal(ratio(merged, 'functions'), (5, 5), 'functions')
    t.equal(ratio(merged, 'call_sites'), (5, 5), 'call sites')
