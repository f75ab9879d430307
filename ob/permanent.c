/* SPDX-License-Identifier: MIT */
/*
 * Permanent objects: those whose name stays when the last handle is closed.  Made
 * so by OBJ_PERMANENT at creation or later, and temporary again on demand.
 *
 * Difference from NT: SeCreatePermanentPrivilege is not asked for, since every
 * token is System's.
 */
#include "ob/obp.h"

static void ObpSetPermanent(POBJECT_HEADER Header, BOOLEAN Permanent)
{
    KeAcquireGuardedMutex(&ObpNamespaceLock);
    if (Permanent) {
        Header->Flags |= OB_FLAG_PERMANENT;
    } else {
        Header->Flags &= (UCHAR)~OB_FLAG_PERMANENT;
    }
    KeReleaseGuardedMutex(&ObpNamespaceLock);
    if (!Permanent) {
        ObpDeleteNameCheck(Header); /* the last handle may have gone meanwhile */
    }
}

static NTSTATUS ObpChangePermanence(HANDLE Handle, ACCESS_MASK Access, BOOLEAN Permanent)
{
    PVOID Object;
    NTSTATUS Status =
        ObReferenceObjectByHandle(Handle, Access, NULL, KeGetPreviousMode(), &Object, NULL);

    if (NT_SUCCESS(Status)) {
        ObpSetPermanent(ObpHeader(Object), Permanent);
        ObDereferenceObject(Object);
    }
    return Status;
}

NTSTATUS NTAPI NtMakePermanentObject(HANDLE Handle)
{
    return ObpChangePermanence(Handle, 0, TRUE);
}

NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE Handle)
{
    return ObpChangePermanence(Handle, DELETE, FALSE);
}
