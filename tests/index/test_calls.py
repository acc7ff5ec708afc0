"""Hooks and call sites, against objdump and against a run, for all the ways in which a binary may be built."""
import os
import sys

from harness import cases, pitfall, slow, timeout

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from witnesses import against_objdump, against_run, function_at, index_of  # noqa: E402

# clang instruments the always_inline functions of libstdc++ and takes the addresses that they do not have.
CLANG_CXX = ['-Wl,--unresolved-symbols=ignore-all']


def compile_shapes(t, language, compiler, level, flags=()):
    flags = list(flags)
    if language == 'c':
        return t.compile(['shapes.c', 'other.c'], 'shapes', compiler, level, flags)
    return t.compile(['shapes.cc', 'other.c'], 'shapes', compiler, level, [*flags, *(CLANG_CXX if compiler == 'clang' else [])])


def check(t, binary, run=True, objdump=True):
    index = index_of(t, binary)
    counts = None
    if objdump:
        differences, calls = against_objdump(binary, index)
        t.equal(differences, [], 'differences from objdump')
        t.true(calls >= 40, f'{calls} calls were compared')
    if run:
        differences, counts = against_run(t, binary, index)
        t.equal(differences, [], 'differences from a run')
        t.true(counts['enter'] >= 10, f'{counts}')
    return index, counts


@cases(language=['c', 'c++'], compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3', '-Os'])
def test_calls_and_hooks(t, language, compiler, level):
    binary = compile_shapes(t, language, compiler, level)
    index, counts = check(t, binary)
    t.equal(index.flags, {'dwarf', 'symtab', 'instrumented'}, 'facts')
    if level == '-O0':
        t.equal(counts['joined'], 0, 'exit hooks of several functions')


VARIANTS = ['-no-pie -fno-pie', '-fno-plt', '-fcf-protection', '-Wl,-z,now', '-gdwarf-4', '-gdwarf-3', '-gz', '-flto',
            '-fuse-ld=lld', '-fuse-ld=gold', '-gsplit-dwarf', '-gdwarf-4 -gsplit-dwarf', '-ffunction-sections -Wl,--gc-sections',
            '-Wl,-z,pack-relative-relocs', '-fdebug-types-section -gdwarf-4', '-g1', '-fomit-frame-pointer', '-fPIC']


@pitfall(31, 34, 35)
@slow
@timeout(300)
@cases(flags=VARIANTS, compiler=['gcc', 'clang'])
def test_ways_to_build(t, flags, compiler):
    for level in ('-O0', '-O2'):
        check(t, compile_shapes(t, 'c', compiler, level, flags.split()))


@cases(compiler=['gcc', 'clang'])
def test_large_model(t, compiler):
    """All calls go through registers; objdump does not say where."""
    check(t, compile_shapes(t, 'c', compiler, '-O0', ['-mcmodel=large', '-no-pie', '-fno-pie']), objdump=False)


@pitfall(34, 35)
@slow
@cases(flags=['-flto', '-gsplit-dwarf', '-fno-plt', '-fuse-ld=lld'])
def test_ways_to_build_cxx(t, flags):
    check(t, compile_shapes(t, 'c++', 'gcc', '-O2', flags.split()))


@pitfall(46)
@cases(level=['-O0', '-O2'], language=['c', 'c++'])
def test_clang_after_inlining(t, level, language):
    t.compile(['other.c'], 'other.o', 'clang', level, ['-finstrument-functions-after-inlining', '-c'], instrument=False)
    source = 'shapes.c' if language == 'c' else 'shapes.cc'
    driver = 'clang' if language == 'c' else 'clang++'
    t.run([driver, '-g', level, '-finstrument-functions-after-inlining', t.source(source), 'other.o', '-o', 'shapes'], check=True)
    index, _ = check(t, t.path('shapes'))
    t.equal([h.depth for h in index.hooks if h.depth], [], 'hooks of inlined instances')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_static(t, compiler, level):
    binary = compile_shapes(t, 'c', compiler, level, ['-static'])
    index, _ = check(t, binary, run=False)
    t.true('own_hooks' in index.flags, index.flags)


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_shared_library(t, compiler, level):
    t.write('lib.c', '#include <stdio.h>\n'
                     'static int inner(int x) { return x + 1; }\n'
                     'int api(int x) { puts("x"); return inner(x); }\n'
                     'int twice_api(int x) { return api(x) + api(x + 1); }\n')
    library = t.compile(['lib.c'], 'lib.so', compiler, level, ['-fPIC', *(['-fsemantic-interposition'] if level == '-O2' else [])],
                        shared=True)
    index = index_of(t, library)
    t.true('shared' in index.flags, index.flags)
    sites = index.sites_of('twice_api')
    t.equal([(s.kind, s.callee_name, s.callee and s.callee.name) for s in sites if s.kind != 'inlined'],
            [('external', 'api', 'api')] * 2, 'a call that may go to another library, though it is defined here')


@pitfall(33)
def test_stripped(t):
    """Without debug information names are those of symbols; without symbols functions still are where they were."""
    whole = compile_shapes(t, 'c', 'gcc', '-O2')
    full = index_of(t, whole)
    for option, facts in (('-g', {'symtab', 'instrumented'}), ('-s', {'instrumented'})):
        stripped = t.path('stripped' + option)
        t.run(['strip', option, '-o', stripped, whole], check=True)
        index = index_of(t, stripped)
        t.equal(index.flags, facts, 'facts')
        expected = {h.address: h.function.name for h in full.hooks if not h.exit}
        found = {h.address: function_at(full, h.function.address).name for h in index.hooks if not h.exit}
        missing = expected.keys() - found.keys()
        t.equal(found, {a: name for a, name in expected.items() if a not in missing}, 'functions that hooks report')
        t.true(len(missing) <= 2, f'hooks of which nothing tells whose they are: {missing}')
        t.true(all('no_debug' in f.flags for f in index.functions), 'flags')
        if option == '-g':
            t.equal({f.name for f in index.functions if 'instrumented' in f.flags} - {'alias_name'},
                    {f.name for f in full.functions if 'instrumented' in f.flags} - {'public_name'}, 'names')
            # A function that is inlined into itself looks like one that has two enter hooks.
            t.equal({s.address for s in index.sites if s.kind != 'inlined'},
                    {s.address for s in full.sites if s.kind != 'inlined'}, 'sites')
        else:
            t.true(all(f.name == f'{f.address:#x}' or f.linkage for f in index.functions), 'names are addresses')
