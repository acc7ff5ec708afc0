"""
Values: at each enter hook that a run reaches, parameters as gdb shows them against the capture plans; all exit hooks at
which the recorder exchanges the return address, against the ways that objdump shows; and how much there is of what is recorded.
"""
import glob
import os
import sys

from harness import CXX, cases, slow, timeout

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), folder) for folder in ('values', 'index')]
from ctidx import Index  # noqa: E402
import exit_paths  # noqa: E402
import oracle  # noqa: E402
import recorded  # noqa: E402
import raw  # noqa: E402

NEEDS = {'lua': ('debian', 'lua5.4'), 'cjson': ('debian', 'cjson'), 'zlib': ('debian', 'zlib'), 'jsoncpp': ('debian', 'libjsoncpp')}
SCRIPT = '''
local t = {}
for i = 1, 50 do t[i] = tostring(i * 1.5) .. ("%d"):format(i) end
table.sort(t)
print(#table.concat(t, ","):gsub("%d+", function(x) return x + 1 end), pcall(error, {}), load("return 1 + 2 * 3 // 4 ~ 5")())
local co = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end)
for i = 1, 9 do co() end
print(string.pack("i4z", 12, "abc"), utf8.char(228, 8364))
'''


def lua(t):
    t.write('script.lua', SCRIPT)
    folder = t.needs['lua'] + '/src'
    return ([path for path in sorted(glob.glob(folder + '/*.c')) if os.path.basename(path) != 'luac.c'],
            ['-DLUA_USE_POSIX', '-lm'], ['script.lua'], .99)


def cjson(t):
    return [f'{t.needs["cjson"]}/{name}.c' for name in ('cJSON', 'cJSON_Utils', 'test')], ['-lm'], [], .99


def zlib(t):
    folder = t.needs['zlib']
    return [*sorted(glob.glob(folder + '/*.c')), folder + '/test/example.c'], ['-I' + folder, '-D_GNU_SOURCE', '-DHAVE_UNISTD_H'], [], .99


def jsoncpp(t):
    t.write('x.json', '{"a": [1, 2.5, "x", null, true], "b": {"c": -7}}')
    folder = t.needs['jsoncpp']
    return ([*sorted(glob.glob(folder + '/src/lib_json/*.cpp')), folder + '/src/jsontestrunner/main.cpp'],
            # clang inlines what libstdc++ does not export, and gives the hooks its address nevertheless
            [f'-I{folder}/include', '-Wl,--unresolved-symbols=ignore-all'], ['x.json'], .85)


def build(t, program, compiler, level):
    sources, flags, argv, least = globals()[program](t)
    binary = t.path(program)
    t.run([CXX[compiler] if sources[0].endswith('.cpp') else compiler, level, '-g', '-w', '-finstrument-functions', *sources, *flags,
           '-o', binary], timeout=250, check=True)
    return binary, argv, least


def check(t, program, compiler, level, stops=150):
    binary, argv, least = build(t, program, compiler, level)
    least -= .005 if level == '-O3' else 0
    at = 'statement' if (compiler, level) == ('clang', '-O0') else 'call'
    counts, wrong = oracle.ask(t, binary, argv, at, 2, stops, 200)
    t.equal(wrong, [], 'differences from gdb')
    t.true(counts.get('calls', 0) >= 20, f'few calls: {counts}')
    index = Index(binary + '.ctidx')
    wrong, exits = exit_paths.wrong_exits(binary, index)
    t.equal(wrong, [], 'exit hooks')
    t.true(exits['plain'] + exits['tail'] > exits['unknown'] + exits['empty'], f'exit hooks: {exits}')
    args = [arg.how for hook in index.hooks if hook.plan and hook.depth == 0 for arg in hook.plan.args]
    share = sum(how in ('plain', 'entry', 'constant', 'computed', 'caller') for how in args) / len(args)
    t.true(share >= least, f'{share:.4f} of {len(args)} parameters are available')


@cases(case=['lua gcc -O2', 'lua clang -O2', 'cjson gcc -O0', 'cjson clang -O3', 'zlib gcc -O3', 'zlib clang -O0', 'jsoncpp gcc -O2'])
def test_values(t, case):
    check(t, *case.split())


@cases(case=['lua gcc -O2', 'lua clang -O3', 'jsoncpp gcc -O2'])
def test_callers(t, case):
    """What the index says of call sites is what they pass."""
    program, compiler, level = case.split()
    binary, argv, _ = build(t, program, compiler, level)
    counts, wrong = oracle.ask(t, binary, argv, script='gdb_callers.py', hits=50)
    t.equal(wrong, [], 'differences from what was passed')
    t.true(counts.get('equal', 0) >= 5 and counts.get('kept', 0) >= 5, f'few values: {counts}')


# Of the arguments that calls of functions which are not inlined were given, and of the parameters of the functions that were called.
CALLED = {'lua gcc -O0': (1, 1), 'lua gcc -O2': (.975, .99), 'lua clang -O2': (.975, .99), 'zlib gcc -O2': (.97, .99), 'cjson clang -O2': (1, 1),
          'jsoncpp gcc -O0': (1, 1), 'jsoncpp gcc -O2': (.995, .98)}


@cases(case=list(CALLED))
def test_calls(t, case):
    """How much there is of what a run's calls were given: docs/values.md has the table."""
    binary, argv, _ = build(t, *case.split())
    t.run([t.calltrace, 'index', '-o', binary + '.ctidx', binary], check=True)
    os.mkdir(t.path('traces'))
    t.run([binary, *argv], {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': t.path('traces') + '/', 'LD_PRELOAD': t.lib, 'CALLTRACE_CAPTURE_ARGS': '1'})
    path, = glob.glob(t.path('traces') + '/*.ct')
    there, known = [], {}
    for call in recorded.calls(raw.Trace(path), Index(binary + '.ctidx'), binary):
        for number, (_, _, how, _, _) in enumerate(call.arguments or [] if call.hook.depth == 0 else []):
            there.append(how in recorded.AVAILABLE)
            known[call.hook.address, number] = known.get((call.hook.address, number), True) and there[-1]
    calls, parameters = (sum(values) / len(values) for values in (there, known.values()))
    found = f'of {len(there)} arguments {calls:.4f}, of {len(known)} parameters {parameters:.4f}'
    t.true(len(there) > 2000 and calls >= CALLED[case][0] and parameters >= CALLED[case][1], found)
    print(found)


@slow
@timeout(600)
@cases(program=['lua', 'cjson', 'zlib', 'jsoncpp'], compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_values_again(t, program, compiler, level):
    check(t, program, compiler, level, 2000)
