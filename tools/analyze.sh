#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   analyze.sh kernel FILE...    the flags of the kernel
#   analyze.sh user FILE...      those of user mode, with mingw-w64's headers
#
# Runs gcc's analyser and clang-tidy over C files; fails on any warning, and is silent
# if there is none.  Slower than sparse (one to two minutes for everything), hence
# `make analyze` and not a part of `make check`.  What clang-tidy is asked for is in
# .clang-tidy.
set -eu

command -v clang-tidy > /dev/null 2>&1 || {
    echo 'clang-tidy is missing (Debian package clang-tidy).' >&2
    exit 1
}
mode=$1
shift
flags="-std=gnu11 -ffreestanding -mgeneral-regs-only -march=i686 -Iinc -I. -I${O:-build}/gen"
if [ "$mode" = kernel ]; then
    compiler=${CC:-i686-linux-gnu-gcc}
    flags="$flags -fshort-wchar -malign-double"
    clang='--target=i686-unknown-none-elf'
else
    compiler=${USER_CC:-i686-w64-mingw32-gcc}
    flags="$flags -D_WIN32_WINNT=0x0502 -DWIN32_LEAN_AND_MEAN"
    headers=$(echo '#include <windows.h>' | $compiler -E -M -x c - | tr -s ' \\' '\n\n' |
        sed -n 's|/windows\.h$||p')
    clang="--target=i686-w64-mingw32 -isystem $headers"
fi

# What gcc is not asked for: uninitialised values.  Version 12 loses the contents of a
# structure that is copied as a whole; -Wall and clang-tidy look for them as well.
gcc="-O2 -fno-strict-aliasing -Wall -Wextra -fanalyzer -Wno-analyzer-use-of-uninitialized-value"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
jobs=$(nproc 2> /dev/null || echo 2)
# $flags, $gcc and $clang are lists on purpose.
# shellcheck disable=SC2086
printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' \
    "$compiler" $flags $gcc -c -o /dev/null '{}' >> "$log" 2>&1 || true
# shellcheck disable=SC2086,SC2016
printf '%s\n' "$@" | xargs -P "$jobs" -n 4 sh -c 'flags=$1; shift
    clang-tidy -quiet "$@" -- $flags' sh "$clang $flags" >> "$log" 2>&1 || true
if grep -q 'warning:\|error:' "$log"; then
    grep -v ' warnings\? generated\.$' "$log"
    echo "analyze: $(grep -c 'warning:\|error:' "$log") complaints"
    exit 1
fi
