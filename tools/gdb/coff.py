# SPDX-License-Identifier: MIT
"""Names of functions in user-mode images, from their COFF symbol tables.

A function that takes its arguments off the stack itself (stdcall, as all of NT's
API) is called NAME@BYTES there, and gdb knows it by that name only.
"""
import functools
import pathlib
import re
import struct

SYMBOL_SIZE = 18
DECORATED = re.compile(r"_?(\w+)@\d+$")


def _names(data):
    """Every symbol of a PE file that has not been stripped."""
    header, = struct.unpack_from("<I", data, 0x3C)
    table, count = struct.unpack_from("<II", data, header + 12)
    strings = table + count * SYMBOL_SIZE
    index = 0
    while index < count:
        at = table + index * SYMBOL_SIZE
        zeros, offset = struct.unpack_from("<II", data, at)
        start, end = (strings + offset, None) if zeros == 0 else (at, at + 8)
        stop = data.find(b"\0", start, end)
        yield data[start:stop if stop >= 0 else end].decode("latin-1")
        index += 1 + data[at + SYMBOL_SIZE - 1]  # and what describes it further


@functools.lru_cache(maxsize=None)
def functions(directory):
    """What gdb calls the stdcall functions of all images below a directory, by plain name."""
    found = {}
    for suffix in ("dll", "exe"):
        for path in sorted(pathlib.Path(directory).rglob(f"*.{suffix}")):
            for name in _names(path.read_bytes()):
                match = DECORATED.match(name)
                if match and not name.startswith("__imp"):
                    found.setdefault(match.group(1), name.lstrip("_"))
    return found
