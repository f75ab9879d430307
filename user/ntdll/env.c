/* SPDX-License-Identifier: MIT */
/*
 * The environment: a block of "NAME=value" strings, ended by an empty one.
 *
 * The creator writes a process's first block behind its parameters; a block that
 * is changed here is replaced by a new one from the process heap.  The PEB lock
 * guards the process's own block.
 */
#include "user/ntdll/ntdllp.h"

/* The string after this one. */
static PWSTR RtlpNextVariable(PCWSTR Variable)
{
    return (PWSTR)Variable + wcslen(Variable) + 1;
}

SIZE_T NTAPI RtlEnvironmentSize(PCWSTR Environment)
{
    PCWSTR End = Environment;

    while (*End != 0) {
        End = RtlpNextVariable(End);
    }
    /* An empty block, too, is two zeros long. */
    return (SIZE_T)(End - Environment + (End == Environment ? 2 : 1)) * sizeof(WCHAR);
}

/*
 * Splits "NAME=value".  A first character '=' belongs to the name: cmd keeps the
 * drives' current directories in names such as "=C:".
 */
static BOOLEAN RtlpSplitVariable(
    PCWSTR Variable, PUNICODE_STRING Name, PUNICODE_STRING Value)
{
    PCWSTR Equals = Variable;

    do {
        if (*Equals == 0) {
            return FALSE;
        }
        Equals++;
    } while (*Equals != L'=');
    Name->Buffer = (PWSTR)Variable;
    Name->Length = Name->MaximumLength = (USHORT)((Equals - Variable) * sizeof(WCHAR));
    RtlInitUnicodeString(Value, Equals + 1);
    return TRUE;
}

/* The "NAME=value" of Name in the block, or NULL. */
static PWSTR RtlpFindVariable(PWSTR Environment, PCUNICODE_STRING Name, PUNICODE_STRING Value)
{
    UNICODE_STRING Found;

    while (Environment != NULL && *Environment != 0) {
        if (RtlpSplitVariable(Environment, &Found, Value)
            && RtlEqualUnicodeString(&Found, Name, TRUE)) {
            return Environment;
        }
        Environment = RtlpNextVariable(Environment);
    }
    return NULL;
}

/* A copy of the process's block, or an empty one. */
NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN CloneCurrent, PWSTR *Environment)
{
    static const WCHAR Empty[2];
    PCWSTR Source = NULL;
    NTSTATUS Status = STATUS_NO_MEMORY;
    PWSTR New;
    SIZE_T Size;

    RtlAcquirePebLock();
    if (CloneCurrent) {
        Source = NtCurrentPeb()->ProcessParameters->Environment;
    }
    if (Source == NULL) {
        Source = Empty;
    }
    Size = RtlEnvironmentSize(Source);
    New = RtlpAllocate(Size);
    if (New != NULL) {
        memcpy(New, Source, Size);
        *Environment = New;
        Status = STATUS_SUCCESS;
    }
    RtlReleasePebLock();
    return Status;
}

/* Not for the first block of a process, which is no heap block and stays. */
VOID NTAPI RtlDestroyEnvironment(PWSTR Environment)
{
    if (Environment != NtCurrentPeb()->ProcessParameters->Environment) {
        RtlpFree(Environment);
    }
}

NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(
    PWSTR Environment, PCUNICODE_STRING Name, PUNICODE_STRING Value)
{
    UNICODE_STRING Found;
    NTSTATUS Status = STATUS_SUCCESS;
    BOOLEAN Own = Environment == NULL;

    if (Own) {
        RtlAcquirePebLock();
        Environment = NtCurrentPeb()->ProcessParameters->Environment;
    }
    if (RtlpFindVariable(Environment, Name, &Found) == NULL) {
        Status = STATUS_VARIABLE_NOT_FOUND;
    } else {
        Value->Length = Found.Length;
        if (Found.Length > Value->MaximumLength) {
            Status = STATUS_BUFFER_TOO_SMALL;
        } else {
            memcpy(Value->Buffer, Found.Buffer, Found.Length);
            if (Value->MaximumLength >= Found.Length + sizeof(WCHAR)) {
                Value->Buffer[Found.Length / sizeof(WCHAR)] = 0;
            }
        }
    }
    if (Own) {
        RtlReleasePebLock();
    }
    return Status;
}

/*
 * A new block: Old without the variable at Skip (NULL: none), and with
 * "Name=Value" at its place or at the end if Value is not NULL.
 */
static PWSTR RtlpEditEnvironment(
    PWSTR Old, PWSTR Skip, PCUNICODE_STRING Name, PCUNICODE_STRING Value)
{
    SIZE_T OldSize = RtlEnvironmentSize(Old);
    SIZE_T Room = OldSize + 2 * sizeof(WCHAR);
    PWSTR Rest, New, To;

    Room += Value != NULL ? Name->Length + Value->Length : 0;
    New = RtlpAllocate(Room + sizeof(WCHAR));
    if (New == NULL) {
        return NULL;
    }
    if (Skip == NULL) {
        for (Skip = Old; *Skip != 0; Skip = RtlpNextVariable(Skip)) {
        }
        Rest = Skip;
    } else {
        Rest = RtlpNextVariable(Skip);
    }
    memcpy(New, Old, (SIZE_T)((PUCHAR)Skip - (PUCHAR)Old));
    To = New + (Skip - Old);
    if (Value != NULL) {
        memcpy(To, Name->Buffer, Name->Length);
        To += Name->Length / sizeof(WCHAR);
        *To++ = L'=';
        memcpy(To, Value->Buffer, Value->Length);
        To += Value->Length / sizeof(WCHAR);
        *To++ = 0;
    }
    memcpy(To, Rest, OldSize - (SIZE_T)((PUCHAR)Rest - (PUCHAR)Old));
    if (To == New && *Rest == 0) {
        To[0] = To[1] = 0; /* nothing left */
    }
    return New;
}

NTSTATUS NTAPI RtlSetEnvironmentVariable(
    PWSTR *Environment, PCUNICODE_STRING Name, PCUNICODE_STRING Value)
{
    static WCHAR Empty[2];
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;
    UNICODE_STRING Found;
    NTSTATUS Status = STATUS_SUCCESS;
    PWSTR Old, Skip, New;

    if (Name->Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlAcquirePebLock();
    Old = Environment != NULL ? *Environment : Parameters->Environment;
    if (Old == NULL) {
        Old = Empty;
    }
    Skip = RtlpFindVariable(Old, Name, &Found);
    if (Skip == NULL && Value == NULL) {
        Status = STATUS_VARIABLE_NOT_FOUND;
    } else if ((New = RtlpEditEnvironment(Old, Skip, Name, Value)) == NULL) {
        Status = STATUS_NO_MEMORY;
    } else {
        if (Environment != NULL) {
            *Environment = New;
        } else {
            Parameters->Environment = New;
        }
        if (Old != Empty) {
            RtlpFree(Old); /* refuses what is not a heap block */
        }
    }
    RtlReleasePebLock();
    return Status;
}
