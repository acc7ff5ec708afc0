"""Reads an index (.ctidx), independently of the C code: src/format/index.h says what is in it."""
import struct
import types

HEADER = struct.Struct('<8sIIQI32sIQQIIII')
TABLE = struct.Struct('<QII')
NONE = 0xffffffff
TABLES = ['strings', 'files', 'units', 'functions', 'ranges', 'hooks', 'sites']
ROWS = {
    'files': ('<II', 'name flags'),
    'units': ('<IIIIII', 'file producer functions instrumented flags language'),
    'functions': ('<QQIIIIIIII', 'address size name linkage file line end_line unit flags sites'),
    'ranges': ('<QQII', 'low high function reserved'),
    'hooks': ('<QIIIHBB', 'address function outer site depth exit tail'),
    'sites': ('<QIIIIIIHHBBxx', 'address caller outer callee callee_name file line column ordinal kind flags'),
}
FLAGS = ['dwarf', 'symtab', 'instrumented', 'shared', 'criterion', 'own_hooks', 'split_missing']
FUNCTION_FLAGS = ['instrumented', 'static', 'plumbing', 'test', 'no_debug', 'artificial']
KINDS = ['direct', 'external', 'indirect', 'inlined']
TAIL, PART = 1, 2


class Index:
    """`functions`, `hooks`, `sites` and so on, rows with names; strings and files are text, references are rows."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            data = file.read()
        header = HEADER.unpack_from(data)
        assert header[0] == b'ctindex\n' and header[1] == 1 and header[3] == len(data), header
        self.build_id = header[5][:header[4]].hex()
        self.flags = {name for bit, name in enumerate(FLAGS) if header[6] & 1 << bit}
        tables = {name: TABLE.unpack_from(data, HEADER.size + i * TABLE.size) for i, name in enumerate(TABLES)}
        strings, count, _ = tables['strings']
        self.strings = data[strings:strings + count]
        self.binary, self.debug_file = (self.string(n) for n in header[9:11])
        for name, (layout, fields) in ROWS.items():
            rows = struct.Struct(layout)
            offset, count, size = tables[name]
            assert count == 0 or size == rows.size, (name, size)
            table = data[offset:offset + count * size]
            setattr(self, name, [types.SimpleNamespace(**dict(zip(fields.split(), row))) for row in rows.iter_unpack(table)])
        self._resolve()

    def string(self, at):
        return self.strings[at:self.strings.index(b'\0', at)].decode()

    def _resolve(self):
        for file in self.files:
            file.name = self.string(file.name)
        for unit in self.units:
            unit.file = self._file(unit.file)
            unit.producer = self.string(unit.producer)
        for f in self.functions:
            f.name, f.linkage, f.file = self.string(f.name), self.string(f.linkage), self._file(f.file)
            f.flags = {name for bit, name in enumerate(FUNCTION_FLAGS) if f.flags & 1 << bit}
        for r in self.ranges:
            r.function = self.functions[r.function]
        for s in self.sites:
            s.caller, s.outer, s.callee = self._function(s.caller), self._function(s.outer), self._function(s.callee)
            s.file, s.kind, s.callee_name = self._file(s.file), KINDS[s.kind], self.string(s.callee_name)
        for h in self.hooks:
            h.function, h.outer = self._function(h.function), self._function(h.outer)
            h.site = None if h.site == NONE else self.sites[h.site]

    def _file(self, row):
        return None if row == NONE else self.files[row].name

    def _function(self, row):
        return None if row == NONE else self.functions[row]

    def function(self, name):
        found = [f for f in self.functions if f.name == name]
        assert len(found) == 1, f'{len(found)} functions are named {name}'
        return found[0]

    def sites_of(self, name):
        return [s for s in self.sites if s.caller.name == name]
