#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make check`: lower layers never use higher ones.

Two things are compared with the order of the layers: the headers a source
includes and the symbols its object needs.  Exceptions stand in layers.txt with
their reason, one a line, LAYER and NAME being patterns:

    LAYER NAME reason in words
"""
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

ORDER = ["rtl", "hal", "ke", "mm", "ob", "ex", "io", "lpc", "se", "dbgk", "ps", "tests", "boot"]
RANK = {layer: rank for rank, layer in enumerate(ORDER)}
RANK["ldr"] = RANK["rtl"]
INCLUDE = re.compile(r'^#include "(.*)"', re.MULTILINE)
COMMON = {"boot", "locks", "trace"}  # headers in inc/ that belong to no layer
BUILD = pathlib.Path(os.environ.get("O", "build")) / "kernel"
NM = "nm"


def layer_of(path):
    return pathlib.PurePath(path).parts[0]


def header_layer(name):
    """The layer a quoted header belongs to, or None for inc/nt and the like."""
    path = pathlib.PurePath(name)
    if len(path.parts) > 1:
        return path.parts[0] if path.parts[0] in RANK else None
    return path.stem if path.stem in RANK and path.stem not in COMMON else None


def kernel_sources():
    for layer in ORDER:
        yield from sorted(pathlib.Path("tests/kernel" if layer == "tests" else layer)
                          .rglob("*.[chS]"))
    yield from (p for p in [pathlib.Path("ldr/pe.c")] if p.exists())


def exceptions():
    """[(layer pattern, name pattern)]; a line without a reason is an error."""
    allowed = []
    for line in pathlib.Path("tools/layers.txt").read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            layer, name, _reason = line.split(None, 2)
            allowed.append((layer, name))
    return allowed


def exception_for(allowed, layer, name):
    for pattern in allowed:
        if fnmatch.fnmatchcase(layer, pattern[0]) and fnmatch.fnmatchcase(name, pattern[1]):
            return pattern
    return None


def include_uses():
    """Yields (user layer, provider layer, header, source)."""
    for source in kernel_sources():
        for name in INCLUDE.findall(source.read_text(encoding="utf-8")):
            provider = header_layer(name)
            if provider:
                yield layer_of(source), provider, name, source


def symbols():
    """({symbol: layer}, [(layer, symbol, object)]) from every kernel object."""
    defined, needed = {}, []
    # An object without a source is left over from one that was renamed.
    objects = [o for o in sorted(BUILD.rglob("*.o"))
               if o.relative_to(BUILD).with_suffix("").exists()]
    output = subprocess.run([NM, "-A", "-g", *map(str, objects)], capture_output=True, text=True,
                            check=True).stdout
    for line in output.splitlines():
        name, rest = line.split(":", 1)
        obj = pathlib.PurePath(name).relative_to(BUILD)
        *_, kind, symbol = rest.split()
        if kind == "U":
            needed.append((layer_of(obj), symbol, obj))
        else:
            defined[symbol] = layer_of(obj)
    return defined, needed


def symbol_uses():
    defined, needed = symbols()
    for layer, symbol, obj in needed:
        if symbol in defined:
            yield layer, defined[symbol], symbol, obj


def main():
    allowed, used, upward = exceptions(), set(), set()
    for user, provider, name, where in [*include_uses(), *symbol_uses()]:
        if RANK[user] < RANK[provider]:
            pattern = exception_for(allowed, user, name)
            used.add(pattern)
            if pattern is None:
                upward.add(f"{where}: {user} uses {name} of {provider}, which is above it")
    problems = sorted(upward) + [f"tools/layers.txt: {layer} {name} is not needed"
                                 for layer, name in allowed if (layer, name) not in used]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
