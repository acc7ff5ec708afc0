"""What the tests of this folder share: building a suite with each seam, running it, reading what Criterion says."""
import collections
import json
import os
import re
import xml.etree.ElementTree

from harness import CXX, Recording, Failure

STATUS = {'PASSED': 'passed', 'FAILED': 'failed', 'SKIPPED': 'skipped'}
STATIC = ('-Wl,-Bstatic -lcriterion -Wl,-Bdynamic -lprotobuf-nanopb -lboxfort -lnanomsg -lffi -lgit2 '
          '-lpthread -lrt -lm -lanl')


def compile_objects(t, sources, compiler, level, flags=()):
    """One object for each source."""
    objects = []
    for source in sources:
        program = CXX[compiler] if source.endswith('.cc') else compiler
        objects.append(t.path(source + '.o'))
        t.run([program, level, '-g', '-Wall', '-Wno-missing-braces', '-finstrument-functions', *flags, '-c',
               t.source(source), '-o', objects[-1]],
              check=True)
    return objects


def link(t, objects, output, compiler, seam, flags=()):
    """
    seam: 'preload' (none), 'static' (a static libcriterion, no seam), 'linked' and 'linked-static' (as pkg-config
    says), 'late' (the same, but libcriterion comes first), 'alone' and 'alone-late' (libcalltrace.so and nothing else,
    before and behind it).
    """
    driver = CXX[compiler] if any(name.endswith('.cc.o') for name in objects) else compiler
    linked, alone, criterion = pkg_config(t, 'calltrace-criterion'), pkg_config(t, 'calltrace'), ['-lcriterion']
    libraries = {'preload': criterion, 'static': STATIC.split(), 'linked': linked, 'late': criterion + linked,
                 'linked-static': [word for word in linked if word != '-lcriterion'] + STATIC.split(),
                 'alone': alone + criterion, 'alone-late': criterion + alone}[seam]
    t.run([driver, '-o', t.path(output), *objects, *flags, '-Wl,-rpath,' + t.build, *libraries], check=True)
    return t.path(output)


def pkg_config(t, name):
    """The flags of a library as it is in the build folder, not installed."""
    return t.run(['pkg-config', '--define-variable=libdir=' + t.build,
                  '--define-variable=includedir=' + t.root + '/include',
                  '--cflags', '--libs', name], {'PKG_CONFIG_PATH': t.build}, check=True).out.split()


class Run:
    """One run of a suite: Result, the text of each report that Criterion wrote, and its verdicts {name: [statuses]}."""

    def __init__(self, t, argv, label, jobs=1, run=False, folder=None, env=(), options=()):
        out = t.path('reports-' + label)
        os.makedirs(out)
        argv = [*argv, f'-j{jobs}', *options, *(f'--{kind}={out}/{kind}' for kind in ('tap', 'xml', 'json'))]
        if run:
            recording = t.record(argv, folder, ['-q'], env)
            self.result, self.traces = recording.result, recording.traces
        else:
            if folder:
                env = {'CALLTRACE_OUTPUT': t.path(folder) + '/', **dict(env)}
            self.result = t.run(argv, env)
            self.traces = Recording(t.path(folder), self.result).traces if folder else []
            for path in self.traces:
                t.validate(path)
        self.reports = {kind: t.read(f'{out}/{kind}') for kind in sorted(os.listdir(out))}
        self.verdicts = verdicts(self.reports) if len(self.reports) == 3 else {}

    def behaviour(self, ordered):
        """All that Criterion and the tests said, without times, addresses and process numbers."""
        said = {'exit status': self.result.status}
        for name, text in [('stdout', self.result.out), ('stderr', self.result.err), *self.reports.items()]:
            lines = normal(text).splitlines()
            said[name] = '\n'.join(lines if ordered else sorted(lines)) + '\n'
            if name == 'stderr' and not ordered:
                said[name] = letters(normal(text))
        return said


def compare(t, found, expected, what='traced and untraced'):
    for name in expected:
        t.equal(found.get(name), expected[name], f'{what}: {name}')


def normal(text):
    text = re.sub(r'\(\d+\.\d\ds\)', '(TIME)', text)
    text = re.sub(r'time="[\d.]+"', 'time="TIME"', text)
    return re.sub(r'0x[0-9a-f]{6,}', 'ADDRESS', text)


def letters(text):
    """
    What tests that run at the same time have said on one stream, in no order: how often each character. libstdc++ writes
    'terminate called after throwing an instance of ', the type, what() and each line's end one by one, and the
    other tests write between any two of them.
    """
    return ''.join(f'{count:6} {letter!r}\n' for letter, count in sorted(collections.Counter(text).items()))


def verdicts(reports):
    """{suite.test: sorted statuses}, from the JSON; the XML tells a crash from a timeout."""
    errors = {}
    for suite in xml.etree.ElementTree.fromstring(reports['xml']):
        for case in suite:
            for error in case.findall('error'):
                errors[suite.get('name'), case.get('name')] = {'crash': 'crashed',
                                                               'timeout': 'timed_out'}[error.get('type')]
    found = {}
    for suite in json.loads(re.sub(r'"messages": \[[^]]*\]', '"messages": []', reports['json']))['test_suites']:
        for test in suite['tests']:
            status = STATUS.get(test['status']) or errors[suite['name'], test['name']]
            found.setdefault(f'{suite["name"]}.{test["name"]}', []).append(status)
    return {name: sorted(statuses) for name, statuses in found.items()}


def read_traces(t, paths):
    """{file name without .json: trace}"""
    return {os.path.basename(path)[:-5]: t.json(path) for path in paths}


def lines_of_tests(t, sources):
    """{suite.test: (source, line)}, by looking for them as the macros of Criterion are written in these sources."""
    found = {}
    for source in sources:
        with open(t.source(source)) as file:
            for number, line in enumerate(file, 1):
                match = (re.match(r'Test\((\w+), (\w+)', line) or re.match(r'ParameterizedTest\([^,]*, (\w+), (\w+)',
                                                                           line)
                         or re.match(r'Theory\(\([^)]*\), (\w+), (\w+)', line))
                if match:
                    found[f'{match[1]}.{match[2]}'] = (t.source(source), number)
    return found


def roots(trace, functions):
    """'phase function' of each root call, in order of the threads; only of these functions."""
    return [f'{call["phase"]} {call["function"].split("(")[0]}'
            for tree in trace['call_trees'].values() for call in tree['calls']
            if call['function'].split('(')[0] in functions]


def calls_of(trace, function):
    return sum(row['calls'] for row in trace['summary']['functions'] if row['function'].split('(')[0] == function)


def several(checks):
    """Verdicts of several checks in one test, so that what they share is built once: [(name, function)]."""
    found = []
    for name, check in checks:
        try:
            check()
            found.append((name, 'passed', ''))
        except Failure as failure:
            found.append((name, 'failed', str(failure)))
    return found
