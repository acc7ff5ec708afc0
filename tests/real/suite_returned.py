"""
Values captured in programs that nobody here wrote, against gdb, which sees the same program without the recorder: what
functions return (gdb's `finish`), call by call. Equal, or said to be unavailable; never anything else.
"""
import collections
import glob
import json
import os
import shutil
import sys

import suite_lua
import traced
from harness import Skip, cases, slow, timeout

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'values'))
import recorded  # noqa: E402
from recorded import raw  # noqa: E402

NEEDS = {'lua': ('debian', 'lua5.4'), 'lpeg': ('debian', 'lua-lpeg'), 'cjson': ('debian', 'cjson'), 'zlib': ('debian', 'zlib'),
         'jsoncpp': ('debian', 'libjsoncpp')}
CALLS = 6  # of each function
RANDOM = {'rotl', 'nextrand'}  # Lua's generator begins with the time
ABOVE = 0x7f0000000000  # stacks and mappings lie elsewhere in the two runs
JSONCPP = '''
#include <json/json.h>
#include <iostream>
int main() {
	Json::Value root; std::string errors; Json::CharReaderBuilder builder;
	std::string text = "{\\"a\\": [1, 2.5, true, null, \\"x\\"], \\"b\\": {\\"c\\": -7}}";
	std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
	bool ok = reader->parse(text.data(), text.data() + text.size(), &root, &errors);
	root["d"] = 42; root["e"].append("y"); root["a"][1] = "z";
	for (const auto &name : root.getMemberNames()) ok = ok && root.isMember(name);
	std::cout << ok << root["a"].size() << root.get("b", 1)["c"].asInt() << root["d"].asString() << root << std::endl;
	Json::StreamWriterBuilder writer; std::string out = Json::writeString(writer, root);
	return out.size() > 40 && root["a"][0].asInt() == 1 ? 0 : 1;
}
'''


def programs(t, compiler, level):
    """(binary, arguments)"""
    t.write('script.lua', suite_lua.SCRIPT)
    yield suite_lua.build(t, 'lua', compiler, level), ['script.lua']
    folder = t.needs['cjson']
    yield traced.build(t, 'json_patch', [folder + '/tests/parse_examples.c', folder + '/tests/unity/src/unity.c'], compiler, level,
                       [f'-I{folder}', f'-I{folder}/tests', f'-I{folder}/tests/unity/src', '-lm']), []
    folder = t.needs['zlib']
    yield traced.build(t, 'example', [folder + '/test/example.c', *sorted(glob.glob(folder + '/*.c'))], compiler, level,
                       ['-I' + folder, '-DHAVE_UNISTD_H', '-D_LARGEFILE64_SOURCE=1']), ['data.gz']
    folder = t.needs['jsoncpp']
    if compiler == 'gcc':  # clang's hooks in libstdc++'s inline functions do not link
        t.write('main.cc', JSONCPP)
        yield traced.build(t, 'jsoncpp', [t.path('main.cc'), *sorted(glob.glob(folder + '/src/lib_json/*.cpp'))], compiler, level,
                           ['-I' + folder + '/include', '-I' + folder + '/src/lib_json']), []


def record(t, argv, name):
    """Recorded without address randomisation, as gdb runs it. Its out-of-line calls, by address, as they began."""
    folder = t.path(name + '.traces')
    os.mkdir(folder)
    env = {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': folder + '/', 'LD_PRELOAD': t.lib, 'CALLTRACE_CAPTURE_ARGS': '1'}
    t.run(['setarch', '-R', *argv], env)
    index = t.path(name + '.ctidx')
    t.run([t.calltrace, 'index', '-o', index, argv[0]], check=True)
    trace = raw.Trace(next(path for path in glob.glob(folder + '/*.ct') if argv[0] in path or True))
    t.equal(trace.lost, {}, 'lost')
    by_address = collections.defaultdict(list)
    for call in recorded.calls(trace, recorded.Index(index), argv[0]):
        if call.hook.depth == 0 and call.plan is not None:
            by_address[call.hook.outer.address].append(call)
    return by_address


def gdb_returns(t, argv, addresses):
    t.write('addresses', ''.join(f'{address:x}\n' for address in addresses))
    env = {'RETURNS_ADDRESSES': t.path('addresses'), 'RETURNS_OUT': t.path('returns.json'), 'RETURNS_CALLS': str(CALLS),
           'RETURNS_PRELOAD': t.lib}
    t.run(['gdb', '-batch', '-nx', '-x', os.path.join(t.root, 'tests/values/gdb_returns.py'), '--args', *argv], env, timeout=250)
    found = t.json('returns.json')
    t.equal(found.pop('error', None), None, 'gdb')
    return {int(address): {int(n): data for n, data in calls.items()} for address, calls in found.items()}


def ours(call):
    """The returned bytes; None and why."""
    if call.result is None or call.result[0] != 'plain':
        return None, call.result[0] if call.result else 'not returned'
    _, data, blocks = call.result
    if call.plan.parts[:1] == ['memory']:
        return (blocks[0].data if blocks else b''), 'plain'
    return data, 'plain'


def is_moved(mine, theirs):
    """Words that point into a stack or a mapping, which lies elsewhere when gdb runs the program."""
    words = [(int.from_bytes(a[i:i + 8], 'little'), int.from_bytes(b[i:i + 8], 'little'))
             for a, b in [(mine, theirs)] for i in range(0, len(theirs), 8)]
    return all(a == b or (ABOVE <= a < ABOVE + (1 << 40) and ABOVE <= b < ABOVE + (1 << 40)) for a, b in words)


def compare(by_address, theirs):
    counts, wrong = collections.Counter(), []
    for address, calls in theirs.items():
        for number, data in calls.items():
            if number >= len(by_address[address]):
                counts['not recorded'] += 1
                continue
            call = by_address[address][number]
            mine, how = ours(call)
            if call.function in RANDOM:
                continue
            if isinstance(data, dict):
                counts['gdb cannot'] += 1
            elif mine is None:
                counts[how] += 1
            else:
                value, mask = bytes.fromhex(data[0]), bytes.fromhex(data[1])
                mine = bytes(a & m for a, m in zip(mine, mask))
                value = bytes(a & m for a, m in zip(value, mask))[:len(mine)]
                counts['equal' if mine == value else 'moved' if is_moved(mine, value) else 'DIFFERENT'] += 1
                if mine != value and not is_moved(mine, value):
                    wrong.append(f'{call.function}, call {number}, {call.plan.return_type.name}: {mine.hex()}, gdb {value.hex()}')
    return counts, wrong


def check(t, compiler, level):
    if not (shutil.which('gdb') and shutil.which('setarch')):
        raise Skip('gdb or setarch is not installed')
    for binary, arguments in programs(t, compiler, level):
        name = os.path.basename(binary)
        by_address = record(t, [binary, *arguments], name)
        theirs = gdb_returns(t, [binary, *arguments], sorted(a for a in by_address if a))
        counts, wrong = compare(by_address, theirs)
        t.equal(wrong[:20], [], f'{name} {compiler} {level}: {dict(counts)}')
        t.true(counts['equal'] > 30, f'{name} {compiler} {level}: only {dict(counts)}')
        print(f'{name:12} {compiler:6} {level}  {json.dumps(dict(counts))}')


@timeout(600)
@cases(case=['gcc -O0', 'gcc -O2', 'clang -O2'])
def test_returned(t, case):
    check(t, *case.split())


@slow
@timeout(600)
@cases(case=['clang -O0', 'gcc -O1', 'clang -O1', 'gcc -O3', 'clang -O3'])
def test_returned_again(t, case):
    check(t, *case.split())
