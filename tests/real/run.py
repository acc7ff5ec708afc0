#!/usr/bin/python3
"""
Traces what nobody here wrote: the suite_*.py of this folder, each a body of C or C++ code with tests of its own, fetched
by fetch.py. Where something cannot be fetched, its tests are skipped. The last line is `N passed, N failed`.

A suite says what it needs, and is written like any test_*.py otherwise (tests/README.md):

    NEEDS = {'lua': ('debian', 'lua5.4')}           t.needs['lua'] is the folder; ('npm', name, version) likewise

`@slow` tests are left out without --full.
"""
import argparse
import fnmatch
import glob
import importlib.util
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), 'oracle')]
import fetch  # noqa: E402
from harness import Skip  # noqa: E402


def load(path):
    spec = importlib.util.spec_from_file_location('real_' + os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


runner = load(os.path.join(os.path.dirname(HERE), 'run.py'))


def find_tests(options):
    for path in sorted(glob.glob(os.path.join(HERE, 'suite_*.py'))):
        suite = load(path)
        for name, function in list(vars(suite).items()):
            if not name.startswith('test_') or not callable(function):
                continue
            for case in getattr(function, 'cases', [{}]):
                title = f'real/{os.path.basename(path)[6:-3]}::{name[5:]} ' + ' '.join(map(str, case.values()))
                yield suite, runner.Test(title.strip(), lambda t, s=suite, f=function, c=case: run_test(t, s, f, c), HERE,
                                         getattr(function, 'timeout', 300), getattr(function, 'slow', False))


def run_test(t, suite, function, case):
    if suite.unavailable:
        raise Skip(suite.unavailable)
    t.needs = suite.folders
    return function(t, **case)


def fetch_all(suites, fetcher):
    """Before any test, so that none waits for another's download."""
    for suite in suites:
        suite.folders, suite.unavailable = {}, ''
        for name, (kind, *words) in suite.NEEDS.items():
            try:
                suite.folders[name] = {'debian': fetcher.debian, 'npm': fetcher.npm,
                                       'debian-binary': fetcher.debian_binary}[kind](*words)
            except fetch.Unavailable as reason:
                suite.unavailable = str(reason)
                print(f'cannot fetch {" ".join(words)}: {reason}', flush=True)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option('build', nargs='?', default='build', help='the build folder (build)')
    option('--full', action='store_true', help='also what takes long, and all compilers and levels')
    option('--filter', action='append', default=[], metavar='GLOB', help='only tests whose name fits, or contains, this')
    option('-j', '--jobs', type=int, default=len(os.sched_getaffinity(0)), metavar='N', help='tests at a time')
    option('--with-calltrace', default='', metavar='PATH', help='test this program instead of the built one')
    option('--keep', action='store_true', help='keep the folders of tests that passed')
    option('-v', '--verbose', action='store_true', help='a line for each test')
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.with_calltrace = options.with_calltrace and os.path.abspath(options.with_calltrace)
    if not os.path.isdir(options.build):
        parser.error(f'{options.build}: no such folder; run ninja first')
    return options


def main():
    options = parse_options()
    chosen = [(suite, test) for suite, test in find_tests(options) if (options.full or not test.slow) and (
        not options.filter or any(fnmatch.fnmatch(test.name, glob) or glob in test.name for glob in options.filter))]
    fetch_all({id(suite): suite for suite, _ in chosen}.values(), fetch.Fetcher(options.build))
    options.tmp = runner.make_tmp(options.build)
    os.makedirs(options.tmp)
    failed = runner.run_all([test for _, test in chosen], options)
    if not os.listdir(options.tmp):
        os.rmdir(options.tmp)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
