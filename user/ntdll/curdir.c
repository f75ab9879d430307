/* SPDX-License-Identifier: MIT */
/*
 * The current directory: a path with a final backslash in the process
 * parameters, guarded by the PEB lock.
 *
 * NT also keeps a handle to the directory there, which stops others from
 * deleting it; the ramdisk cannot lose one.
 */
#include "user/ntdll/ntdllp.h"

#define RTLP_DIRECTORY_ROOM (MAX_PATH + 2) /* with final backslash and zero */

static WCHAR RtlpCurrentDirectory[RTLP_DIRECTORY_ROOM];

/* Path is Bytes long and fits. */
static VOID RtlpStoreDirectory(PCWSTR Path, ULONG Bytes)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    ULONG Length = Bytes / sizeof(WCHAR);

    memcpy(RtlpCurrentDirectory, Path, Bytes);
    if (RtlpCurrentDirectory[Length - 1] != L'\\') {
        RtlpCurrentDirectory[Length++] = L'\\';
    }
    RtlpCurrentDirectory[Length] = 0;
    Current->Buffer = RtlpCurrentDirectory;
    Current->Length = (USHORT)(Length * sizeof(WCHAR));
    Current->MaximumLength = sizeof(RtlpCurrentDirectory);
}

/* Takes over what the creator chose; the root of C: if that is not a directory's name. */
NTSTATUS RtlpInitializeCurrentDirectory(VOID)
{
    UNICODE_STRING Given = NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;

    if (Given.Length >= 3 * sizeof(WCHAR) && Given.Length <= MAX_PATH * sizeof(WCHAR)
        && Given.Buffer[1] == L':' && Given.Buffer[2] == L'\\') {
        RtlpStoreDirectory(Given.Buffer, Given.Length);
    } else {
        RtlpStoreDirectory(L"C:\\", 3 * sizeof(WCHAR));
    }
    return STATUS_SUCCESS;
}

ULONG NTAPI RtlGetCurrentDirectory_U(ULONG BufferLength, PWSTR Buffer)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    ULONG Bytes;

    RtlAcquirePebLock();
    Bytes = Current->Length;
    if (Bytes > 3 * sizeof(WCHAR)) {
        Bytes -= sizeof(WCHAR); /* only a root keeps its backslash */
    }
    if (Bytes + sizeof(WCHAR) > BufferLength) {
        Bytes += sizeof(WCHAR);
    } else {
        memcpy(Buffer, Current->Buffer, Bytes);
        Buffer[Bytes / sizeof(WCHAR)] = 0;
    }
    RtlReleasePebLock();
    return Bytes;
}

/* STATUS_OBJECT_NAME_NOT_FOUND and the like, or STATUS_NOT_A_DIRECTORY. */
static NTSTATUS RtlpCheckDirectory(PCWSTR Path)
{
    UNICODE_STRING NtPath;
    OBJECT_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Information;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(Path, &NtPath, NULL, NULL)) {
        return STATUS_NO_MEMORY;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtQueryAttributesFile(&Attributes, &Information);
    RtlFreeUnicodeString(&NtPath);
    if (NT_SUCCESS(Status) && (Information.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        return STATUS_NOT_A_DIRECTORY;
    }
    return Status;
}

NTSTATUS NTAPI RtlSetCurrentDirectory_U(PUNICODE_STRING Path)
{
    WCHAR Full[RTLP_DIRECTORY_ROOM];
    UNICODE_STRING Terminated;
    ULONG Bytes;
    NTSTATUS Status = RtlDuplicateUnicodeString(0, Path, &Terminated);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Bytes = RtlGetFullPathName_U(Terminated.Buffer, sizeof(Full), Full, NULL);
    RtlFreeUnicodeString(&Terminated);
    if (Bytes == 0 || Bytes > MAX_PATH * sizeof(WCHAR) || Full[1] != L':') {
        return STATUS_OBJECT_NAME_INVALID;
    }
    /* The ramdisk looks names up without a final backslash. */
    if (Bytes > 3 * sizeof(WCHAR) && Full[Bytes / sizeof(WCHAR) - 1] == L'\\') {
        Bytes -= sizeof(WCHAR);
        Full[Bytes / sizeof(WCHAR)] = 0;
    }
    Status = RtlpCheckDirectory(Full);
    if (NT_SUCCESS(Status)) {
        RtlAcquirePebLock();
        RtlpStoreDirectory(Full, Bytes);
        RtlReleasePebLock();
    }
    return Status;
}
