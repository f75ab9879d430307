# SPDX-License-Identifier: MIT
"""The one place that knows how Nascent is started in QEMU."""
import os
import shlex

BUILD = os.environ.get("O", "build")
KERNEL = f"{BUILD}/kernel.elf"
RAMDISK = f"{BUILD}/ramdisk.img"
ISO = f"{BUILD}/nascent.iso"

# The kernel writes 0x10 or 0x22 to isa-debug-exit; QEMU's status is 2 * n + 1.
# 0 is no success: a triple fault and a power-off end with it as well.
STATUS_PASS = 33
STATUS_FAILURE = 69

# TCG on purpose: where KVM is present but slow or broken, QEMU would choose it.
MACHINE = ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-display", "none",
           "-no-reboot", "-net", "none", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]

# One instruction a nanosecond: a run is the same each time, and rdtsc counts it.
COUNTED = ["-icount", "shift=0,sleep=off,align=off",
           "-rtc", "base=2000-01-01T00:00:00,clock=vm"]


def direct(options):
    """Loads the kernel by QEMU's own Multiboot loader: the fast way."""
    return ["-kernel", KERNEL, "-initrd", RAMDISK, "-append", options]


def iso(options, tests=False):
    """Boots GRUB, which takes the kernel options from the SMBIOS tables."""
    manufacturer = "NASCENT-TEST" if tests else "NASCENT"
    product = options.replace(",", ",,")
    return ["-cdrom", ISO, "-smbios", f"type=1,manufacturer={manufacturer},product={product}"]


def menu():
    """Boots GRUB and leaves the choice to the user."""
    return ["-cdrom", ISO]


def command(boot, memory=64, processors=1, serial="stdio", extra=()):
    """The full argument list; boot is what one of the functions above returned."""
    return [*MACHINE, "-m", str(memory), "-smp", str(processors), "-serial", serial,
            *boot, *extra]


def printable(arguments):
    """The command as one line for a shell."""
    return shlex.join(arguments)
