#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packs the ramdisk: a newc cpio archive whose file data begin on pages.

    mkramdisk.py OUTPUT ROOT NAME...

Each NAME is a file under ROOT and its name in the archive.  The name field is
padded with NULs (which every cpio accepts) so that the data that follow start at
a multiple of 4096; the kernel then maps image pages straight from the archive.
The same input gives the same bytes: no times, owners, or directory order.
"""
import pathlib
import sys

PAGE = 4096
HEADER_SIZE = 110
REGULAR_FILE = 0o100644
DIRECTORY = 0o040755


def member(offset, inode, name, mode, data):
    """The bytes of one archive member that starts at offset."""
    field = name.encode("ascii") + b"\0"
    if data:
        padded = -(-(offset + HEADER_SIZE + len(field)) // PAGE) * PAGE
        field = field.ljust(padded - offset - HEADER_SIZE, b"\0")
    else:
        field = field.ljust(len(field) + -(HEADER_SIZE + len(field)) % 4, b"\0")
    links = 2 if mode == DIRECTORY else 1
    numbers = [inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(field), 0]
    header = b"070701" + b"".join(b"%08x" % n for n in numbers)
    return header + field + data + b"\0" * (-len(data) % 4)


def pack(root, names):
    """The whole archive: directories before their files, in sorted order."""
    directories = {str(p) for n in names for p in pathlib.PurePosixPath(n).parents} - {"."}
    archive = b""
    for inode, name in enumerate(sorted(directories | set(names)), 1):
        if name in directories:
            archive += member(len(archive), inode, name, DIRECTORY, b"")
        else:
            data = (pathlib.Path(root) / name).read_bytes()
            archive += member(len(archive), inode, name, REGULAR_FILE, data)
    archive += member(len(archive), 0, "TRAILER!!!", 0, b"")
    return archive + b"\0" * (-len(archive) % PAGE)


def main():
    output, root, *names = sys.argv[1:]
    pathlib.Path(output).write_bytes(pack(root, names))


if __name__ == "__main__":
    main()
