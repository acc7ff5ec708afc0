"""
Call assertions (docs/assertions.md) in tests that nobody here wrote: lines of ours are put into syslog-ng's tests of its
ring buffer and its line finder, and into Criterion's of its sets. They pass as they did before; and with one word of ours
made untrue, the very test that has it fails, at that line.
"""
import os

import traced

NEEDS = {'syslog-ng': ('debian', 'syslog-ng'), 'criterion': ('debian', 'criterion'),
         'root': ('debian-binary', 'libglib2.0-dev', 'libglib2.0-0', 'libpcre3')}

INCLUDE = ('#include <criterion/criterion.h>', '#include <criterion/calltrace.h>')

RING_BUFFER = [  # (a line of theirs, lines of ours behind it)
    INCLUDE,
    ('  cr_assert_null(ring_buffer_push(&rb), "cannot push to a full buffer");', '''
  cr_assert_called_times(ring_buffer_push, capacity + 1);
  cr_assert_last_returned(ring_buffer_push, cr_null);
  cr_assert_called_times(cr_from(ring_buffer_push, "_ringbuffer_fill"), capacity);
  cr_assert_call_order(ring_buffer_alloc, cr_times(ring_buffer_push, capacity + 1));
  cr_assert_not_called(ring_buffer_pop);'''),
    ('  cr_assert_null(ring_buffer_pop(&rb), "cannot pop from empty buffer");', '''
  cr_assert_called_once(ring_buffer_pop);
  cr_assert_called_with(ring_buffer_pop, cr_ptr(&rb));
  cr_assert_called_from(ring_buffer_is_empty, ring_buffer_pop);
  cr_assert_returned(ring_buffer_is_empty, cr_ne(0));
  cr_assert_called_with(ring_buffer_alloc, cr_ptr(&rb), sizeof(TestData), capacity);'''),
]

FIND_CRLF = [
    INCLUDE,
    ('    return;', '''
  cr_assert_called_once(find_cr_or_lf_or_nul);
  cr_assert_called_with(find_cr_or_lf_or_nul, cr_ptr(params->msg), params->msg_len);
  cr_assert_returned(find_cr_or_lf_or_nul, cr_ptr(params->msg + params->eom_ofs));'''),
]

ORDERED_SET = [
    ('#include "criterion/criterion.h"', '#include <criterion/calltrace.h>'),
    ('            cr_assert_lt(*prev, *e);', '''
        cr_expect_called_times("insert_ordered_set", 3);
        cr_expect_not_called(compare_gt);
        cr_expect_called_from(compare_lt, "insert_ordered_set");
        cr_expect_called(cr_call(compare_lt, cr_not_null, cr_not_null));'''),
]


def patched(t, source, changes, replaced=None):
    with open(source) as file:
        text = file.read()
    for line, ours in changes:
        t.true(text.count(line + '\n') >= 1, f'{source} has no line {line!r}: it is another version')
        text = text.replace(line + '\n', f'{line}\n{ours.strip(chr(10))}\n', 1)
    if replaced:
        t.true(replaced[0] in text, f'{replaced[0]} is not in it')
        text = text.replace(*replaced, 1)
    return t.write(os.path.basename(source), text)


def calltrace_flags(t):
    words = t.run(['pkg-config', '--define-variable=libdir=' + t.build, '--libs', 'calltrace-criterion'],
                  {'PKG_CONFIG_PATH': t.build}, check=True).out.split()
    return ['-I' + t.root + '/criterion-ext/include', *words, '-Wl,-rpath,' + t.build]


def glib_flags(t):
    root = t.needs['root'] + '/usr'
    places = [root + '/lib/x86_64-linux-gnu', t.needs['root'] + '/lib/x86_64-linux-gnu']
    return ['-I' + root + '/include/glib-2.0', '-I' + root + '/lib/x86_64-linux-gnu/glib-2.0/include',
            *('-L' + place for place in places), '-lglib-2.0', *('-Wl,-rpath,' + place for place in places)]


def set_flags(t):
    """As suite_criterion.py builds Criterion's units: their own copies come before the library's."""
    folder = t.needs['criterion']
    t.write('config.h', '#define HAVE_PTHREADS 1\n')
    return ['-D_GNU_SOURCE', '-Dalways_inline=unused', '-fgnu89-inline', '-Wl,-z,muldefs', '-I.', f'-I{folder}/include',
            f'-I{folder}/src']


def passes_and_fails(t, program, untrue, said):
    result = t.run([program])
    t.equal(result.status, 0, str(result))
    result = t.run([untrue])
    t.equal(result.status, 1, str(result))
    t.contains(result.err, said)


def test_ring_buffer(t):
    lib = t.needs['syslog-ng'] + '/lib'
    flags = ['-I' + lib, *glib_flags(t), *calltrace_flags(t)]
    programs = []
    for number, replaced in enumerate([None, ('ring_buffer_push, capacity + 1)', 'ring_buffer_push, capacity + 2)')]):
        source = patched(t, lib + '/tests/test_ringbuffer.c', RING_BUFFER, replaced)
        programs.append(traced.build(t, f'ring{number}', [source, lib + '/ringbuffer.c'], flags=flags))
    passes_and_fails(t, *programs, 'ring_buffer_push was called 48 times, expected exactly 49')


def test_find_crlf(t):
    lib = t.needs['syslog-ng'] + '/lib'
    t.write('syslog-ng-config.h', '')
    flags = ['-no-pie', '-I.', '-I' + lib, *glib_flags(t), *calltrace_flags(t)]
    programs = []
    for number, replaced in enumerate([None, ('params->msg_len);\n  cr_assert_returned', '9);\n  cr_assert_returned')]):
        source = patched(t, lib + '/tests/test_findcrlf.c', FIND_CRLF, replaced)
        programs.append(traced.build(t, f'crlf{number}', [source, lib + '/find-crlf.c'], flags=flags))
    passes_and_fails(t, *programs, 'find_cr_or_lf_or_nul was never called with these arguments')


def test_ordered_set(t):
    folder = t.needs['criterion']
    parts = ['src/core/ordered-set.c', 'src/csptr/array.c', 'src/csptr/mman.c']
    programs = []
    for number, replaced in enumerate([None, ('cr_expect_not_called(compare_gt)', 'cr_expect_not_called(compare_lt)')]):
        source = patched(t, folder + '/test/unit/ordered-set.c', ORDERED_SET, replaced)
        programs.append(traced.build(t, f'set{number}', [source, *(f'{folder}/{part}' for part in parts)],
                                     flags=[*calltrace_flags(t), *set_flags(t)]))
    passes_and_fails(t, *programs, 'compare_lt was called')
