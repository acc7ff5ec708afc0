"""
SQLite and its shell, a quarter of a million lines in one file: what it answers to a script is the same untraced, traced, and
traced with values; its trees and tables agree; and what functions are given is what gdb shows at the same hooks.
"""
import glob
import os
import sys
import tarfile

import traced
from harness import cases, slow, timeout

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'values'))
import oracle  # noqa: E402

NEEDS = {'sqlite': ('npm', 'sqlite3', '5.1.7')}
SCRIPT = '''
create table t(a integer primary key, b text, c real, d blob);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 90)
  insert into t select x, 'row ' || x || ' ä', x * 1.5, zeroblob(5) from n;
create index i on t(b);
select count(*), sum(c), avg(a), group_concat(b) from t where a % 7 = 3 and b like 'row 1%';
select json_extract('{"a":[1,2,{"b":3.5}]}', '$.a[2].b'), json_array(1, 2, 'x');
select substr(b, 1, 3), count(*) from t group by substr(b, 5, 1) having count(*) > 5 order by 2 desc limit 4;
update t set c = c * 2 where a between 10 and 20;
delete from t where a > 80;
begin; insert into t(b) values('x'); rollback;
create view v as select a, b from t where c > 20;
create trigger tr after insert on t begin update t set d = 'trig' where a = new.a; end;
insert into t(b, c) values('new', 7);
select a, b, c, d from t order by a desc limit 3;
select printf('%08.3f %s %d %x', 3.14159, 'abc', 42, 255), hex('abc'), round(2.567, 2), strftime('%Y', 0, 'unixepoch');
explain query plan select * from t join t as u on t.a = u.a where u.b = 'row 5';
select * from nowhere;
pragma integrity_check;
select max(a) over (order by a rows 2 preceding) from t limit 5;
'''


def build(t, compiler, level):
    archive, = glob.glob(t.needs['sqlite'] + '/deps/sqlite-autoconf-*.tar.gz')
    with tarfile.open(archive) as tar:
        for name in ('sqlite3.c', 'sqlite3.h', 'shell.c'):
            member, = [one for one in tar.getmembers() if os.path.basename(one.name) == name]
            t.write(name, tar.extractfile(member).read().decode())
    t.write('script.sql', SCRIPT)
    return traced.build(t, 'sqlite', ['sqlite3.c', 'shell.c'], compiler, level, ['-lpthread', '-ldl', '-lm', '-I.'])


def run_suite(t, compiler, level, stops):
    binary = build(t, compiler, level)
    argv = [binary, ':memory:', '.read script.sql']
    traced.both(t, argv)
    report = traced.check_report(t, 'trace')
    t.true(report['totals']['functions']['covered'] > 900, f'covered: {report["totals"]}')
    with_values = traced.both(t, argv, 'values', options=['--args'])
    rows = [{row['function']: row['calls'] for row in t.json(path)['summary']['functions']}
            for path in (*with_values.traces, t.path('trace/sqlite.json'))]
    t.equal(rows[0], rows[1], 'calls with values, and without')
    counts, wrong = oracle.ask(t, binary, argv[1:], 'call', 2, stops, 250)
    t.equal(wrong, [], 'differences from gdb')
    t.true(counts.get('calls', 0) >= 20, f'few calls: {counts}')


@timeout(400)
@cases(case=['gcc -O1'])
def test_suite(t, case):
    run_suite(t, *case.split(), 60)


@slow
@timeout(900)
@cases(case=['gcc -O0', 'gcc -O2', 'gcc -O3', 'clang -O0', 'clang -O2'])
def test_suite_again(t, case):
    run_suite(t, *case.split(), 300)
