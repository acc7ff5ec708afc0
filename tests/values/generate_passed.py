"""
Writes a random C or C++ program in two files whose callers say what they pass (truth.h, numbers from 5000 on), of all classes of the
psABI, to functions that use all of it, a part of it or nothing: so compilers leave out what they see is not needed. C++: methods,
virtual ones through thunks and virtual bases, constructors, templates, references, classes by value, pointers to members, exceptions.
"""
import random

# Type: how many bytes of it are told. None of them has padding among these.
C_TYPES = {
    'signed char': 1, 'unsigned char': 1, 'short': 2, 'unsigned short': 2, 'int': 4, 'unsigned': 4, 'long': 8, 'unsigned long': 8,
    'float': 4, 'double': 8, 'long double': 10, '__int128': 16, '_Bool': 1, 'enum color': 4, 'char *': 8, 'const void *': 8,
    '_Complex float': 8, '_Complex double': 16, 'v4si': 16, 'v2sf': 8,
    'struct two_ints': 8, 'struct int_double': 16, 'struct double_int': 16, 'struct floats3': 12, 'struct three': 3, 'struct two_longs': 16,
    'struct big': 16, 'struct packed': 9, 'struct bits': 8, 'struct nested': 16, 'struct mixed': 16, 'union either': 8, 'struct one_float': 4,
    'struct aligned': 16, 'struct complex_and': 16, 'struct long_double': 10, 'struct array': 12,
    'struct long_int': 12, 'struct double_char': 9, 'struct int_char': 5, 'struct letters': 4, 'struct halves': 4,
}
CXX_TYPES = {'nontrivial': 16, 'derived': 16, 'moved': 8, 'holder': 8, 'empty': 0, 'int &': 8, 'const double &': 8, 'two_ints &&': 8,
             'int object::*': 8, 'method': 16, 'enum class shade': 1, 'defaulted': 8}
SCALARS = ['signed char', 'unsigned char', 'short', 'int', 'unsigned', 'long', 'unsigned long', 'double', 'float', '_Bool', 'char *', 'enum color']
CONSTANTS = ['0', '1', '-1', '7', '127', '-128', '255', '65535', '-70000', '2147483647', '(-2147483647 - 1)', '4294967295', '0x123456789abcdef']
HEADER = '''
#include "truth.h"
#ifdef __cplusplus
#define _Bool bool
#endif
#define SILENT __attribute__((no_instrument_function, noinline))
#define QUIET __attribute__((no_instrument_function))
enum color { RED, GREEN = 5, BLUE };
typedef int v4si __attribute__((vector_size(16)));
typedef float v2sf __attribute__((vector_size(8)));
struct two_ints { int a, b; };
struct int_double { long a; double b; };
struct double_int { double a; long b; };
struct floats3 { float a, b, c; };
struct three { char a, b, c; };
struct two_longs { long a, b; };
struct big { long a[5]; };
struct __attribute__((packed)) packed { char c; long l; };
struct bits { unsigned long a : 3, b : 30, c : 31; };
struct nested { struct { float f; int i; } x; struct { double d; } y; };
struct mixed { struct { int i; float f; } x; float g[2]; };
union either { double d; long l; };
struct one_float { float f; };
struct __attribute__((aligned(32))) aligned { long a, b, c, d; };
struct complex_and { _Complex float c; long l; };
struct long_double { long double d; };
struct array { float a[3]; };
struct long_int { long a; int b; };
struct double_char { double a; char b; };
struct int_char { int a; char b; };
struct letters { char c[4]; };
struct halves { short a, b; };
#define PASS(which, value, size) do { uint64_t words_[2] = {0}; memcpy(words_, &(value), size); truth(5000 + (which), size, words_[0], words_[1]); } while (0)
#define USE(value) do { __typeof__(value) copy_; memcpy((void *) &copy_, (const void *) &(value), sizeof copy_); truth_use(&copy_); } while (0)
static char a_table[64] __attribute__((unused));
static int depth __attribute__((unused));
'''
CXX_HEADER = '''
struct nontrivial { long a, b; QUIET nontrivial(long x) : a(x), b(x + 1) {} QUIET nontrivial(const nontrivial &o) : a(o.a), b(o.b) {} QUIET ~nontrivial() { truth_use(this); } };
struct derived : two_ints { long c; };
struct moved { long a; QUIET moved(long x) : a(x) {} QUIET moved(moved &&o) : a(o.a) {} moved(const moved &) = delete; };
struct holder { nontrivial n; QUIET holder(long x) : n(x) {} };
struct empty {};
struct defaulted { long a; defaulted() = default; QUIET defaulted(long x) : a(x) {} defaulted(const defaulted &) = default; defaulted(defaulted &&) = default; ~defaulted() = default; };
struct object { int x, y; };
typedef long (object::*method)(int);
enum class shade : unsigned char { dark, light = 200 };
'''


def named(kind, name):
    if kind == 'int object::*':
        return f'int object::*{name}'
    return f'{kind.replace("enum class ", "")} {name}'


class Program:
    def __init__(self, seed, cxx=False, functions=24):
        self.random = r = random.Random(seed)
        self.cxx = cxx
        self.types = dict(C_TYPES)
        if cxx:
            self.types.update(CXX_TYPES)
        self.noinline = r.choice([1, .85, .3])
        self.functions = [self.function(number) for number in range(functions)]

    def function(self, number):
        r = self.random
        kinds = [r.choice(SCALARS if r.random() < .5 else list(self.types)) for _ in range(r.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 10]))]
        what = r.choice(['free', 'free', 'method', 'virtual', 'virtual', 'constructor', 'template', 'call', 'based']) if self.cxx else \
            r.choice(['free'] * 6 + ['variadic', 'old'])
        uses = [r.choice(['not', 'not', 'not', 'all', 'late', 'branch', 'address', 'part', 'cold']) for _ in kinds]
        if what == 'old':
            kinds = [kind if kind in ('int', 'long', 'double', 'char *', 'struct two_longs', 'unsigned', 'short', 'signed char', 'float') else 'int' for kind in kinds]
        file = r.randrange(2)
        return dict(number=number, kinds=kinds, what=what, uses=uses, file=file,
                    static=what == 'free' and r.random() < .4, weak=what == 'free' and r.random() < .1, noinline=r.random() < self.noinline,
                    this=r.random() < .3, calls=r.random() < .4, throws=r.random() < .15, locals=r.choice(['', '', '', 'array', 'aligned', 'vla']))

    # --- values ---

    def number(self, names):
        r = self.random
        which = r.random()
        if which < .3:
            return r.choice(CONSTANTS)
        if which < .7:
            return r.choice(names)
        return f'({r.choice(names)} + {r.choice(["1", "8", "-24", "100000"])})'

    def value(self, kind, names, i):
        """Statements that make a<i>, and those that tell it."""
        r = self.random
        n, m = self.number(names), self.number(names)
        size = self.types[kind]
        declared = named(kind, f'a{i}')
        if kind in ('int &', 'const double &', 'two_ints &&'):
            of = kind.split('&')[0].replace('const ', '').strip()
            init = f'{{ (int) {n}, (int) {m} }}' if of == 'two_ints' else f'({of}) {n}'
            made = f'{of} m{i} = {init}; const void *a{i} = &m{i};'
            return made, f'PASS({i}, a{i}, 8);', f'static_cast<{kind}>(m{i})'
        if kind == 'int object::*':
            return f'{declared} = {r.choice(["&object::x", "&object::y", "nullptr"])};', f'PASS({i}, a{i}, 8);', f'a{i}'
        if kind == 'method':
            return f'{declared} = nullptr;', f'PASS({i}, a{i}, 16);', f'a{i}'
        if kind == 'empty':
            return f'{declared};', '', f'a{i}'
        if kind == 'enum class shade':
            return f'{declared} = (shade) ({n} & 255);', f'PASS({i}, a{i}, 1);', f'a{i}'
        if kind in ('nontrivial', 'holder', 'defaulted'):
            return f'{declared}({n});', f'PASS({i}, a{i}, {size});', f'a{i}'
        if kind == 'moved':
            return f'{declared}({n});', f'PASS({i}, a{i}, {size});', f'static_cast<moved &&>(a{i})'
        if kind == 'derived':
            return f'{declared}; a{i}.a = (int) {n}; a{i}.b = 7; a{i}.c = {m};', f'PASS({i}, a{i}, 16);', f'a{i}'
        if kind == 'char *' and r.random() < .6:
            made = f'(char *) {r.choice(["local", "(local + 4)", "&v3", "a_table", "(a_table + 16)", "0"])}'
        elif '*' in kind:
            made = f'({kind}) (uintptr_t) {n}'
        else:
            fields = {'struct two_ints': '(int) %s, (int) %s', 'struct int_double': '(long) %s, (double) %s', 'struct double_int': '(double) %s, (long) %s',
                      'struct long_int': '(long) %s, (int) %s', 'struct double_char': '(double) %s, (char) %s', 'struct int_char': '(int) %s, (char) %s',
                      'struct letters': '{ (char) %s, 2, (char) %s, 4 }', 'struct halves': '(short) %s, (short) %s',
                      'struct floats3': '(float) %s, 2.5f, (float) %s', 'struct three': '(char) %s, 2, (char) %s', 'struct two_longs': '(long) %s, (long) %s',
                      'struct big': '{ (long) %s, (long) %s, 3, 4, 5 }', 'struct packed': '(char) %s, (long) %s', 'struct bits': '5, (unsigned) %s & 0x3fffffff, (unsigned long) %s & 0x7fffffff',
                      'struct nested': '{ (float) %s, 4 }, { (double) %s }', 'struct mixed': '{ (int) %s, 2 }, { 3, (float) %s }', 'struct one_float': '(float) (%s ^ %s)',
                      'struct aligned': '(long) %s, (long) %s, 7, 8', 'struct array': '{ (float) %s, 1, (float) %s }', 'struct complex_and': '(float) %s, (long) %s',
                      'struct long_double': '(long double) %s - (long double) %s', 'union either': '(double) (%s ^ %s)', 'v4si': '(int) %s, 2, 3, (int) %s', 'v2sf': '(float) %s, (float) %s'}.get(kind)
            if kind == 'struct bits' and self.cxx:
                made = f'{{ 5, (unsigned) {n} & 0x3fffffff, (unsigned long) {m} & 0x7fffffff }}'
            else:
                made = f'{{ {fields % (n, m)} }}' if fields else f'({kind}) {n}' if kind != 'enum color' else f'(enum color) ({n} & 7)'
        return f'{declared} = {made};', f'PASS({i}, a{i}, {size});', f'a{i}'

    # --- calls ---

    def call(self, f, names, file):
        r = self.random
        parts = [self.value(kind, names, i) for i, kind in enumerate(f['kinds'])]
        out = [made for made, _, _ in parts] + [told for _, told, _ in parts]
        given = ', '.join(word for _, _, word in parts)
        n, what = f['number'], f['what']
        if what == 'method':
            out.append(f'c{n} *o_ = &o{n}; truth(5999, 8, (uint64_t) o_, 0); n += o_->f{n}({given});')
        elif what == 'based':
            out.append(f'c{n} *o_ = &o{n}; truth(5999, 8, (uint64_t) o_, 0); n += {r.choice(["o_", "((b%d *) o_)" % n])}->f{n}({given});')
        elif what == 'virtual':
            by = r.choice([f'o{n}', f'*(first{n} *) &o{n}', f'*(b{n} *) &o{n}', f'*launder{n}(&o{n})'])
            out.append(f'truth(5999, 8, (uint64_t) &o{n}, 0); n += ({by}).f{n}({given});')
        elif what == 'constructor':
            out.append(f'alignas(f{n}) char room_[sizeof(f{n})]; truth(5999, 8, (uint64_t) room_, 0); n += (new (room_) f{n}({given}))->x;')
        elif what == 'call':
            out.append(f'f{n} o_; truth_use(&o_); truth(5999, 8, (uint64_t) &o_, 0); n += o_({given});')
        elif what == 'template':
            out.append(f'n += f{n}<int>({given});' if r.random() < .5 or not f['kinds'] else f'n += f{n}<long>({given});')
        elif what == 'variadic':
            out.append(f'n += f{n}({given}{", " if given else ""}1, 2.5, "x");' if f['kinds'] else 'n += 1;')
        elif what == 'free' and r.random() < .3:
            by = r.choice(['pointer', 'silent'])
            if by == 'silent':
                out.append(f'n += w{n}({given});')
            else:
                out.append(f'long (*volatile by_)({", ".join(self.plain(kind) for kind in f["kinds"])}) = f{n}; n += by_({given});')
        else:
            out.append(f'n += f{n}({given});')
        text = '{ ' + ' '.join(out) + ' }'
        if what == 'variadic' and not f['kinds']:
            return ';'
        return f'try {text} catch (int) {{ n++; }}' if self.cxx and (f['throws'] or r.random() < .2) else text

    def plain(self, kind):
        return kind.replace('enum class ', '')

    # --- bodies ---

    def use(self, i, kind):
        size = f'sizeof(p{i})' if '&' not in kind else '1'
        if kind == 'empty':
            return ';'
        if '&' in kind:
            return f'truth_use(&p{i});'
        return f'{{ char b_[{size}]; memcpy(b_, &p{i}, {size}); truth_use(b_); }}'

    def part(self, i, kind):
        members = {'struct two_ints': 'b', 'struct int_double': 'b', 'struct double_int': 'b', 'struct three': 'c', 'struct two_longs': 'a', 'struct big': 'a[4]',
                   'struct packed': 'l', 'struct bits': 'b', 'struct nested': 'y.d', 'struct mixed': 'g[1]', 'struct aligned': 'd', 'nontrivial': 'b',
                   'derived': 'c', 'holder': 'n.a', 'struct array': 'a[2]', 'struct floats3': 'b',
                   'struct long_int': 'b', 'struct double_char': 'a', 'struct int_char': 'b', 'struct letters': 'c[0]', 'struct halves': 'a'}
        return f'n += (long) p{i}.{members[kind]};' if kind in members else self.use(i, kind)

    def body(self, f):
        r = self.random
        names = ['v0', 'v1', 'v2', 'n'] + [f'(long) p{i}' for i, kind in enumerate(f['kinds']) if f['uses'][i] == 'late' and kind in ('int', 'long', 'short', 'unsigned')]
        early, late = [], []
        for i, (kind, how) in enumerate(zip(f['kinds'], f['uses'])):
            if how == 'all':
                early.append(self.use(i, kind))
            elif how == 'late':
                late.append(self.use(i, kind))
            elif how == 'branch':
                early.append(f'if (truth_zero + {r.randrange(2)}) {self.use(i, kind)}')
            elif how == 'cold':
                late.append(f'if (__builtin_expect(truth_zero != 0, 0)) {self.use(i, kind)}')
            elif how == 'address':
                early.append(f'truth_use(&p{i});')
            elif how == 'part':
                early.append(self.part(i, kind))
        if f['this'] and f['what'] in ('method', 'virtual', 'based', 'constructor', 'call'):
            early.append('truth_use(this);')
        if f['locals'] == 'array':
            early.append('char room2_[3000]; truth_use(room2_);')
        elif f['locals'] == 'aligned':
            early.append('long wide_[8] __attribute__((aligned(64))); truth_use(wide_);')
        elif f['locals'] == 'vla':
            early.append('char some_[16 + (n & 15)]; truth_use(some_);' if not self.cxx else 'char *some_ = (char *) __builtin_alloca(16 + (n & 15)); truth_use(some_);')
        before = [g for g in self.functions[:f['number']] if (g['file'] == f['file'] or not g['static'])]
        if f['calls'] and before:
            callee = r.choice(before)
            if not callee['calls'] or callee['number'] < 10:
                early.append(self.call(callee, names, f['file']))
        r.shuffle(early)
        if self.cxx and f['throws']:
            late.append('if (n & 1) throw 1;')
        return early + late

    def signature(self, f, name):
        words = [named(kind, f'p{i}') for i, kind in enumerate(f['kinds'])]
        if f['what'] == 'variadic' and words:
            words.append('...')
        return f'long {name}({", ".join(words) or ("void" if not self.cxx else "")})'

    def definition(self, f):
        n, what = f['number'], f['what']
        local = 'long n = (long) truth_zero, v0 = n + 11, v1 = n * 5 + 1234567890123, v2 = n - 3, v3 = 4; char local[32]; truth_use(local); truth_use(&v3);'
        noinline = '__attribute__((noinline)) ' if f['noinline'] else ''
        inside = f'\n{{\n\tENTERED({n});\n\t{local}\n\t' + '\n\t'.join(self.body(f)) + '\n\t%s\n}\n'
        if what == 'constructor':
            given = ', '.join(named(kind, f'p{i}') for i, kind in enumerate(f['kinds']))
            return f'{noinline}f{n}::f{n}({given}){inside % "x = n;"}'
        inside = inside % 'return n;'
        if what in ('method', 'virtual', 'based'):
            return f'{noinline}{self.signature(f, f"c{n}::f{n}")}{inside}'
        if what == 'call':
            return f'{noinline}{self.signature(f, f"f{n}::operator()")}{inside}'
        if what == 'old':
            given = ', '.join(f'p{i}' for i in range(len(f['kinds'])))
            declared = ' '.join(named(kind, f'p{i}') + ';' for i, kind in enumerate(f['kinds']))
            return f'{noinline}long f{n}({given}) {declared}{inside}'
        static = 'static ' if f['static'] else '__attribute__((weak)) ' if f['weak'] else ''
        return f'{static}{noinline}{self.signature(f, f"f{n}")}{inside}'

    def declaration(self, f, file):
        n, what = f['number'], f['what']
        if what == 'method':
            return f'struct c{n} {{ long id; {self.signature(f, "f%d" % n)}; }};\nextern c{n} o{n};'
        if what == 'based':  # a virtual base
            return (f'struct root{n} {{ long r; virtual ~root{n}() {{}} }};\nstruct b{n} : virtual root{n} {{ long b; virtual {self.signature(f, "f%d" % n)} = 0; }};\n'
                    f'struct c{n} : b{n} {{ long c; {self.signature(f, "f%d" % n)} override; }};\nextern c{n} o{n};')
        if what == 'virtual':
            return (f'struct first{n} {{ long a = 1; virtual {self.signature(f, "f%d" % n)} = 0; }};\nstruct b{n} {{ long b = 2; virtual {self.signature(f, "f%d" % n)} = 0; }};\n'
                    f'struct c{n} : first{n}, b{n} {{ long c = 3; {self.signature(f, "f%d" % n)} override; }};\nextern c{n} o{n};\n'
                    f'SILENT static inline b{n} *launder{n}(c{n} *p) {{ b{n} *volatile q = p; return q; }}')
        if what == 'constructor':
            given = ', '.join(named(kind, f'p{i}') for i, kind in enumerate(f['kinds']))
            virtual = self.virtual_base(n)
            return f'struct root{n} {{ long r = 5; }};\nstruct f{n} {": virtual root%d " % n if virtual else ""}{{ long x; f{n}({given}); }};'
        if what == 'call':
            return f'struct f{n} {{ {self.signature(f, "operator()")}; }};'
        if what == 'template':
            noinline = '__attribute__((noinline)) ' if f['noinline'] else ''
            local = 'long n = (long) truth_zero, v0 = n + 11, v1 = n * 5 + 1234567890123, v2 = n - 3, v3 = 4; char local[32]; truth_use(local); truth_use(&v3);'
            if not f.get('text'):
                f['text'] = (f'template <class T> {noinline}{self.signature(f, "f%d" % n)}\n{{\n\tENTERED({n});\n\t{local} T t = 3; n += t;\n\t'
                             + '\n\t'.join(self.body(dict(f, calls=False))) + '\n\treturn n;\n}\n')
            return f['text']
        if what == 'old':
            return f'long f{n}();'
        if f['static'] and f['file'] != file:
            return ''
        static = 'static ' if f['static'] else ''
        out = f'{static}{self.signature(f, "f%d" % n)};'
        if what == 'free':
            out += f'\nstatic SILENT {self.signature(f, "w%d" % n)} __attribute__((unused));'
        return out

    def virtual_base(self, n):
        return n % 3 == 0

    def text(self, file):
        out = [HEADER, '#include <new>\n' + CXX_HEADER if self.cxx else '']
        out += [self.declaration(f, file) for f in self.functions]
        for f in self.functions:
            if f['file'] == file and f['what'] in ('method', 'virtual', 'based'):
                out.append(f'c{f["number"]} o{f["number"]};')
            if f['file'] == file and f['what'] != 'template':
                out.append(self.definition(f))
            if f['what'] == 'free' and (f['file'] == file or not f['static']):
                given = ', '.join(f'static_cast<{self.plain(kind)}>(p{i})' if '&&' in kind or kind == 'moved' and False else
                                  f'static_cast<moved &&>(p{i})' if kind == 'moved' else f'p{i}' for i, kind in enumerate(f['kinds']))
                out.append(f'static SILENT {self.signature(f, "w%d" % f["number"])} {{ return f{f["number"]}({given}); }}\n')
        calls = '\n\t'.join(self.call(f, ['v0', 'v1', 'v2', 'n'], file) for f in self.functions if f['file'] == file or not f['static'] for _ in range(2))
        head = 'int main(int argc, char **argv)' if file == 0 else 'long second(int argc)'
        begin = 'truth_begin(argv[1]);\n\tsecond(argc);' if file == 0 else ''
        local = 'long n = (long) truth_zero + argc - 1, v0 = n + 11, v1 = n * 5 + 1234567890123, v2 = n - 3, v3 = 4; char local[32]; truth_use(local); truth_use(&v3);'
        out.append(f'long second(int);\n{head}\n{{\n\t{begin}\n\t{local}\n\t{calls}\n\treturn n == 0x123456;\n}}\n')
        return '\n'.join(out)
