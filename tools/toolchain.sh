#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Optional: builds binutils and GCC for i686-elf from Debian's source packages
# into PREFIX (default ~/.local/nascent-toolchain).  About 15 minutes and 2 GB of
# space while it runs.  Put PREFIX/bin on PATH and the Makefile uses the result.
set -eu

prefix=${PREFIX:-$HOME/.local/nascent-toolchain}
work=$(mktemp -d)
jobs=$(nproc)
trap 'rm -rf "$work"' EXIT
as_root=''
[ "$(id -u)" -eq 0 ] || as_root='sudo'
# What our Makefile hands down is not meant for GCC's.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES O ONLY ARGS CPUS MEM BOOT

command -v apt-get > /dev/null || { echo 'This needs Debian and its apt-get.' >&2; exit 1; }
$as_root apt-get update -q
$as_root apt-get install -q -y --no-install-recommends build-essential binutils-source \
    gcc-12-source libgmp-dev libmpfr-dev libmpc-dev zlib1g-dev flex bison texinfo xz-utils

cd "$work"
tar xf /usr/src/binutils/binutils-*.tar.xz
tar xf /usr/src/gcc-12/gcc-12*.tar.xz
# Debian removes the GCC manual's sources; without this patch `make install` fails.
(cd gcc-12* && patch -s -p2 < /usr/src/gcc-12/patches/gcc-gfdl-build.diff)

mkdir build-binutils build-gcc
cd "$work/build-binutils"
../binutils-*/configure --target=i686-elf --prefix="$prefix" --with-sysroot --disable-nls \
    --disable-werror --disable-gdb --disable-gprofng --disable-shared MAKEINFO=true
make -j"$jobs" MAKEINFO=true
make install-strip MAKEINFO=true

cd "$work/build-gcc"
export PATH="$prefix/bin:$PATH"
../gcc-12*/configure --target=i686-elf --prefix="$prefix" --disable-nls --enable-languages=c \
    --without-headers --disable-lto --disable-plugin --disable-libcc1 --disable-analyzer \
    --disable-gcov --disable-libssp --disable-libquadmath --disable-libatomic \
    --disable-threads --disable-shared --enable-checking=release --with-system-zlib \
    CFLAGS='-O1 -g0' CXXFLAGS='-O1 -g0' MAKEINFO=true
make -j"$jobs" all-gcc MAKEINFO=true
make -j"$jobs" all-target-libgcc CFLAGS_FOR_TARGET='-O2 -g0' MAKEINFO=true
make install-strip-gcc install-strip-target-libgcc MAKEINFO=true
echo "Done.  PATH=$prefix/bin:\$PATH make run"
