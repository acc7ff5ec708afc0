"""
What a test may use: the context `t`, and the decorators. tests/README.md shows each of them once.

A test runs in a process of its own, in a folder of its own (t.tmp, the current folder), so it may change whatever a
process has: folder, environment, limits. It fails by any exception; the comparing methods of `t` raise ones with a diff.
"""
import difflib
import itertools
import json
import os
import pprint
import re
import shlex
import signal
import subprocess
import tempfile

CXX = {'gcc': 'g++', 'clang': 'clang++'}


class Failure(Exception):
    """What the test found is not what it expected."""


class Skip(Exception):
    """The test cannot say anything here; the text says why."""


def cases(**values):
    """@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2']): one test for each combination, passed by name."""
    def decorate(function):
        function.cases = [dict(zip(values, combination)) for combination in itertools.product(*values.values())]
        return function
    return decorate


def slow(function):
    """@slow: runs after everything else, and not at all with --fast."""
    function.slow = True
    return function


def timeout(seconds):
    """@timeout(300): for a test that may take longer than two minutes."""
    def decorate(function):
        function.timeout = seconds
        return function
    return decorate


def pitfall(*numbers, ways=('preload',)):
    """
    @pitfall(7, 13): the test covers these of the cases in tests/pitfalls.py, from which docs/pitfalls.md is made. Compilers
    and levels are those of @cases, and so are the ways to be traced, if it has `way` or `seam`; else they are `ways`.
    """
    def decorate(function):
        function.pitfalls, function.ways = numbers, ways
        return function
    return decorate


class Result:
    """How a program ended: status as a shell has it (128 + signal), signal (or None), and what it wrote."""

    def __init__(self, argv, returncode, out, err):
        self.argv = argv
        self.signal = -returncode if returncode < 0 else None
        self.status = 128 - returncode if returncode < 0 else returncode
        self.out = out
        self.err = err

    def __str__(self):
        return f'$ {shlex.join(self.argv)}\n{self.out}{self.err}[exit status {self.status}]'


class Recording:
    """What t.record() made: the folder, the JSON traces in it (sorted), and the Result of `calltrace run`."""

    def __init__(self, folder, result):
        self.folder = folder
        self.result = result
        self.traces = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names
                             if name.endswith('.json'))


class Context:
    def __init__(self, root, build, tmp, folder, calltrace):
        self.root = root            # the project
        self.build = build          # what was built of it
        self.tmp = tmp              # this test's own folder, empty, and the current one
        self.dir = folder           # the folder of the test's file
        self.calltrace = calltrace  # the program under test
        self.lib = os.path.join(build, 'libcalltrace.so')
        self.ext = os.path.join(build, 'libcalltrace-criterion.a')
        self.sanitizer_log = os.path.join(os.path.dirname(tmp), 'sanitizer')  # .PID; any of them fails the test

    # ------------------------------------------------------------ programs

    def environment(self, changes=()):
        """The environment of every program that a test starts: nothing of the caller's that could change a result."""
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(('CALLTRACE', 'CRITERION', 'LD_', 'XDG_', 'LC_', 'CT_'))}
        log = 'log_path=' + self.sanitizer_log
        env.update(LANG='C.UTF-8', TZ='UTC', HOME=self.tmp, TMPDIR=self.tmp, TERM='dumb', CT_TEST_TMP=self.tmp,
                   ASAN_OPTIONS='detect_leaks=1:exitcode=99:' + log, UBSAN_OPTIONS='print_stacktrace=1:' + log,
                   PYTHONDONTWRITEBYTECODE='1', ROOT=self.root, BUILD=self.build, LIB=self.lib)
        env.pop('CI', None)
        for name, value in dict(changes).items():
            env.pop(name, None)
            if value is not None:
                env[name] = value
        return env

    def run(self, argv, env=(), timeout=60, check=False, stdin=b''):
        """Runs a program to its end. env: changes to the environment; a value of None removes one."""
        argv = [os.fspath(word) for word in argv]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
            # Files, not pipes: a pipe would also wait for whatever the program left running behind it.
            given.write(stdin.encode() if isinstance(stdin, str) else stdin)
            given.seek(0)
            process = subprocess.Popen(argv, stdin=given, stdout=out, stderr=err, env=self.environment(env),
                                       process_group=0)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Failure(f'no end after {timeout} s: {shlex.join(argv)}\n{text_of(out)}{text_of(err)}') from None
            result = Result(argv, process.returncode, text_of(out), text_of(err))
        if check and result.status != 0:
            raise Failure(str(result))
        return result

    def sh(self, script, env=(), timeout=60, check=False):
        """Runs a shell script, with CALLTRACE, LIB, ROOT and BUILD set."""
        return self.run(['sh', '-c', script], {'CALLTRACE': self.calltrace, **dict(env)}, timeout, check)

    def compile(self, sources, output, compiler='gcc', level='-O0', flags=(), instrument=True, criterion=False,
                shared=False):
        """
        Compiles and links; returns the path of what it made. Sources are looked for in t.tmp, then beside the test, then
        from the root. criterion: True, 'static', or 'linked' (with libcalltrace-criterion). C and C++ may be mixed.
        """
        sources = [self.source(name) for name in ([sources] if isinstance(sources, str) else sources)]
        output = os.path.join(self.tmp, output)
        common = [level, '-g', *(['-finstrument-functions'] if instrument else []), *(['-fPIC'] if shared else []),
                  '-I' + os.path.join(self.root, 'include'), '-I' + os.path.join(self.root, 'criterion-ext/include')]
        libraries = self.criterion_flags(criterion) if criterion else []
        is_cxx = [name.endswith(('.cc', '.cpp', '.cxx')) for name in sources]
        inputs = sources
        if any(is_cxx) and not all(is_cxx):
            inputs = []
            for number, (name, cxx) in enumerate(zip(sources, is_cxx)):
                inputs.append(f'{output}.{number}.o')
                self.run([CXX[compiler] if cxx else compiler, *common, *compile_only(flags), *compile_only(libraries),
                          '-c', name, '-o', inputs[-1]], check=True)
        driver = CXX[compiler] if any(is_cxx) else compiler
        self.run([driver, *common, *(['-shared'] if shared else []), '-o', output, *inputs, *flags, *libraries],
                 check=True)
        return output

    def source(self, name):
        for folder in (self.tmp, self.dir, self.root):
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        raise Failure(f'{name}: no such source in {self.tmp}, {self.dir} or {self.root}')

    def criterion_flags(self, kind):
        words = self.pkg_config('--cflags', '--libs', *(['--static'] if kind == 'static' else []), 'criterion')
        if kind == 'static':
            words = ['-l:libcriterion.a' if word == '-lcriterion' else word for word in words]
        if kind == 'linked':
            with open(os.path.join(self.build, 'calltrace-criterion.pc')) as file:
                wrap = [word for word in file.read().split() if word.startswith('-Wl,--wrap=')]
            words = [self.ext, *wrap, '-Wl,--push-state,--no-as-needed', self.lib, '-Wl,--pop-state',
                     '-Wl,-rpath,' + self.build, *words]
        return words

    def pkg_config(self, *words):
        return self.run(['pkg-config', *words], check=True).out.split()

    def record(self, argv, folder='trace', options=(), env=(), timeout=60, validate=True):
        """Runs a program under `calltrace run`; every trace that this makes is validated. Returns a Recording."""
        folder = os.path.join(self.tmp, folder)
        result = self.run([self.calltrace, 'run', '-o', folder, *options, '--', *argv], env, timeout)
        recording = Recording(folder, result)
        for path in recording.traces if validate else []:
            self.validate(path)
        return recording

    # ------------------------------------------------------------ files

    def path(self, name):
        return os.path.join(self.tmp, name)

    def read(self, name):
        with open(os.path.join(self.tmp, name), encoding='utf-8', errors='surrogateescape') as file:
            return file.read()

    def write(self, name, text):
        path = os.path.join(self.tmp, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8', errors='surrogateescape') as file:
            file.write(text)
        return path

    def json(self, name):
        with open(os.path.join(self.tmp, name), 'rb') as file:
            return json.load(file)

    def validate(self, name):
        """Checks a trace against docs/trace.schema.json; returns the trace."""
        trace = self.json(name)
        schema = os.path.join(self.root, 'docs/trace.schema.json')
        if not os.path.exists(schema):
            return trace
        try:
            import jsonschema
        except ImportError:
            raise Failure('cannot validate a trace: apt-get install python3-jsonschema') from None
        checker = jsonschema.Draft202012Validator(self.json(schema))
        for error in checker.iter_errors(trace):
            where = '/'.join(map(str, error.absolute_path))
            raise Failure(f'{name}: not valid against docs/trace.schema.json: at /{where}: {error.message[:500]}')
        return trace

    def neutral(self, text):
        """The text with $TMP, $BUILD and $ROOT for the paths that differ from machine to machine."""
        names = {self.tmp: '$TMP', self.build: '$BUILD', self.root: '$ROOT'}
        for path, name in sorted(names.items(), key=lambda item: -len(item[0])):  # one may lie in another
            text = re.sub(re.escape(path) + r'(?![\w.-])', lambda match, name=name: name, text)
        return text

    # ------------------------------------------------------------ verdicts

    def equal(self, found, expected, what='value'):
        if found != expected:
            raise Failure(f'{what}:\n' + diff(expected, found))

    def contains(self, text, part, what='text'):
        if part not in text:
            raise Failure(f'{what}: {part!r} is not in it:\n{text}')

    def lacks(self, text, part, what='text'):
        if part in text:
            raise Failure(f'{what}: {part!r} should not be in it:\n{text}')

    def true(self, condition, what):
        if not condition:
            raise Failure(what)

    # ------------------------------------------------------------ long runs

    def times(self, count):
        """How often to repeat what is random: `count`, and CT_TIMES times as often in the targets for long runs."""
        return count * int(os.environ.get('CT_TIMES', '1'))

    def seed(self, text):
        """For a generator of random numbers: always the same, but in long runs another each time, and said if it fails."""
        seed = f'{text} {os.environ.get("CT_SEED", "0")}'
        print(f'random numbers are from {seed!r}; with the same ones: CT_SEED={os.environ.get("CT_SEED", "0")}')
        return seed

    def skip(self, reason):
        raise Skip(reason)


def diff(expected, found):
    """Lines that differ; for values that are not text, of their printed form."""
    texts = [value if isinstance(value, str) else pprint.pformat(value, width=110) for value in (expected, found)]
    lines = difflib.unified_diff(*[text.splitlines() for text in texts], 'expected', 'found', lineterm='', n=2)
    text = '\n'.join(lines)
    return text or f'expected {expected!r}\nfound    {found!r}'


def text_of(file):
    file.seek(0)
    return file.read().decode('utf-8', 'surrogateescape')


def compile_only(flags):
    """Those flags that are not for the linker."""
    return [flag for flag in flags if not flag.startswith(('-l', '-L', '-Wl,')) and not flag.endswith(('.a', '.so', '.o'))]
