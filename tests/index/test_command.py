"""`calltrace index`: what it prints, where it writes, and what it says when it cannot."""
import os
import random
import re

from harness import cases, pitfall, slow, timeout


def index(t, *argv, status=0, env=()):
    run = t.run([t.calltrace, 'index', *argv], env)
    t.equal(run.status, status, str(run))
    return run


def test_print(t):
    t.write('p.c', '#include <stdio.h>\n'
                   'static int leaf(int x)\n{\n\treturn x;\n}\n'
                   'int main(void)\n{\n\tint (*f)(int) = leaf;\n\n\tputs("x");\n\treturn leaf(0) + f(0);\n}\n')
    out = index(t, '--print', t.compile(['p.c'], 'p')).out
    out = re.sub(r'0x[0-9a-f]+(\+\d+)?', 'ADDRESS', out)
    t.contains(out, f'binary {t.path("p")}\nbuild-id ')
    t.contains(out, '\nfacts debug information, symbol table, instrumented, program\n')
    t.contains(out, f'\n\nleaf\n    at {t.path("p.c")}:2-5 ADDRESS instrumented static\n    enter ADDRESS\n'
                    '        int x: [rsp+12] 4\n        -> int rax\n    exit ADDRESS plain, held in rbx 4\n')
    t.contains(out, f'\n\nmain\n    at {t.path("p.c")}:6-12 ADDRESS instrumented\n    enter ADDRESS\n        -> int rax\n'
                    '    exit ADDRESS plain, held in rbx 4\n'
                    '    call ADDRESS p.c:10:2 external puts\n'
                    '    call ADDRESS p.c:11:9 direct leaf\n'
                    '    call ADDRESS p.c:11:19 indirect ?\n')


def test_print_callers(t):
    """What call sites pass for what their callee does not use."""
    t.write('c.c', '__attribute__((noinline)) long f(long unused, long n) { return n; }\n'
                   '__attribute__((noinline)) long g(const void *unused, long n) { return n; }\n'
                   '__attribute__((noinline, no_instrument_function)) void fill(char *p) { __asm__ volatile ("" : : "r" (p) : "memory"); }\n'
                   'static char table[9];\n'
                   'int main(int argc, char **argv) { char own[40]; fill(own); return (int) (f(-5, 1) + f(argc + 8L, argc) + g(own + 8, 2) + g(table, 3)); }\n')
    out = index(t, '--print', t.compile(['c.c'], 'c', level='-O2')).out
    out = re.sub(r'0x[0-9a-f]+(\+\d+)?', 'ADDRESS', out)
    t.contains(out, ', 2 from callers')
    t.equal(len(re.findall(r' direct g\n        passes unused: cfa\+\d+\n', out)), 1, out)
    t.contains(out, ' direct g #2\n        passes unused: ADDRESS of the file\n')
    t.contains(out, '        long int unused:  (from the caller)\n')
    t.contains(out, ' direct f\n        passes unused: -5\n')
    t.equal(len(re.findall(r'        kept:( r\w\w( at \[cfa-\d+\])?){6}, cfa rsp\+\d+\n', out)), 2, out)


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_print_counts(t, compiler, level):
    """What is counted of parameters is what is printed of them."""
    out = index(t, '--print', t.compile(['shapes.c', 'other.c'], 'app', compiler, level)).out
    lines = re.findall(r'^    enter 0x\w+( inlined)?.*\n((?:        .*\n)*)', out, re.M)
    for what, inlined in ('out-of-line', ''), ('inlined', ' inlined'):
        rows = [row for place, text in lines if place == inlined for row in re.findall('^        (?! |->).*', text, re.M)]
        total, unavailable = re.search(rf'^parameters {what} (\d+)(?:.*, (\d+) unavailable)?', out, re.M).groups()
        t.equal((int(total), int(unavailable or 0)), (len(rows), sum(': unavailable: ' in row for row in rows)), what)


@pitfall(45)
def test_cache(t):
    app = t.compile(['shapes.c', 'other.c'], 'app')
    place = t.path('.cache/calltrace')
    first = index(t, app).out
    t.equal(os.path.dirname(first.strip()), place, 'place')
    t.equal((os.stat(place).st_mode & 0o777, os.listdir(place)), (0o700, [os.path.basename(first.strip())]), 'the cache')
    with open(first.strip(), 'rb') as file:
        content = file.read()
    t.equal(index(t, app).out, first, 'made anew')
    with open(first.strip(), 'rb') as file:
        t.equal(file.read() == content, True, 'two indexes of one binary are the same')
    t.equal(index(t, app, env={'CALLTRACE_CACHE': t.path('c')}).out, first.replace(place, t.path('c')), '$CALLTRACE_CACHE')
    t.equal(index(t, app, env={'XDG_CACHE_HOME': t.path('x')}).out, first.replace(place, t.path('x/calltrace')), '$XDG_CACHE_HOME')
    both = index(t, app, t.compile(['other.c'], 'lib.so', shared=True)).out.splitlines()
    t.equal(len(set(both)), 2, 'one line for each binary')


@pitfall(33)
def test_a_copy_that_is_stripped_spoils_nothing(t):
    """They have one build-id."""
    app = t.compile(['shapes.c', 'other.c'], 'app')
    t.run(['strip', '-o', 'stripped', app], check=True)
    index(t, 'stripped')
    run = t.run([t.calltrace, 'doctor', app])
    t.equal(run.status, 0, str(run))


def test_output(t):
    app = t.compile(['shapes.c', 'other.c'], 'app')
    t.equal(index(t, '-o', 'out.ctidx', app).out, 'out.ctidx\n', 'path')
    t.equal(os.path.exists(t.path('.cache')), False, 'a cache is there')
    with open(t.path('out.ctidx'), 'rb') as file:
        made = file.read()
    t.write('keep', 'precious')
    os.mkdir('folder')
    for argv, text in (
            (['-o', 'missing/out', app], 'missing/out: cannot write it'),
            (['-o', 'folder', app], 'folder: is a directory'),
            (['-o', 'x', app, app], '--output goes with one binary only'),
            (['-o', 'keep', app], 'keep: is not an index, and is not overwritten'),
            (['-o', 'out.ctidx', 'nothing'], 'nothing: No such file or directory'),
            (['-o', 'out.ctidx', t.source('shapes.c')], 'shapes.c: is not an ELF file'),
            ([], 'no binary was given'), (['--unknown'], "unknown option '--unknown'"), (['-o'], "missing value for '-o'")):
        run = index(t, *argv, status=2)
        t.equal((run.out, run.err.count('\n')), ('', 1), str(run))
        t.contains(run.err, text)
    t.equal(t.read('keep'), 'precious', 'a file that was there')
    with open(t.path('out.ctidx'), 'rb') as file:
        t.equal(file.read(), made, 'an index that was there')
    t.equal([name for name in os.listdir('.') if 'tmp' in name], [], 'temporaries')
    t.contains(index(t, '--help').out, 'usage: calltrace index')
    run = t.run([t.calltrace, 'index', t.compile(['other.c'], 'o.so', shared=True)], {'CALLTRACE_CACHE': t.path('keep')})
    t.equal((run.status, run.err.count('\n')), (2, 1), str(run))
    t.contains(run.err, 'keep: is a file, a directory was expected')


def test_only_an_index_is_overwritten(t):
    """An index replaces the file of its name: not the binary itself, nor a device that root could replace."""
    app = t.compile(['other.c'], 'o.so', shared=True)
    t.run(['mkfifo', 'pipe'], check=True)
    os.symlink('/dev/null', 'null')
    with open(app, 'rb') as file:
        before = file.read()
    for output, why in ((app, 'is a binary'), ('pipe', 'is not a regular file'), ('null', 'is not a regular file'),
                        ('.', 'is a directory'), ('', 'an empty ')):
        run = t.run([t.calltrace, 'index', '-o', output, app])
        t.equal((run.status, run.err.count('\n')), (2, 1), str(run))
        t.contains(run.err, why)
    t.true(os.path.islink('null') and not os.path.isfile('pipe'), 'devices and pipes stay')
    with open(app, 'rb') as file:
        t.true(file.read() == before, 'the binary stays')


def test_warnings(t):
    app = t.compile(['shapes.c', 'other.c'], 'app', instrument=False)
    t.run(['strip', '-g', app], check=True)
    err = index(t, app).err.splitlines()
    t.equal(len(err), 2, err)
    t.contains(err[0], 'is not instrumented')
    t.contains(err[1], 'has no debug information, so names are those of its symbols')


def sections(t, binary):
    found = []
    for line in t.run(['readelf', '-SW', binary], check=True).out.splitlines():
        part = re.match(r'\s*\[\s*\d+\] (\S+)\s+(\S+)\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)', line)
        if part and part[2] != 'NOBITS' and int(part[4], 16):
            found.append((part[1], int(part[3], 16), int(part[4], 16)))
    return found


@slow
@timeout(600)
@cases(seed=[1, 2], compiler=['gcc', 'clang'])
def test_damaged_binaries(t, seed, compiler):
    """An index or one line, never a crash; whatever bytes are wrong, and above all those of debug information."""
    sanitised = os.path.join(t.build, 'calltrace-san')
    tool = sanitised if os.path.exists(sanitised) else t.calltrace
    binary = t.compile(['shapes.c', 'other.c'], 'app', compiler, '-O2')
    with open(binary, 'rb') as file:
        whole = file.read()
    every = sections(t, binary)
    debug = [section for section in every if section[0].startswith('.debug')]
    dice = random.Random(seed)
    for number in range(t.times(100)):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 2, 8, 64])):
            _, offset, size = dice.choice(debug if dice.random() < 0.75 else every)
            damaged[offset + dice.randrange(size)] = dice.choice([0, 0xff, 0x7f, 0x80, dice.randrange(256)])
        if number % 10 == 0:
            damaged = damaged[:dice.randrange(len(damaged))]
        with open('damaged', 'wb') as file:
            file.write(damaged)
        run = t.run([tool, 'index', '-o', 'damaged.ctidx', 'damaged'])
        t.true(run.status in (0, 2) and run.signal is None and run.err.count('\n') <= 3, f'round {number}: {run}')
        t.true(run.status == 0 or run.err, f'round {number}: {run}')
