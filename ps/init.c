/* SPDX-License-Identifier: MIT */
/*
 * How Ps comes up: object types, PspCidTable, the System process, its first thread.
 *
 * Reading order of ps/: create.c, thread.c, start.c, exit.c, then delete.c,
 * reaper.c, terminate.c; the rest are services on what these make.
 */
#include "ps/psp.h"

POBJECT_TYPE PsProcessType;
POBJECT_TYPE PsThreadType;
PEPROCESS PsInitialSystemProcess;

PHANDLE_TABLE PspCidTable;
LIST_ENTRY PsActiveProcessHead = {&PsActiveProcessHead, &PsActiveProcessHead};
KGUARDED_MUTEX PspProcessListLock;
ULONG PspProcessCount;

static const OBJECT_TYPE_INITIALIZER PspProcessTypeInfo = {
    .InvalidAttributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF,
    .GenericMapping =
        {
            .GenericRead = STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION,
            .GenericWrite = STANDARD_RIGHTS_WRITE | PROCESS_CREATE_PROCESS |
                PROCESS_CREATE_THREAD | PROCESS_VM_OPERATION | PROCESS_VM_WRITE |
                PROCESS_DUP_HANDLE | PROCESS_TERMINATE | PROCESS_SET_QUOTA |
                PROCESS_SET_INFORMATION | PROCESS_SUSPEND_RESUME,
            .GenericExecute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
            .GenericAll = PROCESS_ALL_ACCESS,
        },
    .ValidAccessMask = PROCESS_ALL_ACCESS,
    .PoolTag = POOL_TAG('P', 'r', 'o', 'c'),
    .BodySize = sizeof(EPROCESS),
    .SecurityRequired = TRUE,
    .Waitable = TRUE,
    .DeleteProcedure = PspDeleteProcess,
};

static const OBJECT_TYPE_INITIALIZER PspThreadTypeInfo = {
    .InvalidAttributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF,
    .GenericMapping =
        {
            .GenericRead = STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION,
            .GenericWrite = STANDARD_RIGHTS_WRITE | THREAD_TERMINATE | THREAD_SUSPEND_RESUME |
                THREAD_ALERT | THREAD_SET_CONTEXT | THREAD_SET_INFORMATION,
            .GenericExecute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
            .GenericAll = THREAD_ALL_ACCESS,
        },
    .ValidAccessMask = THREAD_ALL_ACCESS,
    .PoolTag = POOL_TAG('T', 'h', 'r', 'd'),
    .BodySize = sizeof(ETHREAD),
    .SecurityRequired = TRUE,
    .Waitable = TRUE,
    .DeleteProcedure = PspDeleteThread,
};

/* ---- What Ps tells the layers below, which cannot name it ------------------------ */

static BOOLEAN PspAcquireHandleTable(PKPROCESS Process)
{
    return ExAcquireRundownProtection(&CONTAINING_RECORD(Process, EPROCESS, Pcb)->RundownProtect);
}

static void PspReleaseHandleTable(PKPROCESS Process)
{
    ExReleaseRundownProtection(&CONTAINING_RECORD(Process, EPROCESS, Pcb)->RundownProtect);
}

/* Ob and Mm take the one for the other. */
_Static_assert(offsetof(EPROCESS, Pcb) == 0, "a Process object begins with its KPROCESS");
_Static_assert(offsetof(ETHREAD, Tcb) == 0, "a Thread object begins with its KTHREAD");

static ULONG PspCountProcesses(void)
{
    return PspProcessCount;
}

static ULONG PspCountCids(void)
{
    return ExQueryHandleCount(PspCidTable);
}

static void PspConnectLayers(void)
{
    ObUpperRoutines = (OB_UPPER_ROUTINES){
        .ProcessType = PsProcessType,
        .AcquireHandleTable = PspAcquireHandleTable,
        .ReleaseHandleTable = PspReleaseHandleTable,
    };
    KeUpperRoutines = (KE_UPPER_ROUTINES){
        .TerminateProcess = PspTerminateCurrentProcess,
        .ForwardException = PspForwardException,
        .ReapThread = PspReapThread,
    };
    LpcThreadOffset = offsetof(ETHREAD, Lpc) - offsetof(ETHREAD, Tcb);
    ExCountProcesses = PspCountProcesses;
    ExCountCids = PspCountCids;
}

/* ---- Start ---------------------------------------------------------------------------- */

static NTSTATUS PspCreateTypes(void)
{
    NTSTATUS Status = ObCreateObjectType(L"Process", &PspProcessTypeInfo, &PsProcessType);

    if (NT_SUCCESS(Status)) {
        Status = ObCreateObjectType(L"Thread", &PspThreadTypeInfo, &PsThreadType);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PspCidTable = ExCreateHandleTable(TRUE);
    return PspCidTable != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* It is never waited for: nobody keeps a reference. */
static NTSTATUS PspStartSystemThread(PKSTART_ROUTINE Routine)
{
    PETHREAD Thread;
    NTSTATUS Status = PsCreateSystemThread(Routine, NULL, &Thread);

    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Thread);
    }
    return Status;
}

/*
 * PsInitSystem - from an idle processor to a System process with three threads.
 *
 * The caller is the boot processor's idle thread, which belongs to no EPROCESS.
 * Phase1 runs as a system thread once the scheduler is let loose.
 */
NTSTATUS PsInitSystem(PKSTART_ROUTINE Phase1)
{
    KeInitializeGuardedMutex(&PspProcessListLock, LockLevelProcessList);
    PspInitializeNotify();
    NTSTATUS Status = PspCreateTypes();

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PspConnectLayers();
    Status = PspCreateSystemProcess(&PsInitialSystemProcess);
    if (NT_SUCCESS(Status)) {
        Status = PspStartReaper();
    }
    if (NT_SUCCESS(Status)) {
        Status = PspStartSystemThread(KeBalanceSetManager);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspStartSystemThread(Phase1);
    }
    return Status;
}
