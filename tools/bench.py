#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make bench`: runs the kernel's benchmarks under instruction counting.

One TSC tick is one guest instruction, so the figures are the same on every
machine.  The kernel prints `bench ID MEDIAN MIN MAX`; this adds what each row
means, prints one line a row, and writes bench.json.  A missing row is a failure.  The
kernel is a release build (RELEASE=1): without assertions and checks of lock order.

A second run, with two processors and without counting, measures by the clock what an
event costs between them (P1, P2).  Its figures depend on the host and what else
that does; they are told and not judged, and a host's noise only adds to them: the
shortest time is the one to compare.

    bench.py OUTPUT.json     measures the build in $O; $ONLY: a row, or "pair" for the second run
"""
import json
import os
import re
import subprocess
import sys

import qemu

TIMEOUT = 600
MEMORY = 128

# id: (what, unit, target, best figure of Linux, xv6 or Boron on the same emulator)
ROWS = {
    "B1a": ("null system call, sysenter", "instructions", 80, 370),
    "B1b": ("null system call, int 2E", "instructions", 110, 292),
    "B2": ("NtQuerySystemTime", "instructions", 150, None),
    "B3": ("native process: create, run, exit, wait", "instructions", 25000, 133786),
    "B5b": ("CreateProcessW, image with kernel32", "instructions", 150000, 1080736),
    "B7a": ("thread by Rtl: create, exit, wait, close", "instructions", 10000, 48284),
    "B7b": ("thread by CreateThread: the same", "instructions", 12000, None),
    "B8a": ("switch, two threads that yield", "instructions", 200, 2091),
    "B8b": ("switch, two processes that yield", "instructions", 230, 2196),
    "B8c": ("event round trip, two threads", "instructions", 1500, 9274),
    "B8d": ("event round trip, two processes", "instructions", 1700, None),
    "B8e": ("LPC request and reply, two processes", "instructions", 3500, 20218),
    "B9a": ("demand-zero fault, zeroing in the fault", "instructions", 1300, 3407),
    "B9d": ("64 KiB allocated and freed, untouched", "instructions", 2000, 9244),
    "B9e": ("protection of a page changed twice", "instructions", 1000, None),
    "B10a": ("event created and closed", "instructions", 700, 4122),
    "B10b": ("event set, no waiter", "instructions", 150, 533),
    "B10c": ("handle duplicated and closed", "instructions", 400, 1168),
    "B10f": ("semaphore created and closed", "instructions", 700, None),
    "B10g": ("semaphore released, no waiter", "instructions", 150, None),
    "B11a": ("access violation, handler resumes", "instructions", 1800, 4822),
    "B11b": ("access violation, handler unwinds", "instructions", 2500, None),
    "B12a": ("growth of B3, 1 to 1,000 processes", "percent", 1, 0.7),
    "B12b": ("memory of a native process", "KiB", 64, 28),
    "B12c": ("memory of a Win32 process", "KiB", 112, None),
    "B13a": ("kernel entry to the first Win32 program", "instructions", 15000000, 74000000),
}
PAIR = {
    "P1": "event round trip on one of two processors",
    "P2": "event round trip between two processors",
}
LINE = re.compile(r"^bench (\w+) ([\d.]+) ([\d.]+) ([\d.]+)\s*$", re.MULTILINE)


def number(text):
    return float(text) if "." in text else int(text)


def measure(only, processors=1, counted=qemu.COUNTED):
    """Runs the kernel; returns (command, status, its output)."""
    extra = [*counted, "-monitor", "none"]
    boot = qemu.direct(f"bench={only} trace=off exit=on")
    command = qemu.command(boot, MEMORY, processors, "stdio", extra)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as late:
        return command, "time-out", (late.stdout or b"").decode("latin-1")
    return command, done.returncode, done.stdout.decode("latin-1")


def rows(output):
    """One dictionary a line of output, in the form of bench.json."""
    for match in LINE.finditer(output.replace("\r", "")):
        ident, figures = match.group(1), [number(n) for n in match.groups()[1:]]
        name, unit, target, peer = ROWS.get(ident, (PAIR.get(ident), "ns", None, None))
        yield {"id": ident, "name": name, "unit": unit, "median": figures[0],
               "min": figures[1], "max": figures[2], "target": target, "peer": peer}


def show(row):
    def figure(value):
        return "-" if value is None else f"{value:,}"

    text = (f"{row['id']:5} {row['name']:41} {figure(row['median']):>12} {row['unit']:12} "
            f"min {figure(row['min'])}  max {figure(row['max'])}  ")
    if row["id"] in PAIR:
        ratio = f", {row['ratio']} times P1" if "ratio" in row else ""
        print(f"{text}(by the clock{ratio})")
        return
    met = row["target"] is None or row["median"] <= row["target"]
    print(f"{text}target {figure(row['target'])} {'(met)' if met else '(missed)'}  "
          f"best peer {figure(row['peer'])}")


def pair(found):
    """Says of P2 how much longer it takes than P1."""
    by_id = {row["id"]: row for row in found}
    if by_id.keys() >= PAIR.keys():
        by_id["P2"]["ratio"] = round(by_id["P2"]["min"] / by_id["P1"]["min"], 1)
    return found


def complain(wanted, found, command, status, output):
    """1 and why, if rows are missing or a run went wrong; else 0."""
    missing = [ident for ident in wanted if ident not in {row["id"] for row in found}]
    if not missing and status == qemu.STATUS_PASS:
        return 0
    print("\n".join(output.splitlines()[-25:]))
    print(f"bench: missing rows: {' '.join(missing) or 'none'}; QEMU's status {status}.  "
          f"To repeat:\n  {qemu.printable(command)}")
    return 1


def main():
    only = os.environ.get("ONLY", "all")
    runs = []
    if only != "pair":
        runs.append((ROWS if only == "all" else [only], measure(only)))
    if only in ("all", "pair"):
        runs.append((PAIR, measure("pair", 2, ())))
    found = pair([row for _, (_, _, output) in runs for row in rows(output)])
    for row in found:
        show(row)
    with open(sys.argv[1], "w", encoding="ascii") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
    return max(complain(wanted, found, *run) for wanted, run in runs)


if __name__ == "__main__":
    sys.exit(main())
