/* SPDX-License-Identifier: MIT */
/*
 * A clean stop, when the machine or the loader did not give what the kernel
 * needs: sentences that name it, then out of the emulator with a failure status
 * or, on a real machine, a halt with the text on the screen.
 */
#include "boot/bootp.h"
#include "hal.h"

void BootStop(PCSTR Format, ...)
{
    CHAR Text[512];
    va_list Arguments;

    va_start(Arguments, Format);
    RtlStringFormatV(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    KePrint("\nNascent cannot start: %s\n", Text);
    HalExitEmulator(HAL_EXIT_FAILURE);
    KePrint("Stopped; the machine can be switched off.\n");
    HalHalt();
}
