"""LibYAML: its programs scan, parse, load, dump and emit its example documents."""
import glob
import os

import traced
from harness import cases, slow

NEEDS = {'libyaml': ('debian', 'libyaml')}
PROGRAMS = ['run-scanner', 'run-parser', 'run-loader', 'run-emitter', 'run-dumper', 'run-parser-test-suite']


def run_suite(t, compiler, level):
    folder = t.needs['libyaml']
    version = {f'YAML_VERSION_{name}': value for name, value in zip(('MAJOR', 'MINOR', 'PATCH'), (0, 2, 5))}
    flags = [*(f'-D{name}={value}' for name, value in version.items()), '-DYAML_VERSION_STRING="0.2.5"',
             f'-I{folder}/include', f'-I{folder}/src']
    library = traced.archive(t, 'libyaml.a', sorted(glob.glob(folder + '/src/*.c')), compiler, level, flags)
    examples = sorted(glob.glob(folder + '/examples/*.yaml'))
    t.true(len(examples) > 8, 'examples')
    for name in PROGRAMS:
        binary = traced.build(t, name, [f'{folder}/tests/{name}.c', library], compiler, level, flags)
        for example in examples:
            traced.both(t, [binary, example], f'traces/{name}/{os.path.basename(example)}')
    for name in ('test-version', 'test-reader'):
        binary = traced.build(t, name, [f'{folder}/tests/{name}.c', library], compiler, level, flags)
        traced.both(t, [binary], 'traces/' + name)
    report = traced.check_report(t, 'traces')
    t.true(report['totals']['functions']['covered'] > 120, f'covered: {report["totals"]}')


@cases(compiler=['clang'], level=['-O2'])
def test_suite(t, compiler, level):
    run_suite(t, compiler, level)


@slow
@cases(case=['gcc -O0', 'gcc -O2', 'clang -O0'])
def test_suite_again(t, case):
    run_suite(t, *case.split())
