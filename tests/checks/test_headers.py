"""A public header compiles alone, in C and in C++, by both compilers, without a warning."""
import glob
import os

from harness import cases


@cases(compiler=['gcc', 'clang'], standard=['c11', 'c++11'])
def test_headers_alone(t, compiler, standard):
    headers = sorted(glob.glob(t.root + '/include/calltrace/*.h')
                     + glob.glob(t.root + '/criterion-ext/include/criterion/*.h'))
    t.true(headers, 'no public header found')
    cxx = standard.startswith('c++')
    name = t.write('alone.cc' if cxx else 'alone.c', '#include HEADER\n')
    problems = []
    for path in headers:
        folder = os.path.dirname(os.path.dirname(path))
        result = t.run([{'gcc': 'g++', 'clang': 'clang++'}[compiler] if cxx else compiler, '-std=' + standard, '-Wall',
                        '-Wextra', '-pedantic', '-Werror', '-fsyntax-only', '-I' + folder, '-I' + t.root + '/include',
                        f'-DHEADER=<{os.path.relpath(path, folder)}>', *t.pkg_config('--cflags', 'criterion'), name])
        if result.status:
            problems.append(str(result))
    t.equal('\n'.join(problems), '', 'headers')
