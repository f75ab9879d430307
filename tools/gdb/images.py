# SPDX-License-Identifier: MIT
"""Symbols of the user-mode images, loaded as the kernel maps them.

All programs are linked to 00400000, so the symbols of only one of them can be
loaded at a time.  The rule is simple: an image that is needed displaces what
overlaps it.  It is needed when it is mapped (MiImageMapped, mm/view.c), when the
first thread of its process starts (PspUserThreadStartup), and when gdb stops in
its process.  Breakpoints in a displaced image wait until its symbols are back.
"""
import os

import gdb

import coff
import structures as nt

_loaded = {}  # path -> (start, end, slide)


def build_directory():
    """Where the build has put everything: the folder of kernel.elf."""
    name = gdb.current_progspace().filename
    return os.path.dirname(name) if name else "build"


def gdb_name(function):
    """What gdb calls a function of user mode: CreateProcessW is CreateProcessW@40."""
    return coff.functions(os.path.join(build_directory(), "user")).get(function, function)


def name_of(area):
    """A CONTROL_AREA's file within the volume, windows/system32/ntdll.dll."""
    if int(area["File"]) == 0:
        return ""
    return nt.unicode(area["File"]["Name"]).replace("\\", "/").strip("/").lower()


def _forget(path):
    del _loaded[path]
    gdb.execute(f'remove-symbol-file "{path}"', to_string=True)


def load(area, base):
    """Loads the symbols of an image that lies at base, unless they are there."""
    path = os.path.join(build_directory(), "user", name_of(area))
    start, end = base, base + (int(area["PageCount"]) << 12)
    slide = base - int(area["ImageBase"])
    if _loaded.get(path) == (start, end, slide) or not os.path.isfile(path):
        return
    for other, (first, last, _) in list(_loaded.items()):
        if other == path or (first < end and start < last):
            _forget(other)
    gdb.execute(f'add-symbol-file "{path}" -o {slide}', to_string=True)
    _loaded[path] = (start, end, slide)


def mapped(process):
    """(CONTROL_AREA, base) of every image in a process."""
    for vad in nt.tree_nodes(process["Vm"]["VadRoot"], "MMVAD", "Node"):
        area = vad["ControlArea"]
        if int(area) and bool(area["IsImage"]):
            yield area.dereference(), int(vad["Start"])


def load_all(process):
    """Symbols for all of a process.  Its tree of VADs may be in the middle of a change."""
    try:
        for area, base in list(mapped(process)):
            load(area, base)
    except gdb.MemoryError:
        pass


class _MappedBreakpoint(gdb.Breakpoint):
    """Comes past with every image that is mapped; never stops."""

    def __init__(self):
        super().__init__(function="MiImageMapped", internal=True)
        self.silent = True

    def stop(self):
        frame = gdb.newest_frame()
        load(frame.read_var("Area").dereference(), int(frame.read_var("Base")))
        return False


class _StartBreakpoint(gdb.Breakpoint):
    """Comes past with every user thread that starts; never stops."""

    def __init__(self):
        super().__init__(function="PspUserThreadStartup", internal=True)
        self.silent = True

    def stop(self):
        load_all(nt.current_process())
        return False


class _InProcess(gdb.Function):
    """$_in("hello.exe"): is the current process that one?  For conditions of breakpoints:
    break 0x401000 if $_in("hello.exe")"""

    def __init__(self):
        super().__init__("_in")

    def invoke(self, name):
        process = nt.current_process()
        return process is not None and nt.image_name(process) == name.string()


class _Break(gdb.Command):
    """Set a breakpoint at a function of a program or a DLL: nt break FUNCTION [if CONDITION]

gdb's own `break` wants the bytes of a stdcall function's arguments in the name, as in
CreateProcessW@40, and takes NtClose for the kernel's, not for ntdll's stub."""

    def __init__(self):
        super().__init__("nt break", gdb.COMMAND_BREAKPOINTS)

    def invoke(self, argument, from_tty):
        function, _, rest = argument.strip().partition(" ")
        gdb.execute(f"break '{gdb_name(function)}' {rest}", from_tty)


def on_stop(_event):
    process = nt.current_process()
    if process is not None:
        load_all(process)


def install():
    gdb.events.stop.connect(on_stop)
    _MappedBreakpoint()
    _StartBreakpoint()
    _InProcess()
    _Break()
