"""Shapes of programs: how they are linked, threads, exceptions, jumps, what the hooks leave alone."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall, slow  # noqa: E402
from programs import MATRIX, counts, linked, only, ours, traced_as_untraced, traces, tree  # noqa: E402

COMPILERS = {'compiler': ['gcc', 'clang'], 'level': ['-O0', '-O2']}


# ---------------------------------------------------------------- linked in all ways


@pitfall(31)
@cases(**MATRIX, how=['-no-pie', '-pie'])
def test_executable(t, compiler, level, way, how):
    pie = ['-fPIE', '-pie'] if how == '-pie' else ['-fno-pie', '-no-pie']
    program = t.compile(['plain.c'], 'plain', compiler, level, [*pie, *linked(t, way)])
    trace = only(t, traced_as_untraced(t, [program, '3'], way=way))
    t.equal(counts(trace), {'main': 1, 'five': 5, 'nest': 7}, 'calls')
    rows = {row['function']: row for row in trace['summary']['functions']}
    t.equal((os.path.basename(rows['five']['file']), rows['five']['line']), ('plain.c', 5), 'place')
    t.equal(sum(site['calls'] for site in trace['summary']['call_sites'] if site['callee'] == 'five'), 5, 'sites')


@pitfall(33)
@cases(how=['symbols', 'nothing', 'no debug information', 'static function names', 'gc-sections', 'lto', 'no build-id'])
def test_stripped(t, how):
    flags = {'gc-sections': ['-ffunction-sections', '-Wl,--gc-sections'], 'lto': ['-flto'],
             'no debug information': ['-g0'],
             'no build-id': ['-Wl,--build-id=none']}.get(how, [])
    program = t.compile(['plain.c'], 'plain', flags=flags)
    if how in ('symbols', 'nothing', 'static function names'):
        t.run(['strip',
               {'symbols': '--strip-debug', 'nothing': '--strip-all', 'static function names': '--discard-all'}[how],
               program],
              check=True)
    recording = traced_as_untraced(t, [program])
    trace = only(t, recording)
    t.equal(trace['metadata']['total_calls'], 13, 'calls')
    if how == 'nothing':
        t.true(all(row['function'].startswith(('plain+0x', '0x')) for row in trace['summary']['functions']),
               'names by address')
    elif how != 'static function names':
        t.equal(counts(trace), {'main': 1, 'five': 5, 'nest': 7}, 'calls')


    lacks = {'nothing': 'plain: is stripped, so ', 'symbols': 'plain: has no debug information, so ',
             'no debug information': 'plain: has no debug information, so ',
             'static function names': 'plain: has no debug information, so '}.get(how)
    said = [line for line in ours(recording.result) if 'warning: ' in line]
    t.equal(len(said), 1 if lacks else 0, f'warnings: {said}')
    t.equal(['index_error' in module for module in trace['metadata']['modules']], [bool(lacks)], 'index_error')
    if lacks:
        t.contains(said[0], lacks)
        t.contains(trace['metadata']['modules'][0]['index_error'], lacks)


@cases(**COMPILERS)
def test_libraries_and_plug_ins(t, compiler, level):
    t.compile(['plugin.c'], 'liblibrary.so', compiler, level, ['-DLIBRARY'], shared=True)
    for name in ('one', 'two'):
        t.compile(['plugin.c'], f'{name}.so', compiler, level, ['-DNAME=' + name], shared=True)
    host = t.compile(['host.c'], 'host', compiler, level, ['-L' + t.tmp, '-Wl,-rpath,' + t.tmp, '-llibrary', '-ldl'])
    trace = only(t, traced_as_untraced(t, [host, './one.so', t.path('two.so'), './one.so']))
    t.equal(counts(trace), {'main': 1, 'library': 3, 'plugin': 3, 'one': 2, 'two': 1}, 'calls')
    t.equal(sorted(module['path'] for module in trace['metadata']['modules']),
            sorted([host, t.path('liblibrary.so'), t.path('one.so'), t.path('two.so')]), 'modules')


@cases(compiler=['gcc', 'clang'])
def test_plug_ins_in_the_same_place(t, compiler):
    """Each is unloaded before the next is loaded, usually to the same address."""
    t.compile(['plugin.c'], 'liblibrary.so', compiler, '-O0', ['-DLIBRARY'], shared=True)
    for name in ('one', 'two'):
        t.compile(['plugin.c'], f'{name}.so', compiler, '-O0', ['-DNAME=' + name], shared=True)
    host = t.compile(['host.c'], 'host', compiler, '-O0', ['-L' + t.tmp, '-Wl,-rpath,' + t.tmp, '-llibrary', '-ldl'])
    found = counts(only(t, traced_as_untraced(t, [host, '-./one.so', '-./two.so', '-./one.so'])))
    t.equal(found, {'main': 1, 'library': 3, 'plugin': 3, 'one': 2, 'two': 1}, 'calls')


@pitfall(32)
@cases(**MATRIX, values=[False, True])
def test_plug_ins_that_come_and_go(t, compiler, level, way, values):
    """Hundreds of times: the right names, who calls whom, and values; and no more rows than there are different calls."""
    rounds, names = 40, ['one', 'two', 'three']
    for number, name in enumerate(names):
        t.compile(['reload.c'], name + '.so', compiler, level, ['-w', '-DNAME=' + name, *([f'-DLONGER={16 * number}'] if number else [])],
                  shared=True)
    host = t.compile(['reload.c'], 'reload', compiler, level, ['-w', '-pthread', '-ldl', *linked(t, way)])
    trace = only(t, traced_as_untraced(t, [host, str(rounds), *(f'./{name}.so' for name in names)], way=way,
                                       env={'CALLTRACE_MAX_DEPTH': '4'}, validate=False, options=['--args'] if values else []))
    found = counts(trace)
    t.equal({name: calls for name, calls in found.items() if name not in ('busy', 'deep', 'load')},
            {'main': 1, 'plugin': 3 * rounds, 'called_back': 3 * rounds, 'two_first': rounds, 'three_first': rounds,
             **{name + '_inner': rounds for name in names}}, 'calls')
    pairs = [(pair['caller'], pair['callee'], pair['calls']) for pair in trace['summary']['call_pairs']]
    for name in names:
        t.true((name + '_inner', 'called_back', rounds) in pairs, f'{name} calls back: {pairs}')
    t.equal((trace['metadata']['lost'], trace['metadata']['complete'], len(trace['metadata']['modules'])), ({}, True, 4),
            'lost')
    if values and level == '-O0':
        given = {}

        def walk(calls):
            for call in calls:
                for argument in call.get('arguments', []):
                    if argument['name'] == 'number' and call['function'].endswith('_inner'):
                        given.setdefault(call['function'], set()).add(argument.get('value'))
                walk(call['children'])
        for thread in trace['call_trees'].values():
            walk(thread['calls'])
        t.equal(given, {'one_inner': {2}, 'two_inner': {3}, 'three_inner': {4}}, 'what they were given')


@pitfall(32)
@cases(**MATRIX)
def test_other_ways_to_load(t, compiler, level, way):
    """
    In a namespace of its own, or with RTLD_DEEPBIND, a library finds libc's empty hooks before ours: its calls are not
    recorded, those that it makes of others are. Behaviour and names are right.
    """
    t.compile(['reload.c'], 'one.so', compiler, level, ['-w', '-DNAME=one'], shared=True)
    t.compile(['reload.c'], 'two.so', compiler, level, ['-w', '-DNAME=two', '-DLONGER=64'], shared=True)
    host = t.compile(['reload.c'], 'reload', compiler, level, ['-w', '-pthread', '-ldl', *linked(t, way)])
    for how, plugin in ('nodelete', {'plugin': 6, 'one_inner': 3, 'two_inner': 3, 'two_first': 3}), ('deepbind', {}), ('namespace', {}):
        trace = only(t, traced_as_untraced(t, [host, '3', './one.so', './two.so'], how, {'HOW': how, 'CALLTRACE_MAX_DEPTH': '3'},
                                           validate=False, way=way))
        found = {name: calls for name, calls in counts(trace).items() if name not in ('busy', 'deep', 'load')}
        t.equal(found, {'main': 1, 'called_back': 6, **plugin}, f'calls, {how}')
        t.equal((trace['metadata']['lost'], trace['metadata']['complete']), ({}, True), f'lost, {how}')


def test_not_instrumented(t):
    program = t.compile(['plain.c'], 'plain', instrument=False)
    recording = traced_as_untraced(t, [program, '5'])
    t.equal((recording.traces, len(ours(recording.result))), ([], 1), 'traces, and lines')
    t.contains(ours(recording.result)[0], f'no call was recorded: {program} was not built with -finstrument-functions')


@pitfall(19)
@cases(**MATRIX, sanitizer=['address,undefined', 'thread'])
def test_sanitised(t, compiler, level, way, sanitizer):
    program = t.compile(['threads.c'], 'threads', compiler, level, ['-pthread', '-fsanitize=' + sanitizer, *linked(t, way)])
    trace = only(t, traced_as_untraced(t, [program, '10'], env={'CALLTRACE_MAX_DEPTH': '1'}, way=way))
    t.equal(counts(trace), {'main': 1, 'run': 10, 'destroy': 10, 'leaf': sum(range(10)) + 10}, 'calls')
    t.equal((trace['metadata']['lost'], trace['metadata']['complete']), ({}, True), 'complete')


@pitfall(47)
@cases(**MATRIX)
def test_with_a_profiler(t, compiler, level, way):
    """-pg: its own hook in every function, a timer's SIGPROF, and a file at the exit."""
    program = t.compile(['plain.c'], 'plain', compiler, level, ['-pg', *linked(t, way)])
    trace = only(t, traced_as_untraced(t, [program, '3'], env={'GMON_OUT_PREFIX': 'profile'}, way=way))
    t.equal(counts(trace), {'main': 1, 'five': 5, 'nest': 7}, 'calls')
    profiles = [name for name in os.listdir('.') if name.startswith('profile.')]
    t.equal(len(profiles), 2, f'profiles of the two runs: {profiles}')


@pitfall(50)
@cases(**MATRIX, how=['3', 'quick'])
def test_with_gcov(t, compiler, level, way, how):
    """What is written at the exit, and what is not at a quick one, is the same byte by byte."""
    program = t.compile(['process.c'], 'process', compiler, level, ['--coverage', '-w', '-pthread', *linked(t, way)])

    def run(argv, env):
        result = t.run(argv, env)
        files = {}
        for name in [name for name in os.listdir('.') if name.endswith('.gcda')]:
            with open(name, 'rb') as file:
                files[name] = file.read()
            os.unlink(name)
        return result.status, result.out, files
    argv = [program, *(['quick', '5'] if how == 'quick' else ['many', how])]
    plain = run(argv, {'CALLTRACE_ENABLED': 'false'})
    traced = run([t.calltrace, 'run', '-q', '-o', 'trace', *(['env', '-u', 'LD_PRELOAD'] if way == 'link' else []), *argv], {})
    t.equal(traced, plain, 'traced and untraced')
    t.equal(len(plain[2]), how != 'quick', 'files of gcov')
    t.true(counts(t.validate('trace/process.json'))['leaf'] in (1, 3), 'calls')


@pitfall(48)
@cases(**MATRIX)
def test_functions_in_headers(t, compiler, level, way):
    """One function in the trace, however many copies there are; each instance of a template is one of its own."""
    t.write('header.h', 'template <typename T> struct box { T value; T twice() { return value + value; } };\n'
                        'static inline int local(int x) { return x + 1; }\ninline int shared(int x) { return x + 2; }\n')
    t.write('one.cc', '#include "header.h"\n'
                      'int one(int x) { return box<int>{x}.twice() + local(x) + shared(x) + (int) box<long>{x}.twice(); }\n')
    t.write('two.cc', '#include "header.h"\nint one(int x);\n'
                      'int main() { return one(0) + box<int>{0}.twice() + local(0) + shared(0) - 6; }\n')
    program = t.compile(['one.cc', 'two.cc'], 'program', compiler, level, linked(t, way))
    trace = only(t, traced_as_untraced(t, [program], way=way))
    found = {row['function']: row['calls'] for row in trace['summary']['functions'] if row['calls']}
    t.equal({name: found.get(name) for name in ('local(int)', 'shared(int)', 'box<int>::twice()', 'box<long>::twice()')},
            {'local(int)': 2, 'shared(int)': 2, 'box<int>::twice()': 2, 'box<long>::twice()': 1}, f'of {found}')


@slow
@pitfall(19, 20, 22)
@cases(way=['preload', 'link'])
def test_families_under_valgrind(t, way):
    """memcheck finds nothing in the recorder, in what is forked, and in what is executed."""
    if t.run(['which', 'valgrind']).status:
        t.skip('there is no valgrind')
    program = t.compile(['process.c'], 'process', flags=['-pthread', '-w', *linked(t, way)])
    for what, traced in ('fork', 2), ('exec', 2):
        argv = ['valgrind', '-q', '--error-exitcode=99', '--trace-children=yes', program, what]
        plain = t.run(argv, {'CALLTRACE_ENABLED': 'false'})
        recording = t.record([*(['env', '-u', 'LD_PRELOAD'] if way == 'link' else []), *argv], what, ['-q'])
        t.equal((recording.result.status, recording.result.out, recording.result.err), (plain.status, plain.out, plain.err), what)
        t.equal(len(recording.traces), traced, 'traces')


def test_run_in_run(t):
    """The inner one has its own traces, the outer one only what the inner one did not trace."""
    program = t.compile(['plain.c'], 'plain')
    recording = t.record([t.calltrace, 'run', '-q', '-o', 'inner', program, '3'], 'outer', ['-q'])
    t.equal((recording.result.status, recording.result.out), (3, 'sum 30, depth 6\n'), 'behaviour')
    t.equal((os.listdir('outer'), [name for name in os.listdir('inner') if name[0] != '.']), ([], ['plain.json']),
            'traces')
    t.equal(counts(t.validate('inner/plain.json')), {'main': 1, 'five': 5, 'nest': 7}, 'calls')


@pitfall(19)
def test_under_other_tools(t):
    """A debugger, a tracer of system calls, a simulator: between us and the program."""
    program = t.compile(['plain.c'], 'plain')
    for number, tool in enumerate((['gdb', '-q', '-batch', '-ex', 'run', '--args'],
                                   ['valgrind', '-q', '--error-exitcode=9'],
                                   ['setarch', '-R'], ['env', 'A=b'], ['timeout', '20'])):
        if t.run(['which', tool[0]]).status:
            continue
        recording = t.record([*tool, program], f'trace{number}', ['-q'])
        t.equal((recording.result.status, 'sum 30, depth 6' in recording.result.out), (0, True), f'{recording.result}')
        t.equal(counts(only(t, recording)), {'main': 1, 'five': 5, 'nest': 7}, f'calls under {tool[0]}')


# ---------------------------------------------------------------- frames left in other ways


@pitfall(3)
@cases(**COMPILERS)
def test_exceptions(t, compiler, level):
    program = t.compile(['exceptions.cc'], 'exceptions', compiler, level, ['-pthread'])
    trace = only(t, traced_as_untraced(t, [program]))
    found = counts(trace)
    # twice three times: four guards each
    t.equal([found.get(name, 0) for name in ('main', 'all', 'rethrower', 'thrower', 'guard::guard', 'guard::~guard')],
            [1, 2, 6, 24, 24, 24], 'calls')
    t.equal(trace['metadata']['lost'], {}, 'losses')
    last = next(calls for calls in tree(trace) if any(call[0] == 'main' for call in calls))
    main = next(call for call in last if call[0] == 'main')
    if (compiler, level) != ('clang', '-O2'):
        # There std::sort() is inlined and has no exit hook while the exception unwinds: leaf(), inlined too, seems in it.
        t.equal((main[1], [call[:2] for call in main[2] if call[0] == 'leaf']), (None, [('leaf', None)]),
                'main(), and leaf() in it')


@pitfall(1)
@cases(**COMPILERS)
def test_jumps(t, compiler, level):
    program = t.compile(['jumps.c'], 'jumps', compiler, level, ['-Wno-return-type'])
    trace = only(t, traced_as_untraced(t, [program, 'jumps']))
    calls = tree(trace)[0]
    t.equal([(name, ended) for name, ended, _ in calls], [('main', None)], 'roots')
    jumps = calls[0][2][0]
    t.equal(jumps[:2], ('jumps', None), 'below main()')
    t.equal([(name, ended) for name, ended, _ in jumps[2]], 3 * [('jump', 'unwound'), ('leaf', None)], 'below jumps()')


@pitfall(2, 27)
@cases(**COMPILERS)
def test_jumps_from_handlers(t, compiler, level):
    program = t.compile(['jumps.c'], 'jumps', compiler, level, ['-Wno-return-type'])
    trace = only(t, traced_as_untraced(t, [program, 'handlers']))
    calls = tree(trace)[0]
    below = calls[0][2][0]
    t.equal([(call[0], call[1]) for call in (calls[0], below)], [('main', None), ('jumps_from_handlers', None)],
            'the outer calls')
    t.equal([(name, ended) for name, ended, _ in below[2]], 3 * [('crash', 'unwound'), ('leaf', None)], 'below them')
    t.equal([counts(trace).get(name) for name in ('crash', 'on_segv', 'leaf')], [15, 3, 6], 'calls')


@pitfall(12)
@cases(**MATRIX)
def test_deep_recursion(t, compiler, level, way):
    program = t.compile(['jumps.c'], 'jumps', compiler, level, ['-Wno-return-type', *linked(t, way)])
    trace = only(t, traced_as_untraced(t, [program, 'deep', '50000'], validate=False, way=way))
    t.equal(counts(trace), {'main': 1, 'deep': 50001}, 'calls')
    t.equal((trace['metadata']['lost'], trace['metadata']['truncated_calls']), ({}, 50002 - 100), 'lost, cut')


@pitfall(12)
def test_deep_recursion_of_100_000(t):
    program = t.compile(['jumps.c'], 'jumps', 'gcc', '-O2', ['-Wno-return-type'])
    plain = t.sh(f'ulimit -s 65536; {program} deep 300000', check=True)
    recording = t.record(['sh', '-c', f'ulimit -s 65536; {program} deep 300000'], options=['-q'])
    t.equal((recording.result.status, recording.result.out), (0, plain.out), 'behaviour')
    trace = only(t, recording)
    # deeper than the shadow stack reaches: counted as lost, and no call is counted twice
    lost = trace['metadata']['lost'].get('depth', 0)
    t.equal(counts(trace)['deep'], 300001, 'calls counted')
    t.true(0 < lost < 60000, f'lost by depth: {lost}')


@pitfall(18, 27)
@cases(**MATRIX)
def test_stack_overflow(t, compiler, level, way):
    program = t.compile(['jumps.c'], 'jumps', compiler, level, ['-Wno-return-type', *linked(t, way)])
    recording = traced_as_untraced(t, [program, 'overflows'], validate=False, way=way)
    t.equal((recording.result.status, recording.result.out), (11, 'overflow\n'), 'the handler ran')
    trace = only(t, recording)
    t.true(counts(trace)['deep'] > 10000 and counts(trace)['on_overflow'] == 1, 'calls')


@pitfall(15, 27)
@cases(**MATRIX)
def test_interrupted(t, compiler, level, way):
    program = t.compile(['jumps.c'], 'jumps', compiler, level, ['-Wno-return-type', *linked(t, way)])
    recording = traced_as_untraced(t, [program, 'interrupted'], validate=False, env={'CALLTRACE_MAX_DEPTH': '1'}, way=way)
    trace = only(t, recording)
    found = counts(trace)
    t.equal((found['leaf'], trace['metadata']['lost']), (300000 + found['on_alarm'], {}), 'calls')
    t.equal((trace['metadata']['complete'], trace['metadata']['damaged']), (True, 0), 'complete')


# ---------------------------------------------------------------- what the hooks leave alone


@cases(level=COMPILERS['level'])
def test_missing_return(t, level):
    """
    With gcc such a function returns what was in rax when its exit hook was called: with libc's hooks as with ours. With
    clang its result is any register, or whatever earlier calls left on the stack.
    """
    program = t.compile(['jumps.c'], 'jumps', 'gcc', level, ['-Wno-return-type', '-fno-pie', '-no-pie'])
    traced_as_untraced(t, [program, 'forgets'])


@pitfall(17)
@cases(**COMPILERS)
def test_errno(t, compiler, level):
    program = t.compile(['jumps.c'], 'jumps', compiler, level, ['-Wno-return-type'])
    recording = traced_as_untraced(t, [program, 'errno'])
    t.equal(recording.result.out, '', 'errno stayed')


# ---------------------------------------------------------------- threads


@pitfall(6)
@cases(**COMPILERS)
def test_threads(t, compiler, level):
    program = t.compile(['threads.c'], 'threads', compiler, level, ['-pthread'])
    trace = only(t, traced_as_untraced(t, [program, '300'], validate=compiler == 'gcc'))
    t.equal(counts(trace), {'main': 1, 'run': 300, 'destroy': 300, 'leaf': sum(range(300)) + 300}, 'calls')
    t.equal((trace['metadata']['threads'], trace['metadata']['lost'], trace['metadata']['complete']), (301, {}, True),
            'threads')
    # Each thread by itself: run(), number times leaf(), destroy().
    found = sorted(sum(call[0] == 'leaf' for call in calls[0][2]) for calls in tree(trace) if calls[0][0] == 'run')
    t.equal(found, list(range(300)), 'calls of each thread')


@slow
def test_thousands_of_threads(t):
    program = t.compile(['threads.c'], 'threads', 'gcc', '-O2', ['-pthread'])
    trace = only(t, traced_as_untraced(t, [program, '3000'], validate=False, env={'CALLTRACE_MAX_DEPTH': '1'}))
    t.equal(counts(trace), {'main': 1, 'run': 3000, 'destroy': 3000, 'leaf': sum(range(3000)) + 3000}, 'calls')
    t.equal((trace['metadata']['threads'], trace['metadata']['lost']), (3001, {}), 'threads')


def test_traces_of_equal_runs_are_equal(t):
    program = t.compile(['exceptions.cc'], 'exceptions', 'gcc', '-O2', ['-pthread'])
    first, second = (only(t, t.record([program], name, ['-q'])) for name in ('first', 'second'))
    t.equal(tree(first), tree(second), 'trees')
    t.equal(first['summary']['functions'], second['summary']['functions'], 'functions')
    t.equal(first['summary']['call_sites'], second['summary']['call_sites'], 'sites')
    t.equal(traces and first['metadata']['build_id'], second['metadata']['build_id'], 'build-id')
