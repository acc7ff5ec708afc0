"""build.ninja is committed: it must be what configure.py writes, and must say nothing about a machine."""
import os
import re
import shutil
import sys

from harness import cases


def copy_of_tree(t):
    """The files that configure.py looks at, in t.tmp."""
    shutil.copytree(t.root, t.path('tree'), symlinks=True, ignore=lambda folder, names: [
        name for name in names if folder == t.root and name in ('build', '.git')])
    return t.path('tree')


def configure(t, tree, *options):
    return t.run([sys.executable, tree + '/configure.py', *options])


def test_regenerating_changes_nothing(t):
    tree = copy_of_tree(t)
    result = configure(t, tree)
    t.equal(result.status, 0, str(result))
    with open(t.root + '/build.ninja') as file:
        t.equal(t.read('tree/build.ninja'), file.read(), 'build.ninja; run ./configure.py and commit it')


def test_nothing_of_this_machine(t):
    with open(t.root + '/build.ninja') as file:
        paths = set(re.findall(r'(?<![\w$./])/[\w./-]+', file.read())) - {'/usr/local', '/usr/bin/python3'}
    t.equal(paths, set(), 'absolute paths in build.ninja')


@cases(options=[['--cc', 'clang', '--cxx', 'clang++', '--build-type', 'debug'],
                ['--sanitize', 'address,undefined', '--prefix', '/opt/calltrace']])
def test_other_configurations_leave_it_alone(t, options):
    tree = copy_of_tree(t)
    before = t.read('tree/build.ninja')
    result = configure(t, tree, *options)
    t.equal(result.status, 0, str(result))
    t.equal(t.read('tree/build.ninja'), before, 'build.ninja')
    custom = t.read('tree/build/custom/build.ninja')
    parts = {'clang': ['cc = clang\n', 'cxx = clang++\n', 'opt = -O0 -g\n'],
             '/opt/calltrace': ['opt = -O2 -g -fno-omit-frame-pointer -fsanitize=address,undefined\n',
                                'prefix = /opt/calltrace\n']}
    for part in next(parts[word] for word in options if word in parts):
        t.contains(custom, part)


def test_wrong_options(t):
    tree = copy_of_tree(t)
    for options, line in ((['--cc', 'no-such-cc'], 'configure.py: --cc no-such-cc: no such program\n'),
                          (['--sanitize', 'adress'], '--sanitize adress: not a list of address, undefined, leak\n')):
        result = configure(t, tree, *options)
        t.equal(result.status, 2, str(result))
        t.contains(result.err, line)


def test_a_missing_package_is_named(t):
    tree = copy_of_tree(t)
    os.mkdir('bin')
    os.symlink('/usr/bin/env', 'bin/env')
    result = t.run([sys.executable, tree + '/configure.py'], env={'PATH': t.path('bin')})
    t.equal(result.status, 2, str(result))
    for name, package in (('ninja', 'ninja-build'), ('libdw', 'libdw-dev'), ('Zydis', 'libzydis-dev')):
        t.contains(result.err, f'configure.py: {name} is missing, needed to build: apt-get install {package} '
                               '(or: ./configure.py --install-deps)\n')


def test_empty_folders(t):
    """Sources may be missing: what they would make is then not made."""
    os.mkdir('bare')
    shutil.copy(t.root + '/configure.py', 'bare/configure.py')
    result = configure(t, t.path('bare'))
    t.equal(result.status, 0, str(result))


def test_runtime_is_not_instrumented(t):
    commands = t.run(['ninja', '-C', t.root, '-t', 'commands', 'build/libcalltrace.so'], check=True).out
    t.lacks(commands, '-finstrument-functions')
    t.lacks(commands, '-fsanitize=address')
    compiles = [line for line in commands.splitlines() if ' -c ' in line]
    t.true(compiles, 'no compile command of libcalltrace.so found')
    t.equal([line for line in compiles if '-mgeneral-regs-only' not in line], [], 'without -mgeneral-regs-only')
