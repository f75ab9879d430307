/* SPDX-License-Identifier: MIT */
/*
 * Files and the console.  The ramdisk is read-only: CreateFile opens what exists.
 * Nothing is overlapped: an OVERLAPPED gives the offset and the call still waits.
 */
#include "user/kernel32/base.h"

static NTSTATUS BasepDosToNt(PCWSTR Path, PUNICODE_STRING NtPath)
{
    return RtlDosPathNameToNtPathName_U(Path, NtPath, NULL, NULL) ? STATUS_SUCCESS
                                                                  : STATUS_OBJECT_PATH_NOT_FOUND;
}

/* The rest of the dispositions make or empty files. */
static BOOLEAN BasepOpensExisting(DWORD Disposition)
{
    return Disposition == OPEN_EXISTING || Disposition == OPEN_ALWAYS;
}

HANDLE WINAPI CreateFileW(LPCWSTR FileName, DWORD Access, DWORD Share,
    LPSECURITY_ATTRIBUTES Security, DWORD Disposition, DWORD FlagsAndAttributes, HANDLE Template)
{
    BOOLEAN Directory = (FlagsAndAttributes & FILE_FLAG_BACKUP_SEMANTICS) != 0;
    ULONG Inherit = Security != NULL && Security->bInheritHandle ? OBJ_INHERIT : 0;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;
    HANDLE Handle = INVALID_HANDLE_VALUE;
    NTSTATUS Status = BasepDosToNt(FileName, &Name);

    UNREFERENCED_PARAMETER(Template);
    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return INVALID_HANDLE_VALUE;
    }
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | Inherit, NULL, NULL);
    if (BasepOpensExisting(Disposition)) {
        Status = NtOpenFile(&Handle, Access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, &Attributes,
            &Iosb, Share,
            FILE_SYNCHRONOUS_IO_NONALERT | (Directory ? 0 : FILE_NON_DIRECTORY_FILE));
    } else {
        Status = STATUS_MEDIA_WRITE_PROTECTED;
    }
    RtlFreeUnicodeString(&Name);
    return BaseResult(Status) ? Handle : INVALID_HANDLE_VALUE;
}

HANDLE WINAPI CreateFileA(LPCSTR FileName, DWORD Access, DWORD Share,
    LPSECURITY_ATTRIBUTES Security, DWORD Disposition, DWORD FlagsAndAttributes, HANDLE Template)
{
    UNICODE_STRING Unicode;
    NTSTATUS Status = BaseAnsiName(FileName, &Unicode);
    HANDLE Handle;

    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return INVALID_HANDLE_VALUE;
    }
    Handle = CreateFileW(
        Unicode.Buffer, Access, Share, Security, Disposition, FlagsAndAttributes, Template);
    RtlFreeUnicodeString(&Unicode);
    return Handle;
}

DWORD WINAPI GetFileAttributesW(LPCWSTR FileName)
{
    FILE_BASIC_INFORMATION Information = {.FileAttributes = INVALID_FILE_ATTRIBUTES};
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    NTSTATUS Status = BasepDosToNt(FileName, &Name);

    if (NT_SUCCESS(Status)) {
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        Status = NtQueryAttributesFile(&Attributes, &Information);
        RtlFreeUnicodeString(&Name);
    }
    return BaseResult(Status) ? Information.FileAttributes : INVALID_FILE_ATTRIBUTES;
}

/* Where an OVERLAPPED says; NULL means the file's current position. */
static PLARGE_INTEGER BasepByteOffset(PLARGE_INTEGER Offset, const OVERLAPPED *Overlapped)
{
    if (Overlapped == NULL) {
        return NULL;
    }
    Offset->LowPart = Overlapped->Offset;
    Offset->HighPart = (LONG)Overlapped->OffsetHigh;
    return Offset;
}

BOOL WINAPI ReadFile(
    HANDLE File, LPVOID Buffer, DWORD Length, LPDWORD Read, LPOVERLAPPED Overlapped)
{
    IO_STATUS_BLOCK Iosb = {.Information = 0};
    LARGE_INTEGER Offset;
    NTSTATUS Status = NtReadFile(File, NULL, NULL, NULL, &Iosb, Buffer, Length,
        BasepByteOffset(&Offset, Overlapped), NULL);

    if (Status == STATUS_END_OF_FILE) { /* to Win32: nothing read, and no error */
        Status = STATUS_SUCCESS;
        Iosb.Information = 0;
    }
    if (Read != NULL) {
        *Read = NT_SUCCESS(Status) ? (DWORD)Iosb.Information : 0;
    }
    return BaseResult(Status);
}

BOOL WINAPI WriteFile(
    HANDLE File, LPCVOID Buffer, DWORD Length, LPDWORD Written, LPOVERLAPPED Overlapped)
{
    IO_STATUS_BLOCK Iosb = {.Information = 0};
    LARGE_INTEGER Offset;
    NTSTATUS Status = NtWriteFile(File, NULL, NULL, NULL, &Iosb, (PVOID)Buffer, Length,
        BasepByteOffset(&Offset, Overlapped), NULL);

    if (Written != NULL) {
        *Written = NT_SUCCESS(Status) ? (DWORD)Iosb.Information : 0;
    }
    return BaseResult(Status);
}

DWORD WINAPI GetFileSize(HANDLE File, LPDWORD High)
{
    FILE_STANDARD_INFORMATION Information;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = NtQueryInformationFile(
        File, &Iosb, &Information, sizeof(Information), FileStandardInformation);

    if (!BaseResult(Status)) {
        return INVALID_FILE_SIZE;
    }
    if (High != NULL) {
        *High = (DWORD)Information.EndOfFile.HighPart;
    }
    return Information.EndOfFile.LowPart;
}

DWORD WINAPI GetCurrentDirectoryW(DWORD Length, LPWSTR Buffer)
{
    return RtlGetCurrentDirectory_U(Length * sizeof(WCHAR), Buffer) / sizeof(WCHAR);
}

BOOL WINAPI SetCurrentDirectoryW(LPCWSTR Path)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    return BaseResult(RtlSetCurrentDirectory_U(&Name));
}
