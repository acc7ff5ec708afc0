"""Runs gdb_oracle.py (or another script): what gdb says of parameters at each call of an enter hook, against the plans."""
import json
import os
import shlex
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))


def ask(t, binary, argv=(), at='call', hits=3, stops=300, timeout=100, script='gdb_oracle.py'):
    """(what was found, lines that differ); skips the test where there is no gdb."""
    if not shutil.which('gdb'):
        t.skip('gdb is missing: apt-get install gdb')
    t.run([t.calltrace, 'index', '-o', binary + '.ctidx', binary], check=True)
    out = binary + '.oracle'
    result = t.run(['gdb', '-batch', '-nx', '-x', f'{HERE}/{script}', binary],
                   {'ORACLE_INDEX': binary + '.ctidx', 'ORACLE_OUT': out, 'ORACLE_AT': at, 'ORACLE_HITS': str(hits),
                    'ORACLE_STOPS': str(stops), 'ORACLE_ARGUMENTS': shlex.join(argv)}, timeout)
    if not os.path.exists(out):
        t.true('ptrace' not in result.err or t.skip('gdb may not trace here'), f'gdb ended early: {result}')
    with open(out) as file:
        found = json.load(file)
    return found['counts'], found['wrong']
