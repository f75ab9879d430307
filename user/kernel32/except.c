/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: raising them, and the end of a program that handles none.
 *
 * ntdll asks the filter set here when no frame took an exception: the program's
 * own filter decides first, then the process ends with the exception's code as
 * its exit status.
 */
#include "user/kernel32/base.h"

static LPTOP_LEVEL_EXCEPTION_FILTER BasepTopLevelFilter;

LPTOP_LEVEL_EXCEPTION_FILTER WINAPI SetUnhandledExceptionFilter(
    LPTOP_LEVEL_EXCEPTION_FILTER Filter)
{
    return InterlockedExchangePointer((PVOID *)&BasepTopLevelFilter, Filter);
}

/* NT shows a box; here it is a line on the console by NtRaiseHardError. */
static VOID BasepReportException(const EXCEPTION_RECORD *Record)
{
    ULONG_PTR Parameters[] = {(ULONG)Record->ExceptionCode, (ULONG_PTR)Record->ExceptionAddress};
    ULONG Response;

    (void)NtRaiseHardError(
        STATUS_UNHANDLED_EXCEPTION, ARRAYSIZE(Parameters), 0, Parameters, 1, &Response);
}

LONG WINAPI UnhandledExceptionFilter(struct _EXCEPTION_POINTERS *Pointers)
{
    LPTOP_LEVEL_EXCEPTION_FILTER Filter = BasepTopLevelFilter;
    LONG Result = EXCEPTION_CONTINUE_SEARCH;

    if (Filter != NULL) {
        Result = Filter(Pointers);
    }
    if (Result != EXCEPTION_CONTINUE_SEARCH) {
        return Result;
    }
    BasepReportException(Pointers->ExceptionRecord);
    return EXCEPTION_EXECUTE_HANDLER;
}

/*
 * The "handler" is the end of the process.  Locks may be held and the heap
 * broken, so no DLL is called any more: NtTerminateProcess, not ExitProcess.
 */
static LONG NTAPI BasepUnhandledException(struct _EXCEPTION_POINTERS *Pointers)
{
    LONG Result = UnhandledExceptionFilter(Pointers);

    if (Result == EXCEPTION_EXECUTE_HANDLER) {
        (void)NtTerminateProcess(
            NtCurrentProcess(), (NTSTATUS)Pointers->ExceptionRecord->ExceptionCode);
    }
    return Result;
}

VOID BasepInitializeExceptions(VOID)
{
    RtlSetUnhandledExceptionFilter(BasepUnhandledException);
}

VOID WINAPI RaiseException(
    DWORD Code, DWORD Flags, DWORD ArgumentCount, CONST ULONG_PTR *Arguments)
{
    EXCEPTION_RECORD Record = {
        .ExceptionCode = Code,
        .ExceptionFlags = Flags & EXCEPTION_NONCONTINUABLE,
        .ExceptionAddress = __builtin_return_address(0),
    };

    if (Arguments != NULL) {
        Record.NumberParameters = min(ArgumentCount, (DWORD)EXCEPTION_MAXIMUM_PARAMETERS);
        for (ULONG Index = 0; Index < Record.NumberParameters; Index++) {
            Record.ExceptionInformation[Index] = Arguments[Index];
        }
    }
    RtlRaiseException(&Record);
}
