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


@cases(way=[('-O0', ''), ('-O2', ''), ('-O0', '-D_GLIBCXX_DEBUG')])
def test_library(t, way):
    level, *flags = filter(None, way)
    program = t.compile('library.cc', 'library', 'gcc', level, ['-std=c++17', *flags])
    t.record([program], options=['-q', '--args-only', ','.join(RIGHT)])
    out = t.run([t.calltrace, 'show', '--plain', t.path('trace')], check=True).out
    found = {}
    for name, arguments in re.findall(r'^ *(\w+)\((.*)\) -> 0', out, re.M):
        found.setdefault(name, []).append(arguments)
    for name in RIGHT:
        if name in LOST and level != '-O0' and found.get(name) == [LOST[name]]:
            continue
        t.equal(found.get(name), RIGHT[name], name)


STRINGS = [
    'whole(a={kind=GREEN, name="0x10", letter=\'q\', wide=\'w\', modes=[OFF, ON x2], call=twice(int), big=18446744073709551615, '
    'none=nan, where=ptr, number="18446744073709551615", complex=[nan, 1], inner={kind=RED, text="-12345678901234567890"}}) -> 0',
    'plain(word="word", large=18446744073709551615, m=OFF) -> 0',
    'many(modes=[ON, OFF], texts=["ON", "0xff"]) -> 0',
    'returned(m=ON) -> OFF',
]


def test_strings(t):
    """From the JSON; test_same.py has that the raw trace gives the same."""
    program = t.compile('strings.cc', 'strings', 'gcc', '-O0', ['-std=c++17'])
    t.record([program], options=['-q', '--args-only', 'whole,plain,many,returned'])
    out = t.run([t.calltrace, 'show', '--plain', t.path('trace')], check=True).out
    t.equal([line.strip() for line in out.splitlines() if re.match(r' *(whole|plain|many|returned)\(', line)], STRINGS)


TYPES = ['std::string', 'std::string_view', 'std::vector<int>', 'std::vector<bool>', 'std::deque<int>', 'std::span<int>',
         'std::span<int, 3>', 'std::weak_ptr<int>', 'std::shared_ptr<int>', 'std::unique_ptr<int>', 'std::optional<std::string>',
         'std::variant<int, std::string>', 'std::function<void()>', 'std::array<std::string, 3>', 'std::tuple<int, std::string>',
         'std::map<int, int>', 'std::mutex', 'std::bitset<99>', 'std::initializer_list<int>', 'std::chrono::seconds',
         'const char *', 'std::array<const char *, 4>']


def test_far_members(t):
    """What lies in a large structure, before and behind where copies of it end."""
    headers = ['array', 'bitset', 'chrono', 'deque', 'functional', 'map', 'memory', 'mutex', 'optional', 'span', 'string', 'tuple',
               'variant', 'vector']
    text = [f'#include <{name}>' for name in headers]
    calls = []
    for number, name in enumerate(TYPES):
        for pad in (1, 200, 232, 250, 400, 4000):
            it = f's{number}_{pad}'
            text += [f'struct {it} {{ char pad[{pad}]; {name} value; }};',
                     f'__attribute__((noinline)) int by_{it}(const {it} &a, {it} *b) {{ return a.pad[0] + b->pad[0]; }}',
                     f'__attribute__((noinline)) {it} *of_{it}({it} *a) {{ return a; }}']
            calls.append(f'{{ static char room[sizeof({it})]; {it} *p = of_{it}(({it} *) room); n += by_{it}(*p, p); }}')
    text.append('int main() { int n = 0; ' + '\n'.join(calls) + ' return n; }')
    t.write('far.cc', '\n'.join(text))
    program = t.compile('far.cc', 'far', 'gcc', '-O0', ['-std=c++20', '-finstrument-functions-exclude-file-list=/usr'])
    t.equal(t.run([t.calltrace, 'index', '--print', program]).status, 0, 'exit status')
    recording = t.record([program], options=['-q', '--args'])
    t.equal((recording.result.status, recording.result.err), (0, ''), 'the run')
    shown = t.run([t.calltrace, 'show', '--plain', t.path('trace')], check=True).out
    t.equal(len(re.findall(r'^ *by_s', shown, re.M)), 6 * len(TYPES), 'calls')
