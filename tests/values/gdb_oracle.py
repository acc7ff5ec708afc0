"""
Runs inside of gdb: compares what capture plans give with what gdb itself says of the parameters, at each call of an enter
hook. Where gdb looks is ORACLE_AT: `call`, at the call instruction; or `statement`, at the function's first statement,
which is after clang -O0 has stored its parameters (before, gdb shows what was in the memory by chance).

    ORACLE_INDEX=a.ctidx ORACLE_OUT=result.json ORACLE_ARGUMENTS='...' gdb -batch -nx -x gdb_oracle.py a.out
"""
import collections
import json
import os
import sys

import gdb

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), 'index')]
from ctidx import Index  # noqa: E402
import plan_values  # noqa: E402

CALL = 5  # bytes of a call of the hook through the PLT
MOST_HITS = int(os.environ.get('ORACLE_HITS', '5'))
MOST_STOPS = int(os.environ.get('ORACLE_STOPS', '20000'))
AT_STATEMENT = os.environ.get('ORACLE_AT') == 'statement'
index = Index(os.environ['ORACLE_INDEX'])
counts = collections.Counter()
wrong = []


def register(number):
    if number < 16:
        return (int(gdb.parse_and_eval('(unsigned long) $' + plan_values.register_name(number)))
                & plan_values.MASK).to_bytes(8, 'little')
    halves = [int(gdb.parse_and_eval(f'$xmm{number - 17}.v2_int64[{i}]')) & plan_values.MASK for i in range(2)]
    return b''.join(half.to_bytes(8, 'little') for half in halves)


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def same(ours, theirs, kind):
    """Whether our bytes are gdb's value; compared as gdb prints both, so padding does not count."""
    bare = kind.strip_typedefs()
    if bare.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return int.from_bytes(ours, 'little') == int(theirs.referenced_value().address), ''
    mine = gdb.Value(ours, bare)
    options = dict(symbols=False, repeat_threshold=0, max_elements=0, pretty_structs=False, raw=True, address=True)
    a, b = mine.format_string(**options), theirs.format_string(**options)
    return a == b, f'{a[:200]} gdb {b[:200]}'


def gdb_arguments(frame, function):
    """name -> value, or None where gdb has none; no dictionary: gdb is in another function."""
    block = frame.block()
    while block and not block.function:
        block = block.superblock
    if not block or function.name.split('(')[0].split('::')[-1] not in (str(block.function.name).split('(')[0].split('::')[-1],
                                                                       str(block.function.linkage_name)):
        return None
    found = {}
    for symbol in block:
        if symbol.is_argument:
            try:
                value = frame.read_var(symbol)
                value.fetch_lazy()
                found[symbol.name] = (None if value.is_optimized_out else value), symbol.type
            except (gdb.error, gdb.MemoryError) as error:
                found[symbol.name] = None, symbol.type
    return found


def take(hook, bias):
    """What the plan gives, as (argument, bytes or None) in order."""
    fixed = plan_values.fixed_part(hook.plan, register, memory, bias)
    out = []
    for arg in hook.plan.args:
        try:
            out.append((arg, plan_values.argument_bytes(index, arg, fixed, memory) if arg.how in PLAN_HAS else None))
        except gdb.MemoryError:
            out.append((arg, 'unreadable'))
    return out


PLAN_HAS = ('plain', 'entry', 'constant', 'computed')


def judge(hook, taken, theirs):
    for arg, ours in taken:
        value, kind = theirs.get(arg.name, (None, None))
        if ours is None:
            counts['unavailable' if value is None else 'gdb only'] += 1
        elif ours == 'unreadable':
            counts['unreadable'] += 1
        elif value is None:
            counts['ours only ' + arg.how] += 1
        elif kind.sizeof != len(ours):
            counts['other size'] += 1
        else:
            try:
                equal, text = same(ours, value, kind)
            except gdb.error as error:
                counts[f'not comparable: {error}'[:60]] += 1
                continue
            # What the text proves, where the location says memory that clang has not written yet: test_plans.py decides.
            disputed = not equal and arg.how == 'entry' and not AT_STATEMENT
            counts['equal ' + arg.how if equal else 'disputed' if disputed else 'DIFFERENT'] += 1
            if not equal and not disputed:
                wrong.append(f'{hook.function.name} at {hook.address:#x}: {arg.name}: {text} ({arg.how}, depth {hook.depth})')


class Stop(gdb.Breakpoint):
    """At the call of one enter hook."""

    def __init__(self, hook, bias):
        super().__init__(f'*{hook.address - CALL + bias:#x}', internal=True)
        self.hook, self.bias, self.left = hook, bias, MOST_HITS
        self.silent = True


def at_statement(hook, taken):
    """Goes to the line behind; False: the function has no other one that can be told from it."""
    frame = gdb.selected_frame()
    line = frame.find_sal().line
    level = int(gdb.parse_and_eval('(unsigned long) $rbp'))
    for _ in range(2):
        gdb.execute('next', to_string=True)
        frame = gdb.selected_frame()
        if frame.function() is None or int(gdb.parse_and_eval('(unsigned long) $rbp')) != level:
            return None
        if frame.find_sal().line != line:
            return gdb_arguments(frame, hook.function)
    return None


def run():
    for setting in ('pagination off', 'confirm off', 'print frame-arguments none', 'breakpoint pending on',
                    'print entry-values no', 'debuginfod enabled off', 'startup-with-shell on',
                    'style enabled off', 'max-value-size unlimited'):
        gdb.execute('set ' + setting, to_string=True)
    gdb.execute(f'starti {os.environ.get("ORACLE_ARGUMENTS", "")} < /dev/null > /dev/null', to_string=True)
    text = [line.split() for line in gdb.execute('info proc mappings', to_string=True).splitlines()
            if line.rstrip().endswith(os.path.realpath(gdb.current_progspace().filename))]
    low = int(text[0][0], 16)
    bias = low if open(gdb.current_progspace().filename, 'rb').read(18)[16] == 3 else 0
    stops = {}
    for hook in index.hooks:
        if not hook.exit and hook.plan and hook.plan.args and (hook.depth == 0 or not AT_STATEMENT):
            stops[hook.address - CALL + bias] = Stop(hook, bias)
    counts['hooks'] = len(stops)
    stopped = 0
    gdb.execute('continue', to_string=True)
    while stopped < MOST_STOPS:
        try:
            frame = gdb.newest_frame()
        except gdb.error:
            break
        stop = stops.get(frame.pc())
        if stop:
            stopped += 1
            stop.left -= 1
            if not stop.left:
                stop.enabled = False
            if stop.left == MOST_HITS - 1:
                counts['hooks reached'] += 1
            counts['calls'] += 1
            taken = take(stop.hook, bias)
            theirs = at_statement(stop.hook, taken) if AT_STATEMENT else gdb_arguments(frame, stop.hook.function)
            if theirs is None:
                counts['elsewhere'] += 1
            else:
                judge(stop.hook, taken, theirs)
            try:
                if gdb.newest_frame().pc() in stops and gdb.newest_frame().pc() != stop.hook.address - CALL + bias:
                    continue
            except gdb.error:
                break
        try:
            gdb.execute('continue', to_string=True)
        except gdb.error:
            break


try:
    run()
except Exception as error:  # a batch gdb would end with status 0
    import traceback
    wrong.append('oracle: ' + traceback.format_exc())
with open(os.environ['ORACLE_OUT'], 'w') as file:
    json.dump({'counts': counts, 'wrong': wrong}, file, indent=1)
gdb.execute('kill', to_string=True) if gdb.selected_inferior().pid else None
