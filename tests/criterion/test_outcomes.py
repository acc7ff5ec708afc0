"""
Every way in which a Criterion test ends, with every way to be traced, compiled in four ways: the trace says what
happened, and Criterion says and does what it does without us.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall, timeout  # noqa: E402
import suites  # noqa: E402

SOURCES = ['outcomes.c', 'new_asserts.c', 'outcomes.cc']
BODY = ['body *']
FIXTURES = ['setup init', 'body *', 'teardown fini']

# test: (status, how it ended and the signal or exit status if it is not 0, calls of twice(), root calls; * is the body)
EXPECTED = {
    'returning.plain': ('passed', 'returned', 2, BODY),
    'returning.nothing_called': ('passed', 'returned', 0, BODY),
    'returning.fixtures': ('passed', 'returned', 6, FIXTURES),
    'suite_fixtures.inherited': ('passed', 'returned', 6, FIXTURES),
    'suite_fixtures.both': ('passed', 'returned', 10, ['setup init', *FIXTURES, 'teardown fini']),
    'failing.assertion': ('failed', 'assertion', 4, BODY),
    'failing.in_depth': ('failed', 'assertion', 4, BODY),
    'failing.expectation': ('failed', 'returned', 6, BODY),
    'failing.fini_still_runs': ('failed', 'assertion', 4, FIXTURES),
    'failing.in_init': ('crashed', 'signal 6', 2, ['setup asserting']),
    'failing.in_fini': ('passed', 'returned', 6, ['setup init', 'body *', 'teardown asserting']),
    'new_asserts.pass': ('passed', 'returned', 1, BODY),
    'new_asserts.fail': ('failed', 'assertion', 2, BODY),
    'new_asserts.fail_and_go_on': ('failed', 'returned', 3, BODY),
    'new_asserts.fatal': ('failed', 'assertion', 1, BODY),
    'new_asserts.explicit_failure': ('failed', 'returned', 2, BODY),
    'leaving.skip': ('skipped', 'skip', 2, BODY),
    'leaving.skip_in_init': ('skipped', 'skip', 2, ['setup skipping']),
    'leaving.skip_in_fini': ('skipped', 'skip', 6, ['setup init', 'body *', 'teardown skipping']),
    'leaving.exits': ('failed', 'exit 4', 2, BODY),
    'leaving.exits_as_expected': ('passed', 'exit 4', 2, BODY),
    'leaving.exits_otherwise_than_expected': ('failed', 'exit 4', 2, BODY),
    'leaving.returns_instead_of_exiting': ('failed', 'returned', 2, BODY),
    'leaving.quick_exit': ('passed', 'exit', 2, BODY),
    'leaving.quick_exit_as_expected': ('passed', 'exit 4', 2, BODY),
    'leaving.exit_in_init': ('crashed', 'exit 4', 2, ['setup exiting']),
    'leaving.exit_in_fini': ('passed', 'returned 4', 4, ['body *', 'teardown exiting']),
    'signals.aborts': ('crashed', 'signal 6', 2, BODY),
    'signals.segfault': ('crashed', 'signal 11', 4, BODY),
    'signals.segfault_as_expected': ('passed', 'signal 11', 4, BODY),
    'signals.none_though_expected': ('failed', 'returned', 2, BODY),
    'signals.another_than_expected': ('failed', 'signal 10', 2, BODY),
    'signals.in_init': ('crashed', 'signal 11', 2, ['setup crashing']),
    'signals.in_fini': ('passed', 'returned 11', 4, ['body *', 'teardown crashing']),
    'signals.killed': ('crashed', 'killed 9', 2, BODY),
    'signals.timeout': ('timed_out', 'signal 27', 2, BODY),
    'signals.own_handlers': ('passed', 'returned', 8, BODY),
    'several.parameters.0': ('passed', 'returned', 5, BODY),
    'several.parameters.1': ('failed', 'assertion', 7, BODY),
    'several.parameters.2': ('passed', 'returned', 5, BODY),
    'several.parameters.3': ('failed', 'assertion', 7, BODY),
    'several.theory': ('passed', 'returned', 18, 6 * ['body several_theory_theory']),
    'several.failing_theory': ('failed', 'returned', 12, 6 * ['body several_failing_theory_theory']),
    'several.quiet_theory': ('passed', 'returned', 3, 3 * ['body several_quiet_theory_theory']),
    'processes.child_quick_exits': ('passed', 'returned', 2, BODY),
    'processes.child_exits': ('passed', 'returned', 2, BODY),
    'processes.child_quick_exits.child': ('passed', None, 1, ['body twice']),
    'processes.child_exits.child': ('passed', 'exit', 2, ['body four_times']),
    'processes.system': ('passed', 'returned', 2, BODY),
    'processes.threads': ('passed', 'returned', 82, BODY + 8 * ['body expecting']),
    'output.prints': ('passed', 'returned', 8, BODY),
    'output.redirects': ('passed', 'returned', 4, ['setup redirect', 'body *']),
    'output.fails_and_says_why': ('failed', 'returned', 2, BODY),
    'exceptions.leave_the_body': ('failed', 'exception', 6, BODY),
    'exceptions.without_a_message': ('failed', 'exception', 1, BODY),
    'exceptions.are_caught': ('passed', 'returned', 8, BODY),
    'exceptions.are_expected': ('passed', 'returned', 9, BODY),
    'exceptions.fail_to_come': ('failed', 'returned', 2, BODY),
    'exceptions.leave_init': ('failed', 'exception', 4, ['setup throwing']),
    'exceptions.leave_fini': ('failed', 'exception', 6, ['setup init', 'body *', 'teardown throwing']),
    'exceptions.leave_a_thread': ('crashed', 'signal 6', 4, BODY),
    'cxx.passes': ('passed', 'returned', 3, ['setup init', 'body *', 'teardown init']),
    'cxx.fails': ('failed', 'assertion', 1, BODY),
    'cxx.lambda': ('passed', 'returned', 1, BODY),
    'cxx.parameters.0': ('passed', 'returned', 1, BODY),
    'cxx.parameters.1': ('passed', 'returned', 1, BODY),
    'cxx.parameters.2': ('failed', 'assertion', 1, BODY),
}
OURS = ('init', 'fini', 'asserting', 'skipping', 'exiting', 'crashing', 'redirect', 'expecting', 'twice', 'four_times',
        'throwing')


def split_name(name):
    """(suite, test, parameter) of a trace's name."""
    suite, test, *rest = name.split('.')
    return suite, test, int(rest[0]) if rest and rest[0].isdigit() else None


def check_traces(t, run, program):
    traces = suites.read_traces(t, run.traces)
    lines = suites.lines_of_tests(t, SOURCES)
    t.equal(sorted(traces), sorted([*EXPECTED, program]), 'names of the traces')
    found, expected = {}, {}
    for name, (status, ended, calls, root_calls) in EXPECTED.items():
        suite, test, parameter = split_name(name)
        trace, (file, line) = traces[name], lines[f'{suite}.{test}']
        said = trace['metadata']['test']
        number = said.get('signal') or said.get('exit_status')
        impl = f'{suite}_{test}_impl'
        found[name] = [said['suite'], said['name'], said['parameter'], said['file'], said['line'], said['status'],
                       f'{said.get("ended")} {number}' if number else said.get('ended'),
                       suites.calls_of(trace, 'twice'),
                       suites.roots(trace, (*OURS, impl, impl[:-4] + 'theory')), trace['metadata']['lost'],
                       trace['metadata']['damaged']]
        expected[name] = [suite, test, parameter, file, line, status, ended, calls,
                          [root.replace('*', impl) for root in root_calls], {}, 0]
    t.equal(found, expected, 'what the traces say')
    runner = traces[program]
    t.equal((runner['metadata']['role'], runner['metadata'].get('test')), ('runner', None), 'role of the runner')
    t.equal(suites.calls_of(runner, 'twice'), 2, 'calls in the runner')
    check_verdicts(t, run, traces)
    check_iterations(t, traces)


def check_verdicts(t, run, traces):
    """Ours against Criterion's own."""
    ours = {}
    for name, trace in traces.items():
        test = trace['metadata'].get('test')
        if test and not name.endswith('.child'):
            ours.setdefault(f'{test["suite"]}.{test["name"]}', []).append(test['status'])
    theirs = {name: statuses for name, statuses in run.verdicts.items() if name != 'returning.disabled'}
    t.equal({name: sorted(statuses) for name, statuses in ours.items()}, theirs, "verdicts, ours and Criterion's")


def check_iterations(t, traces):
    def iterations(name):
        return [(call['iteration'], call.get('ended'), [child['function'] for child in call['children']])
                for tree in traces[name]['call_trees'].values() for call in tree['calls'] if call['phase'] == 'body']
    t.equal(iterations('several.theory'), [(n, None, 3 * ['twice']) for n in range(1, 7)], 'iterations of the theory')
    # the assumption fails for the first of three, the assertion for the second of two
    t.equal(sorted(map(str, iterations('several.failing_theory'))),
            sorted(str((n, None if calls == 3 else 'unwound', calls * ['twice']))
            for n, calls in zip(range(1, 7), [1, 3, 3, 1, 2, 2])), 'of the failing theory')
    t.equal(iterations('several.quiet_theory'), [(n, None if n == 1 else 'unwound', ['twice']) for n in (1, 2, 3)],
            'of the quiet theory')


@pitfall(1, 3, 5, 24, 28, 29, 49, ways=('preload', 'link'))
@timeout(300)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_outcomes(t, compiler, level):
    objects = suites.compile_objects(t, SOURCES, compiler, level)
    plain = suites.link(t, objects, 'suite', compiler, 'preload')
    static = suites.link(t, objects, 'suite-static', compiler, 'static')
    baseline = {jobs: suites.Run(t, [plain], f'plain{jobs}', jobs).behaviour(jobs == 1) for jobs in (1, 4)}
    suites.compare(t, suites.Run(t, [static], 'static').behaviour(True), baseline[1], 'static and shared Criterion')

    def check(seam, how, jobs):
        def body():
            name = f'{seam}-{how}'
            program = plain if seam == 'preload' else suites.link(t, objects, name, compiler, seam)
            env = {'LD_PRELOAD': t.lib} if (seam, how) == ('preload', 'alone') else {}
            run = suites.Run(t, [program], name, jobs, how == 'run', 'traces-' + name, env)
            suites.compare(t, run.behaviour(jobs == 1), baseline[jobs])
            check_traces(t, run, os.path.basename(program))
        return f'criterion/outcomes {compiler} {level} {seam} {how} -j{jobs}', body

    return suites.several([check('preload', 'run', 1), check('preload', 'alone', 4), check('linked', 'run', 4),
                           check('linked', 'alone', 1), check('linked-static', 'run', 1),
                           check('linked-static', 'alone', 4)])
