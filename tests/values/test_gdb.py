"""A few hundred calls of a random program: what gdb says of parameters is what the plans give. More: tests/real/suite_values.py."""
from generate import Program
from harness import cases, pitfall
import oracle


@pitfall(38)
@cases(compiler=['gcc', 'clang'], level=['-O0', '-O2'])
def test_gdb(t, compiler, level):
    source = t.write('random.c', Program(11, functions=25).text())
    binary = t.compile([source, 'truth.c'], 'random', compiler, level, ['-w', '-no-pie', '-I' + t.dir])
    at_statement = (compiler, level) == ('clang', '-O0')  # before, its parameters are not where gdb looks for them
    counts, wrong = oracle.ask(t, binary, ['log'], 'statement' if at_statement else 'call', 2, 60)
    t.equal(wrong, [], 'differences from gdb')
    equal = sum(n for what, n in counts.items() if what.startswith('equal'))
    t.true(equal > 50, f'too few were compared: {counts}')
    t.true(counts.get('disputed', 0) <= (equal / 4 if compiler == 'clang' else 0), f'disputed: {counts}')
