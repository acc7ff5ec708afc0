"""
syslog-ng: a large program whose own tests are written in Criterion, more than a thousand of them. Its core is built as the
shared library that it is, without its build system, which wants more than we can ask for; what it needs beyond that is
fetched too, not installed. Function coverage is compared with lcov's.
"""
import glob
import os
import re
import sys

import oracles
import traced
from harness import cases, slow, timeout
from verdicts import clean, our_verdicts, verdicts_of

PACKAGES = ['libglib2.0-dev', 'libglib2.0-0', 'libpcre3-dev', 'libpcre3', 'libssl-dev', 'libivykis-dev', 'libivykis0', 'bison',
            'flex', 'm4']
NEEDS = {'syslog-ng': ('debian', 'syslog-ng'), 'root': ('debian-binary', *PACKAGES)}
OFF = {'ENABLE_FORCED_SERVER_MODE', 'ENABLE_DEBUG', 'ENABLE_GPROF', 'ENABLE_LINUX_CAPS', 'ENABLE_MEMTRACE',
       'ENABLE_TCP_WRAPPER', 'ENABLE_SYSTEMD', 'ENABLE_SPOOF_SOURCE', 'HAVE_JOURNAL_NAMESPACES', 'SYSTEMD_JOURNAL_MODE',
       'ENABLE_PYTHONv2', 'ENABLE_PYTHONv3', 'ENABLE_ENV_WRAPPER', 'USE_CONST_IVYKIS_MOCK', 'WITH_COMPILE_DATE'}
GRAMMARS = ['cfg-grammar', 'block-ref-grammar', 'pragma-grammar', 'filter/filter-expr-grammar',
            'rewrite/rewrite-expr-grammar', 'parser/parser-expr-grammar']
LIBRARIES = ['glib-2.0', 'gmodule-2.0', 'gthread-2.0', 'ivykis', 'pcre', 'ssl', 'crypto', 'm', 'resolv', 'dl', 'pthread']

# What measures speed (10^7 to 10^9 calls), depends on the network, or waits.
LEFT_OUT = {'test_encode', 'test_kv_scanner', 'test_logmsg_serialize', 'test_logqueue', 'test_template_speed', 'test_tags',
            'test_scan-timestamp', 'test_host_resolve', 'test_filters_statistics', 'test_dnscache'}
QUICK = {'test_apphook', 'test_aux_data', 'test_cfg_lexer_subst', 'test_cfg_tree', 'test_consecutive_ack_record_container',
         'test_control_cmds', 'test_csv_scanner', 'test_filters_level_new', 'test_findcrlf', 'test_hostname', 'test_lexer',
         'test_list_scanner', 'test_log_message', 'test_logsource', 'test_macro', 'test_matcher', 'test_nvtable',
         'test_persist_state', 'test_rename', 'test_rewrite', 'test_ringbuffer', 'test_secret_storage', 'test_stats_query',
         'test_template_compile', 'test_transport_factory_registry', 'test_type_hints', 'test_unixtime', 'test_userdb'}


class SyslogNg:
    """How its parts are built."""

    def __init__(self, t, compiler, level, coverage=False):
        self.t, self.source = t, t.needs['syslog-ng']
        self.root = t.needs['root'] + '/usr'
        self.options = {'compiler': compiler, 'level': level}
        tree = self.source
        includes = ['generated', tree, tree + '/lib', tree + '/libtest', tree + '/lib/eventlog/src', self.root + '/include',
                    self.root + '/include/glib-2.0', self.root + '/include/x86_64-linux-gnu',
                    self.root + '/lib/x86_64-linux-gnu/glib-2.0/include']
        self.flags = ['-D_GNU_SOURCE', f'-DTOP_SRCDIR="{tree}"', *(f'-I{folder}' for folder in includes),
                      *(['--coverage'] if coverage else [])]
        places = [self.root + '/lib/x86_64-linux-gnu', t.needs['root'] + '/lib/x86_64-linux-gnu']
        self.libraries = [*('-L' + place for place in places), *('-l' + name for name in LIBRARIES),
                          *('-Wl,-rpath,' + place for place in places)]
        self.generate()
        self.core = self.build_core()
        self.libtest = traced.archive(t, 'libtest.a', sorted(glob.glob(tree + '/libtest/*.c')), flags=self.flags,
                                      **self.options)

    def generate(self):
        """What its configure script, bison and flex would."""
        t = self.t
        lines = []
        with open(self.source + '/syslog-ng-config.h.in') as file:
            for line in file:
                word = re.match(r'#cmakedefine(01)? SYSLOG_NG_(\w+)( +")?', line)
                if not word:
                    lines.append(line if line[0] == '#' and 'cmakedefine' not in line else '\n')
                elif word[3]:
                    value = '3.38.1' if 'VERSION' in word[2] else '/nonexistent'
                    lines.append(f'#define SYSLOG_NG_{word[2]} "{value}"\n')
                elif word[2] not in OFF or word[1]:
                    lines.append(f'#define SYSLOG_NG_{word[2]} {0 if word[2] in OFF else 1}\n')
        t.write('generated/syslog-ng-config.h', ''.join(lines))
        env = {'PATH': f'{self.root}/bin:{os.environ["PATH"]}', 'M4': self.root + '/bin/m4',
               'BISON_PKGDATADIR': self.root + '/share/bison'}
        for name in GRAMMARS:
            grammar = f'{self.source}/lib/{name}.y'
            if not os.path.exists(grammar):
                merged = t.run([sys.executable, self.source + '/lib/merge-grammar.py', grammar + 'm'], check=True)
                grammar = t.write(f'generated/{name}.y', merged.out)
            os.makedirs(os.path.dirname(f'generated/{name}'), exist_ok=True)
            t.run(['bison', '--no-lines', '-Wno-other', '-d', '-o', f'generated/{name}.c', grammar], env, check=True)
        t.run(['flex', '--noline', self.source + '/lib/cfg-lex.l'], env, check=True)
        for kind in 'ch':
            os.rename('lex.yy.' + kind, 'generated/cfg-lex.' + kind)

    def build_core(self):
        sources = [path for path in glob.glob(self.source + '/lib/**/*.c', recursive=True)
                   if '/tests/' not in path and '/ivykis/' not in path and not path.endswith('/hostname-unix.c')]
        sources += glob.glob(self.t.path('generated/**/*.c'), recursive=True)
        return traced.build(self.t, 'libsyslog-ng.so', sorted(sources), flags=[
            '-fPIC', '-shared', '-Wl,-soname,libsyslog-ng.so', *self.flags, *self.libraries], **self.options)

    def build_test(self, source):
        """Without PIE: Criterion 2.4 finds parameters that a test has in static arrays only then."""
        folder = os.path.dirname(source)
        helpers = [path for path in glob.glob(folder + '/*.c') if not os.path.basename(path).startswith('test_')
                   or os.path.basename(path) == 'test_filters_common.c' != os.path.basename(source)]
        return traced.build(self.t, os.path.basename(source)[:-2], [source, *helpers, self.libtest, self.core], flags=[
            '-no-pie', *self.flags, '-I' + folder, '-I' + os.path.dirname(folder), '-lcriterion', '-Wl,-rpath,' + self.t.tmp,
            *self.libraries], **self.options)

    def tests(self, chosen):
        """Those programs whose names `chosen` wants: [source]."""
        sources = sorted(glob.glob(self.source + '/lib/**/tests/test_*.c', recursive=True))
        return [path for path in sources if chosen(os.path.basename(path)[:-2])
                and os.path.basename(path) != 'test_filters_common.c']

    def run(self, binary, *words):
        return self.t.run([binary, *words], {'top_srcdir': self.source}, timeout=120)


def check_program(t, project, binary):
    name = os.path.basename(binary)
    untraced = project.run(binary, '-j2', '--json=untraced.json')
    recording = t.record([binary, '-j2', '--json=traced.json'], 'traces/' + name, ['-q', '--compact'],
                         {'top_srcdir': project.source}, validate=False, timeout=120)
    t.equal(recording.result.status, untraced.status, f'{name}: exit status')
    t.equal(outline(t, 'traced.json'), outline(t, 'untraced.json'), f'{name}: verdicts as Criterion reports them')
    traced.check_traces(t, recording.traces)
    if os.path.exists('traced.json'):
        expected = verdicts_of(t, binary, t.json('traced.json'))
        found = our_verdicts(t, recording)
        t.equal(sorted((*key[:2], status) for key, status in found.items()),
                sorted((*key[:2], status) for key, status in expected.items()), f'{name}: verdicts')
    for report in ('traced.json', 'untraced.json'):
        if os.path.exists(report):
            os.unlink(report)
    return len(recording.traces)


def outline(t, report):
    """Tests that run at once end in any order."""
    if not os.path.exists(report):
        return None
    return sorted((suite['name'], test['name'], test['status'], clean(str(test.get('messages'))))
                  for suite in t.json(report)['test_suites'] for test in suite['tests'])


def run_suite(t, project, chosen):
    """One verdict for each program, and the report."""
    traces, verdicts, sources = 0, [], project.tests(chosen)
    case = ' '.join(project.options.values())
    for source in sources:
        name = f'real/syslog_ng::{os.path.relpath(source, project.source)} {case}'
        try:
            traces += check_program(t, project, project.build_test(source))
            verdicts.append((name, 'passed', ''))
        except Exception as failure:
            verdicts.append((name, 'failed', str(failure)))
    report = traced.check_report(t, 'traces')
    t.true(traces > 10 * len(sources), f'{traces} traces of {len(sources)} programs')
    t.true(report['totals']['functions']['covered'] > 800, f'covered: {report["totals"]}')
    return verdicts, report


def compare_with_lcov(t, project, report):
    """Who was called at all: threads make counts differ from run to run, and the untraced run has left its own."""
    below = project.source + '/lib'
    theirs = product(oracles.lcov_functions(t, t.tmp, below))
    ours = product(oracles.reported_functions(report, below))
    t.true(len(theirs) > 2000, f'lcov knows {len(theirs)} functions only')
    t.equal(ours, theirs, 'whether each function was called')


def product(functions):
    return {key: calls > 0 for key, calls in functions.items() if '/tests/' not in '/' + key[0]}


@timeout(600)
def test_quick(t):
    """Built for gcov and for us at once, so that both see the same runs."""
    project = SyslogNg(t, 'gcc', '-O0', coverage=True)
    verdicts, report = run_suite(t, project, QUICK.__contains__)
    compare_with_lcov(t, project, report)
    return [*verdicts, ('real/syslog_ng::function coverage as lcov', 'passed', '')]


@slow
@timeout(1800)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_all(t, compiler, level):
    return run_suite(t, SyslogNg(t, compiler, level), lambda name: name not in LEFT_OUT)[0]
