"""
Directories where others may write: what they put there is not followed, waited for, or believed; and what is written is
for the user's eyes only, whatever the umask.
"""
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, pitfall  # noqa: E402
from programs import counts, ours, preloaded  # noqa: E402

NOBODY = 65534


def shared(t, name='shared'):
    """A directory like /tmp, of root's."""
    if os.geteuid() != 0:
        t.skip('only root can make files of other users')
    os.mkdir(name)
    os.chmod(name, 0o1777)
    return name


def plant(path):
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


@pitfall(24, 26)
@cases(what=['link', 'dangling link', 'pipe'])
def test_output_that_others_prepared(t, what):
    folder = shared(t)
    t.write('precious', 'mine\n')
    path = folder + '/out.json'
    if what == 'pipe':
        os.mkfifo(path)
    else:
        os.symlink(t.path('precious' if what == 'link' else 'new'), path)
    plant(path)
    program = t.compile(['plain.c'], 'plain')
    result = preloaded(t, [program, '3'], {'CALLTRACE_OUTPUT': path}).result
    t.equal((result.status, result.out), (3, 'sum 30, depth 6\n'), 'behaviour')
    t.equal(len(ours(result)), 1, f'said: {result.err}')
    t.contains(ours(result)[0], "out.json: is another user's, in a directory where others may write")
    t.equal((t.read('precious'), os.path.lexists('new')), ('mine\n', False), 'where it leads')
    raw = [name for name in os.listdir(folder) if name.endswith('.ct')]
    t.equal(len(raw), 1, 'the raw trace is kept')
    t.equal(stat.S_IMODE(os.stat(os.path.join(folder, raw[0])).st_mode), 0o600, 'for us alone')


@pitfall(24, 26)
def test_traces_that_others_prepared(t):
    """A raw trace of the same run, as far as it says; and notes of a runner that are a pipe."""
    folder = shared(t)
    program = t.compile(['plain.c'], 'plain')
    t.sh(f'CALLTRACE_RUN=x CALLTRACE_OUTPUT={t.tmp}/{folder}/ LD_PRELOAD=$LIB {program}', check=True)
    planted, = os.listdir(folder)
    os.rename(os.path.join(folder, planted), os.path.join(folder, 'planted.ct'))
    plant(os.path.join(folder, 'planted.ct'))
    for name in ('workers.txt', 'tests.txt'):
        os.mkfifo(os.path.join(folder, name))
        plant(os.path.join(folder, name))
    os.symlink('/etc/passwd', os.path.join(folder, 'link.ct'))
    result = t.run([program, '3'], {'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': t.path(folder) + '/'}, timeout=20)
    t.equal((result.status, ours(result)), (3, []), f'behaviour: {result}')
    t.run([t.calltrace, 'json', '--finish', str(os.getpid()), folder], timeout=20)
    names = sorted(os.listdir(folder))
    t.equal([name for name in names if 'planted' in name or 'link' in name], ['link.ct', 'planted.ct'], 'planted ones are left alone')
    t.equal(len([name for name in names if name.endswith('.json')]), 1, f'one trace: {names}')
    # Who asks for it by its name has it read.
    t.run([t.calltrace, 'json', '-o', 'asked.json', folder + '/planted.ct'], check=True)
    t.equal(counts(t.validate('asked.json')), {'main': 1, 'five': 5, 'nest': 7}, 'calls')


@pitfall(26)
def test_modes(t):
    program = t.compile(['plain.c'], 'plain')
    os.umask(0)
    t.run([t.calltrace, 'run', '-q', '--keep-raw', '-o', 'new/trace', program], check=True)
    preloaded(t, [program], {'CALLTRACE_OUTPUT': 'folder/'})
    preloaded(t, [program], {'CALLTRACE_OUTPUT': 'file.json'})
    found = {}
    for where, folders, names in os.walk(t.tmp):
        for name in folders + names:
            path = os.path.join(where, name)
            if path != program and not name.endswith('.ctidx'):  # which tells nothing of a run
                found[os.path.relpath(path, t.tmp)] = stat.S_IMODE(os.stat(path).st_mode)
    t.true(len(found) >= 8, f'{found}')
    t.equal({name: oct(mode) for name, mode in found.items() if mode & 0o077}, {}, 'what others may read')


NAMES = ['../../../escape', '..', '/etc/passwd', 'x' * 255, 'a\x1b[31mb\nc', 'con.json', ' ', '.hidden']


@pitfall(24)
def test_names_of_tests(t):
    """A raw trace that says it is of a test of such a name: its file lies in the directory, and is named after it."""
    program = t.compile(['plain.c'], 'plain')
    t.run([t.calltrace, 'index', '-q', program], check=True)
    for number, name in enumerate(NAMES):
        folder = f'traces{number}'
        os.mkdir(folder)
        t.sh(f'CALLTRACE_OUTPUT={t.tmp}/{folder}/ CALLTRACE_RUN=x LD_PRELOAD=$LIB {program}', check=True)
        raw, = os.listdir(folder)
        with open(f'{folder}/{raw}', 'r+b') as file:
            data = bytearray(file.read())
            executable = data.index(program.encode() + b'\0')  # behind suite, test, test_file
            for field in (executable - 1024 - 512, executable - 1024 - 256):
                data[field:field + 256] = name.encode()[:255].ljust(256, b'\0')
            file.seek(0)
            file.write(data)
        before = sorted(os.listdir('.'))
        result = t.run([t.calltrace, 'json', '--finish', raw.split('.')[-2], folder])
        t.equal((result.status, result.err, sorted(os.listdir('.'))), (0, '', before), f'outside, {name!r}')
        names = [found for found in os.listdir(folder) if found.endswith('.json')]
        t.equal(len(names), 1, f'the trace: {os.listdir(folder)}')
        t.true(all(c.isalnum() or c in '_-+.~' for c in names[0]) and not names[0].startswith('.'), names[0])
        test = t.validate(f'{folder}/{names[0]}')['metadata']['test']
        t.equal((test['suite'], test['name']), (name[:255], name[:255]), 'name')
