"""What processes do to themselves and to each other; limits and full disks; ends of all kinds. Traced as untraced."""
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from harness import Recording, cases, pitfall, slow  # noqa: E402
from programs import (MATRIX, counts, linked, only, ours, preloaded, same, traced_as_untraced, traces,  # noqa: E402
                      tree)

SHALLOW = {'CALLTRACE_MAX_DEPTH': '2'}  # where there are thousands of calls of leaf(): validating takes its time


def build(t, name='process', compiler='gcc', level='-O1', way='preload'):
    return t.compile([name + '.c'], name, compiler, level, ['-pthread', '-w', *linked(t, way)])


def run(t, *words, env=SHALLOW, folder='trace', compiler='gcc', level='-O1', way='preload'):
    program = t.path('process')
    if not os.path.exists(program):
        program = build(t, 'process', compiler, level, way)
    return traced_as_untraced(t, [program, *words], folder, env, way=way)


def by_name(t, recording):
    """{file name without pid: counts}"""
    return {re.sub(r'[0-9]{3,}', 'PID', name): counts(trace) for name, trace in traces(t, recording).items()}


# ---------------------------------------------------------------- families of processes


FORKED = {'main': 1, 'wait_for': 1, 'say': 1}
CHILDREN = {
    'fork': {'process.json': {**FORKED, 'do_fork': 1, 'many': 1, 'leaf': 3},
             'process.child.json': {'many': 2, 'leaf': 9, 'say': 1}},
    'fork_quick': {'process.json': {**FORKED, 'do_fork_quick': 1}, 'process.child.json': {'many': 1, 'leaf': 5}},
    'fork_twice': {'process.json': {**FORKED, 'do_fork_twice': 1},
                   'process.child.json': {'leaf': 1, 'wait_for': 1, 'say': 1}, 'process.child.2.json': {'leaf': 2}},
    'fork_silent': {'process.json': {**FORKED, 'do_fork_silent': 1, 'leaf': 1}},
    'vfork': {'process.json': {**FORKED, 'do_vfork': 1}, 'process.2.json': {'main': 1, 'leaf': 1}},
    'vfork_calls': {'process.json': {**FORKED, 'do_vfork_calls': 1, 'many': 2, 'leaf': 20}},
    'spawn': {'process.json': {**FORKED, 'do_spawn': 1}, 'process.2.json': {'main': 1, 'leaf': 1}},
    'exec': {'process.json': {'main': 1, 'do_exec': 1, 'many': 1, 'leaf': 10}, 'process.2.json': {'main': 1, 'leaf': 1}},
    'system': {'process.json': {'main': 1, 'do_system': 1, 'say': 1, 'leaf': 1}},
    'clone': {'process.json': {**FORKED, 'do_clone': 1, 'leaf': 2}, 'process.child.json': {'many': 1, 'leaf': 7}},
}


@pitfall(20, 21, 22)
@cases(**MATRIX)
def test_children(t, compiler, level, way):
    for what, expected in CHILDREN.items():
        found = by_name(t, run(t, what, env={}, folder=what, compiler=compiler, level=level, way=way))
        if what == 'fork_twice':  # the two were forked by traced processes, and began in either order
            t.equal(sorted(map(str, map(sorted, (calls.items() for calls in found.values())))),
                    sorted(map(str, map(sorted, (calls.items() for calls in expected.values())))), f'calls, {what}')
        else:
            t.equal(found, expected, f'calls, {what}')


@pitfall(20)
@cases(**MATRIX)
def test_fork_with_threads(t, compiler, level, way):
    """Children are forked while other threads begin, end, and are in the middle of everything."""
    found = by_name(t, run(t, 'fork_threads', compiler=compiler, level=level, way=way))
    children = [calls for name, calls in found.items() if name != 'process.json']
    t.equal(children, 15 * [{'many': 1, 'leaf': 1000}], 'the children')
    t.equal(found['process.json']['busy'], 2, 'the parent')


def test_parents(t):
    found = traces(t, run(t, 'fork_twice', env={}))
    pids = {trace['metadata']['pid']: trace['metadata']['parent_pid'] for trace in found.values()}
    top = found['process.json']['metadata']['pid']
    child = next(pid for pid, parent in pids.items() if parent == top)
    t.equal(sorted(pids.values())[1:], sorted([top, child]), 'parents, but for the first')


@pitfall(20, 21, 22)
@cases(**MATRIX)
def test_families(t, compiler, level, way):
    """Each trace names the one of the process that made its own, or that it was before exec()."""
    for what, expected in {
            'fork': {'process.child.json': 'process.json'},
            'fork_twice': {'process.child.json': 'process.json', 'process.child.2.json': 'process.child.json'},
            'spawn': {'process.2.json': 'process.json'}, 'vfork': {'process.2.json': 'process.json'},
            'exec': {'process.2.json': 'process.json'}, 'clone': {'process.child.json': 'process.json'}}.items():
        found = traces(t, run(t, what, env={}, folder=what, compiler=compiler, level=level, way=way))
        if what == 'fork_twice' and counts(found['process.child.json']) == {'leaf': 2}:  # the grandchild began first
            expected = {'process.child.2.json': 'process.json', 'process.child.json': 'process.child.2.json'}
        parents = {name: trace['metadata']['parent_trace'] for name, trace in found.items()
                   if 'parent_trace' in trace['metadata']}
        t.equal(parents, expected, what)
        for name, parent in expected.items():
            pids = found[parent]['metadata']['pid'], found[name]['metadata']['parent_pid']
            t.true(pids[0] == pids[1] or what == 'exec', f'pids of {what}: {pids}')
    t.contains(t.run([t.calltrace, 'show', 'fork']).out, ' from process.json')


@pitfall(22)
def test_exec_often(t):
    found = traces(t, run(t, 'exec_often', '5', env={}))
    t.equal(sorted(found), sorted(['process.json', *(f'process.{n}.json' for n in range(2, 7))]),
            'a trace for each image')
    t.equal({str(counts(trace)) for trace in found.values()}, {str({'leaf': 1, 'do_exec_often': 1, 'main': 1})},
            'calls')


@pitfall(21, 24)
@cases(what=['fork', 'fork_quick', 'spawn', 'vfork'])
def test_children_without_run(t, what):
    """One output file is asked for, and several processes want it: none overwrites another's."""
    program = build(t)
    plain = t.run([program, what])
    recording = preloaded(t, [program, what], {'CALLTRACE_OUTPUT': 'out.json'})
    same(t, recording.result, plain)
    t.equal(ours(recording.result), [], 'said')
    raw = [name for name in os.listdir('.') if name.endswith('.ct')]
    found = by_name(t, recording)
    for name in raw:  # a child that ended by _exit() has converted nothing
        t.run([t.calltrace, 'json', '-o', 'raw.json', name], check=True)
        found['out.PID.json'] = counts(t.json('raw.json'))
    t.equal(len(raw), 1 if what == 'fork_quick' else 0, 'raw traces')
    t.equal(sorted(found), ['out.PID.json', 'out.json'], 'files')
    t.equal(found['out.json']['main'], 1, 'the parent has the name that was asked for')
    t.true(f'do_{what}' in found['out.json'], f'{found}')
    t.true(f'do_{what}' not in found['out.PID.json'] and found['out.PID.json']['leaf'] > 0, f'{found}')


@pitfall(5)
def test_daemon_outlives_its_parent(t):
    run(t, 'daemon')
    t.equal(counts(t.json('trace/process.json')), {'main': 1, 'do_daemon': 1, 'many': 1, 'leaf': 3}, 'the parent')


def test_programs_that_call_nothing_leave_no_file(t):
    t.equal(run(t, 'system', env={}).traces, [t.path('trace/process.json')], 'only our own')
    recording = t.record(['sh', '-c', 'true; echo $(cat /dev/null)ok'], 'none', ['-q'])
    t.equal((recording.result.out, os.listdir('none')), ('ok\n', []), 'nothing')


# ---------------------------------------------------------------- ends


@pitfall(5)
@cases(status=['0', '1', '3', '255'], how=['ends', 'quick'])
def test_exit_status(t, status, how):
    argument = str(int(status) - 1) if how == 'ends' else status
    recording = run(t, how, argument)
    t.equal(recording.result.status, int(status), 'status')
    t.equal(only(t, recording)['metadata']['complete'], how == 'ends', 'complete')


@pitfall(5)
@cases(number=[signal.SIGTERM, signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGPIPE, signal.SIGUSR1, 34])
def test_ends_by_signal(t, number):
    recording = run(t, 'raise', str(int(number)))
    t.equal((recording.result.status, recording.result.signal), (128 + number, None), 'status as a shell says it')
    t.equal(counts(only(t, recording)), {'main': 1, 'leaf': 1}, 'calls')


@pitfall(5, 6)
@cases(what=['exit_in_thread', 'pthread_exit', 'segfault'])
def test_odd_ends(t, what):
    trace = only(t, run(t, what))
    expected = {'exit_in_thread': {'main': 1, 'do_exit_in_thread': 1, 'exit_here': 1, 'many': 1, 'leaf': 10},
                'pthread_exit': {'main': 1, 'do_pthread_exit': 1, 'many': 2, 'leaf': 21, 'live_on': 1, 'say': 1},
                'segfault': {'main': 1, 'do_segfault': 1, 'many': 1, 'leaf': 10}}[what]
    t.equal(counts(trace), expected, 'calls')
    t.equal((trace['metadata']['complete'], trace['metadata']['lost']), (what != 'segfault', {}), 'complete')


def start(t, argv, env=()):
    """A command of its own group, that says when it has started."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=t.environment(env),
                               process_group=0)
    process.stdout.readline()
    return process


@pitfall(5, 30)
def test_killed_at_once(t):
    """While it begins: there is a valid trace or none."""
    program = build(t)
    pick = random.Random(t.seed('at once'))
    for number in range(t.times(12)):
        env = {'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': t.path(f'{number}.json'), 'CALLTRACE_MAX_DEPTH': '2'}
        process = subprocess.Popen([program, 'forever'], stdout=subprocess.PIPE, env=t.environment(env))
        time.sleep(pick.random() * 0.004)
        process.kill()
        process.communicate()
        for raw in [name for name in os.listdir('.') if name.endswith('.ct')]:
            result = t.run([t.calltrace, 'json', '-o', 'killed.json', raw])
            size = os.path.getsize(raw)
            os.unlink(raw)
            if result.status and size <= 8192:
                continue  # killed before the header was written
            t.equal((result.status, result.err), (0, ''), f'{raw} of {size} bytes')
            trace = t.validate('killed.json')
            t.equal(trace['metadata']['complete'], False, 'complete')


@cases(number=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_interrupted_run(t, number):
    """A terminal's interrupt goes to both; the command ends by it, and the traces are written."""
    process = start(t, [t.calltrace, 'run', '-q', '-o', 'trace', build(t), 'forever'], SHALLOW)
    time.sleep(0.05)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=30)
    t.equal((process.returncode, err), (128 + number, b''), 'status')
    trace = only(t, Recording('trace', None))
    t.true(counts(trace)['leaf'] > 0, 'calls')


@cases(number=[signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_of_a_command_that_goes_on(t, number):
    process = start(t, [t.calltrace, 'run', '-q', '-o', 'trace', build(t), 'handles_term'], SHALLOW)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=30)
    t.equal((process.returncode, out, err),
            (17, f'handled {int(number)}\n'.encode() if number == signal.SIGINT else out, b''), 'status')
    t.equal(counts(only(t, Recording('trace', None)))['on_term'], out.count(b'handled'), 'the handler')


@pitfall(5)
@cases(**MATRIX)
def test_run_is_killed(t, compiler, level, way):
    """The program goes on, or ends as it would; its raw traces wait to be converted."""
    program = build(t, 'process', compiler, level, way)
    argv = [*(['env', '-u', 'LD_PRELOAD'] if way == 'link' else []), program, 'handles_term']
    process = start(t, [t.calltrace, 'run', '-q', '-o', 'trace', *argv], SHALLOW)
    child = int(t.read(f'/proc/{process.pid}/task/{process.pid}/children').split()[0])
    process.kill()
    os.kill(child, signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    t.equal((out, err), (b'handled 15\n', b''), 'what the program says')
    t.run([t.calltrace, 'json', '--remove-raw', 'trace'], check=True)
    name, = [name for name in os.listdir('trace') if name.endswith('.json')]
    trace = t.validate('trace/' + name)
    t.equal((counts(trace)['on_term'], trace['metadata']['complete']), (1, True), 'the trace')


@pitfall(24)
@cases(way=['preload', 'link'])
def test_pids_that_come_again(t, way):
    """In namespaces of their own, all have the same one."""
    program = build(t, way=way)
    if t.sh('unshare --pid --fork true').status:
        t.skip('no namespace of processes can be made here')
    recording = t.record(['sh', '-c', f'for i in 1 2 3; do unshare --pid --fork {program} many $i; done'], options=['-q'])
    found = [(trace['metadata']['pid'], counts(trace)['leaf']) for trace in traces(t, recording).values()]
    t.equal(sorted(found), [(1, 1), (1, 2), (1, 3)], 'pids, and calls')
    t.equal([name for name, trace in traces(t, recording).items() if 'parent_trace' in trace['metadata']], [], 'relatives')


def test_termination_of_run_alone(t):
    """Is passed on."""
    process = start(t, [t.calltrace, 'run', '-q', '-o', 'trace', build(t), 'handles_term'], SHALLOW)
    os.kill(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    t.equal((process.returncode, out, err), (17, b'handled 15\n', b''), 'status')


# ---------------------------------------------------------------- what a process may take away


SURROUNDINGS = {
    'close_all': {'main': 1, 'do_close_all': 1, 'many': 2, 'leaf': 60000, 'say': 1},
    'close_standard': {'main': 1, 'do_close_standard': 1, 'many': 2, 'leaf': 30010},
    'chdir': {'main': 1, 'do_chdir': 1, 'many': 2, 'leaf': 60000},
    'sigchld': {'main': 1, 'do_sigchld': 1, 'many': 1, 'leaf': 10, 'say': 1},
    'umask': {'main': 1, 'do_umask': 1, 'many': 1, 'leaf': 10, 'wait_for': 1, 'say': 1},
    'reuses': {'main': 1, 'do_reuses': 1, 'many': 2, 'leaf': 60000, 'say': 2},
    'no_memory': {'main': 1, 'do_no_memory': 1, 'many': 2, 'leaf': 30010, 'say': 2},
}


@pitfall(23, 26)
@cases(**MATRIX)
def test_surroundings(t, compiler, level, way):
    for what, expected in SURROUNDINGS.items():
        recording = run(t, what, folder=what, compiler=compiler, level=level, way=way)
        trace = t.json(what + '/process.json')
        t.equal(counts(trace), expected, 'calls')
        t.equal((trace['metadata']['complete'], trace['metadata']['lost']), (True, {}), f'complete, {what}')
        for path in recording.traces:
            t.equal(oct(os.stat(path).st_mode & 0o777), '0o600', 'nobody else may read it')


@cases(what=['close_all', 'close_standard', 'chdir', 'sigchld'])
def test_surroundings_without_run(t, what):
    program = build(t)
    plain = t.run([program, what])
    result = preloaded(t, [program, what], SHALLOW).result
    same(t, result, plain)
    t.equal(ours(result), [], 'said')
    t.equal(t.validate('process.json')['metadata']['complete'], True, 'complete')


def test_fakes(t):
    """A program's own open() and the like are not called by us, nor seen."""
    trace = only(t, traced_as_untraced(t, [build(t, 'fakes')], env={'CALLTRACE_MAX_DEPTH': '1'}))
    t.equal(counts(trace), {'main': 1, 'work': 30000, 'open': 1, 'getpid': 1}, 'calls')
    t.equal((trace['metadata']['complete'], trace['metadata']['lost']), (True, {}), 'complete')


@pitfall(26)
@cases(what=['fsize', 'fsize_own', 'nofile'])
def test_limits(t, what):
    """The program goes on; what is missing is counted, and the counts are exact."""
    recording = run(t, what)
    trace = t.json('trace/process.json')
    t.equal(counts(trace)['leaf'], {'fsize': 600001, 'fsize_own': 600000, 'nofile': 30011}[what], 'exact count')
    t.equal(trace['metadata']['complete'], False, 'complete')
    t.true(trace['metadata']['lost'].get('io' if what == 'nofile' else 'no_space', 0) > 0,
           f'lost: {trace["metadata"]["lost"]}')
    t.equal(len(ours(recording.result)), 1, f'said: {recording.result.err}')
    t.contains(ours(recording.result)[0], 'process.json: recording ended before the program did: '
               + ('Too many open files' if what == 'nofile' else 'File too large'))


@pitfall(26)
@cases(what=['chroot', 'setuid'])
def test_trace_out_of_reach(t, what):
    """As with limits: the program goes on, and what is missing is counted and said."""
    if os.geteuid() != 0:
        t.skip(f'only root may {what}')
    program = build(t)
    plain = t.run([program, what])
    os.path.isdir('jail') and os.rmdir('jail')
    recording = t.record([program, what], options=['-q'], env=SHALLOW)
    same(t, recording.result, plain)
    trace = t.json('trace/process.json')
    t.equal(counts(trace)['leaf'], {'chroot': 30011, 'setuid': 30010}[what], 'exact count')
    t.true(trace['metadata']['lost'].get('io', 0) > 0 and not trace['metadata']['complete'], f'{trace["metadata"]["lost"]}')
    said = '\n'.join(ours(recording.result))
    t.contains(said, 'process.json: recording ended before the program did: '
               + {'chroot': 'No such file or directory', 'setuid': 'Permission denied'}[what])
    t.equal(len(ours(recording.result)), {'chroot': 1, 'setuid': 2}[what], said)  # the child can make no trace


@pitfall(26)
def test_no_file_at_all(t):
    """A limit of 0: not even the header can be written."""
    program = build(t)
    plain = t.sh(f'ulimit -f 0; {program} ends 4')
    result = t.sh(f'ulimit -f 0; LD_PRELOAD=$LIB {program} ends 4 2>&1')
    t.equal((plain.status, result.status, os.listdir('.')), (5, 5, ['process']), 'behaviour')


@pitfall(26)
def test_full_disk(t):
    os.mkdir('disk')
    if t.sh('mount -t tmpfs -o size=600k none disk').status:
        t.skip('cannot mount a small disk here')
    try:
        program = build(t)
        plain = t.run([program, 'many', '600000'])
        result = t.run([program, 'many', '600000'],
                       {'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': 'disk/x.json', 'CALLTRACE_RUN': 'by hand', **SHALLOW})
        same(t, result, plain)
        raw = os.listdir('disk')
        t.equal(len(raw), 1, f'files: {raw}')
        t.run([t.calltrace, 'json', '-o', 'x.json', 'disk/' + raw[0]], check=True)
        trace = t.validate('x.json')
        t.equal(counts(trace), {'main': 1, 'many': 1, 'leaf': 600000}, 'exact counts')
        t.true(trace['metadata']['lost'].get('no_space', 0) > 400000, f'lost: {trace["metadata"]["lost"]}')
        t.contains(trace['metadata']['stopped'], 'No space left on device')
        # And no room for the JSON: the raw trace stays.
        result = t.run([program, 'many', '600000'], {'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': 'disk/y.json', **SHALLOW})
        same(t, result, plain)
        # No room for a header: said, and nothing is left.
        t.sh('cat /dev/zero >disk/fill 2>/dev/null')
        before = sorted(os.listdir('disk'))
        result = t.run([program, 'many', '10'], {'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': 'disk/z.json'})
        t.equal((result.status, len(ours(result)), sorted(os.listdir('disk'))), (0, 1, before), f'{result}')
        t.contains(ours(result)[0], 'no trace can be written there: No space left on device')
        result = t.run([t.calltrace, 'run', '-o', 'disk/run', '--', program, 'many', '10'])
        t.equal((result.status, result.out, result.err, sorted(os.listdir('disk'))),
                (2, '', 'calltrace: disk/run: no traces can be written there: No space left on device\n', before), 'run')
    finally:
        t.sh('umount disk')


@pitfall(23)
def test_trace_is_removed_while_it_is_written(t):
    program = build(t)
    process = start(t, [program, 'handles_term'], {'LD_PRELOAD': t.lib})
    raw = next(name for name in os.listdir('.') if name.endswith('.ct'))
    os.rename(raw, 'moved')
    time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=30)
    t.equal(process.returncode, 17, 'the program went on')
    t.equal([name for name in os.listdir('.') if raw in name], [], 'not made anew')


@pitfall(24)
@slow
def test_many_at_once(t):
    """Processes that race to make the index, in one folder."""
    program = build(t)
    recording = t.record(['sh', '-c', f'for i in 1 2 3 4 5 6 7 8 9 10; do {program} many $i & done; wait'],
                         options=['-q'])
    found = sorted(counts(trace)['leaf'] for trace in traces(t, recording).values())
    t.equal((found, recording.result.err), (list(range(1, 11)), ''), 'calls')
