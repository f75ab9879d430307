/* SPDX-License-Identifier: MIT */
/*
 * sleeper.exe: sleeps until it is terminated, so that the benchmarks can count
 * what a live process costs.  It imports nothing.  subsystem: native
 */
#include "user/apps/rawcall.h"

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    LARGE_INTEGER Forever = {.QuadPart = INT64_MIN};
    ULONG_PTR Arguments[] = {FALSE, (ULONG_PTR)&Forever};

    UNREFERENCED_PARAMETER(Peb);
    for (;;) {
        (void)RawSystemCall(NumberNtDelayExecution, Arguments);
    }
}
