/* SPDX-License-Identifier: MIT */
/*
 * What is known about a file: NtQueryInformationFile, NtSetInformationFile and
 * NtQueryAttributesFile.  Classes that are not here: STATUS_INVALID_INFO_CLASS.
 */
#include "io/iop.h"

typedef union _IOP_INFORMATION {
    FILE_BASIC_INFORMATION Basic;
    FILE_STANDARD_INFORMATION Standard;
    FILE_POSITION_INFORMATION Position;
} IOP_INFORMATION, *PIOP_INFORMATION;

/* File NULL: a device, which has no times. */
static void IopQueryBasic(const IOP_FILE *File, FILE_BASIC_INFORMATION *Basic)
{
    RtlZeroMemory(Basic, sizeof(*Basic));
    if (File == NULL) {
        Basic->FileAttributes = FILE_ATTRIBUTE_NORMAL;
        return;
    }
    Basic->CreationTime = Basic->LastAccessTime = File->Time;
    Basic->LastWriteTime = Basic->ChangeTime = File->Time;
    Basic->FileAttributes =
        FILE_ATTRIBUTE_READONLY | (File->Directory ? FILE_ATTRIBUTE_DIRECTORY : 0);
}

static void IopQueryStandard(const IOP_FILE *File, FILE_STANDARD_INFORMATION *Standard)
{
    RtlZeroMemory(Standard, sizeof(*Standard));
    Standard->NumberOfLinks = 1;
    if (File != NULL) {
        Standard->EndOfFile.QuadPart = (LONGLONG)File->Backing.Size;
        Standard->AllocationSize.QuadPart =
            (LONGLONG)ALIGN_UP_BY(File->Backing.Size, PAGE_SIZE);
        Standard->Directory = File->Directory;
    }
}

static void IopQueryPosition(PFILE_OBJECT File, FILE_POSITION_INFORMATION *Position)
{
    KeAcquireGuardedMutex(&File->Lock);
    Position->CurrentByteOffset = File->CurrentByteOffset;
    KeReleaseGuardedMutex(&File->Lock);
}

static NTSTATUS IopSetPosition(PFILE_OBJECT File, const FILE_POSITION_INFORMATION *Position)
{
    if (Position->CurrentByteOffset.QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    KeAcquireGuardedMutex(&File->Lock);
    File->CurrentByteOffset = Position->CurrentByteOffset;
    KeReleaseGuardedMutex(&File->Lock);
    return STATUS_SUCCESS;
}

/* 0: the class is not implemented. */
static ULONG IopInformationSize(FILE_INFORMATION_CLASS InformationClass)
{
    switch (InformationClass) {
    case FileBasicInformation:
        return sizeof(FILE_BASIC_INFORMATION);
    case FileStandardInformation:
        return sizeof(FILE_STANDARD_INFORMATION);
    case FilePositionInformation:
        return sizeof(FILE_POSITION_INFORMATION);
    default:
        return 0;
    }
}

static NTSTATUS IopCheckLength(ULONG Size, ULONG Length)
{
    if (Size == 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    return Length < Size ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
}

static void IopQuery(
    PFILE_OBJECT File, FILE_INFORMATION_CLASS InformationClass, PIOP_INFORMATION Answer)
{
    if (InformationClass == FileBasicInformation) {
        IopQueryBasic(File->File, &Answer->Basic);
    } else if (InformationClass == FileStandardInformation) {
        IopQueryStandard(File->File, &Answer->Standard);
    } else {
        IopQueryPosition(File, &Answer->Position);
    }
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE FileHandle, IO_STATUS_BLOCK __user *IoStatusBlock,
    VOID __user *Information, ULONG Length, FILE_INFORMATION_CLASS InformationClass)
{
    ULONG Size = IopInformationSize(InformationClass);
    IOP_INFORMATION Answer;
    PFILE_OBJECT File;
    NTSTATUS Status = IopCheckLength(Size, Length);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopReferenceFile(FileHandle,
        InformationClass == FileBasicInformation ? FILE_READ_ATTRIBUTES : 0, &File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IopQuery(File, InformationClass, &Answer);
    ObDereferenceObject(File);
    Status = MmCopyToUser(Information, &Answer, Size);
    return NT_SUCCESS(Status) ? IopWriteStatusBlock(IoStatusBlock, STATUS_SUCCESS, Size) : Status;
}

/* The position only: nothing else of a file on a read-only disk can be changed. */
NTSTATUS NTAPI NtSetInformationFile(HANDLE FileHandle, IO_STATUS_BLOCK __user *IoStatusBlock,
    VOID __user *Information, ULONG Length, FILE_INFORMATION_CLASS InformationClass)
{
    FILE_POSITION_INFORMATION Position;
    PFILE_OBJECT File;
    NTSTATUS Status = IopCheckLength(
        InformationClass == FilePositionInformation ? sizeof(Position) : 0, Length);

    if (NT_SUCCESS(Status)) {
        Status = MmCopyFromUser(&Position, Information, sizeof(Position));
    }
    if (NT_SUCCESS(Status)) {
        Status = IopReferenceFile(FileHandle, 0, &File);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopSetPosition(File, &Position);
    ObDereferenceObject(File);
    return NT_SUCCESS(Status) ? IopWriteStatusBlock(IoStatusBlock, STATUS_SUCCESS, 0) : Status;
}

/* The file of the packet lives as long as its volume, so the handle can go first. */
NTSTATUS NTAPI NtQueryAttributesFile(
    OBJECT_ATTRIBUTES __user *ObjectAttributes, FILE_BASIC_INFORMATION __user *Information)
{
    IOP_OPEN_PACKET Packet = {.Access = FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN};
    FILE_BASIC_INFORMATION Basic;
    HANDLE Handle;
    NTSTATUS Status = IopOpenHandle(ObjectAttributes, FILE_READ_ATTRIBUTES, &Packet, &Handle);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    (void)ObCloseHandle(Handle, KernelMode);
    IopQueryBasic(Packet.File, &Basic);
    return MmCopyToUser(Information, &Basic, sizeof(Basic));
}
