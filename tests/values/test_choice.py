"""Patterns that mean nothing are said, and stand in the trace with the lists and limits in force."""
import glob
import os

from harness import cases

SAID = 'calltrace: warning: {} \'{}\': no function or parameter of that name in what was traced: {}'
NOTHING = {'args-only': 'nothing is captured by it', 'args-except': 'nothing is left out by it', 'redact': 'NOTHING IS REDACTED by it'}


def warnings(text):
    return [line for line in text.splitlines() if 'no function or parameter' in line]


def said(*pairs):
    return [SAID.format(name, pattern, NOTHING[name]) for name, pattern in pairs]


@cases(compiler=['gcc', 'clang'], quiet=[True, False])
def test_run_says_it(t, compiler, quiet):
    program = t.compile('pointers.c', 'pointers', compiler, '-O1', ['-pthread', '-w'])
    recording = t.record([program, 'secrets', 'told'], options=[
        *(['-q'] if quiet else []), '--redact', 'login:pasword, login:password secrt:return,secret:return,main:return', '--args-except', '*:nothing,log*:user',
        '--args-only', 'l*n,secret,no(such, thing)', '--string-length', '77'])
    expected = said(('args-only', 'no(such, thing)'), ('args-except', '*:nothing'), ('redact', 'login:pasword'), ('redact', 'secrt:return'))
    t.equal(recording.result.err.splitlines()[-4:], expected, 'the last lines')
    t.equal(warnings(recording.result.err), expected, 'nothing else')
    meta = t.json(recording.traces[0])['metadata']
    t.equal(meta['flags'], {'capture_args': True, 'max_depth': 100, 'string_length': 77, 'value_depth': 2, 'call_bytes': 2048,
                            'args_only': ['l*n', 'secret', 'no(such, thing)'], 'args_except': ['*:nothing', 'log*:user'],
                            'redact': ['login:pasword', 'login:password', 'secrt:return', 'secret:return', 'main:return']}, 'flags')
    t.equal(meta['unmatched_patterns'], {'args_only': ['no(such, thing)'], 'args_except': ['*:nothing'],
                                         'redact': ['login:pasword', 'secrt:return']}, 'unmatched_patterns')


def test_what_matches_is_not_said(t):
    program = t.compile('pointers.c', 'pointers', 'gcc', '-O1', ['-pthread', '-w'])
    recording = t.record([program, 'secrets', 'told'], options=['-q', '--redact', '*:password,login'])
    t.equal(recording.result.err, '', 'said')
    t.true('unmatched_patterns' not in t.json(recording.traces[0])['metadata'], 'unmatched')
    recording = t.record([program, 'secrets', 'told'], 'without', options=['-q'])
    t.equal(t.json(recording.traces[0])['metadata']['flags'], {'capture_args': False, 'max_depth': 100}, 'without values')


def test_void_returns_nothing(t):
    source = t.write('void.c', 'void nothing(int n) { (void) n; }\nint main(void) { nothing(1); return 0; }\n')
    program = t.compile([source], 'void', 'gcc', '-O0')
    recording = t.record([program], options=['-q', '--redact', 'nothing:return,main:return'])
    t.equal(warnings(recording.result.err), said(('redact', 'nothing:return')), 'said')


def test_of_several_processes(t):
    """A pattern is good if it means something in one of them."""
    programs = []
    for name in ('one', 'two'):
        source = t.write(f'{name}.c', f'int {name}(int secret_{name}) {{ return secret_{name}; }}\nint main(void) {{ return {name}(0); }}\n')
        programs.append(t.compile([source], name, 'gcc', '-O0'))
    recording = t.record(['sh', '-c', ' && '.join(programs)], options=['-q', '--redact', 'one:secret_one,two:secret_two,three:secret_three'])
    t.equal(warnings(recording.result.err), said(('redact', 'three:secret_three')), 'said')
    found = [t.json(path)['metadata']['unmatched_patterns']['redact'] for path in recording.traces]
    t.equal(found, [['two:secret_two', 'three:secret_three'], ['one:secret_one', 'three:secret_three']], 'of each')


def test_preloaded(t):
    program = t.compile('pointers.c', 'pointers', 'gcc', '-O1', ['-pthread', '-w'])
    result = t.run([program, 'secrets', 'told'], {'LD_PRELOAD': t.lib, 'CALLTRACE_OUTPUT': t.path('trace.json'), 'CALLTRACE_CAPTURE_ARGS': '1',
                                                  'CALLTRACE_REDACT': 'login:pasword'})
    t.equal(t.validate('trace.json')['metadata']['unmatched_patterns'], {'redact': ['login:pasword']}, 'unmatched')
    t.equal(warnings(result.err), said(('redact', 'login:pasword')), 'said')


def test_set_by_the_program(t):
    """All that were in force at some time."""
    program = t.path('choices')
    t.run(['gcc', '-g', '-w', '-finstrument-functions', '-I' + t.root + '/include', t.source('choices.c'), '-o', program,
           '-L' + t.build, '-lcalltrace', '-Wl,-rpath,' + t.build], check=True)
    os.mkdir('traces')
    t.run([program], {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': t.path('traces/'), 'CALLTRACE_REDACT': 'nobody:nothing'}, check=True)
    path, = glob.glob('traces/*.ct')
    result = t.run([t.calltrace, 'json', '-o', 'trace.json', path], check=True)
    meta = t.validate('trace.json')['metadata']
    t.equal({name: value for name, value in meta['flags'].items() if isinstance(value, list)},
            {'args_only': ['no_such', 'f:return'], 'args_except': ['f:m'], 'redact': ['nobody:nothing', 'f:n']}, 'lists')
    t.equal(meta['unmatched_patterns'], {'args_only': ['no_such'], 'redact': ['nobody:nothing']}, 'unmatched')
    t.equal(warnings(result.err), said(('args-only', 'no_such'), ('redact', 'nobody:nothing')), 'said')
