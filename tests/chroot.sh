#!/bin/bash
# The proof of the README's first two lines: a Debian 12 with nothing in it, this tree, those lines.
#   tests/chroot.sh [DIR]     DIR: where the system is made (build/chroot); needs root and debootstrap
# The packages come from where this machine's own come from: apt is asked, no address is written here. Mounts live in a
# namespace of their own and end with it, however it ends.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
chroot=${1:-$root/build/chroot}
suite=bookworm

die() {
	echo "tests/chroot.sh: $1" >&2
	exit 2
}
[ "$(id -u)" = 0 ] || die "must be root, to make a system and enter it"
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"

mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
	awk -v suite=$suite '$2 == suite { print $1; exit }')
[ -n "$mirror" ] || die "apt knows no source of $suite; run apt-get update, or see /etc/apt"

# A bare system, made once and kept; the tree goes into a fresh copy of it.
base=$chroot.base
if [ ! -e "$base/made" ]; then
	rm -rf "$base"
	mkdir -p "$base"
	eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
	export http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}"
	debootstrap --variant=minbase "$suite" "$base" "$mirror" >"$base.log" 2>&1 || die "debootstrap failed; see $base.log"
	for part in sources.list sources.list.d apt.conf.d auth.conf.d preferences.d keyrings trusted.gpg trusted.gpg.d; do
		[ ! -e "/etc/apt/$part" ] || cp -aT "/etc/apt/$part" "$base/etc/apt/$part"
	done
	[ -e /etc/apt/sources.list ] || : >"$base/etc/apt/sources.list"
	touch "$base/made"
fi
rm -rf "$chroot"
cp -a "$base" "$chroot"
for file in /etc/resolv.conf /etc/hosts; do
	cp -L "$file" "$chroot$file"
done

# What git would give to somebody else: committed or about to be.
mkdir -p "$chroot/calltrace"
cd "$root"
git ls-files -coz --exclude-standard | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
	tar --null -T - -cf - | tar -C "$chroot/calltrace" -xf -

cat >"$chroot/calltrace.sh" <<'END'
set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /dev
mkdir /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
for device in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
	set -- $device
	mknod -m 666 /dev/$1 c $2 $3
done
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
cd /calltrace
echo "+ ./configure.py --install-deps && ninja demo"
./configure.py --install-deps && ninja demo
echo "+ ./configure.py --install-deps && ninja test"
./configure.py --install-deps && ninja test
END
exec unshare --mount --pid --fork --kill-child chroot "$chroot" \
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb sh /calltrace.sh </dev/null
