"""A pointer whose next parameter is called a size is followed for that many bytes."""
from ctidx import Index
from harness import cases
import plan_values

SOURCE = '''
#include <stddef.h>
volatile int sink;
#define KEEP __attribute__((noinline))
KEEP long bytes(int fd, void *buf, size_t n) { sink += fd; return (long) n + *(char *) buf; }
KEEP int hash(const unsigned char *key, int key_len) { return key[0] + key_len + sink; }
KEEP int text(const char *text, unsigned length, const char *other, int thing) { return text[0] + (int) length + other[0] + thing; }
KEEP int sum(const int *numbers, size_t count) { return numbers[count - 1] + sink; }
KEEP int real(const void *p, double size) { return *(char *) p + (int) size; }
KEEP int constant(const char *name, int n) { return name[0] + sink; }
int main(int argc, char **argv)
{
    char b[4] = "abc";
    int numbers[2] = { 1, 2 };

    return (int) bytes(1, b, 4) + hash((unsigned char *) b, 3) + text(b, 2, b, argc) + sum(numbers, 2) + real(b, 2) + constant(b, 3);
}
'''
# function -> the counted pointer, its number, and whether it is followed again at the exit
COUNTED = {'bytes': ('buf', 'n', True), 'hash': ('key', 'key_len', False), 'text': ('text', 'length', False)}


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_counted(t, compiler, level):
    t.write('counted.c', SOURCE)
    program = t.compile('counted.c', 'counted', compiler, level)
    t.run([t.calltrace, 'index', '-o', 'counted.ctidx', program], check=True)
    plans = {h.function.name: h.plan for h in Index(t.path('counted.ctidx')).hooks if not h.exit and not h.depth}
    for name, (pointer, number, out) in COUNTED.items():
        plan, args = plans[name], {arg.name: arg for arg in plans[name].args}
        op, = [op for op in plan.ops if op.op == 'counted']
        t.equal((plan.args[op.argument].name, op.at, op.size, bool(op.flags & 1)), (pointer, args[pointer].at, 1, out), name)
        # Every byte of every register and of memory is 0xab: what the plan makes of that is the number, and zeros.
        fixed = plan_values.fixed_part(plan, lambda reg: b'\xab' * (8 if reg < 16 else 16), lambda at, size: b'\xab' * size, 0)
        t.equal(fixed[op.extra:op.extra + 8].hex(), ('ab' * args[number].size).ljust(16, '0'), f'the number of {name}')
    for name in ('sum', 'real', 'constant', 'main'):
        counted = [op for op in plans[name].ops if op.op == 'counted']
        t.equal(counted, [], name)
