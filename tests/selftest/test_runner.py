"""The runner must say so when something fails: each test here gives it a folder of tests, one of them wrong."""
import sys


def run(t, *options):
    return t.run([sys.executable, t.root + '/tests/run.py', '--build', t.build, '--tests', t.tmp + '/tests', *options])


def last_line(text):
    return text.splitlines()[-1]


def test_python_tests_are_counted(t):
    t.write('tests/a/test_a.py', 'def test_good(t): t.equal(1, 1)\n'
                                 'def test_bad(t): t.equal("one\\ntwo\\n", "one\\nthree\\n", "the text")\n'
                                 'def test_none(t): t.skip("no reason")\n'
                                 'def test_raises(t): {}["key"]\n')
    result = run(t, '-j1')
    t.equal(result.status, 1, 'exit status')
    t.equal(last_line(result.out), '1 passed, 2 failed', 'last line')
    t.contains(result.out, 'FAIL a/test_a.py::test_bad: the text:')
    t.contains(result.out, '    -three\n    +two\n')
    t.contains(result.out, 'skipped a/test_a.py::test_none: no reason')
    t.contains(result.out, "KeyError: 'key'")


def test_all_passed(t):
    t.write('tests/a/test_a.py', 'def test_good(t): pass\n')
    result = run(t)
    t.equal((result.status, last_line(result.out)), (0, '1 passed, 0 failed'), 'status and last line')


def test_a_file_that_does_not_load(t):
    t.write('tests/a/test_a.py', 'import no_such_module\n')
    result = run(t)
    t.equal((result.status, last_line(result.out)), (1, '0 passed, 1 failed'), 'status and last line')


def test_cases_and_filter(t):
    t.write('tests/a/test_a.py', 'from harness import cases\n'
                                 '@cases(x=[1, 2], y=["p", "q"])\n'
                                 'def test_it(t, x, y): t.true(x == 1 or y == "p", "no")\n')
    t.equal(run(t, '--list').out, ''.join(f'a/test_a.py::test_it {c}\n' for c in ('1 p', '1 q', '2 p', '2 q')), 'names')
    t.equal(last_line(run(t).out), '3 passed, 1 failed', 'last line')
    t.equal(last_line(run(t, '--filter', '* 1 ?').out), '2 passed, 0 failed', 'last line, filtered')


def test_a_test_that_does_not_end(t):
    t.write('tests/a/test_a.py', 'from harness import timeout\n'
                                 '@timeout(1)\n'
                                 'def test_hangs(t): t.run(["sleep", "1000"])\n'
                                 'def test_run(t): t.run(["sleep", "1000"], timeout=0.2)\n')
    result = run(t)
    t.equal(last_line(result.out), '0 passed, 2 failed', 'last line')
    t.contains(result.out, 'FAIL a/test_a.py::test_hangs: no end after 1 s')
    t.contains(result.out, 'FAIL a/test_a.py::test_run: no end after 0.2 s: sleep 1000')


def test_a_test_that_dies(t):
    t.write('tests/a/test_a.py', 'import os\ndef test_dies(t): os.abort()\n')
    t.equal(last_line(run(t).out), '0 passed, 1 failed', 'last line')


def test_what_a_test_leaves_running_is_ended(t):
    t.write('tests/a/test_a.py', 'def test_it(t): t.run(["sh", "-c", "setsid sleep 1000 & echo $! > " + t.root_file])\n'
            .replace('t.root_file', repr(t.path('pid'))))
    t.equal(last_line(run(t).out), '1 passed, 0 failed', 'last line')
    state = t.sh('grep State: /proc/$(cat pid)/status').out  # nothing, or a zombie that nobody has collected yet
    t.true(state == '' or 'Z' in state, f'sleep still runs: {state}')


CLI = {'same.sh': 'echo hello; echo warned >&2; exit 3\n', 'same.sh.stdout': 'hello\n', 'same.sh.stderr': 'warned\n',
       'same.sh.exit': '3\n',
       'glob.sh': 'echo time 17 ms; seq 5; echo end\n', 'glob.sh.stdout.glob': 'time * ms\n...\nend\n',
       'paths.sh': 'pwd; echo $ROOT/a $BUILD/b\n', 'paths.sh.stdout': '$TMP\n$ROOT/a $BUILD/b\n',
       'output.sh': 'echo hello\n', 'output.sh.stdout': 'goodbye\n',
       'status.sh': 'exit 1\n',
       'unexpected.sh': 'echo noise >&2\n'}


def test_cli(t):
    for name, text in CLI.items():
        t.write('tests/cli/' + name, text)
    result = run(t, '--filter', 'cli/*')
    t.equal(last_line(result.out), '3 passed, 3 failed', 'last line')
    for part in ('FAIL cli/output.sh: output.sh.stdout:', '    -goodbye\n    +hello\n',
                 'FAIL cli/status.sh: status.sh.exit:', 'FAIL cli/unexpected.sh: unexpected.sh.stderr:'):
        t.contains(result.out, part)


def test_cli_update(t):
    for name, text in CLI.items():
        t.write('tests/cli/' + name, text)
    t.equal(last_line(run(t, '--update').out), '6 passed, 0 failed', 'last line of --update')
    t.equal(last_line(run(t, '--filter', 'cli/*').out), '6 passed, 0 failed', 'last line afterwards')
    t.equal(t.read('tests/cli/output.sh.stdout'), 'hello\n', 'the rewritten expectation')
    t.equal(t.read('tests/cli/glob.sh.stdout.glob'), 'time * ms\n...\nend\n', 'the pattern, which stays')


# A calltrace that only repeats itself: what is tested is how the runner reads expectations.
FAKE = '''#!/bin/sh
case $1 in
run) mkdir -p "$3"; echo '{}' > "$3/prog.json"; shift 4; exec "$@" ;;
show) echo 'main()'; echo '  add(a=2, b=3) -> 5' ;;
esac
'''

E2E = '''
// build: gcc -O0 -O2 -DSTATUS=3
// expect: main()
// expect:   add(a=2, b=3) -> 5
// expect[-O9]: never
// expect-exit: 3
int main(void) { return STATUS; }
'''


def test_e2e(t):
    import os
    os.chmod(t.write('fake', FAKE), 0o755)
    t.write('tests/e2e/good.c', E2E)
    t.write('tests/e2e/tree.c', E2E.replace('-> 5', '-> 6'))
    t.write('tests/e2e/status.c', E2E.replace('exit: 3', 'exit: 4'))
    t.write('tests/e2e/used-by-another-test.c', 'int x;')
    result = run(t, '--with-calltrace', t.path('fake'), '--filter', 'e2e')
    names = [line.split(':')[0] for line in result.out.splitlines() if line.startswith('FAIL')]
    t.equal(sorted(names), ['FAIL e2e/status.c gcc -O0', 'FAIL e2e/status.c gcc -O2', 'FAIL e2e/tree.c gcc -O0',
                            'FAIL e2e/tree.c gcc -O2'], 'failures')
    t.equal(last_line(result.out), '2 passed, 4 failed', 'last line')
    t.write('docs/trace.schema.json', '{"required": ["metadata"]}')
    result = run(t, '--with-calltrace', t.path('fake'), '--filter', 'e2e/good*')
    t.equal(last_line(result.out), '0 passed, 2 failed', 'last line where the traces are not valid')
    t.contains(result.out, "prog.json: not valid against docs/trace.schema.json: at /: 'metadata' is a required property")
