#!/usr/bin/python3
"""
Runs the tests: those in Criterion (build/unit-tests*), and the kinds described in tests/README.md. Its last line is
`N passed, N failed`; its exit status is 1 if any failed.
"""
import argparse
import dataclasses
import fnmatch
import glob
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import sys
import threading
import time
import traceback
import typing

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from harness import Context, Failure, Skip, diff  # noqa: E402

FIRST = ['unit', 'selftest', 'checks', 'cli', 'golden', 'e2e']  # the quick kinds; all others follow
LONGER = int(os.environ.get('CT_TIMES', '1'))  # long runs, see Context.times()
PYTHON_STACK = 512 << 20  # traces nest deeply, and Python's json and jsonschema recurse


@dataclasses.dataclass
class Test:
    name: str                  # kind/file[::function] [case]
    function: typing.Callable  # called with a Context; may return a list of (name, status, text) instead of one verdict
    folder: str
    timeout: float = 120
    slow: bool = False
    calltrace: str = ''        # the program under test, where it is not the usual one

    @property
    def kind(self):
        return self.name.split('/')[0]


@dataclasses.dataclass
class Running:
    test: Test
    pid: int
    tmp: str  # work/ is the test's; beside it: output, verdicts, what sanitisers report
    started: float


# ---------------------------------------------------------------- finding tests


def find_python_tests(folder):
    for path in sorted(glob.glob(os.path.join(folder, '*/test_*.py'))):
        where = os.path.relpath(path, folder)
        if os.path.dirname(path) not in sys.path:
            sys.path.append(os.path.dirname(path))  # for modules beside the test
        spec = importlib.util.spec_from_file_location(where[:-3].replace('/', '.'), path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception:
            yield Test(where, lambda t, text=traceback.format_exc(): t.true(False, 'cannot be loaded\n' + text), folder)
        for name, function in list(vars(module).items()):
            if name.startswith('test_') and getattr(function, '__module__', '') == spec.name:
                for case in getattr(function, 'cases', [{}]):
                    words = ' '.join(map(str, case.values()))
                    yield Test(f'{where}::{name} {words}'.strip(), lambda t, f=function, c=case: f(t, **c),
                               os.path.dirname(path), getattr(function, 'timeout', 120) * LONGER,
                           getattr(function, 'slow', False))


def find_unit_tests(options):
    for name, slow in (('unit-tests', False), ('unit-tests-san', True)):
        path = os.path.join(options.build, name)
        if os.path.exists(path):
            yield Test('unit/' + name, lambda t, p=path: run_criterion(t, p), HERE, 300, slow)


def find_cli_tests(folder, options):
    programs = [('cli', '')]
    sanitised = os.path.join(options.build, 'calltrace-san')
    if os.path.exists(sanitised) and not options.fast and not options.with_calltrace and not options.update:
        programs.append(('cli-san', sanitised))
    for kind, program in programs:
        for path in sorted(glob.glob(os.path.join(folder, 'cli/*.sh'))):
            yield Test(f'{kind}/{os.path.basename(path)}', lambda t, p=path: run_cli(t, p, options.update),
                       os.path.dirname(path), calltrace=program)


def find_e2e_tests(folder, options):
    for path in sorted(glob.glob(os.path.join(folder, 'e2e/*.c')) + glob.glob(os.path.join(folder, 'e2e/*.cc'))):
        program = Expected(path)
        if not program.lines and program.status is None:
            continue  # a source that a test_*.py beside it uses
        for compiler in program.compilers:
            for level in program.levels:
                if not options.fast or (compiler, level) == (program.compilers[0], program.levels[0]):
                    yield Test(f'e2e/{os.path.basename(path)} {compiler} {level}',
                               lambda t, p=program, c=compiler, l=level: run_e2e(t, p, c, l), os.path.dirname(path))


# ---------------------------------------------------------------- kinds of tests


def run_criterion(t, program):
    """A test binary in Criterion, read through its TAP output: one verdict per test and parameter."""
    run = t.run([program, '--tap=' + t.path('tap')], env={'CALLTRACE': t.calltrace}, timeout=290)
    name = os.path.basename(program)
    try:
        lines = t.read('tap').splitlines()
    except FileNotFoundError:
        raise Failure(f'{run}\nno test reported anything') from None
    verdicts, planned = [], 0
    for line in lines:
        plan = re.fullmatch(r'1\.\.(\d+)', line)
        verdict = re.fullmatch(r'(ok|not ok) - (\S+)(.*)', line)
        if plan:
            planned = int(plan[1])
        elif verdict:
            status = 'skipped' if '# SKIP' in line else 'passed' if verdict[1] == 'ok' else 'failed'
            verdicts.append([f'unit/{name} {verdict[2]}', status, verdict[3].strip()])
        elif verdicts and line.startswith('  '):
            verdicts[-1][2] += '\n' + line
    failed = any(status == 'failed' for _, status, _ in verdicts)
    if failed or run.status or len(verdicts) < planned:
        text = f'{len(verdicts)} of {planned} tests reported\n{run}'
        if failed:
            next(verdict for verdict in verdicts if verdict[1] == 'failed')[2] += '\n' + text
        else:
            verdicts.append([f'unit/{name} (the whole run)', 'failed', text])
    return verdicts


def run_cli(t, path, update):
    run = t.run(['sh', path], env={'CALLTRACE': t.calltrace})
    outputs = [(path + '.stdout', t.neutral(run.out)), (path + '.stderr', t.neutral(run.err)),
               (path + '.exit', f'{run.status}\n')]
    problems = []
    for file, found in outputs:
        default = '0\n' if file.endswith('.exit') else ''
        if os.path.exists(file + '.glob'):
            if not glob_lines(read(file + '.glob').splitlines(), found.splitlines()):
                problems.append(os.path.basename(file) + '.glob:\n' + diff(read(file + '.glob'), found))
        elif update:
            update_file(file, found, default)
        elif found != (read(file) if os.path.exists(file) else default):
            problems.append(os.path.basename(file) + ':\n' + diff(read(file) if os.path.exists(file) else default, found))
    if problems:
        raise Failure('\n'.join(problems))


def glob_lines(patterns, lines):
    """`*` in a pattern is any text within its line; a pattern `...` is any number of lines."""
    expression = ''.join('(?:.*\n)*' if pattern == '...' else
                         '.*'.join(map(re.escape, pattern.split('*'))) + '\n' for pattern in patterns)
    return re.fullmatch(expression, ''.join(line + '\n' for line in lines)) is not None


def update_file(path, text, default):
    if text == default:
        if os.path.exists(path):
            os.unlink(path)
    elif not os.path.exists(path) or read(path) != text:
        with open(path, 'w', encoding='utf-8', errors='surrogateescape') as file:
            file.write(text)


class Expected:
    """
    What the comments of an end-to-end program say:
        // build: gcc -O0 -lm      compilers and levels narrow the matrix; every other word is a flag
        // env: NAME=VALUE         for the traced run
        // show: --depth 3         options of `calltrace show`
        // expect: main()          a line of the tree; only where the compiler and level fit: // expect[clang -O2]: main()
        // expect-exit: 3          of the program (0)
    """

    def __init__(self, path):
        self.path = path
        self.env, self.show, self.flags, self.lines, self.status = {}, [], [], [], None
        compilers, levels = [], []
        for line in read(path).splitlines():
            comment = re.fullmatch(r'\s*// (build|env|show|expect|expect-exit)(?:\[(.*?)\])?: ?(.*)', line)
            if not comment:
                continue
            key, only, text = comment.groups()
            if key == 'build':
                for word in shlex.split(text):
                    kind = compilers if word in ('gcc', 'clang') else levels if word.startswith('-O') else self.flags
                    kind.append(word)
            elif key == 'env':
                self.env.update([text.split('=', 1)])
            elif key == 'show':
                self.show += shlex.split(text)
            elif key == 'expect-exit':
                self.status = int(text)
            else:
                self.lines.append((set((only or '').split()), text))
        self.compilers = compilers or ['gcc', 'clang']
        self.levels = levels or ['-O0', '-O2']

    def expected(self, *facts):
        return ''.join(text + '\n' for only, text in self.lines if only <= set(facts))


def run_e2e(t, program, compiler, level):
    binary = t.compile([program.path], 'prog', compiler, level, program.flags)
    recording = t.record([binary], env=program.env)
    t.equal(recording.result.status, program.status or 0, f'exit status\n{recording.result}\n')
    if program.lines:
        t.equal(show_tree(t, recording, program.show), program.expected(compiler, level), 'the tree')


def show_tree(t, recording, options):
    """The one place that knows how a trace becomes text."""
    if not recording.traces:
        raise Failure(f'no trace in {recording.folder}\n{recording.result}')
    return ''.join(t.run([t.calltrace, 'show', '--plain', *options, path], check=True).out for path in recording.traces)


# ---------------------------------------------------------------- running tests


def start(test, options, number):
    words = re.sub(r'[^A-Za-z0-9_.-]+', '-', test.name.split('::')[-1])[:40]
    tmp = os.path.join(options.tmp, f'{number:04}-{words}')
    os.makedirs(os.path.join(tmp, 'work'))
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            become_test(test, options, tmp)
        finally:
            os._exit(1)
    return Running(test, pid, tmp, time.monotonic())


def become_test(test, options, tmp):
    """The child's side: its own session, its own folder, output into a file, verdicts into another."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGQUIT):  # a shell's background job inherits them ignored
        signal.signal(number, signal.SIG_DFL)
    work = os.path.join(tmp, 'work')
    out = os.open(os.path.join(tmp, 'output'), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, out), (2, out)):
        os.dup2(source, target)
    os.chdir(work)
    calltrace = test.calltrace or options.with_calltrace or os.path.join(options.build, 'calltrace')
    root = os.path.dirname(getattr(options, 'tests', HERE))  # tests/real/run.py has no other folder of tests
    context = Context(root, options.build, work, test.folder, calltrace)
    verdicts = []

    def body():
        try:
            verdicts.extend(test.function(context) or [(test.name, 'passed', '')])
        except Skip as skip:
            verdicts.append((test.name, 'skipped', str(skip)))
        except Failure as failure:
            verdicts.append((test.name, 'failed', str(failure)))
        except BaseException:
            verdicts.append((test.name, 'failed', traceback.format_exc(limit=-6)))
        # Asked of files, because Criterion swallows how a worker exits that has already reported its test as passed.
        logs = sorted(glob.glob(glob.escape(context.sanitizer_log) + '.*'))
        if logs:
            before = ''.join(text for name, _, text in verdicts if name == test.name)
            verdicts[:] = [verdict for verdict in verdicts if verdict[0] != test.name]
            verdicts.append((test.name, 'failed', '\n'.join(['a sanitiser reports', *map(read, logs), before])))

    sys.setrecursionlimit(1_000_000)
    threading.stack_size(PYTHON_STACK)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    with open(os.path.join(tmp, 'verdicts'), 'w') as file:
        json.dump(verdicts, file)
    sys.stdout.flush()
    os._exit(0)


def finish(running, status):
    """The parent's side: what the child said, or how it died."""
    test, tmp = running.test, running.tmp
    kill_rest(running)
    try:
        verdicts = json.loads(read(os.path.join(tmp, 'verdicts')))
    except (FileNotFoundError, ValueError):
        verdicts = [(test.name, 'failed', f'the test itself died (wait status {status})')]
    printed = read(os.path.join(tmp, 'output'))
    return [(name, verdict, text + ('\n' + printed if printed and verdict == 'failed' else ''))
            for name, verdict, text in verdicts]


def kill_rest(running):
    """Ends what a test left behind: whatever is in its session or carries its folder in its environment."""
    mark = f'CT_TEST_TMP={running.tmp}/work'.encode()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/stat') as stat, open(f'/proc/{pid}/environ', 'rb') as environ:
                session = int(stat.read().rpartition(')')[2].split()[3])
                if int(pid) != os.getpid() and (session == running.pid or mark in environ.read().split(b'\0')):
                    os.kill(int(pid), signal.SIGKILL)
        except (OSError, ValueError):
            pass  # it ended meanwhile, or is not ours to read


class Report:
    """Counts, prints failures as they come, and keeps a line of progress on a terminal."""

    def __init__(self, options, total):
        self.verbose, self.total, self.tests = options.verbose, total, 0
        self.counts = {}  # kind -> {status: count}
        self.times = {}   # kind -> seconds
        self.skips = []
        self.terminal = sys.stdout.isatty()

    def add(self, test, verdicts, seconds, tmp):
        self.tests += 1
        self.times[test.kind] = self.times.get(test.kind, 0) + seconds
        counts = self.counts.setdefault(test.kind, dict(passed=0, failed=0, skipped=0))
        for name, status, text in verdicts:
            counts[status] += 1
            if status == 'failed':
                head, _, rest = text.partition('\n')
                self.say(f'FAIL {name}: {head}')
                self.say(''.join(f'    {line}\n' for line in clip(rest.splitlines())) + f'    files: {tmp}')
            elif status == 'skipped':
                self.skips.append(f'skipped {name}: {text}')
            elif self.verbose:
                self.say(f'ok   {name} ({seconds:.1f} s)')
        self.progress(test.name)

    def say(self, text):
        clear = '\r\033[K' if self.terminal else ''
        print(clear + text.encode('utf-8', 'backslashreplace').decode(), flush=True)

    def progress(self, name):
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f'\r\033[K' + f'[{self.tests}/{self.total}] {name}'[:width], end='', flush=True)

    def end(self):
        for line in self.skips:
            self.say(line)
        for kind, counts in self.counts.items():
            skipped = f', {counts["skipped"]} skipped' if counts['skipped'] else ''
            self.say(f'{kind:10} {counts["passed"]:5} passed, {counts["failed"]} failed{skipped} '
                     f'({self.times[kind]:.1f} s)')
        passed, failed = (sum(counts[key] for counts in self.counts.values()) for key in ('passed', 'failed'))
        self.say(f'{passed} passed, {failed} failed')
        return failed


def clip(lines, head=60, tail=60):
    if len(lines) <= head + tail:
        return lines
    return lines[:head] + [f'... {len(lines) - head - tail} lines left out ...'] + lines[-tail:]


def run_all(tests, options):
    report = Report(options, len(tests))
    waiting, running, number = list(reversed(tests)), {}, 0
    try:
        while waiting or running:
            while waiting and len(running) < options.jobs:
                number += 1
                child = start(waiting.pop(), options, number)
                running[child.pid] = child
            for child in list(running.values()):
                done, status = os.waitpid(child.pid, os.WNOHANG)
                seconds = time.monotonic() - child.started
                if done:
                    verdicts = finish(child, status)
                elif seconds > child.test.timeout:
                    os.kill(child.pid, signal.SIGKILL)
                    os.waitpid(child.pid, 0)
                    finish(child, 0)
                    verdicts = [(child.test.name, 'failed', f'no end after {child.test.timeout} s')]
                else:
                    continue
                del running[child.pid]
                report.add(child.test, verdicts, seconds, child.tmp)
                if not options.keep and all(status != 'failed' for _, status, _ in verdicts):
                    shutil.rmtree(child.tmp, ignore_errors=True)
            time.sleep(0.01)
    finally:
        for child in running.values():  # interrupted
            os.kill(child.pid, signal.SIGKILL)
            kill_rest(child)
    return report.end()


def read(path):
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        return file.read()


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    option = parser.add_argument
    option('--build', default='build', metavar='DIR', help='the build folder (build)')
    option('--tests', default=HERE, metavar='DIR', help='the folder with the tests, in the project (this one)')
    option('--filter', action='append', default=[], metavar='GLOB',
           help='only tests whose name fits, or contains, this; may be repeated')
    option('--list', action='store_true', help='print the names and run nothing')
    option('-j', '--jobs', type=int, default=len(os.sched_getaffinity(0)), metavar='N', help='tests at a time')
    option('--update', action='store_true', help='rewrite the exact expectations of the cli tests')
    option('--fast', action='store_true', help='leave out what is slow, sanitised, or one more compiler')
    option('--with-calltrace', default='', metavar='PATH', help='test this program instead of the built one')
    option('--keep', action='store_true', help='keep the folders of tests that passed')
    option('-v', '--verbose', action='store_true', help='a line for each test')
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.tests = os.path.abspath(options.tests)
    options.with_calltrace = options.with_calltrace and os.path.abspath(options.with_calltrace)
    if not os.path.isdir(options.build):
        parser.error(f'{options.build}: no such folder; run ninja first')
    return options


def make_tmp(build):
    """build/test-tmp/PID, without those of earlier runs."""
    tmp = os.path.join(build, 'test-tmp')
    for old in os.listdir(tmp) if os.path.isdir(tmp) else []:
        if not os.path.exists('/proc/' + old):
            shutil.rmtree(os.path.join(tmp, old), ignore_errors=True)
    return os.path.join(tmp, str(os.getpid()))


def main():
    options = parse_options()
    tests = [*find_unit_tests(options)] if options.tests == HERE else []
    tests += [*find_python_tests(options.tests), *find_cli_tests(options.tests, options),
              *find_e2e_tests(options.tests, options)]
    tests = [test for test in tests if not (options.fast and test.slow) and (not options.filter or any(
        fnmatch.fnmatch(test.name, pattern) or pattern in test.name for pattern in options.filter))]
    rank = {kind: number for number, kind in enumerate(FIRST)}
    tests.sort(key=lambda test: (test.slow, rank.get(test.kind, len(FIRST))))
    if options.list:
        print('\n'.join(test.name for test in tests))
        return 0
    options.tmp = make_tmp(options.build)
    os.makedirs(options.tmp)
    failed = run_all(tests, options)
    if not os.listdir(options.tmp):
        os.rmdir(options.tmp)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
