# SPDX-License-Identifier: MIT
"""`phase`: walks through the life of a process, phase by phase.

There is a breakpoint at the first function of each phase.  By default they are
about the program that parent.exe starts, and pass by the system's own processes;
with `phase N any` they stop for every process.
"""
import gdb

import images
import structures as nt

CREATOR = "parent.exe"


class Phase:
    """A phase: where it begins, who is there, and what to tell the reader."""

    def __init__(self, function, is_ours, name, what, read):
        self.function = function
        self.is_ours = is_ours
        self.name = name
        self.what = what
        self.read = read


def _in_creator():
    process = nt.current_process()
    return process is not None and nt.image_name(process) == CREATOR


def _in_child():
    process = nt.current_process()
    return process is not None and nt.parent_name(process) == CREATOR


def _in_last_thread():
    return _in_child() and int(nt.current_process()["ActiveThreads"]) == 1


PHASES = {
    1: Phase("CreateProcessInternalW", _in_creator, "image section",
             "find the program's file, make a section of it",
             "Read user/kernel32/process.c.  Try `bt`, `nt process`, `nt vad`"),
    2: Phase("PspCreateProcess", _in_creator, "process object",
             "build an EPROCESS with an address space",
             "Read ps/create.c.  Try `bt`, out into the program; `finish`, `nt ps`"),
    3: Phase("PspCreateThread", _in_creator, "initial thread",
             "make its stack, TEB and first context",
             "Read ps/thread.c.  Try `nt vad hello.exe`, `nt handles`"),
    4: Phase("BasepTellCsr", _in_creator, "csrss told",
             "report process and thread by LPC",
             "Read user/kernel32/proccsr.c.  Try `nt thread hello.exe`, `nt trace 30`"),
    # Its very first code may run before phase 4, and waits for NtResumeThread; this is
    # the first function that it calls afterwards.
    5: Phase("KiInitializeUserApc", _in_child, "thread starts",
             "resumed, it prepares to enter user mode",
             "Read ke/i386/switch.S, ps/start.c.  Try `bt`, `nt irql`, `nt pcr`"),
    6: Phase("LdrInitializeThunk", _in_child, "program runs",
             "load its DLLs, before its first instruction",
             "Read ldr/init.c, ldr/process.c.  Try `bt`, `tbreak hello.c:mainCRTStartup`, `c`"),
    7: Phase("PspExitThread", _in_last_thread, "process exits",
             "close its handles, free its memory",
             "Read ps/exit.c.  Try `bt`, `nt handles hello.exe`, `c`"),
}
LAST = max(PHASES)


class Walk:
    """Where the user wants to go, and how far the child has come."""
    target = None  # stop there only; None: at every phase
    everyone = False
    reached = 0


def where(function):
    """The breakpoint's location: the first line of the function that is its own.

    A kernel function may begin with an inlined one, which is no good place to
    begin to read.  A function of user mode is not known yet.
    """
    symbol = gdb.lookup_global_symbol(function)
    if symbol is None:
        return f"'{images.gdb_name(function)}'"
    block = gdb.block_for_pc(int(symbol.value().address))
    while block.function is None or block.function.name != function:
        block = block.superblock
    lines = [line for line in symbol.symtab.linetable()
             if block.start <= line.pc < block.end and line.line >= symbol.line]
    brace = min((line.line for line in lines), default=0)
    first = min((line.pc for line in lines if line.line > brace), default=block.start)
    return f"*{first:#x}"


class PhaseBreakpoint(gdb.Breakpoint):
    """At the first function of a phase."""

    def __init__(self, number):
        super().__init__(where(PHASES[number].function))
        self.phase = number  # `number` is gdb's

    def stop(self):
        ours = PHASES[self.phase].is_ours()
        if ours:
            Walk.reached = max(Walk.reached, self.phase)
        if not ours and not Walk.everyone:
            return False
        if Walk.target is None or Walk.target == self.phase:
            return True
        return ours and self.phase == LAST  # what was wanted will not come any more


def announce(number):
    process = nt.current_process()
    phase = PHASES[number]
    print(f"\nPhase {number} of {LAST}, {phase.name}: {phase.what}.  In {nt.image_name(process)}, "
          f"pid {nt.process_id(process)}.")
    print(phase.read + (f", `phase {number + 1}`." if number < LAST else "."))


def on_stop(event):
    Walk.target, Walk.everyone = None, False
    if isinstance(event, gdb.BreakpointEvent):
        for breakpoint in event.breakpoints:
            if isinstance(breakpoint, PhaseBreakpoint):
                announce(breakpoint.phase)


class PhaseCommand(gdb.Command):
    """Run to a phase of the life of the process that parent.exe creates.

phase            list the phases
phase N          run to the first function of phase N
phase N any      the same, for whatever process comes first

Plain `continue` stops at the next phase, whichever it is."""

    def __init__(self):
        super().__init__("phase", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        words = argument.split()
        if not words:
            self.show()
            return
        if not words[0].isdigit() or int(words[0]) not in PHASES or words[1:] not in ([], ["any"]):
            raise gdb.GdbError(f"phase N or phase N any, N from 1 to {LAST}; `help phase`.")
        number, everyone = int(words[0]), len(words) == 2
        if number <= Walk.reached and not everyone:
            raise gdb.GdbError(f"Phase {number} is over (we are in phase {Walk.reached}).  "
                               f"`quit`, `make debug` starts again; `phase {number} any` waits "
                               "for another process.")
        Walk.target, Walk.everyone = number, everyone
        gdb.execute("continue", from_tty)

    @staticmethod
    def show():
        for number, phase in PHASES.items():
            mark = "*" if number == Walk.reached else " "
            print(f"{mark} {number}  {phase.name:16}{phase.function:24}{phase.what}")


def set_breakpoints():
    for number in PHASES:
        PhaseBreakpoint(number)


def install():
    # Three of them are in images that are not there yet; gdb need not say so.
    gdb.execute("python import phases; phases.set_breakpoints()", to_string=True)
    gdb.events.stop.connect(on_stop)
    PhaseCommand()
