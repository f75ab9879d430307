/* SPDX-License-Identifier: MIT */
/*
 * The console: everything written goes to COM1 and to the text screen.
 */
#include "hal/halp.h"

void HalInitializeConsole(void)
{
    HalSerialInitialize(HAL_COM1);
    HalpInitializeScreen();
}

void HalConsoleWrite(PCSTR Text, SIZE_T Length)
{
    SIZE_T Start = 0;
    SIZE_T i;

    for (i = 0; i < Length; i++) {
        if (Text[i] == '\n') {
            HalSerialWrite(HAL_COM1, &Text[Start], i - Start);
            HalSerialWrite(HAL_COM1, "\r\n", 2);
            Start = i + 1;
        }
    }
    HalSerialWrite(HAL_COM1, &Text[Start], Length - Start);
    HalpScreenWrite(Text, Length);
}
