#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   setup.sh build    what building and running need
#   setup.sh tests    what the tests, the checks and the debugger need besides
#
# Installs what of it this machine has not got.  On Debian and its relatives by
# apt-get, as root or through sudo; on other systems it names the packages and stops.
# Called once per build directory.
set -eu

# command or file                     Debian package
case ${1:-build} in
build) needed='
i686-linux-gnu-gcc                    gcc-i686-linux-gnu
i686-w64-mingw32-gcc                  gcc-mingw-w64-i686-win32
python3                               python3
qemu-system-i386                      qemu-system-x86
grub-mkrescue                         grub-common
/usr/lib/grub/i386-pc/multiboot.mod   grub-pc-bin
xorriso                               xorriso
' ;;
*) needed='
cc                                    gcc
/usr/include/stdlib.h                 libc6-dev
/usr/i686-linux-gnu/include/stdio.h   libc6-dev-i386-cross
clang                                 clang
clang-tidy                            clang-tidy
ld.lld                                lld
gdb                                   gdb
sparse                                sparse
spin                                  spin
' ;;
esac

present() {
    case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" > /dev/null 2>&1 ;;
    esac
}

other_system() {
    cat >&2 << 'END'
This is not Debian, so nothing was installed.  Please install what is missing:
  Debian:   gcc-i686-linux-gnu gcc-mingw-w64-i686-win32 python3 qemu-system-x86
            grub-common grub-pc-bin xorriso
            for the tests: gcc libc6-dev libc6-dev-i386-cross clang clang-tidy lld gdb
            sparse spin
  Fedora:   i686-elf-gcc (from source; tools/toolchain.sh has the options) mingw32-gcc
            python3 qemu-system-x86 grub2-tools-extra grub2-pc-modules xorriso
            gcc clang clang-tools-extra lld gdb sparse spin
  Arch:     i686-elf-gcc (AUR) mingw-w64-gcc python qemu-system-x86 grub libisoburn
            mtools gcc clang lld gdb sparse spin
  Homebrew: i686-elf-gcc mingw-w64 python qemu i686-elf-grub xorriso llvm lld
            i386-elf-gdb sparse
An i686-elf-gcc on PATH is taken instead of i686-linux-gnu-gcc.  BOOT=direct needs
neither GRUB nor xorriso.  SETUP=no skips this check.  The host tests, a part of
`make test`, are compiled by Debian's i686-linux-gnu-gcc.
END
    exit 1
}

missing=''
while read -r what package; do
    if [ -z "$what" ] || present "$what"; then
        continue
    fi
    if [ "$what" = i686-linux-gnu-gcc ] && present i686-elf-gcc; then
        continue
    fi
    missing="$missing $package"
done << END
$needed
END

if [ -z "$missing" ]; then
    exit 0
fi
echo "Missing:$missing"
command -v apt-get > /dev/null 2>&1 || other_system

if [ "$(id -u)" -eq 0 ]; then
    as_root=''
elif command -v sudo > /dev/null 2>&1; then
    as_root='sudo env DEBIAN_FRONTEND=noninteractive'
else
    echo "Please run as root: apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# $missing is a list on purpose.
# shellcheck disable=SC2086
$as_root apt-get install -q -y --no-install-recommends $missing
