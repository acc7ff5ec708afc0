#!/usr/bin/python3
"""
What can go wrong around a recorder that lives in other people's processes, and which tests cover it: makes
docs/pitfalls.md out of the markings in the tests.

    @pitfall(7, 13)          a test in Python, see harness.py
    /* pitfall: 42 */        the test below it, in unit/*.c
    # pitfall: 25            the test that the script is, in cli/*.sh

    tests/pitfalls.py            prints the page
    tests/pitfalls.py --write    writes it; so does `ninja pitfalls`
    tests/pitfalls.py --gaps     prints what no test covers of cases, compilers, levels and ways
"""
import glob
import importlib.util
import os
import re
import sys
import textwrap

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
PAGE = os.path.join(HERE, '../docs/pitfalls.md')

COMPILERS, LEVELS, WAYS = ('gcc', 'clang'), ('-O0', '-O2'), ('preload', 'link')
ALL = {(compiler, level, way) for compiler in COMPILERS for level in LEVELS for way in WAYS}

# Why not everything is multiplied by everything.
READ = 'read from the binary, however its process was traced'
ONE_WAY = 'there is no other way'

# heading: [(number, the case, what happens, why it is not tested in all ways, or '')]
CASES = {
    'Leaving calls without their exit hook': [
        (1, 'A failing assertion, or an iteration of a theory, jumps out of the test',
         'The calls that it left are `unwound`, those behind it belong to the right caller', ''),
        (2, '`longjmp()` out of a signal handler, on the usual stack or on another one',
         'As above; the handler is a call in the one it interrupted', ''),
        (3, 'C++ exceptions, caught anywhere or nowhere; gcc runs exit hooks on their way, clang none',
         'The calls are closed, `unwound` where no hook said so', ''),
        (4, 'An exception or a cancellation unwinds through a call whose return address is exchanged',
         'Cannot happen: it is exchanged only behind the last instruction that can throw', ''),
        (5, '`exit()`, `_exit()`, `quick_exit()`, `abort()`, a fatal signal, SIGKILL, the death of the parent',
         'The trace is whole up to that instant, has its name, and the open calls are marked', ''),
        (6, '`pthread_exit()` and cancellation; thread-data destructors that call instrumented code behind ours',
         'All their calls are there, the open ones marked', ''),
        (7, 'Coroutines: `makecontext()`, `swapcontext()`, C++20',
         'The program is not disturbed, every call is counted once, and shown where it goes on', ''),
        (8, 'Tail calls, and functions without hooks that make them',
         'The callee is a call of the innermost instrumented call that is open', ''),
        (9, '`alloca()` and arrays of variable size move the stack pointer', 'Frames are told by their canonical frame address', ''),
        (10, 'Functions that never return; functions without hooks between two that have them',
         'Callee and caller are joined, with what lies between as `through`', ''),
        (11, 'Recording begins or ends in the middle of calls', 'Exits that nobody entered are counted, and no tree is torn', ''),
        (12, 'Calls nested deeper than any limit', 'Counted, marked as cut, and the tree recovers', ''),
    ],
    'Being called at a bad moment': [
        (13, 'Hooks before our constructor (other constructors, ifunc resolvers) and behind our destructor', 'Recorded', ''),
        (14, 'Instrumented code below the recorder: an allocator, a `dlsym()` that allocates', 'Recorded; the recorder allocates nothing', ''),
        (15, 'A signal handler at any instruction of a hook', 'Exact counts, exact trees', ''),
        (16, 'Thread-local storage of a library that is loaded late', '16 bytes, initial-exec: no allocation, no call', ''),
        (17, '`errno`, flags, floating-point and vector registers', 'Are as the hook found them', ''),
        (18, 'The stack is nearly full', 'The program overflows where it would, and its own handler runs', ''),
        (19, 'Sanitisers, which own handlers, stacks and allocators; valgrind, gdb', 'They say what they say without us', ''),
    ],
    'Processes': [
        (20, '`fork()` in a process with threads', 'A trace for each process; no lock that could be held', ''),
        (21, '`vfork()`, `posix_spawn()`, `system()`, raw `clone()`', 'A trace for each process image; a vfork child is its parent\'s thread', ''),
        (22, '`exec()`, once or often', 'A trace for each image, with the same pid', ''),
        (23, 'A program that closes, counts or reuses descriptors', 'None of ours stays open', ''),
        (24, 'Names: parameters, slashes, 4 KB; pids that come again; processes that write at the same time',
         'Each trace has a file of its own, in the folder that was asked for', ''),
        (25, 'Static executables, set-uid programs', '`calltrace doctor` and `run` say that no preloading reaches them', ONE_WAY),
        (26, 'Limits of memory, files, descriptors; a full disk; no permission; `chdir()`, `chroot()`, `setuid()`',
         'The program goes on; what is missing is counted and said once', ''),
    ],
    'Signals and tests': [
        (27, 'A program with signal handlers of its own', 'They run as without us', ''),
        (28, 'A signal that a test expects', 'Passed, with Criterion\'s verdict and exit status', ''),
        (29, 'SIGPROF: Criterion\'s timeout, and a profiler\'s timer', 'Both work; a timed-out test is `timed_out`', ''),
        (30, 'A crash in a crash handler; death in the middle of a record', 'The record is left out, the trace is valid', ''),
    ],
    'Finding names and values': [
        (31, 'Position-independent or not; `main()` patched in memory', 'Right names and lines', ''),
        (32, '`dlclose()`, and another library at the same address',
         'Each call has the name that was there when it was made', ''),
        (33, 'Stripped binaries, debug information elsewhere, another build\'s', 'Names by symbol or address, and a warning that says why', READ),
        (34, 'DWARF 4 and 5, split, compressed, shared by dwz', 'Read', READ),
        (35, 'Link-time optimisation', 'Functions, lines and call sites are those of the source', READ),
        (36, 'Clones (`.constprop`, `.isra`, `.part`, `.cold`); two names for one address', 'One function, by its source', READ),
        (37, 'Inlined instances, of which gcc names the outer caller as call site', 'The call site is the line in the source', ''),
        (38, 'Locations that change within a function', 'The one in force at the hook', ''),
        (39, 'Arguments that only the caller knows', 'From the call site, or unavailable with the reason', ''),
        (40, 'Values in pieces, in vector registers, behind hidden pointers, bit fields, `_Complex`, `__int128` ...', 'Right or unavailable', ''),
        (41, 'Pointers that are invalid, freed, or change under us', 'Asked of the kernel, never loaded', ''),
        (42, '`char *` that is no string; bytes that are no UTF-8', 'Bounded; valid JSON', ''),
        (43, 'Cyclic and deep structures', 'Bounded in depth, width and bytes, and each bound says so', ''),
        (44, 'Returned values, which the exit hook does not see yet; a hardware shadow stack', 'Taken behind it, or unavailable', ''),
        (45, 'Debug information is slow to read, and reading it is not signal-safe', 'Read by another program, once per build; kept by build-id', READ),
    ],
    'Compilers': [
        (46, 'Instrumentation before or after inlining; functions left out by list', 'Coverage counts what has hooks', READ),
        (47, '`-pg` together with `-finstrument-functions`', 'Both work', ''),
        (48, 'Functions in headers, templates', 'One function, however many copies', ''),
        (49, 'Criterion\'s own functions in the test binary are instrumented too', 'Hidden', ''),
        (50, 'gcov data, which is written at the exit', 'As without us: the way a process ends is not touched', ''),
    ],
}


class Test:
    """A marked test: where it is, what it covers, in which combinations of compiler, level and way."""

    def __init__(self, name, numbers, matrix):
        self.name, self.numbers, self.matrix = name, numbers, matrix


def way_of(seam):
    return 'preload' if seam == 'preload' else 'link'


def python_tests():
    for path in sorted(glob.glob(os.path.join(HERE, '*/test_*.py'))):
        where = os.path.relpath(path, HERE)
        sys.path.insert(0, os.path.dirname(path))
        spec = importlib.util.spec_from_file_location('pitfalls_of_' + where[:-3].replace('/', '_'), path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.path.remove(os.path.dirname(path))
        for name, function in vars(module).items():
            numbers = getattr(function, 'pitfalls', ())
            if not numbers or function.__module__ != spec.name:
                continue
            matrix = set()
            for case in getattr(function, 'cases', [{}]):
                way = case.get('way') or case.get('seam')
                for each in [way_of(way)] if way else function.ways:
                    matrix.add((case.get('compiler', 'gcc'), case.get('level', '-O0'), each))
            yield Test(f'{where}: {name}', numbers, matrix)


def marked(pattern, comment, named):
    """Tests that are marked by a comment; those run on what a build of ours wrote, or on no process at all."""
    for path in sorted(glob.glob(os.path.join(HERE, pattern))):
        with open(path, encoding='utf-8', errors='surrogateescape') as file:
            text = file.read()
        for found in re.finditer(comment, text):
            yield Test(f'{os.path.relpath(path, HERE)}{named(found)}', numbers_of(found[1]), set())


def numbers_of(text):
    return tuple(map(int, re.findall(r'[0-9]+', text)))


def all_tests():
    return [*python_tests(),
            *marked('unit/*.c', r'/\* pitfall: ([0-9, ]+) \*/\n(?:Parameterized)?Test\((?:[^\n(]*, )??(\w+), (\w+)',
                    lambda found: f': {found[2]}.{found[3]}'),
            *marked('cli/*.sh', r'# pitfall: ([0-9, ]+)\n', lambda found: '')]


def combinations(matrix):
    """In words: `all`, or what there is."""
    if matrix >= ALL:
        return 'all'
    if not matrix:
        return ''
    parts = [[word for word in words if any(word in combination for combination in matrix)]
             for words in (COMPILERS, ['-O0', '-O1', '-O2', '-O3'], WAYS)]
    return '; '.join(' '.join(words) for words in parts)


def gaps(tests):
    """[(number, what is missing)]"""
    found = []
    for rows in CASES.values():
        for number, _, _, why in rows:
            covering = [test for test in tests if number in test.numbers]
            missing = ALL - set().union(*(test.matrix for test in covering))
            if not covering:
                found.append((number, 'no test'))
            elif missing and not why:
                found.append((number, 'not tested: ' + ', '.join(' '.join(words) for words in sorted(missing))))
    known = {row[0] for rows in CASES.values() for row in rows}
    found += [(number, f'{test.name}: no such case') for test in tests for number in test.numbers if number not in known]
    return found


def page(tests):
    text = textwrap.dedent('''\
        # Pitfalls

        The recorder lives inside other people's tests. What can go wrong there, what happens instead, and the tests that see to
        it. Written by `ninja pitfalls` from the markings in the tests: do not edit. Tests are named as below
        [tests/](../tests/README.md); `tests/run.py --filter NAME` runs one.

        *Tested with*: `all` is gcc and clang, `-O0` and `-O2`, by preloading (`calltrace run`) and by linking.
        ''')
    for heading, rows in CASES.items():
        text += f'\n## {heading}\n\n| | case | what happens | tests | tested with |\n| --- | --- | --- | --- | --- |\n'
        for number, case, happens, why in rows:
            covering = [test for test in tests if number in test.numbers]
            matrix = set().union(*(test.matrix for test in covering))
            names = '<br>'.join(f'`{test.name}`' for test in covering)
            with_what = combinations(matrix) + (f'<br>{why}' if why and not matrix >= ALL else '')
            text += f'| {number} | {case} | {happens} | {names} | {with_what} |\n'
    return text


def main():
    tests = all_tests()
    if '--gaps' in sys.argv[1:]:
        for number, text in gaps(tests):
            print(f'{number}: {text}')
    elif '--write' in sys.argv[1:]:
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(page(tests))
    else:
        sys.stdout.write(page(tests))


if __name__ == '__main__':
    main()
