"""
Writes a random C program in two files whose callers say what they pass (truth.h, numbers from 5000 on), to functions that do
not use most of it: so the callees have lost it when they call their hooks. Calls by name from the same file and from
the other, by pointer, through functions without hooks that jump on, recursive, from switches and loops.
"""
import random
import re

TYPES = ['int', 'unsigned', 'long', 'unsigned long', 'char', 'unsigned char', 'short', '_Bool', 'char *', 'const void *', 'enum color',
         'struct two_ints', 'double', 'struct three', 'struct big']
SCALARS = [*TYPES[:11], 'char *', 'const void *']
CONSTANTS = ['0', '1', '-1', '7', '127', '-128', '255', '65535', '-70000', '2147483647', '(-2147483647 - 1)', '2147483648', '4294967295',
             '4294967296', '-4294967297', '0x123456789abcdef', '(long) 0xfedcba9876543210']
GROWN = ['char *grown = local + 8;'] * 12 + [
    'char grown[48];', 'char grown[n + 40];', 'char *grown = __builtin_alloca(n + 24);', '__attribute__((aligned(64))) char grown[80];',
    'char grown[n + 16]; __attribute__((aligned(32))) char also[40]; truth_use(also);']
HELD = ['char *held = local + 16;'] * 2 + [
    'char *volatile held = local + n;', 'char *held = local; truth_use(&held);', 'char *held = grown + n; __asm__ ("" : "+r" (held));',
    'char *held = local; truth_use(&held); held += 8;']
ON_STACK = re.compile(r'\b(?:local|grown|own)\b|&v3\b')
HEADER = '''
#include "truth.h"
enum color { RED, GREEN = 5, BLUE };
struct two_ints { int a, b; };
struct three { char a, b, c; };
struct big { long a[5]; };
#define PASS(which, value) TELL(5000 + (which), value)
#define SILENT __attribute__((no_instrument_function, noinline))
static SILENT __attribute__((unused)) long echo(long n) { __asm__ volatile ("" : "+r" (n)); return n; }
'''


class Program:
    def __init__(self, seed, functions=40):
        self.random = r = random.Random(seed)
        self.functions = [self.function(number) for number in range(functions)]
        self.files = [[f for f in self.functions if f['file'] == file] for file in (0, 1)]
        self.r = r

    def function(self, number):
        r = self.random
        kinds = [r.choice(TYPES if r.random() < .3 else SCALARS) for _ in range(r.choice([1, 2, 2, 3, 3, 4, 5, 6, 7]))]
        return dict(number=number, kinds=kinds, static=r.random() < .4, file=r.randrange(2), noinline=r.random() < .85,
                    used=[r.random() < .4 for _ in kinds], shape=r.choice(['plain', 'plain', 'switch', 'loop', 'branch', 'again']))

    def signature(self, f, name):
        return f'long {name}({", ".join(f"{kind} p{i}" for i, kind in enumerate(f["kinds"]))})'

    def value(self, kind, names):
        """Of something that lives on, of nothing but this call, or a constant."""
        r = self.random
        if kind == 'struct two_ints':
            return f'(struct two_ints) {{ {r.choice(["3", "(int) v0", "(int) v1"])}, {r.choice(["-4", "(int) v2"])} }}'
        if kind == 'struct three':
            return '(struct three) { 1, (char) v0, 3 }'
        if kind == 'struct big':
            return '(struct big) { { v0, 2, v1, 4, 5 } }'
        cast = f'({kind}) (uintptr_t)' if '*' in kind else f'({kind})'
        if '*' in kind and r.random() < .5:
            return f'{cast} {r.choice(["local", "local + 4", "&v3", "a_table", "a_table + 16", "(char *) 0", "grown", "grown + 8", "held", "own", "own + 8", "own"])}'
        which = r.random()
        if which < .3:
            return f'{cast} {r.choice(CONSTANTS)}'
        if which < .65:
            return f'{cast} {r.choice(names)}'
        if which < .85:
            return f'{cast} ({r.choice(names)} + {r.choice(["1", "8", "-24", "100000"])})'
        return f'{cast} {r.choice(["(unsigned) v0", "(int) v1", "(unsigned char) v2", "((short) v0 * 2)", "i"])}'

    def call(self, f, names, by=None):
        r = self.random
        values = [self.value(kind, names) for kind in f['kinds']]
        given = [f'a{i}' for i in range(len(values))]
        for i, value in enumerate(values):  # addresses of what is on the stack, said by another way: the compiler makes them for the call
            if ON_STACK.search(value) and (r.random() < .7 or 'own' in value):
                given[i], values[i] = value, ON_STACK.sub(lambda match: match[0].replace('&', '') + '_at', value)
        out = [f'{kind} a{i} = {value};' for i, (kind, value) in enumerate(zip(f['kinds'], values))]
        out += [f'PASS({i}, a{i});' for i in range(len(values))]
        by = by or r.choice(['name', 'name', 'name', 'name', 'pointer', 'silent'])
        name = f'w{f["number"]}' if by == 'silent' else f'f{f["number"]}'
        if by == 'pointer':
            kinds = ', '.join(f['kinds'])
            out.append(f'long (*volatile by_)({kinds}) = {name};')
            name = 'by_'
        if r.random() < .3:  # what comes right out of a register that calls do not keep
            i = r.randrange(len(given))
            given[i] = f'({f["kinds"][i]}) echo((long) {given[i]})' if f['kinds'][i] in ('int', 'long', 'unsigned long', 'char *') else given[i]
        out.append(f'n += {name}({", ".join(given)});')
        if r.random() < .3:
            out.append('truth_use(&a0);')
        own = 'char own[24], *volatile own_at = own; ' if any('own_at' in value for value in values) else ''
        return '{ ' + own + ' '.join(out) + ' }'

    def body(self, f):
        r = self.random
        names = ['v0', 'v1', 'v2', 'n'] + [f'(long) p{i}' for i, kind in enumerate(f['kinds']) if f['used'][i] and kind in SCALARS]
        before = [g for g in self.functions[:f['number']] if g['file'] == f['file'] or not g['static']]
        lines = [f'n += {name};' for name in names[4:]]
        callees = [r.choice(before) for _ in range(r.choice([0, 1, 2]))] if before and r.random() < .6 else []
        calls = [self.call(g, names) for g in callees if g['number'] < 12 or r.random() < .3]
        if f['shape'] == 'switch':
            cases = [f'case {i}: n += v{i % 3} * {i + 3}; {"truth_use(&n);" if i % 2 else ""} {calls.pop() if calls else ""} {r.choice(["break;", ""])}'
                     for i in range(9)]
            lines.append('switch (truth_zero + (n & 15)) { ' + '\n\t\t'.join(cases) + ' }')
        elif f['shape'] == 'loop':
            lines.append('for (i = 0; i < 2; i++) { truth_use(&n); ' + ' '.join(calls) + ' }')
        elif f['shape'] == 'branch':
            lines.append('if (n & 1) { truth_use(&n); ' + ' '.join(calls) + ' } else { n *= 3; }')
        elif f['shape'] == 'again':
            own = self.call(f, names, 'name')
            lines += calls + [f'if (depth < 3) {{ depth++; {own} depth--; }}']
        else:
            lines += calls
        return lines

    def text(self, file):
        out = [HEADER]
        for f in self.functions:
            here = f['file'] == file
            if here or not f['static']:
                prefix = 'static ' if f['static'] else ''
                out.append(f'{prefix}{self.signature(f, "f%d" % f["number"])};\n{prefix}SILENT {self.signature(f, "w%d" % f["number"])};')
        out.append('static char a_table[64] __attribute__((unused));\nstatic int depth __attribute__((unused));')
        def declare():
            """`grown` and `held`: addresses on the stack, of what may grow, be aligned, be kept in memory or be changed there."""
            grown = self.r.choice(GROWN)
            return ('long n = (long) truth_zero, v0 = n + 11, v1 = n * 5 + 1234567890123, v2 = n - 3, v3 = 4, i = 0; char local[32]; '
                    f'{grown} {self.r.choice(HELD)} char *volatile local_at = local, *volatile grown_at = grown, *volatile v3_at = (char *) &v3; truth_use(local); truth_use(&v3); truth_use(grown);')
        for f in self.files[file]:
            prefix = ('static ' if f['static'] else '') + ('__attribute__((noinline)) ' if f['noinline'] else '')
            out.append(f'{prefix}{self.signature(f, "f%d" % f["number"])}\n{{\n\tENTERED({f["number"]});\n\t{declare()}\n\t' + '\n\t'.join(self.body(f))
                       + '\n\treturn n + i;\n}\n')
            given = ', '.join(f'p{i}' for i in range(len(f['kinds'])))
            out.append(f'{"static " if f["static"] else ""}SILENT {self.signature(f, "w%d" % f["number"])} {{ return f{f["number"]}({given}); }}\n')
        calls = '\n\t'.join(self.call(f, ['v0', 'v1', 'v2', 'n']) for f in self.functions if f['file'] == file or not f['static']
                            for _ in range(2))
        head = 'int main(int argc, char **argv)' if file == 0 else 'long second(int argc)'
        begin = 'truth_begin(argv[1]);\n\tlong second(int); second(argc);' if file == 0 else ''
        out.append(f'{head}\n{{\n\t{begin}\n\t{declare()}\n\tn += argc;\n\t{calls}\n\treturn n == 0x123456;\n}}\n')
        return '\n'.join(out)
