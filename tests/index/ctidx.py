"""Reads an index (.ctidx), independently of the C code: src/format/index.h says what is in it."""
import struct
import types

HEADER = struct.Struct('<8sIIQI32sIQQIIIIQ')
TABLE = struct.Struct('<QII')
NONE = 0xffffffff
TABLES = ['strings', 'files', 'units', 'functions', 'ranges', 'hooks', 'sites', 'types', 'members', 'enumerators', 'plans',
          'plan_args', 'plan_ops', 'expressions', 'site_values', 'exit_values']
ROWS = {
    'files': ('<II', 'name flags'),
    'units': ('<IIIIII', 'file producer functions instrumented flags language'),
    'functions': ('<QQIIIIIIII', 'address size name linkage file line end_line unit flags sites'),
    'ranges': ('<QQII', 'low high function reserved'),
    'hooks': ('<QIIIHBBIBxxx', 'address function outer site depth exit tail plan exit_class'),
    'types': ('<IBBHIIIII', 'name kind flags shape size target first count extra'),
    'members': ('<IIIBBBB', 'name type offset bit_size bit_offset flags reserved'),
    'enumerators': ('<qII', 'value name reserved'),
    'plans': ('<IIIIIIIII4BIII6iiBxxx', 'args arg_count ops op_count fixed return_type return_ops return_op_count return_fixed '
                                'part0 part1 part2 part3 out_ops flags callers kept0 kept1 kept2 kept3 kept4 kept5 '
                                'cfa_offset cfa_reg'),
    'plan_args': ('<IIIIIBBH', 'name type at expression size how flags words'),
    'plan_ops': ('<BBBBHHIIIiq', 'op reg flags reserved base argument size at extra reserved2 offset'),
    'site_values': ('<QIHBBq', 'site plan argument kind reg number'),
    'exit_values': ('<' + 4 * 'BBBBi', ' '.join(f'kind{n} reg{n} size{n} to{n} offset{n}' for n in range(4))),
    'sites': ('<QIIIIIIHHBBxx', 'address caller outer callee callee_name file line column ordinal kind flags'),
}
FLAGS = ['dwarf', 'symtab', 'instrumented', 'shared', 'criterion', 'own_hooks', 'split_missing']
FUNCTION_FLAGS = ['instrumented', 'static', 'plumbing', 'test', 'no_debug', 'artificial']
HOWS = ['plain', 'entry', 'caller', 'constant', 'computed', 'optimised out', 'overwritten', 'partial', 'unsupported', 'no debug',
        'too large', 'excluded', 'not returned', 'unwinding', 'inlined', 'tail', 'shadow stack', 'unreadable']
EXITS = ['unknown', 'plain', 'unwinding', 'inlined', 'tail', 'empty']
TYPES = ['unknown', 'void', 'signed', 'unsigned', 'char', 'wide char', 'bool', 'float', 'complex', 'enum', 'pointer',
         'reference', 'member pointer', 'method pointer', 'function', 'struct', 'union', 'array', 'vector', 'alias',
         'std::string', 'std::string_view', 'std::vector', 'std::unique_ptr', 'std::optional', 'std sized']
KEPT = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15']
SITE_VALUES = ['constant', 'register', 'live', 'stack', 'memory', 'address']
PARTS = ['', 'rax', 'rdx', 'xmm0', 'xmm1', 'st0', 'st1', 'memory', 'xmm0 high', 'unsupported']
OPS = {1: 'register', 2: 'frame', 3: 'value', 4: 'constant', 16: 'string', 17: 'bytes', 18: 'counted', 19: 'range'}
HELD = ['none', 'register', 'frame', 'number']
KINDS = ['direct', 'external', 'indirect', 'inlined']
TAIL, PART = 1, 2


class Index:
    """`functions`, `hooks`, `sites` and so on, rows with names; strings and files are text, references are rows."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            data = file.read()
        header = HEADER.unpack_from(data)
        assert header[0] == b'ctindex\n' and header[1] == 7 and header[3] == len(data), header
        self.build_id = header[5][:header[4]].hex()
        self.flags = {name for bit, name in enumerate(FLAGS) if header[6] & 1 << bit}
        tables = {name: TABLE.unpack_from(data, HEADER.size + i * TABLE.size) for i, name in enumerate(TABLES)}
        strings, count, _ = tables['strings']
        self.strings = data[strings:strings + count]
        at, count, _ = tables['expressions']
        self.expressions = data[at:at + count]
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
        self._resolve_values()

    def _resolve_values(self):
        for t in self.types:
            t.name, t.kind = self.string(t.name), TYPES[t.kind]
            t.target = None if t.target == NONE else self.types[t.target]
        for m in self.members:
            m.name, m.type = self.string(m.name), self.types[m.type]
        for e in self.enumerators:
            e.name = self.string(e.name)
        for t in self.types:
            t.members = self.members[t.first:t.first + t.count] if t.kind in ('struct', 'union') else []
            t.enumerators = self.enumerators[t.first:t.first + t.count] if t.kind == 'enum' else []
        for o in self.plan_ops:
            o.op = OPS[o.op]
        for a in self.plan_args:
            a.name, a.how = self.string(a.name), HOWS[a.how]
            a.type = None if a.type == NONE else self.types[a.type]
        for p in self.plans:
            p.args = self.plan_args[p.args:p.args + p.arg_count]
            p.ops = self.plan_ops[p.ops:p.ops + p.op_count]
            p.return_ops = self.plan_ops[p.return_ops:p.return_ops + p.return_op_count]
            p.return_type = None if p.return_type == NONE else self.types[p.return_type]
            p.parts = [PARTS[n] for n in (p.part0, p.part1, p.part2, p.part3) if n]
            kept = [p.kept0, p.kept1, p.kept2, p.kept3, p.kept4, p.kept5]
            p.kept = [{(1 << 31) - 1: 'register', -(1 << 31): None}.get(k, k) for k in kept]
        for v in self.site_values:
            v.plan, v.kind = self.plans[v.plan], SITE_VALUES[v.kind]
            v.reg = KEPT[v.reg] if v.kind == 'register' else v.reg
        for v in self.exit_values:
            v.parts = [types.SimpleNamespace(kind=HELD[getattr(v, f'kind{n}')], **{
                name: getattr(v, f'{name}{n}') for name in ('reg', 'size', 'offset')}) for n in range(4)]
        for h in self.hooks:
            h.held = self.exit_values[h.plan] if h.exit and h.plan != NONE else None  # the returned value, at the hook
            h.plan = None if h.exit or h.plan == NONE else self.plans[h.plan]
            h.exit_class = EXITS[h.exit_class] if h.exit else None

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
