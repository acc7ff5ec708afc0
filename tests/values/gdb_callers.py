"""
Runs inside of gdb: stops at the first instruction of functions that have arguments from their callers, where the registers
still are what was passed; then at the call of the hook, where what the index says of the call site must give the same, and the
registers that calls keep must be where the index says.

    ORACLE_INDEX=a.ctidx ORACLE_OUT=result.json ORACLE_ARGUMENTS='...' gdb -batch -nx -x gdb_callers.py a.out
"""
import collections
import json
import os
import sys

import gdb

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), 'index')]
from ctidx import KEPT, Index  # noqa: E402
import plan_values  # noqa: E402

MOST_HITS = int(os.environ.get('ORACLE_HITS', '20'))
ARGUMENTS = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9']
index = Index(os.environ['ORACLE_INDEX'])
counts = collections.Counter()
wrong = []
values = {(v.site, id(v.plan), v.argument): v for v in index.site_values}


def register(name):
    return int(gdb.parse_and_eval('(unsigned long) $' + name)) & plan_values.MASK


def word(address):
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), 'little')


def places(plan):
    """Argument -> register, as far as types are so plain that counting does it."""
    found, used = {}, int(plan.parts[:1] == ['memory'])
    for number, arg in enumerate(plan.args):
        kind = arg.type
        while kind and kind.kind == 'alias':
            kind = kind.target
        if not kind or kind.kind not in ('signed', 'unsigned', 'char', 'bool', 'enum', 'pointer', 'reference', 'float') or kind.size > 8:
            break
        if kind.kind != 'float':
            if used == len(ARGUMENTS):
                break
            found[number] = ARGUMENTS[used]
            used += 1
    return found


def value_of(row, plan, frame, bias):
    """What the recorder makes of it at the hook."""
    if row.kind in ('constant', 'address'):
        return row.number + (bias if row.kind == 'address' else 0)
    if row.kind in ('stack', 'memory'):
        return frame + row.number if row.kind == 'stack' else word(frame + row.number)
    kept = 'register' if row.kind == 'live' else plan.kept[KEPT.index(row.reg)]
    name = plan_values.register_name(row.reg) if row.kind == 'live' else row.reg
    return (register(name) if kept == 'register' else word(frame + kept)) + row.number


class Entry(gdb.Breakpoint):
    def __init__(self, hook, bias):
        super().__init__(f'*{hook.function.address + bias:#x}', internal=True)
        self.hook, self.bias, self.places, self.hits, self.silent = hook, bias, places(hook.plan), 0, True

    def stop(self):
        self.hits += 1
        top = register('rsp')
        passed = {number: register(self.places[number]) for number in range(len(self.hook.plan.args)) if number in self.places}
        AtHook.waiting[self.hook.address] = top + 8, word(top) - self.bias, {name: register(name) for name in KEPT}, passed
        return False


class AtHook(gdb.Breakpoint):
    """At the call of the hook."""

    CALL = 5  # bytes of the instruction
    waiting = {}

    def __init__(self, hook, bias):
        super().__init__(f'*{hook.address - self.CALL + bias:#x}', internal=True)
        self.hook, self.bias, self.silent, self.left = hook, bias, True, MOST_HITS

    def stop(self):
        self.left -= 1
        self.enabled = self.left > 0
        if self.hook.address not in self.waiting:
            return False
        frame, site, kept, passed = self.waiting.pop(self.hook.address)
        self.compare(frame, site, passed)
        for name, at in zip(KEPT, self.hook.plan.kept):
            if at is None:
                continue
            found = register(name) if at == 'register' else word(frame + at)
            counts['kept' if found == kept[name] else 'NOT KEPT'] += 1
            if found != kept[name]:
                wrong.append(f'{self.hook.function.name}: {name} at {at} is {found:#x}, was {kept[name]:#x}')
        return False

    def compare(self, frame, site, passed):
        for number, arg in enumerate(self.hook.plan.args):
            row = values.get((site, id(self.hook.plan), number))
            if not row or number not in passed:
                counts['unknown' if not row else 'uncounted'] += arg.how == 'caller'
                continue
            mask = (1 << 8 * arg.size) - 1
            ours, theirs = value_of(row, self.hook.plan, frame, self.bias) & mask, passed[number] & mask
            counts['equal' if ours == theirs else 'DIFFERENT'] += 1
            counts[row.kind] += 1
            if ours != theirs:
                wrong.append(f'{self.hook.function.name}, {arg.name}, {row.kind} from {site:#x}: {ours:#x}, passed was {theirs:#x}')


def run():
    for setting in ('pagination off', 'confirm off', 'breakpoint pending on', 'debuginfod enabled off', 'startup-with-shell on',
                    'style enabled off'):
        gdb.execute('set ' + setting, to_string=True)
    gdb.execute(f'starti {os.environ.get("ORACLE_ARGUMENTS", "")} < /dev/null > /dev/null', to_string=True)
    text = [line.split() for line in gdb.execute('info proc mappings', to_string=True).splitlines()
            if line.rstrip().endswith(os.path.realpath(gdb.current_progspace().filename))]
    bias = int(text[0][0], 16) if open(gdb.current_progspace().filename, 'rb').read(18)[16] == 3 else 0
    stops = [(Entry(hook, bias), AtHook(hook, bias)) for hook in index.hooks
             if not hook.exit and hook.depth == 0 and hook.plan and hook.plan.callers]
    gdb.execute('continue', to_string=True)
    counts['functions'] = sum(entry.hits > 0 for entry, _ in stops)


try:
    run()
except Exception:  # a batch gdb would end with status 0
    import traceback
    wrong.append('oracle: ' + traceback.format_exc())
with open(os.environ['ORACLE_OUT'], 'w') as file:
    json.dump({'counts': counts, 'wrong': wrong}, file, indent=1)
gdb.execute('kill', to_string=True) if gdb.selected_inferior().pid else None
