"""
Runs capture plans in Python, from registers and memory that somebody else shows: an implementation of src/format/plan.h
that shares nothing with the one in C.
"""
MASK = (1 << 64) - 1
NAMES = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15']
CFA, FILE = 64, 255
INDIRECT = 1


def register_name(number):
    return NAMES[number] if number < 16 else f'xmm{number - 17}'


def fixed_part(plan, register, memory, bias):
    """register(number) gives the register's bytes, memory(address, size) the memory's."""
    out = bytearray(plan.fixed)

    def number(reg):
        return bias if reg == FILE else int.from_bytes(register(reg)[:8], 'little')

    for op in plan.ops:
        if op.op == 'register':
            data = register(op.reg)[op.offset:op.offset + op.size]
        elif op.op == 'frame':
            data = memory((number(op.reg) + op.offset) & MASK, op.size)
        elif op.op == 'value':
            data = ((number(op.reg) + op.offset) & MASK).to_bytes(8, 'little')[:op.size]
        elif op.op == 'constant':
            data = (op.offset & MASK).to_bytes(8, 'little')[:op.size]
        else:
            continue
        assert len(data) == op.size, (op, data)
        out[op.at:op.at + op.size] = data
    return bytes(out)


def argument_bytes(index, arg, fixed, memory):
    """The bytes of an available argument."""
    if arg.how == 'computed':
        words = [int.from_bytes(fixed[arg.at + 8 * i:arg.at + 8 * i + 8], 'little') for i in range(arg.words)]
        return (expression(index.expressions, arg.expression, words) & MASK).to_bytes(8, 'little')[:arg.size]
    if arg.flags & INDIRECT:
        return memory(int.from_bytes(fixed[arg.at:arg.at + 8], 'little'), arg.size)
    return fixed[arg.at:arg.at + arg.size]


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def leb(code, at):
    value = shift = 0
    while True:
        byte = code[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if not byte & 0x80:
            return (value - (1 << shift) if byte & 0x40 else value), at


BINARY = {
    0x1a: lambda a, b: a & b, 0x1b: lambda a, b: int(signed(a) / signed(b)) if abs(signed(a)) < 1 << 50 else signed(a) // signed(b),
    0x1c: lambda a, b: a - b, 0x1d: lambda a, b: a % b, 0x1e: lambda a, b: a * b, 0x21: lambda a, b: a | b,
    0x22: lambda a, b: a + b, 0x24: lambda a, b: a << b if b < 64 else 0, 0x25: lambda a, b: a >> b if b < 64 else 0,
    0x26: lambda a, b: signed(a) >> min(b, 63), 0x27: lambda a, b: a ^ b,
    0x29: lambda a, b: a == b, 0x2a: lambda a, b: signed(a) >= signed(b), 0x2b: lambda a, b: signed(a) > signed(b),
    0x2c: lambda a, b: signed(a) <= signed(b), 0x2d: lambda a, b: signed(a) < signed(b), 0x2e: lambda a, b: a != b,
}
UNARY = {0x19: lambda a: abs(signed(a)), 0x1f: lambda a: -a, 0x20: lambda a: ~a}


def expression(code, at, words):
    stack = []
    while code[at]:
        op = code[at]
        at += 1
        if op == 0x11:
            value, at = leb(code, at)
            stack.append(value & MASK)
        elif 0x30 <= op < 0x50:
            stack.append(op - 0x30)
        elif 0x70 <= op < 0x90:
            value, at = leb(code, at)
            stack.append((words[op - 0x70] + value) & MASK)
        elif op == 0x12:
            stack.append(stack[-1])
        elif op == 0x13:
            stack.pop()
        elif op == 0x14:
            stack.append(stack[-2])
        elif op == 0x16:
            stack[-1], stack[-2] = stack[-2], stack[-1]
        elif op == 0x17:
            stack[-1], stack[-2], stack[-3] = stack[-2], stack[-3], stack[-1]
        elif op == 0xa8:
            size, sign = code[at] & 0x7f, code[at] & 0x80
            at += 1
            value = stack.pop() & ((1 << 8 * size) - 1)
            stack.append((value - (1 << 8 * size) if sign and value >> (8 * size - 1) else value) & MASK)
        elif op in UNARY:
            stack.append(UNARY[op](stack.pop()) & MASK)
        elif op != 0x9f:
            b, a = stack.pop(), stack.pop()
            stack.append(int(BINARY[op](a, b)) & MASK)
    return stack[-1]
