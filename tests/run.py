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


def boot(options, how=qemu.direct, memory=64, processors=1, extra=(), **keywords):
    """QEMU's command line for one run of the kernel."""
    return qemu.command(how(options, **keywords), memory, processors, "stdio",
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
    return [
        *ktap_run("kernel", boot("test=* trace=off"), 400),
        *ktap_run("kernel, 4 processors", boot("test=* trace=off", processors=4), 600),
    ]


def iso_suite():
    """The same kernel through GRUB: a test or two, and the demonstration."""
    return [
        *ktap_run("iso", boot("trace=off test=ke_*", qemu.iso), 120),
        expect("iso: the six phases", boot("exit=on", qemu.iso), PHASES),
    ]


MISSING_FILES = {
    "system32/ntdll.dll": "the ramdisk has no file windows/system32/ntdll.dll",
    "system32/smss.exe": "smss.exe (windows/system32/smss.exe in the ramdisk) does not start",
    "system32/csrss.exe": "cannot start C:\\WINDOWS\\system32\\csrss.exe",
    "system32/kernel32.dll": "STATUS_DLL_NOT_FOUND",
    "programs/parent.exe": "cannot start C:\\programs\\parent.exe",
    "programs/hello.exe": "CreateProcessW failed with error 2",
}


def damaged_ramdisks():
    """(name, file, what the kernel must say) of ramdisks that are broken on purpose."""
    whole = pathlib.Path(qemu.RAMDISK).read_bytes()
    size_field, name_field = 54, 94  # in the first member's header

    def patched(offset, text):
        return whole[:offset] + text + whole[offset + len(text):]

    kinds = [
        ("a kernel", pathlib.Path(qemu.KERNEL).read_bytes(), "expected: the magic 070701"),
        ("half of it", whole[:len(whole) // 2], "expected: file data of the size"),
        ("100 bytes of it", whole[:100], "expected: a member's header of 110 bytes"),
        ("no trailer", whole[:whole.rindex(b"07070")], "the member TRAILER!!!"),
        ("a wrong magic", patched(3, b"X"), "expected: the magic 070701"),
        ("a file of 4 GiB", patched(size_field, b"FFFFFFFF"), "expected: file data of the size"),
        ("a name of 4 GiB", patched(name_field, b"FFFFFFFF"), "expected: a member's name"),
        ("no number", patched(size_field, b"ZZZZZZZZ"), "expected: a number of eight"),
    ]
    for name, message in MISSING_FILES.items():
        place = whole.rindex(name.encode() + b"\0")
        kinds.append((f"no {name}", patched(place, b"?"), message))
    for number, (name, content, message) in enumerate(kinds):
        file = f"{qemu.BUILD}/damaged{number}.img"
        pathlib.Path(file).write_bytes(content)
        yield name, file, message


def with_ramdisk(file):
    """The command line that boots with another ramdisk."""
    return [file if part == qemu.RAMDISK else part for part in boot("exit=on")]


def refusals():
    """What the start says when the machine or the loader does not give enough."""
    stop = qemu.STATUS_FAILURE
    no_ramdisk = qemu.command(["-kernel", qemu.KERNEL], 64, 1, "stdio", ["-monitor", "none"])
    yield expect("boot: no ramdisk", no_ramdisk, ["no ramdisk", "-initrd"], stop)
    for name, file, message in damaged_ramdisks():
        yield expect(f"boot: ramdisk: {name}", with_ramdisk(file), [message], stop)
    for memory in (2, 8, 13):
        yield expect(f"boot: {memory} MiB", boot("", memory=memory), ["too little memory"], stop)
    for cpu in ("486", "pentium"):
        yield expect(f"boot: {cpu}, no PAE", boot("", extra=["-cpu", cpu]), ["no PAE"], stop)
    yield expect("boot: run= names nothing", boot("run=nobody.exe exit=on"),
                 ["STATUS_OBJECT_NAME_NOT_FOUND"], stop)
    yield expect("boot: test= selects nothing", boot("test=nothing"), ["1..0"], stop)


def machines():
    """Machines that are enough, each with something missing."""
    no_nx, no_smap = "no NX here", "no SMEP or SMAP here"
    kinds = [
        ("everything", 64, [], []),
        ("qemu32: no NX, SMEP, SMAP", 64, ["-cpu", "qemu32"], [no_nx, no_smap]),
        ("8259 and PIT instead of APICs", 64, ["-cpu", "max,-apic"], ["1 processor."]),
        ("INT 2E instead of SYSENTER", 64, ["-cpu", "max,-sep"], []),
        ("a Pentium III", 64, ["-cpu", "pentium3"], [no_nx]),
        ("an ISA machine", 64, ["-M", "isapc", "-cpu", "qemu32,-apic"], [no_nx]),
        ("16 MiB", 16, [], []), ("24 MiB", 24, [], []), ("32 MiB", 32, [], []),
        ("1 GiB", 1024, [], []), ("3 GiB", 3072, [], []),
        ("2 processors", 64, ["-smp", "2"], ["2 processors."]),
        ("4 processors", 64, ["-smp", "4"], ["4 processors."]),
        ("8 processors, 32 MiB", 32, ["-smp", "8"], ["8 processors."]),
        ("more processors than can be used", 64, ["-smp", "10"], ["8 processors of 10"]),
        ("4 processors, 8259 and PIT", 64, ["-smp", "4", "-cpu", "max,-apic"], ["1 processor."]),
    ]
    for name, memory, extra, wanted in kinds:
        yield expect(f"boot: {name}", boot("exit=on", memory=memory, extra=extra),
                     [*wanted, *PHASES])


def crashes():
    """What a bugcheck prints: code and name, a sentence, the stack, how to repeat it."""
    kinds = [
        ("assert", "e0000001 NASCENT_ASSERTION_FAILED", "does not hold", "BootCrashAssert"),
        ("fault", "00000050 PAGE_FAULT_IN_NONPAGED_AREA", "not there", "BootCrashFault"),
        ("irql", "0000000a IRQL_NOT_LESS_OR_EQUAL", "at an IRQL", "BootCrashIrql"),
        ("write", "000000be ATTEMPTED_WRITE_TO_READONLY_MEMORY", "only read", "BootCrashWrite"),
        ("execute", "000000fc ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY", "execute data", ""),
        ("user", "00000050 PAGE_FAULT_IN_NONPAGED_AREA", "not its own", "BootCrashUser"),
        ("stack", "0000007f UNEXPECTED_KERNEL_MODE_TRAP (00000008", "", "BootCrashStack"),
        ("wait", "000000b8 ATTEMPTED_SWITCH_FROM_DPC", "tried to wait", "BootCrashWait"),
        ("pool", "000000c2 BAD_POOL_CALLER", "freed twice", "BootCrashPool"),
    ]
    for kind, code, sentence, function in kinds:
        wanted = ["Kernel stack overflow"] if kind == "stack" else []
        wanted += [f"*** STOP: {code}", sentence, "Stack:", function, "Last events:",
                   f"repeat with: make run ARGS='crash={kind} trace=full'"]
        yield expect(f"boot: crash={kind}", boot(f"crash={kind} trace=full"), wanted,
                     qemu.STATUS_FAILURE)
    yield expect("boot: crash=assert, 4 processors", boot("crash=assert", processors=4),
                 ["4 processors.", "*** STOP: e0000001", "Stack:", "BootCrashAssert",
                  *["\nProcessor ", "KiIdleLoop"] * 3, "Last events:"], qemu.STATUS_FAILURE)


def boot_suite():
    """Good and bad machines, ramdisks and options, and deliberate crashes."""
    return [
        expect("boot: help lists the options", boot("help"), ["trace=off|phases|full"]),
        expect("boot: an unknown option is reported", boot("colour=on exit=on"),
               ["Unknown option 'colour'", "color=on|off", *PHASES]),
        *machines(), *refusals(), *crashes(),
    ]


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
    "iso": iso_suite,
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
