/* SPDX-License-Identifier: MIT */
/*
 * The console: everything written goes to COM1 and to the text screen.
 */
#include "hal/halp.h"

VOID HalInitializeConsole(VOID)
{
    HalSerialInitialize(HAL_COM1);
    HalpInitializeScreen();
}

VOID HalConsoleWrite(PCSTR Text, SIZE_T Length)
{
    SIZE_T start = 0;
    SIZE_T i;

    for (i = 0; i < Length; i++) {
        if (Text[i] == '\n') {
            HalSerialWrite(HAL_COM1, &Text[start], i - start);
            HalSerialWrite(HAL_COM1, "\r\n", 2);
            start = i + 1;
        }
    }
    HalSerialWrite(HAL_COM1, &Text[start], Length - start);
    HalpScreenWrite(Text, Length);
}
