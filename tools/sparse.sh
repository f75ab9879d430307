#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs sparse over the kernel's C files: user pointers used as kernel pointers,
# NTSTATUS mixed with integers, locks not balanced.  Fails on any output.  Not for
# the kernel's tests: they hand kernel addresses to system services on purpose.
set -u

headers=$("${CC:-i686-linux-gnu-gcc}" -print-file-name=include)
log=$(mktemp)

trap 'rm -f "$log"' EXIT
for source; do
    case $source in
    *.c)
        sparse -m32 -std=gnu11 -ffreestanding -fshort-wchar -Wsparse-all -nostdinc \
            -Wno-declaration-after-statement -Wno-tautological-compare -Wno-flexible-array-sizeof \
            -I"$headers" -D__STDC_HOSTED__=0 -D__float128=double \
            -Iinc -I. -I"${O:-build}/gen" "$source" >> "$log" 2>&1
        ;;
    esac
done
if [ -s "$log" ]; then
    cat "$log"
    exit 1
fi
