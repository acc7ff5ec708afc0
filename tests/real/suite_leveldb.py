"""LevelDB, C++ with threads, as an npm package carries it, and its own test programs."""
import glob
import os

import traced
from harness import cases, slow

NEEDS = {'package': ('npm', 'leveldown', '5.6.0')}
SOURCES = ['db', 'table', 'util', 'port', 'helpers/memenv']
PROGRAMS = ['util/cache', 'util/coding', 'util/crc32c', 'util/env', 'util/env_posix', 'util/hash', 'db/dbformat',
            'db/filename', 'db/recovery', 'db/version_edit', 'db/version_set', 'db/write_batch', 'table/filter_block',
            'helpers/memenv/memenv']
LARGE = {'util/cache', 'util/coding', 'db/recovery', 'helpers/memenv/memenv'}  # traces are cut for the sake of Python


def sources_in(folder):
    """Of the library; benchmarks and tools are in the same folders."""
    return [path for place in SOURCES for path in sorted(glob.glob(f'{folder}/{place}/*.cc'))
            if not path.endswith('_test.cc') and os.path.basename(path) not in ('db_bench.cc', 'leveldbutil.cc')]


def run_suite(t, compiler, level):
    folder = t.needs['package'] + '/deps/leveldb/leveldb-1.20'
    flags = ['-std=c++11', '-msse4.2', '-DLEVELDB_PLATFORM_POSIX=1', '-DLEVELDB_ATOMIC_PRESENT', '-DOS_LINUX=1',
             '-I' + folder, f'-I{folder}/include', '-lpthread']
    library = traced.archive(t, 'libleveldb.a', sources_in(folder), compiler, level, flags)
    for number, name in enumerate(PROGRAMS):
        binary = traced.build(t, os.path.basename(name), [f'{folder}/{name}_test.cc', library], compiler, level, flags)
        os.makedirs(f'db{number}')
        traced.both(t, [binary], f'traces/{os.path.basename(name)}', env={'TEST_TMPDIR': t.path(f'db{number}')},
                    options=['--compact', '--max-depth=4'] if name in LARGE else [])
    report = traced.check_report(t, 'traces')
    t.equal(len(report['tests']), len(PROGRAMS), 'programs in the report')
    t.true(report['totals']['functions']['covered'] > 500, f'covered: {report["totals"]}')


@cases(compiler=['gcc'], level=['-O0'])
def test_suite(t, compiler, level):
    run_suite(t, compiler, level)


@slow
@cases(case=['gcc -O2', 'clang -O0', 'clang -O2'])
def test_suite_again(t, case):
    run_suite(t, *case.split())
