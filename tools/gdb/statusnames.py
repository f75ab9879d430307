# SPDX-License-Identifier: MIT
"""NTSTATUS by name, out of inc/nt/status.h.  Needs no gdb."""
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STATUS = re.compile(r"^#define (\w+)\s+\(\(__force NTSTATUS\)0x([0-9A-Fa-f]+)\)", re.MULTILINE)


@functools.lru_cache(maxsize=None)
def _status_names():
    names = {}
    for name, number in STATUS.findall((ROOT / "inc/nt/status.h").read_text()):
        names.setdefault(int(number, 16), name)
    return names


def status_name(number):
    """STATUS_ACCESS_VIOLATION, or the number if it has no name."""
    number &= 0xFFFFFFFF
    return _status_names().get(number, f"{number:08X}")
