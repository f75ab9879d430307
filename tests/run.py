#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make test`: runs every suite and accepts nothing less than a complete pass.

    tests/run.py                 all suites
    tests/run.py --only kernel   one of them (--list names them)
    tests/run.py --only smp8     one that only runs by hand: the kernel suite on 8 processors

tests/runner.py runs and judges.  To add a suite, write a function that returns a
list of Result and add it to SUITES; a suite without results is a failure.
"""
import argparse
import json
import os
import pathlib
import re
import sys
import time

from runner import ROOT, Result, boot, execute, expect, failure, ktap_run, watch
import book
import qemu

sys.path.insert(0, str(ROOT / "tests/tools"))
import actors  # noqa: E402  (needs the path above)

PHASES = ["image section", "process object", "initial thread", "csrss told", "thread starts",
          "program runs", "process exits"]


def make(*arguments):
    """A command of the Makefile, into the same build directory."""
    return ["make", "-s", f"O={qemu.BUILD}", "SETUP=no", *arguments]


# --- Suites ------------------------------------------------------------------------------


def host_suite():
    """Pure code under ASan and UBSan; the programs are built by `make host-tests`."""
    return ktap_run("host", make("host-tests"), 300, 0)


def kernel_suite():
    return ktap_run("kernel", boot("test=* trace=off"), 400)


def on_processors(count):
    """The same with several processors."""
    return ktap_run(f"kernel, {count} processors", boot("test=* trace=off", processors=count), 900)


def smp_suite():
    """Four processors: the whole suite, the demonstration, a bugcheck that stops them all."""
    others = 3 * ["\nProcessor ", ", idle", "KiIdleLoop"]
    return [
        *on_processors(4),
        expect("smp: make run CPUS=4", make("run", "CPUS=4"), ["4 processors.", *PHASES], 0, 120),
        expect("smp: a bugcheck shows every processor", boot("crash=assert", processors=4),
               ["*** STOP", "Stack:", "BootCrashAssert", *others, "Last events:"],
               qemu.STATUS_FAILURE),
    ]


def variant_suite(name, setting, parts=(qemu.KERNEL,)):
    """The whole kernel suite and the demonstration with parts that are built otherwise."""
    built = {part: part.replace(qemu.BUILD, f"{qemu.BUILD}/{name}", 1) for part in parts}
    make = ["make", "-s", f"O={qemu.BUILD}/{name}", "SETUP=no", setting, *built.values()]
    status, lines = execute(make, 300)
    if status != 0:
        return [failure(f"{name}: build", f"make's status is {status}", make, lines)]
    tests, demonstration = ([built.get(argument, argument) for argument in boot(options)]
                            for options in ("test=* trace=off steps=10000", "exit=on"))
    return [*ktap_run(name, tests, 400), expect(f"{name}: the six phases", demonstration, PHASES)]


def release_suite():
    """What `make bench` measures."""
    return variant_suite("release", "RELEASE=1", (qemu.KERNEL, qemu.RAMDISK))


def ubsan_suite():
    """A kernel that checks itself; the images of user mode are the ordinary ones."""
    return variant_suite("ubsan", "SANITIZE=undefined")


def kasan_suite():
    return variant_suite("kasan", "SANITIZE=kernel-address")


def iso_suite():
    """The same kernel through GRUB: a test or two, and the demonstration."""
    return [
        *ktap_run("iso", boot("trace=off test=ke_*", qemu.iso), 120),
        expect("iso: the six phases", boot("exit=on", qemu.iso), PHASES),
        *menu_entries(),
    ]


def menu_entries():
    """Each entry of GRUB's menu, chosen by its key on the serial port."""
    entries = [
        ("n", "normal", [*PHASES, "the system goes on idle"]),
        ("t", "tests", ["KTAP version 1", "1..", "ok 1 -"]),
        ("d", "debugger", ["Waiting for gdb"]),
        ("f", "every step", ["KiSystemService", "PspCreateProcess", *PHASES]),
    ]
    command = qemu.command(qemu.menu(), extra=["-monitor", "none"])
    for key, name, wanted in entries:
        yield watch(f"iso: menu: {name}", command, "GNU GRUB", key, wanted)


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
        ("5000 bytes of it", whole[:5000], "expected: file data of the size"),
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
    no_apic = "1 processor; without an APIC"
    kinds = [
        ("everything", 64, [], []),
        ("qemu32: no NX, SMEP, SMAP", 64, ["-cpu", "qemu32"], [no_nx, no_smap]),
        ("8259 and PIT instead of APICs", 64, ["-cpu", "max,-apic"], [no_apic]),
        ("INT 2E instead of SYSENTER", 64, ["-cpu", "max,-sep"], []),
        ("a Pentium III", 64, ["-cpu", "pentium3"], [no_nx]),
        ("an ISA machine", 64, ["-M", "isapc", "-cpu", "qemu32,-apic"], [no_nx]),
        ("16 MiB", 16, [], []), ("24 MiB", 24, [], []), ("32 MiB", 32, [], []),
        ("1 GiB", 1024, [], []), ("3 GiB", 3072, [], []),
        ("2 processors", 64, ["-smp", "2"], ["2 processors."]),
        ("4 processors", 64, ["-smp", "4"], ["4 processors."]),
        ("2 processors of a possible 4", 64, ["-smp", "2,maxcpus=4"], ["2 processors."]),
        ("8 processors, 32 MiB", 32, ["-smp", "8"], ["8 processors."]),
        ("more processors than can be used", 64, ["-smp", "10"], ["8 processors of 10"]),
        ("4 processors, 8259 and PIT", 64, ["-smp", "4", "-cpu", "max,-apic"], [no_apic]),
    ]
    for name, memory, extra, wanted in kinds:
        yield expect(f"boot: {name}", boot("exit=on", memory=memory, extra=extra),
                     [*wanted, *PHASES])


def crashes():
    """What a bugcheck prints: code and name, a sentence, the sides, the stack, how to repeat it.

    A row: kind, code, sentence, a function on the stack, then what names the sides.
    """
    kinds = [
        ("assert", "e0000001 NASCENT_ASSERTION_FAILED", "does not hold", "BootCrashAssert"),
        ("fault", "00000050 PAGE_FAULT_IN_NONPAGED_AREA", "not there", "BootCrashFault"),
        ("irql", "0000000a IRQL_NOT_LESS_OR_EQUAL", "at an IRQL", "BootCrashIrql",
         "fault:    in BootCrashIrql", "held:     page frames lock", "by BootCrashIrql"),
        ("short", "0000000a IRQL_NOT_LESS_OR_EQUAL", "short section", "BootCrashShort",
         "fault:    in BootCrashShort", "held:     object lock", "off by BootCrashShort"),
        ("write", "000000be ATTEMPTED_WRITE_TO_READONLY_MEMORY", "only read", "BootCrashWrite"),
        ("execute", "000000fc ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY", "execute data", ""),
        ("user", "00000050 PAGE_FAULT_IN_NONPAGED_AREA", "not its own", "BootCrashUser"),
        ("stack", "0000007f UNEXPECTED_KERNEL_MODE_TRAP (00000008", "", "BootCrashStack"),
        ("wait", "000000b8 ATTEMPTED_SWITCH_FROM_DPC", "tried to wait", "BootCrashWait",
         "wanted:   the timer", "waits:    BootCrashWait", "last raised by BootCrashWait"),
        ("dpc", "000000b8 ATTEMPTED_SWITCH_FROM_DPC", "tried to wait", "BootCrashDpcRoutine",
         "wanted:   the event", "waits:    BootCrashDpcRoutine", "DPC:      BootCrashDpcRoutine"),
        ("order", "e0000002 NASCENT_LOCK_ORDER", "out of order", "BootCrashOrder",
         "wanted:   process lock", "level 1, by BootCrashOrder",
         "held:     handle table lock", "level 5, by BootCrashOrder"),
        ("mutex", "e0000002 NASCENT_LOCK_ORDER", "wrong IRQL", "BootCrashMutex",
         "wanted:   process lock", "by BootCrashMutex", "held:     pool lock"),
        ("twice", "0000000f SPIN_LOCK_ALREADY_OWNED", "holds already", "BootCrashTwice",
         "wanted:   timer lock", "by BootCrashTwice", "held:     timer lock"),
        ("unowned", "00000011 THREAD_NOT_MUTEX_OWNER", "does not hold it", "BootCrashUnowned",
         "freed:    process lock", "by BootCrashUnowned"),
        ("held", "00000001 APC_INDEX_MISMATCH", "holding a mutex", "in user mode",
         "service:  BootCloseAndKeepMutex", "held:     handle table lock",
         "by BootCloseAndKeepMutex"),
        ("raised", "0000004a IRQL_GT_ZERO_AT_SYSTEM_SERVICE", "at a raised IRQL", "in user mode",
         "service:  BootCloseAndStayRaised", "held:     reaper lock",
         "by BootCloseAndStayRaised"),
        ("region", "00000001 APC_INDEX_MISMATCH", "with APCs disabled", "in user mode",
         "service:  BootCloseInGuardedRegion", "disabled by BootCloseInGuardedRegion"),
        ("pool", "000000c2 BAD_POOL_CALLER", "freed twice", "BootCrashPool"),
    ]
    for kind, code, sentence, function, *sides in kinds:
        wanted = ["Kernel stack overflow"] if kind == "stack" else []
        wanted += [f"*** STOP: {code}", sentence, *sides, "Stack:", function, "Last events:",
                   f"repeat with: make run ARGS='crash={kind} trace=full'"]
        yield expect(f"boot: crash={kind}", boot(f"crash={kind} trace=full"), wanted,
                     qemu.STATUS_FAILURE)


def boot_suite():
    """Good and bad machines, ramdisks and options, and deliberate crashes."""
    return [
        expect("boot: help lists the options", boot("help"), ["trace=off|phases|full"]),
        expect("boot: an unknown option is reported", boot("colour=on exit=on"),
               ["Unknown option 'colour'", "color=on|off", *PHASES]),
        *machines(), *refusals(), *crashes(),
        *ktap_run("boot: 32 MiB", boot("test=ps_many trace=off", memory=32), 60),
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
    "suspend": ("-E", ["NO_RECHECK", "SELF_UNCHECKED", "LEAVE_QUEUED"]),
    "shootdown": ("", ["LOAD_FIRST", "LEAVE_EARLY", "DEAF", "NO_WAIT"]),
    "mutex": ("", ["STALE", "KEEP_WOKEN", "MANY"]),
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
    """The README's commands: what ends by itself runs, the others at least exist."""
    text = pathlib.Path("README.md").read_text(encoding="utf-8")
    found = []
    for command in sorted(set(re.findall(r"make [a-z]+(?: [A-Z]+=(?:\w+|\"[^\"]*\"))?", text))):
        _, target, *variable = command.replace('"', "").split(" ", 2)
        runs = target in ("run", "help", "size")
        how = make(*([] if runs else ["-n"]), target, *variable)
        found.append(expect(f"readme: {command}", how, PHASES if target == "run" else [], 0, 120))
    return found


def book_suite():
    """The transcripts of README.md and docs/, run again."""
    return book.suite(make)


def help_suite():
    """`make help` names every target."""
    names = ["run", "test", "debug", "fuzz", "bench", "iso", "check", "size", "clean", "toolchain"]
    status, lines = execute(make("help"), 30)
    missing = [n for n in names if not any(f"make {n}" in line for line in lines)]
    return [Result("help: every target", status == 0 and not missing, f"missing: {missing}")]


def check_suite():
    """Layers, sparse, lengths, the book: what is wrong is printed, and nothing else."""
    status, lines = execute(make("check"), 300)
    said = [line for line in lines if line and not line.startswith("  ")]
    if status == 0 and not said:
        return [Result("check: make check", True, "")]
    return [failure("check: make check", f"the status is {status}", make("check"), said)]


# What the analysers have to find in tests/analyze/: a part of the file's lines each.
PLANTED = {
    "kernel": ["[-Wanalyzer-null-dereference]", "core.NullDereference]",
               "UndefinedBinaryOperatorResult]", "bugprone-branch-clone]", "4 complaints"],
    "user": ["[-Wanalyzer-null-dereference]", "core.NullDereference]", "2 complaints"],
}


def analyze_suite():
    """gcc's analyser and clang-tidy find the planted faults, and none in the system."""
    found = []
    for mode, wanted in PLANTED.items():
        command = ["tools/analyze.sh", mode, f"tests/analyze/{mode}.c"]
        found.append(expect(f"analyze: planted faults, {mode}", command, wanted, 1))
    status, lines = execute(make("analyze"), 900)
    if status != 0 or any(lines):
        return [*found, failure("analyze: make analyze", f"the status is {status}",
                                make("analyze"), lines)]
    return [*found, Result("analyze: make analyze", True, "")]


def clang_suite():
    """clang and lld build the kernel without a warning, and it runs the demonstration."""
    kernel = f"{qemu.BUILD}/clang/kernel.elf"
    compiled = ["make", "-s", f"O={qemu.BUILD}/clang", "SETUP=no", "CROSS=clang", "CI=1", kernel]
    status, lines = execute(compiled, 300)
    warned = status != 0 or any("warning" in line for line in lines)
    built = failure("clang: build", f"the status is {status}", compiled, lines) if warned \
        else Result("clang: build", True, "")
    command = [kernel if part == qemu.KERNEL else part for part in boot("exit=on")]
    return [built, expect("clang: the six phases", command, PHASES)]


def bench_suite():
    """The benchmarks run; what they measure is not judged here."""
    return [expect("bench: B1a", make("bench", "ONLY=B1a"), ["B1a"], 0, 300),
            expect("bench: pair", make("bench", "ONLY=pair"), ["P1", "P2", "times P1"], 0, 300)]


def fuzz_suite():
    """`make fuzz` in little, so that it works when somebody wants it."""
    little = make("fuzz", "STEPS=2000", "SEED=1", "FUZZ_SECONDS=1")
    return [expect("fuzz: make fuzz", little, ["ke_stress", "ke_free", "user_fuzz",
                                               "fuzz-pe", "fuzz-cpio", "nothing found"], 0, 300)]


SUITES = {
    "runner": actors.perform,  # first: nothing below means anything if this is wrong
    "help": help_suite,
    "check": check_suite,
    "host": host_suite,
    "boot": boot_suite,
    "kernel": kernel_suite,
    "smp": smp_suite,
    "release": release_suite,
    "ubsan": ubsan_suite,
    "kasan": kasan_suite,
    "iso": iso_suite,
    "model": model_suite,
    "gdb": gdb_suite,
    "trace": trace_suite,
    "readme": readme_suite,
    "book": book_suite,
    "analyze": analyze_suite,
    "clang": clang_suite,
    "fuzz": fuzz_suite,
    "bench": bench_suite,
}
BY_HAND = {"smp2": lambda: on_processors(2), "smp8": lambda: on_processors(8)}


def run_suite(name):
    started = time.monotonic()
    print(f"{name} ...", flush=True)
    suite = {**SUITES, **BY_HAND}[name]
    results = suite() or [Result(f"{name}: any result", False, "the suite ran nothing")]
    for result in results:
        print(f"  {'ok    ' if result.passed else 'FAILED'} {result.name}")
        if not result.passed:
            print(f"  {result.detail}")
    passed = sum(result.passed for result in results)
    print(f"{name}: {passed} of {len(results)} in {time.monotonic() - started:.1f} s", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=[*SUITES, *BY_HAND], help="run this suite")
    parser.add_argument("--list", action="store_true", help="name the suites")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join([*SUITES, *(f"{name} (by hand)" for name in BY_HAND)]))
        return 0
    os.chdir(ROOT)
    results = [r for name in arguments.only or SUITES for r in run_suite(name)]
    failed = [r.name for r in results if not r.passed]
    for name in failed:
        print(f"FAILED {name}")
    summary = f"{len(results) - len(failed)} passed, {len(failed)} failed"
    pathlib.Path(qemu.BUILD, "tests.txt").write_text(summary + "\n", encoding="ascii")
    print(summary)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
