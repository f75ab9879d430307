# SPDX-License-Identifier: MIT
"""Objects and handle tables: what a handle means (ob/obp.h, ex/handle.c)."""
import gdb

import structures as nt

LEAF_ENTRIES = 512  # as ex/handle.c has them
MIDDLE_LEAVES = 1024
HANDLE_BITS = 7  # of an entry: inheritance and the like, not address
PROTECT_BIT = 0x02000000  # of an entry's access


def header_of(body):
    """The OBJECT_HEADER of an object, from its body's address."""
    return nt.pointer(body - nt.type_named("OBJECT_HEADER").sizeof, "OBJECT_HEADER")


def type_name(body):
    return nt.unicode(header_of(body)["Type"]["Name"])


def _namespace_name(body):
    """The last part of an object's name in the namespace, or ''."""
    header = header_of(body)
    offset = int(header["NameInfoOffset"])
    if offset == 0:
        return ""
    info = nt.pointer(nt.address_of(header) - offset, "OBJECT_HEADER_NAME_INFO")
    return nt.unicode(info["Name"])


def _process_name(body):
    process = nt.pointer(body, "EPROCESS")
    return f"{nt.image_name(process)}, pid {nt.process_id(process)}"


def _thread_name(body):
    thread = nt.pointer(body, "ETHREAD")
    return f"tid {int(thread['Cid']['UniqueThread'])} of {nt.image_name(thread['ThreadsProcess'])}"


def _backing_name(backing):
    return nt.unicode(backing["Name"]).replace("\\", "/")


def _file_name(body):
    file = nt.pointer(body, "FILE_OBJECT")
    if int(file["File"]):
        return _backing_name(file["File"]["Backing"])
    return _namespace_name(int(file["Device"]))


def _section_name(body):
    backing = nt.pointer(body, "SECTION")["ControlArea"]["File"]
    return _backing_name(backing) if int(backing) else ""


KNOWN_AS = {"Process": _process_name, "Thread": _thread_name, "File": _file_name,
            "Section": _section_name}


def name(body):
    """What an object is called in the namespace, or what else it is known by."""
    known_as = KNOWN_AS.get(type_name(body))
    return _namespace_name(body) or (known_as(body) if known_as else "")


def entries(table):
    """(handle, HANDLE_TABLE_ENTRY) of every used entry of a HANDLE_TABLE, ascending."""
    leaf_type = nt.type_named("HANDLE_TABLE_ENTRY").pointer()
    code = int(table["TableCode"])
    root, level = gdb.Value(code & ~3), code & 3
    for index in range(1, int(table["NextFresh"])):
        number, within = divmod(index, LEAF_ENTRIES)
        if level == 0:
            leaf = root.cast(leaf_type)
        elif level == 1:
            leaf = root.cast(leaf_type.pointer())[number]
        else:
            middle, number = divmod(number, MIDDLE_LEAVES)
            leaf = root.cast(leaf_type.pointer().pointer())[middle][number]
        if within and int(leaf[within]["Value"]):
            yield index * 4, leaf[within]


def body_of(entry):
    """Address of the object that an entry of a process's table leads to."""
    return (int(entry["Value"]) & ~HANDLE_BITS) + nt.type_named("OBJECT_HEADER").sizeof


def access_of(entry):
    return int(entry["GrantedAccess"]) & ~PROTECT_BIT
