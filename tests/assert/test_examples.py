"""The examples of examples/assertions: each gives what stands beside it, NAME.out, when it passes and when it fails."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import cases  # noqa: E402
import test_assert  # noqa: E402

FOLDER = 'examples/assertions'
NAMES = ['called.c', 'arguments.c', 'order.c', 'sequence.c', 'returned.c', 'by_name.c', 'up_front.c', 'overloads.cc']


@cases(name=NAMES)
def test_example(t, name):
    t.dir = os.path.join(t.root, FOLDER)
    program = test_assert.build(t, test_assert.local(t, name))
    result = t.run([program, '-j1'])
    test_assert.golden(t, os.path.splitext(name)[0] + '.out', test_assert.plain(result.err))
    t.contains(result.err, 'Passing: 1 | Failing: 1 | Crashing: 0')


def test_all_are_here(t):
    found = sorted(name for name in os.listdir(os.path.join(t.root, FOLDER)) if name.endswith(('.c', '.cc')))
    t.equal(found, sorted(NAMES), 'examples')
