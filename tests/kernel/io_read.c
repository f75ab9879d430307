/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and asking about an open file; the console.
 */
#include "tests/kernel/kt.h"
#include "io/iop.h"

#define SYSTEM_DLL L"\\SystemRoot\\system32\\ntdll.dll"

static NTSTATUS KtOpen(PCWSTR Path, ACCESS_MASK Access, ULONG Options, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile((__force HANDLE __user *)Handle, Access,
        (__force OBJECT_ATTRIBUTES __user *)&Attributes, (__force IO_STATUS_BLOCK __user *)&Io,
        FILE_SHARE_READ, Options);
}

/* Offset -1: where the file stands.  *Done is 0 unless the read succeeded. */
static NTSTATUS KtRead(
    HANDLE File, HANDLE Event, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done)
{
    LARGE_INTEGER Where = {.QuadPart = Offset};
    IO_STATUS_BLOCK Io = {.Information = 0};
    NTSTATUS Status = NtReadFile(File, Event, NULL, NULL, (__force IO_STATUS_BLOCK __user *)&Io,
        (__force VOID __user *)Buffer, Length,
        Offset == -1 ? NULL : (__force LARGE_INTEGER __user *)&Where, NULL);

    *Done = (ULONG)Io.Information;
    return Status;
}

static LONGLONG KtPosition(HANDLE File)
{
    FILE_POSITION_INFORMATION Position = {.CurrentByteOffset.QuadPart = -1};
    IO_STATUS_BLOCK Io;

    ok_status(NtQueryInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Position, sizeof(Position), FilePositionInformation),
        STATUS_SUCCESS);
    return Position.CurrentByteOffset.QuadPart;
}

static NTSTATUS KtSetPosition(HANDLE File, LONGLONG Offset)
{
    FILE_POSITION_INFORMATION Position = {.CurrentByteOffset.QuadPart = Offset};
    IO_STATUS_BLOCK Io;

    return NtSetInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
        (__force VOID __user *)&Position, sizeof(Position), FilePositionInformation);
}

static LONGLONG KtFileSize(HANDLE File)
{
    FILE_STANDARD_INFORMATION Standard = {.EndOfFile.QuadPart = 0};
    IO_STATUS_BLOCK Io;

    ok_status(NtQueryInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Standard, sizeof(Standard), FileStandardInformation),
        STATUS_SUCCESS);
    ok_eq(Io.Information, sizeof(Standard));
    ok(!Standard.Directory && !Standard.DeletePending, "a file that stays");
    return Standard.EndOfFile.QuadPart;
}

START_TEST(io_read, "reads at both ends of a file and where it stands")
{
    HANDLE File;
    UCHAR Buffer[16] = {0};
    ULONG Done;

    ok_status(KtOpen(SYSTEM_DLL, GENERIC_READ, FILE_SYNCHRONOUS_IO_NONALERT, &File),
        STATUS_SUCCESS);
    LONGLONG Size = KtFileSize(File);

    ok_status(KtRead(File, NULL, Buffer, 2, -1, &Done), STATUS_SUCCESS);
    ok(Done == 2 && memcmp(Buffer, "MZ", 2) == 0, "the first two bytes");
    ok_eq(KtPosition(File), 2);
    ok_status(KtRead(File, NULL, Buffer, 16, Size - 5, &Done), STATUS_SUCCESS);
    ok_eq(Done, 5);
    ok_eq(KtPosition(File), Size);
    ok_status(KtRead(File, NULL, Buffer, 16, -1, &Done), STATUS_END_OF_FILE);
    ok_status(KtRead(File, NULL, Buffer, 0, -1, &Done), STATUS_SUCCESS);
    ok_status(KtRead(File, NULL, Buffer, 1, Size, &Done), STATUS_END_OF_FILE);
    ok_status(KtRead(File, NULL, Buffer, 1, 0x7FFFFFFFFFFFFFFFLL, &Done), STATUS_END_OF_FILE);
    ok_status(KtRead(File, NULL, Buffer, 1, 0x100000000LL, &Done), STATUS_END_OF_FILE);
    ok_status(KtRead(File, NULL, Buffer, 1, -7, &Done), STATUS_INVALID_PARAMETER);
    ok_status(KtSetPosition(File, 1), STATUS_SUCCESS);
    ok_status(KtRead(File, NULL, Buffer, 1, -1, &Done), STATUS_SUCCESS);
    ok_eq(Buffer[0], 'Z');
    ok_status(KtSetPosition(File, -1), STATUS_INVALID_PARAMETER);
    ok_status(NtClose(File), STATUS_SUCCESS);
}

START_TEST(io_read_refused, "reads that the handle does not allow")
{
    HANDLE File;
    UCHAR Byte;
    ULONG Done;
    LARGE_INTEGER Start = {.QuadPart = 0};
    IO_STATUS_BLOCK Io;

    ok_status(KtOpen(SYSTEM_DLL, GENERIC_READ, 0, &File), STATUS_SUCCESS);
    ok_status(KtRead(File, NULL, &Byte, 1, -1, &Done), STATUS_INVALID_PARAMETER);
    ok_status(KtRead(File, NULL, &Byte, 1, 0, &Done), STATUS_SUCCESS);
    ok_status(NtReadFile(File, NULL, &Byte, NULL, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Byte, 1, NULL, NULL),
        STATUS_NOT_IMPLEMENTED);
    ok_status(NtWriteFile(File, NULL, NULL, NULL, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Byte, 1, (__force LARGE_INTEGER __user *)&Start, NULL),
        STATUS_MEDIA_WRITE_PROTECTED);
    ok_status(NtClose(File), STATUS_SUCCESS);
    ok_status(KtRead(File, NULL, &Byte, 1, 0, &Done), STATUS_INVALID_HANDLE);
    ok_status(KtOpen(L"\\SystemRoot", GENERIC_READ, FILE_SYNCHRONOUS_IO_NONALERT, &File),
        STATUS_SUCCESS);
    ok_status(KtRead(File, NULL, &Byte, 1, -1, &Done), STATUS_INVALID_DEVICE_REQUEST);
    ok_status(NtClose(File), STATUS_SUCCESS);
}

START_TEST(io_event, "a read signals its event, a file is always signalled")
{
    HANDLE File, Event;
    UCHAR Byte;
    ULONG Done;
    LARGE_INTEGER Now = {.QuadPart = 0};

    ok_status(KtOpen(SYSTEM_DLL, GENERIC_READ, FILE_SYNCHRONOUS_IO_NONALERT, &File),
        STATUS_SUCCESS);
    ok_status(NtCreateEvent((__force HANDLE __user *)&Event, EVENT_ALL_ACCESS, NULL,
                  NotificationEvent, TRUE),
        STATUS_SUCCESS);
    ok_status(KtRead(File, Event, &Byte, 1, 0x10000000, &Done), STATUS_END_OF_FILE);
    ok_status(NtWaitForSingleObject(Event, FALSE, (__force LARGE_INTEGER __user *)&Now),
        STATUS_TIMEOUT);
    ok_status(KtRead(File, Event, &Byte, 1, 0, &Done), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Event, FALSE, (__force LARGE_INTEGER __user *)&Now),
        STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(File, FALSE, (__force LARGE_INTEGER __user *)&Now),
        STATUS_SUCCESS);
    ok_status(KtRead(File, File, &Byte, 1, 0, &Done), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(File), STATUS_SUCCESS);
}

START_TEST(io_query, "information classes, their lengths, attributes by name")
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32");
    OBJECT_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Basic = {.FileAttributes = 0};
    IO_STATUS_BLOCK Io;
    HANDLE File;

    ok_status(KtOpen(SYSTEM_DLL, GENERIC_READ, 0, &File), STATUS_SUCCESS);
    ok_status(NtQueryInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Basic, sizeof(Basic), FileBasicInformation),
        STATUS_SUCCESS);
    ok_eq(Basic.FileAttributes, FILE_ATTRIBUTE_READONLY);
    ok_status(NtQueryInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Basic, sizeof(Basic) - 1, FileBasicInformation),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtQueryInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Basic, sizeof(Basic), (FILE_INFORMATION_CLASS)9),
        STATUS_INVALID_INFO_CLASS);
    ok_status(NtSetInformationFile(File, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)&Basic, sizeof(Basic), FileBasicInformation),
        STATUS_INVALID_INFO_CLASS);
    ok_status(NtClose(File), STATUS_SUCCESS);

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    ok_status(NtQueryAttributesFile((__force OBJECT_ATTRIBUTES __user *)&Attributes,
                  (__force FILE_BASIC_INFORMATION __user *)&Basic),
        STATUS_SUCCESS);
    ok_eq(Basic.FileAttributes, FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_DIRECTORY);
}

START_TEST(io_console, "text on the console, in one piece and in many")
{
    static const CHAR Text[] = "# what a program writes to the console\n";
    CHAR Long[600];
    IO_STATUS_BLOCK Io = {.Information = 0};
    HANDLE Console;
    ULONG Done;

    ok_status(KtOpen(L"\\Device\\Console", GENERIC_READ | GENERIC_WRITE,
                  FILE_SYNCHRONOUS_IO_NONALERT, &Console),
        STATUS_SUCCESS);
    ok_status(NtWriteFile(Console, NULL, NULL, NULL, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)Text, sizeof(Text) - 1, NULL, NULL),
        STATUS_SUCCESS);
    ok_eq(Io.Information, sizeof(Text) - 1);
    for (ULONG i = 0; i < sizeof(Long); i++) {
        Long[i] = i % 60 == 0 ? '#' : i % 60 == 59 ? '\n' : '.';
    }
    ok_status(NtWriteFile(Console, NULL, NULL, NULL, (__force IO_STATUS_BLOCK __user *)&Io,
                  (__force VOID __user *)Long, sizeof(Long), NULL, NULL),
        STATUS_SUCCESS);
    ok_eq(Io.Information, sizeof(Long));
    ok_status(KtRead(Console, NULL, Long, 0, -1, &Done), STATUS_SUCCESS);
    ok_status(NtClose(Console), STATUS_SUCCESS);
}
