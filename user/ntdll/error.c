/* SPDX-License-Identifier: MIT */
/*
 * The last error of a thread, as Win32 error and as NTSTATUS.
 *
 * Next: doserror.c, which translates between the two.
 */
#include "user/ntdll/ntdllp.h"

NTSTATUS NTAPI RtlGetLastNtStatus(VOID)
{
    return NtCurrentTeb()->LastStatusValue;
}

ULONG NTAPI RtlGetLastWin32Error(VOID)
{
    return NtCurrentTeb()->LastErrorValue;
}

VOID NTAPI RtlSetLastWin32Error(ULONG Error)
{
    NtCurrentTeb()->LastErrorValue = Error;
}

VOID NTAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS Status)
{
    NtCurrentTeb()->LastErrorValue = RtlNtStatusToDosError(Status);
    NtCurrentTeb()->LastStatusValue = Status;
}

ULONG NTAPI RtlGetNtGlobalFlags(VOID)
{
    return NtCurrentPeb()->NtGlobalFlag;
}
