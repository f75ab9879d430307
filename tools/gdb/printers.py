# SPDX-License-Identifier: MIT
"""How gdb prints NT's most frequent types: UNICODE_STRING, LIST_ENTRY, NTSTATUS."""
import gdb
import gdb.printing

import structures as nt
from statusnames import status_name


class UnicodeString:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        try:
            return f'L"{nt.unicode(self.value)}"'
        except gdb.MemoryError:
            return f"<{int(self.value['Length'])} bytes at {int(self.value['Buffer']):08x}>"


class ListEntry:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        forward, back = int(self.value["Flink"]), int(self.value["Blink"])
        if self.value.address is not None and forward == nt.address_of(self.value):
            return "{empty}"
        return f"{{Flink = {forward:08x}, Blink = {back:08x}}}"


class Status:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return status_name(int(self.value.cast(gdb.lookup_type("int"))))


PRINTERS = {
    "UNICODE_STRING": UnicodeString, "_UNICODE_STRING": UnicodeString,
    "LIST_ENTRY": ListEntry, "_LIST_ENTRY": ListEntry,
    "NTSTATUS": Status,
}


class _Collection(gdb.printing.PrettyPrinter):
    def __init__(self):
        super().__init__("nascent")

    def __call__(self, value):
        printer = PRINTERS.get(value.type.name) or PRINTERS.get(value.type.tag or "")
        return printer(value) if printer else None


def install():
    gdb.printing.register_pretty_printer(None, _Collection(), replace=True)
