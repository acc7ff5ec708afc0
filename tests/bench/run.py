#!/usr/bin/python3
"""
Measures what tracing costs, next to baselines that it builds itself, in one run: ratios, because machines differ and
are never quiet. Says of each target whether it is met, as text; the exit status does not depend on it.
docs/performance.md explains the figures.

    ninja bench                         everything; some minutes
    BENCH=short ninja bench             the same with less of everything; under a minute
    tests/bench/run.py BUILD [--quick] [--only recording,limits,off,process,json,report,index,assertions]
"""
import argparse
import contextlib
import glob
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'tests/real'))
sys.dont_write_bytecode = True

CALLTRACE, UFTRACE = 'calltrace', 'uftrace'


class Missing(Exception):
    """Something cannot be measured here; the text says why."""


# ---------------------------------------------------------------- programs and libraries


class Workload:
    def __init__(self, name, level, sources, n, flags=()):
        self.name, self.level, self.sources, self.n, self.flags = f'{name} {level}', level, sources, n, list(flags)

    def build(self, bench):
        stem = bench.path(self.name.replace(' ', ''))
        words = [*self.flags, self.level, '-g', *self.sources, bench.path('timer.o'), '-pthread']
        bench.compile(words, stem + '.plain')
        bench.compile(['-finstrument-functions', *words], stem)
        self.plain, self.program = stem + '.plain', stem


def workloads(bench):
    """N makes about a million calls."""
    fib, leafy = [os.path.join(HERE, name) for name in ('fib.c', 'leafy.c')]
    yield Workload('leafy', '-O0', [leafy], 125_000)
    yield Workload('leafy', '-O2', [leafy], 125_000)
    yield Workload('leafy, 2 threads', '-O2', [leafy], 125_000, ['-DTHREADS=2'])
    if not bench.quick:
        yield Workload('fib', '-O0', [fib], 45)
    yield Workload('fib', '-O2', [fib], 45)
    try:
        folder = fetch_cjson(bench)
    except Missing as reason:
        bench.say(f'cJSON is not measured: {reason}\n')
        return
    for level in ['-O0', '-O2']:
        yield Workload('cJSON', level, [os.path.join(HERE, 'cjson.c'), folder + '/cJSON.c'], 2000, ['-I' + folder])


def fetch_cjson(bench):
    try:
        from fetch import Fetcher, Unavailable
    except ImportError as error:
        raise Missing(str(error)) from None
    try:
        return Fetcher(bench.build).debian('cjson')
    except Unavailable as error:
        raise Missing(str(error)) from None


class Bench:
    """The folder that everything is in, the programs, and how they are run."""

    def __init__(self, options):
        self.quick = options.quick
        self.build = os.path.abspath(options.build)
        self.folder = tempfile.mkdtemp(prefix='bench-', dir=self.build)
        self.library = os.path.join(self.build, 'libcalltrace.so')
        self.calltrace = os.path.join(self.build, 'calltrace')
        self.met = self.targets = 0
        self.environment = {name: os.environ[name] for name in ('PATH', 'HOME', 'USER') if name in os.environ}
        self.environment.update(LC_ALL='C', CALLTRACE_CACHE=self.path('cache'))

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, words, output):
        subprocess.run(['gcc', '-Wall', *words, '-o', output], check=True)

    def build_baselines(self):
        self.compile(['-O2', '-c', os.path.join(HERE, 'timer.c')], self.path('timer.o'))
        for output, source, flags in (('floor.so', 'floor.c', []), ('floor-write.so', 'floor.c', ['-DWRITE']),
                                      ('count.so', 'count.c', [])):
            self.compile(['-O2', '-fPIC', '-shared', *flags, os.path.join(HERE, source)], self.path(output))
        tiny = os.path.join(HERE, 'tiny.c')
        self.compile(['-O0', '-g', tiny], self.path('tiny.plain'))
        self.compile(['-O0', '-g', '-finstrument-functions', tiny], self.path('tiny'))

    def traced(self, folder, **more):
        """The environment in which `calltrace run` runs a program."""
        return {**self.environment, 'LD_PRELOAD': self.library, 'CALLTRACE_RUN': 'bench',
                'CALLTRACE_OUTPUT': folder + '/', **more}

    @contextlib.contextmanager
    def scratch(self):
        """An empty folder, gone afterwards, and the current one meanwhile."""
        folder = self.path('scratch')
        os.makedirs(folder)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(self.folder)
            shutil.rmtree(folder)

    def run(self, argv, environment=None):
        """Runs a program: (CPU time, elapsed time, peak memory), in s and bytes, of it and what it started."""
        with open(self.path('output'), 'w') as file:
            redirect = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)]
            start = time.perf_counter()
            pid = os.posix_spawn(argv[0], argv, environment or self.environment, file_actions=redirect)
            _, status, usage = os.wait4(pid, 0)
            elapsed = time.perf_counter() - start
        if status != 0:
            with open(self.path('output'), errors='replace') as file:
                lines = file.read().strip().splitlines() or [f'wait status {status}']
            raise Missing(f'{os.path.basename(argv[0])} {" ".join(argv[1:3])}: {lines[0]}')
        return usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss * 1024

    def numbers(self, argv, environment):
        """What timer.c printed."""
        self.run(argv, environment)
        with open(self.path('output')) as file:
            return [int(word) for word in file.read().split()]

    def say(self, text=''):
        print(text, flush=True)

    def target(self, text, value, limit, unit='', at_least=False):
        """One line of verdict."""
        met = value >= limit if at_least else value <= limit
        self.targets += 1
        self.met += met
        relation = 'at least' if at_least else 'at most'
        self.say(f'  {text}: {value:.3g}{unit}; target {relation} {limit:g}{unit}: {"met" if met else "MISSED"}')


def table(bench, head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        bench.say('  ' + '  '.join(cells).rstrip())


# ---------------------------------------------------------------- recording, and hooks that are off


def time_variants(bench, work, variants, rounds):
    """The least CPU time per call of each variant, in ns, and the bytes of trace per call. The variants take turns."""
    counted = bench.numbers([work.program, str(work.n)], {**bench.environment, 'LD_PRELOAD': bench.path('count.so')})
    calls, in_all = counted[1], counted[2]
    best, sizes = {}, {}
    for number in range(rounds):
        for name, argv, environment, every in variants(work):
            if number % every:
                continue
            with bench.scratch() as folder:
                ns = bench.numbers(argv, environment)[0]
                best[name] = min(best.get(name, float('inf')), ns / calls)
                sizes[name] = sum(os.path.getsize(path) for path in glob.glob(folder + '/*.ct')) / in_all
    return best, sizes


def measure_recording(bench, works):
    """CPU time added to each call by what records it with two time stamps."""
    def preload(name):
        return {**bench.environment, 'LD_PRELOAD': bench.path(name)}

    def variants(work):
        n = str(work.n)
        yield 'plain', [work.plain, n], bench.environment, 1
        yield 'libc', [work.program, n], bench.environment, 1
        yield 'floor', [work.program, n], preload('floor.so'), 1
        yield 'floor+write', [work.program, n], preload('floor-write.so'), 1
        yield CALLTRACE, [work.program, n], bench.traced('.'), 1
        if uftrace:
            yield UFTRACE, [uftrace, 'record', '--no-libcall', '-d', 'data', work.program, n], bench.environment, 5

    uftrace = shutil.which('uftrace')
    bench.say('Recording: CPU time added to each call, in ns (and as a multiple of the floor)')
    rows, ratios, most = [], {}, 0
    for work in works:
        best, sizes = time_variants(bench, work, variants, 15 if bench.quick else 60)
        added = {name: ns - best['plain'] for name, ns in best.items()}
        ratio = {name: ns / added['floor'] for name, ns in added.items()}
        cells = [f'{added[name]:.1f} ({ratio[name]:.2f})' if name in added else '-'
                 for name in ('floor+write', CALLTRACE, UFTRACE)]
        rows.append([work.name, f'{best["plain"]:.1f}', f'{added["libc"]:.1f}', f'{added["floor"]:.1f}', *cells,
                     f'{sizes[CALLTRACE]:.1f}'])
        ratios[work.name] = ratio[CALLTRACE]
        most = max(most, sizes[CALLTRACE])
    table(bench, ['', 'untraced', 'libc', 'floor', 'floor+write', CALLTRACE, UFTRACE, 'bytes'], rows)
    if not uftrace:
        bench.say('  uftrace is not installed')
    small = {name: ratio for name, ratio in ratios.items() if not name.startswith('cJSON')}
    bench.target('recording leafy and fib, the worst', max(small.values()), 1.35, ' x the floor')
    if len(small) < len(ratios):
        bench.target('recording cJSON, the worse', max(ratios[name] for name in ratios if name not in small), 1.35,
                     ' x the floor')
    bench.target('bytes a call, the most', most, 32)
    bench.say()


def measure_values(bench):
    """The same with arguments and returned values captured."""
    def variants(work):
        n = str(work.n)
        yield 'plain', [work.plain, n], bench.environment, 1
        yield 'floor', [work.program, n], {**bench.environment, 'LD_PRELOAD': bench.path('floor.so')}, 1
        yield CALLTRACE, [work.program, n], bench.traced('.'), 1
        yield 'values', [work.program, n], bench.traced('.', CALLTRACE_CAPTURE_ARGS='true'), 1

    bench.say('Values: CPU time added to each call, in ns (and as a multiple of the floor)')
    rows, ratios = [], {}
    source = os.path.join(HERE, 'args.c')
    for name, flags in (('four scalars', []), ('and a string', ['-DTEXT'])):
        for level in ('-O0', '-O2'):
            work = Workload(name, level, [source], 1_000_000, flags)
            work.build(bench)
            bench.run([bench.calltrace, 'index', '-q', work.program])
            best, sizes = time_variants(bench, work, variants, 10 if bench.quick else 40)
            added = {variant: ns - best['plain'] for variant, ns in best.items()}
            ratios[name, level] = added['values'] / added['floor']
            cells = [f'{added[variant]:.1f} ({added[variant] / added["floor"]:.2f})' for variant in (CALLTRACE, 'values')]
            rows.append([work.name, f'{best["plain"]:.1f}', f'{added["floor"]:.1f}', *cells, f'{sizes["values"]:.0f}'])
    table(bench, ['', 'untraced', 'floor', 'without', 'with values', 'bytes'], rows)
    levels = ('-O0', '-O2')
    bench.target('four scalars and a returned value, the worse', max(ratios['four scalars', level] for level in levels), 2.5,
                 ' x the floor')
    bench.target('a string of 16 bytes more, the worse',
                 max(ratios['and a string', level] - ratios['four scalars', level] for level in levels), 1.5,
                 ' x the floor')
    bench.say()


def measure_limits(bench):
    """The same where a limit is reached at once, and where all or half of the calls are excluded."""
    choices = [(CALLTRACE, {}), ('newest', {'CALLTRACE_MAX_SIZE': '1M'}),
               ('oldest', {'CALLTRACE_MAX_SIZE': '1M', 'CALLTRACE_KEEP': 'oldest'}),
               ('half excluded', {'CALLTRACE_EXCLUDE': 'add,swap_bits,scale,half'}),
               ('all excluded', {'CALLTRACE_EXCLUDE': '*'})]

    def variants(work):
        n = str(work.n)
        yield 'plain', [work.plain, n], bench.environment, 1
        yield 'floor', [work.program, n], {**bench.environment, 'LD_PRELOAD': bench.path('floor.so')}, 1
        for name, more in choices:
            yield name, [work.program, n], bench.traced('.', **more), 1

    bench.say('Limits: CPU time added to each call, in ns (and as a multiple of the floor)')
    rows, most = [], 0
    for work in (Workload('leafy', level, [os.path.join(HERE, 'leafy.c')], 500_000) for level in ('-O0', '-O2')):
        work.build(bench)
        bench.run([bench.calltrace, 'index', '-q', work.program])
        best, _ = time_variants(bench, work, variants, 10 if bench.quick else 40)
        added = {name: ns - best['plain'] for name, ns in best.items()}
        rows.append([work.name, f'{added["floor"]:.1f}',
                     *(f'{added[name]:.1f} ({added[name] / added["floor"]:.2f})' for name, _ in choices)])
        most = max(most, *(added[name] / added[CALLTRACE] for name, _ in choices))
    table(bench, ['', 'floor', *(name for name, _ in choices)], rows)
    bench.target('limited or excluding, the worst', most, 1.05, ' x recording all')
    bench.say()


def measure_off(bench, works):
    """The same program with hooks that do nothing."""
    def variants(work):
        n = str(work.n)
        yield 'plain', [work.plain, n], bench.environment, 1
        yield 'libc', [work.program, n], bench.environment, 1
        yield CALLTRACE + ' disabled', [work.program, n], bench.traced('.', CALLTRACE_ENABLED='false'), 1
        yield CALLTRACE + ' paused', [work.program, n, 'pause'], bench.traced('.'), 1

    bench.say("Switched off: CPU time added to each call, in ns (and as a multiple of libc's empty hooks)")
    rows, ratios = [], []
    for work in works:
        if 'cJSON' in work.name or 'threads' in work.name:
            continue
        best, _ = time_variants(bench, work, variants, 20 if bench.quick else 60)
        added = {name: ns - best['plain'] for name, ns in best.items()}
        off = [added[f'{CALLTRACE} {how}'] for how in ('disabled', 'paused')]
        ratios += [ns / added['libc'] for ns in off]
        rows.append([work.name, f'{added["libc"]:.2f}', *(f'{ns:.2f} ({ns / added["libc"]:.2f})' for ns in off)])
    table(bench, ['', 'libc', 'CALLTRACE_ENABLED=false', 'calltrace_pause()'], rows)
    bench.target('switched off, the worst', max(ratios), 1.1, " x libc's empty hooks")
    bench.say()


# ---------------------------------------------------------------- a test's process


def measure_process(bench):
    """What a small process pays: start, first calls, end; its trace is there afterwards."""
    variants = [('untraced', 'tiny.plain', None), ('instrumented', 'tiny', None), (CALLTRACE, 'tiny', bench.library)]
    cpu, wall = ({name: [] for name, _, _ in variants} for _ in range(2))
    with bench.scratch() as folder:
        for _ in range(200 if bench.quick else 1000):
            for name, program, library in variants:
                environment = bench.traced(folder) if library else bench.environment
                used, elapsed, _ = bench.run([bench.path(program)], environment)
                cpu[name].append(used * 1000)
                wall[name].append(elapsed * 1000)
        size = statistics.mean(os.path.getsize(path) for path in glob.glob(folder + '/*.ct'))
        traces = len(glob.glob(folder + '/*.ct'))
    bench.say(f'A process that makes 74 calls, all different: time in ms, of {len(cpu["untraced"])} starts each')
    rows = [[name, *(f'{pick(values[name]):.2f}' for values in (cpu, wall) for pick in (min, statistics.median))]
            for name, _, _ in variants]
    table(bench, ['', 'CPU, least', 'CPU, median', 'elapsed, least', 'elapsed, median'], rows)
    bench.say(f'  {traces} traces of {size / 1024:.0f} KiB; 64 of them are room for 8,000 more records')
    added = statistics.median(cpu[CALLTRACE]) - statistics.median(cpu['untraced'])
    bench.target('added CPU time of a process, median', added, 2, ' ms')
    bench.say()


# ---------------------------------------------------------------- afterwards


def measure_json(bench, works):
    """How fast one raw trace becomes JSON."""
    bench.say('Raw trace to JSON: millions of calls per second of CPU time (bytes of JSON a call)')
    rows, least = [], float('inf')
    for work in works:
        if work.level != '-O0' and 'fib' not in work.name:
            continue
        n = str(work.n * (1 if bench.quick else 4))
        calls = bench.numbers([work.program, n], {**bench.environment, 'LD_PRELOAD': bench.path('count.so')})[2]
        with bench.scratch() as folder:
            bench.numbers([work.program, n], bench.traced(folder))
            raw, = glob.glob(folder + '/*.ct')
            cells = []
            for how in ('--compact', '--pretty'):
                argv = [bench.calltrace, 'json', how, '-o', folder + '/out.json', raw]
                bench.run(argv)  # makes the index
                rate = calls / min(bench.run(argv)[0] for _ in range(3 if bench.quick else 10)) / 1e6
                cells.append(f'{rate:.1f} ({os.path.getsize(folder + "/out.json") / calls:.0f})')
                least = min(least, rate)
            rows.append([work.name, *cells, uftrace_dump(bench, work, n, calls)])
    with_values = json_with_values(bench, rows)
    table(bench, ['', 'compact', 'pretty', 'uftrace --chrome'], rows)
    bench.target('JSON without arguments, the slowest', least, 8, ' M calls/s', at_least=True)
    bench.target('JSON with arguments, the slower', with_values, 2, ' M calls/s', at_least=True)
    bench.say()


def json_with_values(bench, rows):
    """Four scalar arguments and a returned value in each call. The lowest rate."""
    calls, cells, least = 1_000_000, [], float('inf')
    work = Workload('with values', '-O0', [os.path.join(HERE, 'args.c')], calls)
    work.build(bench)
    bench.run([bench.calltrace, 'index', '-q', work.program])
    with bench.scratch() as folder:
        bench.numbers([work.program, str(calls)], bench.traced(folder, CALLTRACE_CAPTURE_ARGS='true'))
        raw, = glob.glob(folder + '/*.ct')
        for how in ('--compact', '--pretty'):
            argv = [bench.calltrace, 'json', how, '-o', folder + '/out.json', raw]
            rate = calls / min(bench.run(argv)[0] for _ in range(3 if bench.quick else 10)) / 1e6
            cells.append(f'{rate:.1f} ({os.path.getsize(folder + "/out.json") / calls:.0f})')
            least = min(least, rate)
    rows.append([work.name, *cells, '-'])
    return least


def uftrace_dump(bench, work, n, calls):
    uftrace = shutil.which('uftrace')
    if not uftrace:
        return '-'
    bench.run([uftrace, 'record', '--no-libcall', '-d', 'data', work.program, n])
    used = min(bench.run([uftrace, 'dump', '--chrome', '-d', 'data'])[0] for _ in range(1 if bench.quick else 2))
    return f'{calls / used / 1e6:.1f}'


def measure_report(bench):
    """A report over many traces, of JSON and of raw traces."""
    count = 100 if bench.quick else 1000
    bench.say(f'Report over {count} traces of 10,000 calls')
    rows, most, memory = [], 0, 0
    with bench.scratch() as folder:
        raw, json = folder + '/raw', folder + '/json'
        os.makedirs(raw)
        os.makedirs(json)
        for _ in range(count):
            bench.run([bench.path('tiny'), '137'], bench.traced(raw))
        made = bench.run([bench.calltrace, 'json', '--compact', '-o', json, *sorted(glob.glob(raw + '/*.ct'))])
        rows.append(['json, of all', f'{made[0]:.2f}', f'{made[1]:.2f}', f'{made[2] / 1e6:.0f}'])
        for name, where in (('report, of JSON', json), ('report, of raw traces', raw)):
            results = [bench.run([bench.calltrace, 'report', where]) for _ in range(3)]
            used, elapsed, peak = (min(values) for values in zip(*results))
            rows.append([name, f'{used:.2f}', f'{elapsed:.2f}', f'{peak / 1e6:.0f}'])
            most, memory = max(most, elapsed), max(memory, peak)
    table(bench, ['', 'CPU, s', 'elapsed, s', 'peak MB'], rows)
    scale = 1000 / count
    bench.target('report over 1,000 traces' + (' (from 100, times 10)' if scale > 1 else ''), most * scale, 5, ' s')
    bench.target('its memory', memory / 1e6, 200, ' MB')
    bench.say()


# ---------------------------------------------------------------- the index


def large_source(functions):
    """C that makes much debug information: structures, inlined functions, parameters in registers and lists of locations."""
    text = ['struct node { struct node *next; const char *name; double weights[3][2]; };\nvolatile long sink;\n']
    for i in range(functions):
        text.append(f'struct s{i} {{ int a, b; struct node *n; enum e{i} {{ A{i}, B{i}, C{i} }} e; union {{ long l; void *p; }} u; }};\n'
                    f'static inline long inner{i}(struct s{i} *p, long x) {{ sink += x; return p->a * x + p->u.l; }}\n'
                    f'__attribute__((used, noinline)) static long f{i}(struct s{i} *p, const char *text, long n, double d, enum e{i} e)\n'
                    f'{{\n\tlong sum = (long) d + e;\n\tfor (long i = 0; i < n; i++)\n\t\tsum += inner{i}(p, i) + text[i];\n'
                    f'\tif (sum > 10)\n\t\tsum += inner{i}(p, sum);\n\tsink = sum;\n\treturn sum * n;\n}}\n')
    return ''.join(text)


def debug_bytes(bench, path):
    out = subprocess.run(['readelf', '-SW', path], capture_output=True, text=True, check=True).stdout
    return sum(int(words[words.index('PROGBITS') + 3], 16) for line in out.splitlines() if '.debug_' in line
               for words in [line.split()] if 'PROGBITS' in words)


def measure_index(bench):
    """How fast a binary with 10 MB of debug information is indexed. Copies of one object: compiling as much takes minutes."""
    if not shutil.which('objcopy'):
        raise Missing('objcopy is missing: apt-get install binutils')
    bench.say('Index of a binary: time in s, of the program `calltrace index`')
    with open(bench.path('large.c'), 'w') as file:
        file.write(large_source(400))
    with open(bench.path('main.c'), 'w') as file:
        file.write('int main(void) { return 0; }\n')
    one, objects = bench.path('large.o'), []
    bench.compile(['-O2', '-g', '-finstrument-functions', '-c', bench.path('large.c')], one)
    size = debug_bytes(bench, one)
    for number in range(10_000_000 // size + 1):
        objects.append(bench.path(f'large{number}.o'))
        bench.run([shutil.which('objcopy'), '--redefine-sym', f'sink=sink{number}', one, objects[-1]])
    binary = bench.path('large')
    bench.compile(['-g', bench.path('main.c'), *objects], binary)
    results = [bench.run([bench.calltrace, 'index', '-o', bench.path('large.ctidx'), binary]) for _ in range(3 if bench.quick else 7)]
    used, elapsed, peak = (min(values) for values in zip(*results))
    size = debug_bytes(bench, binary)
    table(bench, ['', 'debug MB', 'index MB', 'CPU, s', 'elapsed, s', 'peak MB'],
          [['gcc -O2', f'{size / 1e6:.1f}', f'{os.path.getsize(bench.path("large.ctidx")) / 1e6:.1f}', f'{used:.2f}',
            f'{elapsed:.2f}', f'{peak / 1e6:.0f}']])
    bench.target('index of 10 MB of debug information', elapsed * 10e6 / size, 1, ' s')
    bench.say()


# ---------------------------------------------------------------- assertions


def measure_assertions(bench):
    """In a Criterion test that made a million calls; the program is linked as users link theirs."""
    build = os.path.dirname(bench.library)
    words = subprocess.run(['pkg-config', '--define-variable=libdir=' + build, '--libs', 'calltrace-criterion'], text=True,
                           env={**os.environ, 'PKG_CONFIG_PATH': build}, capture_output=True, check=True).stdout.split()
    bench.compile(['-O0', '-g', '-finstrument-functions', '-DASSERTIONS', '-I' + ROOT + '/criterion-ext/include',
                   os.path.join(HERE, 'assert.c'), *words, '-Wl,-rpath,' + build], bench.path('assert'))
    best = None
    with bench.scratch() as folder:
        for _ in range(3 if bench.quick else 7):
            environment = {**bench.environment, 'CALLTRACE_RUN': 'bench', 'CALLTRACE_OUTPUT': folder + '/'}
            bench.run([bench.path('assert'), '-j1'], environment)
            with open(bench.path('output')) as file:
                lines = [line.split() for line in file]
            found = next(([int(word) / 1000 for word in line] for line in lines if len(line) == 7 and line[0].isdigit()), None)
            if not found:
                raise Missing('the test printed no times')
            best = found if best is None else [min(pair) for pair in zip(best, found)]
    bench.say('An assertion in a test that made a million calls, ms of CPU time')
    table(bench, ['', 'the first', 'the next', 'by caller', 'again', 'in order', 'again', '100 calls later'],
          [[CALLTRACE, *(f'{ms:.2f}' for ms in best)]])
    bench.target('the first assertion', best[0], 30, ' ms')
    bench.target('nothing new', max(best[1], best[3], best[5]), 1, ' ms')
    bench.say()


# ---------------------------------------------------------------- the whole


def describe(bench, cpu):
    def first(path, key):
        with contextlib.suppress(OSError), open(path) as file:
            return next((line.split(':')[1].strip() for line in file if line.startswith(key)), '?')
        return '?'
    gcc = subprocess.run(['gcc', '-dumpfullversion'], capture_output=True, text=True).stdout.strip()
    load = ', '.join(f'{value:.1f}' for value in os.getloadavg())
    bench.say(f'{first("/proc/cpuinfo", "model name")}, {os.cpu_count()} CPUs, Linux {platform.release()}, gcc {gcc}; '
              f'load {load}; on CPU {cpu}{"; short" if bench.quick else ""}\n')


def main():
    parts = ['recording', 'values', 'limits', 'off', 'process', 'json', 'report', 'index', 'assertions']
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', help='the build folder')
    parser.add_argument('--quick', action='store_true', default=os.environ.get('BENCH') == 'short',
                        help='less of everything: under a minute')
    parser.add_argument('--only', default=','.join(parts), metavar='PARTS', help='of: ' + ','.join(parts))
    options = parser.parse_args()
    chosen = options.only.split(',')
    if set(chosen) - set(parts):
        parser.error(f'--only {options.only}: not a list of {", ".join(parts)}')
    cpu = max(os.sched_getaffinity(0))
    bench = Bench(options)
    try:
        run(bench, chosen, cpu)
    finally:
        os.chdir(ROOT)
        shutil.rmtree(bench.folder)


def run(bench, chosen, cpu):
    describe(bench, cpu)
    bench.build_baselines()
    works = list(workloads(bench))
    for work in works:
        work.build(bench)
    os.sched_setaffinity(0, {cpu})
    measures = {'recording': lambda: measure_recording(bench, works), 'values': lambda: measure_values(bench),
                'limits': lambda: measure_limits(bench), 'off': lambda: measure_off(bench, works),
                'process': lambda: measure_process(bench), 'json': lambda: measure_json(bench, works),
                'report': lambda: measure_report(bench), 'index': lambda: measure_index(bench),
                'assertions': lambda: measure_assertions(bench)}
    for name in chosen:
        try:
            measures[name]()
        except Missing as reason:
            bench.say(f'  not measured: {reason}\n')
    bench.say(f'{bench.met} of {bench.targets} targets met')


if __name__ == '__main__':
    main()
