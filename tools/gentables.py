#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tables of the book that come from the code.

A page holds `<!-- table: NAME -->` and, further down, `<!-- end -->`; what stands
between them is written here.  With --check nothing is written, and a table that is
not what the code says is an error.
"""
import pathlib
import re
import sys

EVENT = re.compile(r'^TRACE_EVENT\((\w+), (\d), (\w+), "([^"]*)", "([^"]*)"\)', re.MULTILINE)
SERVICE = re.compile(r"^SYSTEM_SERVICE\((\w+), (\d+)\)", re.MULTILINE)
OPTION = re.compile(r'^ {4}\{"(\w+)", "([^"]*)", "([^"]*)", Option', re.MULTILINE)
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
COUNTED = re.compile(r"^(\| `([\w/.]+\.\w+)` \| )(\d+)( \|)", re.MULTILINE)
PAGES = ["README.md", *sorted(str(p) for p in pathlib.Path("docs").glob("*.md"))]
KINDS = {"SUMMARY": "phase", "STEP": "step", "ACQ": "resource", "REL": "resource",
         "USER_SUMMARY": "phase, user", "USER_STEP": "step, user"}


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def entries(path, pattern, opening):
    """All matches; a line that only begins like one is an error, not left out."""
    text = read(path)
    rows = pattern.findall(text)
    if len(rows) != len(re.findall(opening, text, re.MULTILINE)):
        sys.exit(f"tools/gentables.py: does not understand every line of {path}")
    return rows


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def code(text):
    """In backquotes, with the bar that would end a cell of a table escaped."""
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def plain(text):
    """A C string's text; a star is no emphasis."""
    return text.replace("\\\\", "\\").replace("*", "\\*")


def events():
    rows = [(phase, code(ident), KINDS[kind], name, code(fields))
            for ident, phase, kind, name, fields in entries(
                "inc/trace_events.def", EVENT, r"^TRACE_EVENT\(")]
    return table(["phase", "event", "kind", "printed as", "fields"], rows)


def implementations():
    """{system service: file} by the definition's first line."""
    found = {}
    for layer in ("ke", "mm", "ob", "ex", "io", "lpc", "se", "ps"):
        for path in sorted(pathlib.Path(layer).rglob("*.c")):
            for name in re.findall(r"^\w+ NTAPI (Nt\w+)\(", read(path), re.MULTILINE):
                found[name] = str(path)
    return found


def services():
    files = implementations()
    rows = [(f"{number:02X}", code(name), str(4 * int(count)), code(files[name]))
            for number, (name, count) in enumerate(
                entries("inc/syscalls.def", SERVICE, r"^SYSTEM_SERVICE\("))]
    return table(["number", "name", "bytes", "file"], rows)


def options():
    rows = [(code(name + ("=" + values if values else "")), plain(text))
            for name, values, text in entries("boot/options.c", OPTION, r'^ {4}\{"')]
    return table(["option", "what it does (what holds without it)"], rows)


TABLES = {"events": events, "services": services, "options": options}


def block(match):
    return match[1] + "\n".join(TABLES[match[2]]()) + "\n" + match[3]


def count(match):
    """A file's lines; a number that is right to a fifth may stay, so that pages rest."""
    told, now = int(match[3]), len(read(match[2]).splitlines())
    return f"{match[1]}{told if abs(told - now) <= now / 5 else now}{match[4]}"


def main():
    stale = []
    for page in PAGES:
        old = read(page)
        new = COUNTED.sub(count, BLOCK.sub(block, old))
        if new == old:
            continue
        if "--check" in sys.argv[1:]:
            stale.append(page)
        else:
            pathlib.Path(page).write_text(new, encoding="utf-8")
            print(f"{page}: written")
    for page in stale:
        print(f"{page}: a table is not what the code says; run tools/gentables.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
