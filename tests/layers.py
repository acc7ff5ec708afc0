#!/usr/bin/python3
"""
Checks the #includes of the project against its layers. A folder includes itself and the folders above it in LAYERS; a
library belongs to the folders in LIBRARIES; a file that says HOT in its first lines reaches no stdio.h and no stdlib.h,
not even through another header of ours. Prints a line for each wrong one; exit status 1 if there is any.
"""
import fnmatch
import os
import re
import sys

LAYERS = ['include/calltrace', 'src/base', 'src/format', 'src/arch', 'src/runtime', 'src/index', 'src/trace', 'src/match',
          'src/report', 'src/cli', 'criterion-ext', 'examples', 'tests']

LIBRARIES = [  # (header, who may include it)
    (r'elfutils/.*|dwarf\.h|libelf\.h|gelf\.h', ['src/index/*']),
    (r'cjson/.*|cJSON\.h', ['src/report/*', 'src/trace/*', 'src/cli/*', 'tests/*']),
    (r'Zydis/.*|Zycore/.*', ['src/arch/*', 'tests/*']),
    (r'criterion/.*', ['criterion-ext/*', 'src/runtime/criterion.c', 'examples/*', 'tests/*']),
]

NOT_HOT = {'stdio.h', 'stdlib.h'}
SEARCHED = ['include', 'src', 'criterion-ext/include']
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def project_files(root):
    for top in ('include', 'src', 'criterion-ext', 'examples', 'tests'):
        for folder, names, found in os.walk(os.path.join(root, top)):
            names.sort()
            for name in sorted(found):
                if name.endswith(('.c', '.h', '.S', '.cc')):
                    yield os.path.relpath(os.path.join(folder, name), root)


def includes(root, path):
    """(header as written, our file that it is or None) for each #include of a file."""
    with open(os.path.join(root, path), errors='replace') as file:
        text = file.read()
    for quote, name in INCLUDE.findall(text):
        folders = ([os.path.dirname(path)] if quote == '"' else []) + SEARCHED
        ours = [os.path.normpath(os.path.join(folder, name)) for folder in folders]
        yield name, next((file for file in ours if os.path.exists(os.path.join(root, file))), None)


def layer(path):
    return next((number for number, name in enumerate(LAYERS) if path.startswith(name + '/')), len(LAYERS))


def is_hot(root, path):
    with open(os.path.join(root, path), errors='replace') as file:
        return any(re.search(r'\bHOT\b', line) for _, line in zip(range(5), file))


def reached(root, path, seen=None):
    """Every header that a file includes, and through which of ours: {header: path of the file that names it}."""
    seen = {} if seen is None else seen
    for name, ours in includes(root, path):
        if (ours or name) not in seen:
            seen[ours or name] = path
            if ours:
                reached(root, ours, seen)
    return seen


def problems(root):
    for path in project_files(root):
        for name, ours in includes(root, path):
            if ours and layer(ours) > layer(path):
                yield f'{path}: includes {ours}, which is in a layer below it'
            for pattern, allowed in LIBRARIES:
                if not ours and re.fullmatch(pattern, name) and not any(fnmatch.fnmatch(path, p) for p in allowed):
                    yield f'{path}: includes {name}, which belongs to {", ".join(allowed)}'
        if is_hot(root, path):
            for name, through in reached(root, path).items():
                if name in NOT_HOT:
                    yield f'{path}: is HOT and reaches {name}, which {through} includes'


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = list(problems(root))
    print('\n'.join(found + [f'{len(found)} wrong includes']))
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
