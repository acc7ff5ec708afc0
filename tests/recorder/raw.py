"""
A raw trace (.ct) as src/format/raw.h describes it, read without any of our C code: a second opinion, for tests. It is
strict: what the format does not allow is an exception.
"""
import collections
import glob
import os
import struct

PAGE = 4096
SESSION, MODULE, CALLS, WINDOW, DATA = range(1, 6)
ENTER, EXIT, UNWIND_TO, EXTENDED, ENTER_VALUES, EXIT_VALUES, EXIT_WORD = range(1, 8)
UNWIND_BY = 1 << 20
PENDING, TIME, PHASE, THEORY, PAUSE, RESUME, FAILURE, NOTE, VALUES = range(9)
LOSSES = ['no_space', 'io', 'no_memory', 'rows', 'depth', 'exits', 'reentry', 'size_limit', 'start']

Row = collections.namedtuple('Row', 'callee hook site caller count flags')
Module = collections.namedtuple('Module', 'bias low high path')


class Damaged(Exception):
    pass


class Call:
    """`arguments`, `result`: the bytes of the records of values; None: there are none."""

    def __init__(self, row, arguments):
        self.row, self.arguments, self.result, self.returned = row, arguments, None, False


class Thread:
    def __init__(self):
        self.tid = 0
        self.rows = []
        self.chunks = {}    # seq -> bytes of records
        # From the records:
        self.entered = collections.Counter()  # row -> calls
        self.left = collections.Counter()     # row -> calls that ended by their exit hook
        self.pairs = collections.Counter()    # (row of the call around it or 0, row) -> calls
        self.open = 0                         # calls that have not ended
        self.deepest = 0
        self.depths = collections.Counter()   # row -> sum of its calls' depths
        self.extended = collections.Counter()
        self.calls = []     # as they begin
        self.ended = []     # as they end by their exit hook


class Trace:
    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()
        self.threads = collections.defaultdict(Thread)
        self.modules = []
        self.lost = {}
        at = 0
        while at + 128 <= len(self.data):
            at += self.extent(at)
        for number, thread in self.threads.items():
            if sorted(thread.chunks) != list(range(len(thread.chunks))):
                raise Damaged(f'thread {number}: chunks {sorted(thread.chunks)}')
            self.walk(thread)

    def extent(self, at):
        magic, kind, _, size, _, number, seq, first, count, tid = struct.unpack_from('<IHHQQIIIII', self.data, at)
        if magic != 0x31785443:
            return PAGE
        if size % PAGE or size == 0:
            raise Damaged(f'extent at {at}: size {size}')
        body = self.data[at + 128:at + size]
        if kind == SESSION:
            self.session(body)
        elif kind == MODULE:
            bias, low, high = struct.unpack_from('<QQQ', body)
            self.modules.append(Module(bias, low, high, body[72:].split(b'\0')[0].decode()))
        elif kind == CALLS:
            thread = self.threads[number]
            if first != len(thread.rows):
                raise Damaged(f'thread {number}: rows from {first}, and {len(thread.rows)} before them')
            thread.rows += [Row(*struct.unpack_from('<6Q', body, 48 * i)) for i in range(min(count, len(body) // 48))]
        elif kind in (WINDOW, DATA):
            thread = self.threads[number]
            thread.tid = tid
            other = thread.chunks.get(seq)
            thread.chunks[seq] = max(body, other, key=lambda words: sum(map(bool, words_of(words)))) if other else body
        return size

    def session(self, body):
        if body[:8] != b'calltrc\n':
            raise Damaged(f'magic {body[:8]}')
        self.pid, = struct.unpack_from('<I', body, 24)
        self.lost = dict(zip(LOSSES, struct.unpack_from('<9Q', body, 104)))
        self.lost = {what: count for what, count in self.lost.items() if count}

    def walk(self, thread):
        stack = []
        for seq in sorted(thread.chunks):
            words = words_of(thread.chunks[seq])
            end = (len(thread.chunks[seq].rstrip(b'\0')) + 7) // 8  # words of 0 mean nothing
            at = 0
            while at < end:
                word = words[at]
                at += 1
                kind, number = word & 7, word >> 3 & 0x1fffff
                payload = None
                if kind in (ENTER_VALUES, EXIT_VALUES):
                    payload, at = self.values(words, at, f'chunk {seq}, word {at}')
                elif kind == EXIT_WORD:
                    payload, at = (1).to_bytes(8, 'little') + words[at].to_bytes(8, 'little'), at + 1
                if word == 0 or (kind == EXIT_WORD and number == 0):
                    pass
                elif kind in (ENTER, ENTER_VALUES):
                    thread.entered[number] += 1
                    thread.pairs[stack[-1].row if stack else 0, number] += 1
                    stack.append(Call(number, payload))
                    thread.calls.append(stack[-1])
                    thread.deepest = max(thread.deepest, len(stack))
                    thread.depths[number] += len(stack)
                elif kind in (EXIT, EXIT_VALUES, EXIT_WORD):
                    if not stack or stack[-1].row != number:
                        raise Damaged(f'chunk {seq}, word {at - 1}: row {number} ends, which is not the innermost')
                    stack[-1].result, stack[-1].returned = payload, True
                    thread.ended.append(stack.pop())
                    thread.left[number] += 1
                elif kind == UNWIND_TO:
                    del stack[max(len(stack) - (number & ~UNWIND_BY), 0) if number & UNWIND_BY else number:]
                elif kind == EXTENDED:
                    thread.extended[number & 255] += 1
                    at += number >> 8
                else:
                    raise Damaged(f'chunk {seq}, word {at - 1}: kind {kind}')
        thread.open = len(stack)

    def values(self, words, at, where):
        """The head and the payload of the record at `at`, and where the next one is."""
        head = words[at]
        count = head >> 11 & 0x1fff
        if head & 7 != EXTENDED or head >> 3 & 255 not in (VALUES, PENDING):
            raise Damaged(f'{where}: no values behind a record that announces them')
        if head >> 3 & 255 == PENDING:
            return None, at + 1 + count
        payload = b''.join(word.to_bytes(8, 'little') for word in (head >> 24, *words[at + 1:at + 1 + count]))
        return payload, at + 1 + count

    def place(self, address):
        """(module, address in it): what nm prints."""
        module = next((m for m in self.modules if m.low <= address < m.high), None)
        return (module.path, address - module.bias) if module else ('', address)

    def depths(self):
        """The sum of the depths of all calls; by the callee's address."""
        found = collections.Counter()
        for thread in self.threads.values():
            for row, depth in thread.depths.items():
                found[thread.rows[row].callee] += depth
        return found

    def totals(self):
        """entered, left, pairs by records, pairs by rows; over all threads, by the callee's address."""
        entered, left, pairs, tabled = (collections.Counter() for _ in range(4))
        for thread in self.threads.values():
            callee = [row.callee for row in thread.rows]
            by_hook = {row.hook: row.callee for row in thread.rows}
            for row, count in thread.entered.items():
                entered[callee[row]] += count
            for row, count in thread.left.items():
                left[callee[row]] += count
            for (caller, row), count in thread.pairs.items():
                pairs[callee[caller], callee[row]] += count
            for row in thread.rows[1:]:
                tabled[by_hook[row.caller] if row.caller else 0, row.callee] += row.count
        return entered, left, pairs, tabled


def words_of(body):
    return struct.unpack(f'<{len(body) // 8}Q', body)


def record(t, argv, preload=True, values=None):
    """
    Runs a program with the recorder preloaded; returns its Result and its one raw trace. `values`: the binary, if its
    arguments are to be captured.
    """
    os.mkdir('traces')
    env = {'CALLTRACE_RUN': 'test', 'CALLTRACE_OUTPUT': t.path('traces/'), 'LD_PRELOAD': t.lib if preload else None}
    if values:
        t.run([t.calltrace, 'index', '-q', values], check=True)
        env['CALLTRACE_CAPTURE_ARGS'] = 'true'
    result = t.run(argv, env, timeout=240, check=True)  # step.c goes by single instructions
    paths = glob.glob(t.path('traces/*.ct'))
    t.equal(len(paths), 1, 'raw traces')
    return result, Trace(paths[0])


def names_of(t, binary, trace):
    """Address in the process -> function's name; 0 is nobody."""
    places = {}
    for line in t.run(['nm', binary], check=True).out.splitlines():
        address, kind, name = line.rpartition(' ')[0].split()[0], *line.split()[-2:]
        if kind in 'tT':
            places[int(address, 16)] = name
    names = collections.defaultdict(lambda: '?')
    names[0] = '-'
    for thread in trace.threads.values():
        for row in thread.rows:
            module, address = trace.place(row.callee)
            if module == binary:
                names[row.callee] = places.get(address, '?')
    return names
