/* SPDX-License-Identifier: MIT */
/*
 * From the name of a DLL to an open file.
 *
 * Order: the system directory, the directories of DllPath, the directory of the
 * EXE.  NT asks the object directory \KnownDlls before anything else, so that
 * system DLLs cannot be replaced by files next to the program and need not be
 * searched; the system directory in front has the same effect here.
 */
#include "ldr/ldrp.h"

#define LDRP_MAXIMUM_PATH 300 /* characters, "\??\" included */

static const WCHAR LdrpNtPrefix[] = L"\\??\\";
#define LDRP_PREFIX_LENGTH 4

static BOOLEAN LdrpHasPath(PCUNICODE_STRING Name)
{
    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        if (Name->Buffer[i] == L'\\' || Name->Buffer[i] == L'/' || Name->Buffer[i] == L':') {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN LdrpHasExtension(PCUNICODE_STRING Name)
{
    for (USHORT i = Name->Length / sizeof(WCHAR); i > 0 && Name->Buffer[i - 1] != L'\\'; i--) {
        if (Name->Buffer[i - 1] == L'.') {
            return TRUE;
        }
    }
    return FALSE;
}

/* Makes a name with a path absolute; copies any other. */
static NTSTATUS LdrpCopyName(PCUNICODE_STRING Name, PUNICODE_STRING Copy)
{
    UNICODE_STRING Terminated;
    ULONG Bytes;
    NTSTATUS Status;

    if (!LdrpHasPath(Name)) {
        return RtlAppendUnicodeStringToString(Copy, Name);
    }
    Status = RtlDuplicateUnicodeString(0, Name, &Terminated);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Bytes = RtlGetFullPathName_U(Terminated.Buffer, Copy->MaximumLength, Copy->Buffer, NULL);
    RtlFreeUnicodeString(&Terminated);
    if (Bytes == 0 || Bytes >= Copy->MaximumLength) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Copy->Length = (USHORT)Bytes;
    return STATUS_SUCCESS;
}

/* A final dot, as on NT, says that there is no extension. */
NTSTATUS LdrpCompleteName(PCUNICODE_STRING Name, PUNICODE_STRING Complete)
{
    WCHAR Buffer[LDRP_MAXIMUM_PATH];
    UNICODE_STRING Copy = {0, sizeof(Buffer), Buffer};
    NTSTATUS Status;

    if (Name->Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = LdrpCopyName(Name, &Copy);
    if (NT_SUCCESS(Status) && !LdrpHasExtension(Name)) {
        Status = RtlAppendUnicodeToString(&Copy, L".dll");
    } else if (NT_SUCCESS(Status) && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] == L'.'
        && Copy.Buffer[Copy.Length / sizeof(WCHAR) - 1] == L'.') {
        Copy.Length -= sizeof(WCHAR);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return RtlDuplicateUnicodeString(0, &Copy, Complete);
}

static NTSTATUS LdrpOpenFile(PUNICODE_STRING NtPath, PHANDLE File)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;

    InitializeObjectAttributes(&Attributes, NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(File, SYNCHRONIZE | FILE_EXECUTE | FILE_READ_DATA, &Attributes, &IoStatus,
        FILE_SHARE_READ | FILE_SHARE_DELETE,
        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
}

/* Opens Directory\Name (Directory may be empty); FullName is the DOS form. */
static NTSTATUS LdrpTryDirectory(PCUNICODE_STRING Directory, PCUNICODE_STRING Name,
    PUNICODE_STRING FullName, PHANDLE File)
{
    WCHAR Buffer[LDRP_MAXIMUM_PATH];
    UNICODE_STRING Path = {0, sizeof(Buffer), Buffer};
    UNICODE_STRING DosPath;
    NTSTATUS Status = RtlAppendUnicodeToString(&Path, LdrpNtPrefix);

    if (NT_SUCCESS(Status)) {
        Status = RtlAppendUnicodeStringToString(&Path, Directory);
    }
    if (NT_SUCCESS(Status) && Directory->Length != 0
        && Path.Buffer[Path.Length / sizeof(WCHAR) - 1] != L'\\') {
        Status = RtlAppendUnicodeToString(&Path, L"\\");
    }
    if (NT_SUCCESS(Status)) {
        Status = RtlAppendUnicodeStringToString(&Path, Name);
    }
    if (!NT_SUCCESS(Status)) {
        return STATUS_OBJECT_NAME_NOT_FOUND; /* too long to be a file's */
    }
    Status = LdrpOpenFile(&Path, File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DosPath.Buffer = Path.Buffer + LDRP_PREFIX_LENGTH;
    DosPath.Length = Path.Length - LDRP_PREFIX_LENGTH * sizeof(WCHAR);
    DosPath.MaximumLength = DosPath.Length;
    Status = RtlDuplicateUnicodeString(0, &DosPath, FullName);
    if (!NT_SUCCESS(Status)) {
        (void)NtClose(*File);
    }
    return Status;
}

/* Is this a reason to look in the next directory? */
static BOOLEAN LdrpIsNotFound(NTSTATUS Status)
{
    return Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND
        || Status == STATUS_OBJECT_NAME_INVALID || Status == STATUS_OBJECT_PATH_INVALID
        || Status == STATUS_OBJECT_PATH_SYNTAX_BAD || Status == STATUS_NO_SUCH_FILE
        || Status == STATUS_FILE_IS_A_DIRECTORY;
}

static NTSTATUS LdrpTrySystemDirectory(
    PCUNICODE_STRING Name, PUNICODE_STRING FullName, PHANDLE File)
{
    WCHAR Buffer[LDRP_MAXIMUM_PATH];
    UNICODE_STRING Directory = {0, sizeof(Buffer), Buffer};

    if (!NT_SUCCESS(RtlAppendUnicodeToString(&Directory, USER_SHARED_DATA->NtSystemRoot))
        || !NT_SUCCESS(RtlAppendUnicodeToString(&Directory, L"\\system32"))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return LdrpTryDirectory(&Directory, Name, FullName, File);
}

/* The ';'-separated directories of Path in turn. */
static NTSTATUS LdrpTryPath(
    PCWSTR Path, PCUNICODE_STRING Name, PUNICODE_STRING FullName, PHANDLE File)
{
    NTSTATUS Status = STATUS_OBJECT_NAME_NOT_FOUND;

    while (*Path != 0 && LdrpIsNotFound(Status)) {
        UNICODE_STRING Directory = {.Buffer = (PWSTR)Path};
        while (*Path != 0 && *Path != L';' && Directory.Length < 0xFF00) {
            Directory.Length += sizeof(WCHAR);
            Path++;
        }
        if (Directory.Length != 0) {
            Status = LdrpTryDirectory(&Directory, Name, FullName, File);
        }
        if (*Path == L';') {
            Path++;
        }
    }
    return Status;
}

static NTSTATUS LdrpTryImageDirectory(
    PCUNICODE_STRING Name, PUNICODE_STRING FullName, PHANDLE File)
{
    UNICODE_STRING Directory = LdrpImageModule->Entry.FullDllName;

    Directory.Length -= LdrpImageModule->Entry.BaseDllName.Length;
    return Directory.Length == 0 ? STATUS_OBJECT_NAME_NOT_FOUND
                                 : LdrpTryDirectory(&Directory, Name, FullName, File);
}

/*
 * LdrpOpenDll - find and open the file of a DLL; Name is a complete one.
 *
 * STATUS_DLL_NOT_FOUND if it is nowhere; another failure than not finding it
 * (no memory, say) ends the search and is returned.
 */
NTSTATUS LdrpOpenDll(
    PCWSTR DllPath, PCUNICODE_STRING Name, PUNICODE_STRING FullName, PHANDLE File)
{
    static const UNICODE_STRING Nowhere;
    NTSTATUS Status;

    if (LdrpHasPath(Name)) {
        Status = LdrpTryDirectory(&Nowhere, Name, FullName, File);
    } else {
        if (DllPath == NULL) {
            DllPath = NtCurrentPeb()->ProcessParameters->DllPath.Buffer;
        }
        Status = LdrpTrySystemDirectory(Name, FullName, File);
        if (LdrpIsNotFound(Status) && DllPath != NULL) {
            Status = LdrpTryPath(DllPath, Name, FullName, File);
        }
        if (LdrpIsNotFound(Status)) {
            Status = LdrpTryImageDirectory(Name, FullName, File);
        }
    }
    return LdrpIsNotFound(Status) ? STATUS_DLL_NOT_FOUND : Status;
}
