/* SPDX-License-Identifier: MIT */
/*
 * Opening files: the names of the ramdisk, NT's status for each refusal, relative
 * names, the devices.
 */
#include "tests/kernel/kt.h"
#include "io/iop.h"

#define SYSTEM_DLL L"\\SystemRoot\\system32\\ntdll.dll"

static NTSTATUS KtCreateFile(PCWSTR Path, HANDLE Root, ACCESS_MASK Access, ULONG Disposition,
    ULONG Options, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io = {.Information = 0};

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Root, NULL);
    *Handle = NULL;
    NTSTATUS Status = NtCreateFile((__force HANDLE __user *)Handle, Access,
        (__force OBJECT_ATTRIBUTES __user *)&Attributes, (__force IO_STATUS_BLOCK __user *)&Io,
        NULL, 0, FILE_SHARE_READ, Disposition, Options, NULL, 0);

    if (NT_SUCCESS(Status)) {
        ok_eq(Io.Information, FILE_OPENED);
        ok(NT_SUCCESS(Io.Status), "the status block says success");
    }
    return Status;
}

/* Opens and closes; the status is the opening's. */
static NTSTATUS KtTryOpen(PCWSTR Path, ACCESS_MASK Access, ULONG Disposition, ULONG Options)
{
    HANDLE Handle;
    NTSTATUS Status = KtCreateFile(Path, NULL, Access, Disposition, Options, &Handle);

    if (NT_SUCCESS(Status)) {
        ok_status(NtClose(Handle), STATUS_SUCCESS);
    }
    return Status;
}

START_TEST(io_names, "the ways to name a file, whatever the case")
{
    static const PCWSTR Names[] = {
        SYSTEM_DLL,
        L"\\SYSTEMROOT\\System32\\NTDLL.DLL",
        L"\\??\\C:\\WINDOWS\\system32\\ntdll.dll",
        L"\\DosDevices\\c:\\windows\\SYSTEM32\\ntdll.dll",
        L"\\Device\\Ramdisk\\windows\\system32\\ntdll.dll",
        L"\\Device\\Ramdisk",
        L"\\Device\\Ramdisk\\",
        L"\\SystemRoot",
        L"\\SystemRoot\\",
        L"\\SystemRoot\\system32\\",
        L"\\Device\\Console",
        L"\\device\\CONSOLE",
    };

    for (ULONG i = 0; i < ARRAYSIZE(Names); i++) {
        NTSTATUS Status = KtTryOpen(Names[i], FILE_READ_DATA, FILE_OPEN, 0);

        ok(Status == STATUS_SUCCESS, "%S: %s", Names[i], RtlNtStatusName(Status));
    }
}

START_TEST(io_open_status, "the status for each open that cannot be")
{
    static const struct {
        PCWSTR Path;
        ACCESS_MASK Access;
        ULONG Disposition;
        ULONG Options;
        NTSTATUS Status;
    } Cases[] = {
        {L"\\SystemRoot\\nothing", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {L"\\SystemRoot\\no\\thing", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_PATH_NOT_FOUND},
        {SYSTEM_DLL L"\\x", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_PATH_NOT_FOUND},
        {SYSTEM_DLL L"\\", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_INVALID},
        {L"\\SystemRoot\\\\system32", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_INVALID},
        {L"\\SystemRoot/system32", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {L"\\SystemRoot\\system32/ntdll.dll", GENERIC_READ, FILE_OPEN, 0,
            STATUS_OBJECT_NAME_INVALID},
        {L"\\Device\\Console\\x", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {L"\\Device", GENERIC_READ, FILE_OPEN, 0, STATUS_OBJECT_TYPE_MISMATCH},
        {SYSTEM_DLL, FILE_WRITE_DATA, FILE_OPEN, 0, STATUS_MEDIA_WRITE_PROTECTED},
        {SYSTEM_DLL, GENERIC_ALL, FILE_OPEN, 0, STATUS_MEDIA_WRITE_PROTECTED},
        {SYSTEM_DLL, MAXIMUM_ALLOWED, FILE_OPEN, 0, STATUS_SUCCESS},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN_IF, 0, STATUS_SUCCESS},
        {SYSTEM_DLL, GENERIC_READ, FILE_CREATE, 0, STATUS_OBJECT_NAME_COLLISION},
        {SYSTEM_DLL, GENERIC_READ, FILE_OVERWRITE, 0, STATUS_MEDIA_WRITE_PROTECTED},
        {SYSTEM_DLL, GENERIC_READ, FILE_SUPERSEDE, 0, STATUS_MEDIA_WRITE_PROTECTED},
        {L"\\SystemRoot\\new", GENERIC_READ, FILE_OPEN_IF, 0, STATUS_MEDIA_WRITE_PROTECTED},
        {L"\\SystemRoot\\new", GENERIC_READ, FILE_CREATE, 0, STATUS_MEDIA_WRITE_PROTECTED},
        {L"\\SystemRoot\\new", GENERIC_READ, FILE_OVERWRITE, 0, STATUS_OBJECT_NAME_NOT_FOUND},
        {L"\\SystemRoot\\no\\w", GENERIC_READ, FILE_CREATE, 0, STATUS_OBJECT_PATH_NOT_FOUND},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN, FILE_DIRECTORY_FILE, STATUS_NOT_A_DIRECTORY},
        {L"\\SystemRoot", GENERIC_READ, FILE_OPEN, FILE_NON_DIRECTORY_FILE,
            STATUS_FILE_IS_A_DIRECTORY},
        {L"\\Device\\Console", GENERIC_READ, FILE_OPEN, FILE_DIRECTORY_FILE,
            STATUS_NOT_A_DIRECTORY},
        {SYSTEM_DLL, FILE_READ_DATA, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT,
            STATUS_INVALID_PARAMETER},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO, STATUS_INVALID_PARAMETER},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN, FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE,
            STATUS_INVALID_PARAMETER},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN, 0x80000000, STATUS_INVALID_PARAMETER},
        {SYSTEM_DLL, GENERIC_READ, 6, 0, STATUS_INVALID_PARAMETER},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN, FILE_DELETE_ON_CLOSE, STATUS_INVALID_PARAMETER},
        {SYSTEM_DLL, DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE, STATUS_MEDIA_WRITE_PROTECTED},
        {SYSTEM_DLL, GENERIC_READ, FILE_OPEN, FILE_OPEN_BY_FILE_ID, STATUS_NOT_IMPLEMENTED},
        {SYSTEM_DLL, 0x0200, FILE_OPEN, 0, STATUS_ACCESS_DENIED},
    };

    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        NTSTATUS Status = KtTryOpen(
            Cases[i].Path, Cases[i].Access, Cases[i].Disposition, Cases[i].Options);

        ok(Status == Cases[i].Status, "case %u, %S: %s", i, Cases[i].Path,
            RtlNtStatusName(Status));
    }
}

START_TEST(io_relative, "names below an open directory")
{
    HANDLE Root, File, Again;

    ok_status(KtCreateFile(L"\\SystemRoot", NULL, GENERIC_READ, FILE_OPEN, FILE_DIRECTORY_FILE,
                  &Root),
        STATUS_SUCCESS);
    ok_status(KtCreateFile(L"system32\\ntdll.dll", Root, GENERIC_READ, FILE_OPEN, 0, &File),
        STATUS_SUCCESS);
    ok_status(KtCreateFile(L"nothing", Root, GENERIC_READ, FILE_OPEN, 0, &Again),
        STATUS_OBJECT_NAME_NOT_FOUND);
    ok_status(KtCreateFile(L"\\SystemRoot", Root, GENERIC_READ, FILE_OPEN, 0, &Again),
        STATUS_OBJECT_PATH_SYNTAX_BAD);
    ok_status(KtCreateFile(L"x", File, GENERIC_READ, FILE_OPEN, 0, &Again),
        STATUS_OBJECT_PATH_NOT_FOUND);
    ok_status(NtClose(File), STATUS_SUCCESS);
    ok_status(NtClose(Root), STATUS_SUCCESS);
}

START_TEST(io_device_type, "a device's name is no other kind of object")
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Ramdisk\\windows");
    PVOID Object;

    ok_status(ObReferenceObjectByName(&Name, 0, ExEventObjectType, NULL, &Object),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(ObReferenceObjectByName(&Name, 0, IoFileObjectType, NULL, &Object),
        STATUS_OBJECT_TYPE_MISMATCH);
}

START_TEST(io_backing, "the kernel's own way to a file's bytes")
{
    PMM_BACKING_FILE Backing;
    PVOID File;

    if (ok_status(IoOpenBackingFile(SYSTEM_DLL, &File, &Backing), STATUS_SUCCESS)) {
        ok(memcmp(Backing->Data, "MZ", 2) == 0, "it begins as a program does");
        ok_eq((ULONG_PTR)Backing->Data % PAGE_SIZE, 0);
        ok_eq(ObGetPointerCount(File), 1);
        ObDereferenceObject(File);
    }
    ok_status(IoOpenBackingFile(L"\\SystemRoot", &File, &Backing), STATUS_FILE_IS_A_DIRECTORY);
    ok_status(IoOpenBackingFile(L"\\Device\\Console", &File, &Backing),
        STATUS_INVALID_FILE_FOR_SECTION);
    ok_status(
        IoOpenBackingFile(L"\\SystemRoot\\x", &File, &Backing), STATUS_OBJECT_NAME_NOT_FOUND);
}
