"""What libcalltrace.so promises to the process that it is loaded into."""
import fnmatch
import os
import re

from harness import pitfall


def needs_library(t):
    if not os.path.exists(t.lib):
        t.skip('libcalltrace.so is not built')


def test_exports(t):
    needs_library(t)
    with open(t.root + '/tests/checks/exports.txt') as file:
        patterns = [line.strip() for line in file if line.strip() and not line.startswith('#')]
    lines = t.run(['nm', '-D', '--defined-only', t.lib], check=True).out.splitlines()
    names = sorted(line.split()[-1].partition('@')[0] for line in lines)
    extra = [name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    t.equal(extra, [], 'exported, but not listed in tests/checks/exports.txt')
    hooks = [name for name in names if name.startswith('__cyg_profile_func_')]
    t.equal(hooks, ['__cyg_profile_func_enter', '__cyg_profile_func_exit'], 'hooks')


@pitfall(45)
def test_needs_libc_only(t):
    needs_library(t)
    needed = re.findall(r'\(NEEDED\).*\[(.*)\]', t.run(['readelf', '-dW', t.lib], check=True).out)
    t.equal([name for name in needed if not re.match(r'libc\.so|ld-linux', name)], [], 'needed besides libc')


def test_soname(t):
    needs_library(t)
    t.contains(t.run(['readelf', '-dW', t.lib], check=True).out, 'soname: [libcalltrace.so.0]')
    t.true(os.path.samefile(os.path.join(t.build, 'libcalltrace.so.0'), t.lib), 'libcalltrace.so.0 is another file')


@pitfall(16)
def test_thread_locals_need_no_call(t):
    """Initial-exec: one load. A call to __tls_get_addr in a hook could allocate."""
    needs_library(t)
    t.lacks(t.run(['nm', '-D', '--undefined-only', t.lib], check=True).out, '__tls_get_addr')


@pitfall(14)
def test_hot_objects_call_little(t):
    """What an object compiled from a HOT file calls outside our own objects: the list below, by name."""
    needs_library(t)
    import layers
    allowed = read_list(t.root + '/tests/checks/hot-symbols.txt')
    ours = set(re.findall(r' [A-Za-z] (\S+)$', t.sh(
        'nm --defined-only $(find "$BUILD/runtime" -name "*.o")', check=True).out, re.M))
    wrong = []
    for path in layers.project_files(t.root):
        name = os.path.join(t.build, 'runtime', os.path.splitext(path)[0] + '.o')
        if path.startswith('src/') and path.endswith('.c') and layers.is_hot(t.root, path) and os.path.exists(name):
            used = re.findall(r' [Uw] (\S+)', t.run(['nm', '-u', name], check=True).out)
            wrong += [f'{path}: {symbol}' for symbol in used if symbol not in ours and symbol not in allowed]
    t.equal(wrong, [], 'called by hot objects, and not listed in tests/checks/hot-symbols.txt')


def read_list(path):
    with open(path) as file:
        return {line.strip() for line in file if line.strip() and not line.startswith('#')}
