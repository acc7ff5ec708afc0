"""
The assertions of <criterion/calltrace.h>, and all that Criterion says of them: NAME.expected has it, word for word.
CT_UPDATE=1 tests/run.py --filter assert writes these files anew; then read the diff.
"""
import json
import os
import re
import xml.etree.ElementTree

from harness import CXX, cases

STATIC = ('-Wl,-Bstatic -lcriterion -Wl,-Bdynamic -lprotobuf-nanopb -lboxfort -lnanomsg -lffi -lgit2 '
          '-lpthread -lrt -lm -lanl')


def build(t, sources, output='suite', compiler='gcc', level='-O0', seam='linked', flags=(), hooks='-finstrument-functions'):
    """As pkg-config says ('linked'); with a static libcriterion; or without --wrap, to be preloaded."""
    objects = []
    for name in sources:
        objects.append(t.path(name + '.o'))
        t.run([CXX[compiler] if name.endswith('.cc') else compiler, level, '-g', '-Wall', '-Wextra', *flags,
               hooks, '-I' + t.root + '/criterion-ext/include', '-I' + t.dir, '-c', name, '-o',
               objects[-1]], check=True)
    words = t.run(['pkg-config', '--define-variable=libdir=' + t.build, '--libs', 'calltrace-criterion'],
                  {'PKG_CONFIG_PATH': t.build}, check=True).out.split()
    if seam == 'static':
        words = [word for word in words if word != '-lcriterion'] + STATIC.split()
    if seam == 'preload':
        words = [t.ext, '-lcriterion']
    cxx = any(name.endswith('.cc') for name in sources)
    t.run([CXX[compiler] if cxx else compiler, '-o', t.path(output), *objects, '-Wl,-rpath,' + t.build, *words], check=True)
    return t.path(output)


def local(t, *names):
    """Sources are compiled by their bare names, which stand in messages."""
    for name in names:
        os.symlink(os.path.join(t.dir, name), name)
    return list(names)


def plain(text):
    text = re.sub(r'\(\d+\.\d\ds\)', '(0.00s)', text)
    return re.sub(r'0x[0-9a-f]{6,}', '0x...', text)


def golden(t, name, found):
    path = os.path.join(t.dir, name)
    if os.environ.get('CT_UPDATE'):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(found)
    with open(path, encoding='utf-8') as file:
        t.equal(found, file.read(), name)


@cases(language=['c', 'cc'])
def test_messages(t, language):
    local(t, 'messages.c')
    sources = ['subject.' + language, 'messages.' + language]
    if language == 'cc':
        t.write('subject.cc', f'#include "{t.dir}/subject.c"\n')
        local(t, 'messages.cc')
    else:
        local(t, *sources[:1])
    program = build(t, sources)
    result = t.run([program, '-j1'])
    golden(t, f'messages.{language}.expected', plain(t.neutral(result.err)))
    t.equal(result.status, 1, 'exit status')


def of_any_compiler(text):
    """Which line a call of several lines is of, and how a type is spelt, is the compiler's choice."""
    text = re.sub(r'(?m)^(\[----\] \w+\.c:)\d+(: Assertion Failed)', r'\1LINE\2', text)
    return text.replace('short unsigned int', 'unsigned short')


def test_messages_of_clang(t):
    """Its code and its debug information are others, what is said is the same."""
    program = build(t, local(t, 'messages.c', 'subject.c')[::-1], compiler='clang')
    result = t.run([program, '-j1'])
    with open(os.path.join(t.dir, 'messages.c.expected'), encoding='utf-8') as file:
        t.equal(of_any_compiler(plain(t.neutral(result.err))), of_any_compiler(file.read()), 'messages of clang')


@cases(compiler=['gcc', 'clang'], language=['c', 'cc'])
def test_dialects(t, compiler, language):
    """The header, in either order with Criterion's, and without a warning."""
    cxx = language == 'cc'
    for standard in ['c++11', 'c++17', 'c++20'] if cxx else ['c11', 'c17', 'c2x']:
        for name in ['dialects.c', 'dialects.cc'] if cxx else ['dialects.c']:
            t.run([CXX[compiler] if cxx else compiler, '-x', 'c++' if cxx else 'c', '-std=' + standard, '-Wall', '-Wextra',
                   '-pedantic', '-Werror', '-fsyntax-only', '-I' + t.root + '/criterion-ext/include',
                   os.path.join(t.dir, name)], check=True)


@cases(language=['c', 'cc'])
def test_new_asserts(t, language):
    for name in ('subject', 'new_asserts'):
        t.write(f'{name}.{language}', f'#include "{t.dir}/{name}.c"\n')
    program = build(t, ['subject.' + language, 'new_asserts.' + language], flags=['-Wno-missing-field-initializers'])
    result = t.run([program])
    t.equal(result.status, 0, str(result))


@cases(seam=['linked', 'static', 'preload'], compiler=['gcc', 'clang'])
def test_ways_to_link(t, seam, compiler):
    if (seam, compiler) in (('static', 'clang'), ('preload', 'clang')):
        t.skip('the linker does the same')
    program = build(t, local(t, 'subject.c', 'messages.c'), seam=seam, compiler=compiler)
    argv = [program, '--filter', 'met/*', '--xml=' + t.path('report')]
    if seam == 'preload':
        argv = [t.calltrace, 'run', '-q', '-o', 'traces', '--', *argv]
    result = t.run(argv)
    t.equal(result.status, 0, str(result))
    cases_found = list(case for case in xml.etree.ElementTree.parse(t.path('report')).getroot().iter('testcase')
                       if case.get('status') == 'PASSED')
    t.equal(len(cases_found), 30, 'tests')
    wrong = [case.get('name') for case in cases_found if int(case.get('assertions')) < 2]
    t.equal(wrong, [], 'tests whose assertions were not counted')


def test_surroundings(t):
    program = build(t, local(t, 'surroundings.c'))
    result = t.run([program])
    t.contains(result.err, 'Tested: 15 | Passing: 12 | Failing: 3 | Crashing: 0', str(result))
    for part in ("asserted on another thread than the test's, which goes on",
                 'surroundings.c:111: no assertion can be made in a forked child', 'step was called 2 times, expected exactly 7'):
        t.contains(result.err, part)


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_coroutines(t, compiler, level):
    """In the test, and on its saved trace, raw and JSON."""
    program = build(t, local(t, 'coroutines.c'), compiler=compiler, level=level)
    recording = t.record([program], options=['-q', '--args', '--keep-raw'])
    t.contains(recording.result.err, 'Tested: 3 | Passing: 2 | Failing: 1 | Crashing: 0', str(recording.result))
    t.equal(recording.result.err.count('Assertion Failed'), 1, str(recording.result))
    t.contains(recording.result.err, 'it goes on there')
    t.write('coroutines.expect', '''
test coroutines::each_call_once
    count produce 3
    count item 6
    count item from produce 6
    count item within coroutine 6
    count item(102) 1
end
test coroutines::returned
    always produce -> >= 200
    count produce(1) -> 204 1
    never produce -> 100
end
test coroutines::recursion
    count descend -> _ 8
    count descend(2) -> 3 2
end
''')
    for kind in '.json', '.ct':
        paths = [trace[:-len('.json')] + kind for trace in recording.traces if 'coroutines.' in trace]
        result = t.run([t.calltrace, 'check', '-e', 'coroutines.expect', *paths])
        t.equal(result.status, 0, str(result))


def test_edges(t):
    program = build(t, local(t, 'edges.c'), 'edges', flags=['-I' + t.root + '/include'])
    result = t.run([program, '-j1'])
    golden(t, 'edges.expected', re.sub(r'edges\.\d+\.ct', 'edges.PID.ct', plain(t.neutral(result.err))))


def test_reports(t):
    program = build(t, local(t, 'subject.c', 'messages.c'))
    for kind in ('xml', 'json', 'tap'):
        t.run([program, '--filter', 'unmet_*/called*', f'--{kind}={kind}'])
    parsed = json.loads(t.read('json'))
    xml.etree.ElementTree.parse(t.path('xml'))
    first = 'send_syn was called 2 times, expected exactly 1'
    for text in (json.dumps(parsed), t.read('xml'), t.read('tap')):
        t.contains(text, first)
        t.contains(text, 'messages.c')


def test_full_stats(t):
    program = build(t, local(t, 'subject.c', 'messages.c'))
    result = t.run([program, '--filter', 'met/call*', '--full-stats', '--json=report'])
    t.equal(result.status, 0, str(result))
    json.loads(t.read('report'))


QUIET = '''
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
static int f(int x) { return x; }
Test(a, b) { f(1); ASSERTION; }
'''


def quiet(t, assertion, output, env=()):
    t.write('quiet.c', QUIET)
    program = build(t, ['quiet.c'], output, flags=['-DASSERTION=' + assertion, '-Wno-unused'])
    result = t.run([program], {'CALLTRACE_OUTPUT': t.path(output + '.traces'), **dict(env)})
    symbols = t.run(['nm', program], check=True).out
    traces = os.path.join(t.path(output + '.traces'), 'a.b.json')
    return result, symbols, t.read(traces) if os.path.exists(traces) else ''


def test_costs_nothing_unless_asked(t):
    result, symbols, trace = quiet(t, 'cr_assert(1)', 'none')
    t.equal((result.status, 'calltrace_check' in symbols, '"arguments"' in trace), (0, False, False), 'without an assertion')
    result, symbols, trace = quiet(t, 'cr_assert_called("f")', 'called')
    t.equal((result.status, 'calltrace_check' in symbols, '"arguments"' in trace), (0, True, False), 'without values')
    result, symbols, trace = quiet(t, 'cr_assert_called_with("f",1)', 'values')
    t.equal((result.status, '"arguments"' in trace), (0, True), 'with values')
    # Nothing in the program is named as ours are, but for what the header names.
    ours = [name for name in re.findall(r' [TDBRVW] (\S+)$', symbols, re.M) if name.startswith('ct_')]
    t.equal(ours, [], 'names that could clash')


def test_never_vacuous(t):
    result, _, _ = quiet(t, 'cr_assert_not_called("g")', 'off', {'CALLTRACE_ENABLED': 'false'})
    t.contains(result.err, 'no calls are recorded: CALLTRACE_ENABLED is false')
    t.equal(result.status, 1, str(result))
    result, _, _ = quiet(t, 'cr_assert_called_with("f",1)', 'values', {'CALLTRACE_CAPTURE_ARGS': 'false'})
    t.contains(result.err, 'CALLTRACE_CAPTURE_ARGS')
    t.equal(result.status, 1, str(result))
    result, _, _ = quiet(t, 'cr_assert_not_called(cr_call("f",2))', 'not', {'CALLTRACE_CAPTURE_ARGS': 'false'})
    t.contains(result.err, 'inconclusive')
    t.equal(result.status, 1, str(result))


def test_without_the_recorder(t):
    t.write('quiet.c', QUIET)
    program = build(t, ['quiet.c'], seam='preload', flags=['-DASSERTION=cr_assert_called("f")'])
    result = t.run([program])
    t.contains(result.err, "neither linked with 'pkg-config --libs calltrace-criterion' nor run by 'calltrace run'")
    t.equal(result.status, 1, str(result))


def test_memory_is_its_own(t):
    """What could hand out or take back the program's memory is not called."""
    used = set(re.findall(r' U (\S+)$', t.run(['nm', '-u', t.build + '/assert/assert.o'], check=True).out, re.M))
    wrong = used & {'malloc', 'calloc', 'realloc', 'free', 'strdup', 'strndup', 'asprintf', 'vasprintf', 'open_memstream',
                    'getline', 'getdelim', 'realpath', 'fopen', 'opendir', 'scandir'}
    t.equal(sorted(wrong), [], 'called by what is linked into test programs')
    t.equal(sorted(name for name in used if name.startswith('ct_')), [], 'not there')


def test_nothing_is_instrumented(t):
    """The message says in which program. (dladdr() calls it "boxfort-worker", as Criterion's runner does.)"""
    t.write('bare.c', '#include <criterion/criterion.h>\n#include <criterion/calltrace.h>\n'
            'int f(int x) { return x; }\nTest(bare, f) { f(1); cr_assert_not_called(f); }\n')
    result = t.run([build(t, ['bare.c'], flags=['-finstrument-functions-exclude-file-list=bare.c'])])
    t.contains(result.err, 'calls of this function cannot be seen: suite, which it is in, was not compiled with')


def test_excluded_functions_cannot_be_asked_for(t):
    result, _, _ = quiet(t, 'cr_assert_not_called("f")', 'excluded', {'CALLTRACE_EXCLUDE': 'f'})
    t.contains(result.err, 'it is excluded (CALLTRACE_EXCLUDE')
    t.equal(result.status, 1, str(result))


@cases(keep=['newest', 'oldest'])
def test_limits(t, keep):
    program = build(t, local(t, 'limits.c'))
    result = t.run([program, '-j1'], {'CALLTRACE_MAX_SIZE': '1M', 'CALLTRACE_KEEP': keep})
    t.contains(result.err, 'that there are no more calls is not known: the trace reached its limit (CALLTRACE_MAX_SIZE')
    failed = [name for name in ('read_in_time', 'read_too_late') if f'[FAIL] limits::{name}' in result.err]
    t.equal(failed, ['read_too_late'] if keep == 'newest' else ['read_in_time', 'read_too_late'], str(result))


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_senseless(t, compiler, level):
    """By the types alone: it makes no difference what was called, nor what the optimiser left of it."""
    result = t.run([build(t, local(t, 'senseless.c'), compiler=compiler, level=level), '-j1'])
    t.contains(result.err, '[FAIL] senseless::all')
    t.contains(result.err, 'Tested: 2 | Passing: 1 | Failing: 1 | Crashing: 0')
    t.equal(re.findall(r'senseless.c:\d+: (?!Assertion Failed).*', result.err), [], str(result))
    t.equal(result.err.count('Assertion Failed'), 16, str(result))
    if (compiler, level) == ('gcc', '-O0'):
        golden(t, 'senseless.expected', plain(t.neutral(result.err)))


@cases(compiler=['gcc', 'clang'])
def test_classes(t, compiler):
    """clang's own order of things would leave always_inline functions of <string> undefined."""
    program = build(t, local(t, 'classes.cc'), compiler=compiler, flags=['-std=c++17'],
                    hooks='-finstrument-functions' + ('-after-inlining' if compiler == 'clang' else ''))
    result = t.run([program])
    t.equal(result.status, 0, str(result))


LIBRARY = r'''
__asm__(".text\n.local lookup\n.type lookup, @function\nlookup: ret\n.size lookup, .-lookup\n");
'''
CLASH = '''
#include <criterion/criterion.h>
#include <criterion/calltrace.h>
static int lookup(int x) { return x; }
Test(a, b) { lookup(1); cr_assert_called_once("lookup"); cr_assert_called_with("lookup", 1); }
'''


def test_names_within_libraries(t):
    """What a library that is linked in calls its inner functions, without debug information, is no second meaning."""
    t.write('library.c', LIBRARY)
    t.write('clash.c', CLASH)
    result = t.run([build(t, ['library.c', 'clash.c'])])
    t.equal(result.status, 0, str(result))


def test_functions_as_values(t):
    """One that is misspelt is no value that just never comes; of two that are called alike it is said which."""
    program = build(t, local(t, 'callbacks.c', 'callbacks_other.c'))
    recording = t.record([program], options=['-q', '--args', '--keep-raw'])
    t.contains(recording.result.err, 'Tested: 2 | Passing: 1 | Failing: 1 | Crashing: 0', str(recording.result))
    t.equal(re.findall(r'Assertion Failed\n.*\n\[----\]   (.*)', recording.result.err), [
        *[f'what is asked of {name}: there is no function on_evnt' for name in ('with', 'use', 'get', 'with', 'wi*', 'with')],
        'what is asked of with: there is no function mine.c:helper', 'what is asked of with: helper is more than one function: write which',
        'what is asked of with: a function\'s value is a function or its name, and no more'])
    t.contains(recording.result.err, 'close names: on_event (callbacks.c, static)')
    json_trace = next(trace for trace in recording.traces if 'right' in trace)
    t.write('wrong.expect', 'test callbacks::right\n    never with(@on_evnt, _)\n    call use({call = @on_evnt})\n    never get -> @on_evnt\n'
            '    never with(@helper, _)\nend\n')
    t.write('right.expect', 'test callbacks::right\n    call with(@on_event, 1)\n    never with(@on_error, _)\n'
            '    call use({call = @on_event})\n    count get -> @on_event 1\n    count with(@"callbacks.c:helper" or NULL, 2) 1\nend\n')
    for trace in json_trace, json_trace[:-len('.json')] + '.ct':
        result = t.run([t.calltrace, 'check', '-e', 'wrong.expect', trace])
        t.equal((result.status, result.out.count('close names: on_event')), (2, 3), str(result))
        t.contains(result.out, 'wrong.expect:2: callbacks::right: error: what is asked of with: there is no function on_evnt')
        t.contains(result.out, 'helper is more than one function')
        result = t.run([t.calltrace, 'check', '-e', 'right.expect', trace])
        # A saved trace has no addresses of functions to tell the two helper()s by.
        t.equal(result.status, 1, str(result))
        t.contains(result.out, '3 of 4 expectations met')
        t.contains(result.out, 'of which file the helper is that it points to was not recorded')


@cases(compiler=['gcc', 'clang'])
def test_containers(t, compiler):
    program = build(t, local(t, 'containers.cc'), compiler=compiler, flags=['-std=c++17'],
                    hooks='-finstrument-functions' + ('-after-inlining' if compiler == 'clang' else ''))
    recording = t.record([program, '-j1'], options=['-q', '--args', '--keep-raw'])
    t.contains(recording.result.err, 'Tested: 3 | Passing: 1 | Failing: 2 | Crashing: 0', str(recording.result))
    t.contains(recording.result.err, '1, 1, 1, 960 more]')
    t.equal(re.findall(r'containers.cc:\d+: (?!Assertion Failed).*', recording.result.err), [], str(recording.result))
    t.equal(recording.result.err.count('Assertion Failed'), 8, str(recording.result))
    t.contains(recording.result.err, 'what is in it was not recorded, but how much it is: ask for its member size')
    t.write('containers.expect', """
test containers::plain
    call by_value([1, 2, 3])
    call by_reference([1, ...])
    call by_reference([])
    call by_pointer(*[1, 2, 3])
    call bytes([1, 0, 255])
    call texts(["a", ~"?"])
    call colors([green, red])
    call points([{x = 1}, {y = 4}])
    call tuple([1, "one", 0.5])
    call by_key({size = 1})
    call returned -> [7, 8]
    never by_value([1, 2])
end
""")
    trace = next(trace for trace in recording.traces if 'plain' in trace)
    for path in trace, trace[:-len('.json')] + '.ct':
        result = t.run([t.calltrace, 'check', '-e', 'containers.expect', path])
        t.equal(result.status, 0, str(result))


def test_what_is_no_value(t):
    """One line of the compiler's says what to write instead."""
    t.write('struct.cc', '#include <criterion/criterion.h>\n#include <criterion/calltrace.h>\nstruct point { int x, y; };\n'
            'void f(point) {}\nTest(a, b) { f(point()); cr_assert_called_with(f, point()); }\n')
    for compiler in 'g++', 'clang++':
        result = t.run([compiler, '-std=c++11', '-fsyntax-only', '-I' + t.root + '/criterion-ext/include', 'struct.cc'])
        t.equal(result.status, 1, str(result))
        t.contains(result.err, 'an object of this type is no plain value: write cr_field(name, value), cr_fields(...) or cr_elems(...)')


@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_bytes(t, compiler, level):
    program = build(t, local(t, 'bytes.c'), compiler=compiler, level=level)
    recording = t.record([program, '-j1'], options=['-q', '--args', '--keep-raw'])
    err = recording.result.err
    t.contains(err, 'Tested: 3 | Passing: 1 | Failing: 2 | Crashing: 0', str(recording.result))
    t.equal(re.findall(r'bytes.c:\d+: (?!Assertion Failed).*', err), [], str(recording.result))
    t.equal(err.count('inconclusive: argument bytes: only 3 elements of it were recorded, up to a 0'), 2, err)
    t.equal(err.count('a pointer does not say how many elements there are: write cr_rest behind them'), 1, err)
    t.equal(err.count('text does not say how many elements there are: write cr_rest behind them'), 1, err)
    t.write('bytes.expect', """
test bytes::met
    call write_bytes([1, 200, 0, 255], 4)
    call write_on([1, 200, 0, ...], _)
    call write_text(['a', 98, 0, ...])
    call write_signed([1, -56, ...])
    call write_wide(['a', 0xe9, ...])
    call write_packet({raw = [1, 0, 2, 200], tag = ['a', 'b', ...]})
    never write_bytes([1, 200, 0], _)
end
""")
    t.write('wrong.expect', 'test bytes::met\n    never write_on([1, 200], _)\nend\n')
    trace = next(trace for trace in recording.traces if 'met' in trace)
    for path in trace, trace[:-len('.json')] + '.ct':
        result = t.run([t.calltrace, 'check', '-e', 'bytes.expect', path])
        t.equal(result.status, 0, str(result))
        result = t.run([t.calltrace, 'check', '-e', 'wrong.expect', path])
        t.equal(result.status, 2, str(result))
        t.contains(result.out, "how many elements there are: write '...' behind them")


@cases(compiler=['gcc', 'clang'])
def test_messages_of_optimised_code(t, compiler):
    """Each compiler keeps other values."""
    result = t.run([build(t, local(t, 'optimised.c'), compiler=compiler, level='-O2'), '-j1'])
    golden(t, f'optimised.{compiler}.expected', of_any_compiler(plain(t.neutral(result.err))))
    t.equal(result.status, 1, 'exit status')
