/* SPDX-License-Identifier: MIT */
/*
 * \Device\Ramdisk: the files of the archive that the boot loader put into memory.
 * Read-only; data are read, and mapped by Mm, where the loader put them.
 */
#include "io/iop.h"

#define RAMDISK_NAME   L"\\Device\\Ramdisk"
#define DIRECT_MAP_END 0x30000000u /* physical: what KERNEL_BASE + address reaches */

/* Which status a missing name, or one that is there, has by what was asked for. */
static NTSTATUS IopRefuseDisposition(NTSTATUS Found, ULONG Disposition)
{
    BOOLEAN Exists = NT_SUCCESS(Found);

    if (!Exists && Found != STATUS_OBJECT_NAME_NOT_FOUND) {
        return Found;
    }
    switch (Disposition) {
    case FILE_OPEN:
        return Found;
    case FILE_OPEN_IF:
        return Exists ? Found : STATUS_MEDIA_WRITE_PROTECTED;
    case FILE_CREATE:
        return Exists ? STATUS_OBJECT_NAME_COLLISION : STATUS_MEDIA_WRITE_PROTECTED;
    case FILE_OVERWRITE:
        return Exists ? STATUS_MEDIA_WRITE_PROTECTED : Found;
    default: /* FILE_SUPERSEDE, FILE_OVERWRITE_IF */
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
}

static NTSTATUS IopOpenRamdisk(PDEVICE_OBJECT Device, PIOP_FILE Directory,
    PCUNICODE_STRING Name, PIOP_OPEN_PACKET Packet)
{
    PIOP_FILE File = NULL;
    NTSTATUS Status = IopFindFile(
        Device->Volume, Directory != NULL ? Directory : &Device->Volume->Root, Name, &File);

    Status = IopRefuseDisposition(Status, Packet->Disposition);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((Packet->Options & FILE_DIRECTORY_FILE) != 0 && !File->Directory) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if ((Packet->Options & FILE_NON_DIRECTORY_FILE) != 0 && File->Directory) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    if ((Packet->Access & FILE_MODIFYING_ACCESS) != 0
        || (Packet->Options & FILE_DELETE_ON_CLOSE) != 0) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    Packet->File = File;
    return STATUS_SUCCESS;
}

/* The file's lock is held. */
static NTSTATUS IopReadLocked(PFILE_OBJECT File, VOID __user *Buffer, ULONG Length,
    const LARGE_INTEGER *Offset, PULONG Done)
{
    const MM_BACKING_FILE *Backing = &File->File->Backing;
    ULONGLONG Start = (ULONGLONG)(Offset != NULL ? Offset : &File->CurrentByteOffset)->QuadPart;
    NTSTATUS Status;

    if (Length == 0) {
        return STATUS_SUCCESS;
    }
    if (Start >= Backing->Size) {
        return STATUS_END_OF_FILE;
    }
    if (Length > Backing->Size - (SIZE_T)Start) {
        Length = (ULONG)(Backing->Size - (SIZE_T)Start);
    }
    Status = MmCopyToUser(Buffer, (const UCHAR *)Backing->Data + (SIZE_T)Start, Length);
    if (NT_SUCCESS(Status)) {
        *Done = Length;
        File->CurrentByteOffset.QuadPart = (LONGLONG)(Start + Length);
    }
    return Status;
}

static NTSTATUS IopReadRamdisk(PFILE_OBJECT File, VOID __user *Buffer, ULONG Length,
    const LARGE_INTEGER *Offset, PULONG Done)
{
    NTSTATUS Status;

    if (File->File->Directory) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    KeAcquireGuardedMutex(&File->Lock);
    Status = IopReadLocked(File, Buffer, Length, Offset, Done);
    KeReleaseGuardedMutex(&File->Lock);
    return Status;
}

static NTSTATUS IopWriteRamdisk(PFILE_OBJECT File, VOID __user *Buffer, ULONG Length,
    const LARGE_INTEGER *Offset, PULONG Done)
{
    UNREFERENCED_PARAMETER(File);
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Offset);
    UNREFERENCED_PARAMETER(Done);
    return STATUS_MEDIA_WRITE_PROTECTED;
}

static const IOP_DEVICE_ROUTINES IopRamdiskRoutines = {
    .Open = IopOpenRamdisk,
    .Read = IopReadRamdisk,
    .Write = IopWriteRamdisk,
};

/* Names by which the system and programs know the disk. */
static NTSTATUS IopNameRamdisk(void)
{
    NTSTATUS Status = ObCreateSymbolicLink(L"\\SystemRoot", RAMDISK_NAME L"\\windows");

    return NT_SUCCESS(Status) ? ObCreateSymbolicLink(L"\\??\\C:", RAMDISK_NAME) : Status;
}

NTSTATUS IoMountRamdisk(
    ULONG PhysicalStart, ULONG Size, const CHAR **Problem, PULONG Offset)
{
    const UCHAR *Archive = MmMapPage(PhysicalStart >> PAGE_SHIFT);
    PIOP_VOLUME Volume;
    NTSTATUS Status;

    if (PhysicalStart > DIRECT_MAP_END || Size > DIRECT_MAP_END - PhysicalStart) {
        *Problem = "the whole archive below 768 MiB of physical memory";
        *Offset = 0;
        return STATUS_FILE_INVALID;
    }
    Status = IopLoadVolume(
        Archive + PhysicalStart % PAGE_SIZE, Size, &Volume, Problem, Offset);
    if (NT_SUCCESS(Status)) {
        Status = IopCreateDevice(RAMDISK_NAME, &IopRamdiskRoutines, Volume);
    }
    return NT_SUCCESS(Status) ? IopNameRamdisk() : Status;
}

/*
 * IoOpenBackingFile - a file for the kernel itself, all of it, already in memory.
 *
 * *FileObject holds one reference; *Backing lives as long as the volume.
 */
NTSTATUS IoOpenBackingFile(PCWSTR Path, PVOID *FileObject, PMM_BACKING_FILE *Backing)
{
    IOP_OPEN_PACKET Packet = {
        .Access = FILE_READ_DATA | FILE_EXECUTE,
        .Disposition = FILE_OPEN,
        .Options = FILE_NON_DIRECTORY_FILE,
    };
    UNICODE_STRING Name;
    PVOID Object;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Path);
    Status = ObReferenceObjectByName(
        &Name, OBJ_CASE_INSENSITIVE, IoFileObjectType, &Packet, &Object);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Packet.File == NULL) { /* a device without files */
        ObDereferenceObject(Object);
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    *FileObject = Object;
    *Backing = &Packet.File->Backing;
    return STATUS_SUCCESS;
}
