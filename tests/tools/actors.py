# SPDX-License-Identifier: MIT
"""Tests the test runner: kernels that misbehave, and what runner.py must say of them."""
import pathlib
import subprocess

import qemu
import runner

PASSES = "1..2\nok 1 - first\nok 2 - second\n"
EXIT_PASS, EXIT_FAILURE = 0x10, 0x22
HANG, RESET = "PART_HANG", "PART_RESET"
TIMEOUT = 2  # seconds until an actor counts as hanging

# (name, text the kernel prints, its end, what the runner says or None for a pass)
PARTS = [
    ("a complete pass", PASSES, EXIT_PASS, None),
    ("a failed test", "1..2\nok 1 - first\nnot ok 2 - second\n", EXIT_FAILURE, "not ok"),
    ("a failed test, status of a pass", "1..1\nnot ok 1 - first\n", EXIT_PASS, "not ok"),
    ("the status of a failure", PASSES, EXIT_FAILURE, "the status is 69, not 33"),
    ("a hang after all tests", PASSES, HANG, "it hung"),
    ("a reset after all tests", PASSES, RESET, "a reset or power-off"),
    ("a reset before the plan", "Nascent\n", RESET, "no KTAP plan"),
    ("a missing result", "1..3\nok 1 - first\nok 2 - second\n", EXIT_PASS, "2 results, 3 planned"),
    ("a result too many", "1..1\nok 1 - first\nok 2 - second\n", EXIT_PASS,
     "2 results, 1 planned"),
    ("a result twice", "1..2\nok 1 - first\nok 3 - third\n", EXIT_PASS,
     "result 3 stands where 2 belongs"),
    ("no plan", "ok 1 - first\n", EXIT_PASS, "no KTAP plan"),
    ("an empty plan", "1..0\n", EXIT_PASS, "0 results, 0 planned"),
    ("silence", "", EXIT_PASS, "no KTAP plan"),
    ("a bugcheck after all tests", PASSES + "*** STOP: 000000e2\n", EXIT_PASS, "bugcheck"),
]


def build(number, text, end):
    """Compiles an actor; returns its file."""
    file = f"{qemu.BUILD}/actors/{number}.elf"
    pathlib.Path(file).parent.mkdir(parents=True, exist_ok=True)
    part = [f"-D{end}"] if isinstance(end, str) else ["-DPART_EXIT", f"-DSTATUS={end}"]
    quoted = text.replace("\n", "\\n")
    subprocess.run(["i686-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,-Ttext-segment=0x200000",
                    "-Wl,--build-id=none", f'-DTEXT="{quoted}"', *part, "-o", file,
                    "tests/tools/actor.S"], check=True)
    return file


def acted(number, part):
    """The Result of one part: passed if the runner saw through it."""
    name, text, end, wanted = part
    command = qemu.command(["-kernel", build(number, text, end)], 16, 1, "stdio",
                           ["-monitor", "none"])
    results = runner.ktap_run("actor", command, TIMEOUT)
    told = "\n".join(result.detail for result in results if not result.passed)
    if wanted is None:
        seen = len(results) == 2 and not told
    else:
        seen = wanted in told and qemu.printable(command) in told
    return runner.Result(f"runner: {name}", seen, f"the runner said: {told or 'passed'}")


def real_hang():
    """The real kernel in its idle loop, for which an NMI is the way to be heard."""
    command = runner.boot("")  # without exit=on it goes idle
    result = runner.expect("hang", command, [], timeout=2 * TIMEOUT)
    missing = runner.absent(["it hung", "NMI_HARDWARE_FAILURE", "Stack:", "Last events:",
                             "to repeat:"], result.detail)
    return runner.Result("runner: a hang shows stack and trace", missing is None and
                         not result.passed, f"'{missing}' is missing in: {result.detail}")


def perform():
    return [*(acted(number, part) for number, part in enumerate(PARTS)), real_hang()]
