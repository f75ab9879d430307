# SPDX-License-Identifier: MIT
"""gdb for Nascent; `make debug` loads it.  docs/debugging.md shows it at work.

By hand:  gdb build/kernel.elf -ex 'target remote ADDRESS' -x tools/gdb/nascent.py

Symbols of the kernel are kernel.elf's; those of programs come as they are mapped
(images.py).  `phase N` runs to a phase (phases.py), `nt` looks into the kernel
(commands.py), and NT's types print readably (printers.py).
"""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import commands  # noqa: E402  (all of these need the path above)
import images  # noqa: E402
import phases  # noqa: E402
import printers  # noqa: E402

SETTINGS = ["pagination off", "confirm off", "breakpoint pending on", "print pretty on",
            "print entry-values no", "target-wide-charset UTF-16LE"]


def main():
    for setting in SETTINGS:
        gdb.execute(f"set {setting}", to_string=True)
    printers.install()
    commands.install()
    images.install()
    phases.install()
    print("`phase 1` runs to the first of seven phases of a process's life, `phase` lists them;"
          "\n`help nt` says what else there is.")


main()
