"""Functions, files and lines; where debug information is; what Criterion's tests are."""
import os
import re
import sys

from harness import cases, pitfall

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from witnesses import index_of  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def definitions(path):
    """{name: (line of the definition, line of its end)} of a C file in this project's style."""
    found, name = {}, None
    with open(path) as file:
        for number, line in enumerate(file, 1):
            head = re.match(r'[a-z].*?(\w+)\([^;]*\)$', re.sub(r'__attribute__\(\(.*?\)\) ', '', line))
            if head:
                name, first = head[1], number
            if line == '}\n' and name:
                found[name] = (first, number)
                name = None
    return found


@pitfall(34)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], debug=['-gdwarf-4', '-gdwarf-5'])
def test_lines_of_c(t, compiler, level, debug):
    index = index_of(t, t.compile(['shapes.c', 'other.c'], 'shapes', compiler, level, [debug]))
    source = os.path.join(HERE, 'shapes.c')
    for name, (first, last) in definitions(source).items():
        f = index.function(name)
        t.equal((f.file, f.line), (source, first), name)
        if level == '-O0':
            # clang gives the end of a function to its return statement, and some functions do not return.
            t.true(f.end_line in (last, last - 1), f'end of {name}: {f.end_line}')
        t.equal('instrumented' in f.flags, name != 'not_traced', f'{name} is instrumented')
    twice = index.function('twice')  # a copy in each of two files
    t.equal((twice.file, twice.line), (os.path.join(HERE, 'shapes.h'), 5), 'twice')
    t.equal('static' in twice.flags, True, 'twice is static')
    if level == '-O0':
        t.equal(len([r for r in index.ranges if r.function is twice]), 2, 'copies of twice')
    t.equal({os.path.basename(u.file): u.functions - u.instrumented for u in index.units}, {'shapes.c': 1, 'other.c': 0},
            'functions that are not instrumented')


@cases(compiler=['gcc', 'clang'])
def test_sites_of_c(t, compiler):
    index = index_of(t, t.compile(['shapes.c', 'other.c'], 'shapes', compiler, '-O0'))
    with open(os.path.join(HERE, 'shapes.c')) as file:
        lines = [''] + file.read().splitlines()
    sites = [(lines[s.line].split(':')[0].strip(), s.callee and s.callee.name or s.callee_name, s.kind, s.ordinal)
             for s in index.sites_of('choose')]
    t.equal(sorted(s for s in sites if s[2] != 'external'), [
        ('case 0', 'other', 'direct', 0), ('case 1', 'twice', 'direct', 0), ('case 1', 'twice', 'direct', 1),
        ('case 2', 'sum_to', 'direct', 0), ('case 3', 'scaled', 'direct', 0)], 'sites of choose')
    t.equal([(s.kind, s.callee, s.callee_name) for s in index.sites_of('last_call_of_nothing')],
            [('direct', index.function('other'), ''), ('indirect', None, '')], 'sites of last_call_of_nothing')
    t.equal(index.sites_of('not_traced'), [], 'what is not instrumented has no sites')
    t.equal(sum(f.sites for f in index.functions), len(index.sites), 'sum of sites')


@pitfall(37)
@cases(compiler=['gcc', 'clang'])
def test_inlined_calls(t, compiler):
    """An inlined instance with hooks is a call where the source has it."""
    t.write('in.c', 'static inline int leaf(int x) { return x + 1; }\n'
                    'static inline int middle(int x)\n{\n\treturn leaf(x) * 2;\n}\n'
                    'int outer(int x)\n{\n\treturn middle(x)\n\t       + leaf(x);\n}\n'
                    'int main(int c, char **v) { (void) v; return outer(c) != 6; }\n')
    index = index_of(t, t.compile(['in.c'], 'in', compiler, '-O2'))
    found = {(s.caller.name, s.callee.name, s.line) for s in index.sites if s.kind == 'inlined' and s.outer.name == 'outer'}
    t.equal(found, {('outer', 'middle', 8), ('middle', 'leaf', 4), ('outer', 'leaf', 9)}, 'inlined calls')
    depths = {(h.function.name, h.depth) for h in index.hooks if h.outer.name == 'outer' and not h.exit}
    t.equal(depths, {('outer', 0), ('middle', 1), ('leaf', 2), ('leaf', 1)}, 'depths')


@pitfall(36)
def test_clones_are_one_function(t):
    index = index_of(t, t.compile(['shapes.c', 'other.c'], 'shapes', 'gcc', '-O3'))
    symbols = t.run(['nm', t.path('shapes')], check=True).out
    t.contains(symbols, '.constprop.')
    t.contains(symbols, '.cold')
    names = [f.name for f in index.functions]
    t.equal(sorted(set(names)), sorted(names), 'names, each once')
    t.equal([name for name in names if '.' in name], [], 'names of clones')
    for address, _, name in (line.split() for line in symbols.splitlines() if re.search(r' t \w+\.(cold|constprop|part)', line)):
        covering = [r.function.name for r in index.ranges if r.low <= int(address, 16) < r.high]
        t.equal(covering, [name.split('.')[0]], f'function of {name}')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_names_of_cxx(t, compiler, level):
    binary = t.compile(['shapes.cc', 'other.c'], 'shapes', compiler, level, ['-Wl,--unresolved-symbols=ignore-all'])
    index = index_of(t, binary)
    names = {f.name: f for f in index.functions}
    for name in ['area::Square::size() const', 'area::Square::Square(double)', '(anonymous namespace)::hidden(int)', 'plain', 'main',
                 '(anonymous namespace)::Counter::operator+=(int)', 'risky(int)', 'overloaded(int)',
                 'int area::largest<int>(std::vector<int, std::allocator<int> > const&)', 'area::Both::Both()',
                 'main::{lambda(int, int)#3}::operator()(int, int) const' if compiler == 'gcc' else
                 'main::$_1::operator()(int, int) const' if level == '-O0' else 'main::$_2::operator()(int, int) const',
                 'main::Local::go(int)']:
        t.true(name in names, f'{name} is not among\n' + '\n'.join(sorted(n for n in names if 'std::' not in n)))
        t.true('instrumented' in names[name].flags, f'{name} is not instrumented')
        t.true('artificial' not in names[name].flags, f'{name} is artificial')
        if names[name].address:
            t.equal(names[name].file, os.path.join(HERE, 'shapes.cc'), f'file of {name}')
    linkage = t.run(['c++filt', '-i', *[f.linkage for f in index.functions if f.linkage]], check=True).out.splitlines()
    differ = [(f.name, demangled) for f, demangled in zip([f for f in index.functions if f.linkage], linkage)
              if demangled != f.name and 'thunk' not in demangled]
    t.equal(differ, [], 'names, as c++filt has them')
    mine = [(f.name, f.file, f.line) for f in index.functions if 'thunk' not in f.name]
    t.equal(sorted(set(mine), key=str), sorted(mine, key=str), 'functions, each once')


def debug_file_variants(t, binary):
    """(what, path of a copy without debug information, its debug file) for each place where that may lie."""
    t.run(['objcopy', '--only-keep-debug', binary, 'app.debug'], check=True)
    for what, place in (('beside it', 'app.debug'), ('in .debug', '.debug/app.debug')):
        os.makedirs(os.path.dirname(t.path(f'{what}/{place}')), exist_ok=True)
        os.link(t.path('app.debug'), t.path(f'{what}/{place}'))
        t.run(['objcopy', '--strip-all', '--add-gnu-debuglink=app.debug', binary, t.path(f'{what}/app')], check=True)
        yield what, t.path(f'{what}/app'), t.path(f'{what}/{place}')


@pitfall(33)
def test_separate_debug_files(t):
    whole = t.compile(['shapes.c', 'other.c'], 'app', 'gcc', '-O2')
    full = index_of(t, whole)
    for what, stripped, debug_file in debug_file_variants(t, whole):
        index = index_of(t, stripped)
        t.equal(index.debug_file, debug_file, what)
        t.equal([vars(f) for f in index.functions], [vars(f) for f in full.functions], f'functions, {what}')
        t.equal(len(index.sites), len(full.sites), f'sites, {what}')
    os.truncate(t.path('beside it/app.debug'), 1000)
    t.equal(index_of(t, t.path('beside it/app')).flags, {'instrumented'}, 'with a damaged debug file')
    other = t.compile(['other.c'], 'other.so', shared=True)
    os.remove(t.path('beside it/app.debug'))
    os.rename(other, t.path('beside it/app.debug'))
    t.equal(index_of(t, t.path('beside it/app')).debug_file, '', "with another binary's debug file")


@pitfall(34)
def test_split_debug_information(t):
    t.run(['gcc', '-g', '-gsplit-dwarf', '-finstrument-functions', '-c', t.source('shapes.c'), '-o', 'shapes.o'], check=True)
    t.run(['gcc', '-g', '-gsplit-dwarf', '-finstrument-functions', '-c', t.source('other.c'), '-o', 'other.o'], check=True)
    t.run(['gcc', 'shapes.o', 'other.o', '-o', 'app'], check=True)
    index = index_of(t, t.path('app'))
    t.equal(index.function('choose').file, os.path.join(HERE, 'shapes.c'), 'file')
    t.true('split_missing' not in index.flags, index.flags)
    os.remove(t.path('shapes.dwo'))
    run = t.run([t.calltrace, 'index', '-o', 'x.ctidx', 'app'])
    t.equal((run.status, run.err.count('\n')), (0, 1), str(run))
    t.contains(run.err, '.dwo files of it are missing')
    index = index_of(t, t.path('app'))
    t.true('split_missing' in index.flags, index.flags)
    t.true('no_debug' in index.function('choose').flags, 'a function whose .dwo is missing')
    t.equal(index.function('other').file, os.path.join(HERE, 'other.c'), 'one whose .dwo is there')


def test_without_build_id(t):
    app = t.compile(['shapes.c', 'other.c'], 'app', flags=['-Wl,--build-id=none'])
    cached = t.run([t.calltrace, 'index', app], check=True).out.strip()
    t.equal(os.path.dirname(cached), os.path.join(t.tmp, '.cache/calltrace'), 'cache')
    t.true(re.fullmatch(r'[0-9a-f]{32}\.ctidx', os.path.basename(cached)), cached)
    t.equal(os.stat(os.path.dirname(cached)).st_mode & 0o777, 0o700, 'mode of the cache')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_criterion_static(t, compiler, level):
    test_criterion(t, 'c', compiler, level, 'static')


@pitfall(49)
@cases(language=['c', 'c++'], compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_criterion(t, language, compiler, level, link=True):
    source = 'suite.c' if language == 'c' else 'suite.cc'
    with open(os.path.join(HERE, 'suite.c')) as file:
        t.write(source, file.read())
    index = index_of(t, t.compile([source], 'suite', compiler, level, criterion=link))
    t.true('criterion' in index.flags, index.flags)
    marked = {flag: {re.sub(r'\(.*', '', f.name) for f in index.functions if flag in f.flags and f.file == t.path(source)}
              for flag in ('test', 'plumbing')}
    t.equal(marked['test'], {'math_adds_impl', 'math_adds_all_impl', 'math_commutes_theory'}, 'tests')
    t.equal(marked['plumbing'], {'math_adds_jmp', 'math_adds_all_jmp', 'math_commutes_jmp', 'math_commutes_impl'}, 'plumbing')
    mine = [f.name for f in index.functions if f.file == t.path(source) and not f.flags & {'test', 'plumbing', 'artificial'}]
    mine = {re.sub(r'\(.*', '', name) for name in mine if not re.search(r'lambda|\$_', name)}  # of Criterion's C++ macros
    t.equal(mine, {'add', 'set_up', 'math_adds_all_param'}, 'neither')
    t.equal([f.name for f in index.files if 'tests' in file_flags(f)], [t.path(source)], 'files that define tests')


def file_flags(file):
    return {name for bit, name in enumerate(['system', 'tests']) if file.flags & 1 << bit}


@pitfall(49)
def test_criterion_stripped(t):
    """The facts are in the binary: no name is needed."""
    with open(os.path.join(HERE, 'suite.c')) as file:
        t.write('suite.c', file.read())
    suite = t.compile(['suite.c'], 'suite', 'gcc', '-O0', criterion=True)
    named = index_of(t, suite)
    t.run(['strip', '-s', suite], check=True)
    index = index_of(t, suite)
    for flag in ('test', 'plumbing'):
        t.equal({f.address for f in index.functions if flag in f.flags}, {f.address for f in named.functions if flag in f.flags}, flag)


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_inlined_into_thunks(t, compiler, level):
    """gcc describes nothing in a virtual thunk: what is inlined there is the function that it is elsewhere."""
    t.write('thunk.cc', '#include <sstream>\n'
                        'struct Log : std::ostringstream {\n\tint level = 1;\n\t~Log() override { level = 0; }\n};\n'
                        '__attribute__((noinline)) std::ostream *make() { return new Log; }\n'
                        'int main()\n{\n\tstd::ostream *o = make();\n\t*o << 3;\n\tint bad = !o->good();\n\tdelete o;\n'
                        '\treturn bad;\n}\n')
    program = t.compile(['thunk.cc'], 'thunk', compiler, level)
    index = index_of(t, program)
    names = [f.name for f in index.functions if 'instrumented' in f.flags]
    t.equal([name for name in names if names.count(name) > 1], [], 'functions that are there twice')
    destructors = [f for f in index.functions if '::~basic_' in f.name and 'instrumented' in f.flags]
    t.true(compiler == 'clang' or level == '-O0' or len(destructors) >= 4, 'destructors are inlined')
    t.equal([f.name for f in destructors if not f.line], [], 'destructors without a line')
    recording = t.record([program])
    report = t.run([t.calltrace, 'report', '--uncovered', recording.folder])
    t.lacks(report.out, 'no source line')
