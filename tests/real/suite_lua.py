"""
Lua, the interpreter, with LPeg, a C library for it: recursion, callbacks both ways, longjmp; and LPeg's own tests, which
are written in Lua.
"""
import glob
import os

import oracles
import traced
from harness import cases, slow, timeout

NEEDS = {'lua': ('debian', 'lua5.4'), 'lpeg': ('debian', 'lua-lpeg')}
SCRIPT = '''
local lpeg = require "lpeg"
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
assert(fib(12) == 144)
local words = {}
for word in ("the quick brown fox jumps"):gmatch("%a+") do words[#words + 1] = word end
table.sort(words, function(a, b) return a < b end)
assert(table.concat(words, " ") == "brown fox jumps quick the")
for i = 1, 5 do assert(not pcall(error, { i })) end
local co = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end)
for i = 1, 5 do assert(co() == i) end
assert(lpeg.match(lpeg.R("az") ^ 1 / string.upper, "abc") == "ABC")
print(string.format("%5.2f %q", math.pi, "x"), #words, select("#", table.unpack(words)))
'''


def build(t, output, compiler, level='-O0', flags=(), **options):
    """lua, with lpeg in it."""
    lua, lpeg = t.needs['lua'] + '/src', t.needs['lpeg']
    sources = [path for path in sorted(glob.glob(lua + '/*.c')) if os.path.basename(path) not in ('luac.c', 'lua.c', 'linit.c')]
    with open(lua + '/linit.c') as file:  # the list of libraries that are there from the start
        t.write('libraries.c', file.read().replace('{LUA_COLIBNAME', '{"lpeg", luaopen_lpeg},\n  {LUA_COLIBNAME').replace(
            '#include "lauxlib.h"', '#include "lauxlib.h"\nint luaopen_lpeg(lua_State *);'))
    return traced.build(t, output, [*sources, lua + '/lua.c', t.path('libraries.c'), *sorted(glob.glob(lpeg + '/*.c'))],
                        compiler, level, [*flags, '-DLUA_USE_POSIX', '-Dluai_makeseed(L)=1', '-DLUA_COMPAT_5_3', f'-I{lua}', f'-I{lpeg}', '-lm'],
                        **options)


def run_suite(t, compiler, level):
    binary = build(t, 'lua', compiler, level)
    t.write('script.lua', SCRIPT)
    first = traced.both(t, [binary, 'script.lua'])
    traced.equal_runs(t, first, traced.record(t, [binary, 'script.lua'], 'again'))
    report = traced.check_report(t, 'trace')
    t.true(report['totals']['functions']['covered'] > 350, f'covered: {report["totals"]}')


@cases(compiler=['gcc'], level=['-O2'])
def test_suite(t, compiler, level):
    run_suite(t, compiler, level)


@slow
@cases(case=['gcc -O0', 'clang -O0', 'clang -O2'])
def test_suite_again(t, case):
    run_suite(t, *case.split())


@slow
@timeout(600)
@cases(compiler=['gcc', 'clang'])
def test_of_lpeg(t, compiler):
    """A trace of 86 million calls."""
    binary = build(t, 'lua', compiler, '-O2')
    os.chdir(t.needs['lpeg'])
    recording = traced.both(t, [binary, 'test.lua'], t.path('lpeg'), options=['--max-depth=12', '--compact'], timeout=300)
    t.contains(recording.result.out, 'OK')
    os.chdir(t.tmp)
    t.true(traced.check_report(t, 'lpeg')['calls'] > 1000000, 'calls')


@cases(compiler=['gcc', 'clang'])
def test_oracles(t, compiler):
    t.write('script.lua', SCRIPT)
    binary = build(t, 'lua', compiler)
    recording = traced.record(t, [binary, 'script.lua'])
    ours = oracles.Ours(t, [t.json(recording.traces[0])], [binary])
    plain = build(t, 'plain', compiler, flags=['-gdwarf-4'], instrument=False)
    oracles.compare(t, ours, oracles.Callgrind(t, plain, ['script.lua'], ours.functions))
