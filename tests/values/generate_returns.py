"""
Writes a random C or C++ program whose callers say what functions returned to them: all classes of the psABI, and all ways
to leave a function, signal handlers, jumps and exceptions among them.
"""
import random

C_TYPES = {  # bytes that count
    'signed char': 1, 'unsigned char': 1, 'short': 2, 'unsigned short': 2, 'int': 4, 'unsigned': 4, 'long': 8,
    'unsigned long long': 8, 'float': 4, 'double': 8, 'long double': 10, 'char *': 8, 'function *': 8, '__int128': 16,
    '_Bool': 1, 'enum color': 4, '_Complex float': 8, '_Complex double': 16, '_Complex long double': 26,
    'struct one_char': 1, 'struct three': 3, 'struct two_ints': 8, 'struct floats2': 8, 'struct floats3': 12,
    'struct two_doubles': 16, 'struct int_double': 16, 'struct double_int': 12, 'struct two_longs': 16, 'struct big': 40,
    'struct packed': 9, 'struct one_ld': 10, 'union either': 8, 'v4si': 16, 'v2sf': 8, 'void': 0,
}
PRELUDE = '''
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define QUIET __attribute__((no_instrument_function))
typedef int function(int);
enum color { RED, GREEN = 5, BLUE };
struct one_char { char a; };
struct three { char a, b, c; };
struct two_ints { int a, b; };
struct floats2 { float a, b; };
struct floats3 { float a, b, c; };
struct two_doubles { double a, b; };
struct int_double { long a; double b; };
struct double_int { double a; int b; };
struct two_longs { long a, b; };
struct big { long a[5]; };
struct __attribute__((packed)) packed { char c; long l; };
struct one_ld { long double a; };
union either { double d; long l; };
typedef int v4si __attribute__((vector_size(16)));
typedef float v2sf __attribute__((vector_size(8)));
static FILE *out;
static jmp_buf env[64];
static volatile int level, zero;
QUIET static void told(int number, const void *value, int size)
{
	fwrite(&number, 4, 1, out);
	fwrite(&size, 4, 1, out);
	fwrite(value, 1, (size_t) size, out);
}
/* Bytes of any kind are a value, but not any that a register would lose. */
QUIET static void make(void *value, size_t size, int x)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *) value)[i] = (unsigned char) (x * 7 + (int) i * 13 + 1) & 0x7f;
}
'''
CXX = '''
#include <stdexcept>
#include <string>
struct nontrivial { long a, b; QUIET nontrivial(long x) : a(x), b(x + 1) {} QUIET nontrivial(const nontrivial &o) : a(o.a), b(o.b) {} QUIET ~nontrivial() { a = 0; } };
struct guard { int *n; QUIET guard(int *n) : n(n) {} QUIET ~guard() { ++*n; } };
static long a_long;
'''


class Program:
    def __init__(self, seed, cxx=False, functions=70):
        self.random = random.Random(seed)
        self.cxx = cxx
        self.types = dict(C_TYPES)
        if cxx:
            self.types = {{'_Bool': 'bool'}.get(k, k): v for k, v in self.types.items() if 'Complex' not in k}
            self.types.update({'nontrivial': 16, 'long &': 8})
        kinds = list(self.types)
        self.random.shuffle(kinds)
        self.kinds = [kinds[number % len(kinds)] for number in range(functions)]

    def value(self, kind):
        """Statements that return a value made from x."""
        if kind == 'void':
            return 'return;'
        if kind == 'nontrivial':
            return 'return nontrivial(x);'
        if kind == 'long &':
            return 'return a_long;'
        if kind in ('_Bool', 'bool'):
            return 'return (x & 1) != 0;'
        if kind == 'enum color':
            return 'return (enum color) (x % 3);'
        if 'struct' in kind or 'union' in kind or '*' in kind or kind in ('v4si', 'v2sf'):
            if kind == 'struct one_ld':
                return 'struct one_ld r; memset(&r, 0, sizeof r); r.a = x * 1.25L; return r;'
            return f'{kind} r; make(&r, sizeof r, x); return r;'
        if '_Complex' in kind:
            return f'{kind} r = x * 1.5; __imag__ r = x * 0.25; return r;'
        return f'return ({kind}) (x * {self.random.randint(1, 2000)} + {self.random.random()});'

    def call(self, number, x):
        kind, size = self.kinds[number], self.types[self.kinds[number]]
        if kind == 'void':
            return f'f{number}({x}, depth - 1);'
        if kind == 'long &':
            return f'{{ long *r_ = &f{number}({x}, depth - 1); told({number}, &r_, 8); }}'
        if kind == '_Complex long double':
            return (f'{{ {kind} r_ = f{number}({x}, depth - 1); char b_[26] = {{0}}; memcpy(b_, &r_, 10); '
                    f'memcpy(b_ + 16, (char *) &r_ + 16, 10); told({number}, b_, 26); }}')
        return f'{{ {kind} r_ = f{number}({x}, depth - 1); told({number}, &r_, {size}); }}'

    def any_call(self, number):
        """A call of a lower number; recursion by depth."""
        return self.call(self.random.randrange(number), f'x + {self.random.randrange(50)}') if number else 'x++;'

    def statement(self, number):
        r = self.random
        kinds = [
            lambda: self.any_call(number), lambda: self.any_call(number),
            lambda: f'if (x % {r.randint(2, 5)} == 0) {{ {self.value(self.kinds[number])} }}',
            lambda: f'{{ volatile char *a = (char *) alloca((size_t) (x & 255) + 1); a[0] = 1; x += a[0]; {self.any_call(number)} }}',
            lambda: f'{{ double a[8] __attribute__((aligned(64))); for (int i = 0; i < 8; i++) a[i] = x + i; x += (int) a[x & 7]; {self.any_call(number)} }}',
            lambda: f'switch (x & 7) {{ case 1: x += 3; break; case 2: {{ {self.value(self.kinds[number])} }} default: x ^= 5; }}',
            lambda: 'if (x % 11 == 0) raise(SIGUSR1);',
            lambda: f'if (level < 60) {{ int l_ = level; if (setjmp(env[level++]) == 0) {{ {self.any_call(number)} }} level = l_; }}'
                    if not self.cxx else
                    f'try {{ int n_ = 0; guard g_(&n_); {self.any_call(number)} }} catch (const std::exception &e) {{ x++; }}',
            lambda: 'if (level > 0 && x % 7 == 3) longjmp(env[level - 1], 1);' if not self.cxx else
                    'if (x % 7 == 3) throw std::runtime_error("thrown");',
        ]
        return r.choice(kinds)()

    def function(self, number):
        r = self.random
        noinline = '__attribute__((noinline)) '  # gcc runs an inlined function's exit hook when an exception leaves it, too
        attribute = noinline if self.cxx else r.choice([noinline, noinline, '', 'inline '])
        lines = '\n\t\t'.join(self.statement(number) for _ in range(r.randint(1, 3)))
        return (f'{attribute}static {self.kinds[number]} f{number}(volatile int y, int depth)\n{{\n\tint x = y;\n\tif (depth > 0) {{\n\t\t{lines}\n\t}}\n'
                f'\t{self.value(self.kinds[number])}\n}}\n')

    def text(self):
        out = [PRELUDE, CXX if self.cxx else '']
        out += [self.function(number) for number in range(len(self.kinds))]
        handler = [n for n, kind in enumerate(self.kinds) if kind in ('int', 'long', 'double', 'struct two_longs')][:3]
        handled = ' '.join(self.call(n, 's') for n in handler)
        out.append(f'static void on_signal(int s)\n{{\n\tint depth = 0;\n\t{handled}\n}}\n')
        calls = []
        for number in range(len(self.kinds)):
            for x in range(4):
                call = self.call(number, f'{self.random.randrange(1000)} + zero').replace('depth - 1', '3')
                if self.cxx:
                    calls.append(f'try {{ {call} }} catch (const std::exception &e) {{ }}')
                else:
                    calls.append(f'level = 1; if (setjmp(env[0]) == 0) {{ {call} }}')
        body = '\n\t'.join(calls)
        out.append('int main(int argc, char **argv)\n{\n\tout = fopen(argv[1], "wb");\n\tif (!out || argc < 2)\n\t\treturn 3;\n'
                   f'\tsignal(SIGUSR1, on_signal);\n\t{body}\n\treturn fclose(out);\n}}\n')
        return '\n'.join(out)
