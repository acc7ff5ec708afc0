"""Lists of locations and ranges that lead libdw out of their sections, made by editing a compiler's assembly."""
import os
import re

from harness import cases, timeout

SOURCE = '''
__attribute__((noinline)) void odd(int a) { __asm__ volatile("" : : "r"(a)); }
static int helper(int a, const char *text) { return a + *text; }
static int inner(int a, int b) { return a > b ? helper(a, "x") : helper(b, "y"); }
int twice(int a, int *b)
{
    for (int i = 0; i < a; i++)
        b[i] = inner(a, i);
    if (__builtin_expect(!a, 0))
        __builtin_abort();
    return 2 * a;
}
static inline void may(int *p)
{
    if (__builtin_expect(*p == 7, 0)) {
        odd(*p);
        odd(p[1]);
        __builtin_trap();
    }
}
int all(int *p)
{
    int s = 0;
    for (int i = 0; i < 9; i++) {
        may(p + i);
        s += p[i] * 3;
    }
    return s;
}
int main(int argc, char **argv) { int b[9] = {1, 1}; return twice(argc, b) + **argv + all(b); }
'''
FAR = '0xfffffffff0000000'
# What the compiler is to write, and what becomes of lines of it.
DAMAGES = {
    'a length, by offset': (['gcc', '-gdwarf-5', '-gno-as-loc-support'], [(r'\.uleb128 0x\w+(\s*# Location expression size)', rf'.uleb128 {FAR}\1')]),
    'a length, by number': (['clang', '-gdwarf-5'], [(r'\.byte\t\w+(\s*# Loc expr size)', rf'.uleb128 {FAR}\1')]),
    # Of eleven bytes libdw reads ten, and takes the last for the next number.
    'a number of eleven bytes': (['clang', '-gdwarf-5'],
                                 [(r'(# DW_LLE_offset_pair\n)(?:.*\.uleb128.*\n){2}', rf'\1.fill 10,1,0x80\n.byte 0\n.uleb128 {FAR}\n')]),
    'a list, of 64 bits': (['clang', '-gdwarf-5', '-gdwarf64'], [(r'\.quad\t\.Ldebug_loc\d+-\S+', f'.quad {FAR}')]),
    'ranges, of 64 bits': (['clang', '-gdwarf-5', '-gdwarf64'], [(r'\.quad\t\.Ldebug_ranges\d+-\S+', f'.quad {FAR}')]),
    # The unit says that it is a split one, whose lists have another format.
    'a list, of any form': (['gcc', '-gdwarf-3', '-gno-strict-dwarf'],
                            [(r'\.uleb128 0x25(\s*# \(DW_AT_producer\)\n\s*)\.uleb128 \w+', r'.uleb128 0x2131\1.uleb128 0x6'),
                             (r'(\.uleb128 0x2\s*# \(DW_AT_location\)\n\s*)\.uleb128 0x6', r'\1.uleb128 0xd'),
                             (r'\.long\s+\.LLST\d+(\s*# DW_AT_location)', r'.sleb128 -0x7ffffff\1')]), # of four bytes, too
}


@cases(damage=list(DAMAGES))
def test_lists_that_lead_elsewhere(t, damage):
    (compiler, *flags), edits = DAMAGES[damage]
    t.write('small.c', SOURCE)
    t.run([compiler, '-S', '-g', '-O2', '-finstrument-functions', '-dA' if compiler == 'gcc' else '-fverbose-asm', *flags,
           'small.c', '-o', 'small.s'], check=True)
    text = t.read('small.s')
    t.run([compiler, 'small.s', '-o', 'sound'], check=True)
    for pattern, replacement in edits:
        text, count = re.subn(pattern, replacement, text)
        t.true(count, f'{pattern} is somewhere')
    t.write('small.s', text)
    t.run([compiler, 'small.s', '-o', 'damaged'], check=True)
    names = []
    for binary in 'sound', 'damaged':
        result = t.run([t.calltrace, 'index', '--print', binary], timeout=60)
        t.equal((result.status, result.err), (0, ''), binary)
        names.append(set(re.findall(r'\b(twice|main)\b', result.out)))
    t.equal(names[0], {'twice', 'main'}, 'functions')
    t.true(names[1] <= names[0], 'functions of the damaged one')


def expect_little_work(t, binary):
    """A second of the processor's time, however busy the machine is. All of it would be half a minute or more."""
    pid = os.posix_spawn(t.calltrace, [t.calltrace, 'index', '-q', '-o', t.path('many.ctidx'), binary], t.environment())
    _, status, usage = os.wait4(pid, 0)
    t.equal(status, 0, 'exit status')
    t.true(usage.ru_utime < 12, f'{usage.ru_utime} s')


@timeout(300)
def test_a_long_list_of_many(t):
    functions = '\n'.join(f'int f{i}(int a, int b, int c, int d) {{ return odd(odd(a + {i}) - odd(b)) * odd(c + d) + a - b; }}'
                          for i in range(400))
    t.write('many.c', '__attribute__((noinline)) int odd(int a) { __asm__ volatile("" : "+r"(a)); return a; }\n'
                      f'{functions}\nint main(void) {{ return 0; }}\n')
    t.run(['clang', '-S', '-g', '-gdwarf-5', '-O1', '-finstrument-functions', 'many.c', '-o', 'many.s'], check=True)
    text, count = re.subn(r'\.long\t\.Ldebug_loc\d+-', '.long\t.Llong-', t.read('many.s'))
    t.true(count > 1000, f'{count} lists')
    long = '.Llong:\n.rept 1600000\n.byte 4, 1, 1, 1, 0x50\n.endr\n.byte 0\n'
    t.write('many.s', text.replace('.Ldebug_loc0:', long + '.Ldebug_loc0:', 1))
    t.run(['clang', 'many.s', '-o', 'many'], check=True)
    expect_little_work(t, t.path('many'))


@timeout(300)
def test_long_ranges_of_many(t):
    """What changes their base only is no range, and is read all the same."""
    functions = '\n'.join(f'''
static inline int in{i}(int *p)
{{
    if (__builtin_expect(*p == {i}, 0)) {{
        odd(*p);
        odd(p[1]);
        __builtin_trap();
    }}
    return p[2] * {i};
}}
int f{i}(int *p)
{{
    int s = 0;
    for (int i = 0; i < 9; i++)
        s += in{i}(p + i);
    return s;
}}''' for i in range(150))
    t.write('many.c', f'extern int odd(int);\n{functions}\nint odd(int a) {{ return a; }}\nint main(void) {{ return 0; }}\n')
    t.run(['clang', '-S', '-g', '-gdwarf-5', '-O2', '-finstrument-functions', 'many.c', '-o', 'many.s'], check=True)
    text, count = re.subn(r'\.long\t\.Ldebug_ranges\d+-', '.long\t.Llong-', t.read('many.s'))
    t.true(count >= 150, f'{count} lists')
    t.write('many.s', text.replace('.Ldebug_ranges0:', '.Llong:\n.fill 40000000, 2, 1\n.byte 0\n.Ldebug_ranges0:', 1))
    t.run(['clang', 'many.s', '-o', 'many'], check=True)
    expect_little_work(t, t.path('many'))
