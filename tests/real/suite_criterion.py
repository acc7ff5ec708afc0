"""
Criterion's own samples and tests of whole programs (passes, failures, crashes, timeouts, parameters, theories, exceptions),
with the verdicts that Criterion itself reports; and its unit tests, with the function coverage that lcov reports.
"""
import glob
import os

import oracles
import traced
from harness import cases, slow
from verdicts import clean, our_verdicts, verdicts_of

NEEDS = {'criterion': ('debian', 'criterion')}
PROGRAMS = ['samples/*.c', 'samples/*.cc', 'test/full/*.c', 'test/full/*.cc']
UNITS = ['test/unit/ordered-set.c', 'test/unit/path.c', 'test/unit/asprintf.c', 'src/core/ordered-set.c',
         'src/csptr/array.c', 'src/csptr/mman.c', 'src/compat/path.c', 'src/string/fmt.c', 'src/err.c']
CONFIG = ['CLOCK_GETTIME', 'CLOCK_MONOTONIC_RAW', 'FOPENCOOKIE', 'GETCWD', 'ISATTY', 'OPEN_MEMSTREAM', 'PTHREADS', 'STRTOK_R']


def check_program(t, binary, sample):
    name = os.path.basename(binary)
    untraced = t.run([binary, '-j1', '--json=untraced.json', '--xml=untraced.xml'])
    first = traced.record(t, [binary, '-j1', '--json=traced.json', '--xml=traced.xml'], 'traces/' + name)
    t.equal(first.result.status, untraced.status, 'exit status')
    t.equal(clean(first.result.out), clean(untraced.out), 'standard output')
    t.equal(clean(first.result.err), clean(untraced.err), 'standard error')
    for kind in ('json', 'xml'):
        t.equal(clean(t.read('traced.' + kind)), clean(t.read('untraced.' + kind)), f'the report by --{kind}')
    expected = verdicts_of(t, binary, t.json('traced.json'))
    single = {key[:2] for key in expected if key[2] is None}
    found = {(*key[:2], None if key[:2] in single else key[2]): status for key, status in our_verdicts(t, first).items()}
    t.equal(found, expected, 'verdicts')
    second = traced.record(t, [binary, '-j1'], 'again')
    traced.equal_runs(t, first, second)
    parallel = traced.record(t, [binary, '-j4'], 'parallel')
    t.equal(our_verdicts(t, parallel), our_verdicts(t, first), 'verdicts of tests that run at once')


def run_samples(t, compiler, level):
    """One verdict for each program."""
    folder, verdicts = t.needs['criterion'], []
    sources = [path for pattern in PROGRAMS for path in sorted(glob.glob(os.path.join(folder, pattern)))
               if os.path.getsize(path)]
    t.true(len(sources) > 35, f'only {len(sources)} programs are there')
    for source in sources:
        sample = os.path.relpath(source, folder)
        name = f'real/criterion::{sample} {compiler} {level}'
        try:
            binary = traced.build(t, sample.replace('/', '-'), [source], compiler, level, ['-lcriterion', '-lm'])
            check_program(t, binary, sample)
            verdicts.append((name, 'passed', ''))
        except Exception as failure:
            verdicts.append((name, 'failed', str(failure)))
    report = traced.check_report(t, 'traces', ['--with-tests'])
    t.true(report['totals']['functions']['covered'] > 100, 'functions covered by all samples')
    return verdicts


@cases(compiler=['gcc'], level=['-O0'])
def test_samples(t, compiler, level):
    return run_samples(t, compiler, level)


@slow
@cases(case=['gcc -O2', 'clang -O0', 'clang -O2'])
def test_samples_again(t, case):
    return run_samples(t, *case.split())


def unit_flags(t):
    """gcov sees no function that must be inlined, the hooks do: here none is."""
    t.write('config.h', ''.join(f'#define HAVE_{name} 1\n' for name in CONFIG))
    folder = t.needs['criterion']
    return ['-D_GNU_SOURCE', '-Dalways_inline=unused', '-fgnu89-inline', '-Wl,-z,muldefs', '-I.', f'-I{folder}/include', f'-I{folder}/src',
            '-lcriterion']


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_units(t, compiler, level):
    sources = [os.path.join(t.needs['criterion'], name) for name in UNITS]
    binary = traced.build(t, 'units', sources, compiler, level, unit_flags(t))
    recording = traced.both(t, [binary, '-j1'], clean=clean)
    verdicts = our_verdicts(t, recording)
    t.equal(verdicts, {test: 'passed' for test in verdicts}, 'verdicts')
    traced.equal_runs(t, recording, traced.record(t, [binary, '-j1'], 'again'))
    report = traced.check_report(t, 'trace')
    if compiler == 'gcc' and level == '-O0':
        compare_with_lcov(t, sources, report)


def compare_with_lcov(t, sources, report):
    covered = traced.build(t, 'coverage', sources, 'gcc', '-O0', ['--coverage', *unit_flags(t)], instrument=False)
    t.run([covered, '-j1'], check=True)
    below = os.path.join(t.needs['criterion'], 'src')
    theirs = oracles.lcov_functions(t, t.tmp, below)
    t.true(len(theirs) > 30, f'lcov knows {len(theirs)} functions only')
    t.equal(oracles.reported_functions(report, below), theirs, 'calls of each function, those never called included')
