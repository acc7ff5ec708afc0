"""
The index, against objdump and against what the hooks are given: every call instruction of every instrumented function of
programs of some size, and every hook that a run of them reaches.
"""
import glob
import os
import sys

from harness import CXX, cases, slow, timeout

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'index'))
import witnesses  # noqa: E402

NEEDS = {'lua': ('debian', 'lua5.4'), 'cjson': ('debian', 'cjson'), 'zlib': ('debian', 'zlib'), 'googletest': ('debian', 'googletest')}
SCRIPT = '''
local t = {}
for i = 1, 500 do t[i] = tostring(i * 1.5) .. ("%d"):format(i) end
table.sort(t)
print(#table.concat(t, ","):gsub("%d+", function(x) return x + 1 end), pcall(error, {}), load("return 1 + 2 * 3 // 4 ~ 5")())
local co = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end)
for i = 1, 9 do co() end
print(string.pack("i4z", 12, "abc"), utf8.char(228, 8364), setmetatable({}, { __index = function(_, k) return k end }).x)
collectgarbage("generational")
collectgarbage("incremental")
print(#string.dump(function() return 1 end), debug.traceback("x"), table.unpack { 1, 2, 3 })
'''


def lua(t):
    t.write('script.lua', SCRIPT)
    folder = t.needs['lua'] + '/src'
    sources = [path for path in sorted(glob.glob(folder + '/*.c')) if os.path.basename(path) != 'luac.c']
    return sources, ['-DLUA_USE_POSIX', '-lm'], ['script.lua'], 5000


def cjson(t):
    return [f'{t.needs["cjson"]}/{name}.c' for name in ('cJSON', 'cJSON_Utils', 'test')], ['-lm'], [], 700


def zlib(t):
    folder = t.needs['zlib']
    return ([*sorted(glob.glob(folder + '/*.c')), folder + '/test/example.c'],
            ['-I' + folder, '-D_GNU_SOURCE', '-DHAVE_UNISTD_H', '-w'], [], 800)


def googletest(t):
    folder = t.needs['googletest'] + '/googletest'
    return ([f'{folder}/{name}.cc' for name in ('src/gtest-all', 'src/gtest_main', 'test/googletest-filepath-test', 'test/gtest_prod_test',
                                                'test/production')], [f'-I{folder}/include', f'-I{folder}', '-pthread', '-w'],
            ['--gtest_filter=-*Directory*'], 15000)


def check(t, program, compiler, level):
    sources, flags, argv, least = program(t)
    binary = t.path(program.__name__)
    driver = CXX[compiler] if sources[0].endswith('.cc') else compiler
    t.run([driver, level, '-g', '-finstrument-functions', *sources, *flags, '-o', binary], timeout=600, check=True)
    index = witnesses.index_of(t, binary)
    differences, calls = witnesses.against_objdump(binary, index)
    t.equal(differences, [], 'differences from objdump')
    t.true(calls >= least, f'{calls} calls were compared')
    differences, counts = witnesses.against_run(t, binary, index, argv)
    t.equal(differences, [], 'differences from a run')
    t.true(counts['joined'] * 20 <= counts['exit'], f'exit hooks that serve several functions: {counts}')


@cases(program=['lua', 'cjson', 'zlib'], compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_calls(t, program, compiler, level):
    check(t, globals()[program], compiler, level)


@slow
@timeout(900)
@cases(level=['-O0', '-O2'])
def test_calls_of_cxx(t, level):
    check(t, googletest, 'gcc', level)
