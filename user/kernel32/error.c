/* SPDX-License-Identifier: MIT */
/*
 * The last error, and the two helpers every other file ends its exports with.
 */
#include "user/kernel32/base.h"

/* Always FALSE, so that an export can return it. */
BOOL BaseSetLastNTError(NTSTATUS Status)
{
    RtlSetLastWin32ErrorAndNtStatusFromNtStatus(Status);
    return FALSE;
}

BOOL BaseResult(NTSTATUS Status)
{
    return NT_SUCCESS(Status) ? TRUE : BaseSetLastNTError(Status);
}

PVOID BaseAllocate(SIZE_T Size)
{
    return RtlAllocateHeap(RtlGetProcessHeap(), HEAP_ZERO_MEMORY, Size);
}

VOID BaseFree(PVOID Block)
{
    if (Block != NULL) {
        (void)RtlFreeHeap(RtlGetProcessHeap(), 0, Block);
    }
}

DWORD WINAPI GetLastError(VOID)
{
    return NtCurrentTeb()->LastErrorValue;
}

UINT WINAPI SetErrorMode(UINT Mode)
{
    ULONG Hard = (Mode & SEM_FAILCRITICALERRORS) == 0; /* the kernel's bit says the opposite */
    static LONG Current;

    (void)NtSetInformationProcess(
        NtCurrentProcess(), ProcessDefaultHardErrorMode, &Hard, sizeof(Hard));
    return (UINT)InterlockedExchange(&Current, (LONG)Mode);
}
