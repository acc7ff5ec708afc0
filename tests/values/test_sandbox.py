"""A sandbox that forbids process_vm_readv(), by death too: the program lives, and its pointers are read all the same."""
import re

from harness import cases

SHOWN = ['"in a mapping"', '"in a mapping"', '… (unreadable)', '0x10 (unreadable)', '… (unreadable)']


@cases(how=['kill', 'trap', 'error'], whose=['own', 'inherited'])
def test_sandbox(t, how, whose):
    program = t.compile('sandbox.c', 'sandbox', 'gcc', '-O0')
    launcher = t.compile('sandbox.c', 'launcher', 'gcc', '-O0', instrument=False)
    argv = [program, 'own', how] if whose == 'own' else [launcher, 'exec', how, program, 'none']
    if t.run(argv).status == 77:
        t.skip('no seccomp here')
    recording = t.record(argv, options=['-q', '--args'])
    t.equal((recording.result.status, recording.result.err), (0, ''), 'the run')
    out = t.run([t.calltrace, 'show', t.path('trace')], check=True).out
    found = [re.sub('0x7[0-9a-f]+', '…', value) for value in re.findall(r'text\(s=([^,)]*\)?)\)', out)]
    t.equal(found, SHOWN, 'texts')
