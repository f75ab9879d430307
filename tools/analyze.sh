#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs gcc's analyser and clang-tidy over the kernel's C files; fails on any warning.
# Slower than sparse (about a minute on two processors), hence `make analyze` and
# not a part of `make check`.  Silent if all is well.
set -eu

command -v clang-tidy > /dev/null 2>&1 || {
    echo 'clang-tidy is missing (Debian package clang-tidy).' >&2
    exit 1
}
common="-std=gnu11 -ffreestanding -fshort-wchar -mgeneral-regs-only -Iinc -I. -I${O:-build}/gen"

# What clang-tidy is not asked for:
#   easily-swappable-parameters  two addresses or two counts in a row: NT's signatures
#   reserved-identifier          NT's structure tags (_EPROCESS) and the linker's names
#   narrowing-conversions,
#   signed-char-misuse           NT's fields are as narrow as they are (priorities, counts)
#   macro-parentheses            the X-macros of the tables paste names
#   sizeof-expression            copies and arrays of pointers are meant
#   DeprecatedOrUnsafeBuffer...  wants memcpy_s
#   valist.Uninitialized         false where a va_list is handed down by address
checks='-*,bugprone-*,clang-analyzer-*'
for off in bugprone-easily-swappable-parameters bugprone-reserved-identifier \
    bugprone-narrowing-conversions bugprone-signed-char-misuse bugprone-macro-parentheses \
    bugprone-sizeof-expression clang-analyzer-valist.Uninitialized \
    clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling; do
    checks="$checks,-$off"
done

# What gcc is not: uninitialised values.  Version 12 loses the contents of a structure
# that is copied as a whole; -Wall and clang-tidy look for them as well.
analyzer='-fanalyzer -Wno-analyzer-use-of-uninitialized-value'

sources=$(printf '%s\n' "$@" | grep '\.c$')
log=$(mktemp)
trap 'rm -f "$log"' EXIT
jobs=$(nproc 2> /dev/null || echo 2)
# $common and $analyzer are lists on purpose.
# shellcheck disable=SC2086
echo "$sources" | xargs -P "$jobs" -I '{}' "${CC:-i686-linux-gnu-gcc}" $common -march=i686 \
    -fno-strict-aliasing -O2 -Wall -Wextra $analyzer -c -o /dev/null '{}' >> "$log" 2>&1 || true
# shellcheck disable=SC2086,SC2016
echo "$sources" | xargs -P "$jobs" -n 8 sh -c 'checks=$1 common=$2; shift 2
    clang-tidy -quiet -checks="$checks" "$@" -- --target=i686-unknown-none-elf $common' \
    sh "$checks" "$common" >> "$log" 2>&1 || true
if grep -q 'warning:\|error:' "$log"; then
    grep -v ' warnings\? generated\.$' "$log"
    echo "analyze: $(grep -c 'warning:\|error:' "$log") complaints"
    exit 1
fi
