#!/bin/sh
''':'
# Shell for these lines, then Python: a minimal Debian has no Python that could say what is missing.
python=/usr/bin/python3 # Debian's own: packages such as python3-jsonschema install for that one alone
case " $* " in *" --install-deps "*) [ -x $python ] || {
	sudo= ; [ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3
} || exit 2 ;; esac
[ -x $python ] || python=python3
exec $python "$0" "$@"
'''
# Writes build.ninja. The committed one is the output without options: a function of the files in the tree and of nothing
# else. What a machine decides (where headers are) is asked of pkg-config by the commands themselves.
import argparse
import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap

VERSION = '0.1.0'
SONAME = 'libcalltrace.so.0'

# ---------------------------------------------------------------- targets, as data

SOURCES = {  # a file added to one of these folders is found; a pattern without a file contributes nothing
    'runtime':   ['src/runtime/*.c', 'src/arch/x86_64/*.S', 'src/format/index.c', 'src/format/plan.c',
                  'src/format/choice.c', 'src/base/error.c', 'src/base/setting.c'],
    'tool':      ['src/base/*.c', 'src/format/*.c', 'src/arch/x86_64/*.c', 'src/index/*.c', 'src/trace/*.c',
                  'src/match/*.c', 'src/report/*.c'],
    'cli':       ['src/cli/*.c'],
    'criterion': ['criterion-ext/wrap.c', 'criterion-ext/values.c'],
    'assert':    ['criterion-ext/*.c', '!criterion-ext/wrap.c', '!criterion-ext/values.c', 'src/base/*.c', '!src/base/file.c',
                  'src/format/*.c',
                  'src/trace/live*.c', 'src/trace/places.c', 'src/trace/stream.c', 'src/trace/value*.c',
                  'src/trace/expression.c', 'src/trace/pull.c', 'src/match/*.c', '!src/match/trace_calls.c',
                  '!src/match/expectation*.c'],
    'unit':      ['tests/unit/*.c'],
}

VARIANTS = {  # ways to compile; the name is also the folder of the objects
    'runtime': ('-O2 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-stack-protector -mgeneral-regs-only '
                '-fno-sanitize=all',
                'In the traced process: optimised in every build type, never instrumented, never sanitised, and no SSE '
                'register is touched.'),
    'criterion': ('-O2 -fPIC -fno-sanitize=all',
                  'Linked into test programs: not instrumented either, and without debug information, which is theirs to tell.'),
    'assert': ('-O2 -fPIC -fno-sanitize=all -fvisibility=hidden -include criterion-ext/own_memory.h',
               'What assertions need in the test program: likewise, and with memory of its own.'),
    'tool': ('$opt', 'The calltrace program.'),
    'traced': ('-O0 -g -finstrument-functions', 'Our code under our tests, recorded by ourselves.'),
    'san': ('-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined',
            'Our code under our tests, sanitised.'),
    'fuzz': ('-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined '
             '-DFUZZ_LIBFUZZER=', 'The readers, for libFuzzer; by clang whatever the compiler is.'),
}
FUZZERS = ['raw', 'json', 'index', 'dwarf', 'expect']

USES = {  # what a folder or file may use beyond libc; the flags go to nothing else
    'src/index': '$with_elf', 'src/trace': '$with_json', 'src/report': '$with_json', 'src/cli': '$with_json',
    'src/runtime/criterion.c': '$with_criterion', 'criterion-ext': '$with_criterion', 'tests/unit': '$with_criterion',
}

INSTALL = [  # (below the prefix, mode, files)
    ('bin', '755', ['$b/calltrace']),
    ('lib', '644', [f'$b/{SONAME}', '$b/libcalltrace.a', '$b/libcalltrace-criterion.a']),
    ('lib/pkgconfig', '644', ['$b/calltrace.pc', '$b/calltrace-criterion.pc']),
    ('include/calltrace', '644', ['include/calltrace/*.h']),
    ('include/criterion', '644', ['criterion-ext/include/criterion/*.h']),
    ('share/man/man1', '644', ['docs/*.1']),
]

NEEDS = [  # (name, how to find it, Debian package, needed to)
    ('gcc', 'tool gcc', 'gcc', 'build'),
    ('g++', 'tool g++', 'g++', 'build'),
    ('ninja', 'tool ninja', 'ninja-build', 'build'),
    ('pkg-config', 'tool pkg-config', 'pkg-config', 'build'),
    ('libdw', 'pkg libdw', 'libdw-dev', 'build'),
    ('libelf', 'pkg libelf', 'libelf-dev', 'build'),
    ('cJSON', 'pkg libcjson', 'libcjson-dev', 'build'),
    ('Criterion', 'pkg criterion', 'libcriterion-dev', 'build'),
    ('Zydis', 'link Zydis/Zydis.h -lZydis', 'libzydis-dev', 'build'),  # no .pc file in Debian 12
    ('clang', 'tool clang', 'clang', 'test'),
    ('compiler-rt', 'clang --coverage', 'libclang-rt-dev', 'test'),
    ('lld', 'tool ld.lld', 'lld', 'test'),
    ('llvm-cov', 'tool llvm-cov', 'llvm', 'test'),
    ('lcov', 'tool lcov', 'lcov', 'test'),
    ('valgrind', 'tool valgrind', 'valgrind', 'test'),
    ('gdb', 'tool gdb', 'gdb', 'test'),
    ('readelf', 'tool readelf', 'binutils', 'test'),
    ('git', 'tool git', 'git', 'test'),
    ('jsonschema', 'python jsonschema', 'python3-jsonschema', 'test'),
    ('nanopb', 'link stdlib.h -lprotobuf-nanopb', 'libnanopb-dev', 'test'),  # the static libcriterion wants it
]

WRAPPED = ['criterion_internal_test_setup', 'criterion_internal_test_main', 'criterion_internal_test_teardown']

# ---------------------------------------------------------------- options

def parse_options():
    parser = argparse.ArgumentParser(
        prog='configure.py', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Checks that what CallTrace needs is there, and writes build.ninja.', epilog=textwrap.dedent('''\
        Without options, ./build.ninja (which is committed) is written, and `ninja` builds in ./build. Any other
        configuration is written to BUILDDIR/build.ninja and leaves ./build.ninja alone; build it, from the same
        folder, with `ninja -f BUILDDIR/build.ninja [TARGET]`.

        Targets: all (default), demo, test, test-fast, test-real, self, bench, pitfalls, values, fuzz, kill, stress,
        install.
        `DESTDIR=DIR ninja install` installs below DIR; `ninja -t clean` removes what was built.'''))
    option = parser.add_argument
    option('--cc', default='gcc', help='C compiler (%(default)s)')
    option('--cxx', default='g++', help='C++ compiler: it links calltrace, for the demangler (%(default)s)')
    option('--build-type', choices=['release', 'debug'], default='release',
           help='-O2 -g, or -O0 -g; the recorder itself is always -O2 (%(default)s)')
    option('--sanitize', default='', metavar='LIST', help='sanitisers of the calltrace program: address,undefined')
    option('--werror', action='store_true', help='a warning is an error')
    option('--prefix', default='/usr/local', help='where `ninja install` installs (%(default)s)')
    option('--builddir', help='where everything that is built goes (build; with other options build/custom)')
    option('--install-deps', action='store_true', help='install what is missing with apt-get, then go on')
    options = parser.parse_args()
    if set(options.sanitize.split(',')) - {'', 'address', 'undefined', 'leak'}:
        parser.error(f'--sanitize {options.sanitize}: not a list of address, undefined, leak')
    names = ['cc', 'cxx', 'build_type', 'sanitize', 'werror', 'prefix']
    options.default = (all(getattr(options, name) == parser.get_default(name) for name in names)
                       and options.builddir in (None, 'build'))
    options.builddir = os.path.relpath(options.builddir or ('build' if options.default else 'build/custom'))
    options.words = [] if options.default else [word for word in sys.argv[1:] if word != '--install-deps']
    return options

# ---------------------------------------------------------------- probes

def say(text):
    print('configure.py: ' + text, file=sys.stderr)

def die(text):
    say(text)
    sys.exit(2)

def works(*command, text=''):
    with tempfile.TemporaryDirectory() as folder:  # clang --coverage leaves a file where it runs
        return subprocess.run(command, input=text, text=True, capture_output=True, cwd=folder).returncode == 0

def found(probe, cc):
    kind, *what = probe.split()
    if kind == 'tool':
        return shutil.which(what[0])
    if kind == 'pkg':
        return shutil.which('pkg-config') and works('pkg-config', '--exists', what[0])
    if kind == 'python':
        return works(sys.executable, '-c', 'import ' + what[0])
    if kind == 'clang':
        return links('clang', '', what[0])
    return links(cc if shutil.which(cc) else 'gcc', f'#include <{what[0]}>', what[1])

def links(cc, include, flag):
    return shutil.which(cc) and works(cc, '-x', 'c', '-', '-x', 'none', flag, '-o', '/dev/null',
                                      text=include + '\nint main(void) { return 0; }\n')

def install_packages(packages):
    sudo = [] if os.geteuid() == 0 else ['sudo']
    for tool in [*sudo, 'apt-get']:
        if not shutil.which(tool):
            return say(f'--install-deps needs {tool}, which is missing')
    for words in (['update'], ['install', '-y', '--no-install-recommends', *packages]):
        command = [*sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', *words]
        say(' '.join(command))
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
            return say('apt-get failed; what it said is above')

def check_needs(options):
    absent = [need for need in NEEDS if not found(need[1], options.cc)]
    if absent and options.install_deps:
        install_packages(sorted({package for _, _, package, _ in absent}))  # if it failed, what is missing is said below
        absent = [need for need in absent if not found(need[1], options.cc)]
    for name, _, package, purpose in absent:
        say(f'{name} is missing, needed to {purpose}: apt-get install {package} (or: ./configure.py --install-deps)')
    if any(purpose == 'build' for *_, purpose in absent):
        sys.exit(2)
    for option, tool in (('--cc', options.cc), ('--cxx', options.cxx)):
        if not shutil.which(tool):
            die(f'{option} {tool}: no such program')
    if options.sanitize and not links(options.cc, '', '-fsanitize=' + options.sanitize):
        die(f'--sanitize {options.sanitize}: {options.cc} cannot link that; for clang: apt-get install libclang-rt-dev')

# ---------------------------------------------------------------- build.ninja

class Ninja:
    """The text of a Ninja file as it grows, with long lines folded."""

    def __init__(self, text):
        self.text = text

    def line(self, text, indent=''):
        while len(indent + text) > 118 and ' ' in text[:114]:
            head, text = text[:text.rindex(' ', 0, 114)], text[text.rindex(' ', 0, 114) + 1:]
            self.text += f'{indent}{head} $\n'
            indent = '    '
        self.text += indent + text + '\n'

    def comment(self, text):
        self.text += '\n' + textwrap.fill(text, 116, initial_indent='# ', subsequent_indent='# ') + '\n'

    def variables(self, indent='', **values):
        for name, value in values.items():
            self.line(f'{name} = {value}'.rstrip(), indent)

    def rule(self, name, command, **values):
        self.line('rule ' + name)
        self.variables('  ', command=command, **values)

    def build(self, output, rule, inputs=(), needs=(), also='', **values):
        """One build statement. A product without any input is left out. Returns what can be built, as a list."""
        if not inputs and not needs:
            return []
        self.line(f'build {output}{also and " | " + also}: ' + ' '.join([rule, *inputs, *(['|', *needs] if needs else [])]))
        self.variables('  ', **values)
        return [output]

def files(patterns):
    """What the patterns match, less what those match that begin with '!'."""
    def matches(kept):
        return {path for pattern in kept for path in ([pattern] if '$b' in pattern else glob.glob(pattern))}
    return sorted(matches(p for p in patterns if p[0] != '!') - matches(p[1:] for p in patterns if p[0] == '!'))

def compile_all(n, variant, group):
    """Compiles a group of sources one way; returns the objects."""
    out = []
    for source in files(SOURCES[group]):
        uses = USES.get(source) or USES.get(os.path.dirname(source))
        out += n.build(f'$b/{variant}/{os.path.splitext(source)[0]}.o', 'cc_' + variant, [source],
                       **({'uses': uses} if uses else {}))
    return out

def wrapped_symbols():
    with open('criterion-ext/wrap.list' if os.path.exists('criterion-ext/wrap.list') else os.devnull) as file:
        return [line.strip() for line in file if line.strip() and line[0] != '#'] or WRAPPED

def emit_variables(n, options):
    n.variables(ninja_required_version='1.8', b=options.builddir, builddir='$b', prefix=options.prefix,
                version=VERSION, cc=options.cc, cxx=options.cxx)
    n.variables(opt={'release': '-O2 -g', 'debug': '-O0 -g'}[options.build_type]
                + (f' -fno-omit-frame-pointer -fsanitize={options.sanitize}' if options.sanitize else ''))
    n.variables(cflags='-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef '
                + ('-Werror ' if options.werror else '') + '-D_GNU_SOURCE= -Iinclude -Isrc')
    n.comment('What only some folders use.')
    n.variables(with_elf='$$(pkg-config --cflags libdw libelf)', with_json='$$(pkg-config --cflags libcjson)',
                with_criterion='-Icriterion-ext/include $$(pkg-config --cflags criterion)')
    n.variables(libs='$$(pkg-config --libs libdw libelf libcjson) -lZydis -pthread')
    n.variables(wrap=' '.join('-Wl,--wrap=' + symbol for symbol in wrapped_symbols()))
    n.comment("Debian's own Python: python3-jsonschema installs for that one alone.")
    n.variables(python='/usr/bin/python3')

def emit_rules(n):
    for name, (flags, why) in VARIANTS.items():
        n.comment(why)
        n.variables(**{name + '_cflags': flags})
        n.rule('cc_' + name, f'{"clang" if name == "fuzz" else "$cc"} $cflags ${name}_cflags $uses -MMD -MF $out.d -c $in -o $out', depfile='$out.d',
               deps='gcc', description='CC $out')
    n.comment('-z defs: it needs libc and nothing else. -z now: no lazy binding inside a hook.')
    n.rule('link_runtime', f'$cc -shared -Wl,-soname,{SONAME} -Wl,-z,now -Wl,-z,defs -o $out $in && '
           f'ln -sf libcalltrace.so $b/{SONAME}', description='LINK $out')
    n.rule('ar', 'rm -f $out && ar rcsD $out $in', description='AR $out')
    n.comment('Several objects made one, of which nothing is seen outside but what is meant to be.')
    n.rule('join', '$cc -r -nostdlib -o $out $in && objcopy --localize-hidden $out', description='JOIN $out')
    n.comment('By the C++ compiler, for __cxa_demangle alone.')
    n.rule('link', '$cxx $flags -o $out $in $libs', description='LINK $out')
    n.comment('The whole library goes into the unit tests, so that what no test reaches is there to be missed.')
    n.rule('link_unit', '$cxx $flags -o $out $in -Wl,--whole-archive $library -Wl,--no-whole-archive $libs '
           '$$(pkg-config --libs criterion)', description='LINK $out')
    n.rule('pc', 'sed -e "s|@prefix@|$prefix|" -e "s|@version@|$version|" -e "s|@wrap@|$wrap|" $in > $out',
           description='PC $out')
    n.comment('Has the terminal to itself; what it prints is not held back.')
    n.rule('run', '$command', pool='console', description='$command')
    n.rule('install', 'install -D -m $mode -t "$${DESTDIR}$prefix/$to" $in', description='INSTALL $prefix/$to')
    n.rule('install_link', f'ln -sf {SONAME} "$${{DESTDIR}}$prefix/lib/libcalltrace.so" && '
           'if [ -z "$$DESTDIR" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi', description='INSTALL $prefix/lib')

def emit_products(n):
    n.comment('libcalltrace: what runs inside the traced process.')
    runtime = compile_all(n, 'runtime', 'runtime')
    out = n.build('$b/libcalltrace.so', 'link_runtime', runtime, also='$b/' + SONAME)
    out += n.build('$b/libcalltrace.a', 'ar', runtime)
    n.comment('libcalltrace-criterion: the seam to Criterion, and the assertions.')
    engine = n.build('$b/assert/assert.o', 'join', compile_all(n, 'assert', 'assert'))
    out += n.build('$b/libcalltrace-criterion.a', 'ar', compile_all(n, 'criterion', 'criterion') + engine)
    n.comment('calltrace: everything else.')
    out += emit_tool(n, 'tool', '$b/calltrace')
    n.comment('For pkg-config.')
    for source in ('src/runtime/calltrace.pc.in', 'criterion-ext/calltrace-criterion.pc.in'):
        out += n.build('$b/' + os.path.basename(source)[:-3], 'pc', [source])
    n.build('all', 'phony', out)

def emit_tool(n, variant, program):
    library = emit_library(n, variant)
    main = compile_all(n, variant, 'cli')
    return n.build(program, 'link', main and main + library, flags=f'${variant}_cflags')

def emit_library(n, variant):
    return n.build(f'$b/{variant}/tool.a', 'ar', compile_all(n, variant, 'tool'))

def emit_tests(n):
    n.comment('Our own program again, sanitised.')
    built = ['all'] + emit_tool(n, 'san', '$b/calltrace-san')
    n.comment('The tests that are written in Criterion: plain, sanitised, and to be recorded by ourselves.')
    emit_library(n, 'traced')
    for variant, name in (('tool', 'unit-tests'), ('san', 'unit-tests-san'), ('traced', 'unit-tests-traced')):
        units = compile_all(n, variant, 'unit')
        library = f'$b/{variant}/tool.a'
        built += n.build('$b/' + name, 'link_unit', units, needs=units and [library], library=library,
                         flags=f'${variant}_cflags')
    n.comment('What is run. None of these is ever up to date.')
    for name, needs, command in (
            ('demo', ['all'], 'sh examples/demo.sh $b'),
            ('test', built, '$python tests/run.py --build $b'),
            ('test-fast', built, '$python tests/run.py --build $b --fast'),
            ('test-real', ['all'], '$python tests/real/run.py $b'),
            ('self', built, 'sh tests/self.sh $b'),
            ('bench', ['all'], '$python tests/bench/run.py $b'),
            ('pitfalls', ['tests/pitfalls.py'], '$python tests/pitfalls.py --write'),
            ('values', ['all'], long_run(20, 'test_random_programs', 'test_callers.py::test_recorded', 'test_damaged_binaries', 'test_shapes')),
            ('kill', ['all'], long_run(300, 'recorder/test_kill', 'test_killed_at_once')),
            ('stress', ['all'], long_run(200, 'recorder/test_stress', 'recorder/test_alike'))):
        n.build(name, 'run', needs=needs, command=command)

def long_run(times, *filters):
    """Tests with random numbers, more often than in `ninja test`, and with others each time."""
    return (f'CT_TIMES=$${{CT_TIMES:-{times}}} CT_SEED=$${{CT_SEED:-$$(date +%s)}} $python tests/run.py --build $b '
            + ' '.join('--filter ' + name for name in filters))

def emit_fuzzers(n):
    n.comment('The readers under libFuzzer; built by `ninja fuzz` alone.')
    n.rule('link_fuzz', 'clang++ -fsanitize=fuzzer,address,undefined -o $out $in $libs', description='LINK $out')
    library, built = emit_library(n, 'fuzz'), []
    for name in FUZZERS:
        source = n.build(f'$b/fuzz/tests/fuzz/fuzz_{name}.o', 'cc_fuzz', files([f'tests/fuzz/fuzz_{name}.c']), uses='$with_json')
        built += n.build(f'$b/fuzz_{name}', 'link_fuzz', source and source + library)
    n.build('fuzz', 'run', needs=built, command='sh tests/fuzz/run.sh $b')

def emit_install(n):
    n.comment('Installation. `DESTDIR=DIR ninja install` puts DIR before every path.')
    done = []
    for to, mode, patterns in INSTALL:
        done += n.build('install-' + to.replace('/', '-'), 'install', files(patterns), to=to, mode=mode)
    done += n.build('install-link', 'install_link', needs=['install-lib'])
    n.build('install', 'phony', done)

def emit(options):
    n = Ninja('# Written by configure.py: run that instead of editing this. Everything that is built goes below $b.\n')
    emit_variables(n, options)
    emit_rules(n)
    emit_products(n)
    emit_tests(n)
    emit_fuzzers(n)
    emit_install(n)
    n.comment('This file. It depends on the folders too, so that a source that comes or goes is noticed.')
    n.rule('configure', ' '.join(['./configure.py', *map(shlex.quote, options.words)]), generator='1',
           description='CONFIGURE')
    listed = files(sum(SOURCES.values(), []) + ['include/calltrace/*.h', 'criterion-ext/include/criterion/*.h', 'docs/*.1'])
    n.build('build.ninja' if options.default else '$b/build.ninja', 'configure',
            needs=['configure.py', *files(['criterion-ext/wrap.list']), *sorted({os.path.dirname(f) for f in listed})])
    n.line('default all')
    return n.text

def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    options = parse_options()
    check_needs(options)
    path = 'build.ninja' if options.default else os.path.join(options.builddir, 'build.ninja')
    os.makedirs(options.builddir, exist_ok=True)
    with open(path, 'w') as file:
        file.write(emit(options))
    print(f'configure.py: wrote {path}; next: ninja' + ('' if options.default else ' -f ' + path))

main()
