"""Values of libstdc++'s types, as `show` writes them. clang 14 cannot link what gcc 12's headers make of -finstrument-functions."""
import re

from harness import cases

LONG = '"a string that is too long to be within itself"'
ADA = '{name="Ada", note="mathematician, and the first programmer", age=36}'
RIGHT = {
    'strings': [f'v=["one", "", {LONG}, "four"]', 'v=[]'],
    'by_value': [f'v=["one", "", {LONG}, "four"]'],
    'texts': ['v=["x", NULL, "z"]'],
    'wide': ['s="w\\u00efde", view="view"'],
    'sized': ['m={size=2}..., s={size=1}..., u={size=1}..., l={size=0}'],
    'shared': ['p=7, none=NULL'],
    'people': [f'p={ADA}, v=[{{name="Ada", note=?, age=36}}]'],
    'pairs': ['p={first=3, second="three"}'],
}
LOST = {'by_value': 'v=?', 'shared': 'p=7, none=?'}  # objects that nobody fills, where the function does not look


@cases(level=['-O0', '-O2'])
def test_library(t, level):
    program = t.compile('library.cc', 'library', 'gcc', level, ['-std=c++17'])
    t.record([program], options=['-q', '--args-only', ','.join(RIGHT)])
    out = t.run([t.calltrace, 'show', '--plain', t.path('trace')], check=True).out
    found = {}
    for name, arguments in re.findall(r'^ *(\w+)\((.*)\) -> 0', out, re.M):
        found.setdefault(name, []).append(arguments)
    for name in RIGHT:
        if name in LOST and level != '-O0' and found.get(name) == [LOST[name]]:
            continue
        t.equal(found.get(name), RIGHT[name], name)
