"""
Writes a random C or C++ program of functions that say what their parameters are (truth.h): all classes of the psABI, in
registers and on the stack, used, unused, modified, with their address taken, static, inlined, cloned.
"""
import random

C_TYPES = {
    'signed char': 1, 'unsigned short': 2, 'int': 4, 'unsigned long': 8, 'long long': 8, 'float': 4, 'double': 8,
    'long double': 10, 'char *': 8, 'const void *': 8, 'int (*)(int)': 8, '__int128': 16, '_Bool': 1, 'enum color': 4,
    'struct two_ints': 8, 'struct int_double': 16, 'struct two_doubles': 16, 'struct floats3': 12, 'struct three': 3,
    'struct two_longs': 16, 'struct big': 40, 'union either': 8, 'struct packed': 9, 'v4si': 16, '_Complex double': 16,
    '_Complex float': 8, 'struct one_float': 4, 'struct long_int': 12, 'struct double_char': 9, 'struct int_char': 5,
}
SHORTER = ('long double', 'struct long_int', 'struct double_char', 'struct int_char')  # what lies behind means nothing
PRELUDE = '''
#include "truth.h"
enum color { RED, GREEN = 5, BLUE };
struct two_ints { int a, b; };
struct int_double { long a; double b; };
struct two_doubles { double a, b; };
struct floats3 { float a, b, c; };
struct three { char a, b, c; };
struct two_longs { long a, b; };
struct big { long a[5]; };
union either { double d; long l; };
struct __attribute__((packed)) packed { char c; long l; };
struct one_float { float f; };
struct long_int { long a; int b; };
struct double_char { double a; char b; };
struct int_char { int a; char b; };
struct __attribute__((aligned(16))) aligned { long a, b, c, d; };
typedef int v4si __attribute__((vector_size(16)));
'''
CXX_PRELUDE = '''
struct nontrivial { long a; long b; nontrivial(long x) : a(x), b(x + 1) {} nontrivial(const nontrivial &o) : a(o.a), b(o.b) {} ~nontrivial() { truth_use(this); } };
struct derived : two_ints { long c; };
struct copied { long a; copied(long x) : a(x) {} copied(const copied &o) : a(o.a) {} };
struct holder { copied a; holder(long x) : a(x) {} };
struct with_virtual { long a; with_virtual(long x) : a(x) {} virtual long f() { return a; } };
'''


def declare(kind, name):
    return kind.replace('(*)', f'(*{name})') if '(*)' in kind else f'{kind} {name}'


BY_REFERENCE = ('nontrivial', 'copied', 'holder', 'with_virtual')  # unused ones are left out by clang, with all behind


class Program:
    def __init__(self, seed, cxx=False, functions=60):
        self.random = random.Random(seed)
        self.cxx = cxx
        self.types = dict(C_TYPES)
        if cxx:
            self.types = {{'_Bool': 'bool'}.get(k, k): v for k, v in self.types.items()}
            self.types.update({'nontrivial': 16, 'derived': 16, 'copied': 8, 'holder': 8, 'with_virtual': 16, 'struct aligned': 32, 'const int &': 8, 'two_ints &': 8})
        self.functions = [self.function(number) for number in range(functions)]

    def function(self, number):
        r = self.random
        kinds = [r.choice(list(self.types)) for _ in range(r.choice([1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 11]))]
        return dict(number=number, kinds=kinds, static=r.random() < .5, noinline=r.random() < .7,
                    told=[r.random() < .8 or kind in BY_REFERENCE for kind in kinds], taken=[r.random() < .2 for _ in kinds],
                    changed=[r.random() < .2 for _ in kinds], variadic=not self.cxx and r.random() < .08,
                    constant=[r.random() < .15 for _ in kinds], calls=r.random() < .5, method=self.cxx and r.random() < .3,
                    wide=r.random() < .15)

    def value(self, kind, constant):
        r = self.random
        n = r.randrange(1, 100000)
        number = f'{n}' if constant else f'({n} + (long) truth_zero)'
        bare = kind.replace('struct ', '').replace('union ', '').replace('enum ', '')
        if kind in ('nontrivial', 'copied', 'holder', 'with_virtual'):
            return f'{kind}({number})'
        if kind == 'const int &':
            return f'an_int[{n % 8}]'
        if kind == 'two_ints &':
            return f'a_two_ints[{n % 8}]'
        if kind == 'derived':
            return f'make_derived({number})'
        if '(*)' in kind:
            return f'(int (*)(int)) (uintptr_t) {number}'
        if '*' in kind:
            return f'({kind}) (uintptr_t) {number}'
        if kind in ('struct two_ints', 'struct two_doubles', 'struct two_longs'):
            field = {'two_ints': 'int', 'two_doubles': 'double', 'two_longs': 'long'}[bare]
            return self.compound(kind, f'({field}) {number}, ({field}) ({number} * 3)')
        if kind in ('struct int_double', 'struct long_int', 'struct double_char', 'struct int_char'):
            a, b = {'int_double': ('long', 'double')}.get(bare, bare.split('_'))
            return self.compound(kind, f'({a}) {number}, ({b}) ({number} * 3)')
        if kind == 'struct floats3':
            return self.compound(kind, f'(float) {number}, 2.5f, (float) ({number} / 2)')
        if kind == 'struct three':
            return self.compound(kind, f'(char) {number}, 2, (char) ({number} / 3)')
        if kind == 'struct big':
            return self.compound(kind, f'{{ (long) {number}, 2, 3, 4, (long) {number} }}')
        if kind == 'union either':
            return self.compound(kind, f'(double) {number}')
        if kind == 'struct aligned':
            return self.compound(kind, f'(long) {number}, 2, 3, (long) {number}')
        if kind == 'struct packed':
            return self.compound(kind, f'(char) {number}, (long) {number}')
        if kind == 'struct one_float':
            return self.compound(kind, f'(float) {number}')
        if kind == 'v4si':
            return self.compound(kind, f'(int) {number}, 2, 3, (int) {number}')
        if kind == 'enum color':
            return f'(enum color) ({number} % 3)'
        return f'({kind}) {number}'

    def compound(self, kind, fields):
        return f'({kind}) {{ {fields} }}'

    def body(self, f):
        lines = [f'ENTERED({f["number"]});']
        if f['wide']:
            lines.append('long wide_[4] __attribute__((aligned(64))) = { n }; truth_use(wide_);')
        for i, kind in enumerate(f['kinds']):
            size = self.types[kind]
            if f['told'][i]:
                if '&' in kind:
                    lines.append(f'{{ const void *r_ = &p{i}; TELL({i}, r_); }}')
                elif kind in SHORTER:
                    lines.append(f'{{ uint64_t w_[2] = {{0}}; memcpy(w_, &p{i}, {size}); truth({i}, {size}, w_[0], w_[1]); }}')
                else:
                    lines.append(f'TELL({i}, p{i});')
            if f['taken'][i]:
                lines.append(f'truth_use(&p{i});')
            if f['changed'][i] and kind in ('int', 'unsigned long', 'double', 'float', 'long long'):
                lines.append(f'p{i} = p{i} * 3 + 1; if (p{i} > 1000) p{i} /= 7;')
                lines.append(f'{{ {kind} copy_ = p{i}; truth_use(&copy_); }}')
        if f['method']:
            lines.insert(1, '{ const void *this_ = this; truth(1000, 8, (uint64_t) this_, 0); }')
        return lines

    def signature(self, f, name):
        parameters = ', '.join(declare(kind, f'p{i}') for i, kind in enumerate(f['kinds']))
        return f'long {name}({parameters}{", ..." if f["variadic"] else ""})'

    def call(self, f):
        values = [self.value(kind, f['constant'][i]) for i, kind in enumerate(f['kinds'])]
        name = f'an_object[{f["number"] % 4}].f{f["number"]}' if f['method'] else f'f{f["number"]}'
        return f'{name}({", ".join(values)})'

    def text(self):
        out = [PRELUDE, CXX_PRELUDE if self.cxx else '']
        out.append('static int an_int[8];\nstatic struct two_ints a_two_ints[8];')
        if self.cxx:
            out.append('static __attribute__((no_instrument_function)) derived make_derived(long x) { derived d; d.a = (int) x; d.b = 7; d.c = x; return d; }')
            out.append('struct object { long id; ' + ' '.join(self.signature(f, f'f{f["number"]}') + ';' for f in self.functions
                                                            if f['method']) + ' };\nstatic object an_object[4];')
        for f in self.functions:
            lines = self.body(f)
            if f['calls'] and f['number']:
                callee = self.random.choice(self.functions[:f['number']])
                if not callee['calls']:
                    lines.append(f'n += {self.call(callee)};')
            name = f'object::f{f["number"]}' if f['method'] else f'f{f["number"]}'
            prefix = ('static ' if f['static'] and not f['method'] else '') + ('__attribute__((noinline)) ' if f['noinline'] else '')
            out.append(f'{prefix}{self.signature(f, name)}\n{{\n\tlong n = {f["number"]};\n\t'
                       + '\n\t'.join(lines) + '\n\treturn n + (long) truth_zero;\n}\n')
        calls = '\n\t'.join(f'n += {self.call(f)};' for f in self.functions for _ in range(3))
        out.append(f'int main(int argc, char **argv)\n{{\n\tlong n = argc;\n\ttruth_begin(argv[1]);\n\t{calls}\n\treturn n == 0;\n}}\n')
        return '\n'.join(out)
