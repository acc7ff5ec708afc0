"""The environment variables, with good and bad values, and all kinds of places for the output."""
import os
import re
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from programs import counts, ours, preloaded  # noqa: E402

COUNTS = {'main': 1, 'five': 5, 'nest': 7}
FALSE, TRUE = 'using false', 'using true'


def run(t, env, status=0):
    """Preloaded, compared with the plain program; returns what calltrace said, and all files that appeared."""
    program = t.compile(['plain.c'], 'plain')
    before = set(os.listdir('.'))
    plain = t.run([program, str(status)])
    result = preloaded(t, [program, str(status)], env).result
    t.equal((result.status, result.out), (plain.status, plain.out), 'behaviour')
    t.equal([line for line in result.err.splitlines() if line not in ours(result)], [], 'other lines')
    return ours(result), sorted(set(os.listdir('.')) - before - {'.cache'})


def check(t, path='plain.json'):
    trace = t.validate(path)
    t.equal(counts(trace), COUNTS, 'calls')
    return trace


def test_defaults(t):
    t.equal(run(t, {}, 3), ([], ['plain.json']), 'what appeared')
    trace = check(t)
    t.equal(trace['metadata']['flags'], {'capture_args': False, 'max_depth': 100}, 'flags')
    t.true(len(t.read('plain.json').splitlines()) > 20, 'indented')
    t.equal(trace['metadata']['complete'], True, 'complete')


@cases(name=['CAPTURE_ARGS', 'DEBUG', 'PRETTY_JSON', 'ENABLED', 'MAX_DEPTH', 'OUTPUT'])
def test_empty_value(t, name):
    t.equal(run(t, {f'CALLTRACE_{name}': ''}), ([], ['plain.json']), 'as without it')
    check(t)


@cases(setting=['CAPTURE_ARGS=maybe', 'CAPTURE_ARGS= true', 'CAPTURE_ARGS=2', 'DEBUG=y', 'PRETTY_JSON=-',
                'ENABLED=yes!',
                'MAX_DEPTH=0', 'MAX_DEPTH=-1', 'MAX_DEPTH=1000001', 'MAX_DEPTH=18446744073709551617', 'MAX_DEPTH=5 ',
                'MAX_DEPTH= 5', 'MAX_DEPTH=0x10', 'MAX_DEPTH=ten', 'MAX_DEPTH=1e3', 'PRETTY_JSON=' + 300 * 'x'])
def test_bad_value(t, setting):
    name, value = setting.split('=')
    default = {'MAX_DEPTH': '100', 'PRETTY_JSON': 'true', 'ENABLED': 'true'}.get(name, 'false')
    said, files = run(t, {f'CALLTRACE_{name}': value})
    t.equal((len(said), files), (1, ['plain.json']), f'{said}')
    t.contains(said[0], f"CALLTRACE_{name}: '{value[:100]}")
    t.contains(said[0], 'using ' + default)
    t.equal(check(t)['metadata']['flags'], {'capture_args': False, 'max_depth': 100}, 'flags')
    t.true(len(t.read('plain.json').splitlines()) > 20, 'indented')


def test_several_bad_values(t):
    """Each is said: one does not hide another."""
    said, files = run(t,
                      {'CALLTRACE_MAX_DEPTH': 'x', 'CALLTRACE_PRETTY_JSON': 'y',
                       'CALLTRACE_OUTPUT': 'none/there/x.json'})
    t.equal(([line.split(':')[1] for line in said], files),
            ([' CALLTRACE_PRETTY_JSON', ' CALLTRACE_MAX_DEPTH', f' {t.tmp}/none/there/x.json'], []), 'what was said')


@cases(value=['true', 'TRUE', '1', 'yes', 'On', 'false', 'False', '0', 'no', 'oFF'])
def test_booleans(t, value):
    yes = value.lower() in ('true', '1', 'yes', 'on')
    said, files = run(t, {'CALLTRACE_CAPTURE_ARGS': value, 'CALLTRACE_PRETTY_JSON': value})
    t.equal((said, files), ([], ['plain.json']), 'said, and files')
    t.equal(check(t)['metadata']['flags']['capture_args'], yes, 'capture_args')
    t.equal(len(t.read('plain.json').splitlines()) > 1, yes, 'indented')


def test_disabled(t):
    t.equal(run(t, {'CALLTRACE_ENABLED': 'false'}), ([], []), 'nothing')


def test_debug(t):
    said, files = run(t, {'CALLTRACE_DEBUG': 'true'})
    t.equal(files, ['plain.json'], 'files')
    t.contains(said[0], f'recording into {t.tmp}/plain.json.')


@cases(depth=[1, 3, 1000000])
def test_max_depth(t, depth):
    run(t, {'CALLTRACE_MAX_DEPTH': str(depth)})
    trace = check(t)

    def deepest(calls):
        return 1 + max((deepest(call['children']) for call in calls), default=0) if calls else 0
    t.equal(deepest(next(iter(trace['call_trees'].values()))['calls']), min(depth, 8), 'levels')
    # below main(): five() five times and nest() seven deep
    t.equal(trace['metadata']['truncated_calls'], {1: 12, 3: 5, 1000000: 0}[depth], 'calls cut')
    t.equal(trace['metadata']['flags']['max_depth'], depth, 'the flag')


@cases(output=['out.json', './out.json', 'out', 'a b.json', 'per%scent.json', 'ümlaut.json', "quo'te\".json",
               'new\nline.json',
               'x' * 230 + '.json'])
def test_output_is_a_file(t, output):
    t.equal(run(t, {'CALLTRACE_OUTPUT': output}), ([], [os.path.basename(output)]), 'what appeared')
    check(t, output)


def test_output_is_absolute(t):
    os.mkdir('somewhere')
    t.equal(run(t, {'CALLTRACE_OUTPUT': t.path('somewhere/x.json')}), ([], []), 'what appeared here')
    t.equal(os.listdir('somewhere'), ['x.json'], 'what appeared there')
    check(t, 'somewhere/x.json')


@cases(output=['there', 'there/', 'new/'])
def test_output_is_a_folder(t, output):
    """One file per process: of two runs, two."""
    os.mkdir('there')
    for number in (1, 2):
        said, _ = run(t, {'CALLTRACE_OUTPUT': output})
        t.equal(said, [], 'what was said')
        names = sorted(os.listdir(output))
        t.equal([re.sub(r'[0-9]+', 'PID', name) for name in names], number * ['plain.PID.json'], 'the folder')
    for name in names:
        check(t, os.path.join(output, name))


def test_output_is_a_pipe(t):
    """What is not a file is written into, never replaced: the output may be /dev/null."""
    program = t.compile(['plain.c'], 'plain')
    os.mkfifo('pipe.json')
    t.sh(f'cat pipe.json >got.json & CALLTRACE_OUTPUT=pipe.json LD_PRELOAD=$LIB {program}; wait', check=True)
    t.true(stat.S_ISFIFO(os.lstat('pipe.json').st_mode), 'still a pipe')
    check(t, 'got.json')
    t.equal([name for name in os.listdir('.') if name.endswith(('.ct', '.tmp'))], [], 'what is left')


def test_output_is_a_link(t):
    os.mkdir('elsewhere')
    t.write('elsewhere/real.json', '')
    os.symlink('elsewhere/real.json', 'link.json')
    t.equal(run(t, {'CALLTRACE_OUTPUT': 'link.json'}), ([], []), 'what appeared')
    t.true(os.path.islink('link.json'), 'still a link')
    check(t, 'elsewhere/real.json')


def test_output_replaces_a_trace(t):
    """Or an empty file; and nothing else, which may be somebody's work: then the raw trace is what is left of the run."""
    t.write('out.json', '')
    for _ in range(2):
        t.equal(run(t, {'CALLTRACE_OUTPUT': 'out.json'}), ([], []), 'new names')
        check(t, 'out.json')
    t.write('mine.json', '{"name": "mine"}\n')
    said, files = run(t, {'CALLTRACE_OUTPUT': 'mine.json'})
    t.equal([re.sub('.*/', '', line) for line in said],
            ['mine.json: is not a JSON trace, and is not overwritten; give another name'], 'said')
    t.equal((t.read('mine.json'), [re.sub(r'[0-9]+', '…', name) for name in files]), ('{"name": "mine"}\n', ['mine.json.….ct']), 'files')


@pitfall(24)
def test_processes_at_once_replace_nothing(t):
    """Three that overlap and end in the order of their beginning; a later one replaces what is there."""
    t.write('overlap.c', '#include <stdio.h>\nint main(int n, char **v) {\n'
                         '    puts("began"); fflush(stdout); return n > 1 ? getchar() == 0 : 0; }\n')
    program = t.compile(['overlap.c'], 'overlap')
    env = {**t.environment(), 'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': 'out.json'}
    running = []
    for _ in range(3):
        running.append(subprocess.Popen([program, 'wait'], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        running[-1].stdout.readline()
    for process in running:
        process.communicate(b'x')
    names = sorted(name for name in os.listdir('.') if name.endswith('.json'))
    t.equal(names, sorted(['out.json', *(f'out.{process.pid}.json' for process in running[1:])]), 'traces')
    preloaded(t, [program], {'CALLTRACE_OUTPUT': 'out.json'})
    t.equal(sorted(name for name in os.listdir('.') if name.endswith('.json')), names, 'after one more')


@pitfall(26)
@cases(output=['missing/out.json', 'missing/folder/', 'file/out.json', 'file/', 'x' * 300, '/proc/out.json',
               'y/' * 600 + 'z'])
def test_output_impossible(t, output):
    t.write('file', 'mine\n')
    said, files = run(t, {'CALLTRACE_OUTPUT': output}, 4)
    t.equal((len(said), files), (1, []), f'{said}')
    t.contains(said[0], output[:200])
    t.contains(said[0], 'no trace can be written there: ')
    t.equal(t.read('file'), 'mine\n', 'the file')


@pitfall(26)
def test_output_not_allowed(t):
    """As root everything is allowed, so as nobody."""
    program = t.compile(['plain.c'], 'plain')
    if os.geteuid() == 0:
        argv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', program]
        if t.run([*argv[:-1], 'test', '-x', program]).status:
            t.skip('nobody may not reach the build folder')
    else:
        argv = [program]
    os.mkdir('closed')
    os.chmod('closed', 0o555)
    plain = t.run(argv)
    result = preloaded(t, argv, {'CALLTRACE_OUTPUT': 'closed/x.json'}).result
    t.equal((result.status, result.out), (plain.status, plain.out), 'behaviour')
    t.equal(ours(result), [f'calltrace: {t.tmp}/closed/x.json: no trace can be written there: Permission denied'],
            'said')
    t.equal(os.listdir('closed'), [], 'the folder')


def test_no_converter(t):
    """The raw trace stays, and one line says so."""
    program = t.compile(['plain.c'], 'plain')
    result = preloaded(t, [program], {'CALLTRACE_PROGRAM': '/nowhere/calltrace'}).result
    raw = [name for name in os.listdir('.') if name.endswith('.ct')]
    t.equal((result.status, len(raw), len(ours(result))), (0, 1, 1), f'{raw}\n{result}')
    t.contains(ours(result)[0], t.path(raw[0]) + ": raw traces are kept; 'calltrace json' turns them into JSON")
    t.run([t.calltrace, 'json', raw[0]], check=True)
    check(t, raw[0][:-3] + '.json')
