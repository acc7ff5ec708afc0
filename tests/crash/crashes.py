"""What the tests of crashes share."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))


def crash_of(t, recording):
    """(metadata.crash of the one trace, the trace)"""
    t.equal(len(recording.traces), 1, 'traces')
    trace = t.json(recording.traces[0])
    t.true('crash' in trace['metadata'], f'no crash in {trace["metadata"]}')
    return trace['metadata']['crash'], trace


def functions(stack):
    """The recorded calls, innermost first."""
    return [frame.get('function') for frame in stack['stack'] if 'id' in frame]


def place(frame):
    return f'{os.path.basename(frame.get("file", "?"))}:{frame.get("line")}'


def line_of(t, name, text):
    """The number of the only line of that source that has `text`."""
    with open(os.path.join(t.dir, name)) as file:
        numbers = [number for number, line in enumerate(file, 1) if text in line]
    assert len(numbers) == 1, (name, text, numbers)
    return numbers[0]
