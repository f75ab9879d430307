#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make fuzz`: everything that is chosen by chance, for as long as one likes.

STEPS steps of the test ke_stress in boots of 100,000, by turns with 1 and 4 processors;
with each boot's seed as many of ke_free, where the threads are not driven in lock step
but run at the same time, and the fuzzer of system calls; then the parsers of PE files and
of the ramdisk for FUZZ_SECONDS seconds each.  The first boot's seed is SEED, or the time;
each later one has the next.  A failure ends it, says the seed, and how to repeat it.
"""
import os
import sys
import time

from runner import ROOT, boot, execute, failure, ktap_run
import qemu

BOOT_STEPS = 100000
PROCESSORS = (1, 4)
BOOT_SECONDS = 3600  # for what hangs; a loaded host may take half of it for what does not


def setting(name, default):
    return int(os.environ.get(name) or default)


def report(name, problem, started):
    print(f"{'FAILED' if problem else 'ok    '} {name} ({time.monotonic() - started:.0f} s)",
          flush=True)
    if problem:
        sys.exit(problem)


def run_test(options, processors):
    """One boot with one test; stops everything if it fails."""
    started = time.monotonic()
    command = boot(f"trace=off {options}", processors=processors)
    results = ktap_run("fuzz", command, BOOT_SECONDS)
    report(f"{options}, {processors} processor{'s' if processors > 1 else ''}",
           "\n".join(result.detail for result in results if not result.passed), started)


def run_parser(target, seconds, seed):
    started = time.monotonic()
    command = ["make", "-s", f"O={qemu.BUILD}", "SETUP=no", target, f"FUZZ_SECONDS={seconds}",
               f"SEED={seed}"]
    status, lines = execute(command, seconds + 300)
    problem = failure(target, f"the status is {status}", command, lines).detail if status else ""
    report(f"{target}, seed {seed}", problem, started)


def main():
    os.chdir(ROOT)
    steps, seconds = setting("STEPS", 10000000), setting("FUZZ_SECONDS", 600)
    seed = setting("SEED", int(time.time()) % 1000000 + 1)
    first = seed
    print(f"SEED={seed} STEPS={steps} FUZZ_SECONDS={seconds}", flush=True)
    left, each = steps, min(BOOT_STEPS, -(-steps // len(PROCESSORS)))
    while left > 0:
        processors = PROCESSORS[(seed - first) % len(PROCESSORS)]
        run_test(f"test=ke_stress seed={seed} steps={min(left, each)}", processors)
        run_test(f"test=ke_free seed={seed} steps={min(left, each)}", processors)
        run_test(f"test=user_fuzz seed={seed}", processors)
        left -= each
        seed += 1
    for target in ("fuzz-pe", "fuzz-cpio"):
        run_parser(target, seconds, first)
    print(f"fuzz: {steps} steps of each, seeds {first} to {seed - 1}: nothing found")


if __name__ == "__main__":
    main()
