"""What a damaged binary, or damaged debug information, may not do: crash the builder, keep it busy, or fill the memory."""
import glob
import os
import re
import struct

from harness import cases, slow, timeout

SOURCE = '''
struct point { int x, y; unsigned flag : 3; };
enum color { RED, GREEN = 4, BLUE = 8 };
typedef struct node { struct node *next; const char *name; double weights[3][2]; union { long l; void *p; } u; } node_t;
typedef int number;
static int helper(struct point p, const char *text, enum color c) { return p.x + *text + (int) c; }
double use(node_t *n, struct point *p, double d, int (*f)(int)) { return n->weights[1][0] + helper(*p, n->name, GREEN) + d + f(3); }
int twice(number a, number b[2]) { return 2 * a + b[0]; }
long many(int a, int b, int c, int d, int e, int f, int g, const char *h, _Complex double i)
{
    return a + b + c + d + e + f + g + *h + (long) i;
}
int main(void) { return (int) many(1, 2, 3, 4, 5, 6, 7, "x", 3); }
'''
LIMITS = {'ASAN_OPTIONS': 'detect_leaks=0:hard_rss_limit_mb=1500'}


def fuzzer(t, name):
    program = t.path('fuzz_' + name)
    t.run(['gcc', '-std=gnu11', '-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-D_GNU_SOURCE=',
           f'-I{t.root}/include', f'-I{t.root}/src', f'{t.root}/tests/fuzz/fuzz_{name}.c', f'{t.build}/san/tool.a', '-o', program,
           *t.pkg_config('--libs', 'libdw', 'libelf', 'libcjson'), '-lZydis', '-lstdc++', '-pthread'], check=True)
    return program


@timeout(300)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_damaged_debug_information(t, compiler, level):
    """Mutations of text, unwind table and debug information; the same in every run. More: with -n and -s."""
    t.write('small.c', SOURCE)
    binary = t.compile('small.c', 'small', compiler, level, ['-w'])
    result = t.run([fuzzer(t, 'dwarf'), '-s', '1', '-n', '300'], {'FUZZ_BINARY': binary, **LIMITS}, timeout=240)
    t.equal((result.status, result.err), (0, ''), result.out)


@timeout(300)
def test_damaged_files(t):
    t.write('small.c', SOURCE)
    binary = t.compile('small.c', 'small', 'gcc', '-O2', ['-w'])
    program = fuzzer(t, 'index')
    for arguments in ([], [binary]):
        result = t.run([program, '-s', '1', '-n', '1000', *arguments], LIMITS, timeout=240)
        t.equal((result.status, result.err), (0, ''), result.out)
    corpus = sorted(glob.glob(f'{t.root}/tests/fuzz/corpus/index/*'))
    t.true(corpus, 'there is a corpus')
    result = t.run([program, *corpus], LIMITS, timeout=240)
    t.equal((result.status, result.err), (0, ''), result.out)


def tied(text, tag, count=1):
    """Assembly with comments (-dA), in which the first DIEs of a tag have themselves as their type."""
    lines, own, left = text.split('\n'), None, count
    for number, line in enumerate(lines):
        found = re.search(r'\(DIE \((0x[0-9a-f]+)\) (DW_TAG_\w+)\)', line)
        if found:
            own = found[1] if found[2] == tag and left else None
        elif own and re.search(r'# DW_AT_type$', line):
            lines[number], own, left = re.sub(r'0x[0-9a-f]+', own, line, count=1), None, left - 1
    assert left < count, f'no {tag}'
    return '\n'.join(lines)


@cases(tag=['DW_TAG_typedef', 'DW_TAG_array_type', 'DW_TAG_pointer_type', 'DW_TAG_member', 'DW_TAG_subrange_type',
           'DW_TAG_const_type', 'DW_TAG_enumeration_type'])
def test_types_in_a_circle(t, tag):
    t.write('small.c', SOURCE)
    t.run(['gcc', '-S', '-dA', '-g', '-O0', '-finstrument-functions', 'small.c', '-o', 'small.s'], check=True)
    t.write('circle.s', tied(t.read('small.s'), tag, 20))
    t.run(['gcc', 'circle.s', '-o', 'circle'], check=True)
    t.equal(t.run([t.calltrace, 'index', '-o', 'circle.ctidx', 'circle'], timeout=20).status, 0, 'exit status')
    t.equal(t.run([t.calltrace, 'index', '--print', 'circle'], timeout=20).status, 0, 'exit status')


ANY_REGISTER = bytes([0x07, 0xff, 0xff, 0xff, 0x3f])  # its value is undefined


def expect_little_memory(t, binary):
    pid = os.posix_spawn(t.calltrace, [t.calltrace, 'index', '-q', '-o', t.path('small.ctidx'), binary], t.environment())
    _, status, usage = os.wait4(pid, 0)
    t.equal(status, 0, 'exit status')
    t.true(usage.ru_maxrss < 500 << 10, f'{usage.ru_maxrss >> 10} MB')


def with_unwinding(t, instructions):
    """A binary, in which `leaf` has these call frame instructions."""
    listed = ', '.join(f'{byte:#x}' for byte in instructions)
    t.write('small.c', f'int leaf(int a)\n{{\n\t__asm__(".cfi_escape {listed}");\n\treturn a + 1;\n}}\n'
                       'int main(void)\n{\n\treturn leaf(1) - 2;\n}\n')
    return t.compile('small.c', 'small', 'gcc', '-O2')


def test_unwind_table_of_any_register(t):
    """libdw makes room for each register that a table names."""
    expect_little_memory(t, with_unwinding(t, ANY_REGISTER))


def test_unwind_table_under_another_name(t):
    """A segment leads to it as well."""
    binary = with_unwinding(t, ANY_REGISTER)
    with open(binary, 'rb+') as file:
        content = file.read()
        file.seek(content.rindex(b'\0.eh_frame\0') + 1)
        file.write(b'.eh_other')
    expect_little_memory(t, binary)


@cases(by=['the search table', 'an entry'])
def test_unwind_entry_inside_another(t, by):
    """Bytes that are an expression where the table is read from its beginning on, and an entry where something leads there."""
    hidden = b'hidden entry' + bytes(28)
    binary = with_unwinding(t, bytes([0x16, 0x30, len(hidden)]) + hidden)
    with open(binary, 'rb') as file:
        content = bytearray(file.read())
    place = {name: (int(address, 16), int(offset, 16), int(size, 16)) for name, address, offset, size in re.findall(
        r'\] (\.eh_frame\w*) +\S+ +(\w+) (\w+) (\w+)', t.run(['readelf', '-SW', binary], check=True).out)}
    (table, _, _), (search, search_at, _) = place['.eh_frame'], place['.eh_frame_hdr']
    at = content.index(b'hidden entry')
    address = table + at - place['.eh_frame'][1]
    leaf = int(re.search(r'(\w+) T leaf', t.run(['nm', binary], check=True).out)[1], 16)
    entries = [(search + begin, search + record, search_at + 12 + 8 * i) for i, (begin, record) in enumerate(
        struct.iter_unpack('<ii', content[search_at + 12:search_at + 12 + 8 * struct.unpack_from('<I', content, search_at + 8)[0]]))]
    (_, record, in_search), = [entry for entry in entries if entry[0] == leaf]
    record_at = record - table + place['.eh_frame'][1]
    if by == 'the search table':
        first = place['.eh_frame'][1]  # where the first CIE is
        struct.pack_into('<IIiIB', content, at, 28, at + 4 - first, leaf - (address + 8), 64, 0)
        content[at + 17:at + 22] = ANY_REGISTER
        struct.pack_into('<i', content, in_search + 4, address - search)
    else:
        content[at:at + 22] = struct.pack('<II', 28, 0) + b'\x01zR\0\x01\x78\x10\x01\x1b' + ANY_REGISTER
        after = record_at + 4 + struct.unpack_from('<I', content, record_at)[0]  # the next function's entry
        struct.pack_into('<I', content, after + 4, after + 4 - at)
    with open(binary, 'wb') as file:
        file.write(content)
    expect_little_memory(t, binary)
