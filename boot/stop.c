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
    CHAR text[512];
    va_list arguments;

    va_start(arguments, Format);
    RtlStringFormatV(text, sizeof(text), Format, arguments);
    va_end(arguments);
    KePrint("\nNascent cannot start: %s\n", text);
    HalExitEmulator(HAL_EXIT_FAILURE);
    KePrint("Stopped; the machine can be switched off.\n");
    HalHalt();
}
