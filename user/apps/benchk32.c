/* SPDX-License-Identifier: MIT */
/*
 * benchk32.exe: the smallest Win32 program, for the benchmarks.
 */
#include <windows.h>

void mainCRTStartup(void)
{
    ExitProcess(0);
}
