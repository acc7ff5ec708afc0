#!/usr/bin/python3
"""
Fetches what the tests of this folder need: source packages of Debian and packages of npm. Everything, apt's own state
included, goes below BUILD/fetch and is fetched once; the machine's apt is only read (where its archives are).

    fetch.py BUILD debian NAME | debian-binary NAME... | npm NAME VERSION        prints the folder
"""
import fcntl
import functools
import glob
import os
import re
import shutil
import subprocess
import sys
import time

DAY = 24 * 3600
NETWORK = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::https::Timeout=20']


class Unavailable(Exception):
    """No network, no such package, no such tool: the reason, in a line."""


class Fetcher:
    def __init__(self, build):
        self.folder = os.path.join(os.path.abspath(build), 'fetch')
        self.offline = {}  # tool -> why it cannot reach anything; asked once
        os.makedirs(self.folder, exist_ok=True)

    # ------------------------------------------------------------ what is wanted

    def debian(self, name):
        """The upstream source of a Debian source package, unpacked: its folder."""
        return self.cached(f'debian/{name}', lambda folder: self.fetch_source(name, folder))

    def debian_binary(self, *names):
        """Binary packages, unpacked into one folder as if it were the root. Nothing is installed."""
        return self.cached('debian-binary/' + '+'.join(names), lambda folder: self.fetch_binaries(names, folder))

    def npm(self, name, version):
        return self.cached(f'npm/{name.replace("/", "-")}-{version}', lambda folder: self.fetch_npm(name, version, folder))

    def cached(self, name, fetch):
        """The folder `name`, made by `fetch` into another one first: half of a package is never taken for a whole one."""
        folder = os.path.join(self.folder, name)
        with open(os.path.join(self.folder, 'lock'), 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.isdir(folder):
                unfinished = folder + '.unfinished'
                shutil.rmtree(unfinished, ignore_errors=True)
                os.makedirs(unfinished)
                fetch(unfinished)
                os.rename(unfinished, folder)
        return only_folder(folder)

    # ------------------------------------------------------------ apt

    def fetch_source(self, name, folder):
        self.apt_get(folder, 'deb-src', 'source', '--tar-only', name)
        archives = glob.glob(os.path.join(folder, '*.orig.tar.*'))
        archives = [path for path in archives if not path.endswith('.asc')]
        if not archives:
            raise Unavailable(f'apt-get: source package {name} has no upstream archive')
        for path in archives:
            unpack(path, folder)

    def fetch_binaries(self, names, folder):
        self.apt_get(folder, 'deb', 'download', *names)
        for path in glob.glob(os.path.join(folder, '*.deb')):
            command(['dpkg-deb', '-x', path, folder])
            os.unlink(path)

    def apt_get(self, folder, kind, *words):
        options = self.apt_options(kind)
        try:
            command(['apt-get', *options, *words], cwd=folder)
        except Unavailable:
            self.update(options, kind)  # the archive may have moved on since the lists were fetched
            command(['apt-get', *options, *words], cwd=folder)

    def apt_options(self, kind):
        """A configuration of our own for one kind of archive entry, with the package lists fetched."""
        if 'apt-get' in self.offline:
            raise Unavailable(self.offline['apt-get'])
        if not shutil.which('apt-get'):
            raise Unavailable('apt-get: not on this machine')
        state = os.path.join(self.folder, 'apt-' + kind)
        for name in ('sources', 'lists/partial', 'cache/archives/partial'):
            os.makedirs(os.path.join(state, name), exist_ok=True)
        write_sources(os.path.join(state, 'sources'), kind)
        options = [*NETWORK, '-o', 'APT::Sandbox::User=', '-o', 'Dir::Etc::sourcelist=/dev/null',
                   '-o', f'Dir::Etc::sourceparts={state}/sources', '-o', f'Dir::State::lists={state}/lists',
                   '-o', f'Dir::Cache={state}/cache', '-o', 'APT::Get::List-Cleanup=true']
        self.stamp = os.path.join(state, 'updated')
        if not os.path.exists(self.stamp) or time.time() - os.path.getmtime(self.stamp) > DAY:
            self.update(options, kind)
        return options

    def update(self, options, kind):
        if self.offline.get('updated') == kind:
            return  # once in a run is enough
        self.offline['updated'] = kind
        try:
            command(['apt-get', *options, '-o', 'APT::Update::Error-Mode=any', 'update'], timeout=120)
        except Unavailable as reason:
            self.offline['apt-get'] = str(reason)
            raise
        with open(self.stamp, 'w'):
            pass

    # ------------------------------------------------------------ npm

    def fetch_npm(self, name, version, folder):
        if 'npm' in self.offline:
            raise Unavailable(self.offline['npm'])
        if not shutil.which('npm'):
            raise Unavailable('npm: not on this machine')
        try:
            command(['npm', 'pack', '--silent', '--ignore-scripts', '--no-update-notifier', '--fetch-retries=1',
                     '--fetch-timeout=20000', '--cache', os.path.join(self.folder, 'npm-cache'), f'{name}@{version}'],
                    cwd=folder)
        except Unavailable as reason:
            self.offline['npm'] = str(reason)
            raise
        for path in glob.glob(os.path.join(folder, '*.tgz')):
            unpack(path, folder)


def write_sources(folder, kind):
    """The machine's own Debian entries, as entries of one kind: 'deb' or 'deb-src'."""
    paragraphs, lines = [], []
    for path in sorted(glob.glob('/etc/apt/sources.list.d/*.sources')):
        for text in re.split(r'\n\s*\n', read(path)):
            if is_debian(re.findall(r'(?mi)^URIs:\s*(.*)$', text)):
                paragraphs.append(re.sub(r'(?mi)^Types:.*$', 'Types: ' + kind, text.strip('\n')))
    for path in ['/etc/apt/sources.list', *sorted(glob.glob('/etc/apt/sources.list.d/*.list'))]:
        for line in read(path).splitlines():
            entry = re.fullmatch(r'\s*deb((?:\s+\[.*?\])?\s+(\S+)\s.*)', line)
            if entry and is_debian([entry[2]]):
                lines.append(kind + entry[1])
    if not paragraphs and not lines:
        raise Unavailable('apt-get: this machine has no Debian archive configured')
    write(os.path.join(folder, 'ours.sources'), '\n\n'.join(paragraphs) + '\n')
    write(os.path.join(folder, 'ours.list'), '\n'.join(lines) + '\n')


def is_debian(values):
    """Others, which come with single products, seldom have sources, and never what we want."""
    return any(re.search(r'/(debian|ubuntu)[^/]*/?$', word) for value in values for word in value.split())


# ---------------------------------------------------------------- helpers


def command(argv, cwd=None, timeout=180):
    try:
        done = subprocess.run(argv, cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors='replace')
    except subprocess.TimeoutExpired:
        raise Unavailable(f'{argv[0]}: no answer within {timeout} s') from None
    except OSError as error:
        raise Unavailable(f'{argv[0]}: {error.strerror}') from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if re.match(r'E:|W:|npm ERR!|npm error', line)]
        raise Unavailable(f'{argv[0]}: {(lines or done.stdout.splitlines() or ["failed"])[0]}')
    return done.stdout


def unpack(path, folder):
    command(['tar', '-xf', path, '-C', folder, '--no-same-owner'])
    os.unlink(path)


def only_folder(folder):
    """An archive has one folder in it, as a rule: that is what the caller wants."""
    names = [name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))]
    return os.path.join(folder, names[0]) if len(names) == 1 and names[0] != 'usr' else folder


@functools.cache
def read(path):
    try:
        with open(path, errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)


def main():
    build, kind, *words = sys.argv[1:]
    fetcher = Fetcher(build)
    kinds = {'debian': fetcher.debian, 'debian-binary': fetcher.debian_binary, 'npm': fetcher.npm}
    try:
        print(kinds[kind](*words))
    except Unavailable as reason:
        print(f'fetch.py: {reason}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
