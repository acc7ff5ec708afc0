"""What libstdc++'s types are shown as: by the lines in shapes.cc. All of them twice, as the raw trace and its JSON say the same."""
import os
import re

from harness import cases

WAYS = [('gcc', '-O0', 'c++20', []), ('clang', '-O0', 'c++20', [])]
LONG = [('clang', '-O2', 'c++20', []), ('clang', '-O1', 'c++17', []), ('gcc', '-O1', 'c++20', []), ('gcc', '-O3', 'c++20', []),
        ('gcc', '-O0', 'c++17', ['-D_GLIBCXX_DEBUG']), ('gcc', '-O2', 'c++17', []), ('gcc', '-O2', 'c++20', ['-D_GLIBCXX_DEBUG'])]


def expected(t, compiler, standard):
    calls = {}
    for words, line in re.findall(r'^// expect(?:\[(.*)\])?: (.*)', t.read(t.source('shapes.cc')), re.M):
        if all(word in (compiler, standard) for word in words.split()):
            calls.setdefault(line[:line.index('(')], []).append(line)
    return calls


@cases(way=WAYS + LONG)
def test_shapes(t, way):
    compiler, level, standard, flags = way
    if way in LONG and t.times(1) == 1:
        t.skip('in `ninja values`: its compilation takes long')
    right = expected(t, compiler, standard)
    program = t.compile('shapes.cc', 'shapes', compiler, level, [f'-std={standard}', *flags])
    recording = t.record([program], options=['-q', '--keep-raw', '--args-only', ','.join(right)])
    t.equal(recording.result.status, 0, 'status')
    trace = recording.traces[0]
    for path in trace[:-len('.json')] + '.ct', trace:
        out = t.run([t.calltrace, 'show', '--plain', path], check=True).out
        found = {}
        for call in re.findall(r'^ *(.*\)) -> 0$', out, re.M):
            found.setdefault(call[:call.index('(')], []).append(call)
        for name in right:
            t.equal(found.get(name), right[name], f'{name} of {os.path.basename(path)}')
