"""
Arguments are what callers say they passed, or unavailable: random programs of all kinds of types and functions, in C and C++
(generate_passed.py), through the recorder.
"""
import collections
import itertools
import re
import struct

from generate_passed import Program
from harness import cases, slow
import recorded
from test_capture import record


def passed(path):
    """[(number of the function, {number of the argument: bytes})], as they were entered."""
    with open(path, 'rb') as file:
        data = file.read()
    found, told = [], {}
    for at in range(0, len(data), 40):
        _, which, low, high, _ = struct.unpack_from('<5Q', data, at)
        which, size = which & 0xffffffff, which >> 32
        if which >= 5000:
            told[which - 5000] = (low | high << 64).to_bytes(16, 'little')[:size]
        elif which >= 2000:
            found.append((which - 2000, told))
            told = {}
    return found


def number_of(function):
    match = re.search(r'\bf(\d+)(?:<\w+>)?(?:::operator\(\)|::f\1)?\(', function + '(')
    return int(match[1]) if match else None


def with_both(calls, said):
    """gcc -Os calls the one body of a class's constructors from those: two calls, and one of them says so."""
    found, at = [], 0
    for number, group in itertools.groupby(said, lambda one: one[0]):
        group, length = list(group), 0
        while at + length < len(calls) and number_of(calls[at + length].function) == number:
            length += 1
        both = length == 2 * len(group) and any('C4E' in call.hook.function.linkage for call in calls[at:at + length])
        found += [one for one in group for _ in range(1 + both)]
        at += length
    return found


def compare(calls, said):
    calls = [call for call in calls if number_of(call.function) is not None]
    said = with_both(calls, said)
    names = [number_of(call.function) for call in calls]
    if names != [number for number, _ in said]:
        at = next((i for i, (x, (y, _)) in enumerate(zip(names, said)) if x != y), min(len(names), len(said)))
        return [f'call {at} of {len(said)} is not the one that was made: {names[at - 2:at + 3]}, {[n for n, _ in said[at - 2:at + 3]]}'], {}
    counts, wrong = collections.Counter(), []
    for call, (number, told) in zip(calls, said):
        for name, kind, how, data, _ in call.arguments or []:
            counts[how if not call.hook.depth else 'inlined'] += 1
            which = 999 if name == 'this' else int(name[1:]) if name[:1] == 'p' and name[1:].isdigit() else None
            if which in told and how in recorded.AVAILABLE and data[:len(told[which])] != told[which][:len(data)]:
                wrong.append(f'f{number}, {kind.name} {name}, {how}, depth {call.hook.depth}: {data.hex()}, the caller says {told[which].hex()}')
    return wrong, counts


def trial(t, seed, compiler, level, cxx, flags=(), shared=False):
    program, end = Program(seed, cxx), 'cc' if cxx else 'c'
    sources = [t.write(f'passed{seed}{file}.{end}', program.text(file)) for file in (0, 1)]
    flags, sources, library = ['-w', '-I' + t.dir, '-DTRUTH_RECORDED', *flags], [*sources, 'truth.c'], None
    if shared:
        library = t.compile(sources, f'libpassed{seed}.so', compiler, level, [*flags, '-Dmain=library_main'], shared=True)
        sources = [t.write(f'main{seed}.{end}', 'int library_main(int, char **);\nint main(int argc, char **argv) { return library_main(argc, argv); }\n')]
        flags += [library, '-Wl,-rpath,' + t.tmp]
    binary = t.compile(sources, f'passed{seed}', compiler, level, flags, instrument=not shared)
    calls, _ = record(t, [binary], f'passed{seed}', {'ASAN_OPTIONS': 'verify_asan_link_order=0:detect_leaks=0'}, module=library)
    wrong, counts = compare(calls, passed('told'))
    t.equal(wrong[:10], [], f'seed {seed}: {len(wrong)} wrong, {counts}')
    t.true(sum(counts.values()) > 50, f'seed {seed}: {counts}')
    return collections.Counter(counts)


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'], cxx=[False, True])
def test_random_programs(t, compiler, level, cxx):
    for seed in range(1, 1 + t.times(1)):
        trial(t, seed, compiler, level, cxx)


@slow
@cases(case=['gcc -O2 -gdwarf-4', 'gcc -O3 -flto', 'gcc -Os -fPIC', 'gcc -O1 -fsanitize=address', 'clang -O2 -flto -fuse-ld=lld', 'clang -O0 -fsanitize=address',
             'clang -O3 -fomit-frame-pointer', 'clang -O1 -mavx2'], shared=[False, True])
def test_flags(t, case, shared):
    compiler, level, *flags = case.split()
    if shared and '-fsanitize=address' in flags:
        return  # a library is not sanitised on its own
    trial(t, 3077, compiler, level, True, flags, shared)


# --- what was wrong once ---

def show(t, source, compiler, level, flags=()):
    """What `show` says of a small program, which is `program`."""
    program = t.compile(source, 'program', compiler, level, ['-w', *flags])
    t.record([program], options=['-q', '--args'])
    return t.run([t.calltrace, 'show', '--plain', t.path('trace')], check=True).out


def shown(t, source, compiler, level, flags=()):
    """[(function, {argument: what `show` says})] of the calls of a small program."""
    out = show(t, source, compiler, level, flags)
    return [(name, dict(re.findall(r'(\w+)=((?:{[^}]*}|[^,)])+)', given))) for name, given in re.findall(r'(\w+)\((.*)\)(?: ->|$| )', out, re.M)]


def check_shown(t, found, right):
    for name, arguments in found:
        for argument, value in arguments.items():
            expected = right.get((name, argument), ())
            t.true(value == '?' or not expected or value in expected, f'{name}({argument}={value}), expected {expected}')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_frames_that_are_aligned_and_grow(t, compiler, level):
    found = shown(t, 'framed.c', compiler, level)
    check_shown(t, found, {('grows', 'a'): ['1'], ('grows', 'd'): ['1.5'], ('grows', 'flag'): ['true'], ('busy', 'unused'): ['3.5'],
                           ('busy', 'p'): ['NULL'], ('busy', 'flag'): ['true'], ('old', 'f'): ['1.5'], ('old', 'unused'): ['2.5']})
    t.equal([name for name, _ in found], ['main', 'grows', 'busy', 'old'], 'calls')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_objects_that_nobody_filled(t, compiler, level):
    found = shown(t, 'unfilled.cc', compiler, level)
    check_shown(t, found, {('nothing', 'p'): [f'{{a={n}, b={n + 1}}}' for n in (10, 12, 20, 22)],
                           ('half', 'p'): [f'{{a={n}, b={n + 1}}}' for n in (10, 13, 20, 23)]})
    if (compiler, level) == ('gcc', '-O0'):
        t.equal([given['p'] for name, given in found if name == 'half'][0], '{a=10, b=11}', 'half')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_parameters_that_nobody_stored(t, compiler, level):
    found = shown(t, 'unstored.c', compiler, level)
    check_shown(t, found, {('whole', 'b'): ['{a=[100, 2, 3, 104, 105, 6]}'], ('whole', 'n'): ['7'], ('outer', 'x'): ['100'], ('scalar', 'n'): ['100'],
                           ('changed', 'b'): ['{a=[11, 12, 13, 14, 15, 16]}'], ('changed', 'x'): ['2'], ('copies', 'x'): ['1'],
                           ('plain', 'x'): ['1'], ('plain', 'unused'): ['2'], ('plain', 'third'): ['33'],
                           ('aligned', 'n'): ['1'], ('aligned', 'unused'): ['2'], ('aligned', 'third'): ['44']})


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_constructors_with_a_virtual_base(t, compiler, level):
    found = shown(t, 'constructed.cc', compiler, level)
    check_shown(t, found, {('leaf', 'b'): ['{a=[1, 2, 3, 4, 5]}'], ('leaf', 'n'): ['1000'],
                           ('base', 'first'): ['21', '31'], ('base', 'second'): ['2.5', '3.5']})


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_inherited_constructors(t, compiler, level):
    """Their parameters have no names."""
    out = show(t, 'constructed.cc', compiler, level)
    found = re.findall(r'heir(\w*)::base\(this.*?(?:, __vtt_parm=\?)?, ([^,\n]*), ([^,\n]*)\)\n', out)
    t.equal([which for which, *_ in found], ['', '_of_both'], out)
    for right, (_, *values) in zip((['21', '2.5'], ['31', '3.5']), found):
        t.true(values == right or (level != '-O0' and all(v in (r, '?') for v, r in zip(values, right))), f'{values}')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_padding_and_names(t, compiler, level):
    out = show(t, 'padded.cc', compiler, level)
    for name, value in (('of_text', '{p="abc", n=2}'), ('of_measure', "{d=1.5, c='m'}"), ('of_pair', "{a=4, c='p'}"),
                        ('of_shorts', "{a=6, b=7, c='s'}"), ('of_letters', '{a=9, c="abcd"}'), ('of_within', "{i={c='w', n=11}, s=12}")):
        said = re.search(rf'\b{name}\(s=(.*)\) ->', out)[1]
        t.true(said == value or (level != '-O0' and said == '?'), f'{name}: {said}, expected {value}')
    if level == '-O0':
        counts = re.search(r'^parameters out-of-line (.*)', t.run([t.calltrace, 'index', '--print', t.path('program')], check=True).out, re.M)[1]
        t.lacks(counts, 'unavailable')
        for said in ('(which=13, n=14) ->', '(which=16) ->', "(which=17, c='m') ->", "(c='o') ->"):
            t.contains(out, said)


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_a_part_that_was_extended_over_the_whole(t, compiler, level):
    out = show(t, 'extended.cc', compiler, level)
    found = re.findall(r'\b(use\w*)\(t=(.*), a=(.*), u=(.*)\) ->', out)
    t.equal([name for name, *_ in found], ['use', 'use_too'], out)
    for _, *values in found:
        for value, right in zip(values, ('{t=[1, 2, 3]}', '{c="abcd"}', '{n=3}')):
            t.true(value == right or (level != '-O0' and value == '?'), f'{value}, expected {right}')
