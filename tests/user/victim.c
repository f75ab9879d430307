/* SPDX-License-Identifier: MIT */
/*
 * victim.exe: imports a little, relocates a little, and ends.  subsystem: native
 *
 * tests/kernel/ldr_image.c damages its file in every way and sees how it ends: 0
 * if all is as linked.
 */
#include "user/ntdll/ntdll.h"

__declspec(dllimport) ULONG WINAPI ReadThroughPointer(void); /* of tdllc.dll */

static ULONG Data = 0x5AFE;
static ULONG *volatile Pointer = &Data; /* an address that needs relocation */

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    BOOLEAN Good = ReadThroughPointer() == 0xC0DE && *Pointer == 0x5AFE;

    UNREFERENCED_PARAMETER(Peb);
    (void)NtTerminateProcess(
        NtCurrentProcess(), Good ? STATUS_SUCCESS : STATUS_DATA_ERROR);
}
