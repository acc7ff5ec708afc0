"""Jansson, through the shell scripts that run its own suites: hundreds of short processes below one `calltrace run`."""
import glob
import os
import re

import traced
from harness import cases, slow

NEEDS = {'jansson': ('debian', 'jansson')}
CONFIG = {'json_inline': 'inline', 'json_have_long_long': 1, 'json_have_localeconv': 1, 'json_have_atomic_builtins': 1,
          'json_have_sync_builtins': 1}
HEADERS = ['UNISTD_H', 'SYS_TYPES_H', 'SYS_TIME_H', 'SYS_STAT_H', 'STDINT_H', 'SETLOCALE', 'OPEN', 'READ', 'LOCALE_H',
           'GETTIMEOFDAY', 'GETPID', 'FCNTL_H', 'CLOSE', 'SCHED_H', 'SCHED_YIELD', 'ATOMIC_BUILTINS']


def build(t, compiler, level):
    """What its Makefile builds: the library, bin/json_process, suites/api/test_*."""
    folder = t.needs['jansson']
    with open(folder + '/src/jansson_config.h.in') as file:
        t.write('jansson_config.h', re.sub('@(.*?)@', lambda word: str(CONFIG.get(word[1], '?')), file.read()))
    t.write('jansson_private_config.h', ''.join(f'#define HAVE_{name} 1\n' for name in HEADERS))
    flags = ['-DHAVE_CONFIG_H', '-I.', f'-I{folder}/src', '-lm', '-lpthread']
    library = traced.archive(t, 'libjansson.a', sorted(glob.glob(folder + '/src/*.c')), compiler, level, flags)
    for place, pattern in (('bin', 'bin/*.c'), ('suites/api', 'suites/api/*.c')):
        os.makedirs(place)
        for source in sorted(glob.glob(f'{folder}/test/{pattern}')):
            name = os.path.join(place, os.path.basename(source)[:-2])
            traced.build(t, name, [source, library], compiler, level, flags)


def run_suite(t, compiler, level):
    build(t, compiler, level)
    folder = t.needs['jansson']
    suites = ['api', 'encoding-flags', 'invalid', 'invalid-unicode', 'valid']
    recording = traced.both(t, ['sh', folder + '/test/run-suites', *suites], env={'top_srcdir': folder},
                            clean=lambda text: re.sub('.*check-exports.*', '', text))
    t.contains(recording.result.out, f'{len(suites)} test suites passed')
    t.true(len(recording.traces) > 200, f'{len(recording.traces)} traces only')
    report = traced.check_report(t, 'trace')
    t.true(report['totals']['functions']['covered'] > 200, f'covered: {report["totals"]}')


@cases(compiler=['gcc'], level=['-O2'])
def test_suites(t, compiler, level):
    run_suite(t, compiler, level)


@slow
@cases(case=['gcc -O0', 'clang -O0', 'clang -O2'])
def test_suites_again(t, case):
    run_suite(t, *case.split())
