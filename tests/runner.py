# SPDX-License-Identifier: MIT
"""Runs one command and judges what it printed: the half of `make test` that must not err.

A run that prints KTAP passes only if the exit status is the one that means success
(33 for QEMU), there is a plan of at least one test, exactly that many results
follow, numbered in order and each `ok`, and no bugcheck was printed.  Whatever is
not a pass says why, shows the last lines, and gives the command that repeats it.

A kernel that hangs is sent an NMI through QEMU's monitor: the kernel answers with a
bugcheck, so that its stack and the last events of the trace are among those lines.

tests/tools/ has the kernels that misbehave on purpose, for the suite `runner`.
"""
import collections
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import qemu  # noqa: E402  (needs the path above)

Result = collections.namedtuple("Result", "name passed detail")

LAST_LINES = 60  # a bugcheck with its stack and events fits
NMI_PATIENCE = 10  # seconds that a bugcheck after the NMI may take
PLAN = re.compile(r"^1\.\.(\d+)$")
RESULT = re.compile(r"^(ok|not ok) (\d+)(?: -)? ?(.*)$")
BUGCHECK = re.compile(r"^\*\*\* STOP", re.MULTILINE)


def environment():
    """Ours without what a make above us told its children."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


def with_monitor(command, path):
    """A QEMU command line whose monitor, if it has none, listens at path."""
    return [f"unix:{path},server=on,wait=off" if before == "-monitor" and part == "none" else part
            for before, part in zip(["", *command], command)]


def interrupt(monitor):
    """Sends the NMI to a machine that hangs; a command without a monitor has no file."""
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(monitor)
            channel.sendall(b"nmi\n")
            time.sleep(0.2)  # the monitor drops what it has not read when we hang up
    except OSError:
        pass


def execute(command, timeout, typed=""):
    """Runs a command; returns (status or None when it hung, its output as lines)."""
    with tempfile.TemporaryDirectory() as place:
        monitor = f"{place}/monitor"
        process = subprocess.Popen(with_monitor(command, monitor),
                                   stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=environment())
        try:
            output, _ = process.communicate(typed.encode() or None, timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            status = None
            interrupt(monitor)
            reaper = threading.Timer(NMI_PATIENCE if os.path.exists(monitor) else 0, process.kill)
            reaper.start()
            output, _ = process.communicate()
            reaper.cancel()
    return status, output.decode("utf-8", "replace").replace("\r", "").split("\n")


def failure(name, why, command, lines):
    """A failed Result that says why, what was last seen, and how to repeat it."""
    shown = "\n".join("    " + line for line in lines[-LAST_LINES:])
    return Result(name, False, f"{why}\n  last lines:\n{shown}\n  to repeat:\n    "
                               f"{qemu.printable(command)}")


def ktap(lines):
    """(planned number or None, [(passed, text)], out of order) of all KTAP plans."""
    planned, results, expected, disorder = None, [], 1, None
    for line in lines:
        # Not stripped on the left: the KTAP of a test's own program is indented.
        plan, result = PLAN.match(line.rstrip()), RESULT.match(line.rstrip())
        if plan:
            planned = (planned or 0) + int(plan.group(1))
        elif result:
            number = int(result.group(2))
            if number not in (1, expected):  # 1 begins the next plan
                disorder = disorder or f"result {number} stands where {expected} belongs"
            expected = number + 1
            results.append((result.group(1) == "ok", result.group(3)))
    return planned, results, disorder


def run_problem(status, wanted, lines):
    """Why a run that prints KTAP is not acceptable as a whole, or None."""
    planned, results, disorder = ktap(lines)
    if status is None:
        return "it hung"
    if BUGCHECK.search("\n".join(lines)):
        return "the kernel stopped with a bugcheck"
    told = "a reset or power-off" if (status, wanted) == (0, qemu.STATUS_PASS) else status
    if planned is None:
        return f"no KTAP plan was printed (status: {told})"
    if len(results) != planned or planned == 0:
        return f"{len(results)} results, {planned} planned (status: {told})"
    if disorder:
        return disorder
    if status != wanted and all(passed for passed, _ in results):
        return f"the status is {told}, not {wanted}"
    return None


def judge(name, command, outcome, wanted):
    """One Result a test of a run that prints KTAP, and one if the run went wrong."""
    status, lines = outcome
    found = []
    for passed, text in ktap(lines)[1]:
        found.append(Result(f"{name}: {text}", True, "") if passed else
                     failure(f"{name}: {text}", "not ok", command, excerpt(lines, text)))
    problem = run_problem(status, wanted, lines)
    if problem:
        found.append(failure(f"{name}: complete run", problem, command, lines))
    return found


def ktap_run(name, command, timeout, wanted=qemu.STATUS_PASS):
    return judge(name, command, execute(command, timeout), wanted)


def excerpt(lines, test):
    """The lines that end with a failed test's result."""
    for number, line in enumerate(lines):
        if line.startswith("not ok") and test in line:
            return lines[:number + 1]
    return lines


def absent(wanted, text):
    """The first of wanted that text does not have, in that order; or None."""
    position = 0
    for piece in wanted:
        found = text.find(piece, position)
        if found < 0:
            return piece
        position = found + len(piece)
    return None


def expect(name, command, wanted, status=qemu.STATUS_PASS, timeout=60):
    """One Result: the command ends with status and prints each of wanted, in order."""
    got, lines = execute(command, timeout)
    missing = absent(wanted, "\n".join(lines))
    if got is None:
        return failure(name, "it hung", command, lines)
    if missing is not None:
        return failure(name, f"'{missing}' was not printed (status {got})", command, lines)
    if got != status:
        return failure(name, f"the status is {got}, not {status}", command, lines)
    return Result(name, True, "")


def watch(name, command, prompt, key, wanted, timeout=60):
    """One Result: key is typed at the prompt, then each of wanted appears; it is killed."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, bufsize=0)
    patience = threading.Timer(timeout, process.kill)
    patience.start()
    text, typed = "", False
    while absent(wanted, text) is not None:
        piece = process.stdout.read(4096)
        if not piece:
            break
        text += piece.decode("latin-1").replace("\r", "")
        if not typed and prompt in text:
            process.stdin.write(key.encode())
            typed = True
    patience.cancel()
    process.kill()
    process.communicate()
    missing = absent(wanted, text)
    if missing is not None:
        return failure(name, f"'{missing}' did not appear", command, text.split("\n"))
    return Result(name, True, "")


def boot(options, how=qemu.direct, memory=64, processors=1, extra=(), **keywords):
    """QEMU's command line for one run of the kernel."""
    return qemu.command(how(options, **keywords), memory, processors, "stdio",
                        ["-monitor", "none", *extra])
