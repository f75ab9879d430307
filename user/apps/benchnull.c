/* SPDX-License-Identifier: MIT */
/*
 * benchnull.exe: the smallest program there is, for the benchmarks.  It imports
 * nothing and ends at once.  subsystem: native
 */
#include "user/apps/rawcall.h"

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG_PTR Arguments[] = {(ULONG_PTR)NtCurrentProcess(), STATUS_SUCCESS};

    UNREFERENCED_PARAMETER(Peb);
    (void)RawSystemCall(NumberNtTerminateProcess, Arguments);
}
