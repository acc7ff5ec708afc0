"""`ninja install`, and what pkg-config then says: enough to build somebody's program with us in it."""
import os

from harness import cases

PROGRAM = 'int main(void) { return 0; }\n'
TEST = '''
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
static int f(int x) { return x; }
Test(suite, passes) { f(3); cr_assert_called_with(f, 3); }
'''


def install(t):
    """Runs the install commands of build.ninja (ninja itself is busy running this test); returns the folder."""
    if not os.path.samefile(t.build, t.root + '/build') or not os.path.exists(t.lib) or not os.path.exists(t.calltrace):
        t.skip('needs the default configuration, built whole')
    commands = t.run(['ninja', '-C', t.root, '-t', 'commands', 'install'], check=True).out.splitlines()
    for command in commands:
        if 'DESTDIR' in command:
            t.run(['sh', '-c', f'cd "$ROOT" && {command}'], env={'DESTDIR': t.path('dest')}, check=True)
    return t.path('dest/usr/local')


def flags(t, prefix, *packages):
    env = {'PKG_CONFIG_PATH': prefix + '/lib/pkgconfig', 'PKG_CONFIG_SYSROOT_DIR': t.path('dest')}
    return t.run(['pkg-config', '--cflags', '--libs', *packages], env, check=True).out.split()


def needed(t, program):
    return t.run(['readelf', '-dW', program], check=True).out


def test_files(t):
    prefix = install(t)
    for name in ('bin/calltrace', 'lib/libcalltrace.so', 'lib/libcalltrace.so.0', 'lib/libcalltrace.a',
                 'lib/libcalltrace-criterion.a', 'include/calltrace/calltrace.h',
                 'include/criterion/calltrace.h', 'lib/pkgconfig/calltrace.pc'):
        t.true(os.path.exists(os.path.join(prefix, name)), f'{name} is not installed')
    t.equal(t.run([prefix + '/bin/calltrace', '--help']).status, 0, 'status of the installed `calltrace --help`')


@cases(compiler=['gcc', 'clang'])
def test_a_linked_program_keeps_the_library(t, compiler):
    """The flags come first, as they do in many makefiles, and the linker drops what it thinks unused."""
    prefix = install(t)
    t.write('main.c', PROGRAM)
    t.run([compiler, '-g', '-finstrument-functions', '-Wl,--as-needed', *flags(t, prefix, 'calltrace'), 'main.c', '-o',
           'main'], check=True)
    t.contains(needed(t, 'main'), 'libcalltrace.so.0')


@cases(compiler=['gcc', 'clang'])
def test_a_linked_test_program(t, compiler):
    prefix = install(t)
    t.write('test.c', TEST)
    t.run([compiler, '-g', '-finstrument-functions', 'test.c', '-o', 'test', *flags(t, prefix, 'calltrace-criterion')],
          check=True)
    t.contains(needed(t, 'test'), 'libcalltrace.so.0')
    symbols = t.run(['nm', 'test'], check=True).out
    for name in ('setup', 'main', 'teardown'):
        t.contains(symbols, f' __wrap_criterion_internal_test_{name}\n')
    result = t.run(['./test'], env={'LD_LIBRARY_PATH': prefix + '/lib'})
    t.equal(result.status, 0, str(result))
