"""A core dump is what it would be without us: registers, siginfo and stack; and what we say of them is what it says."""
import glob
import os
import re
import resource
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases, slow  # noqa: E402
from crashes import crash_of  # noqa: E402

QUESTIONS = ['info registers', 'print $_siginfo.si_signo', 'print $_siginfo.si_code', 'backtrace']


def core_of(t, argv, folder, **more):
    """What gdb reads out of the core dump that a run in `folder` leaves."""
    os.makedirs(folder, exist_ok=True)
    line = ' '.join(argv)
    result = t.sh(f'ulimit -c unlimited; cd {folder}; {line}', **more)
    cores = glob.glob(folder + '/core*')
    if not cores:
        t.skip('no core dump is left in the current folder here (kernel.core_pattern)')
    asked = [word for question in QUESTIONS for word in ('-ex', question)]
    return result, t.run(['gdb', '-nx', '-batch', *asked, t.path('dying'), cores[0]], check=True).out


def registers_of(text):
    return {name: int(value, 16) for name, value in re.findall(r'^(\w+) +(0x[0-9a-f]+) ', text, re.M)}


def backtrace_of(text):
    """The functions, innermost first, by their plain names; the first one is told of twice."""
    names = re.findall(r'^#\d+ +(?:0x[0-9a-f]+ in )?([\w?]+)', text, re.M)[1:]
    return [name.replace('__GI_', '') for name in names]


@slow
@cases(what=['null', 'abort clang', 'SIGTERM', 'recurse'])
def test_core(t, what):
    what, _, compiler = what.partition(' ')
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard == 0:
        t.skip('core dumps are forbidden here')
    program = t.compile(['dying.c'], 'dying', compiler or 'gcc', flags=['-pthread'])
    if what == 'SIGTERM':  # dumps no core: the same in both
        untraced = t.sh(f'ulimit -c unlimited; mkdir -p plain; cd plain; {program} {what}')
        t.sh(f'ulimit -c unlimited; mkdir -p traced; cd traced; $CALLTRACE run -q -o t -- {program} {what}')
        t.equal((untraced.status, glob.glob('*/core*')), (143, []), 'core dumps')
        return
    plain, plain_core = core_of(t, [program, what], t.path('plain'))
    traced, core = core_of(t, [t.calltrace, 'run', '-q', '-o', t.path('trace'), '--', program, what], t.path('traced'))
    t.equal(traced.status, plain.status, 'status')
    t.equal(re.findall(r'^\$\d = (.*)', core, re.M), re.findall(r'^\$\d = (.*)', plain_core, re.M), 'siginfo')
    crash = t.json(glob.glob(t.path('trace') + '/*.json')[0])['metadata']['crash']
    ours = {name: int(value, 16) for name, value in crash['registers'].items()}
    theirs = registers_of(core)
    t.equal(ours, {name: theirs[name] for name in ours}, 'registers')
    if what == 'recurse':
        return
    t.equal(backtrace_of(core), backtrace_of(plain_core), 'backtraces')
    theirs = [name for name in backtrace_of(core) if name != '__pthread_kill_internal']  # which is inlined
    t.equal([frame.get('function') for frame in crash['threads'][0]['stack']], theirs, "our stack and gdb's")
