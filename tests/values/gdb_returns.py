"""
Runs inside of gdb: what functions return, as gdb's own `finish` sees it, for the first calls of each function that is given.
The recorder plays no part in it.

    RETURNS_ADDRESSES=file RETURNS_OUT=result.json gdb -batch -nx -x gdb_returns.py --args a.out ARGUMENT...

The file: the entry addresses of bodies, one each line, hexadecimal, as in the binary. The result: {address: {nth call from 0:
hexadecimal bytes}}; {"?": why} for what gdb cannot tell.
"""
import json
import os
import re
import struct

import gdb

MOST_CALLS = int(os.environ.get('RETURNS_CALLS', '6'))
found = {}


def bytes_of(value, kind):
    """The bytes of a value that has no address. Padding is zero."""
    kind = kind.strip_typedefs()
    size = kind.sizeof
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        out = bytearray(size)
        for field in kind.fields():
            if not hasattr(field, 'bitpos') or field.bitsize:
                continue
            part = bytes_of(value[field], field.type)
            at = field.bitpos // 8
            out[at:at + len(part)] = part
        return bytes(out)
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        return b''.join(bytes_of(value[i], kind.target()) for i in range(low, high + 1))
    if kind.code == gdb.TYPE_CODE_FLT:
        if size > 8:
            raise ValueError('a long double')
        return struct.pack('<f' if size == 4 else '<d', float(value))
    if kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return int(value.address).to_bytes(8, 'little')
    return (int(value) & ((1 << 8 * size) - 1)).to_bytes(size, 'little')


class Finish(gdb.FinishBreakpoint):
    def __init__(self, frame, address, number):
        super().__init__(frame, internal=True)
        self.silent = True
        self.address, self.nth = address, number

    def stop(self):
        value = self.return_value
        if value is not None:
            try:
                found.setdefault(self.address, {})[self.nth] = bytes_of(value, value.type).hex()
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
