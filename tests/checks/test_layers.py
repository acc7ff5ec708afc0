import layers


def test_the_project_keeps_its_layers(t):
    t.equal('\n'.join(layers.problems(t.root)), '', 'includes')


def test_wrong_includes_are_found(t):
    t.write('include/calltrace/a.h', '')
    t.write('src/base/a.c', '#include <calltrace/a.h>\n#include "cli/a.h"\n#include <libelf.h>\n')
    t.write('src/base/io.h', '#include <stdio.h>\n')
    t.write('src/cli/a.h', '#include "../base/io.h"\n#include <cJSON.h>\n')
    t.write('src/runtime/hook.c', '/* hook.c - HOT. */\n#include "base/io.h"\n')
    t.equal(sorted(layers.problems(t.tmp)), [
        'src/base/a.c: includes libelf.h, which belongs to src/index/*',
        'src/base/a.c: includes src/cli/a.h, which is in a layer below it',
        'src/runtime/hook.c: is HOT and reaches stdio.h, which src/base/io.h includes'], 'problems')
