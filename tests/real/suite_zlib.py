"""zlib: as a shared library, with its test programs on top."""
import glob
import os

import traced
from harness import cases, slow

NEEDS = {'zlib': ('debian', 'zlib')}


def run_suite(t, compiler, level):
    folder = t.needs['zlib']
    flags = ['-I' + folder, '-DHAVE_UNISTD_H', '-D_LARGEFILE64_SOURCE=1']
    library = traced.build(t, 'libz.so.1', sorted(glob.glob(folder + '/*.c')), compiler, level,
                           [*flags, '-fPIC', '-shared', '-Wl,-soname,libz.so.1'])
    programs = {name: traced.build(t, name, [f'{folder}/test/{name}.c'], compiler, level,
                                   [*flags, library, '-Wl,-rpath,' + t.tmp]) for name in ('example', 'minigzip')}
    first = traced.both(t, [programs['example'], 'data.gz'], 'traces/example')
    t.equal([os.path.basename(module['path']) for module in t.json(first.traces[0])['metadata']['modules']],
            ['example', 'libz.so.1'], 'modules')
    traced.equal_runs(t, first, traced.record(t, [programs['example'], 'data.gz'], 'again'))
    text = t.read(folder + '/zlib.h')
    t.write('zlib.h', text)
    traced.both(t, ['sh', '-c', './minigzip <zlib.h | ./minigzip -d | cmp - zlib.h'], 'traces/minigzip')
    report = traced.check_report(t, 'traces')
    t.true(report['totals']['functions']['covered'] > 60, f'covered: {report["totals"]}')
    t.equal(sorted({os.path.basename(module['path']) for module in report['modules']}),
            ['example', 'libz.so.1', 'minigzip'], 'modules')


@cases(compiler=['gcc'], level=['-O2'])
def test_suite(t, compiler, level):
    run_suite(t, compiler, level)


@slow
@cases(case=['gcc -O0', 'clang -O0', 'clang -O2'])
def test_suite_again(t, case):
    run_suite(t, *case.split())
