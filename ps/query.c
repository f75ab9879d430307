/* SPDX-License-Identifier: MIT */
/*
 * NtQueryInformationProcess and NtQueryInformationThread.
 *
 * Each class is a row of a table: its size, and a routine that fills a kernel
 * copy.  The row's size must match exactly, else STATUS_INFO_LENGTH_MISMATCH; an
 * unknown class is STATUS_INVALID_INFO_CLASS.  As in NT both are said before the
 * buffers are looked at, and these before the handle.
 */
#include "boot.h"
#include "ps/psp.h"

#define PSP_QUERY_MAX  64 /* bytes: the largest answer of fixed size */
#define PSP_ANY_LENGTH 0  /* ProcessImageFileName: its answer's length varies */

/* On success it has filled every byte of the answer's length: they go to the user. */
typedef NTSTATUS PSP_QUERY_ROUTINE(PVOID Object, PVOID Answer);

typedef struct _PSP_QUERY {
    ULONG Class;
    ULONG Length; /* bytes */
    PSP_QUERY_ROUTINE *Routine;
} PSP_QUERY;

static NTSTATUS PspQueryProcessBasic(PVOID Object, PVOID Answer)
{
    PEPROCESS Process = Object;
    PPROCESS_BASIC_INFORMATION Basic = Answer;

    Basic->ExitStatus = Process->ExitStatus;
    Basic->PebBaseAddress = (__force PPEB)Process->Peb;
    Basic->AffinityMask = Process->Pcb.Affinity;
    Basic->BasePriority = Process->Pcb.BasePriority;
    Basic->UniqueProcessId = (ULONG_PTR)Process->UniqueProcessId;
    Basic->InheritedFromUniqueProcessId = (ULONG_PTR)Process->InheritedFromUniqueProcessId;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryDebugPort(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = ((PEPROCESS)Object)->DebugPort != NULL ? ~0u : 0;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryHardErrorMode(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = ((PEPROCESS)Object)->DefaultHardErrorProcessing;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryPriorityClass(PVOID Object, PVOID Answer)
{
    PPROCESS_PRIORITY_CLASS Class = Answer;

    Class->Foreground = FALSE; /* there is no window in front */
    Class->PriorityClass = ((PEPROCESS)Object)->PriorityClass;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryProcessBoost(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = ((PEPROCESS)Object)->Pcb.DisableBoost;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryHandleCount(PVOID Object, PVOID Answer)
{
    PEPROCESS Process = Object;

    if (!ExAcquireRundownProtection(&Process->RundownProtect)) {
        *(PULONG)Answer = 0; /* its table is closed */
        return STATUS_SUCCESS;
    }
    *(PULONG)Answer = ObQueryHandleCount(&Process->Pcb);
    ExReleaseRundownProtection(&Process->RundownProtect);
    return STATUS_SUCCESS;
}

static NTSTATUS PspQuerySession(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = ((PEPROCESS)Object)->SessionId;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryBreakOnTermination(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = (((PEPROCESS)Object)->Flags & PSF_BREAK_ON_TERMINATION) != 0;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryProcessTimes(PVOID Object, PVOID Answer)
{
    PEPROCESS Process = Object;
    KERNEL_USER_TIMES *Times = Answer;

    Times->CreateTime = Process->CreateTime;
    Times->ExitTime = Process->ExitTime;
    Times->KernelTime.QuadPart = (LONGLONG)Process->Pcb.KernelTime * KeMaximumIncrement;
    Times->UserTime.QuadPart = (LONGLONG)Process->Pcb.UserTime * KeMaximumIncrement;
    return STATUS_SUCCESS;
}

static const PSP_QUERY PspProcessQueries[] = {
    {ProcessBasicInformation, sizeof(PROCESS_BASIC_INFORMATION), PspQueryProcessBasic},
    {ProcessTimes, sizeof(KERNEL_USER_TIMES), PspQueryProcessTimes},
    {ProcessDebugPort, sizeof(ULONG), PspQueryDebugPort},
    {ProcessDefaultHardErrorMode, sizeof(ULONG), PspQueryHardErrorMode},
    {ProcessPriorityClass, sizeof(PROCESS_PRIORITY_CLASS), PspQueryPriorityClass},
    {ProcessHandleCount, sizeof(ULONG), PspQueryHandleCount},
    {ProcessPriorityBoost, sizeof(ULONG), PspQueryProcessBoost},
    {ProcessSessionInformation, sizeof(ULONG), PspQuerySession},
    {ProcessBreakOnTermination, sizeof(ULONG), PspQueryBreakOnTermination},
    {ProcessImageFileName, PSP_ANY_LENGTH, NULL},
};

static NTSTATUS PspQueryThreadBasic(PVOID Object, PVOID Answer)
{
    PETHREAD Thread = Object;
    PTHREAD_BASIC_INFORMATION Basic = Answer;

    Basic->ExitStatus = Thread->ExitStatus;
    Basic->TebBaseAddress = Thread->Tcb.Teb;
    Basic->ClientId = Thread->Cid;
    Basic->AffinityMask = Thread->Tcb.Affinity;
    Basic->Priority = Thread->Tcb.Priority;
    Basic->BasePriority = KeQueryBasePriorityThread(&Thread->Tcb);
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryThreadTimes(PVOID Object, PVOID Answer)
{
    PETHREAD Thread = Object;
    KERNEL_USER_TIMES *Times = Answer;

    Times->CreateTime = Thread->CreateTime;
    Times->ExitTime = Thread->ExitTime;
    Times->KernelTime.QuadPart = (LONGLONG)Thread->Tcb.KernelTime * KeMaximumIncrement;
    Times->UserTime.QuadPart = (LONGLONG)Thread->Tcb.UserTime * KeMaximumIncrement;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryThreadIdentity(PVOID Object, PVOID Answer)
{
    PETHREAD Thread = Object;
    PNASCENT_THREAD_IDENTITY Identity = Answer;

    Identity->ClientId = Thread->Cid;
    Identity->CreateTime = Thread->CreateTime;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryWin32StartAddress(PVOID Object, PVOID Answer)
{
    *(PVOID *)Answer = ((PETHREAD)Object)->Win32StartAddress;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryAmILastThread(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = ((PETHREAD)Object)->ThreadsProcess->ActiveThreads == 1;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryThreadBoost(PVOID Object, PVOID Answer)
{
    *(PULONG)Answer = ((PETHREAD)Object)->Tcb.DisableBoost;
    return STATUS_SUCCESS;
}

static NTSTATUS PspQueryFailAcquisition(PVOID Object, PVOID Answer)
{
    if (KeBootOptions.Test[0] == 0 || Object != PsGetCurrentThread()) {
        return STATUS_INVALID_INFO_CLASS;
    }
    *(PULONG)Answer = KeDisarmFault();
    return STATUS_SUCCESS;
}

static const PSP_QUERY PspThreadQueries[] = {
    {ThreadAmILastThread, sizeof(ULONG), PspQueryAmILastThread}, /* each that ends asks */
    {ThreadNascentIdentity, sizeof(NASCENT_THREAD_IDENTITY), PspQueryThreadIdentity},
    {ThreadBasicInformation, sizeof(THREAD_BASIC_INFORMATION), PspQueryThreadBasic},
    {ThreadTimes, sizeof(KERNEL_USER_TIMES), PspQueryThreadTimes},
    {ThreadQuerySetWin32StartAddress, sizeof(PVOID), PspQueryWin32StartAddress},
    {ThreadPriorityBoost, sizeof(ULONG), PspQueryThreadBoost},
    {ThreadNascentFailAcquisition, sizeof(ULONG), PspQueryFailAcquisition},
};

/* *Query: the class's row, if Length is right and the answer can be written. */
FORCEINLINE NTSTATUS PspCheckQuery(const PSP_QUERY *Queries, ULONG Count, ULONG Class,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength, const PSP_QUERY **Query)
{
    ULONG Index = 0;

    while (Index < Count && Queries[Index].Class != Class) {
        Index++;
    }
    if (Index == Count) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Queries[Index].Length != PSP_ANY_LENGTH && Length != Queries[Index].Length) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    NTSTATUS Status = MmProbeForWrite(Information, Length, sizeof(ULONG));

    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = MmProbeForWrite(ReturnLength, sizeof(ULONG), sizeof(UCHAR));
    }
    *Query = &Queries[Index];
    return Status;
}

static NTSTATUS PspAnswerQuery(
    const PSP_QUERY *Query, PVOID Object, void __user *Information, ULONG __user *ReturnLength)
{
    ULONG Answer[PSP_QUERY_MAX / sizeof(ULONG)];
    NTSTATUS Status = Query->Routine(Object, Answer);

    if (NT_SUCCESS(Status)) {
        Status = MmCopyToUser(Information, Answer, Query->Length);
    }
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = MmWriteUlongToUser(ReturnLength, Query->Length);
    }
    return Status;
}

/* The one answer whose length varies: a UNICODE_STRING and its text. */
static NTSTATUS PspAnswerImageName(
    PEPROCESS Process, void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    struct {
        UNICODE_STRING String;
        WCHAR Text[sizeof(Process->ImageFileName)];
    } Answer = {};
    USHORT Characters = 0;

    while (Process->ImageFileName[Characters] != 0) {
        Answer.Text[Characters] = (UCHAR)Process->ImageFileName[Characters];
        Characters++;
    }
    ULONG Needed = sizeof(UNICODE_STRING) + (Characters + 1) * sizeof(WCHAR);

    Answer.String.Length = Characters * sizeof(WCHAR);
    Answer.String.MaximumLength = Answer.String.Length + sizeof(WCHAR);
    Answer.String.Buffer = (__force PWSTR)((UCHAR __user *)Information + sizeof(UNICODE_STRING));
    NTSTATUS Status = Length < Needed ? STATUS_INFO_LENGTH_MISMATCH
                                      : MmCopyToUser(Information, &Answer, Needed);

    if (ReturnLength != NULL && (NT_SUCCESS(Status) || Status == STATUS_INFO_LENGTH_MISMATCH)) {
        NTSTATUS Written = MmWriteUlongToUser(ReturnLength, Needed);
        return NT_SUCCESS(Written) ? Status : Written;
    }
    return Status;
}

NTSTATUS NTAPI NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    const PSP_QUERY *Query;
    PVOID Process;
    NTSTATUS Status = PspCheckQuery(PspProcessQueries, ARRAYSIZE(PspProcessQueries),
        InformationClass, Information, Length, ReturnLength, &Query);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_INFORMATION,
            PsProcessType, KeGetPreviousMode(), &Process, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Query->Length == PSP_ANY_LENGTH
        ? PspAnswerImageName(Process, Information, Length, ReturnLength)
        : PspAnswerQuery(Query, Process, Information, ReturnLength);
    ObDereferenceObject(Process);
    return Status;
}

NTSTATUS NTAPI NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS InformationClass,
    void __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    const PSP_QUERY *Query;
    PVOID Thread;
    NTSTATUS Status = PspCheckQuery(PspThreadQueries, ARRAYSIZE(PspThreadQueries),
        InformationClass, Information, Length, ReturnLength, &Query);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_QUERY_INFORMATION, PsThreadType,
            KeGetPreviousMode(), &Thread, NULL);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspAnswerQuery(Query, Thread, Information, ReturnLength);
        ObDereferenceObject(Thread);
    }
    return Status;
}
