#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make run` and `make debug`.

With a terminal QEMU stays until the user quits.  Without one (a pipe, CI) the
kernel gets exit=on, leaves QEMU after the demonstration, and the status is 0 only
if the kernel said that all went well; GRUB's part of the output, full of escape codes,
is left out.  With --gdb QEMU waits for gdb on a socket.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time

import qemu

TIMEOUT = 120  # seconds without a terminal
LOADERS_LAST = "Booting `"  # in the last line that GRUB prints
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def kernel_options(interactive):
    """ARGS, and what follows from where the output goes."""
    options = os.environ.get("ARGS", "").split()
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        options.append("color=on")
    if not interactive:
        options.append("exit=on")
    return " ".join(options)


def machine(boot, serial, extra=()):
    if "records=on" in os.environ.get("ARGS", "").split():  # they go to COM2
        extra = [*extra, "-serial", f"file:{qemu.BUILD}/records.bin"]
    return qemu.command(boot, os.environ.get("MEM", "64"), os.environ.get("CPUS", "1"),
                        serial, extra)


def choose_boot(options):
    how = os.environ.get("BOOT", "iso")
    if how not in ("iso", "direct", "menu"):
        sys.exit(f"BOOT={how}: it is iso, direct, or menu (GRUB's)")
    if how == "menu":
        return qemu.menu()
    return qemu.iso(options) if how == "iso" else qemu.direct(options)


def run():
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    boot = choose_boot(kernel_options(interactive))
    if interactive:
        print("QEMU runs until you press Ctrl-A and then X.\n")
        status = subprocess.call(machine(boot, "mon:stdio"))
        return 0 if status in (0, qemu.STATUS_PASS) else 1
    return run_unattended(machine(boot, "stdio", ["-monitor", "none"]))


def kernel_lines(stream, loaders_first):
    """Yields the kernel's lines; GRUB's only if it never came to start the kernel."""
    held = []
    started = False
    for raw in stream:
        line = raw.decode("latin-1").strip("\r\n")
        if loaders_first:
            held.append(ESCAPE.sub("", line))
            loaders_first = LOADERS_LAST not in line
        elif line or started:
            started = True
            yield line
    if loaders_first:
        yield from held


def run_unattended(command):
    emulator = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    patience = threading.Timer(TIMEOUT, emulator.kill)
    patience.start()
    try:
        for line in kernel_lines(emulator.stdout, "-cdrom" in command):
            print(line, flush=True)
    except BrokenPipeError:  # the reader has seen enough, as in `make run | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        emulator.kill()
        return 0
    finally:
        patience.cancel()
    status = emulator.wait()
    if status != qemu.STATUS_PASS:
        why = f"within {TIMEOUT} s" if status < 0 else f"well; QEMU's status: {status}"
        print(f"Nascent did not end {why}.  To repeat:\n  {qemu.printable(command)}",
              file=sys.stderr)
        return 1
    return 0


def debug():
    socket = f"{qemu.BUILD}/gdb.sock"
    log = f"{qemu.BUILD}/debug.log"
    if os.path.exists(socket):
        os.unlink(socket)
    stub = ["-chardev", f"socket,path={socket},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb",
            "-S", "-monitor", "none"]
    # Its own session, so that Ctrl-C does not reach it.
    emulator = subprocess.Popen(machine(qemu.direct(os.environ.get("ARGS", "")), f"file:{log}",
                                        stub), start_new_session=True,
                                stdin=subprocess.DEVNULL)
    # Ctrl-C is gdb's alone: it stops the machine.  (A handler, unlike SIG_IGN, is not inherited.)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        while not os.path.exists(socket) and emulator.poll() is None:
            time.sleep(0.02)
        print(f"The kernel's output goes to {log}; `quit` ends gdb and QEMU.")
        return subprocess.call(["gdb", "-q", qemu.KERNEL, "-ex", f"target remote {socket}",
                                "-x", "tools/gdb/nascent.py"])
    finally:
        emulator.kill()
        emulator.wait()


if __name__ == "__main__":
    sys.exit(debug() if "--gdb" in sys.argv[1:] else run())
