"""
The values in a raw trace, read in Python as src/format/plan.h describes them, with nothing of the C code.
"""
import struct
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'recorder'))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'index'))
from ctidx import HOWS, Index  # noqa: E402
import plan_values  # noqa: E402
import raw  # noqa: E402

STATUS = [None, 'whole', 'cut', 'bad', 'part']
OF_RETURN, REDACTED, EXCLUDED, UNKNOWN = 1, 2, 4, 8
AVAILABLE = ('plain', 'entry', 'caller', 'constant', 'computed')
NO_ROOM = 'no room'


class Block:
    def __init__(self, status, data):
        self.status, self.data = status, data

    def __repr__(self):
        return f'{self.status} {self.data!r}'


class Payload:
    def __init__(self, data):
        head, = struct.unpack_from('<Q', data)
        words = head & 0xffff
        self.how = (HOWS + [NO_ROOM])[head >> 16 & 255]
        self.limited = bool(head >> 24 & 1)
        self.fixed = data[8:8 + 8 * words]
        self.blocks, self.marks = {}, {}
        at = 8 + 8 * words
        while at < len(data):
            word, = struct.unpack_from('<Q', data, at)
            if word == 0:
                break
            status, number, flags, size = word & 255, word >> 8 & 0xffff, word >> 24 & 255, word >> 32
            block = Block(STATUS[status], data[at + 8:at + 8 + size])
            assert len(block.data) == size, 'a block is cut off'
            if flags & (REDACTED | EXCLUDED):
                kind = 'redacted' if flags & REDACTED else 'excluded'
                self.marks['return' if flags & OF_RETURN else number] = (kind, block.data)
            elif flags & UNKNOWN:
                self.marks[number] = ('overwritten', b'')
            else:
                self.blocks['return' if flags & OF_RETURN else 'argument', number] = block
            at += 8 + (size + 7) // 8 * 8


class Call:
    """
    `arguments`: [(name, type, how, bytes, [blocks])]; `result`: (how, bytes, [blocks]) or None; `after`: {name: [blocks]}
    of what parameters point to.
    """

    def __init__(self, index, hook, call):
        self.hook, self.function, plan = hook, hook.function.name, hook.plan
        self.plan, self.returned = plan, call.returned
        self.arguments = self.result = None
        self.after = {}
        if plan is None:
            return
        if call.arguments is not None or plan.fixed == 0:  # then the plan says all there is to say
            self.arguments = self._arguments(index, plan, Payload(call.arguments or bytes(8)))
        if call.result is not None:
            self._result(plan, Payload(call.result))

    def _arguments(self, index, plan, payload):
        assert len(payload.fixed) == plan.fixed, f'{len(payload.fixed)} bytes are there, the plan has {plan.fixed}'
        found = []
        for number, arg in enumerate(plan.args):
            blocks = [(plan.ops[op], block) for (_, op), block in payload.blocks.items() if plan.ops[op].argument == number]
            how, data = arg.how, b''
            if number in payload.marks:
                how, data = payload.marks[number]
            elif how in AVAILABLE:
                def memory(address, size, blocks=blocks, arg=arg):
                    own = [b for op, b in blocks if op.base == 0 and op.at == arg.at]
                    return own[0].data if own else b''
                data = plan_values.argument_bytes(index, arg, payload.fixed, memory)
            found.append((arg.name, arg.type, how, data, [block for _, block in blocks]))
        return found

    def _result(self, plan, payload):
        blocks = [block for (where, _), block in payload.blocks.items() if where == 'return']
        for (where, op), block in payload.blocks.items():
            if where == 'argument':
                self.after.setdefault(plan.args[plan.ops[op].argument].name, []).append(block)
        if 'return' in payload.marks:
            self.result = (*payload.marks['return'], [])
        else:
            self.result = (payload.how, payload.fixed, blocks)


def calls(trace, index, module, ended=False):
    """The calls of each thread whose hooks lie in `module` (a path), in order of their beginning, or of their ends."""
    hooks = {hook.address: hook for hook in index.hooks}
    found = []
    for thread in trace.threads.values():
        for call in thread.ended if ended else thread.calls:
            path, address = trace.place(thread.rows[call.row].hook)
            if path == module and address in hooks:
                found.append(Call(index, hooks[address], call))
    return found


if __name__ == '__main__':
    for call in calls(raw.Trace(sys.argv[1]), Index(sys.argv[2]), sys.argv[3]):
        print(call.function, [(n, t.name if t else None, h, d, b) for n, t, h, d, b in call.arguments or []], '->', call.result,
              call.after or '')
