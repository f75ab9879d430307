/* SPDX-License-Identifier: MIT */
/*
 * Objects: creation, reference counts, and the end.
 *
 * PointerCount counts everything that keeps an object alive: pointers, handles
 * (one each) and its name in a directory.  HandleCount counts the handles again,
 * because the last one takes the name away.
 *
 * The last ObDereferenceObject runs the type's Delete routine at once, on the
 * caller's thread.  So it may be called at PASSIVE_LEVEL or APC_LEVEL only, and
 * whoever holds a lock that the Delete routine takes must drop the reference
 * after the lock.
 *
 * Next: name.c (how an object gets its name), handle.c.
 */
#include "ob/obp.h"

/* Refuses what the type refuses, and what is not built yet. */
static NTSTATUS ObpCheckAttributes(POBJECT_TYPE Type, ULONG Attributes)
{
    if (Attributes & Type->TypeInfo.InvalidAttributes) {
        return STATUS_INVALID_PARAMETER;
    }
    return Attributes & OBJ_EXCLUSIVE ? STATUS_NOT_IMPLEMENTED : STATUS_SUCCESS;
}

/* A zeroed object behind NameSize bytes. */
FORCEINLINE POBJECT_HEADER ObpAllocateObject(
    KPROCESSOR_MODE Mode, POBJECT_TYPE Type, ULONG NameSize, ULONG BodySize)
{
    PUCHAR Block = ExAllocatePoolZero(NonPagedPool,
        NameSize + sizeof(OBJECT_HEADER) + (BodySize != 0 ? BodySize : Type->TypeInfo.BodySize),
        Type->TypeInfo.PoolTag);
    POBJECT_HEADER Header = (POBJECT_HEADER)(Block + NameSize);

    if (Block == NULL) {
        return NULL;
    }
    Header->PointerCount = 1;
    Header->Type = Type;
    Header->Flags = OB_FLAG_CREATE_INFO | (Mode == KernelMode ? OB_FLAG_KERNEL_MODE : 0);
    (void)InterlockedIncrement(&Type->TotalNumberOfObjects);
    KeTraceAcquire(ResourceObject, (ULONG_PTR)ObpBody(Header));
    return Header;
}

/* Takes over Captured->Name on success. */
static POBJECT_HEADER ObpAllocateWithAttributes(KPROCESSOR_MODE Mode, POBJECT_TYPE Type,
    const OBJECT_CAPTURED_ATTRIBUTES *Captured, ULONG BodySize)
{
    ULONG NameSize = Captured->Name.Length != 0 ? sizeof(OBJECT_HEADER_NAME_INFO) : 0;
    POBJECT_HEADER Header = ObpAllocateObject(Mode, Type, NameSize, BodySize);

    if (Header == NULL) {
        return NULL;
    }
    Header->NameInfoOffset = (UCHAR)NameSize;
    if (NameSize != 0) {
        ObpNameInfo(Header)->Name = Captured->Name;
        ObpNameInfo(Header)->RootDirectory = Captured->RootDirectory;
    }
    Header->Attributes = Captured->Attributes;
    Header->Flags |= Captured->Attributes & OBJ_PERMANENT ? OB_FLAG_PERMANENT : 0;
    return Header;
}

static __attribute__((noinline)) NTSTATUS ObpCreateWithAttributes(KPROCESSOR_MODE Mode,
    POBJECT_TYPE Type, OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG BodySize, PVOID *Object)
{
    OBJECT_CAPTURED_ATTRIBUTES Captured;
    PSECURITY_DESCRIPTOR Security = NULL;
    POBJECT_HEADER Header = NULL;
    NTSTATUS Status = ObCaptureAttributes(ObjectAttributes, Mode, &Captured);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpCheckAttributes(Type, Captured.Attributes);
    if (NT_SUCCESS(Status) && Captured.SecurityDescriptor != NULL) {
        Status = ObpCaptureDescriptor(
            (__force const void __user *)Captured.SecurityDescriptor, Mode, &Security);
    }
    if (NT_SUCCESS(Status)) {
        Header = ObpAllocateWithAttributes(Mode, Type, &Captured, BodySize);
        Status = Header != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!NT_SUCCESS(Status)) {
        ObReleaseAttributes(&Captured);
        ObpFreeDescriptor(Security);
        return Status;
    }
    Header->SecurityDescriptor = Security;
    *Object = ObpBody(Header);
    return STATUS_SUCCESS;
}

NTSTATUS ObCreateObject(KPROCESSOR_MODE Mode, POBJECT_TYPE Type,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG BodySize, PVOID *Object)
{
    POBJECT_HEADER Header;

    if (ObjectAttributes != NULL) {
        return ObpCreateWithAttributes(Mode, Type, ObjectAttributes, BodySize, Object);
    }
    Header = ObpAllocateObject(Mode, Type, 0, BodySize);
    if (Header == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Object = ObpBody(Header);
    return STATUS_SUCCESS;
}

static void ObpDeleteObject(POBJECT_HEADER Header)
{
    POBJECT_TYPE Type = Header->Type;
    POBJECT_HEADER_NAME_INFO NameInfo = ObpNameInfo(Header);
    PVOID Object = ObpBody(Header);

    ASSERT_IRQL_AT_MOST(APC_LEVEL);
    ASSERT(Header->HandleCount == 0);
    if (Type->TypeInfo.DeleteProcedure != NULL) {
        Type->TypeInfo.DeleteProcedure(Object);
    }
    if (NameInfo != NULL) {
        ASSERT(NameInfo->Directory == NULL);
        ObpFreeString(&NameInfo->Name);
    }
    ObpFreeDescriptor(Header->SecurityDescriptor);
    InterlockedDecrement(&Type->TotalNumberOfObjects);
    KeTraceRelease(ResourceObject, (ULONG_PTR)Object);
    ExFreePoolWithTag((PUCHAR)Header - Header->NameInfoOffset, Type->TypeInfo.PoolTag);
}

/* More references went than there were, or one came after the last had gone. */
static DECLSPEC_NORETURN __attribute__((cold, noinline)) void ObpBadReference(
    PVOID Object, BOOLEAN Dereference)
{
    POBJECT_HEADER Header = ObpHeader(Object);

    KeBugCheckEx(REFERENCE_BY_POINTER, (ULONG_PTR)Header->Type, (ULONG_PTR)Object, Dereference,
        (ULONG_PTR)Header->PointerCount);
}

void ObReferenceObject(PVOID Object)
{
    if (InterlockedIncrement(&ObpHeader(Object)->PointerCount) <= 1) {
        ObpBadReference(Object, FALSE);
    }
}

/* The count came to zero, or below. */
static __attribute__((noinline)) void ObpLastReference(PVOID Object)
{
    if (ObpHeader(Object)->PointerCount < 0) {
        ObpBadReference(Object, TRUE);
    }
    ObpDeleteObject(ObpHeader(Object));
}

void ObDereferenceObject(PVOID Object)
{
    BOOLEAN Last;

    __asm__ volatile("lock decl %1"
                     : "=@ccle"(Last), "+m"(ObpHeader(Object)->PointerCount)
                     :
                     : "memory");
    if (__builtin_expect(Last, FALSE)) {
        ObpLastReference(Object);
    }
}

/*
 * For who may not run a Delete routine: FALSE if the reference is the last one,
 * which then is still the caller's.  IRQL: DISPATCH_LEVEL or below.
 */
BOOLEAN ObDereferenceObjectUnlessLast(PVOID Object)
{
    POBJECT_HEADER Header = ObpHeader(Object);
    LONG Old = Header->PointerCount;

    while (Old != 1) {
        LONG Seen = InterlockedCompareExchange(&Header->PointerCount, Old - 1, Old);

        if (Seen == Old) {
            return TRUE;
        }
        Old = Seen;
    }
    return FALSE;
}

BOOLEAN ObReferenceObjectSafe(PVOID Object)
{
    POBJECT_HEADER Header = ObpHeader(Object);
    LONG Old = Header->PointerCount;

    while (Old != 0) {
        LONG Seen = InterlockedCompareExchange(&Header->PointerCount, Old + 1, Old);

        if (Seen == Old) {
            return TRUE;
        }
        Old = Seen;
    }
    return FALSE;
}

/* Mode is not asked: a pointer came from the kernel, with any access. */
NTSTATUS ObReferenceObjectByPointer(
    PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type, KPROCESSOR_MODE Mode)
{
    UNREFERENCED_PARAMETER(DesiredAccess);
    UNREFERENCED_PARAMETER(Mode);
    if (Type != NULL && ObpHeader(Object)->Type != Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    ObReferenceObject(Object);
    return STATUS_SUCCESS;
}

POBJECT_TYPE ObGetObjectType(PVOID Object)
{
    return ObpHeader(Object)->Type;
}

ULONG ObGetPointerCount(PVOID Object)
{
    return (ULONG)ObpHeader(Object)->PointerCount;
}

ULONG ObGetHandleCount(PVOID Object)
{
    return (ULONG)ObpHeader(Object)->HandleCount;
}
