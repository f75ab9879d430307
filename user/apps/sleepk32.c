/* SPDX-License-Identifier: MIT */
/*
 * sleepk32.exe: a Win32 program that sleeps until it is terminated, so that the
 * benchmarks can count what a live process costs.
 */
#include <windows.h>

void mainCRTStartup(void)
{
    for (;;) {
        Sleep(INFINITE);
    }
}
