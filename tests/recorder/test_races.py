"""The recorder under ThreadSanitizer: compiled with it, in a program whose threads call, begin, end, and load and unload."""
import glob
import os

from harness import slow

ELSEWHERE = ['format/choice.c', 'format/index.c', 'format/plan.c', 'base/error.c', 'base/setting.c']


# Words that their own threads read with plain loads, on the hooks' straight path, while dlclose() in another stores them whole: either
# value will do, for no thread can be at what is unloaded.
BY_DESIGN = 'race:ct_table_forget\nrace:^forget$\n'


def build_recorder(t):
    """What the sanitiser itself calls while it begins, interposed functions, is not looked at."""
    flags = ['-O1', '-g', '-w', '-fPIC', '-fvisibility=hidden', '-ftls-model=initial-exec', '-fno-stack-protector', '-D_GNU_SOURCE=',
             f'-I{t.root}/include', f'-I{t.root}/src', f'-I{t.root}/criterion-ext/include', *t.pkg_config('--cflags', 'criterion')]
    own = glob.glob(t.root + '/src/runtime/*.c')
    plain = [name for name in own if os.path.basename(name).startswith(('interpose', 'crash'))]
    assembly = glob.glob(t.root + '/src/arch/x86_64/*.S')
    elsewhere = [f'{t.root}/src/{name}' for name in ELSEWHERE]
    for folder, sources, more in (('own', [name for name in own if name not in plain], ['-fsanitize=thread']),
                                  ('plain', plain + assembly, []), ('elsewhere', elsewhere, ['-fsanitize=thread'])):
        os.mkdir(folder)
        t.sh(f'cd {folder} && gcc -c {" ".join(flags + more + sources)}', check=True)
    objects = glob.glob(t.path('own/*.o')) + glob.glob(t.path('plain/*.o')) + glob.glob(t.path('elsewhere/*.o'))
    t.run(['gcc', '-shared', '-fsanitize=thread', '-Wl,-z,now', '-Wl,-z,defs', '-o', 'recorder.so', *objects], check=True)
    return t.path('recorder.so')


@slow
def test_races(t):
    library = build_recorder(t)
    for name, longer in (('one', 8), ('two', 64)):
        t.compile(['reload.c'], f'{name}.so', 'gcc', '-O1', ['-w', '-DNAME=' + name, f'-DLONGER={longer}'], shared=True)
    program = t.compile(['reload.c'], 'reload', 'gcc', '-O1', ['-w', '-pthread', '-fsanitize=thread', '-Wl,--no-as-needed', library,
                                                               '-Wl,-rpath,' + t.tmp])
    t.write('suppressions', BY_DESIGN)
    for values in ('0', '1'):
        result = t.run([program, '40', './one.so', './two.so'],
                       {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': t.path('traces/'), 'CALLTRACE_CAPTURE_ARGS': values,
                        'CALLTRACE_PROGRAM': t.calltrace,
                        'TSAN_OPTIONS': f'suppressions={t.path("suppressions")} print_suppressions=0'})
        t.equal((result.status, result.err), (0, ''), f'races, with values {values}')
    t.equal(len(os.listdir('traces')), 2, 'traces')
