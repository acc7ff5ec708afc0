import glob
import json
import os

from harness import timeout


def written(t):
    """The JSON traces that the unit tests make: every type, every reason."""
    t.run([os.path.join(t.build, 'unit-tests'), '--filter', 'trace_value*/*'],
          {'CT_TEST_TMP': t.tmp, 'ROOT': t.root, 'BUILD': t.build}, check=True)
    found = sorted(glob.glob(t.path('unit-*/*.json')))
    t.true(len(found) > 100, f'{len(found)} traces')
    return found


@timeout(300)
def test_schema(t):
    """Whatever values there are, the trace is valid."""
    for path in written(t):
        t.validate(path)


@timeout(300)
def test_show_prints_no_control_characters(t):
    for path in written(t)[::8]:
        text = t.run([t.calltrace, 'show', path], check=True).out
        t.true(all(c == '\n' or c.isprintable() for c in text), f'{path}: {text!r}')
        plain = t.run([t.calltrace, 'show', '--plain', path], check=True).out
        t.true(plain.isascii() and '(' in plain, f'{path}: {plain!r}')
