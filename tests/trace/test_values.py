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


def call(function, children=(), **values):
    """A call in a JSON trace, `function` being its number."""
    behind = {key: values.pop(key) for key in ('return_value', 'arguments_after', 'ended') if key in values}
    return {'function': f'f{function}', 'id': function, 'address': '0x1000', 'start_time': 1, **values,
            'children': list(children), 'end_time': 2, **behind}


def number(name, value, **more):
    return {'name': name, 'type': 'int', 'value': value, **more}


def show(t, calls, *options, env=()):
    names = ['main', 'add', 'ns::get(int) const']
    functions = [{'id': n, 'function': name, 'calls': 1} for n, name in enumerate(names)]
    t.write('x.json', json.dumps({
        'metadata': {'version': '0.1.0', 'timestamp': '2026-11-23T04:16:07.738059771Z', 'total_calls': 3,
                     'threads': 1, 'duration': 9, 'pid': 1, 'parent_pid': 1, 'role': 'program', 'complete': True,
                     'lost': {}, 'damaged': 0, 'flags': {'capture_args': True, 'max_depth': 100},
                     'truncated_calls': 0, 'modules': []},
        'summary': {'functions': functions, 'call_pairs': [], 'call_sites': [],
                    'threads': [{'thread_id': 1, 'calls': 3}]},
        'call_trees': {'1': {'thread_id': 1, 'calls': calls}}}))
    t.validate('x.json')
    return t.run([t.calltrace, 'show', *options, 'x.json'], env, check=True).out


def test_show(t):
    text = {'name': 's', 'type': 'char *', 'value': 'a "b"\n\x1b[31m\u202e\x9b', 'address': '0x7ffd12',
            'truncated': True}
    calls = [call(0, [
        call(1, arguments=[number('a', 2), number('b', 3, how='entry')], return_value={'type': 'int', 'value': 5}),
        call(2, arguments=[{'name': 'this', 'type': 'ns *', 'value': {'x': 1, 'p': '0x10', 'u': None},
                            'address': '0x20'}, text],
             variadic=True, arguments_after=[{'name': 's', 'value': '', 'address': '0x7ffd12'}]),
        call(1, arguments=[], return_value={'type': 'int', 'unavailable': 'unwound'}, ended='unwound'),
        call(1, arguments_unavailable='no index')])]
    t.equal(show(t, calls, '--plain'), '''\
main()
  add(a=2, b=3) -> 5
  ns::get(this={x=1, p=ptr, u=NULL}, s="a \\"b\\"\\n\\x1b[31m\\u202e\\u009b"... => "", ...)
  add() [unwound]
  add(?)
''', 'plain')
    t.equal(show(t, calls, '--plain', '--no-args'),
            'main()\n  add()\n  ns::get(int) const\n  add() [unwound]\n  add()\n', 'without values')
    t.contains(show(t, calls), 'get(this={x=1, p=0x10, u=NULL}, s="a \\"b\\"\\n\\x1b[31m\\u202e\\u009b"… → "", ...)')


def test_only_equal_values_are_folded(t):
    long = 'x' * 200
    calls = [call(0, [call(1, arguments=[number('a', n)]) for n in (1, 1, 1, 2)]
                  + [call(1, arguments=[{'name': 's', 'type': 'char *', 'value': long + end}]) for end in 'aab'])]
    folded = show(t, calls, '--plain', '--fold')
    t.equal(folded.replace(long, 'X'), 'main()\n  add(a=1) x3\n  add(a=2)\n  add(s="Xa") x2\n  add(s="Xb")\n', 'folded')
    lines = [line.split('  ')[0] for line in show(t, calls, env={'LC_ALL': 'C'}).splitlines()[2:]]
    t.equal(lines[2:], ['|- add(s="' + 'x' * 40 + '"...) x2', '`- add(s="' + 'x' * 40 + '"...)'], 'of bounded width')
    t.equal(show(t, calls, '--plain', '--fold', '--no-args'), 'main()\n  add() x7\n', 'without values')


def test_equal_elements_are_counted(t):
    arrays = [[], [0], [0, 0], [1, 0, 0, 0, 2, 2], [[0, 0], [0, 0], [0, 1]], [{'x': 1}, {'x': 1}, {'x': 2}], ['a', 'a', 'b']]
    calls = [call(0, [call(1, arguments=[{'name': 'a', 'type': 'int [9]', 'value': array}]) for array in arrays])]
    t.equal(show(t, calls, '--plain').splitlines()[1:], [
        '  add(a=[])', '  add(a=[0])', '  add(a=[0 x2])', '  add(a=[1, 0 x3, 2 x2])', '  add(a=[[0 x2] x2, [0, 1]])',
        '  add(a=[{x=1} x2, {x=2}])', '  add(a=["a" x2, "b"])'], 'arrays')
