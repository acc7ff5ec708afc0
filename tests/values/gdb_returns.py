"""
Runs inside of gdb: what functions return, as gdb's own `finish` sees it, for the first calls of each function that is given.
The recorder plays no part in it.

    RETURNS_ADDRESSES=file RETURNS_OUT=result.json gdb -batch -nx -x gdb_returns.py --args a.out ARGUMENT...

The file: the entry addresses of bodies, one each line, hexadecimal, as in the binary. The result: {address: {nth call from 0:
[hexadecimal bytes, those that count]}}; {"?": why} for what gdb cannot tell.
"""
import json
import os
import re
import struct

import gdb

MOST_CALLS = int(os.environ.get('RETURNS_CALLS', '6'))
found = {}


def bytes_of(value, kind):
    """(the bytes of a value that has no address, which of their bits count)"""
    kind = kind.strip_typedefs()
    size = kind.sizeof
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        out, mask = bytearray(size), bytearray(size)
        for field in kind.fields():
            if not hasattr(field, 'bitpos') or field.bitsize:
                continue
            part, bits = bytes_of(value[field], field.type)
            at = field.bitpos // 8
            out[at:at + len(part)], mask[at:at + len(part)] = part, bits
        if 'basic_string<char' in str(kind) and size == 32:  # behind a short text its buffer is what was there before
            length = int.from_bytes(out[8:16], 'little')
            mask[16:] = bytes(0xff * (i <= length < 16) for i in range(16))
        return bytes(out), bytes(mask)
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        parts = [bytes_of(value[i], kind.target()) for i in range(low, high + 1)]
        return b''.join(part for part, _ in parts), b''.join(bits for _, bits in parts)
    if kind.code == gdb.TYPE_CODE_FLT:
        if size > 8:
            raise ValueError('a long double')
        data = struct.pack('<f' if size == 4 else '<d', float(value))
    elif kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        data = int(value.address).to_bytes(8, 'little')
    else:
        data = (int(value) & ((1 << 8 * size) - 1)).to_bytes(size, 'little')
    return data, b'\xff' * size


class Finish(gdb.FinishBreakpoint):
    def __init__(self, frame, address, number):
        super().__init__(frame, internal=True)
        self.silent = True
        self.address, self.nth = address, number

    def stop(self):
        value = self.return_value
        if value is not None:
            try:
                found.setdefault(self.address, {})[self.nth] = [part.hex() for part in bytes_of(value, value.type)]
            except (gdb.error, ValueError) as error:
                found.setdefault(self.address, {})[self.nth] = {'?': str(error)}
        return False


class Entry(gdb.Breakpoint):
    def __init__(self, address, bias):
        super().__init__(f'*{address + bias:#x}', internal=True)
        self.silent = True
        self.address, self.calls = address, 0

    def stop(self):
        due.append((self.address, self.calls))
        self.calls += 1
        if self.calls == MOST_CALLS:
            self.enabled = False
        return True  # breakpoints cannot be made in here


due = []


def run():
    for setting in ('pagination off', 'confirm off', 'debuginfod enabled off', 'style enabled off', 'print finish off'):
        gdb.execute('set ' + setting, to_string=True)
    arguments = re.search(r'"(.*)"', gdb.execute('show args', to_string=True), re.S)[1]  # starti with any would replace them
    gdb.execute(f'set args {arguments} < /dev/null > /dev/null 2>&1')
    if 'RETURNS_PRELOAD' in os.environ:  # there, but switched off: so that pointers into the heap are the same
        gdb.execute(f'set environment LD_PRELOAD {os.environ["RETURNS_PRELOAD"]}')
        gdb.execute('set environment CALLTRACE_ENABLED false')
    gdb.execute('starti', to_string=True)
    path = gdb.current_progspace().filename
    low = next(int(line.split()[0], 16) for line in gdb.execute('info proc mappings', to_string=True).splitlines()
               if line.rstrip().endswith(os.path.realpath(path)))
    with open(path, 'rb') as file:
        bias = low if file.read(18)[16] == 3 else 0
    with open(os.environ['RETURNS_ADDRESSES']) as file:
        entries = [Entry(int(line, 16), bias) for line in file]
    while entries:
        try:
            gdb.execute('continue', to_string=True)
        except gdb.error:
            break
        while due:
            address, number = due.pop()
            try:
                Finish(gdb.newest_frame(), address, number)
            except (gdb.error, ValueError):
                pass
        try:
            gdb.newest_frame()
        except gdb.error:
            break


try:
    run()
except Exception:  # a batch gdb would end with status 0
    import traceback
    found['error'] = traceback.format_exc()
with open(os.environ['RETURNS_OUT'], 'w') as file:
    json.dump(found, file)
if gdb.selected_inferior().pid:
    gdb.execute('kill', to_string=True)
