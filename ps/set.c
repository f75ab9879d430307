/* SPDX-License-Identifier: MIT */
/*
 * NtSetInformationProcess and NtSetInformationThread.
 *
 * As in query.c each class is a row: the exact length, and a routine that takes
 * the captured value.  The handle is looked at last.
 */
#include "boot.h"
#include "ps/psp.h"

#define PSP_ANY_PROCESSOR 32 /* what windows.h calls MAXIMUM_PROCESSORS */

typedef NTSTATUS PSP_SET_ROUTINE(PVOID Object, const void *Value);

typedef struct _PSP_SET {
    ULONG Class;
    ULONG Length; /* bytes, at most 8 */
    PSP_SET_ROUTINE *Routine;
} PSP_SET;

/*
 * How csrss puts its port where it learns of the process's exceptions and death.
 * Set once: PORT_ALREADY_SET; refused to a dying process, whose death csrss would
 * then never hear of.
 */
static NTSTATUS PspSetExceptionPort(PVOID Object, const void *Value)
{
    PEPROCESS Process = Object;
    PVOID Port;
    NTSTATUS Status = ObReferenceObjectByHandle(*(const HANDLE *)Value, 0, LpcPortObjectType,
        KeGetPreviousMode(), &Port, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeAcquireGuardedMutex(&Process->ProcessLock);
    if ((Process->Flags & PSF_PROCESS_DELETE) != 0) {
        Status = STATUS_PROCESS_IS_TERMINATING;
    } else if (Process->ExceptionPort != NULL) {
        Status = STATUS_PORT_ALREADY_SET;
    } else {
        Process->ExceptionPort = Port;
    }
    KeReleaseGuardedMutex(&Process->ProcessLock);
    if (NT_SUCCESS(Status)) {
        KeTrace(TracePspExceptionPort, Process->Pcb.ProcessId, TraceP(Port));
    } else {
        ObDereferenceObject(Port);
    }
    return Status;
}

static NTSTATUS PspSetHardErrorMode(PVOID Object, const void *Value)
{
    ((PEPROCESS)Object)->DefaultHardErrorProcessing = *(const ULONG *)Value;
    return STATUS_SUCCESS;
}

/* ---- Scheduling: processes ------------------------------------------------------------ */

static BOOLEAN PspMayIncreasePriority(void)
{
    return SeTokenHasPrivilege(
        PsGetCurrentProcess()->Token, SE_INCREASE_BASE_PRIORITY_PRIVILEGE);
}

/* Base priorities of the classes, by PROCESS_PRIORITY_CLASS_... */
static const UCHAR PspClassPriority[] = {8, 4, 8, 13, 24, 6, 10};

void PspSetPriorityClass(PEPROCESS Process, UCHAR Class)
{
    Process->PriorityClass = Class;
    (void)KeSetPriorityProcess(&Process->Pcb, PspClassPriority[Class]);
}

static NTSTATUS PspSetProcessClass(PVOID Object, const void *Value)
{
    const PROCESS_PRIORITY_CLASS *Class = Value;

    if (Class->PriorityClass == 0 || Class->PriorityClass >= ARRAYSIZE(PspClassPriority)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Class->PriorityClass == PROCESS_PRIORITY_CLASS_REALTIME && !PspMayIncreasePriority()) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    PspSetPriorityClass(Object, Class->PriorityClass);
    return STATUS_SUCCESS;
}

/* The priority itself; the class stays.  More than it has needs the privilege. */
static NTSTATUS PspSetProcessBasePriority(PVOID Object, const void *Value)
{
    PEPROCESS Process = Object;
    KPRIORITY Priority = *(const KPRIORITY *)Value;

    if (Priority < 1 || Priority > 31) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Priority > Process->Pcb.BasePriority && !PspMayIncreasePriority()) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    (void)KeSetPriorityProcess(&Process->Pcb, Priority);
    return STATUS_SUCCESS;
}

/* Also of all its threads, whatever theirs were. */
static NTSTATUS PspSetProcessAffinity(PVOID Object, const void *Value)
{
    KAFFINITY Affinity = *(const KAFFINITY *)Value;

    PEPROCESS Process = Object;

    if (Affinity == 0 || (Affinity & ~KeActiveProcessors) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!ExAcquireRundownProtection(&Process->RundownProtect)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    (void)KeSetAffinityProcess(&Process->Pcb, Affinity);
    ExReleaseRundownProtection(&Process->RundownProtect);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetProcessBoost(PVOID Object, const void *Value)
{
    (void)KeSetDisableBoostProcess(&((PEPROCESS)Object)->Pcb, *(const ULONG *)Value != 0);
    return STATUS_SUCCESS;
}

/* ---- Other classes of processes --------------------------------------------------------- */

static NTSTATUS PspSetBreakOnTermination(PVOID Object, const void *Value)
{
    PEPROCESS Process = Object;

    if (!SeTokenHasPrivilege(PsGetCurrentProcess()->Token, SE_DEBUG_PRIVILEGE)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if (*(const ULONG *)Value != 0) {
        InterlockedOr(&Process->Flags, PSF_BREAK_ON_TERMINATION);
    } else {
        InterlockedAnd(&Process->Flags, ~PSF_BREAK_ON_TERMINATION);
    }
    return STATUS_SUCCESS;
}

/* Tokens but the System's come later; so there is nothing another could be replaced by. */
static NTSTATUS PspSetAccessToken(PVOID Object, const void *Value)
{
    UNREFERENCED_PARAMETER(Object);
    UNREFERENCED_PARAMETER(Value);
    return STATUS_NOT_IMPLEMENTED;
}

static const PSP_SET PspProcessSets[] = {
    {ProcessBasePriority, sizeof(KPRIORITY), PspSetProcessBasePriority},
    {ProcessExceptionPort, sizeof(HANDLE), PspSetExceptionPort},
    {ProcessAccessToken, 2 * sizeof(HANDLE), PspSetAccessToken},
    {ProcessDefaultHardErrorMode, sizeof(ULONG), PspSetHardErrorMode},
    {ProcessPriorityClass, sizeof(PROCESS_PRIORITY_CLASS), PspSetProcessClass},
    {ProcessAffinityMask, sizeof(KAFFINITY), PspSetProcessAffinity},
    {ProcessPriorityBoost, sizeof(ULONG), PspSetProcessBoost},
    {ProcessBreakOnTermination, sizeof(ULONG), PspSetBreakOnTermination},
};

/* ---- Threads ---------------------------------------------------------------------------- */

static NTSTATUS PspSetThreadPriority(PVOID Object, const void *Value)
{
    LONG Priority = *(const LONG *)Value;

    if (Priority < 1 || Priority > 31) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Priority >= 16 && !PspMayIncreasePriority()) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    (void)KeSetPriorityThread(&((PETHREAD)Object)->Tcb, Priority);
    return STATUS_SUCCESS;
}

/*
 * Relative to the process: -2..+2, for a process of real-time class -7..+6; and +-15
 * for the ends of the half, 1..15 or 16..31, that the process is in.
 */
static NTSTATUS PspSetThreadBasePriority(PVOID Object, const void *Value)
{
    PETHREAD Thread = Object;
    LONG Increment = *(const LONG *)Value;
    BOOLEAN RealTime =
        Thread->ThreadsProcess->PriorityClass == PROCESS_PRIORITY_CLASS_REALTIME;

    if ((Increment < (RealTime ? -7 : -2) || Increment > (RealTime ? 6 : 2)) &&
        Increment != 15 && Increment != -15) {
        return STATUS_INVALID_PARAMETER;
    }
    (void)KeSetBasePriorityThread(&Thread->Tcb, Increment);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetThreadAffinity(PVOID Object, const void *Value)
{
    KAFFINITY Affinity = *(const KAFFINITY *)Value;
    PETHREAD Thread = Object;
    PEPROCESS Process = Thread->ThreadsProcess;

    if (Affinity == 0 || (Affinity & ~Process->Pcb.Affinity) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!ExAcquireRundownProtection(&Process->RundownProtect)) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    (void)KeSetAffinityThread(&Thread->Tcb, Affinity);
    ExReleaseRundownProtection(&Process->RundownProtect);
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetThreadBoost(PVOID Object, const void *Value)
{
    (void)KeSetDisableBoostThread(&((PETHREAD)Object)->Tcb, *(const ULONG *)Value != 0);
    return STATUS_SUCCESS;
}

/* A thread that is ending, which gives up its TEB, does not need to know. */
static void PspTellIdealProcessor(PETHREAD Thread)
{
    KAPC_STATE State;

    if (!ExAcquireRundownProtection(&Thread->RundownProtect)) {
        return;
    }
    if (Thread->Tcb.Teb != NULL) {
        KeStackAttachProcess(&Thread->ThreadsProcess->Pcb, &State);
        PspWriteIdealProcessor(Thread);
        KeUnstackDetachProcess(&State);
    }
    ExReleaseRundownProtection(&Thread->RundownProtect);
}

/* The status is the old one's number.  PSP_ANY_PROCESSOR, or one that is not there, only asks. */
static NTSTATUS PspSetIdealProcessor(PVOID Object, const void *Value)
{
    ULONG Processor = *(const ULONG *)Value;
    PETHREAD Thread = Object;
    UCHAR Old;

    if (Processor > PSP_ANY_PROCESSOR) {
        return STATUS_INVALID_PARAMETER;
    }
    Old = KeSetIdealProcessorThread(&Thread->Tcb, Processor);
    PspTellIdealProcessor(Thread);
    return (__force NTSTATUS)Old;
}

static NTSTATUS PspSetWin32StartAddress(PVOID Object, const void *Value)
{
    ((PETHREAD)Object)->Win32StartAddress = *(PVOID const *)Value;
    return STATUS_SUCCESS;
}

/* CreateProcess begins a new attempt (NtTraceEvent), so the fault waits for the next. */
static NTSTATUS PspFailAcquisition(PVOID Object, const void *Value)
{
    if (KeBootOptions.Test[0] == 0 || Object != PsGetCurrentThread()) {
        return STATUS_INVALID_INFO_CLASS;
    }
    KeArmFault(KeTraceBeginAttempt() + 1, *(const ULONG *)Value);
    return STATUS_SUCCESS;
}

static const PSP_SET PspThreadSets[] = {
    {ThreadPriority, sizeof(LONG), PspSetThreadPriority},
    {ThreadBasePriority, sizeof(LONG), PspSetThreadBasePriority},
    {ThreadAffinityMask, sizeof(KAFFINITY), PspSetThreadAffinity},
    {ThreadIdealProcessor, sizeof(ULONG), PspSetIdealProcessor},
    {ThreadPriorityBoost, sizeof(ULONG), PspSetThreadBoost},
    {ThreadQuerySetWin32StartAddress, sizeof(PVOID), PspSetWin32StartAddress},
    {ThreadNascentFailAcquisition, sizeof(ULONG), PspFailAcquisition},
};

/* A class of bytes needs no alignment, all others that of a ULONG. */
static ULONG PspAlignment(const PSP_SET *Set)
{
    return Set->Length % sizeof(ULONG) != 0 ? sizeof(UCHAR) : sizeof(ULONG);
}

/* *Set: the class's row, if Length is right and Value has been captured. */
FORCEINLINE NTSTATUS PspCaptureSet(const PSP_SET *Sets, ULONG Count, ULONG Class,
    void __user *Information, ULONG Length, PVOID Value, const PSP_SET **Set)
{
    ULONG Index = 0;

    while (Index < Count && Sets[Index].Class != Class) {
        Index++;
    }
    if (Index == Count) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != Sets[Index].Length) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS Status = MmProbeForRead(Information, Length, PspAlignment(&Sets[Index]));

    *Set = &Sets[Index];
    return NT_SUCCESS(Status) ? MmCopyFromUser(Value, Information, Length) : Status;
}

#define PROCESS_SET_PORT PROCESS_SUSPEND_RESUME /* the bit's older name */

static ACCESS_MASK PspRightToSet(PROCESSINFOCLASS Class)
{
    return Class == ProcessExceptionPort ? PROCESS_SET_INFORMATION | PROCESS_SET_PORT
                                         : PROCESS_SET_INFORMATION;
}

NTSTATUS NTAPI NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS InformationClass,
    void __user *Information, ULONG Length)
{
    ULONG Value[2];
    const PSP_SET *Set;
    PVOID Process;
    NTSTATUS Status = PspCaptureSet(PspProcessSets, ARRAYSIZE(PspProcessSets), InformationClass,
        Information, Length, Value, &Set);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ProcessHandle, PspRightToSet(InformationClass),
            PsProcessType, KeGetPreviousMode(), &Process, NULL);
    }
    if (NT_SUCCESS(Status)) {
        Status = Set->Routine(Process, Value);
        ObDereferenceObject(Process);
    }
    return Status;
}

NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS InformationClass,
    void __user *Information, ULONG Length)
{
    ULONG Value[2];
    const PSP_SET *Set;
    PVOID Thread;
    NTSTATUS Status = PspCaptureSet(PspThreadSets, ARRAYSIZE(PspThreadSets), InformationClass,
        Information, Length, Value, &Set);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_SET_INFORMATION, PsThreadType,
            KeGetPreviousMode(), &Thread, NULL);
    }
    if (NT_SUCCESS(Status)) {
        Status = Set->Routine(Thread, Value);
        ObDereferenceObject(Thread);
    }
    return Status;
}
