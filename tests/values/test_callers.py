"""
Arguments that only the caller knows (CT_HOW_CALLER): what the index says of a call site, and of where registers are at the hook,
gives what the callers say they passed. Random programs; the recorder's part is done here, in Python.
"""
import bisect
import collections
import re
import struct

from ctidx import KEPT, Index
from generate_callers import Program
from harness import cases, pitfall, slow
import plan_values
import recorded
from test_capture import record
from test_plans import Call

NUMBERS = {'rbx': 3, 'rbp': 6, 'r12': 12, 'r13': 13, 'r14': 14, 'r15': 15, 'rsp': 7}


def calls_of(path):
    """The calls, each with what was said of it before: `told`."""
    with open(path, 'rb') as file:
        data = file.read()
    at, calls, told = 0, [], {}
    while at < len(data):
        kind, = struct.unpack_from('<Q', data, at)
        at += 8
        if kind == 1:
            call = Call(data, at)
            call.told, told = told, {}
            call.site = call.registers[4]
            calls.append(call)
            at += Call.SIZE
        else:
            which, low, high, _ = struct.unpack_from('<4Q', data, at)
            told[(which & 0xffffffff) - 5000] = (low | high << 64).to_bytes(16, 'little')[:which >> 32]
            at += 32
    return calls


class Frames:
    """The unwind table, as readelf has it: for an address the canonical frame address and what was saved where."""

    def __init__(self, t, program):
        self.rows, columns = [], []
        for line in t.run(['readelf', '--debug-dump=frames-interp', program], check=True).out.splitlines():
            words = line.split()
            if words[:2] == ['LOC', 'CFA']:
                columns = words[2:]
            elif re.match(r'[0-9a-f]{16} r', line):
                self.rows.append((int(words[0], 16), words[1], dict(zip(columns, words[2:]))))
        self.rows.sort(key=lambda row: row[0])

    def at(self, address):
        row = self.rows[bisect.bisect_right(self.rows, address, key=lambda row: row[0]) - 1]
        said = re.fullmatch(r'(r[bs]p)\+(\d+)', row[1])
        if not said:
            raise LookupError(f'an expression: {row}')  # of a frame that is aligned: readelf does not show it
        return NUMBERS[said[1]], int(said[2]), row[2]


def check_kept(t, frames, hook):
    """Where the unwind table says that a register was saved, the index says the same."""
    try:
        _, _, saved = frames.at(hook.address - 1)
    except LookupError:
        return
    for name, at in zip(KEPT, hook.plan.kept):
        said = re.fullmatch(r'c-(\d+)', saved.get(name, 'u'))
        if at == 'register':
            continue  # it may be both
        if at is not None:
            t.true(said and -int(said[1]) == at, f'{hook.function.name}: {name} at {at}, readelf says {saved}')


def value_of(frames, hook, call, row):
    if row.kind in ('constant', 'address'):  # the program does not move
        return row.number & plan_values.MASK
    if row.kind == 'live':
        return (call.registers[row.reg] + row.number) & plan_values.MASK
    if row.kind in ('stack', 'memory'):
        base, offset, _ = frames.at(hook.address - 1)
        address = (call.registers[base] + offset + row.number) & plan_values.MASK
        return address if row.kind == 'stack' else int.from_bytes(call.memory(address, 8), 'little')
    kept = hook.plan.kept[KEPT.index(row.reg)]
    assert kept is not None, 'a register that is nowhere'
    if kept == 'register':
        return (call.registers[NUMBERS[row.reg]] + row.number) & plan_values.MASK
    base, offset, _ = frames.at(hook.address - 1)
    data = call.memory((call.registers[base] + offset + kept) & plan_values.MASK, 8)
    return (int.from_bytes(data, 'little') + row.number) & plan_values.MASK


def check(t, program, log):
    t.run([t.calltrace, 'index', '-o', 'callers.ctidx', program], check=True)
    index, frames = Index(t.path('callers.ctidx')), Frames(t, program)
    hooks = {h.address: h for h in index.hooks if not h.exit and h.plan and h.depth == 0}
    values = {(v.site, id(v.plan), v.argument): v for v in index.site_values}
    counts, wrong = collections.Counter(), []
    for hook in hooks.values():
        check_kept(t, frames, hook)
    for call in calls_of(log):
        hook = hooks.get(call.address)
        if not hook or not call.told:
            continue
        for number, arg in enumerate(hook.plan.args):
            if arg.how != 'caller':
                counts[arg.how] += 1
                continue
            row, said = values.get((call.site, id(hook.plan), number)), call.told[number]
            counts[f'caller, {row.kind if row else "unknown"}'] += 1
            if row:
                try:
                    found = value_of(frames, hook, call, row).to_bytes(8, 'little')[:arg.size]
                except LookupError:
                    counts['elsewhere'] += 1
                    continue
                if found != said:
                    wrong.append(f'{hook.function.name}, {arg.name}, {row.kind} {row.reg} {row.number} at {row.site:#x}: {found.hex()}, the caller says {said.hex()}')
    t.equal(wrong, [], f'wrong values, {counts}')
    return counts


def trial(t, seed, compiler, level, flags=()):
    program = Program(seed)
    sources = [t.write(f'callers{seed}{file}.c', program.text(file)) for file in (0, 1)]
    binary = t.compile([*sources, 'truth.c'], f'callers{seed}', compiler, level, ['-w', '-no-pie', '-I' + t.dir, *flags])
    t.run([binary, 'log'])
    return check(t, binary, t.path('log'))


@cases(compiler=['gcc', 'clang'], level=['-O1', '-O2', '-O3'])
def test_random_programs(t, compiler, level):
    counts = collections.Counter()
    for seed in range(t.times(2)):
        counts += trial(t, seed, compiler, level)
    for kind in ('register', 'constant', 'stack', 'live'):
        t.true(counts[f'caller, {kind}'] > (5 if compiler == 'gcc' else 0), f'too few are known: {counts}')


def passed(path):
    """[(function, {number of the argument: bytes})], as they were entered."""
    with open(path, 'rb') as file:
        data = file.read()
    found, told = [], {}
    for at in range(0, len(data), 40):
        _, which, low, high, _ = struct.unpack_from('<5Q', data, at)
        which, size = which & 0xffffffff, which >> 32
        if which >= 5000:
            told[which - 5000] = (low | high << 64).to_bytes(16, 'little')[:size]
        elif which >= 2000:
            found.append((f'f{which - 2000}', told))
            told = {}
    return found


def recorded_trial(t, seed, compiler, level, flags=()):
    program = Program(seed)
    sources = [t.write(f'callers{seed}{file}.c', program.text(file)) for file in (0, 1)]
    name = f'callers{seed}'
    binary = t.compile([*sources, 'truth.c'], name, compiler, level, ['-w', '-I' + t.dir, '-DTRUTH_RECORDED', *flags])
    calls, _ = record(t, [binary], name)
    calls, said = [call for call in calls if call.function[0] == 'f'], passed('told')
    t.equal([call.function for call in calls], [name for name, _ in said], 'calls')
    counts, wrong = collections.Counter(), []
    for call, (name, told) in zip(calls, said):
        for number, (parameter, _, how, data, _) in enumerate(call.arguments or []):
            counts[how if not call.hook.depth else 'inlined'] += 1
            if number in told and how in recorded.AVAILABLE and data[:len(told[number])] != told[number][:len(data)]:
                wrong.append(f'{name}, {parameter}, {how}: {data.hex()}, the caller says {told[number].hex()}')
    t.equal(wrong[:10], [], f'{name}: {len(wrong)} wrong of {counts}')
    return counts


@pitfall(39)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_recorded(t, compiler, level):
    """The recorder's part, done by the recorder; and parameters that nobody uses, however they are known."""
    counts = collections.Counter()
    for seed in range(20, 20 + t.times(2)):
        counts += recorded_trial(t, seed, compiler, level)
    t.true(level == '-O0' or counts['caller'] > 10, f'too few: {counts}')


@cases(case=['gcc -O2 -fno-asynchronous-unwind-tables', 'clang -O2 -fno-asynchronous-unwind-tables', 'gcc -O1 -fno-omit-frame-pointer'])
def test_recorded_otherwise(t, case):
    """Without an unwind table the recorder guesses where frames are: no value may come from that."""
    compiler, level, *flags = case.split()
    counts = recorded_trial(t, 24, compiler, level, flags)
    t.true(counts['caller'] > 5, f'too few: {counts}')


@slow
@cases(compiler=['gcc', 'clang'], flags=['-fno-omit-frame-pointer', '-fcf-protection', '-fstack-protector-all', '-gdwarf-4', '-flto',
                                        '-Os', '-fno-plt', '-fno-asynchronous-unwind-tables', '-mno-red-zone -fno-jump-tables',
                                        '-maccumulate-outgoing-args', '-mstackrealign -fno-ipa-sra'])
def test_flags(t, compiler, flags):
    if compiler == 'clang' and flags in ('-flto', '-maccumulate-outgoing-args', '-mstackrealign -fno-ipa-sra') or flags.startswith('-fno-async'):
        return  # needs another linker; are gcc's; no table to compare with
    for seed in (11, 12):
        trial(t, seed, compiler, '-O2', flags.split())


def hows(t, source, compiler, level='-O2'):
    program = t.compile([t.write('one.c', source)], 'one', compiler, level, ['-w'])
    t.run([t.calltrace, 'index', '-o', 'one.ctidx', program], check=True)
    index = Index(t.path('one.ctidx'))
    return {h.function.name: [a.how for a in h.plan.args] for h in index.hooks if not h.exit and h.depth == 0}


def test_a_function_that_is_left_by_a_jump(t):
    """It could be come back to by another jump, with the same return address."""
    source = ('__attribute__((noinline)) long other(long unused, long n);\n'
              '__attribute__((noinline)) long left(long unused, long n) { if (n > 3) __attribute__((musttail)) return other(n, n - 1); return n; }\n'
              '__attribute__((noinline)) long other(long unused, long n) { return n + unused; }\n'
              'long (*volatile p)(long, long) = left;\n'
              'int main(int argc, char **argv) { return (int) left(7, argc); }\n')
    t.true('caller' not in hows(t, source, 'clang')['left'], 'clang, musttail')
    jump = source.replace('if (n > 3) __attribute__((musttail)) return other(n, n - 1);',
                          '__asm__ goto ("test %%rax, %%rax; je other" : : : : out); out:;')
    t.true('caller' not in hows(t, jump, 'gcc')['left'], 'gcc, a conditional jump')
    whole = jump.replace('je other', 'je 1f; 1:')
    t.equal(hows(t, whole, 'gcc')['left'], ['caller', 'plain'], 'without it')


@cases(compiler=['gcc', 'clang'], level=['-O1', '-O2', '-O3'])
def test_memory_that_others_may_change(t, compiler, level):
    """Another thread or a signal handler could do so between the call and the hook: it is not read again there."""
    source = ('void use(const volatile void *);\nlong f(long unused, long n);\n'
              'int main(int argc, char **argv) {\n\tvolatile long changed = argc; _Atomic long shared = argc; long relaxed = argc, known = argc;\n'
              '\tuse(&changed); use((const volatile void *) &shared); use(&relaxed); use(&known);\n'
              '\treturn (int) (f(changed, 1) + f(__atomic_load_n(&relaxed, __ATOMIC_RELAXED), 2) + f(shared, 3) + f(known, 4));\n}\n')
    other = '__attribute__((no_instrument_function)) void use(const volatile void *p) { }\nlong f(long unused, long n) { return n; }\n'
    program = t.compile([t.write('changes.c', source), t.write('use.c', other)], 'changes', compiler, level, ['-w'])
    t.run([t.calltrace, 'index', '-o', 'changes.ctidx', program], check=True)
    index = Index(t.path('changes.ctidx'))
    t.equal([v.kind for v in index.site_values if v.kind == 'memory'], [], 'read at the hook')
    t.equal(len([s for s in index.sites if s.callee and s.callee.name == 'f' and s.kind == 'direct']), 4, 'calls')
