/* SPDX-License-Identifier: MIT */
/*
 * File objects: one open of a file or a device, with the position of the next
 * read.  Made by parse procedures while Ob looks a name up, so that opening is
 * a look-up like any other: NtOpenFile hands Ob a packet that says how to open.
 *
 * Sharing is not checked: no file can be changed.
 *
 * Next: transfer.c, query.c.
 */
#include "io/iop.h"

#define TAG_FILE_OBJECT POOL_TAG('F', 'i', 'l', 'e')

POBJECT_TYPE IoFileObjectType;

NTSTATUS IopOpenOnDevice(PDEVICE_OBJECT Device, PIOP_FILE Directory, PCUNICODE_STRING Name,
    PIOP_OPEN_PACKET Packet, PVOID *FileObject)
{
    PFILE_OBJECT File;
    PVOID Object;
    NTSTATUS Status = Device->Routines->Open(Device, Directory, Name, Packet);

    if (NT_SUCCESS(Status)) {
        Status = ObCreateObject(KernelMode, IoFileObjectType, NULL, 0, &Object);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    File = Object;
    ObReferenceObject(Device);
    File->Device = Device;
    File->File = Packet->File;
    File->Options = Packet->Options;
    KeInitializeEvent(&File->Event, NotificationEvent, TRUE);
    KeInitializeGuardedMutex(&File->Lock, LockLevelFile);
    Packet->Parsed = TRUE;
    *FileObject = File;
    return STATUS_SUCCESS;
}

/* A name relative to an open directory: OBJECT_ATTRIBUTES.RootDirectory. */
static NTSTATUS IopParseFile(PVOID ParseObject, POBJECT_TYPE ObjectType, KPROCESSOR_MODE Mode,
    ULONG Attributes, PCUNICODE_STRING RemainingName, PVOID Context, PVOID *Found)
{
    PFILE_OBJECT File = ParseObject;

    UNREFERENCED_PARAMETER(Mode);
    UNREFERENCED_PARAMETER(Attributes);
    if (ObjectType != IoFileObjectType || Context == NULL) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return IopOpenOnDevice(File->Device, File->File, RemainingName, Context, Found);
}

/* \Device\Ramdisk and the path on it, or the device alone. */
static void IopQueryFileName(PVOID Object, PVOID *Base, PUNICODE_STRING Tail)
{
    PFILE_OBJECT File = Object;

    *Base = File->Device;
    if (File->File != NULL) {
        *Tail = File->File->Backing.Name;
        Tail->Buffer = Tail->Buffer != NULL ? Tail->Buffer : L""; /* the volume's root */
    }
}

static void IopDeleteFile(PVOID Object)
{
    PFILE_OBJECT File = Object;

    if (File->Device != NULL) {
        ObDereferenceObject(File->Device);
    }
}

NTSTATUS IopInitFiles(void)
{
    static const OBJECT_TYPE_INITIALIZER TypeInfo = {
        .InvalidAttributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENLINK,
        .GenericMapping =
            {
                .GenericRead = STANDARD_RIGHTS_READ | FILE_READ_DATA | FILE_READ_ATTRIBUTES
                    | FILE_READ_EA | SYNCHRONIZE,
                .GenericWrite = STANDARD_RIGHTS_WRITE | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES
                    | FILE_WRITE_EA | FILE_APPEND_DATA | SYNCHRONIZE,
                .GenericExecute = STANDARD_RIGHTS_EXECUTE | FILE_READ_ATTRIBUTES | FILE_EXECUTE
                    | SYNCHRONIZE,
                .GenericAll = FILE_ALL_ACCESS,
            },
        .ValidAccessMask = FILE_ALL_ACCESS,
        .PoolTag = TAG_FILE_OBJECT,
        .BodySize = sizeof(FILE_OBJECT),
        .Waitable = TRUE,
        .WaitOffset = offsetof(FILE_OBJECT, Event),
        .DeleteProcedure = IopDeleteFile,
        .ParseProcedure = IopParseFile,
        .QueryNameProcedure = IopQueryFileName,
    };

    return ObCreateObjectType(L"File", &TypeInfo, &IoFileObjectType);
}

NTSTATUS IopReferenceFile(HANDLE Handle, ACCESS_MASK DesiredAccess, PFILE_OBJECT *File)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, DesiredAccess, IoFileObjectType, KeGetPreviousMode(), &Object, NULL);

    *File = NT_SUCCESS(Status) ? Object : NULL;
    return Status;
}

NTSTATUS IopWriteStatusBlock(
    IO_STATUS_BLOCK __user *IoStatusBlock, NTSTATUS Status, ULONG_PTR Information)
{
    IO_STATUS_BLOCK Block = {.Status = Status, .Information = Information};

    return MmCopyToUser(IoStatusBlock, &Block, sizeof(Block));
}

/*
 * The checks of NtCreateFile that do not need the file.  Synchronous handles wait,
 * so they need SYNCHRONIZE; what is not built is refused.
 */
static NTSTATUS IopCheckOpen(const IOP_OPEN_PACKET *Packet, ULONG ShareAccess)
{
    ULONG Options = Packet->Options;
    ULONG Synchronous = Options & FILE_SYNCHRONOUS_IO;

    if ((Options & ~FILE_VALID_OPTIONS) != 0 || (ShareAccess & ~FILE_VALID_SHARE) != 0
        || Packet->Disposition > FILE_OVERWRITE_IF) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Synchronous == FILE_SYNCHRONOUS_IO
        || (Synchronous != 0 && (Packet->Access & SYNCHRONIZE) == 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_DIRECTORY_FILE) != 0 && (Options & FILE_NON_DIRECTORY_FILE) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_DELETE_ON_CLOSE) != 0 && (Packet->Access & DELETE) == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return Options & FILE_OPEN_BY_FILE_ID ? STATUS_NOT_IMPLEMENTED : STATUS_SUCCESS;
}

/*
 * A name can end at an open file without a parse: RootDirectory with an empty
 * name.  NT would open it again; here it is refused.
 */
NTSTATUS IopOpenHandle(OBJECT_ATTRIBUTES __user *ObjectAttributes, ACCESS_MASK DesiredAccess,
    PIOP_OPEN_PACKET Packet, PHANDLE Handle)
{
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, IoFileObjectType, KeGetPreviousMode(),
        DesiredAccess, Packet, Handle);

    if (NT_SUCCESS(Status) && !Packet->Parsed) {
        (void)ObCloseHandle(*Handle, KernelMode);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return Status;
}

/* Nothing on the ramdisk allows more than reading and executing. */
static ACCESS_MASK IopLimitMaximum(ACCESS_MASK DesiredAccess)
{
    return DesiredAccess & MAXIMUM_ALLOWED
        ? (DesiredAccess & ~MAXIMUM_ALLOWED) | GENERIC_READ | GENERIC_EXECUTE
        : DesiredAccess;
}

/* The handle is written last: a failure leaves none behind. */
static NTSTATUS IopReturnFile(
    HANDLE __user *FileHandle, IO_STATUS_BLOCK __user *IoStatusBlock, HANDLE Handle)
{
    NTSTATUS Status = IopWriteStatusBlock(IoStatusBlock, STATUS_SUCCESS, FILE_OPENED);

    if (!NT_SUCCESS(Status)) {
        (void)ObCloseHandle(Handle, KernelMode);
        return Status;
    }
    return ObReturnHandle(FileHandle, Handle, STATUS_SUCCESS);
}

NTSTATUS NTAPI NtCreateFile(HANDLE __user *FileHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, IO_STATUS_BLOCK __user *IoStatusBlock,
    LARGE_INTEGER __user *AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
    ULONG CreateDisposition, ULONG CreateOptions, VOID __user *EaBuffer, ULONG EaLength)
{
    ACCESS_MASK Access = IopLimitMaximum(DesiredAccess);
    IOP_OPEN_PACKET Packet = {.Disposition = CreateDisposition, .Options = CreateOptions};
    HANDLE Handle;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(AllocationSize); /* of files that are made: none is */
    UNREFERENCED_PARAMETER(FileAttributes);
    if (EaBuffer != NULL || EaLength != 0) {
        return STATUS_NOT_IMPLEMENTED;
    }
    Status = ObMapDesiredAccess(IoFileObjectType, Access, &Packet.Access);
    if (NT_SUCCESS(Status)) {
        Status = IopCheckOpen(&Packet, ShareAccess);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopOpenHandle(ObjectAttributes, Access, &Packet, &Handle);
    }
    return NT_SUCCESS(Status) ? IopReturnFile(FileHandle, IoStatusBlock, Handle) : Status;
}

NTSTATUS NTAPI NtOpenFile(HANDLE __user *FileHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, IO_STATUS_BLOCK __user *IoStatusBlock,
    ULONG ShareAccess, ULONG OpenOptions)
{
    return NtCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0,
        ShareAccess, FILE_OPEN, OpenOptions, NULL, 0);
}
