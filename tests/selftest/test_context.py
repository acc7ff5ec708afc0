"""What tests/README.md promises of `t`."""
from harness import Failure, cases

TEST = '#include <criterion/criterion.h>\nTest(suite, passes) { cr_assert(1); }\n'


@cases(compiler=['gcc', 'clang'], criterion=[True, 'static'])
def test_compile_a_criterion_test(t, compiler, criterion):
    t.write('test.c', TEST)
    program = t.compile('test.c', 'test', compiler, criterion=criterion)
    t.equal(t.run([program]).status, 0, 'status')
    libraries = t.run(['ldd', program], check=True).out
    (t.lacks if criterion == 'static' else t.contains)(libraries, 'libcriterion.so')
    t.contains(t.run(['nm', program], check=True).out, ' U __cyg_profile_func_enter')


@cases(compiler=['gcc', 'clang'])
def test_compile_c_with_cxx_and_a_shared_library(t, compiler):
    t.write('c.c', 'int c_part(void) { return 1; }\n')
    t.write('main.cc', '#include <string>\nextern "C" int c_part(); int so_part();\n'
                       'int main() { return (int) std::string("four").size() + c_part() + so_part(); }\n')
    t.write('so.cc', 'int so_part() { return 2; }\n')
    library = t.compile('so.cc', 'libso.so', compiler, instrument=False, shared=True)
    program = t.compile(['main.cc', 'c.c'], 'main', compiler, flags=[library, '-Wl,-rpath,' + t.tmp])
    t.equal(t.run([program]).status, 7, 'status')
    t.lacks(t.run(['nm', '-D', library], check=True).out, '__cyg_profile')


def test_run(t):
    result = t.run(['sh', '-c', 'cat; echo "$WORD"; echo err >&2; exit 3'], env={'WORD': 'hello', 'HOME': None}, stdin='in\n')
    t.equal((result.status, result.signal, result.out, result.err), (3, None, 'in\nhello\n', 'err\n'), 'result')
    killed = t.sh('kill -9 $$')
    t.equal((killed.status, killed.signal), (137, 9), 'status of a killed shell')
    t.equal(t.sh('echo "$ROOT $BUILD $LIB $CALLTRACE"').out, f'{t.root} {t.build} {t.lib} {t.calltrace}\n', 'variables')
    t.equal(t.sh('pwd').out, t.tmp + '\n', 'current folder')


def test_check_says_what_was_printed(t):
    try:
        t.sh('echo why; exit 1', check=True)
    except Failure as failure:
        t.equal(str(failure), "$ sh -c 'echo why; exit 1'\nwhy\n[exit status 1]", 'text')
    else:
        t.true(False, 'check=True did not fail')


def test_deep_json(t):
    """Traces nest as deeply as calls do."""
    depth = 50_000
    t.write('deep.json', '{"children": [' * depth + ']}' * depth)
    tree, found = t.json('deep.json'), 0
    while tree:
        tree, found = (tree['children'] or [None])[0], found + 1
    t.equal(found, depth, 'depth')
