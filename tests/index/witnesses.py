"""
Two witnesses for an index that know nothing of how it is made: what `objdump -d` says of a binary's calls, and what the
hooks are given when the program runs.
"""
import bisect
import os
import re
import subprocess

from ctidx import TAIL, Index

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCK = re.compile(r'([0-9a-f]+) <(.+)>:$')
LINE = re.compile(r'\s*([0-9a-f]+):\t([0-9a-f ]+)\t(?:bnd |notrack |addr32 |data16 |rex\S* )*(\S+)(.*)')
ENTER = '__cyg_profile_func_enter'


def index_of(t, binary, tool=None):
    """Makes the index of a binary, and reads it."""
    path = os.path.join(t.tmp, os.path.basename(binary) + '.ctidx')
    t.run([tool or t.calltrace, 'index', '-o', path, binary], check=True)
    return Index(path)


def function_at(index, address):
    at = bisect.bisect_right(index.ranges, address, key=lambda r: r.low) - 1
    return index.ranges[at].function if at >= 0 and address < index.ranges[at].high else None


class Block:
    """The text of one symbol, as objdump prints it."""

    def __init__(self, name, low):
        self.name, self.low, self.high = name, low, low
        self.calls = {}  # return address -> target as objdump prints it
        self.jumps = {}


def blocks(binary):
    text = subprocess.run(['objdump', '-d', binary], stdout=subprocess.PIPE, check=True, text=True).stdout
    found = []
    for line in text.splitlines():
        head = BLOCK.match(line)
        if head:
            found.append(Block(head[2], int(head[1], 16)))
            continue
        part = LINE.match(line)
        if not part or not found:
            continue
        block, behind = found[-1], int(part[1], 16) + len(part[2].split())
        block.high = behind
        if part[3].startswith('call'):
            block.calls[behind] = part[4].strip()
        elif part[3].startswith('j'):
            block.jumps[behind] = part[4].strip()
    return [block for block in found if '@plt' not in block.name and not block.name.startswith('.plt')]


def against_objdump(binary, index):
    """
    In every block that calls the enter hook for itself, and in what was split off such functions (.cold, .part), the return
    addresses of all call instructions are those of the sites and hooks of the index, no more and no less, and calls go
    where objdump says. Returns (lines that say what differs, number of calls compared).
    """
    differences, calls = [], 0
    sites = {s.address: s for s in index.sites if s.kind != 'inlined' and not s.flags & TAIL}
    hooks = {h.address: h for h in index.hooks if not h.tail}
    addresses = sorted(sites)
    seen_hooks = 0
    for block in blocks(binary):
        seen_hooks += sum('__cyg_profile_func_' in target for target in [*block.calls.values(), *block.jumps.values()])
        function = function_at(index, block.low)
        mine = [hooks[a] for a in block.calls if a in hooks and not hooks[a].exit]
        split = re.search(r'\.(part|cold)\b', block.name) and function and 'instrumented' in function.flags
        if not split and not any(h.depth == 0 for h in mine):
            if not mine and any(ENTER in target for target in block.calls.values()):
                differences.append(f'{block.name}: calls the hook, and the index does not know')
            continue
        calls += len(block.calls)
        said = set(addresses[bisect.bisect_right(addresses, block.low):bisect.bisect_right(addresses, block.high)])
        for a in sorted(set(block.calls) - said - set(hooks)):
            differences.append(f'{block.name}: no site behind the call at {a:#x} ({block.calls[a]})')
        for a in sorted(said - set(block.calls)):
            differences.append(f'{block.name}: a site at {a:#x}, where objdump sees no call')
        for a in set(block.calls) & said:
            differences += [f'{block.name}: {a:#x} {what}, objdump says {block.calls[a]}'
                            for what in wrong_target(index, sites[a], block.calls[a])]
    if seen_hooks != len(index.hooks):
        differences.append(f'{len(index.hooks)} hooks, objdump sees {seen_hooks}')
    return differences, calls


def wrong_target(index, site, target):
    name = re.search(r'<([^>+]+)>', target)
    if '__cyg_profile_func_' in target:
        yield 'is a site'
    elif name and '@plt' in target:
        if (site.kind, site.callee_name) != ('external', name[1].split('@')[0]):
            yield f'is {site.kind} {site.callee_name}'
    elif re.match(r'[0-9a-f]+ <', target):
        if function_at(index, int(target.split()[0], 16)) is not site.callee:
            yield f'calls {site.callee and site.callee.name}'
    elif re.match(r'\*.*\(', target) and not name and site.kind != 'indirect':
        yield f'is {site.kind}'


def against_run(t, binary, index, argv=()):
    """
    Runs the program. Every hook that it reaches is in the index; enter hooks report the function whose address they are given
    (as far as it is in this binary); every call by an instrumented function comes from a site. An exit hook may serve
    several functions, where compilers join their ends: those are counted. Returns (differences, counts).
    """
    log = os.path.join(t.tmp, 'hooks.log')
    preloaded = os.path.join(t.tmp, 'hooklog.so')
    if not os.path.exists(preloaded):
        t.run(['gcc', '-O2', '-shared', '-fPIC', os.path.join(HERE, 'hooklog.c'), '-o', preloaded], check=True)
    result = t.run([binary, *argv], {'LD_PRELOAD': preloaded, 'HOOKLOG': log})
    t.equal(result.status, 0, f'exit status of {binary}: {result}')
    hooks = {h.address: h for h in index.hooks}
    sites = {s.address for s in index.sites}
    differences, counts = [], {'enter': 0, 'exit': 0, 'tail': 0, 'elsewhere': 0, 'joined': 0}
    for line in t.read(log).splitlines():
        kind, address, function, site = line.split()
        address, site, function = int(address, 16), int(site, 16), function_at(index, int(function, 16))
        hook = hooks.get(address)
        counts[kind] += 1
        if not hook and kind == 'exit' and address == site:
            counts['tail'] += 1  # reached by a jump: it sees its caller's return address
        elif not hook:
            differences.append(f'{kind} hook at {address:#x} of {function and function.name} is not in the index')
        elif not function:
            counts['elsewhere'] += 1
        elif hook.function is not function or hook.exit != (kind == 'exit'):
            counts['joined'] += 1
            if kind == 'enter' or not hook.exit:
                differences.append(f'{kind} hook at {address:#x} is of {function.name}, not of {hook.function.name}')
        if hook and kind == 'enter' and hook.depth == 0 and site not in sites:
            caller = function_at(index, site - 1)
            if caller and 'instrumented' in caller.flags:
                differences.append(f'{caller.name} calls {function and function.name} at {site:#x}, where no site is')
    return differences, counts
