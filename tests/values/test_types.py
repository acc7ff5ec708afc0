"""Types that are easily taken for another one."""
from ctidx import Index
from harness import cases

SOURCE = '''
struct list { struct list *next; };
struct tree { struct tree *left, *right; };
struct outer { struct { int a; } inner; union { long b; char c[3][5]; } u; };
typedef struct list list_t;
int first(struct list *p) { return p->next == 0; }
int second(struct tree *p) { return p->left == p->right; }
int third(struct outer *p, list_t q) { return p->inner.a + (q.next == 0); }
int main(void)
{
    struct list l = { 0 };
    struct tree t = { 0, 0 };
    struct outer o = { { 1 }, { 2 } };
    return first(&l) + second(&t) + third(&o, l) == 0;
}
'''


@cases(compiler=['gcc', 'clang'])
def test_types(t, compiler):
    t.write('types.c', SOURCE)
    program = t.compile('types.c', 'types', compiler)
    t.run([t.calltrace, 'index', '-o', 'types.ctidx', program], check=True)
    index = Index(t.path('types.ctidx'))
    args = {h.function.name: h.plan.args for h in index.hooks if not h.exit}
    for function, target, members in (('first', 'struct list', ['struct list *']),
                                      ('second', 'struct tree', ['struct tree *', 'struct tree *'])):
        kind = args[function][0].type
        t.equal((kind.name, kind.kind, kind.target.name, kind.target.kind), (target + ' *', 'pointer', target, 'struct'), function)
        t.equal([m.type.name for m in kind.target.members], members, f'members of {target}')
        t.true(all(m.type is kind for m in kind.target.members), f'pointers in {target}')
    outer, alias = (arg.type for arg in args['third'])
    t.equal([(m.name, m.offset, m.type.kind, m.type.size) for m in outer.target.members],
            [('inner', 0, 'struct', 4), ('u', 8, 'union', 16)], 'members of struct outer')
    array = outer.target.members[1].type.members[1].type
    t.equal((array.kind, array.count, array.size, array.target.count, array.target.target.kind), ('array', 3, 15, 5, 'char'), 'c')
    t.equal((alias.name, alias.kind, alias.target.kind), ('list_t', 'alias', 'struct'), 'list_t')
