/* SPDX-License-Identifier: MIT */
/*
 * Ways to end: leave the emulator with a status, switch the power off, stop.
 */
#include "hal/halp.h"

#define DEBUG_EXIT_PORT 0xF4  /* QEMU's isa-debug-exit; status = code * 2 + 1 */
#define PM1A_CONTROL    0x604 /* of QEMU's ACPI */
#define PM1A_SLEEP_S5   0x2000

void HalExitEmulator(UCHAR Code)
{
    HalpWritePort8(DEBUG_EXIT_PORT, Code);
}

void HalPowerOff(void)
{
    HalpWritePort16(PM1A_CONTROL, PM1A_SLEEP_S5);
    HalHalt(); /* the power goes a moment later, if at all */
}

void HalHalt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
