"""
A signal at every instruction of the recorder, by single steps: the handler calls instrumented functions, fills the
chunks that the interrupted hook is about to write to, or never returns. See step.c and stepped.c.
"""
import glob
import os
import sys

from harness import cases, pitfall, timeout

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import raw  # noqa: E402
from programs import counts, only  # noqa: E402

HOOKS = ['__cyg_profile_func_enter', '__cyg_profile_func_exit', 'ct_enter', 'ct_exit', 'exit_any']
VALUES = ['__cyg_profile_func_enter', '__cyg_profile_func_exit', 'ct_enter_stub_values', 'ct_exit_stub_values',
          'ct_enter_values', 'ct_exit_values', 'ct_values_enter', 'ct_values_exit', 'ct_values_keep', 'ct_values_await',
          'ct_values_awaited', 'ct_return_stub_begin', 'ct_return']
FORKS = ['ct_enter', 'ct_exit', 'exit_any', 'settle_exit', 'ct_enter_values', 'ct_exit_values', 'exit_values_any', 'ct_return']
FAR = ['enter_any', 'find_slow', 'settle_body', 'caller_by_site', 'unwind_to', 'ct_parked_add', 'find_frame', 'exit_any']


def step(t, ranges, library, compiler, level, *arguments, values=False, least=100):
    """Runs stepped.c. Returns name -> (entered, left), printed and in its trace, and (caller, callee) -> calls."""
    driver = t.compile('step.c', 'step', level='-O1', instrument=False)
    binary = t.compile('stepped.c', 'stepped', compiler, level)
    result, trace = raw.record(t, [driver, ranges, library, binary, *arguments], preload=False,
                               values=binary if values else None)
    first, *lines = map(str.split, result.out.splitlines())
    t.true(int(first[0]) >= least, f'only {first[0]} signals were sent')
    t.equal({thread.open for thread in trace.threads.values()}, {0}, 'calls still open')
    t.equal(trace.lost, {}, 'lost')
    names = raw.names_of(t, binary, trace)
    entered, left, pairs, tabled = trace.totals()
    found = {names[callee]: (entered[callee], left[callee]) for callee in entered}
    pairs = {(names[caller], names[callee]): count for (caller, callee), count in pairs.items()}
    return {name: (int(a), int(b)) for name, a, b in lines}, found, pairs


def ranges_of(t, library, names):
    """Where functions are, with the parts that a compiler moved elsewhere, as step.c wants it."""
    ranges = []
    for line in t.run(['nm', '-S', library], check=True).out.splitlines():
        words = line.split()
        if len(words) == 4 and words[3].split('.')[0] in names:
            ranges.append(f'{int(words[0], 16):x}-{int(words[0], 16) + int(words[1], 16):x}')
    return ','.join(ranges)


def library_with(t, define):
    """A recorder with something about it smaller, so that what is rare is not."""
    library = t.path('small.so')
    sources = glob.glob(t.root + '/src/runtime/*.c') + glob.glob(t.root + '/src/arch/x86_64/*.S')
    sources += [t.root + '/src/' + name for name in ('format/index.c', 'format/plan.c', 'format/choice.c', 'base/error.c',
                                                 'base/setting.c')]
    flags = t.pkg_config('--cflags', 'criterion') + ['-I' + t.root + '/criterion-ext/include']
    flags += ['-I' + t.root + '/include', '-I' + t.root + '/src', '-D_GNU_SOURCE=', define]
    t.run(['gcc', '-shared', '-O2', '-g', '-fPIC', '-fvisibility=hidden', '-ftls-model=initial-exec',
           '-mgeneral-regs-only', '-fno-stack-protector', *flags, '-Wl,-z,now', '-o', library, *sources], check=True)
    return library


@pitfall(15)
@timeout(300)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], values=[False, True])
def test_handler_that_calls(t, compiler, level, values):
    ranges = ranges_of(t, t.lib, VALUES) if values else 'all'
    counted, found, _ = step(t, ranges, t.lib, compiler, level, '3', values=values)
    t.equal(found, counted, 'entered and left')


@pitfall(2, 15)
@timeout(300)
@cases(compiler=['gcc', 'clang'], values=[False, True])
def test_handler_on_a_higher_stack(t, compiler, values):
    """An alternate one. What it interrupted lies lower, and is not gone."""
    ranges = ranges_of(t, t.lib, VALUES if values else HOOKS)
    counted, found, pairs = step(t, ranges, t.lib, compiler, '-O2', '3', 'high', values=values)
    t.equal(found, counted, 'entered and left')
    t.true(pairs['leaf', 'handle'] > 0, 'calls of handle() by leaf()')
    t.equal(pairs['-', 'after'], 1, 'calls of after() by nobody')


@pitfall(15)
@timeout(300)
@cases(values=[False, True])
def test_handler_that_forks(t, values):
    """And returns in both processes, to the hook: the child's hooks record anew, and the one that was interrupted comes to its end."""
    driver = t.compile('step.c', 'step', level='-O1', instrument=False)
    binary = t.compile('stepped.c', 'stepped', 'gcc', '-O2')
    t.run([t.calltrace, 'index', '-q', binary], check=True)
    env = {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': t.path('traces/'), 'CALLTRACE_CAPTURE_ARGS': str(values).lower()}
    result = t.run([driver, ranges_of(t, t.lib, FORKS), t.lib, binary, '0', 'fork'], env, timeout=240)
    t.equal(result.status, 0, f'the parent, and its children: {result.err}')
    t.true(len(glob.glob(t.path('traces/*.ct'))) > 100, result.out)


@pitfall(15)
@timeout(300)
def test_handler_that_fills_all_chunks(t):
    """With a recorder whose chunks are small, so that a handler gets around them all each time."""
    library = library_with(t, '-DCT_CHUNK_SIZE=4096u')
    counted, found, _ = step(t, ranges_of(t, library, HOOKS), library, 'gcc', '-O2', '2200')
    t.equal(found, counted, 'entered and left')


@pitfall(2, 15)
@timeout(300)
@cases(compiler=['gcc', 'clang'], values=[False, True])
def test_handler_that_jumps(t, compiler, values):
    """What was interrupted may or may not be in the trace; what comes later must be in it as if nothing had been."""
    counted, found, pairs = step(t, ranges_of(t, t.lib, VALUES if values else HOOKS), t.lib, compiler, '-O2', '3', 'jump',
                                 values=values)
    for name in ('handle', 'pair', 'work', 'after'):
        t.equal(found[name], counted[name], name)
    t.equal(pairs['after', 'pair'], 100, 'calls of pair() by after()')
    t.equal(pairs['-', 'after'], 1, 'calls of after() by nobody')


@pitfall(2, 15)
@timeout(300)
@cases(compiler=['gcc', 'clang'], values=[False, True])
def test_handler_that_jumps_within_itself(t, compiler, values):
    """The call whose hook it interrupted may or may not have its record yet: what the jump leaves is said without it."""
    counted, found, pairs = step(t, ranges_of(t, t.lib, VALUES if values else HOOKS), t.lib, compiler, '-O2', '1', 'hop',
                                 values=values)
    t.equal(found, counted, 'entered and left')
    t.equal(pairs['hop', 'leaf'], counted['hop'][0], 'calls of leaf() by hop()')
    t.equal(pairs['plunge', 'plunge'], 2 * counted['hop'][0], 'calls of plunge() by itself')


@pitfall(2, 15)
@timeout(300)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], where=['first', 'everywhere'])
def test_handler_behind_a_far_jump(t, compiler, level, where):
    """Calls that a jump has left are dropped, and the first time memory is made for it: the handler then drops some of them itself."""
    names, rounds = (['ct_pages'], 1) if where == 'first' else (FAR, 150)
    counted, found, pairs = step(t, ranges_of(t, t.lib, names), t.lib, compiler, level, '3', 'far', str(rounds),
                                 least=min(rounds, 100))
    t.equal(found, counted, 'entered and left')
    t.equal(pairs['far', 'leaf'], counted['far'][0], 'calls of leaf() by far()')
    t.equal(pairs['-', 'far'], counted['far'][0], 'calls of far() by nobody')


@pitfall(7)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], values=[False, True])
def test_handler_that_switches_stacks(t, compiler, level, values):
    """And comes back to the hook that it interrupted when others have used the same frames. Counts stay right; trees cannot."""
    binary = t.compile('preempt.c', 'preempt', compiler, level)
    for number in range(t.times(3)):
        recording = t.record([binary, '200'], f'traces{number}', options=['-q', '--max-calls', '1000', *(['--args'] if values else [])])
        t.equal(recording.result.status, 0, 'exit status')
        t.equal(counts(only(t, recording))['leaf'], int(recording.result.out), 'calls of leaf()')
