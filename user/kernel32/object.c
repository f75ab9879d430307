/* SPDX-License-Identifier: MIT */
/*
 * Handles, and what all exports that take names, timeouts or security
 * attributes turn them into.
 */
#include "user/kernel32/base.h"

/* A name that is too long becomes one that no object can have, and is refused. */
static PUNICODE_STRING BasepFullName(PBASE_OBJECT_NAME Buffer, PCWSTR Name)
{
    Buffer->Name.Length = 0;
    Buffer->Name.MaximumLength = sizeof(Buffer->Path);
    Buffer->Name.Buffer = Buffer->Path;
    if (!NT_SUCCESS(RtlAppendUnicodeToString(&Buffer->Name, BASE_NAMED_OBJECTS L"\\")) ||
        !NT_SUCCESS(RtlAppendUnicodeToString(&Buffer->Name, Name))) {
        Buffer->Name.Length = 0;
    }
    return &Buffer->Name;
}

/*
 * Win32 names live below one directory.  Objects without a name need no
 * attributes at all unless the handle is to be inherited.
 */
POBJECT_ATTRIBUTES BaseFormatObjectAttributes(
    PBASE_OBJECT_NAME Buffer, const SECURITY_ATTRIBUTES *Security, PCWSTR Name)
{
    BOOLEAN Inherit = Security != NULL && Security->bInheritHandle;
    PVOID Descriptor = Security != NULL ? Security->lpSecurityDescriptor : NULL;

    if (Name == NULL && !Inherit && Descriptor == NULL) {
        return NULL;
    }
    InitializeObjectAttributes(&Buffer->Attributes,
        Name != NULL ? BasepFullName(Buffer, Name) : NULL,
        (Inherit ? OBJ_INHERIT : 0) | (Name != NULL ? OBJ_OPENIF : 0), NULL, Descriptor);
    return &Buffer->Attributes;
}

/* Relative time in 100 ns; NULL waits for ever. */
PLARGE_INTEGER BaseFormatTimeout(PLARGE_INTEGER Timeout, DWORD Milliseconds)
{
    if (Milliseconds == INFINITE) {
        return NULL;
    }
    Timeout->QuadPart = -(LONGLONG)Milliseconds * 10000;
    return Timeout;
}

/* NULL stays NULL; else the caller frees with RtlFreeUnicodeString. */
NTSTATUS BaseAnsiName(PCSTR Name, PUNICODE_STRING Unicode)
{
    Unicode->Buffer = NULL;
    if (Name == NULL) {
        return STATUS_SUCCESS;
    }
    return RtlCreateUnicodeStringFromAsciiz(Unicode, Name) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

BOOL WINAPI CloseHandle(HANDLE Handle)
{
    return BaseResult(NtClose(Handle));
}

BOOL WINAPI DuplicateHandle(HANDLE SourceProcess, HANDLE Source, HANDLE TargetProcess,
    LPHANDLE Target, DWORD DesiredAccess, BOOL Inherit, DWORD Options)
{
    return BaseResult(NtDuplicateObject(SourceProcess, Source, TargetProcess, Target,
        DesiredAccess, Inherit ? OBJ_INHERIT : 0, Options));
}

BOOL WINAPI GetHandleInformation(HANDLE Handle, LPDWORD Flags)
{
    OBJECT_DATA_INFORMATION Information;
    NTSTATUS Status = NtQueryObject(
        Handle, ObjectHandleFlagInformation, &Information, sizeof(Information), NULL);

    if (!NT_SUCCESS(Status)) {
        return BaseSetLastNTError(Status);
    }
    *Flags = (Information.InheritHandle ? HANDLE_FLAG_INHERIT : 0) |
             (Information.ProtectFromClose ? HANDLE_FLAG_PROTECT_FROM_CLOSE : 0);
    return TRUE;
}

/* Flags outside Mask stay as they are. */
BOOL WINAPI SetHandleInformation(HANDLE Handle, DWORD Mask, DWORD Flags)
{
    OBJECT_DATA_INFORMATION Information;
    NTSTATUS Status = NtQueryObject(
        Handle, ObjectHandleFlagInformation, &Information, sizeof(Information), NULL);

    if (!NT_SUCCESS(Status)) {
        return BaseSetLastNTError(Status);
    }
    if (Mask & HANDLE_FLAG_INHERIT) {
        Information.InheritHandle = (Flags & HANDLE_FLAG_INHERIT) != 0;
    }
    if (Mask & HANDLE_FLAG_PROTECT_FROM_CLOSE) {
        Information.ProtectFromClose = (Flags & HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0;
    }
    return BaseResult(NtSetInformationObject(
        Handle, ObjectHandleFlagInformation, &Information, sizeof(Information)));
}
