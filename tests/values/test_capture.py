"""
Arguments: what the recorder wrote is what the functions themselves say they were given. The random programs of generate.py,
and a program of our own for pointers of all kinds, limits and the user's choice.
"""
import collections
import glob
import os
import re
import struct

from generate import Program
from harness import cases, pitfall
import raw
import recorded
from programs import linked  # beside the recorder's tests; recorded.py knows where


def record(t, argv, name, env=(), way='preload', module=None):
    """Runs it with values captured, and without us: both must say the same. Returns its calls, or those of a library of it."""
    module = module or argv[0]
    folder = t.path(name + '.traces')
    os.mkdir(folder)
    plain = t.run([*argv, 'plain'], {'CALLTRACE_ENABLED': 'false'})
    traced = t.run([*argv, 'told'], {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': folder + '/',
                                     'LD_PRELOAD': t.lib if way == 'preload' else None,
                                     'CALLTRACE_CAPTURE_ARGS': '1', **dict(env)})
    t.equal((traced.status, traced.out, traced.err), (plain.status, plain.out, plain.err), f'{name}: traced and untraced')
    index = t.path(name + '.ctidx')
    t.run([t.calltrace, 'index', '-o', index, module], check=True)
    path, = glob.glob(folder + '/*.ct')
    return recorded.calls(raw.Trace(path), recorded.Index(index), module), path


def read_told(path):
    """[(function, {parameter: bytes})], as they were entered."""
    with open(path, 'rb') as file:
        data = file.read()
    told = []
    for at in range(0, len(data), 40):
        _, which, low, high, _ = struct.unpack_from('<5Q', data, at)
        which, size = which & 0xffffffff, which >> 32
        if which >= 2000:
            told.append((f'f{which - 2000}', {}))
        else:
            told[-1][1]['this' if which == 1000 else f'p{which}'] = (low | high << 64).to_bytes(16, 'little')[:size]
    return told


def bare(name):
    return name.partition('(')[0].rpartition(':')[2]


def compare(calls, told):
    calls = [call for call in calls if bare(call.function)[0] == 'f' and call.arguments is not None]
    wrong, counts = [], collections.Counter()
    if [bare(call.function) for call in calls] != [name for name, _ in told]:
        return [f'{len(calls)} calls with arguments, {len(told)} say they were made'], counts
    for call, (name, values) in zip(calls, told):
        for parameter, _, how, data, _ in call.arguments:
            counts[how if call.hook.depth == 0 else 'inlined'] += 1
            said = values.get(parameter)
            if said is not None and how in recorded.AVAILABLE and data[:len(said)] != said[:len(data)]:
                wrong.append(f'{name}, {parameter}, {how}: {data.hex()}, it says {said.hex()}')
    return wrong, counts


@pitfall(38, 40)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'], cxx=[False, True])
def test_random_programs(t, compiler, level, cxx):
    for seed in range(10, 10 + t.times(1)):
        name = f'random{seed}'
        source = t.write(f'{name}.{"cc" if cxx else "c"}', Program(seed, cxx).text())
        program = t.compile([source, 'truth.c'], name, compiler, level, ['-w', '-I' + t.dir, '-DTRUTH_RECORDED'])
        calls, _ = record(t, [program], name)
        wrong, counts = compare(calls, read_told('told'))
        t.equal(wrong[:10], [], f'{name}: {len(wrong)} wrong')
        t.true(sum(counts.values()) > 300, f'{counts}')


@pitfall(37, 38, 39, 40, 44)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], way=['preload', 'link'])
def test_either_way(t, compiler, level, way):
    """Linked with the recorder, a program's values are as right; what it returns too."""
    source = t.write('random.c', Program(77, False).text())
    program = t.compile([source, 'truth.c'], 'random', compiler, level,
                        ['-w', '-I' + t.dir, '-DTRUTH_RECORDED', *linked(t, way)])
    calls, _ = record(t, [program], 'random', way=way)
    wrong, counts = compare(calls, read_told('told'))
    t.equal(wrong[:10], [], f'{len(wrong)} wrong')
    t.true(sum(counts.values()) > 300, f'{counts}')
    t.true(sum(call.result is not None and call.result[0] == 'plain' for call in calls) > 100, 'returned values')


# --- pointers, limits, choice: pointers.c ---

def pointers(t, what, env=(), compiler='gcc', level='-O1', way='preload'):
    program = t.compile('pointers.c', 'pointers', compiler, level, ['-pthread', '-w', *linked(t, way)])
    calls, path = record(t, [program, what], what, env, way)
    return calls, path


def shown(call):
    """'s=whole hello' and so on: the bytes behind pointers, or the value of what is none."""
    words = []
    for name, kind, how, data, blocks in call.arguments or []:
        if how not in recorded.AVAILABLE:
            words.append(f'{name}: {how} {data.hex()}'.strip())
        elif blocks:
            words.append(f'{name}: ' + ', '.join(f'{b.status} {b.data!r}' for b in blocks))
        else:
            words.append(f'{name}: {int.from_bytes(data, "little")}')
    return '; '.join(words)


def of(calls, function):
    return [shown(call) for call in calls if call.function == function]


TEXTS = ["s: whole b'a literal'", "s: whole b'on the stack'", "s: whole b'on the heap'", "s: whole b'mapped by malloc'",
         "s: whole b''", 's: 0', "s: bad b''", "s: bad b''", "s: bad b''", "s: part b'cut!!'", "s: bad b''", "s: bad b''",
         f"s: cut {b'l' * 128!r}", "s: whole b'\\x01\\xff\\xc3\\xa9'"]


@pitfall(42)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], way=['preload', 'link'], what=['texts', 'thread'])
def test_strings(t, compiler, level, way, what):
    calls, _ = pointers(t, what, compiler=compiler, level=level, way=way)
    t.equal(of(calls, 'text'), TEXTS, 'texts')


@pitfall(41, 43)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'], way=['preload', 'link'])
def test_pointees(t, compiler, level, way):
    calls, _ = pointers(t, 'others', compiler=compiler, level=level, way=way)
    one, two = (1234567890123).to_bytes(8, 'little'), (2).to_bytes(8, 'little')
    t.equal(of(calls, 'number'), [f'p: whole {one!r}', f'p: whole {(one + two)[1:9]!r}', "p: bad b''"], 'numbers')
    first, second = of(calls, 'person')
    t.true("whole b'Ada'" in first and "bad b''" in second, f'{first} {second}')
    by_name = {call.function: call for call in calls}
    t.equal({name: [repr(b) for b in blocks] for name, blocks in by_name['fill'].after.items()},
            {'to': ["whole b'xxxxx'"]}, 'fill: after')
    parse = by_name['parse']
    t.equal(parse.after['to'][0].data, (42).to_bytes(4, 'little'), 'parse: to, after')
    t.equal(parse.after['who'][0].data[8:12], (43).to_bytes(4, 'little'), 'parse: who, after')
    t.true(parse.result[1][:4] == (1).to_bytes(4, 'little'), 'parse: returned')
    returned = [[repr(b) for b in call.result[2]] for call in calls if call.function in ('name_of', 'bad_pointer')]
    t.equal(returned, [["whole b'one'"], [], ["bad b''"]], 'returned pointers')
    t.equal([repr(b) for b in by_name['make'].result[2]], ["whole b'Bob'"], 'string in a returned structure')


@pitfall(41)
def test_protected_memory(t):
    """A page of the program's own that mprotect() has taken away: the recorder must not load from it."""
    calls, _ = pointers(t, 'guarded')
    t.equal(of(calls, 'text'), ["s: whole b\"in a page of the program's\"", "s: bad b''",
                               "s: whole b\"in a page of the program's\""], 'texts')


@pitfall(41)
@cases(level=['-O0', '-O2'])
def test_memory_that_comes_and_goes(t, level):
    calls, _ = pointers(t, 'churn', level=level)
    found = collections.Counter(of(calls, 'text'))
    t.equal(found[f's: whole {b"h" * 100!r}'] >= 8000, True, f'{found.most_common(4)}')
    t.equal(sum(found.values()), 16000, 'calls')


@pitfall(43)
def test_limits(t):
    calls, _ = pointers(t, 'texts', {'CALLTRACE_STRING_LENGTH': '4'})
    t.equal(of(calls, 'text')[:3], ["s: cut b'a li'", "s: cut b'on t'", "s: cut b'on t'"], 'string length')
    os.rename(t.path('texts.traces'), t.path('once'))
    calls, _ = pointers(t, 'others', {'CALLTRACE_VALUE_DEPTH': '1'})
    t.lacks(of(calls, 'person')[0], 'Ada')
    os.rename(t.path('others.traces'), t.path('twice'))
    calls, _ = pointers(t, 'others', {'CALLTRACE_VALUE_DEPTH': '0'})
    t.lacks(of(calls, 'number')[0], 'whole')


def test_redaction(t):
    """The plain text is in no byte of the file; equal values are equal, others are not."""
    calls, path = pointers(t, 'secrets', {'CALLTRACE_REDACT': 'login:pass*,login:pin secret'})
    with open(path, 'rb') as file:
        data = file.read()
    for plain in (b'xyzzy-plugh', b'plugh', b'other-word', (0x1122334455667788).to_bytes(8, 'little'),
                  (0x1122334455667788 * 7 % 2**64).to_bytes(8, 'little')):
        t.true(plain not in data, f'{plain} is in the trace')
    t.true(b'alice' in data, 'what is not redacted is there')
    found = [[(name, how, value) for name, _, how, value, _ in call.arguments] for call in calls if call.function == 'login']
    t.equal([[how for _, how, _ in call] for call in found], 3 * [['plain', 'redacted', 'redacted']], 'how')
    t.true(found[0][1] == found[1][1] and found[0][1] != found[2][1], 'equal passwords')
    t.true(found[0][2] == found[1][2] and found[0][2] != found[2][2], 'equal numbers')
    secrets = [call for call in calls if call.function == 'secret']
    t.equal([call.result[0] for call in secrets], ['redacted', 'redacted'], 'returned')
    t.equal(secrets[0].result, secrets[1].result, 'returned')


def test_redaction_by_key(t):
    hashes = []
    for number, key in enumerate(['0' * 31 + '1', '0' * 31 + '1', '0' * 31 + '2']):
        calls, _ = pointers(t, 'secrets', {'CALLTRACE_REDACT': 'login:password', 'CALLTRACE_REDACT_KEY': key})
        hashes.append([call.arguments[1][3] for call in calls if call.function == 'login'])
        os.rename(t.path('secrets.traces'), t.path(f'run{number}'))
    t.equal(hashes[0], hashes[1], 'with one key')
    t.true(hashes[0] != hashes[2], 'with another key')


@cases(env=[{'CALLTRACE_ARGS_ONLY': 'log*:user'}, {'CALLTRACE_ARGS_EXCEPT': 'login:p*,secret'}])
def test_choice(t, env):
    calls, _ = pointers(t, 'secrets', env)
    found = [[(name, how) for name, _, how, _, _ in call.arguments] for call in calls if call.function == 'login']
    t.equal(found, 3 * [[('user', 'plain'), ('password', 'excluded'), ('pin', 'excluded')]], 'login')
    t.equal([call.arguments for call in calls if call.function == 'secret'], [None, None], 'secret')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_api(t, compiler, level):
    program = t.path('choices')
    t.run([compiler, level, '-g', '-w', '-finstrument-functions', '-I' + t.root + '/include', t.source('choices.c'), '-o', program,
           '-L' + t.build, '-lcalltrace', '-Wl,-rpath,' + t.build], check=True)
    os.mkdir('traces')
    result = t.run([program], {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': t.path('traces/')}, check=True)
    t.equal(result.out, '0\n1\n1\n', 'said')
    t.run([t.calltrace, 'index', '-o', 'choices.ctidx', program], check=True)
    path, = glob.glob('traces/*.ct')
    found = {}
    for call in recorded.calls(raw.Trace(path), recorded.Index('choices.ctidx'), program):
        arguments = {name: how if how not in recorded.AVAILABLE else int.from_bytes(data, 'little')
                     for name, _, how, data, _ in call.arguments or []}
        how, data, _ = call.result or (None, b'', [])
        found.setdefault(call.function, []).append((arguments, int.from_bytes(data, 'little') if how == 'plain' else how))
    redacted = found['f'][5][1]
    t.equal(found['f'], [({}, None), ({'n': 2, 'm': 0}, 20), ({'n': 3, 'm': 'excluded'}, 30),
                        ({'n': 'excluded', 'm': 'excluded'}, 40), ({'n': 'redacted', 'm': 0}, 50),
                        ({'n': 'redacted', 'm': 1}, redacted), ({}, None), ({}, None), ({'n': 8, 'm': 1}, 81), ({'n': 11, 'm': 0}, 110)], 'f')
    t.equal(redacted, 51, 'f')
    t.equal((found['inside'], found['around']), ([({'n': 6}, 62)], [({}, None)]), 'switched within')
    t.equal((found['switch_off'], found['switch_on']), ([({'n': 9}, None)], [({}, None)]), 'begun and ended differently')


@pitfall(32)
def test_plug_in_in_anothers_place(t):
    """What is loaded to where a library was unloaded is read by its own plans."""
    folder = os.path.join(t.root, 'tests/recorder/')
    t.compile([folder + 'plugin.c'], 'liblibrary.so', 'gcc', '-O0', ['-DLIBRARY'], shared=True)
    for name in ('one', 'two'):
        t.compile([folder + 'plugin.c'], f'{name}.so', 'gcc', '-O0', ['-DNAME=' + name], shared=True)
    host = t.compile([folder + 'host.c'], 'host', 'gcc', '-O0', ['-L' + t.tmp, '-Wl,-rpath,' + t.tmp, '-llibrary', '-ldl'])
    for library in ('one.so', 'two.so'):
        t.run([t.calltrace, 'index', '-q', library], check=True)
    recording = t.record([host, '-./one.so', '-./two.so'], options=['-q', '--args'])
    trace, = (t.json(path) for path in recording.traces)

    def walk(calls):
        for call in calls:
            yield call
            yield from walk(call['children'])
    found = [call.get('arguments', [{}])[0].get('value') for tree in trace['call_trees'].values()
             for call in walk(tree['calls']) if call['function'] in ('one', 'two')]
    t.equal(found, [101, 102], 'arguments')


# --- as shown ---

def lines(t, source, compiler, level, flags=(), instrument=True):
    program = t.compile(source, 'program', compiler, level, ['-w', '-g', *flags], instrument=instrument)
    t.record([program], options=['--args'])
    return t.run([t.calltrace, 'show', '--plain', t.path('trace')], check=True).out


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_unused_parameters(t, compiler, level):
    """clang's callers pass anything for a parameter that is not used, and the debug information does not say."""
    right = {'unused': '3', 'also': '5', 'stacked': '7', 'a': '1', 'b': '2', 'c': ('4', '33'), 'f': '6', 's2': '8'}
    out = lines(t, 'unused.c', compiler, level)
    for name, value in re.findall(r'(\w+)=([^,)]+)', out):
        t.true(value == '?' or value in right[name], f'{name}={value}')
    t.contains(out, 's2=8')


@cases(compiler=['gcc', 'clang'])
def test_flag_sets(t, compiler):
    out = lines(t, 'enums.c', compiler, '-O0')
    t.contains(out, 'modes(a=READ|WRITE, b=WRITE, c=0)')
    t.contains(out, 'counted(a=3, b=5)')
    t.contains(out, 'opens(a=APPEND|0x1, b=BOTH)')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O1', '-O2', '-O3'])
def test_aligned_frames(t, compiler, level):
    right = {'a': '1', 'd': '1.5', 'e': '2', 's': '"s"', 'f': '3', 'g': '4', 'h': '5', 'i': '6'}
    out = lines(t, 'aligned.c', compiler, level)
    for name, value in re.findall(r'(\w+)=([^,)]+)', out):
        t.true(value == right[name] or (level != '-O0' and value == '?'), f'{name}={value}')
    t.contains(out, 'i=6')


@pitfall(7)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_coroutines(t, compiler, level):
    late = ['-finstrument-functions-after-inlining'] if compiler == 'clang' else []  # its pieces have hooks only then
    out = lines(t, 'coroutine.cc', compiler, level, ['-std=c++20', *late], instrument=not late)
    if level == '-O0':
        t.contains(out, 'count(n=3, step=7)')
    for name, value in re.findall(r'\b(n|step)=([^,)]+)', out):
        t.true(value in ('?', {'n': '3', 'step': '7'}[name]), f'{name}={value}')


@cases(compiler=['gcc', 'clang'])
def test_integers_beyond_doubles(t, compiler):
    out = lines(t, 'numbers.c', compiler, '-O0')
    t.contains(out, 'numbers(p=144115192898386692, s={big=18446744073709551615, small=-9007199254740993, '
                    'name="9007199254740992"}, t="12", u="007")')


@pitfall(36)
@cases(compiler=['gcc', 'clang'], level=['-O1', '-O2', '-O3'])
def test_clones(t, compiler, level):
    right = {'a': '1', 'b': '2', 'c': '3', 'd': '4', 'e': '5', 'f': '6', 'g': ('7', '71'), 'h': "'h'", 'i': ('-9', '-10', '201'),
             'n': ('NULL', '-10')}
    out = lines(t, 'clone.c', compiler, level, ['-fipa-cp-clone'] if compiler == 'gcc' else [])
    for name, value in re.findall(r'\b([a-in])=([^,)]+)', out):
        t.true(value == '?' or value in right[name], f'{name}={value} in {out}')
