# SPDX-License-Identifier: MIT
"""The suite `book`: the transcripts of README.md and docs/ are still true.

A block whose first line is `$ make run ...` or `$ make debug ...` is a transcript:
the command is run, lines that begin with (gdb) are typed into the debugger, and
every other line must be printed, in that order.  "..." stands for what was left out,
lines or a part of a line.  Numbers of more than one digit may differ.
"""
import pathlib
import re
import shlex

from runner import Result, absent, execute, failure
import qemu

BLOCK = re.compile(r"^```\n\$ (make [^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "(gdb) "
TIME = re.compile(r"\[ *\d+\.\d+\]")
NUMBER = re.compile(r"\d+(?=ms\b)|\b(?:0x)?(?=[0-9a-f]*\d)[0-9a-f]{2,}\b|\b[0-9a-f]{8}\b|(?<=\+)[0-9a-f]+\b")
LIMIT = 120  # seconds for one transcript


def masked(text):
    """The text without what may differ: times, numbers, the width of gaps."""
    return re.sub(r" +", " ", NUMBER.sub("#", TIME.sub("[#]", text)))


def transcripts():
    """(page, command, lines) of every transcript."""
    for page in ["README.md", *sorted(map(str, pathlib.Path("docs").glob("*.md")))]:
        for command, lines in BLOCK.findall(pathlib.Path(page).read_text(encoding="utf-8")):
            yield page, command, lines.splitlines()


def debugger(variables):
    """What `make debug` runs, with the machine as gdb's child, so that both end in time."""
    machine = qemu.command(qemu.direct(variables.get("ARGS", "")), variables.get("MEM", "64"),
                           variables.get("CPUS", "1"), f"file:{qemu.BUILD}/debug.log",
                           ["-monitor", "none", "-gdb", "stdio", "-S"])
    return ["timeout", str(LIMIT), "gdb", "-q", "-nx", qemu.KERNEL, "-ex",
            f"target remote | exec timeout {LIMIT} {qemu.printable(machine)}",
            "-x", "tools/gdb/nascent.py"]


def replay(page, command, lines, make):
    """One Result: the transcript, run again."""
    name = f"book: {page}: {command}"
    _, target, *arguments = shlex.split(command)
    if target == "debug":
        full = debugger(dict(a.split("=", 1) for a in arguments))
    else:
        full = make(target, *arguments)
    typed = "".join(line.removeprefix(PROMPT) + "\n" for line in lines if line.startswith(PROMPT))
    wanted = [piece for line in lines if not line.startswith(PROMPT)
              for piece in masked(line).split("...") if piece.strip()]
    status, printed = execute(full, LIMIT + 30, typed)
    missing = absent(wanted, masked("\n".join(printed)))
    if missing is not None or not wanted:
        return failure(name, f"'{missing}' was not printed (status {status})", full, printed)
    if (status == 0) == any(line.startswith("make: ***") for line in lines):
        return failure(name, f"the status is {status}", full, printed)
    return Result(name, True, "")


def suite(make):
    return [replay(*transcript, make) for transcript in transcripts()]
