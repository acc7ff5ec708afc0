"""cJSON and its test programs, which are written for Unity. Also compared with gcov and callgrind."""
import os

import oracles
import traced
from harness import cases, slow

NEEDS = {'cjson': ('debian', 'cjson')}
PROGRAMS = ['parse_examples', 'parse_number', 'parse_hex4', 'parse_string', 'parse_array', 'parse_object', 'parse_value',
            'print_string', 'print_number', 'print_array', 'print_object', 'print_value', 'misc_tests', 'parse_with_opts',
            'compare_tests', 'cjson_add', 'readme_examples', 'minify_tests', 'json_patch_tests', 'old_utils_tests',
            'misc_utils_tests']
COMPARED = ['parse_examples', 'print_value', 'compare_tests', 'json_patch_tests']


def sources(t, program):
    """Each includes cJSON.c, to test what is static in it."""
    folder = t.needs['cjson']
    utils = [folder + '/cJSON_Utils.c'] if program in PROGRAMS[-3:] else []
    return [f'{folder}/tests/{program}.c', folder + '/tests/unity/src/unity.c', *utils]


def build(t, program, compiler, level='-O0', flags=(), output='', **options):
    folder = t.needs['cjson']
    return traced.build(t, output or program, sources(t, program), compiler, level,
                        [*flags, *(f'-I{folder}/{name}' for name in ('', 'tests', 'tests/unity/src')), '-lm'], **options)


def run_suite(t, compiler, level):
    for program in PROGRAMS:
        binary = build(t, program, compiler, level)
        os.chdir(t.needs['cjson'] + '/tests')  # its inputs are there
        recording = traced.both(t, [binary], t.path('traces/' + program))
        os.chdir(t.tmp)
        t.equal(len(recording.traces), 1, 'traces of ' + program)
    report = traced.check_report(t, 'traces')
    t.equal(len(report['tests']), len(PROGRAMS), 'programs in the report')
    functions = {row['function']: row['calls'] for row in report['functions'] if (row['file'] or '').endswith('/cJSON.c')}
    t.true(functions['parse_value'] > 500, f'parse_value was called {functions["parse_value"]} times only')


@cases(compiler=['gcc'], level=['-O0'])
def test_suite(t, compiler, level):
    run_suite(t, compiler, level)


@slow
@cases(case=['gcc -O2', 'clang -O0', 'clang -O2'])
def test_suite_again(t, case):
    run_suite(t, *case.split())


@cases(compiler=['gcc', 'clang'])
def test_oracles(t, compiler):
    for program in COMPARED:
        os.chdir(t.needs['cjson'] + '/tests')
        binary = build(t, program, compiler)
        recording = traced.record(t, [binary], t.path('traces/' + program))
        ours = oracles.Ours(t, [t.json(recording.traces[0])], [binary])
        plain = build(t, program, compiler, flags=['-gdwarf-4'], output=program + '.plain', instrument=False)
        oracles.compare(t, ours, oracles.Callgrind(t, plain, ours=ours.functions))
        os.chdir(t.tmp)
        t.true(len(ours.functions) > 20, f'{program} reaches {len(ours.functions)} functions only')


def test_function_coverage_as_gcov(t):
    for program in COMPARED:
        os.chdir(t.needs['cjson'] + '/tests')
        binary = build(t, program, 'gcc')
        recording = traced.record(t, [binary], t.path('traces/' + program))
        ours = oracles.Ours(t, [t.json(recording.traces[0])], [binary])
        covered = build(t, program, 'gcc', flags=['--coverage'], output=program + '.gcov', instrument=False)
        t.run([covered])
        theirs = oracles.read_gcov(t, oracles.data_files(covered), oracles.Symbols(t, covered))
        os.chdir(t.tmp)
        t.equal(dict(ours.functions), {name: calls for name, calls in theirs.items() if calls}, 'calls in ' + program)
