#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make size`: lines by layer, beside the figures that the design aims at.

They are for lines of code: comments and blank lines, which help, are not counted.
With --check, and silently when all is well, the limits that keep files and functions
readable; these include everything.  A function is found by the style: the braces that
open and close it stand in column 0.
"""
import pathlib
import re
import sys

KERNEL = ["boot", "rtl", "hal", "ke", "mm", "ob", "ex", "io", "lpc", "se", "dbgk", "ps"]
USER = ["ldr", "csr", "user"]
OTHER = ["inc", "sanitize", "tests", "tools"]
KERNEL_AIM, LAYER_AIM = 14000, 2500
FILE_LIMIT, FUNCTION_LIMIT = 500, 60
SUFFIXES = (".c", ".S", ".h", ".def", ".py", ".sh")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
FUNCTION_NAME = re.compile(r"(\w+)\(")


def sources(layer):
    return sorted(p for p in pathlib.Path(layer).rglob("*") if p.suffix in SUFFIXES)


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def code_lines(text):
    """How many lines hold something other than comment and space."""
    joined = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), "\n".join(text))
    return sum(1 for line in joined.split("\n") if line.strip())


def functions(text):
    """Yields (name, number of lines between and with the braces) of a C file."""
    start = None
    for number, line in enumerate(text):
        if line == "{" and number > 0 and text[number - 1].endswith(")"):
            start = number
        elif line == "}" and start is not None:
            head = " ".join(text[max(0, start - 4):start])
            names = FUNCTION_NAME.findall(head)
            yield (names[-1] if names else "?"), number - start + 1
            start = None


def row(layer, aim):
    """Prints a layer's line; returns its lines of code."""
    texts = [lines(f) for f in sources(layer)]
    code = sum(code_lines(t) for t in texts)
    print(f"{layer:8}{len(texts):6}{sum(len(t) for t in texts):8}{code:8}{aim:>8}".rstrip())
    return code


def table():
    print(f"{'layer':8}{'files':>6}{'lines':>8}{'code':>8}{'aim':>8}")
    total = sum(row(layer, LAYER_AIM) for layer in KERNEL)
    print(f"{'kernel':22}{total:8}{KERNEL_AIM:8}")
    for layer in USER + OTHER:
        row(layer, "")


def lengths():
    """Yields complaints about long files and functions of kernel and user mode."""
    for layer in KERNEL + USER:
        for path in sources(layer):
            text = lines(path)
            if len(text) > FILE_LIMIT and path.suffix != ".def":
                yield f"{path}: {len(text)} lines, limit {FILE_LIMIT}"
            if path.suffix == ".c":
                for name, length in functions(text):
                    if length > FUNCTION_LIMIT:
                        yield f"{path}: {name} has {length} lines, limit {FUNCTION_LIMIT}"


def main():
    if "--check" not in sys.argv[1:]:
        table()
        return 0
    complaints = list(lengths())
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
