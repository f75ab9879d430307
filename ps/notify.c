/* SPDX-License-Identifier: MIT */
/*
 * Routines that the kernel calls when processes and threads come and go.
 *
 * At most eight of each kind, called in the order of registration, in the context
 * of the creator (creation) or of the ending thread (exit).
 */
#include "ps/psp.h"

static KGUARDED_MUTEX PspNotifyLock;
static PCREATE_PROCESS_NOTIFY_ROUTINE PspProcessNotify[PSP_MAX_NOTIFY];
static PCREATE_THREAD_NOTIFY_ROUTINE PspThreadNotify[PSP_MAX_NOTIFY];

void PspInitializeNotify(void)
{
    KeInitializeGuardedMutex(&PspNotifyLock, LockLevelNotify);
}

/*
 * Puts New where Old stands; FALSE when Old is nowhere.  The tables hold no holes, not
 * even for a moment: without the lock is asked whether the first place is free.
 */
static BOOLEAN PspReplaceNotify(PVOID *Table, PVOID Old, PVOID New)
{
    ULONG Index = 0;

    while (Index < PSP_MAX_NOTIFY && Table[Index] != Old) {
        Index++;
    }
    if (Index == PSP_MAX_NOTIFY) {
        return FALSE;
    }
    if (New != NULL) {
        Table[Index] = New;
        return TRUE;
    }
    for (; Index + 1 < PSP_MAX_NOTIFY; Index++) {
        __atomic_store_n(&Table[Index], Table[Index + 1], __ATOMIC_RELAXED);
    }
    Table[PSP_MAX_NOTIFY - 1] = NULL;
    return TRUE;
}

static BOOLEAN PspChangeNotify(PVOID *Table, PVOID Old, PVOID New)
{
    KeAcquireGuardedMutex(&PspNotifyLock);
    BOOLEAN Done = PspReplaceNotify(Table, Old, New);

    KeReleaseGuardedMutex(&PspNotifyLock);
    return Done;
}

/* STATUS_INVALID_PARAMETER: the table is full, or the routine to remove is not in it. */
NTSTATUS PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE Routine, BOOLEAN Remove)
{
    PVOID Old = Remove ? (PVOID)Routine : NULL;
    PVOID New = Remove ? NULL : (PVOID)Routine;

    if (Routine == NULL || !PspChangeNotify((PVOID *)PspProcessNotify, Old, New)) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* STATUS_INSUFFICIENT_RESOURCES: the table is full. */
NTSTATUS PsSetCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify((PVOID *)PspThreadNotify, NULL, (PVOID)Routine)
        ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS PsRemoveCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify((PVOID *)PspThreadNotify, (PVOID)Routine, NULL)
        ? STATUS_SUCCESS : STATUS_PROCEDURE_NOT_FOUND;
}

/* A copy, so that no lock is held over a foreign routine; mostly there is none. */
FORCEINLINE void PspSnapshotNotify(PVOID *Table, PVOID *Copy)
{
    if (__atomic_load_n(&Table[0], __ATOMIC_RELAXED) == NULL) {
        Copy[0] = NULL;
        return;
    }
    KeAcquireGuardedMutex(&PspNotifyLock);
    RtlCopyMemory(Copy, Table, PSP_MAX_NOTIFY * sizeof(PVOID));
    KeReleaseGuardedMutex(&PspNotifyLock);
}

ULONG PspCallProcessNotify(PEPROCESS Process, BOOLEAN Create)
{
    PCREATE_PROCESS_NOTIFY_ROUTINE Routines[PSP_MAX_NOTIFY];
    ULONG Count = 0;

    PspSnapshotNotify((PVOID *)PspProcessNotify, (PVOID *)Routines);
    while (Count < PSP_MAX_NOTIFY && Routines[Count] != NULL) {
        Routines[Count++](
            Process->InheritedFromUniqueProcessId, Process->UniqueProcessId, Create);
    }
    return Count;
}

ULONG PspCallThreadNotify(PETHREAD Thread, BOOLEAN Create)
{
    PCREATE_THREAD_NOTIFY_ROUTINE Routines[PSP_MAX_NOTIFY];
    ULONG Count = 0;

    PspSnapshotNotify((PVOID *)PspThreadNotify, (PVOID *)Routines);
    while (Count < PSP_MAX_NOTIFY && Routines[Count] != NULL) {
        Routines[Count++](Thread->Cid.UniqueProcess, Thread->Cid.UniqueThread, Create);
    }
    return Count;
}
