"""
What objdump says of the ways from an exit hook to the function's return: independent of our decoder. At a hook that is
`plain`, the recorder exchanges the return address; so no way may make a call that comes back, look at the return address, or
end elsewhere than in a `ret` that takes it.
"""
import bisect
import collections
import re
import subprocess

NORETURN = {'__stack_chk_fail'}
LINE = re.compile(r'\s*([0-9a-f]+):\t(\S.*)')
SYMBOL = re.compile(r'([0-9a-f]+) <(.*)>:')
FRAME = re.compile(r'([0-9a-f]{8,16}) (\S+)')


class Text:
    def __init__(self, binary):
        out = subprocess.run(['objdump', '-dw', '--no-show-raw-insn', binary], capture_output=True, text=True, check=True).stdout
        self.at, self.order, self.symbol = {}, [], {}
        name = ''
        for line in out.splitlines():
            found = SYMBOL.fullmatch(line)
            if found:
                name = found[2]
            found = LINE.fullmatch(line)
            if found:
                at = int(found[1], 16)
                text, _, note = found[2].partition('#')
                slot = re.search(r'<([^@>+]*)@', note) if '*' in text else None  # through the GOT: -fno-plt
                self.at[at] = f'call {at:x} <{slot[1]}>' if slot and text.startswith('call') else text.strip()
                self.symbol[at] = name
                self.order.append(at)
        self.following = dict(zip(self.order, self.order[1:]))
        self.frames = unwind_table(binary)

    def cfa(self, address):
        """(register, number) of the canonical frame address, or None."""
        row = bisect.bisect_right(self.frames, (address, '~')) - 1
        found = re.fullmatch(r'(rsp|rbp)\+(\d+)', self.frames[row][1]) if row >= 0 else None
        return (found[1], int(found[2])) if found else None


def unwind_table(binary):
    out = subprocess.run(['readelf', '--debug-dump=frames-interp', binary], capture_output=True, text=True).stdout
    return sorted({(int(found[1], 16), found[2]) for line in out.splitlines() if (found := FRAME.match(line)) and 'FDE' not in line
                   and 'CIE' not in line and (found[2][:3] in ('rsp', 'rbp', 'exp', 'r10'))})


def operands(text):
    return re.split(r',(?![^()]*\))', text)


def moved(words, stack):
    """rsp and rbp, from the canonical frame address, behind an instruction; None: not known."""
    name, args = words[0], operands(words[1]) if len(words) > 1 else []
    stack = dict(stack)
    to = args[-1].lstrip('%') if args and args[-1].startswith('%') else None

    def add(reg, number):
        stack[reg] = None if stack[reg] is None else stack[reg] + number

    if name.startswith('push'):
        add('rsp', -8)
    elif name.startswith('pop'):
        add('rsp', 8)
        if to == 'rbp':
            stack['rbp'] = None
    elif name.startswith('leave'):
        stack = {'rsp': None if stack['rbp'] is None else stack['rbp'] + 8, 'rbp': None}
    elif to in stack and name in ('add', 'sub', 'addq', 'subq') and args[0].startswith('$'):
        number = int(args[0][1:], 0)
        add(to, -signed(number) if name.startswith('sub') else signed(number))
    elif to in stack and name == 'lea':
        found = re.fullmatch(r'(-?0x[0-9a-f]+)?\(%(rsp|rbp)\)', args[0])
        stack[to] = stack[found[2]] + int(found[1] or '0', 0) if found and stack[found[2]] is not None else None
    elif to in stack and name in ('mov', 'movq') and args[0] in ('%rsp', '%rbp'):
        stack[to] = stack[args[0][1:]]
    elif to in stack and name not in ('cmp', 'test', 'cmpq'):
        stack[to] = None
    return stack


def signed(number):
    return number - (1 << 64) if number >> 63 else number


def sees_return_address(words, stack):
    for found in re.finditer(r'(-?0x[0-9a-f]+)?\(%(rsp|rbp)\)', words[1] if len(words) > 1 else ''):
        base = stack[found[2]]
        if base is not None and not words[0].startswith(('lea', 'nop')) and -8 <= base + int(found[1] or '0', 0) < 0:
            return True
    return False


def ways(text, hook):
    """What is met on the ways from a hook: 'ret', 'call NAME', 'jump NAME', 'trap', 'return address', 'elsewhere', 'lost'."""
    found, seen = collections.Counter(), set()
    cfa = text.cfa(hook - 1)
    stack = {'rsp': None, 'rbp': None}
    if cfa:
        stack[cfa[0]] = -cfa[1]
    open_ways = [(hook, tuple(sorted(stack.items())))]
    while open_ways:
        at, state = open_ways.pop()
        if (at, state) in seen:
            continue
        seen.add((at, state))
        if at not in text.at or len(seen) > 5000:
            found['lost'] += 1
            continue
        words = re.sub(r'^((bnd|rep|repz|notrack|data16|cs|ds)\s+)*', '', text.at[at]).split(None, 1)
        name, stack = words[0], dict(state)
        target = re.search(r'([0-9a-f]+) <([^>+]*)', words[1]) if len(words) > 1 else None
        after = text.following.get(at)
        if sees_return_address(words, stack):
            found['return address'] += 1
        if name in ('ret', 'retq'):
            found['ret' if stack['rsp'] in (None, -8) else 'elsewhere'] += 1
        elif name.startswith('call'):
            callee = target[2].split('@')[0] if target else '*'
            found['call ' + callee] += 1
            if callee not in NORETURN | {'_Unwind_Resume'}:
                open_ways.append((after, state))
        elif name in ('ud2', 'hlt', 'int3'):
            found['trap'] += 1
        elif name.startswith(('j', 'loop', 'xbegin')):
            to = int(target[1], 16) if target and '*' not in words[1] else None
            if to is None:
                found['jump *'] += 1
            elif text.symbol.get(to, '').split('.')[0] != text.symbol[hook].split('.')[0]:
                found['jump ' + target[2].split('@')[0]] += 1
            else:
                open_ways.append((to, state))
            if not name.startswith('jmp'):
                open_ways.append((after, state))
        else:
            open_ways.append((after, tuple(sorted(moved(words, stack).items()))))
    return found


def wrong_exits(binary, index):
    """(lines that say what is wrong, how many exit hooks have each class)"""
    text, wrong, counts = Text(binary), [], collections.Counter()
    for hook in index.hooks:
        if not hook.exit:
            continue
        counts[hook.exit_class] += 1
        met = ways(text, hook.address)
        calls = [what for what in met if what not in ('ret', 'trap') and what[5:] not in NORETURN]
        where = f'{hook.function.name} at {hook.address:#x}: {hook.exit_class}, but met {dict(met)}'
        if hook.exit_class in ('plain', 'empty') and (calls or not met['ret'] or hook.depth or hook.tail):
            wrong.append(where)
        if hook.exit_class == 'unknown' and not calls and met['ret'] and not hook.depth:
            counts['too careful'] += 1
        if hook.exit_class == 'unwinding' and not any(what[5:].startswith(('_Unwind_Resume', '__cxa_')) for what in met):
            wrong.append(where)
    return wrong, counts
