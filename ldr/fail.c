/* SPDX-License-Identifier: MIT */
/*
 * When a process cannot start: say why, and end it.
 *
 * The status is raised as a hard error with the names that belong to it, and
 * becomes the exit status.  (NT raises an exception after the hard error; its
 * unhandled end is the same, seen from outside.)
 */
#include "ldr/ldrp.h"

#define LDRP_OPTION_OK 1 /* HARDERROR_RESPONSE_OPTION: one button */

static NTSTATUS LdrpFailure; /* the first one noted */
static ULONG_PTR LdrpFailedOrdinal;
static WCHAR LdrpFailedNameBuffer[LDRP_MAXIMUM_NAME];
static WCHAR LdrpFailedDllBuffer[LDRP_MAXIMUM_NAME];
static UNICODE_STRING LdrpFailedName
    = {0, sizeof(LdrpFailedNameBuffer), LdrpFailedNameBuffer};
static UNICODE_STRING LdrpFailedDll = {0, sizeof(LdrpFailedDllBuffer), LdrpFailedDllBuffer};

VOID LdrpNoteFailure(NTSTATUS Status, PCSTR Name, ULONG Ordinal, PCUNICODE_STRING Dll)
{
    ULONG Written;

    if (LdrpFailure != STATUS_SUCCESS) {
        return;
    }
    LdrpFailure = Status;
    LdrpFailedOrdinal = Ordinal;
    RtlCopyUnicodeString(&LdrpFailedDll, Dll);
    if (Name != NULL) {
        (void)RtlMultiByteToUnicodeN(LdrpFailedName.Buffer, LdrpFailedName.MaximumLength,
            &Written, Name, strnlen(Name, LDRP_MAXIMUM_NAME));
        LdrpFailedName.Length = (USHORT)Written;
    }
}

/* The hard error of Status, with the parameters that its message has. */
static VOID LdrpRaiseHardError(NTSTATUS Status)
{
    ULONG_PTR Parameters[2] = {(ULONG_PTR)&LdrpFailedDll, (ULONG_PTR)&LdrpFailedDll};
    ULONG Count = 2;
    ULONG Strings = 3; /* bit n: Parameters[n] is a UNICODE_STRING */
    ULONG Response;

    if (Status == STATUS_ENTRYPOINT_NOT_FOUND && Status == LdrpFailure) {
        Parameters[0] = (ULONG_PTR)&LdrpFailedName;
    } else if (Status == STATUS_ORDINAL_NOT_FOUND && Status == LdrpFailure) {
        Parameters[0] = LdrpFailedOrdinal;
        Strings = 2;
    } else if (LdrpFailure == Status) {
        Count = 1; /* STATUS_DLL_NOT_FOUND, STATUS_DLL_INIT_FAILED: the DLL */
        Strings = 1;
    } else {
        Parameters[0] = (ULONG_PTR)(ULONG)Status;
        Status = STATUS_APP_INIT_FAILURE;
        Count = 1;
        Strings = 0;
    }
    (void)NtRaiseHardError(Status, Count, Strings, Parameters, LDRP_OPTION_OK, &Response);
}

DECLSPEC_NORETURN VOID LdrpFailProcess(NTSTATUS Status)
{
    LdrpTrace(TraceLdrFailed, NULL, 1, (ULONG)Status);
    LdrpRaiseHardError(Status);
    for (;;) {
        (void)NtTerminateProcess(NtCurrentProcess(), Status);
    }
}

/* The name for a trace event: the module's, or the program's for NULL. */
PCSTR LdrpTraceName(PLDRP_MODULE Module, PCHAR Buffer)
{
    NascentTraceImageName(Module != NULL ? &Module->Entry.BaseDllName
                                         : &NtCurrentPeb()->ProcessParameters->ImagePathName,
        Buffer, LDRP_TRACE_NAME);
    return Buffer;
}
