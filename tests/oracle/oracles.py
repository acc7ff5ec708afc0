"""
What others say of a program's calls: gcov, callgrind and objdump; and what we say, in the same words.

A function is named `file:name`: the last part of its source file's path, and its symbol, demangled, so that the several
bodies of a C++ constructor or destructor are one function, as they are in the source.
"""
import collections
import glob
import json
import os
import re
import shutil

from harness import Failure

HOOKS = ('__cyg_profile_func_enter', '__cyg_profile_func_exit')
Counter = collections.Counter


def named(file, symbol):
    return f'{os.path.basename(file)}:{symbol}'


class Symbols:
    """A binary's symbol table: the demangled name of a symbol, and of the function at an address."""

    def __init__(self, t, binary):
        mangled = t.run(['nm', binary], check=True).out.splitlines()
        demangled = t.run(['nm', '-C', binary], check=True).out.splitlines()
        self.at, self.names = {}, {}
        for before, after in zip(mangled, demangled):
            symbol = re.fullmatch(r'([0-9a-f]+) [tTwWiu] (\S+)', before)
            if symbol:
                name = after.split(' ', 2)[2]
                self.at[int(symbol[1], 16)] = self.names[symbol[2]] = name

    def name(self, symbol):
        return self.names.get(symbol, symbol)


# ---------------------------------------------------------------- ours


class Ours:
    """
    Traces of programs and libraries (`binaries`), added up. functions, pairs, callbacks and lines as in Callgrind;
    callbacks without a caller are not known to a trace. names: of every function in `report`, reached or not.
    """

    def __init__(self, t, traces, binaries):
        self.symbols = {os.path.basename(path): Symbols(t, path) for path in binaries}
        self.functions, self.pairs, self.callbacks, self.lines = Counter(), Counter(), Counter(), Counter()
        for trace in traces:
            self.add(trace)

    def add(self, trace):
        summary = trace['summary']
        names = [self.name(trace, function) for function in summary['functions']]
        for function in summary['functions']:
            self.functions[names[function['id']]] += function['calls']
        for pair in summary['call_pairs']:
            table = self.callbacks if 'through' in pair else self.pairs
            table[names[pair['caller_id']], names[pair['callee_id']]] += pair['calls']
        for site in summary['call_sites']:
            self.lines[names[site['caller_id']], site['line'], names[site['callee_id']]] += site['calls']

    def name(self, trace, function):
        module = trace['metadata']['modules'][function['module']]['path']
        symbols = self.symbols[os.path.basename(module)]
        address = int(function['address'], 16)
        if address not in symbols.at:
            raise Failure(f'{module} has no symbol at {address:#x}, the address of {function}')
        return named(function.get('file', '?'), symbols.at[address])


# ---------------------------------------------------------------- gcov


def gcov_counts(t, compiler, sources, flags=(), argv=(), folder='gcov'):
    """Builds the sources once more, for gcov, and runs them. {function: calls}, with those that were never called."""
    folder = t.path(folder)
    os.makedirs(folder)
    binary = build_for_gcov(t, compiler, sources, folder, flags)
    t.run([binary, *argv], check=True)
    data = glob.glob(folder + '/*.gcda')
    return (read_llvm_cov if 'clang' in compiler else read_gcov)(t, data, Symbols(t, binary))


def build_for_gcov(t, compiler, sources, folder, flags=()):
    binary, objects = os.path.join(folder, 'prog'), []
    for number, source in enumerate(sources):
        objects.append(f'{folder}/{number}.o')
        compile_flags = [flag for flag in flags if not flag.startswith('-l')]
        t.run([compiler, '-O0', '-g', '--coverage', *compile_flags, '-c', t.source(source), '-o', objects[-1]], check=True)
    linked = t.run([compiler, '--coverage', *objects, '-o', binary, *flags])
    if linked.status and 'libclang_rt.profile' in linked.err:
        t.skip('clang has no library for --coverage: apt-get install libclang-rt-14-dev')
    t.equal(linked.status, 0, str(linked))
    return binary


def read_gcov(t, data, symbols):
    counts = Counter()
    out = t.run(['gcov', '--json-format', '--stdout', *sorted(data)], check=True).out
    for line in out.splitlines():
        for file in json.loads(line)['files']:
            for function in file['functions']:
                counts[named(file['file'], symbols.name(function['name']))] += function['execution_count']
    return dict(counts)


def data_files(binary):
    """Those of a program that traced.build() made of objects named after it."""
    return glob.glob(glob.escape(binary) + '.*.gcda')


def read_llvm_cov(t, data, symbols):
    """GNU's gcov 12 does not understand what clang 14 writes. This one has no JSON, only annotated sources."""
    tool = next(filter(shutil.which, ('llvm-cov', 'llvm-cov-14')), None)
    if not tool:
        t.skip('what reads coverage by clang is missing: apt-get install llvm')
    counts, file = Counter(), None
    for line in t.run([tool, 'gcov', '--branch-probabilities', '--stdout', *sorted(data)], check=True).out.splitlines():
        source = re.fullmatch(r' *-: *0:Source:(.*)', line)
        function = re.match(r'function (\S+) called (\d+) returned', line)
        if source:
            file = source[1]
        elif function:
            counts[named(file, symbols.name(function[1]))] += int(function[2])
    return dict(counts)


# ---------------------------------------------------------------- callgrind


class Callgrind:
    """
    A program under valgrind. Of the functions named in `ours`:
    functions: how often each was called;
    pairs: {(caller, callee): calls}, both of ours and nothing between them;
    callbacks: {(nearest caller of ours or None, callee): calls}, where something was between them;
    lines: {(caller, line, callee): calls}, of the pairs, but not of the `unplaced` ones, which a stub stood between.
    """

    def __init__(self, t, binary, argv=(), ours=(), context=40, timeout=100):
        out = t.path('callgrind.out')
        self.result = t.run(['valgrind', '--tool=callgrind', '-q', '--callgrind-out-file=' + out, '--dump-line=yes',
                             '--dump-instr=no', '--compress-strings=no', '--compress-pos=no', '--demangle=no',
                             f'--separate-callers={context}', '--separate-recs=1', binary, *argv],
                            {'LD_BIND_NOW': '1'}, timeout)
        self.ours = set(filter(has_place, ours))
        self.by_symbol = {name.split(':', 1)[1]: name for name in self.ours}
        self.functions, self.pairs, self.callbacks, self.lines = Counter(), Counter(), Counter(), Counter()
        self.unplaced = set()
        self.symbols = Symbols(t, binary)
        with open(out, encoding='utf-8', errors='replace') as file:
            self.read(file)

    def read(self, lines):
        file = called_file = caller = callee = None
        calls = 0
        for line in lines:
            key, _, value = line.rstrip('\n').partition('=')
            if key in ('fl', 'fi', 'fe'):
                file = value
            elif key in ('cfi', 'cfl'):
                called_file = value
            elif key == 'fn':
                caller = (file, value)
            elif key == 'cfn':
                callee = (called_file or file, value)
                called_file = None
            elif key == 'calls':
                calls = int(value.split()[0])
            elif calls:
                self.add(caller, callee, calls, int(line.split()[0]))
                calls = 0

    def add(self, caller, callee, calls, line):
        callee = self.name(*callee)
        if callee not in self.ours:
            return
        self.functions[callee] += calls
        chain = caller[1].split("'")
        if self.name(*caller) in self.ours:
            nearest = self.name(*caller)
            self.lines[nearest, line, callee] += calls
        elif chain[0].startswith('0x') and chain[1:] and self.symbols.name(chain[1]) in self.by_symbol:
            nearest = self.by_symbol[self.symbols.name(chain[1])]  # a stub of the linker's, without a symbol
            self.unplaced.add((nearest, callee))
        else:
            names = [self.symbols.name(symbol) for symbol in chain]
            nearest = next((self.by_symbol[name] for name in names if name in self.by_symbol), None)
            self.callbacks[nearest, callee] += calls
            return
        self.pairs[nearest, callee] += calls

    def name(self, file, symbols):
        return named(file, self.symbols.name(symbols.split("'")[0]))


def compare(t, ours, theirs, interrupting=()):
    """
    Ours with callgrind's: functions, pairs, lines, callbacks. Left out is what callgrind cannot tell, whom a signal's handler
    was `interrupting`, and what the compiler made without giving it a place in the source (C++ start-up code).
    """
    def fit(table):
        return {key: calls for key, calls in table.items() if has_place(key) and called(key) not in interrupting}

    t.equal(fit(ours.functions), dict(theirs.functions), 'calls of each function')
    t.equal(fit(ours.pairs), dict(theirs.pairs), 'calls of each pair')
    lines = {line: calls for line, calls in fit(ours.lines).items() if (line[0], line[2]) not in theirs.unplaced}
    t.equal(lines, dict(theirs.lines), 'calls of each pair in each line')
    t.equal(fit(ours.callbacks), {pair: calls for pair, calls in theirs.callbacks.items() if pair[0]}, 'callbacks')


def called(key):
    return key if isinstance(key, str) else key[-1]


def has_place(key):
    return not any(str(name).startswith('?:') for name in (key if isinstance(key, tuple) else [key]))


# ---------------------------------------------------------------- objdump


def objdump_calls(t, binary):
    """{name: number of call instructions}, those of the hooks left out, of the functions that call the enter hook."""
    calls, hooked, symbol = Counter(), set(), None
    for line in t.run(['objdump', '-d', '--no-show-raw-insn', binary], check=True).out.splitlines():
        head = re.match(r'[0-9a-f]+ <(.+)>:$', line)
        if head:
            symbol = head[1]
        elif re.search(r'\t(bnd |notrack )*call', line):
            if HOOKS[0] in line:
                hooked.add(symbol)
            elif HOOKS[1] not in line:
                calls[symbol] += 1
    symbols, sums = Symbols(t, binary), Counter()
    for symbol in hooked:
        sums[symbols.name(symbol)] += calls[symbol]
    return dict(sums)


# ---------------------------------------------------------------- our call sites


def indexed_calls(t, binary):
    """{name: call sites} of the instrumented functions in the index; {(file, line): names} of what is there."""
    symbols, calls, places, symbol = Symbols(t, binary), {}, collections.defaultdict(list), None
    for line in t.run([t.calltrace, 'index', '--print', binary], check=True).out.splitlines():
        head = re.fullmatch(r'    at (.+):(\d+)-\d+ 0x([0-9a-f]+)\+\d+(.*)', line)
        if head:
            symbol = symbols.at[int(head[3], 16)] if ' instrumented' in head[4] else None
            if symbol:
                calls[symbol] = 0
                places[os.path.basename(head[1]), int(head[2])].append(symbol)
        elif line.startswith('    call ') and symbol:
            calls[symbol] += 1
        elif not line:
            symbol = None
    return calls, places


def reported_calls(report):
    """{(file, line of a function): its call sites} in a JSON report, whether they count there or not."""
    calls = Counter()
    for site in report['call_sites']:
        caller = report['functions'][site['caller_row']]
        if site['kind'] != 'observed':
            calls[os.path.basename(caller['file'] or '?'), caller['line']] += 1
    return dict(calls)


# ---------------------------------------------------------------- lcov


def lcov_functions(t, folder, below):
    """{(file, function): calls} of what lcov found in a folder, of the sources `below` another one."""
    t.run(['lcov', '--capture', '--quiet', '--directory', folder, '--output-file', 'lcov.info'], check=True, timeout=300)
    functions, file = Counter(), None  # a header is there once for each unit that includes it
    for line in t.read('lcov.info').splitlines():
        key, _, value = line.partition(':')
        if key == 'SF':
            file = value
        elif key == 'FNDA' and file.startswith(below + '/'):
            calls, name = value.split(',', 1)
            functions[os.path.relpath(file, below), name] += int(calls)
    return dict(functions)


def reported_functions(report, below):
    """The same of a JSON report, of what it counts."""
    return {(os.path.relpath(row['file'], below), row['function']): row['calls'] for row in report['functions']
            if 'left_out' not in row and row['file'] and row['file'].startswith(below + '/')}
