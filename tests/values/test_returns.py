"""
Where a returned value is: for each type of returns.h, what the plan's return classes take out of the registers behind the
call, which returns.c prints, is the value that the function returned.
"""
from ctidx import PARTS, Index
from harness import cases, pitfall

# Nothing is claimed of these. The wide vector is passed in memory without AVX, so says the compiler; the plan cannot tell.
UNSUPPORTED = {'wide', 'complex_char'}


def lines(t, program, *argv):
    return {line.split()[0]: [bytes.fromhex(word) for word in line.split()[1:]]
            for line in t.run([program, *argv], check=True).out.splitlines()}


def taken(parts, registers):
    """The bytes that the classes make of the registers, or None."""
    rax, rdx, xmm0, xmm1, st0, st1 = registers
    where = {'': bytes(8), 'rax': rax, 'rdx': rdx, 'xmm0': xmm0[:8], 'xmm1': xmm1[:8], 'xmm0 high': xmm0[8:],
             'st0': st0, 'st1': st1, 'memory': rax}
    out = b''
    for number, part in enumerate(parts):
        if part == 'unsupported':
            return None
        if len(out) <= 8 * number:
            out += where[part]
    return out


@pitfall(40, 44)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], language=['c', 'cc'], dwarf=['-gdwarf-4', '-gdwarf-5'])
def test_returned_values(t, compiler, level, language, dwarf):
    for name in ('returns', 'masks'):
        t.write(f'{name}.{language}', t.read(f'{t.dir}/{name}.c'))
    flags = ['-w', '-I' + t.dir, '-no-pie', *(['-std=c++17'] if language == 'cc' else [])]
    program = t.compile([f'returns.{language}'], 'returns', compiler, level, [*flags, dwarf])
    said = lines(t, program)
    masks = lines(t, t.compile([f'masks.{language}'], 'masks', 'gcc', '-O0', flags, instrument=False))
    t.run([t.calltrace, 'index', '-o', 'returns.ctidx', program], check=True)
    index, wrong, unsupported = Index(t.path('returns.ctidx')), [], set()
    plans = {h.function.name.split('(')[0]: h.plan for h in index.hooks if not h.exit and h.depth == 0}
    for name, (mask,) in masks.items():
        value, *registers = said[name]
        plan = plans['ret_' + name]
        parts = [PARTS[n] for n in (plan.part0, plan.part1, plan.part2, plan.part3)]
        found = taken(parts, registers)
        if found is None:
            unsupported.add(name)
            continue
        in_memory = name + ':memory' in said
        if in_memory != (parts[0] == 'memory'):
            wrong.append(f'{name}: {parts}, but rax {"has" if in_memory else "has not"} its address')
            continue
        if in_memory:
            found, = said[name + ':memory']
        elif plan.return_fixed < len(value):
            wrong.append(f'{name}: {len(value)} bytes, but {plan.return_fixed} are kept')
        same = [(a ^ b) & m for a, b, m in zip(found, value, mask)]
        if any(same) or len(found) < len(value):
            wrong.append(f'{name}: {parts} give {found[:len(value)].hex()}, returned was {value.hex()} (mask {mask.hex()})')
    t.equal(wrong, [], 'returned values')
    t.true(unsupported <= UNSUPPORTED, f'unsupported: {unsupported}')
