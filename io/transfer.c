/* SPDX-License-Identifier: MIT */
/*
 * NtReadFile and NtWriteFile: check the parameters, let the device do it, report.
 *
 * Both return when the operation is over, whatever options the file was opened
 * with.  As on NT, a failure leaves the status block and the event alone (the
 * event was cleared at the start).
 */
#include "io/iop.h"

/* ByteOffset.LowPart with HighPart -1: special positions of NT. */
#define FILE_WRITE_TO_END_OF_FILE      0xFFFFFFFFu
#define FILE_USE_FILE_POINTER_POSITION 0xFFFFFFFEu

typedef struct _IOP_REQUEST {
    PFILE_OBJECT File;
    PKEVENT Event; /* or NULL */
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Offset; /* Storage, or NULL: the file's position */
} IOP_REQUEST, *PIOP_REQUEST;

/*
 * A handle that is not synchronous has no position of its own on NT, so the
 * offset must be given; devices without positions ignore it.
 */
static NTSTATUS IopCaptureOffset(
    PIOP_REQUEST Request, LARGE_INTEGER __user *ByteOffset, BOOLEAN Write)
{
    LARGE_INTEGER Offset = {.HighPart = -1, .LowPart = FILE_USE_FILE_POINTER_POSITION};
    NTSTATUS Status = STATUS_SUCCESS;

    if (ByteOffset != NULL) {
        Status = MmCopyFromUser(&Offset, ByteOffset, sizeof(Offset));
    }
    if (!NT_SUCCESS(Status) || Request->File->File == NULL) {
        return Status;
    }
    if (Offset.HighPart == -1 && Offset.LowPart == FILE_USE_FILE_POINTER_POSITION) {
        return Request->File->Options & FILE_SYNCHRONOUS_IO ? STATUS_SUCCESS
                                                            : STATUS_INVALID_PARAMETER;
    }
    if (Offset.QuadPart < 0
        && !(Write && Offset.HighPart == -1 && Offset.LowPart == FILE_WRITE_TO_END_OF_FILE)) {
        return STATUS_INVALID_PARAMETER;
    }
    Request->Storage = Offset;
    Request->Offset = &Request->Storage;
    return STATUS_SUCCESS;
}

static NTSTATUS IopReferenceEvent(PIOP_REQUEST Request, HANDLE Event)
{
    PVOID Object;
    NTSTATUS Status;

    if (Event == NULL) {
        return STATUS_SUCCESS;
    }
    Status = ObReferenceObjectByHandle(
        Event, EVENT_MODIFY_STATE, ExEventObjectType, KeGetPreviousMode(), &Object, NULL);
    if (NT_SUCCESS(Status)) {
        Request->Event = Object;
        KeClearEvent(Request->Event);
    }
    return Status;
}

static NTSTATUS IopBeginRequest(PIOP_REQUEST Request, HANDLE FileHandle, HANDLE Event,
    LARGE_INTEGER __user *ByteOffset, BOOLEAN Write)
{
    NTSTATUS Status;

    *Request = (IOP_REQUEST){.File = NULL};
    Status = IopReferenceFile(
        FileHandle, Write ? FILE_WRITE_DATA : FILE_READ_DATA, &Request->File);
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureOffset(Request, ByteOffset, Write);
    }
    return NT_SUCCESS(Status) ? IopReferenceEvent(Request, Event) : Status;
}

/* Drops what IopBeginRequest took, which may be less than all. */
static void IopEndRequest(PIOP_REQUEST Request)
{
    if (Request->Event != NULL) {
        ObDereferenceObject(Request->Event);
    }
    if (Request->File != NULL) {
        ObDereferenceObject(Request->File);
    }
}

static NTSTATUS IopTransfer(PIOP_REQUEST Request, IOP_TRANSFER *Routine,
    IO_STATUS_BLOCK __user *IoStatusBlock, VOID __user *Buffer, ULONG Length)
{
    ULONG Done = 0;
    NTSTATUS Status = MmProbeForWrite(IoStatusBlock, sizeof(*IoStatusBlock), sizeof(ULONG));

    if (NT_SUCCESS(Status)) {
        Status = Routine(Request->File, Buffer, Length, Request->Offset, &Done);
    }
    if (Status == STATUS_SUCCESS) { /* neither failed nor interrupted by an APC */
        Status = IopWriteStatusBlock(IoStatusBlock, STATUS_SUCCESS, Done);
    }
    if (Status == STATUS_SUCCESS && Request->Event != NULL) {
        (void)KeSetEvent(Request->Event, 0, FALSE);
    }
    return Status;
}

/* For both services; the parameters that they have and this lacks are not used. */
static NTSTATUS IopReadOrWrite(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
    IO_STATUS_BLOCK __user *IoStatusBlock, VOID __user *Buffer, ULONG Length,
    LARGE_INTEGER __user *ByteOffset, BOOLEAN Write)
{
    IOP_REQUEST Request;
    NTSTATUS Status;

    if (ApcRoutine != NULL) {
        return STATUS_NOT_IMPLEMENTED;
    }
    Status = IopBeginRequest(&Request, FileHandle, Event, ByteOffset, Write);
    if (NT_SUCCESS(Status)) {
        const IOP_DEVICE_ROUTINES *Routines = Request.File->Device->Routines;

        Status = IopTransfer(
            &Request, Write ? Routines->Write : Routines->Read, IoStatusBlock, Buffer, Length);
    }
    IopEndRequest(&Request);
    return Status;
}

/* Key is for byte-range locks, which there are none of. */
NTSTATUS NTAPI NtReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext, IO_STATUS_BLOCK __user *IoStatusBlock, VOID __user *Buffer, ULONG Length,
    LARGE_INTEGER __user *ByteOffset, ULONG __user *Key)
{
    UNREFERENCED_PARAMETER(ApcContext);
    UNREFERENCED_PARAMETER(Key);
    return IopReadOrWrite(
        FileHandle, Event, ApcRoutine, IoStatusBlock, Buffer, Length, ByteOffset, FALSE);
}

NTSTATUS NTAPI NtWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext, IO_STATUS_BLOCK __user *IoStatusBlock, VOID __user *Buffer, ULONG Length,
    LARGE_INTEGER __user *ByteOffset, ULONG __user *Key)
{
    UNREFERENCED_PARAMETER(ApcContext);
    UNREFERENCED_PARAMETER(Key);
    return IopReadOrWrite(
        FileHandle, Event, ApcRoutine, IoStatusBlock, Buffer, Length, ByteOffset, TRUE);
}
