import glob

from harness import cases, timeout


@cases(fuzzer=['raw', 'json', 'expect'])
@timeout(300)
def test_readers_bear_anything(t, fuzzer):
    """Mutations of whole traces, the same in every run. More: build the fuzzer likewise, and give it -n and -s."""
    program = t.path('fuzz')
    libraries = t.pkg_config('--libs', 'libdw', 'libelf', 'libcjson')
    t.run(['gcc', '-std=gnu11', '-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined',
           '-D_GNU_SOURCE=', f'-I{t.root}/include', f'-I{t.root}/src', f'{t.root}/tests/fuzz/fuzz_{fuzzer}.c',
           f'{t.build}/san/tool.a', '-o', program, *libraries, '-lZydis', '-lstdc++', '-pthread'], check=True)
    result = t.run([program, '-s', '1', '-n', '4000' if fuzzer == 'raw' else '20000'], timeout=240)
    t.equal((result.status, result.err), (0, ''), result.out)
    corpus = sorted(glob.glob(f'{t.root}/tests/fuzz/corpus/{fuzzer}/*'))
    t.true(corpus, 'there is a corpus')
    result = t.run([program, *corpus])
    t.equal((result.status, result.err), (0, ''), result.out)
