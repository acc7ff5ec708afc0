"""`show` says the same of a raw trace and of the JSON that was made of it: of all programs here that run by themselves."""
import os
import re

from harness import cases

PROGRAMS = ['aligned.c', 'choices.c', 'clone.c', 'constructed.cc', 'coroutine.cc', 'enums.c', 'exits.cc', 'framed.c', 'library.cc',
            'masks.c', 'numbers.c', 'pointers.c', 'remarks.c', 'strings.cc', 'unfilled.cc', 'unstored.c', 'unused.c']


@cases(program=PROGRAMS)
def test_same(t, program):
    flags = ['-std=c++20'] if program.endswith('.cc') else []
    binary = t.compile(program, 'program', 'gcc', '-O0', flags + ([t.lib] if program == 'choices.c' else []))
    recording = t.record([binary], options=['-q', '--args', '--keep-raw'])
    raws = [trace[:-len('.json')] + '.ct' for trace in recording.traces]
    t.true(raws, 'traces')
    for raw, trace in zip(raws, recording.traces):
        t.true(os.path.exists(raw), f'{raw} is there')
        for options in ['--full-names', '--no-fold'], ['--plain']:
            shown = [t.run([t.calltrace, 'show', *options, path], check=True).out for path in (raw, trace)]
            t.equal(shown[0], shown[1], f'{trace} {options}')


@cases(compiler=['gcc', 'clang'])
def test_members_that_are_called_like_remarks(t, compiler):
    binary = t.compile('remarks.c', 'program', compiler, '-O0')
    trace, = t.record([binary], options=['-q', '--args', '--keep-raw']).traces
    right = re.findall(r'^// expect: (.*)', t.read(t.source('remarks.c')), re.M)
    for path in trace[:-len('.json')] + '.ct', trace:
        out = t.run([t.calltrace, 'show', '--plain', path], check=True).out
        t.equal([line.strip() for line in out.splitlines() if re.match(r' +\w+\(', line)], right, path)
    t.write('remarks.expect', '''
program program
    call direct(c.value = 1, c.truncated = true, n.more = 3) -> 1
    call pointed(c.truncated = false) -> _
    call others(r.bytes = "text")
    call within(w.value = "out", w.unreadable = true, w.inner = _) -> 13
end
''')
    t.run([t.calltrace, 'check', '-e', 'remarks.expect', trace], check=True)
