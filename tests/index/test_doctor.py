"""What `calltrace doctor` says of binaries that can be traced, and of all kinds that cannot."""
import os

from harness import cases, pitfall

GOOD = '''\
app: ready to be traced
  ok    instrumented       13 of 14 functions, 36 call sites
  ok    debug information  DWARF 5 from gcc 12.2.0 -O0
  ok    hooks              traced under 'calltrace run', or with libcalltrace.so preloaded
'''


def doctor(t, *binaries, status=0):
    run = t.run([t.calltrace, 'doctor', *binaries])
    t.equal((run.status, run.err), (status, ''), str(run))
    return run.out


def build(t, *flags, compiler='gcc', instrument=True, name='app', sources=('shapes.c', 'other.c')):
    t.compile(list(sources), name, compiler, '-O0', list(flags), instrument=instrument)
    return name


def test_ready(t):
    app = build(t)
    version = t.run(['gcc', '-dumpfullversion'], check=True).out.strip()
    lines = doctor(t, app).splitlines()
    t.equal(lines[:4], GOOD.replace('12.2.0', version).splitlines(), 'first lines')
    t.true(lines[4].startswith('  ok    build-id           ') and len(lines) == 5, lines)
    t.equal(os.path.exists(t.path('.cache')), False, 'a cache is there')


def test_not_instrumented(t):
    out = doctor(t, build(t, instrument=False), status=1)
    t.contains(out, 'app: 1 thing to change\n')
    t.contains(out, '  no    instrumented       no function calls the hooks, so there is nothing to trace\n'
                    '                           -> compile it with -g -finstrument-functions\n')


def test_files_not_instrumented(t):
    t.run(['gcc', '-g', '-c', t.source('other.c'), '-o', 'other.o'], check=True)
    t.run(['gcc', '-g', '-finstrument-functions', t.source('shapes.c'), 'other.o', '-o', 'app'], check=True)
    out = doctor(t, 'app', status=1)
    t.contains(out, '  no    files              1 file with code that is not instrumented:\n'
                    f'                           {t.source("other.c")}\n'
                    '                           -> compile it with -finstrument-functions too\n')
    objects = []
    for number in range(12):
        t.write(f'f{number:02}.c', f'int f{number:02}(void) {{ return 0; }}\n')
        t.run(['gcc', '-g', '-c', f'f{number:02}.c'], check=True)
        objects.append(f'f{number:02}.o')
    t.run(['gcc', '-g', '-finstrument-functions', t.source('shapes.c'), t.source('other.c'), *objects, '-o', 'app'], check=True)
    out = doctor(t, 'app', status=1)
    t.contains(out, '12 files with code that is not instrumented:\n' + ' ' * 27 + 'f00.c\n')
    t.contains(out, ' ' * 27 + 'and 4 more (--all names them)\n')
    t.contains(doctor(t, '--all', 'app', status=1), ' ' * 27 + 'f11.c\n')


@pitfall(46)
def test_files_excluded_on_purpose(t):
    t.run(['gcc', '-g', '-finstrument-functions', '-finstrument-functions-exclude-file-list=other.c,shapes.h', '-c',
           t.source('other.c'), '-o', 'other.o'], check=True)
    t.run(['gcc', '-g', '-finstrument-functions', t.source('shapes.c'), 'other.o', '-o', 'app'], check=True)
    t.contains(doctor(t, 'app'), '  note  files              1 file with code that is not instrumented:')


@cases(flags=['-g', '-s'])
def test_stripped(t, flags):
    app = build(t)
    t.run(['strip', flags, app], check=True)
    out = doctor(t, app, status=1)
    t.contains(out, '  no    debug information  none: names are those of the symbols' if flags == '-g' else
               '  no    debug information  none, and stripped: most functions have no name')
    t.contains(out, '-> compile it with -g')


def test_partly_without_debug_information(t):
    t.run(['gcc', '-finstrument-functions', '-c', t.source('other.c'), '-o', 'other.o'], check=True)
    t.run(['gcc', '-g', '-finstrument-functions', t.source('shapes.c'), 'other.o', '-o', 'app'], check=True)
    t.contains(doctor(t, 'app', status=1), '  no    debug information  missing for 2 instrumented functions\n'
                                           '                           -> compile all files with -g\n')


@cases(compiler=['gcc', 'clang'])
def test_optimised(t, compiler):
    out = doctor(t, build(t, '-O2', compiler=compiler))
    t.contains(out, '  note  optimised          all of it: ')
    t.lacks(doctor(t, build(t, compiler=compiler)), 'optimised  ')


@pitfall(25)
def test_static(t):
    out = doctor(t, build(t, '-static'), status=1)
    t.contains(out, "  no    hooks              it is linked statically, so its calls end in libc's empty hooks\n"
                    '                           -> link it dynamically')
    t.contains(doctor(t, build(t, '-static-pie'), status=1), 'linked statically')


def test_own_hooks(t):
    t.write('hooks.c', '#define H __attribute__((no_instrument_function))\n'
                       'H void __cyg_profile_func_enter(void *f, void *s) { (void) f; (void) s; }\n'
                       'H void __cyg_profile_func_exit(void *f, void *s) { (void) f; (void) s; }\n')
    out = doctor(t, build(t, sources=['shapes.c', 'other.c', 'hooks.c']), status=1)
    t.contains(out, '  no    hooks              it defines __cyg_profile_func_enter itself, so its calls never reach calltrace\n')


@pitfall(25)
def test_privileged(t):
    app = build(t)
    os.chmod(app, 0o4755)
    t.contains(doctor(t, app, status=1), '-> trace a copy of it, which has none')


def test_no_build_id(t):
    t.contains(doctor(t, build(t, '-Wl,--build-id=none')), '  note  build-id           none:')


def test_library(t):
    t.compile(['other.c'], 'lib.so', shared=True)
    t.contains(doctor(t, 'lib.so'), "  ok    hooks              traced in programs that run under 'calltrace run'\n")


@cases(link=[True, 'static', 'linked'])
def test_criterion(t, link):
    with open(os.path.join(t.dir, 'suite.c')) as file:
        t.write('suite.c', file.read())
    if link == 'linked' and not os.path.exists(t.ext):
        t.skip('libcalltrace-criterion is not built')
    t.compile(['suite.c'], 'suite', criterion=link)
    out = doctor(t, 'suite', status=1 if link == 'static' else 0)
    t.contains(out, {True: '  ok    Criterion          3 tests; libcriterion is shared\n',
                     'static': '  no    Criterion          3 tests, but libcriterion is static: they cannot be told apart\n',
                     'linked': '  ok    hooks              it is linked with libcalltrace\n'}[link])


def test_several_and_none(t):
    good, bad = build(t), build(t, instrument=False, name='bad')
    out = doctor(t, good, bad, status=1)
    t.contains(out, '\n\nbad: 1 thing to change\n')
    for argv, text in (([], 'no binary was given'), (['missing'], 'missing: No such file or directory'),
                       (['.'], '.: is a directory'), ([t.source('shapes.c')], 'is not an ELF file')):
        run = t.run([t.calltrace, 'doctor', *argv])
        t.equal((run.status, run.out, run.err.count('\n')), (2, '', 1), str(run))
        t.contains(run.err, text)
    run = t.run([t.calltrace, 'doctor', 'missing', good])
    t.equal(run.status, 2, 'one that could not be looked at')
    t.contains(run.out, 'app: ready to be traced')
