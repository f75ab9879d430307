# SPDX-License-Identifier: MIT
"""A scripted session of the debugger: stops in all phases, in order, and looks around.

    gdb -q -nx -batch build/kernel.elf -x tests/gdb/phases.py

Prints KTAP.  With  -ex "python processor = 'max,-sep'"  before -x the machine has no
SYSENTER, so that system calls come by INT 2E.
"""
import importlib
import os
import pathlib
import re
import sys
import tempfile

import gdb

ROOT = pathlib.Path(".").resolve()
BUILD = os.path.dirname(gdb.current_progspace().filename)
os.environ["O"] = BUILD  # tools/qemu.py asks there
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/gdb")]
import structures as nt  # noqa: E402
import qemu  # noqa: E402  (all of these need the path above)

LIMIT = 90  # seconds for the whole session; then it counts as a stall
PROCESSOR = globals().get("processor", "max")

# (phase, function gdb stops in, image that is current)
STOPS = [
    (1, "CreateProcessInternalW", "parent.exe"),
    (2, "PspCreateProcess", "parent.exe"),
    (3, "PspCreateThread", "parent.exe"),
    (4, "BasepTellCsr", "parent.exe"),
    (5, "KiInitializeUserApc", "hello.exe"),
    (6, "LdrInitializeThunk", "hello.exe"),
    (7, "PspExitThread", "hello.exe"),
]

# Calls that `bt` has to show in this order, innermost first.
BACKTRACES = {
    1: ["CreateProcessInternalW", "CreateProcessW", "mainCRTStartup", "RtlUserThreadStart"],
    2: ["PspCreateProcess", "NtCreateProcessEx", "signal handler", "NtCreateProcessEx",
        "CreateProcessInternalW", "mainCRTStartup () at user/apps/parent.c", "RtlUserThreadStart"],
    3: ["PspCreateThread", "signal handler", "NtCreateThread", "BasepCreateFirstThread",
        "mainCRTStartup () at user/apps/parent.c", "RtlUserThreadStart"],
    4: ["BasepTellCsr", "CreateProcessInternalW", "mainCRTStartup () at user/apps/parent.c"],
    5: ["KiInitializeUserApc", "PspUserThreadStartup", "KiThreadStartup"],
    6: ["LdrInitializeThunk", "signal handler", "BaseProcessStartThunk"],
    7: ["PspExitThread", "NtTerminateProcess", "signal handler", "NtTerminateProcess",
        "BaseProcessStart"],
}

# At phase 2: a command and what its output has to look like.
COMMANDS = [
    ("nt ps", r"\* +\d+ +\d+ +parent\.exe +1 "),
    ("nt ps", r"  4 +0  System .*\n.*smss\.exe.*\n.*csrss\.exe"),
    ("nt process smss.exe", r"smss\.exe  pid \d+  parent 4 .*\n.*image at 00400000.*\n"
                            r".*STATUS_PENDING.*\n.*\n(.*\n)*.*ntdll\.dll"),
    ("nt thread", r"\* +\d+  parent\.exe +Running(.*\n)*"),
    ("nt thread csrss.exe", r"csrss\.exe +Waiting"),
    ("nt handles", r"Section +programs/hello\.exe"),
    ("nt handles smss.exe", r"Process +parent\.exe, pid \d+"),
    ("nt vad", r"77f00000  .*image +windows/system32/ntdll\.dll"),
    ("nt trace 100", r"\] 1 image section   hello\.exe +file=\w{8} section=\w{8} entry=00401"),
    ("nt irql", r"IRQL 0 PASSIVE_LEVEL, interrupts on"),
    ("nt pcr", r"KPCR \w{8}, processor 0, IRQL 0"),
    ("print PsProcessType->Name", r'= L"Process"'),
    ("print (NTSTATUS)0xC0000005", r"= STATUS_ACCESS_VIOLATION"),
    ("phase", r"  1  image section +CreateProcessInternalW"),
]


class Session:
    """The results so far."""
    count = 0


def check(name, passed, detail=""):
    Session.count += 1
    print(f"{'ok' if passed else 'not ok'} {Session.count} - {name}")
    if not passed:
        for line in str(detail).rstrip().split("\n"):
            print(f"#   {line}")


def run(command):
    """A command's output; an error's text counts as output too."""
    try:
        return gdb.execute(command, to_string=True)
    except gdb.error as error:
        return str(error)


def in_order(text, pieces):
    position = 0
    for piece in pieces:
        position = text.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return True


def check_stop(number, function, image):
    output = run(f"phase {number}")
    frame, process = gdb.newest_frame().name() or "", nt.current_process()
    check(f"phase {number} stops in {function}",
          frame.split("@")[0] == function and f"\nPhase {number} of 7" in output, output)
    check(f"phase {number} is about {image}",
          process is not None and nt.image_name(process) == image, output)
    trace = run("bt")
    check(f"bt in phase {number}", in_order(trace, BACKTRACES[number]), trace)


def check_commands():
    for command, pattern in COMMANDS:
        output = run(command)
        check(f"`{command}`", re.search(pattern, output), output)


def check_program():
    """Between phases 6 and 7: a breakpoint in the program itself, with its source."""
    run("tbreak hello.c:mainCRTStartup if $_in(\"hello.exe\")")
    run("continue")
    line, trace = run("info line *$pc"), run("bt")
    check("a breakpoint in hello.c", "user/apps/hello.c" in line, line)
    check("bt in hello.c", in_order(trace, ["mainCRTStartup () at user/apps/hello.c",
                                            "BaseProcessStart", "BaseProcessStartThunk"]), trace)


def check_end(log):
    output = run("continue")
    text = pathlib.Path(log).read_text(encoding="latin-1")
    check("it runs to its end", "exited with code 42" in text, output + text[-2000:])


def start(log):
    machine = [*qemu.command(qemu.direct("exit=on"), serial=f"file:{log}"), "-cpu", PROCESSOR,
               "-monitor", "none", "-gdb", "stdio", "-S"]
    gdb.execute("set pagination off")
    gdb.execute("set confirm off")
    gdb.execute(f"target remote | exec timeout {LIMIT} {qemu.printable(machine)}", to_string=True)
    importlib.import_module("nascent")  # what `-x tools/gdb/nascent.py` does


def session(log):
    start(log)
    for stop in STOPS:
        check_stop(*stop)
        if stop[0] == 2:
            check_commands()
        if stop[0] == 6:
            check_program()
    check_end(log)


def main():
    print(f"1..{3 * len(STOPS) + len(COMMANDS) + 3}")
    with tempfile.TemporaryDirectory() as directory:
        try:
            session(os.path.join(directory, "serial.log"))
        except Exception as error:  # whatever it is, the plan says what is missing
            check("no stall, no error of a command", False, error)
        finally:
            run("kill")


main()
