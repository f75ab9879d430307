# SPDX-License-Identifier: MIT
"""The `nt` commands: processes, threads, handles and memory as the kernel has them."""
import gdb

import images
import objects
import structures as nt
import tracering
from statusnames import status_name

LEVELS = {0: "PASSIVE_LEVEL", 1: "APC_LEVEL", 2: "DISPATCH_LEVEL", 3: "DEVICE_LEVEL",
          28: "CLOCK_LEVEL", 29: "IPI_LEVEL", 31: "HIGH_LEVEL"}
INTERRUPT_FLAG = 0x200
USER_KINDS = {1: "execute, read", 3: "execute, write", 7: "execute, write a copy", 0: "read",
              2: "write", 6: "write a copy", 5: "execute, read"}
NO_ACCESS, GUARD = 0x20, 0x10


def enumerator(value, type_name):
    """The name of what is stored in a byte but means an enum."""
    return str(value.cast(nt.type_named(type_name)))


def state_of(thread):
    return enumerator(thread["Tcb"]["State"], "KTHREAD_STATE")


class Nt(gdb.Command):
    """Look at Nascent's kernel: processes, threads, handles, memory, trace.

The commands work wherever the machine has stopped, in the kernel or in a program.
PROCESS is a process id or an image name; without it they mean the current process."""

    def __init__(self):
        super().__init__("nt", gdb.COMMAND_DATA, prefix=True)


class Listing(gdb.Command):
    """A command that prints lines; a subclass yields them."""
    name = ""

    def __init__(self):
        super().__init__(f"nt {self.name}", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        for line in self.lines(argument.strip()):
            print(line)


class Ps(Listing):
    """List the processes (PsActiveProcessHead).  `*` marks the current one."""
    name = "ps"

    def lines(self, _argument):
        current = nt.current_process()
        yield "   pid  parent  name             threads  handles  cr3       peb       eprocess"
        for process in nt.processes():
            here = current is not None and current.address == process.address
            table = process["Pcb"]["ObjectTable"]
            handles = int(table["HandleCount"]) if int(table) else 0
            yield (f"{'*' if here else ' '} {nt.process_id(process):4}"
                   f"  {int(process['InheritedFromUniqueProcessId']):6}"
                   f"  {nt.image_name(process):15}  {int(process['ActiveThreads']):7}"
                   f"  {handles:7}  {int(process['Pcb']['DirectoryTableBase']):08x}"
                   f"  {int(process['Peb']):08x}  {nt.address_of(process):08x}")


class Process(Listing):
    """Describe a process: nt process [PROCESS].
`nt ps` lists all of them; `print *(PEPROCESS)ADDRESS` shows every field."""
    name = "process"

    def lines(self, argument):
        process = nt.find_process(argument)
        yield (f"{nt.image_name(process)}  pid {nt.process_id(process)}"
               f"  parent {int(process['InheritedFromUniqueProcessId'])}"
               f"  eprocess {nt.address_of(process):08x}")
        yield (f"  image at {int(process['SectionBaseAddress']):08x}, PEB {int(process['Peb']):08x}"
               f", cr3 {int(process['Pcb']['DirectoryTableBase']):08x}")
        yield (f"  {int(process['ActiveThreads'])} threads ({int(process['ThreadsEver'])} ever)"
               f", base priority {int(process['Pcb']['BasePriority'])}"
               f", exit status {status_name(int(process['ExitStatus']))}")
        yield (f"  {int(process['Vm']['VadCount'])} VADs, {int(process['Vm']['PageCount'])} pages"
               f", flags {int(process['Flags']):08x}"
               f", exception port {int(process['ExceptionPort']):08x}")
        for area, base in images.mapped(process):
            yield f"  {base:08x}  {images.name_of(area)}"


class Thread(Listing):
    """List threads: nt thread [PROCESS].  Without a process: all.  `*` marks the current one."""
    name = "thread"

    def lines(self, argument):
        current = nt.current_thread()
        owners = [nt.find_process(argument)] if argument else nt.processes()
        yield "   tid  process          state       priority  teb       kernel stack  ethread"
        for process in owners:
            for thread in nt.threads(process):
                here = current is not None and current.address == thread.address
                yield self.line("*" if here else " ", process, thread)

    @staticmethod
    def line(mark, process, thread):
        tcb = thread["Tcb"]
        held = f"  suspended {int(tcb['SuspendCount'])}" if int(tcb["SuspendCount"]) else ""
        return (f"{mark} {int(thread['Cid']['UniqueThread']):4}  {nt.image_name(process):15}"
                f"  {state_of(thread):10}  {int(tcb['Priority']):8}  {int(tcb['Teb']):08x}"
                f"  {int(tcb['InitialStack']):08x}      {nt.address_of(thread):08x}{held}")


class Handles(Listing):
    """List the open handles of a process: nt handles [PROCESS]."""
    name = "handles"

    def lines(self, argument):
        process = nt.find_process(argument)
        table = process["Pcb"]["ObjectTable"]
        if int(table) == 0:
            yield f"{nt.image_name(process)} has no handle table (any more)."
            return
        yield f"{int(table['HandleCount'])} handles of {nt.image_name(process)}"
        yield "  handle  access    object    type              name"
        for handle, entry in objects.entries(table.dereference()):
            body = objects.body_of(entry)
            yield (f"    {handle:04x}  {objects.access_of(entry):08x}  {body:08x}"
                   f"  {objects.type_name(body):16}  {objects.name(body)}".rstrip())


class Vad(Listing):
    """List what a process's memory is taken by, its VADs: nt vad [PROCESS]."""
    name = "vad"

    def lines(self, argument):
        process = nt.find_process(argument)
        yield f"{int(process['Vm']['VadCount'])} VADs of {nt.image_name(process)}"
        yield "  start     end       pages  kind     protection, file"
        for vad in nt.tree_nodes(process["Vm"]["VadRoot"], "MMVAD", "Node"):
            start, end = int(vad["Start"]), int(vad["End"])
            yield (f"  {start:08x}  {end:08x}  {(end - start + 1) >> 12:5}"
                   f"  {self.kind(vad):7}  {self.detail(vad)}")

    @staticmethod
    def kind(vad):
        return enumerator(vad["Type"], "MI_VAD_TYPE").replace("Vad", "").lower()

    @staticmethod
    def detail(vad):
        area = vad["ControlArea"]
        if int(area) and bool(area["IsImage"]):
            return images.name_of(area)
        protection = int(vad["Protection"])
        if protection & NO_ACCESS:
            return "no access"
        committed = "" if int(area) or bool(vad["MemCommit"]) else ", reserved"
        return USER_KINDS.get(protection & 7, "?") + committed


class Trace(Listing):
    """Print the last events of the trace rings: nt trace [N].  N is 20 if it is not said.
The kernel keeps every event, whatever its trace= option prints."""
    name = "trace"

    def lines(self, argument):
        if argument and not argument.isdigit():
            raise gdb.GdbError("nt trace [N]: N is how many of the last events.")
        count = int(argument or 20)
        start = int(gdb.parse_and_eval("KiTraceStart"))
        frequency = int(gdb.parse_and_eval("HalpTscFrequency")) or 1
        events = [e for block in nt.processors() for e in self.ring(block, count)]
        for event in sorted(events, key=lambda e: e.sequence)[-count:]:
            yield tracering.render(event, (event.tsc - start) / frequency)

    @staticmethod
    def ring(block, count):
        """The last count events of a processor's ring."""
        base, index = int(block["TraceRing"]), int(block["TraceIndex"])
        if base == 0:
            return []
        size = int(gdb.parse_and_eval("KiTraceMask")) + 1
        wanted = min(index, size, count * tracering.MAX_RECORDS)
        data = bytearray()
        for at in range(index - wanted, index):
            if not data or at % size == 0:  # a piece that does not wrap
                length = min(index - at, size - at % size) * tracering.RECORD_SIZE
                data += gdb.selected_inferior().read_memory(
                    base + at % size * tracering.RECORD_SIZE, length)
        return tracering.decode(bytes(data))


class Irql(Listing):
    """Print the interrupt request level, and what waits for it to be lowered."""
    name = "irql"

    def lines(self, _argument):
        pcr = nt.pcr()
        level, pending = int(pcr["Irql"]), int(pcr["SoftwareInterrupts"])
        flags = int(gdb.newest_frame().read_register("eflags").cast(gdb.lookup_type("int")))
        yield (f"IRQL {level} {LEVELS.get(level, 'a device')}, interrupts "
               f"{'on' if flags & INTERRUPT_FLAG else 'off'}")
        names = [LEVELS[bit] for bit in (1, 2) if pending & 1 << bit]
        yield "pending: " + (", ".join(names) or "no software interrupt")


class Pcr(Listing):
    """Print the processor control region: thread, queues, descriptor tables, trace ring."""
    name = "pcr"

    def lines(self, _argument):
        pcr, block = nt.pcr(), nt.prcb()
        yield (f"KPCR {nt.address_of(pcr):08x}, processor {int(block['Number'])}, IRQL "
               f"{int(pcr['Irql'])}, {int(block['InterruptCount'])} interrupts")
        yield (f"  threads: current {int(block['CurrentThread']):08x}, next "
               f"{int(block['NextThread']):08x}, idle {int(block['IdleThread']):08x}")
        yield f"  ready priorities: {self.ready(int(block['ReadySummary']))}"
        yield (f"  IDT {int(pcr['IDT']):08x}, GDT {int(pcr['GDT']):08x}"
               f", TSS {int(pcr['TSS']):08x}")
        yield (f"  trace ring {int(block['TraceRing']):08x}, {int(block['TraceIndex'])} records "
               "written")

    @staticmethod
    def ready(summary):
        return ", ".join(str(p) for p in range(31, -1, -1) if summary & 1 << p) or "none"


def install():
    Nt()
    for command in (Ps, Process, Thread, Handles, Vad, Trace, Irql, Pcr):
        command()
