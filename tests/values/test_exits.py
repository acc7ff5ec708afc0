"""Exit classes: those of functions whose exits are known, and of all hooks against what objdump says (exit_paths.py)."""
from ctidx import Index
import exit_paths
from harness import cases, pitfall, slow


def check(t, program, wanted=()):
    t.run([t.calltrace, 'index', '-o', 'exits.ctidx', program], check=True)
    index = Index(t.path('exits.ctidx'))
    wrong, counts = exit_paths.wrong_exits(program, index)
    t.equal(wrong, [], 'exit hooks')
    return index, counts


def classes(index):
    out = {}
    for hook in index.hooks:
        if hook.exit:
            out.setdefault(hook.function.name.split('(')[0], set()).add(hook.exit_class)
    return out


@pitfall(4, 44)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_known_exits(t, compiler, level):
    program = t.compile(['exits.cc'], 'exits', compiler, level)
    index, counts = check(t, program)
    found = classes(index)
    for name, kinds in found.items():
        if name == 'plain_void' and level in ('-O2', '-O3'):
            t.equal(kinds, {'tail'}, f'exits of {name}')
        elif name.startswith('plain_'):
            t.equal(kinds, {'plain'}, f'exits of {name}')
    t.true(len([name for name in found if name.startswith('plain_')]) == 12, f'found: {sorted(found)}')
    t.true('inlined' in found['inlined_one'], f'exits of inlined_one: {found["inlined_one"]}')
    if compiler == 'gcc':  # clang makes no exit hook for an exception
        t.true('unwinding' in found['cleans_up'], f'cleans_up: {found["cleans_up"]}')
    t.true('plain' in found['throws'], f'throws: {found["throws"]}')
    t.equal(counts['too careful'], 0, 'plain exits that are not used')


HELD = '''
struct pair { long a; double b; };
volatile long sink;
int in_register(int a) { sink = a; return (int) sink; }
int number(int a) { sink = a; return -3; }
double floating(double a) { sink = (long) a; return a; }
struct pair two(long a) { struct pair p = { a, (double) a }; sink = a; return p; }
int made_there(int a, int b) { return a + b; }
int one_of_two(int a) { if (a) { sink = 1; return 5; } sink = 2; return 6; }
int main(void) { return in_register(1) + number(1) + (int) floating(1) + (int) two(1).a + made_there(1, 2) + one_of_two(1); }
'''


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_held(t, compiler, level):
    """Where values are when the exit hook is called, of functions of which that is known."""
    t.write('held.c', HELD)
    index, _ = check(t, t.compile('held.c', 'held', compiler, level, ['-fno-inline']))
    held = {}
    for hook in index.hooks:
        if hook.exit:
            parts = [part.kind for part in hook.held.parts if part.kind != 'none'] if hook.held else None
            held.setdefault(hook.function.name, []).append(parts)
    kinds = {'register', 'frame', 'number'}
    for name in ('in_register', 'number', 'floating'):
        t.true(all(parts and len(parts) == 1 and parts[0] in kinds for parts in held[name]), f'{name}: {held[name]}')
    if compiler == 'gcc':
        t.true(all(parts and len(parts) == 2 for parts in held['two']), f'two: {held["two"]}')
    if level == '-O2':
        t.equal(held['number'], [['number']], 'number')
        if compiler == 'gcc':  # the sum is made behind the hook
            t.equal(held['made_there'], [None], 'made_there')


@slow
@cases(compiler=['gcc', 'clang'], flags=['-fcf-protection', '-fstack-protector-all', '-fsanitize=address', '-flto',
                                        '-fomit-frame-pointer', '-fno-omit-frame-pointer', '-mavx2', '-fPIE -pie', '-fno-plt',
                                        '-fno-asynchronous-unwind-tables', '-Os', '-fsanitize=undefined'])
def test_flags(t, compiler, flags):
    for level in ('-O0', '-O2'):
        program = t.compile(['exits.cc'], 'exits', compiler, level, flags.split())
        check(t, program)


MISSING = '''
volatile int sink;
__attribute__((noinline)) int missing(int a) { sink = a; }
__attribute__((noinline)) int on_one_way(int a) { if (a > 1) return 5; sink = a; }
__attribute__((noinline)) double missing_double(int a) { sink = a; }
int main(int argc, char **argv) { (void) argv; missing(argc); on_one_way(argc); missing_double(argc); return 0; }
'''


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_missing_return(t, compiler, level):
    t.write('missing.c', MISSING)
    index, _ = check(t, t.compile('missing.c', 'missing', compiler, level, ['-w']))
    found = classes(index)
    if (compiler, level) != ('clang', '-O0'):  # which returns what is in a variable of its own
        t.equal({name: found[name] & {'plain'} for name in ('missing', 'missing_double')},
                {'missing': set(), 'missing_double': set()}, 'exits without a value')
    t.equal(found['main'], {'plain'}, 'exits of main')
