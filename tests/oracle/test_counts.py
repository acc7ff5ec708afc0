"""How often every function, call pair and call site of deterministic programs ran, as we say it and as others do."""
import os
import sys

from harness import CXX, cases

sys.path.insert(0, os.path.dirname(__file__))
import oracles  # noqa: E402

PROGRAMS = {'shapes': ['shapes.c', 'other.c'], 'threads': ['threads.c'], 'cxx': ['shapes.cc']}
FLAGS = {'threads': ['-pthread']}
PLAIN = ['-gdwarf-4']  # valgrind 3.19 does not understand clang's DWARF 5
SIGNAL_HANDLERS = {'shapes.c:on_signal'}  # callgrind does not know who was interrupted


def driver(program, compiler):
    return CXX[compiler] if program == 'cxx' else compiler


def trace(t, program, compiler):
    binary = t.compile(PROGRAMS[program], 'prog', compiler, flags=FLAGS.get(program, []))
    recording = t.record([binary])
    t.equal(recording.result.status, 0, str(recording.result))
    t.equal(len(recording.traces), 1, 'number of traces')
    return binary, oracles.Ours(t, [t.json(recording.traces[0])], [binary])


def plain(t, program, compiler):
    """The same program without instrumentation, for callgrind."""
    return t.compile(PROGRAMS[program], 'plain', compiler, flags=[*FLAGS.get(program, []), *PLAIN], instrument=False)


@cases(program=list(PROGRAMS), compiler=['gcc', 'clang'])
def test_functions_as_gcov(t, program, compiler):
    _, ours = trace(t, program, compiler)
    counts = oracles.gcov_counts(t, driver(program, compiler), PROGRAMS[program], FLAGS.get(program, []))
    t.true(len(counts) > 3, f'gcov knows {len(counts)} functions only')
    known = {name: calls for name, calls in ours.functions.items() if name in counts or program != 'cxx'}
    t.equal(known, {name: calls for name, calls in counts.items() if calls}, 'calls of each function')


@cases(program=['shapes', 'cxx'], compiler=['gcc', 'clang'])
def test_pairs_as_callgrind(t, program, compiler):
    _, ours = trace(t, program, compiler)
    oracles.compare(t, ours, oracles.Callgrind(t, plain(t, program, compiler), ours=ours.functions), SIGNAL_HANDLERS)


@cases(compiler=['gcc', 'clang'])
def test_functions_of_threads_as_callgrind(t, compiler):
    _, ours = trace(t, 'threads', compiler)
    theirs = oracles.Callgrind(t, plain(t, 'threads', compiler), ours=ours.functions)
    t.equal(dict(ours.functions), dict(theirs.functions), 'calls of each function')
    t.equal(dict(ours.pairs), dict(theirs.pairs), 'calls of each pair')


def build_shared(t, compiler, folder, instrument):
    os.makedirs(t.path(folder))
    library = t.compile(['other.c'], f'{folder}/libother.so', compiler, flags=PLAIN, shared=True,
                        instrument=instrument)
    return library, t.compile(['user.c'], f'{folder}/user', compiler, flags=[library, '-Wl,-rpath,$ORIGIN', *PLAIN],
                              instrument=instrument)


@cases(compiler=['gcc', 'clang'])
def test_pairs_across_a_shared_library_as_callgrind(t, compiler):
    library, program = build_shared(t, compiler, 'traced', True)
    recording = t.record([program])
    ours = oracles.Ours(t, [t.json(recording.traces[0])], [library, program])
    _, program = build_shared(t, compiler, 'plain', False)
    oracles.compare(t, ours, oracles.Callgrind(t, program, ours=ours.functions))


@cases(program=list(PROGRAMS), compiler=['gcc', 'clang'])
def test_call_sites_as_objdump(t, program, compiler):
    """Without optimisation, every call instruction of an instrumented function is one call site."""
    binary = t.compile(PROGRAMS[program], 'prog', compiler, flags=FLAGS.get(program, []))
    theirs = oracles.objdump_calls(t, binary)
    indexed, places = oracles.indexed_calls(t, binary)
    t.equal(indexed, theirs, 'call sites in the index')
    t.record([binary])
    t.run([t.calltrace, 'report', '--format', 'json', '-o', 'report.json', 'trace'], check=True)
    expected = {place: sum(theirs[symbol] for symbol in symbols) for place, symbols in places.items()}
    t.equal(oracles.reported_calls(t.json('report.json')), {place: calls for place, calls in expected.items() if calls},
            'call sites in the report')
