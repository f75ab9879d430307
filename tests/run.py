#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make test`: runs every suite and accepts nothing less than a complete pass.

    tests/run.py                 all suites
    tests/run.py --only kernel   one of them (--list names them)

A run of the kernel passes only if QEMU's exit status is 33, the KTAP plan is
complete (1..N, then N results, each `ok`), and no bugcheck was printed.  A hang, a
reset or a missing line is a failure; it shows the last lines of the serial port,
the last trace events among them, and the command that repeats it.

To add a suite, write a function that returns a list of Result and add it to
SUITES.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import qemu  # noqa: E402  (needs the path above)

Result = collections.namedtuple("Result", "name passed detail")

LAST_LINES = 25
PLAN = re.compile(r"^1\.\.(\d+)$")
RESULT = re.compile(r"^(ok|not ok) (\d+)(?: -)? ?(.*)$")
BUGCHECK = re.compile(r"^\*\*\* (STOP|Fatal)|KeBugCheckEx:", re.MULTILINE)
PHASES = ["image section", "process object", "initial thread", "csrss told", "thread starts",
          "program runs", "process exits"]


def execute(command, timeout):
    """Runs a command; returns (status or None when it hung, its output as lines)."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=environment)
    try:
        output, _ = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        status = None
    return status, output.decode("latin-1").replace("\r", "").split("\n")


def failure(name, why, command, lines):
    """A failed Result that says why, what was last seen, and how to repeat it."""
    shown = "\n".join("    " + line for line in lines[-LAST_LINES:])
    return Result(name, False, f"{why}\n  last lines:\n{shown}\n  to repeat:\n    "
                               f"{qemu.printable(command)}")


def boot(options, how=qemu.direct, memory=64, extra=(), **keywords):
    """QEMU's command line for one run of the kernel."""
    return qemu.command(how(options, **keywords), memory, 1, "stdio",
                        ["-monitor", "none", *extra])


def ktap(lines):
    """(planned number or None, [(passed, text)]) of all KTAP plans in some output."""
    planned, results = None, []
    for line in lines:
        # Not stripped on the left: the KTAP of a test's own program is indented.
        plan, result = PLAN.match(line.rstrip()), RESULT.match(line.rstrip())
        if plan:
            planned = (planned or 0) + int(plan.group(1))
        elif result:
            results.append((result.group(1) == "ok", result.group(3)))
    return planned, results


def run_problem(status, wanted, lines, planned, results):
    """Why a run of a suite as a whole is not acceptable, or None."""
    if BUGCHECK.search("\n".join(lines)):
        return "the kernel stopped with a bugcheck"
    if status is None:
        return "it hung"
    if planned is None:
        return f"no KTAP plan was printed (status {status})"
    if len(results) != planned:
        return f"{len(results)} results, {planned} planned (status {status})"
    if status != wanted and all(passed for passed, _ in results):
        return f"the status is {status}, not {wanted}"
    return None


def ktap_run(name, command, timeout, wanted=qemu.STATUS_PASS):
    """Runs what prints KTAP: one Result a test, and one if the run went wrong."""
    status, lines = execute(command, timeout)
    planned, results = ktap(lines)
    found = []
    for passed, text in results:
        found.append(Result(f"{name}: {text}", passed, "") if passed else
                     failure(f"{name}: {text}", "not ok", command, excerpt(lines, text)))
    problem = run_problem(status, wanted, lines, planned, results)
    if problem:
        found.append(failure(f"{name}: complete run", problem, command, lines))
    return found


def excerpt(lines, test):
    """The lines that end with a failed test's result."""
    for number, line in enumerate(lines):
        if line.strip().startswith("not ok") and test in line:
            return lines[:number + 1]
    return lines


def expect(name, command, wanted, status=qemu.STATUS_PASS, timeout=60):
    """One Result: the command ends with status and prints each of wanted, in order."""
    got, lines = execute(command, timeout)
    text = "\n".join(lines)
    position = 0
    for piece in wanted:
        found = text.find(piece, position)
        if found < 0:
            return failure(name, f"'{piece}' was not printed (status {got})", command, lines)
        position = found + len(piece)
    if got != status:
        return failure(name, f"the status is {got}, not {status}", command, lines)
    return Result(name, True, "")


# --- Suites ------------------------------------------------------------------------------


def host_suite():
    """Pure code under ASan and UBSan; the programs are built by `make host-tests`."""
    command = ["make", "-s", f"O={qemu.BUILD}", "SETUP=no", "host-tests"]
    return ktap_run("host", command, 300, 0)


def kernel_suite():
    return ktap_run("kernel", boot("test=* trace=off"), 400)


def sanitizer_suite(name, sanitizer):
    """The whole kernel suite and the demonstration in a kernel that checks itself.

    The images of user mode are the ordinary ones.
    """
    kernel = f"{qemu.BUILD}/{name}/kernel.elf"
    make = ["make", "-s", f"O={qemu.BUILD}/{name}", "SETUP=no", f"SANITIZE={sanitizer}", kernel]
    status, lines = execute(make, 300)
    if status != 0:
        return [failure(f"{name}: build", f"make's status is {status}", make, lines)]
    sanitized = {qemu.KERNEL: kernel}
    tests, demonstration = ([sanitized.get(a, a) for a in boot(options)]
                            for options in ("test=* trace=off", "exit=on"))
    return [*ktap_run(name, tests, 400), expect(f"{name}: the six phases", demonstration, PHASES)]


def ubsan_suite():
    return sanitizer_suite("ubsan", "undefined")


def kasan_suite():
    return sanitizer_suite("kasan", "kernel-address")


def iso_suite():
    """The same kernel through GRUB: a test or two, and the demonstration."""
    return [
        *ktap_run("iso", boot("trace=off test=ke_*", qemu.iso), 120),
        expect("iso: the six phases", boot("exit=on", qemu.iso), PHASES),
    ]


def boot_suite():
    """What the start says when the machine or the loader does not give enough."""
    stop, passed = qemu.STATUS_FAILURE, qemu.STATUS_PASS
    no_ramdisk = qemu.command(["-kernel", qemu.KERNEL], 64, 1, "stdio", ["-monitor", "none"])
    damaged = [qemu.KERNEL if a == qemu.RAMDISK else a for a in boot("")]
    return [
        expect("boot: the six phases", boot("exit=on"), PHASES),
        expect("boot: help lists the options", boot("help"), ["trace=off|phases|full"]),
        expect("boot: an unknown option is reported", boot("colour=on exit=on"),
               ["Unknown option 'colour'", "color=on|off"]),
        expect("boot: no ramdisk", no_ramdisk, ["no ramdisk", "-initrd"], stop),
        expect("boot: damaged ramdisk", damaged, ["is damaged", "was expected"], stop),
        expect("boot: no PAE", boot("", extra=["-cpu", "pentium"]), ["no PAE"], stop),
        expect("boot: too little memory", boot("", memory=8), ["too little memory"], stop),
        expect("boot: 32 MiB", boot("exit=on", memory=32), PHASES, passed),
        expect("boot: 2 GiB", boot("exit=on", memory=2048), PHASES, passed),
        expect("boot: neither APIC nor NX", boot("exit=on", extra=["-M", "isapc", "-cpu",
               "qemu32,-apic"]), ["no NX here", *PHASES], passed),
    ]


def model_run(model, options, broken=None):
    """Checks one model of tests/model/ completely, or finds what is wrong with a broken one."""
    define = f"-D{broken} " if broken else ""
    name = f"model: {model}" + (f", found faulty with {broken}" if broken else "")
    place = f"{qemu.BUILD}/model/{model}{broken or ''}"
    command = ["sh", "-ec", f"mkdir -p {place}; source=$PWD/tests/model/{model}.pml; cd {place}; "
               f"spin {define}-a $source; cc -w -O1 -DSAFETY -o pan pan.c; ./pan {options} -m100000"]
    status, lines = execute(command, 120)
    text = "\n".join(lines)
    errors = re.search(r"errors: (\d+)", text)
    wanted = "1" if broken else "0"
    if status != 0 or not errors or errors.group(1) != wanted or \
            (not broken and "not completed" in text):
        return failure(name, f"wanted errors: {wanted} (status {status})", command, lines)
    return Result(name, True, "")


# -E: that nobody resumes a thread is no error by itself.
MODELS = {
    "wait": ("", ["PLAIN_STORE", "KEEP_TIMER"]),
    "suspend": ("-E", ["NO_RECHECK", "SELF_UNCHECKED", "ALWAYS_QUEUE"]),
    "shootdown": ("", ["LOAD_FIRST", "LEAVE_EARLY", "DEAF", "NO_WAIT"]),
}


def model_suite():
    """The protocols that are hardest to test, by spin; each model has to be able to fail."""
    found = []
    for model, (options, variants) in MODELS.items():
        found.append(model_run(model, options))
        found += [model_run(model, options, broken) for broken in variants]
    return found


def gdb_suite():
    """A scripted session that stops in all phases, by SYSENTER and by INT 2E."""
    found = []
    for name, processor in (("gdb", "max"), ("gdb, int 2e", "max,-sep")):
        command = ["gdb", "-q", "-nx", "-batch", qemu.KERNEL, "-ex",
                   f"python processor = '{processor}'", "-x", "tests/gdb/phases.py"]
        found += ktap_run(name, command, 120, 0)
    return found


def trace_suite():
    """The records on COM2, as JSON, tell the same life of hello.exe as the text does."""
    records = f"{qemu.BUILD}/records.bin"
    command = boot("exit=on records=on", extra=["-serial", f"file:{records}"])
    run = expect("trace: records on COM2", command, PHASES)
    decoded, lines = execute(["tools/tracejson.py", records], 60)
    events = [json.loads(line) for line in lines if line.startswith("{")]
    born = [e["attempt"] for e in events if e["event"] == "Phase1" and e["text"] == "hello.exe"]
    phases = [e["phase"] for e in events
              if e["attempt"] in born and e["kind"].endswith("SUMMARY")]
    known = all(e["process"] and e["thread"] for e in events if e["attempt"] in born)
    return [run, Result("trace: phases 1 to 7 under one number",
                        decoded == 0 and phases == [1, 2, 3, 4, 5, 6, 7] and known,
                        f"phases {phases} of attempts {born}, decoder's status {decoded}")]


def readme_suite():
    """The README's command that runs the demonstration, without a terminal."""
    command = ["make", "-s", f"O={qemu.BUILD}", "run"]
    return [expect("readme: make run", command, PHASES, 0, 120)]


def menu_suite():
    """`make help` names every target that the README and the issue name."""
    names = ["run", "test", "debug", "bench", "iso", "check", "size", "clean", "help"]
    status, lines = execute(["make", "-s", f"O={qemu.BUILD}", "help"], 30)
    missing = [n for n in names if not any(f"make {n}" in line for line in lines)]
    return [Result("help: every target", status == 0 and not missing, f"missing: {missing}")]


SUITES = {
    "host": host_suite,
    "boot": boot_suite,
    "kernel": kernel_suite,
    "ubsan": ubsan_suite,
    "kasan": kasan_suite,
    "iso": iso_suite,
    "model": model_suite,
    "gdb": gdb_suite,
    "trace": trace_suite,
    "readme": readme_suite,
    "help": menu_suite,
}


def run_suite(name):
    started = time.monotonic()
    print(f"{name} ...", flush=True)
    results = SUITES[name]()
    for result in results:
        print(f"  {'ok    ' if result.passed else 'FAILED'} {result.name}")
        if not result.passed:
            print(f"  {result.detail}")
    passed = sum(result.passed for result in results)
    print(f"{name}: {passed} of {len(results)} in {time.monotonic() - started:.1f} s", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=SUITES, help="run this suite")
    parser.add_argument("--list", action="store_true", help="name the suites")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(SUITES))
        return 0
    os.chdir(ROOT)
    results = [r for name in arguments.only or SUITES for r in run_suite(name)]
    failed = [r.name for r in results if not r.passed]
    for name in failed:
        print(f"FAILED {name}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
