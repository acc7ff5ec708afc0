"""Suites of other shapes, and Criterion's options: a main of one's own, tests in libraries, several suites in a run."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
import suites  # noqa: E402

SEAMS = ['preload', 'linked', 'linked-static']


def tests_of(t, run):
    """{name: (status, how it ended, calls)}, of the tests only."""
    traces = suites.read_traces(t, run.traces)
    return {name: (trace['metadata']['test'].get('status'), trace['metadata']['test'].get('ended'),
                   trace['metadata']['total_calls'])
            for name, trace in traces.items() if trace['metadata'].get('test')}


def build(t, sources, seam='preload', compiler='gcc', level='-O0', flags=(), output='suite'):
    objects = suites.compile_objects(t, sources, compiler, level, flags)
    return suites.link(t, objects, output, compiler, seam)


SMALL = {'small.passes': ('passed', 'returned', 2), 'small.fails': ('failed', 'assertion', 2),
         'other.passes': ('passed', 'returned', 3)}


OPTIONS = ['--verbose', '--ascii --full-stats', '--filter=small/*', '--filter=none/*', '--list', '--help',
           '--always-succeed',
           '--short-filename --quiet', '--fail-fast', '--output=json:-', '--timeout=5', '--unknown']


@cases(seam=SEAMS)
def test_options(t, seam):
    program = build(t, ['small.c'], seam)

    def check(number, words):
        argv = [program, '-j1', *words.split()]
        plain = t.run(argv, {'CALLTRACE_ENABLED': 'false'})
        recording = t.record(argv, f'traces{number}', options=['-q'])
        said = ''.join(line for line in recording.result.err.splitlines(keepends=True)
                       if 'no call was recorded' not in line)
        suites.compare(t,
                       {'status': recording.result.status, 'out': suites.normal(recording.result.out),
                        'err': suites.normal(said)},
                       {'status': plain.status, 'out': suites.normal(plain.out), 'err': suites.normal(plain.err)})
        found = tests_of(t, recording)
        if words == '--fail-fast':  # the order is Criterion's
            t.true(found.items() <= SMALL.items() and 'small.fails' in found, f'traces: {found}')
        elif words in ('--filter=none/*', '--list', '--help', '--unknown'):
            t.equal(found, {}, 'traces')
        else:
            t.equal(found, {name: SMALL[name] for name in SMALL if words != '--filter=small/*' or name[0] == 's'},
                    'traces')

    return suites.several([(f'criterion/options {seam} {words}', lambda n=number, w=words: check(n, w))
                           for number, words in enumerate(OPTIONS)])


@pitfall(5)
@cases(seam=SEAMS)
def test_fail_fast_kills(t, seam):
    program = build(t, ['small.c'], seam, flags=['-DSLOW'])
    plain = t.run([program, '-j4', '--fail-fast'], {'CALLTRACE_ENABLED': 'false'})
    recording = t.record([program, '-j4', '--fail-fast'], options=['-q'])
    t.equal((recording.result.status, suites.normal(recording.result.err)), (plain.status, suites.normal(plain.err)),
            'behaviour')
    found = tests_of(t, recording)
    t.equal(found.get('other.never_ends', (0, 0, 0))[1:], ('killed', 2), f'the test that was killed, of {found}')


@cases(seam=SEAMS, jobs=[1, 4])
def test_main_of_ones_own(t, seam, jobs):
    program = build(t, ['own_main.c'], seam)
    plain = suites.Run(t, [program], 'plain', jobs, env={'CALLTRACE_ENABLED': 'false'})
    run = suites.Run(t, [program], 'traced', jobs, run=True, folder='traces')
    suites.compare(t, run.behaviour(jobs == 1), plain.behaviour(jobs == 1))
    t.equal(tests_of(t, run), {'main.plain': ('passed', 'returned', 8), 'main.parameters.0': ('passed', 'returned', 6),
                               'main.parameters.1': ('passed', 'returned', 6),
                               'main.parameters.2': ('failed', 'assertion', 6)}, 'tests')
    runner = suites.read_traces(t, run.traces)['suite']
    t.equal(runner['metadata']['role'], 'runner', 'role')
    t.equal([suites.calls_of(runner, name) for name in ('main', 'code', 'constructed', 'destructed',
                                                        'main_parameters_param')],
            [1, 9, 1, 1, 1], 'calls in the runner')
    plain_test = suites.read_traces(t, run.traces)['main.plain']
    t.equal(suites.roots(plain_test, ('constructed', 'destructed', 'at_exit', 'main_plain_impl')),
            ['startup constructed', 'body main_plain_impl', 'shutdown at_exit', 'shutdown destructed'], 'phases')


@cases(compiler=['gcc', 'clang'], seam=['preload', 'linked'])
def test_tests_in_a_library(t, compiler, seam):
    code = t.compile(['library.c'], 'libcode.so', compiler, '-O2', ['-DCODE'], shared=True)
    tests = t.compile(['library.c'], 'libtests.so', compiler, '-O0', ['-L' + t.tmp, '-Wl,-rpath,' + t.tmp, '-lcode'],
                      shared=True)
    t.write('empty.c', '')
    objects = suites.compile_objects(t, ['empty.c'], compiler, '-O0')
    rest = ['-L' + t.tmp, '-Wl,-rpath,' + t.tmp, '-Wl,--no-as-needed', '-ltests']
    program = suites.link(t, objects, 'suite', compiler, 'preload', rest)
    # The seam has to be in the module that defines the tests; here that is the library, which --wrap did not see.
    plain = suites.Run(t, [program], 'plain')
    if seam == 'linked':
        program = suites.link(t, objects, 'suite-linked', compiler, seam, rest)
    run = suites.Run(t, [program], 'traced', run=True, folder='traces')
    suites.compare(t, run.behaviour(True), plain.behaviour(True))
    t.equal(tests_of(t, run),
            {'library.passes': ('passed', 'returned', 4), 'library.fails': ('failed', 'assertion', 2)}, 'tests')
    trace = suites.read_traces(t, run.traces)['library.passes']
    t.equal({os.path.basename(module['path']) for module in trace['metadata']['modules']
             if os.path.basename(module['path']) in (os.path.basename(code), os.path.basename(tests))},
            {'libtests.so', 'libcode.so'}, 'modules')
    t.equal(trace['metadata']['test']['file'], t.source('library.c'), 'file')


@pitfall(23, 26, 29)
@cases(seam=SEAMS)
def test_surroundings(t, seam):
    program = build(t, ['surroundings.c'], seam, level='-O2')
    plain = suites.Run(t, [program], 'plain', env={'CALLTRACE_ENABLED': 'false'})
    # Not the 9000 calls of call_often(): validating takes its time.
    run = suites.Run(t, [program], 'traced', run=True, folder='traces', env={'CALLTRACE_MAX_DEPTH': '2'})
    found = run.behaviour(True)
    ours = [line for line in found['stderr'].splitlines(keepends=True) if line.startswith('calltrace:')]
    found['stderr'] = ''.join(line for line in found['stderr'].splitlines(keepends=True) if line not in ours)
    suites.compare(t, found, plain.behaviour(True))
    t.equal(ours,
            [f'calltrace: warning: {t.path("traces")}/surroundings.no_more_descriptors.json: recording ended '
             'before the program did: Too many open files\n'], 'what we say')
    found = tests_of(t, run)
    for name, calls in {'chdir': 18003, 'clearenv': 18003, 'closed_descriptors': 18003, 'ignored_children': 9002,
                        'runs_a_program': 9002, 'handles_sigprof': 9004, 'little_memory': 18003}.items():
        t.equal(found[f'surroundings.{name}'], ('passed', 'returned', calls), name)
    # No descriptor can be had any more: what does not fit the mapped chunk is lost, and counted.
    limited = suites.read_traces(t, run.traces)['surroundings.no_more_descriptors']
    t.equal(limited['metadata']['test']['status'], 'passed', 'status')
    t.true(sum(limited['metadata']['lost'].values()) > 0, f'losses: {limited["metadata"]["lost"]}')
    t.equal(suites.calls_of(limited, 'code'), 18000, 'exact count')


def test_several_suites_in_one_run(t):
    first = build(t, ['small.c'], output='first')
    second = build(t, ['small.c'], output='second')
    plain = t.sh('./first -j1 -q; ./second -j1 -q')
    recording = t.record(['sh', '-c', './first -j1 -q; ./second -j1 -q'], options=['-q'])
    t.equal((recording.result.status, recording.result.out, suites.normal(recording.result.err)),
            (plain.status, plain.out, suites.normal(plain.err)), 'behaviour')
    both = {**SMALL, **{name + '.2': value for name, value in SMALL.items()}}
    t.equal(tests_of(t, recording), both, 'traces')
    executables = {trace['metadata']['executable'] for trace in suites.read_traces(t, recording.traces).values()}
    t.equal(executables, {first, second}, 'executables')


@cases(seam=SEAMS)
def test_without_run_in_the_default_folder(t, seam):
    """Twice: the second run's traces replace the first one's."""
    program = build(t, ['small.c'], seam)
    env = {'LD_PRELOAD': t.lib} if seam == 'preload' else {}
    plain = t.run([program, '-j1'], {'CALLTRACE_ENABLED': 'false'})
    for _ in range(2):
        result = t.run([program, '-j1'], env)
        t.equal((result.status, suites.normal(result.err)), (plain.status, suites.normal(plain.err)), 'behaviour')
        t.equal(sorted(os.listdir('suite.calltrace')), sorted(name + '.json' for name in SMALL), 'the folder')
        for name, (status, ended, calls) in SMALL.items():
            test = t.validate(f'suite.calltrace/{name}.json')['metadata']['test']
            t.equal((test['status'], test['ended']), (status, ended), name)


@cases(seam=['late', 'alone', 'alone-late', 'static'], how=['alone', 'run'])
def test_other_ways_to_link(t, seam, how):
    """Where Criterion's functions cannot be seen, the tests have no names, and that is said."""
    program = build(t, ['small.c'], seam)
    plain = t.run([program, '-j1'], {'CALLTRACE_ENABLED': 'false'})
    if how == 'run':
        run = t.record([program, '-j1'], options=['-q'])
    elif seam == 'static':
        t.skip('nothing loads the recorder')
    else:
        run = suites.Run(t, [program], 'traced', folder='traces')
    said = [line for line in run.result.err.splitlines(keepends=True) if line.startswith('calltrace:')]
    t.equal((run.result.status,
             suites.normal(''.join(line for line in run.result.err.splitlines(keepends=True) if line not in said))),
            (plain.status, suites.normal(plain.err)), 'behaviour')
    if seam in ('late', 'alone') or (seam, how) == ('alone-late', 'run'):  # preloaded, it comes first again
        t.equal((tests_of(t, run), said), (SMALL, []), 'tests')
    else:
        t.equal((tests_of(t, run), len(said), len(run.traces)), ({}, 1, 3), f'tests, and {said}')
        t.contains(said[0], 'the tests have no names')


@pitfall(19)
@cases(compiler=['gcc', 'clang'], seam=['preload', 'linked'])
def test_sanitised(t, compiler, seam):
    """A suite that is itself built with ASan and UBSan."""
    flags = ['-fsanitize=address,undefined']
    objects = suites.compile_objects(t, ['small.c'], compiler, '-O1', flags)
    program = suites.link(t, objects, 'suite', compiler, seam, flags)
    plain = suites.Run(t, [program], 'plain', env={'CALLTRACE_ENABLED': 'false'})
    run = suites.Run(t, [program], 'traced', run=True, folder='traces')
    suites.compare(t, run.behaviour(True), plain.behaviour(True))
    t.equal(tests_of(t, run), SMALL, 'tests')


@pitfall(24)
@cases(seam=SEAMS)
def test_two_runners_share_a_folder(t, seam):
    program = build(t, ['small.c'], seam)
    env = {'LD_PRELOAD': t.lib if seam == 'preload' else None, 'CALLTRACE_OUTPUT': t.path('both')}
    plain = t.run([program, '-j1'], {'CALLTRACE_ENABLED': 'false'})
    t.sh(f'{program} -j1 2>err1 & {program} -j1 2>err2; wait', env, check=True)
    for name in ('err1', 'err2'):
        t.equal(suites.normal(t.read(name)), suites.normal(plain.err), name)
    t.equal([name for name in sorted(os.listdir('both')) if not name.endswith('.json')], [], 'nothing is left over')


@cases(seam=SEAMS)
def test_folder_that_cannot_be_written(t, seam):
    program = build(t, ['small.c'], seam)
    t.write('file', 'mine\n')
    plain = t.run([program, '-j1'], {'CALLTRACE_ENABLED': 'false'})
    env = {'LD_PRELOAD': t.lib if seam == 'preload' else None, 'CALLTRACE_OUTPUT': t.path('file')}
    result = t.run([program, '-j1'], env)
    lines = result.err.splitlines(keepends=True)
    ours = [line for line in lines if line.startswith('calltrace:')]
    t.equal(suites.normal(''.join(line for line in lines if line not in ours)), suites.normal(plain.err),
            'what Criterion says')
    t.equal((result.status, result.out), (plain.status, plain.out), 'behaviour')
    t.equal(len(ours), 1, f'lines of ours: {ours}')
    t.contains(ours[0], t.path('file'))
    t.contains(ours[0], 'Not a directory')
    t.equal(t.read('file'), 'mine\n', 'the file')
