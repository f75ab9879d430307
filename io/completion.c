/* SPDX-License-Identifier: MIT */
/*
 * I/O completion ports: Ke's queues as objects.  What comes out is what somebody
 * put in by NtSetIoCompletion; no file is bound to a port, because every
 * operation on a file is over when its call returns.
 */
#include "io/iop.h"
#include "mm.h"

#define TAG_PACKET POOL_TAG('I', 'c', 'p', ' ')

typedef struct _IOP_COMPLETION_PACKET {
    LIST_ENTRY ListEntry;
    PVOID KeyContext;
    PVOID ApcContext;
    IO_STATUS_BLOCK IoStatus;
} IOP_COMPLETION_PACKET, *PIOP_COMPLETION_PACKET;

static POBJECT_TYPE IopCompletionObjectType;

/* Nobody can wait any more; the packets that nobody fetched go. */
static void IopDeleteCompletion(PVOID Object)
{
    PKQUEUE Queue = Object;

    if (Queue->Header.Type != QueueObject) {
        return; /* it had not become one yet */
    }
    PLIST_ENTRY First = KeRundownQueue(Queue);
    PLIST_ENTRY Entry = First;

    while (Entry != NULL) {
        PLIST_ENTRY Next = Entry->Flink;

        ExFreePoolWithTag(
            CONTAINING_RECORD(Entry, IOP_COMPLETION_PACKET, ListEntry), TAG_PACKET);
        Entry = Next != First ? Next : NULL;
    }
}

/* Not waitable: NtRemoveIoCompletion is the way to wait. */
NTSTATUS IopInitCompletion(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | IO_COMPLETION_QUERY_STATE,
            STANDARD_RIGHTS_WRITE | IO_COMPLETION_MODIFY_STATE,
            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, IO_COMPLETION_ALL_ACCESS},
        .ValidAccessMask = IO_COMPLETION_ALL_ACCESS,
        .PoolTag = POOL_TAG('I', 'o', 'C', 'o'),
        .BodySize = sizeof(KQUEUE),
        .DeleteProcedure = IopDeleteCompletion,
    };

    return ObCreateObjectType(L"IoCompletion", &Info, &IopCompletionObjectType);
}

/* Count: how many threads may work at a time; 0: one a processor. */
NTSTATUS NTAPI NtCreateIoCompletion(HANDLE __user *IoCompletionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG Count)
{
    HANDLE Handle = NULL;
    PVOID Queue;
    NTSTATUS Status = ObCreateObject(
        KeGetPreviousMode(), IopCompletionObjectType, ObjectAttributes, 0, &Queue);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeQueue(Queue, Count);
    Status = ObInsertObject(Queue, DesiredAccess, &Handle);
    return ObReturnHandle(IoCompletionHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenIoCompletion(HANDLE __user *IoCompletionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes)
{
    HANDLE Handle = NULL;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, IopCompletionObjectType,
        KeGetPreviousMode(), DesiredAccess, NULL, &Handle);

    return ObReturnHandle(IoCompletionHandle, Handle, Status);
}

static NTSTATUS IopReferenceCompletion(HANDLE Handle, ACCESS_MASK Access, PVOID *Queue)
{
    return ObReferenceObjectByHandle(
        Handle, Access, IopCompletionObjectType, KeGetPreviousMode(), Queue, NULL);
}

NTSTATUS NTAPI NtSetIoCompletion(HANDLE IoCompletionHandle, PVOID KeyContext, PVOID ApcContext,
    NTSTATUS IoStatus, ULONG_PTR IoStatusInformation)
{
    PIOP_COMPLETION_PACKET Packet;
    PVOID Queue;
    NTSTATUS Status =
        IopReferenceCompletion(IoCompletionHandle, IO_COMPLETION_MODIFY_STATE, &Queue);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Packet = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Packet), TAG_PACKET);
    if (Packet == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        Packet->KeyContext = KeyContext;
        Packet->ApcContext = ApcContext;
        Packet->IoStatus.Status = IoStatus;
        Packet->IoStatus.Information = IoStatusInformation;
        (void)KeInsertQueue(Queue, &Packet->ListEntry);
    }
    ObDereferenceObject(Queue);
    return Status;
}

static NTSTATUS IopReturnPacket(const IOP_COMPLETION_PACKET *Packet, PVOID __user *KeyContext,
    PVOID __user *ApcContext, IO_STATUS_BLOCK __user *IoStatusBlock)
{
    NTSTATUS Status = MmCopyToUser(KeyContext, &Packet->KeyContext, sizeof(PVOID));

    if (NT_SUCCESS(Status)) {
        Status = MmCopyToUser(ApcContext, &Packet->ApcContext, sizeof(PVOID));
    }
    return NT_SUCCESS(Status)
        ? MmCopyToUser(IoStatusBlock, &Packet->IoStatus, sizeof(Packet->IoStatus))
        : Status;
}

/* A packet that cannot be written to the caller is lost, as in NT. */
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE IoCompletionHandle, PVOID __user *KeyContext,
    PVOID __user *ApcContext, IO_STATUS_BLOCK __user *IoStatusBlock,
    LARGE_INTEGER __user *Timeout)
{
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    PLIST_ENTRY Entry;
    PVOID Queue;
    NTSTATUS Status = MmCaptureTimeout(Timeout, &Storage, &Limit);

    if (NT_SUCCESS(Status)) {
        Status = IopReferenceCompletion(IoCompletionHandle, IO_COMPLETION_MODIFY_STATE, &Queue);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = KeRemoveQueue(Queue, KeGetPreviousMode(), Limit, &Entry);
    if (Status == STATUS_SUCCESS) {
        PIOP_COMPLETION_PACKET Packet =
            CONTAINING_RECORD(Entry, IOP_COMPLETION_PACKET, ListEntry);

        Status = IopReturnPacket(Packet, KeyContext, ApcContext, IoStatusBlock);
        ExFreePoolWithTag(Packet, TAG_PACKET);
    }
    ObDereferenceObject(Queue);
    return Status;
}

NTSTATUS NTAPI NtQueryIoCompletion(HANDLE IoCompletionHandle,
    IO_COMPLETION_INFORMATION_CLASS InformationClass, void __user *Information, ULONG Length,
    ULONG __user *ReturnLength)
{
    IO_COMPLETION_BASIC_INFORMATION Basic;
    PVOID Queue;
    NTSTATUS Status;

    if (InformationClass != IoCompletionBasicInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Basic)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = IopReferenceCompletion(IoCompletionHandle, IO_COMPLETION_QUERY_STATE, &Queue);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Basic.Depth = KeReadStateQueue(Queue);
    ObDereferenceObject(Queue);
    Status = MmCopyToUser(Information, &Basic, sizeof(Basic));
    return NT_SUCCESS(Status) && ReturnLength != NULL
        ? MmWriteUlongToUser(ReturnLength, sizeof(Basic))
        : Status;
}
