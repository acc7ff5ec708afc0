"""
Our coverage against other tools' for the same suite: gcov and lcov for functions and their counts; genhtml and lcov
for what a tracefile of ours adds up to.
"""
import os
import re
import shutil

from harness import cases, pitfall

SUITE = ['calc.c', 'order.c', 'test_calc.c']


def functions_of(text):
    """{(file, function): calls} of a tracefile; sections of one file are summed up, as lcov does."""
    calls = {}
    for line in text.splitlines():
        if line.startswith('SF:'):
            file = os.path.basename(line[3:])
        elif line.startswith('FNDA:'):
            count, name = line[5:].split(',', 1)
            calls[file, name] = calls.get((file, name), 0) + int(count)
    return calls


def copy_sources(t, names):
    """Beside what is compiled of them, so that gcov and genhtml find them, and paths are short."""
    for name in names:
        shutil.copy(os.path.join(t.dir, name), t.tmp)


def record(t, compiler, level, sources, criterion=True):
    suite = t.compile(sources, 'suite', compiler, level, criterion=criterion)
    return t.record([suite], validate=False)


def report(t, recording, *options):
    return t.run([t.calltrace, 'report', *options, recording.folder], check=True)


def gcov_functions(t, program):
    """What lcov captures of a program that was built with --coverage and has run."""
    t.run(['lcov', '--quiet', '--capture', '--no-external', '-d', t.tmp, '-o', t.path('gcov.info')], check=True)
    return functions_of(t.read('gcov.info'))


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_functions_of_a_criterion_suite_are_those_of_gcov(t, compiler, level):
    copy_sources(t, SUITE + ['calc.h'])
    program = t.compile(SUITE, 'gcov-suite', 'gcc', flags=['--coverage'], instrument=False, criterion=True)
    t.run([program], env={'CRITERION_NO_EARLY_EXIT': '1'})
    theirs = gcov_functions(t, program)
    report(t, record(t, compiler, level, SUITE), '--with-tests', '--lcov', t.path('ours.info'))
    ours = functions_of(t.read('ours.info'))
    t.equal(ours, {key: calls for key, calls in theirs.items() if not key[1].endswith('_jmp')}, 'calls per function')
    t.equal(ours['calc.h', 'clamp'], 12, 'an inline function in three files, calls')


@cases(compiler=['gcc', 'clang'])
def test_product_functions_are_those_of_lcov_without_the_tests(t, compiler):
    copy_sources(t, SUITE + ['calc.h'])
    program = t.compile(SUITE, 'gcov-suite', 'gcc', flags=['--coverage'], instrument=False, criterion=True)
    t.run([program], env={'CRITERION_NO_EARLY_EXIT': '1'})
    gcov_functions(t, program)
    t.run(['lcov', '--quiet', '-r', 'gcov.info', '*/test_calc.c', '-o', 'product.info'], check=True)
    summary = t.run(['lcov', '--summary', 'product.info'], check=True)
    report(t, record(t, compiler, '-O0', SUITE), '--json', t.path('ours.json'))
    ours = t.json('ours.json')['totals']['functions']
    t.equal((ours['covered'], ours['total']), rates(summary.out + summary.err)['functions'], 'functions')


def rates(text):
    """{what: (covered, total)} as lcov and genhtml print them."""
    found = re.findall(r'(lines|functions|branches)\.*: (?:.*?\((\d+) of (\d+)|(no data found))', text)
    return {what: (int(covered or 0), int(total or 0)) for what, covered, total, _ in found}


def check_tracefile(t, recording, sites, *options):
    """genhtml and lcov read it without a complaint, and their totals are those of the JSON report."""
    report(t, recording, '--lcov', t.path('calls.info'), '--json', t.path('calls.json'), *options)
    totals = t.json('calls.json')['totals']
    ours = {'functions': (totals['functions']['covered'], totals['functions']['total']),
            'branches': (sum(totals[key]['covered'] for key in sites), sum(totals[key]['total'] for key in sites))}
    for argv in (['genhtml', '--branch-coverage', '-o', t.path('html'), 'calls.info'],
                 ['lcov', '--summary', 'calls.info', '--rc', 'lcov_branch_coverage=1']):
        result = t.run(argv, check=True)
        text = result.out + result.err
        for word in ('WARNING', 'ERROR', 'warning', 'error'):
            t.lacks(text, word, argv[0])
        theirs = rates(text)
        t.equal({key: theirs[key] for key in ours}, ours, argv[0])
    return t.read('calls.info')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_genhtml_shows_our_totals(t, compiler, level):
    copy_sources(t, SUITE + ['calc.h'])
    recording = record(t, compiler, level, SUITE)
    check_tracefile(t, recording, ['call_sites'])
    check_tracefile(t, recording, ['call_sites'], '--with-tests')
    check_tracefile(t, recording, ['call_sites', 'indirect_sites'], '--lcov-calls=all')


@pitfall(48)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_genhtml_takes_the_names_of_cpp(t, compiler, level):
    copy_sources(t, ['names.cc'])
    recording = record(t, compiler, level, ['names.cc'], criterion=False)
    text = check_tracefile(t, recording, ['call_sites'])
    t.contains(text, ',geometry::scale(double; double)\n')
    names = [line.split(',', 1)[1] for line in text.splitlines() if line.startswith('FN:')]
    t.equal(len(names), len(set(names)), 'names, all different')


def test_the_tracefile_is_the_same_each_time(t):
    copy_sources(t, SUITE + ['calc.h'])
    recording = record(t, 'gcc', '-O0', SUITE)
    texts = []
    for number in range(2):
        report(t, recording, '--lcov', t.path(f'{number}.info'))
        texts.append(t.read(f'{number}.info'))
    backwards = list(reversed(recording.traces))
    t.run([t.calltrace, 'report', '--lcov', t.path('2.info'), *backwards], check=True)
    t.equal(texts[1], texts[0], 'again')
    t.equal(t.read('2.info'), texts[0], 'traces in another order')
