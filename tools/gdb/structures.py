# SPDX-License-Identifier: MIT
"""Reading the kernel's structures out of the stopped machine.

Everything else in this folder asks here.  What comes back are gdb.Values of the
kernel's own types, so a field has the name it has in inc/.
"""
import functools

import gdb

LONGEST_LIST = 100000  # a list longer than this is a broken one


@functools.lru_cache(maxsize=None)
def type_named(name):
    """A kernel type; the compiler leaves out typedefs that are only in other typedefs."""
    for known_as in (name, f"struct _{name}", f"enum _{name}"):
        try:
            return gdb.lookup_type(known_as)
        except gdb.error:
            pass
    raise gdb.GdbError(f"kernel.elf does not know a type {name}")


def pointer(address, type_name):
    """The object of a type at an address."""
    return gdb.Value(address).cast(type_named(type_name).pointer()).dereference()


def containing(address, type_name, field):
    """CONTAINING_RECORD: the object whose field is at an address."""
    kind = type_named(type_name)
    offset = next(f.bitpos // 8 for f in kind.strip_typedefs().fields() if f.name == field)
    return pointer(int(address) - offset, type_name)


def address_of(value):
    return int(value.address)


def list_entries(head, type_name, field):
    """The objects of a LIST_ENTRY list, first to last; an untouched head is empty."""
    end = address_of(head)
    at = int(head["Flink"])
    for _ in range(LONGEST_LIST):
        if at in (end, 0):
            return
        yield containing(at, type_name, field)
        at = int(pointer(at, "LIST_ENTRY")["Flink"])
    raise gdb.GdbError(f"the list at {end:08x} does not end")


def tree_nodes(tree, type_name, field):
    """The objects of an RTL_AVL_TREE in order."""
    path, node = [], tree["Root"]
    while path or int(node):
        while int(node):
            path.append(node)
            node = node["Child"][0]
        node = path.pop()
        yield containing(node, type_name, field)
        node = node["Child"][1]


def unicode(string):
    """The text of a UNICODE_STRING."""
    length, buffer = int(string["Length"]), int(string["Buffer"])
    if length == 0 or buffer == 0:
        return ""
    data = gdb.selected_inferior().read_memory(buffer, length)
    return bytes(data).decode("utf-16-le", "replace")


# ---- Processors ---------------------------------------------------------------


def prcb():
    """The KPRCB of the processor gdb looks at, or None before the kernel has one."""
    thread = gdb.selected_thread()
    if thread is None or not thread.is_valid():
        return None
    block = gdb.parse_and_eval("KiProcessorBlock")[thread.num - 1]
    return block.dereference() if int(block) else None


def processors():
    """The KPRCBs of all processors."""
    blocks = gdb.parse_and_eval("KiProcessorBlock")
    first, last = blocks.type.range()
    return [blocks[i].dereference() for i in range(first, last + 1) if int(blocks[i])]


def pcr():
    block = prcb()
    if block is None:
        raise gdb.GdbError("The kernel has not set up its processor yet: `c`, then Ctrl-C.")
    return containing(block.address, "KPCR", "PrcbData")


# ---- Processes and threads ------------------------------------------------------


def current_thread():
    """The ETHREAD the processor runs, or None; the idle thread is none."""
    block = prcb()
    if block is None or int(block["CurrentThread"]) in (0, int(block["IdleThread"])):
        return None
    return containing(block["CurrentThread"], "ETHREAD", "Tcb")


def current_process():
    """The EPROCESS whose address space the current thread is in, or None."""
    thread = current_thread()
    if thread is None or int(thread["Tcb"]["ApcState"]["Process"]) == 0:
        return None
    return containing(thread["Tcb"]["ApcState"]["Process"], "EPROCESS", "Pcb")


def processes():
    head = gdb.parse_and_eval("PsActiveProcessHead")
    return list(list_entries(head, "EPROCESS", "ActiveProcessLinks"))


def threads(process):
    return list(list_entries(process["ThreadListHead"], "ETHREAD", "ThreadListEntry"))


def process_id(process):
    return int(process["UniqueProcessId"])


def image_name(process):
    name = process["ImageFileName"]
    return name.string("latin-1") if int(name[0]) else "System"


def find_process(text):
    """By number or name; the current one, or else System, if nothing is said."""
    if not text:
        process = current_process()
        return process if process is not None else gdb.parse_and_eval(
            "*PsInitialSystemProcess")
    for process in processes():
        if text.lower() == image_name(process).lower():
            return process
        if text.isdigit() and int(text) == process_id(process):
            return process
    raise gdb.GdbError(f"No process '{text}': `nt ps` lists them.")


def parent_name(process):
    """The name of the process that made this one, or '' if it is no more."""
    wanted = int(process["InheritedFromUniqueProcessId"])
    return next((image_name(p) for p in processes() if process_id(p) == wanted), "")
