/* SPDX-License-Identifier: MIT */
/*
 * Hard errors: a program cannot go on and somebody should be told.  NT sends a
 * message to the subsystem, which shows a box and returns the user's choice.
 * Here it is one sentence on the console, and nobody chooses.
 */
#include "ex/exp.h"

#define MAXIMUM_HARDERROR_PARAMETERS 5
#define HARDERROR_TEXT_BYTES         512 /* of one parameter, printed */

/* NT's HARDERROR_RESPONSE_OPTION and HARDERROR_RESPONSE, as far as they are used. */
enum { OptionShutdownSystem = 6, OptionCancelTryContinue = 8 };
enum { ResponseReturnToCaller = 0 };

typedef struct _EXP_HARD_ERROR {
    ULONG Count;
    ULONG StringMask; /* bit n: parameter n is the address of a UNICODE_STRING */
    ULONG_PTR Parameters[MAXIMUM_HARDERROR_PARAMETERS];
    UNICODE_STRING Strings[MAXIMUM_HARDERROR_PARAMETERS]; /* captured; or empty */
} EXP_HARD_ERROR;

static void ExpReleaseStrings(EXP_HARD_ERROR *Error)
{
    for (ULONG i = 0; i < Error->Count; i++) {
        MmReleaseUnicodeString(&Error->Strings[i]);
    }
}

/* On failure the strings captured so far are the caller's to release, too. */
static NTSTATUS ExpCaptureParameters(EXP_HARD_ERROR *Error, ULONG_PTR __user *Parameters)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Error->Count != 0) {
        Status = MmCopyFromUser(
            Error->Parameters, Parameters, Error->Count * sizeof(Error->Parameters[0]));
    }
    for (ULONG i = 0; NT_SUCCESS(Status) && i < Error->Count; i++) {
        if (Error->StringMask & 1u << i) {
            Status = MmCaptureUnicodeString(
                (UNICODE_STRING __user *)Error->Parameters[i], &Error->Strings[i]);
        }
    }
    return Status;
}

static void ExpPrintHardError(NTSTATUS ErrorStatus, EXP_HARD_ERROR *Error)
{
    KePrint("Process %u cannot go on: %s (%08X)", KeGetCurrentProcess()->ProcessId,
        RtlNtStatusName(ErrorStatus), (ULONG)(__force LONG)ErrorStatus);
    for (ULONG i = 0; i < Error->Count; i++) {
        PUNICODE_STRING String = &Error->Strings[i];

        if (String->Length > HARDERROR_TEXT_BYTES) {
            String->Length = HARDERROR_TEXT_BYTES;
        }
        if (Error->StringMask & 1u << i) {
            KePrint(", \"%pZ\"", String);
        } else {
            KePrint(", %08X", (ULONG)Error->Parameters[i]);
        }
    }
    KePrint(".\n");
}

static NTSTATUS ExpCheckHardError(
    ULONG NumberOfParameters, ULONG_PTR __user *Parameters, ULONG ValidResponseOptions)
{
    if (NumberOfParameters > MAXIMUM_HARDERROR_PARAMETERS
        || (NumberOfParameters != 0 && Parameters == NULL)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (ValidResponseOptions > OptionCancelTryContinue) {
        return STATUS_INVALID_PARAMETER_4;
    }
    return ValidResponseOptions == OptionShutdownSystem ? STATUS_NOT_IMPLEMENTED
                                                        : STATUS_SUCCESS;
}

/* *Response is always ResponseReturnToCaller: the caller does what it can. */
NTSTATUS NTAPI NtRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters,
    ULONG UnicodeStringParameterMask, ULONG_PTR __user *Parameters, ULONG ValidResponseOptions,
    ULONG __user *Response)
{
    EXP_HARD_ERROR Error = {.Count = NumberOfParameters, .StringMask = UnicodeStringParameterMask};
    NTSTATUS Status = ExpCheckHardError(NumberOfParameters, Parameters, ValidResponseOptions);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ExpCaptureParameters(&Error, Parameters);
    if (NT_SUCCESS(Status)) {
        ExpPrintHardError(ErrorStatus, &Error);
    }
    ExpReleaseStrings(&Error);
    return NT_SUCCESS(Status) ? MmWriteUlongToUser(Response, ResponseReturnToCaller) : Status;
}
