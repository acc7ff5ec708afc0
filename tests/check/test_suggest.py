"""What is suggested of C++: what the test called, and not what the library's headers did for it; with the shortest names."""
import os


def test_classes(t):
    os.symlink(os.path.join(t.root, 'tests/assert/classes.cc'), 'classes.cc')
    program = t.compile(['classes.cc'], 'classes', flags=['-std=c++17', '-I' + t.root + '/criterion-ext/include', t.ext],
                        criterion=True)
    t.run([t.calltrace, 'run', '--args', '-q', '-o', 'traces', '--', program], check=True)
    t.run([t.calltrace, 'check', '--suggest', '-o', 'classes.expect', 'traces'], check=True)
    suggested = t.read('classes.expect')
    t.contains(suggested, 'test met::strings\n    call act()\nend')
    t.lacks(suggested, 'std::')
    t.run([t.calltrace, 'check', '-e', 'classes.expect', 'traces'], check=True)


SUITE = '''
#include <criterion/criterion.h>
#include <string>
#include <vector>
static int last(const std::vector<int> &numbers, int (*change)(int)) { return change(numbers.back()); }
static int half(int n) { return n / 2; }
static std::string name(int n) { return std::to_string(n); }
static std::string name(const std::string &n) { return n; }
Test(a, b) { std::vector<int> numbers{ 4, 8 }; last(numbers, half); name(3); name("x"); }
'''


def test_names(t):
    t.write('suite.cc', SUITE)
    program = t.compile(['suite.cc'], 'suite', criterion=True)
    t.run([t.calltrace, 'run', '--args', '-q', '-o', 'traces', '--', program], check=True)
    suggested = t.run([t.calltrace, 'check', '--suggest', 'traces'], check=True).out
    t.equal(suggested, """test a::b
    call last(_, @"half(int)") -> 4
    call "name(int)"(3) -> "3"
    call "name(std::string const&)"("x") -> "x"
end

""", 'suggested')
    t.write('suite.expect', suggested)
    t.run([t.calltrace, 'check', '-e', 'suite.expect', 'traces'], check=True)
