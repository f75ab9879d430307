/* SPDX-License-Identifier: MIT */
/*
 * Priorities and processors: of a process its class, of a thread how it stands to
 * that; which processors they may use, and whether waiting lifts them.
 *
 * What the kernel makes of it: ps/set.c, ke/priority.c.
 */
#include "user/kernel32/base.h"

/* Both ways; the lowest first. */
static const struct {
    DWORD Flag;
    UCHAR Class;
} BasepClasses[] = {
    {IDLE_PRIORITY_CLASS, PROCESS_PRIORITY_CLASS_IDLE},
    {BELOW_NORMAL_PRIORITY_CLASS, PROCESS_PRIORITY_CLASS_BELOW_NORMAL},
    {NORMAL_PRIORITY_CLASS, PROCESS_PRIORITY_CLASS_NORMAL},
    {ABOVE_NORMAL_PRIORITY_CLASS, PROCESS_PRIORITY_CLASS_ABOVE_NORMAL},
    {HIGH_PRIORITY_CLASS, PROCESS_PRIORITY_CLASS_HIGH},
    {REALTIME_PRIORITY_CLASS, PROCESS_PRIORITY_CLASS_REALTIME},
};

/* Where several are asked for, the lowest wins. */
UCHAR BasepPriorityClass(ULONG Flags)
{
    for (ULONG Index = 0; Index < ARRAYSIZE(BasepClasses); Index++) {
        if ((Flags & BasepClasses[Index].Flag) != 0) {
            return BasepClasses[Index].Class;
        }
    }
    return 0;
}

/* Without the privilege for it, realtime silently becomes high. */
NTSTATUS BasepSetPriorityClass(HANDLE Process, UCHAR Class)
{
    PROCESS_PRIORITY_CLASS Information = {FALSE, Class};
    NTSTATUS Status = NtSetInformationProcess(
        Process, ProcessPriorityClass, &Information, sizeof(Information));

    if (Status == STATUS_PRIVILEGE_NOT_HELD && Class == PROCESS_PRIORITY_CLASS_REALTIME) {
        Information.PriorityClass = PROCESS_PRIORITY_CLASS_HIGH;
        Status = NtSetInformationProcess(
            Process, ProcessPriorityClass, &Information, sizeof(Information));
    }
    return Status;
}

/* ---- Processes ---- */

BOOL WINAPI SetPriorityClass(HANDLE Process, DWORD PriorityClass)
{
    UCHAR Class = BasepPriorityClass(PriorityClass);

    if (Class == 0 || (PriorityClass & (PriorityClass - 1)) != 0) {
        return BaseSetLastNTError(STATUS_INVALID_PARAMETER);
    }
    return BaseResult(BasepSetPriorityClass(Process, Class));
}

DWORD WINAPI GetPriorityClass(HANDLE Process)
{
    /* The query wants an answer of any class aligned; the structure is of bytes. */
    PROCESS_PRIORITY_CLASS Information __attribute__((aligned(4))) = {FALSE, 0};

    if (!BaseResult(NtQueryInformationProcess(
            Process, ProcessPriorityClass, &Information, sizeof(Information), NULL))) {
        return 0;
    }
    for (ULONG Index = 0; Index < ARRAYSIZE(BasepClasses); Index++) {
        if (BasepClasses[Index].Class == Information.PriorityClass) {
            return BasepClasses[Index].Flag;
        }
    }
    return NORMAL_PRIORITY_CLASS;
}

BOOL WINAPI SetProcessAffinityMask(HANDLE Process, DWORD_PTR Mask)
{
    return BaseResult(
        NtSetInformationProcess(Process, ProcessAffinityMask, &Mask, sizeof(Mask)));
}

BOOL WINAPI GetProcessAffinityMask(HANDLE Process, PDWORD_PTR Mask, PDWORD_PTR SystemMask)
{
    PROCESS_BASIC_INFORMATION Information;
    SYSTEM_BASIC_INFORMATION System;
    NTSTATUS Status = NtQueryInformationProcess(
        Process, ProcessBasicInformation, &Information, sizeof(Information), NULL);

    if (NT_SUCCESS(Status)) {
        Status = NtQuerySystemInformation(
            SystemBasicInformation, &System, sizeof(System), NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return BaseSetLastNTError(Status);
    }
    *Mask = Information.AffinityMask;
    *SystemMask = System.ActiveProcessors;
    return TRUE;
}

BOOL WINAPI SetProcessPriorityBoost(HANDLE Process, BOOL Disable)
{
    ULONG Value = Disable != FALSE;

    return BaseResult(
        NtSetInformationProcess(Process, ProcessPriorityBoost, &Value, sizeof(Value)));
}

BOOL WINAPI GetProcessPriorityBoost(HANDLE Process, PBOOL Disabled)
{
    ULONG Value = 0;

    if (!BaseResult(NtQueryInformationProcess(
            Process, ProcessPriorityBoost, &Value, sizeof(Value), NULL))) {
        return FALSE;
    }
    *Disabled = Value != 0;
    return TRUE;
}

/* ---- Threads ---- */

static BOOL BasepQueryThread(HANDLE Thread, THREAD_BASIC_INFORMATION *Information)
{
    return BaseResult(NtQueryInformationThread(
        Thread, ThreadBasicInformation, Information, sizeof(*Information), NULL));
}

/* THREAD_PRIORITY_IDLE and _TIME_CRITICAL are the +-15 that saturate. */
BOOL WINAPI SetThreadPriority(HANDLE Thread, int Priority)
{
    LONG Increment = Priority;

    return BaseResult(NtSetInformationThread(
        Thread, ThreadBasePriority, &Increment, sizeof(Increment)));
}

int WINAPI GetThreadPriority(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Information;

    return BasepQueryThread(Thread, &Information) ? (int)Information.BasePriority
                                                  : THREAD_PRIORITY_ERROR_RETURN;
}

/* Returns the mask before, or 0. */
DWORD_PTR WINAPI SetThreadAffinityMask(HANDLE Thread, DWORD_PTR Mask)
{
    THREAD_BASIC_INFORMATION Information;

    if (!BasepQueryThread(Thread, &Information) ||
        !BaseResult(NtSetInformationThread(Thread, ThreadAffinityMask, &Mask, sizeof(Mask)))) {
        return 0;
    }
    return Information.AffinityMask;
}

/* Returns the one before, or -1; MAXIMUM_PROCESSORS only asks. */
DWORD WINAPI SetThreadIdealProcessor(HANDLE Thread, DWORD Processor)
{
    ULONG Value = Processor;
    NTSTATUS Status =
        NtSetInformationThread(Thread, ThreadIdealProcessor, &Value, sizeof(Value));

    return BaseResult(Status) ? (DWORD)Status : (DWORD)-1;
}

BOOL WINAPI SetThreadPriorityBoost(HANDLE Thread, BOOL Disable)
{
    ULONG Value = Disable != FALSE;

    return BaseResult(
        NtSetInformationThread(Thread, ThreadPriorityBoost, &Value, sizeof(Value)));
}

BOOL WINAPI GetThreadPriorityBoost(HANDLE Thread, PBOOL Disabled)
{
    ULONG Value = 0;

    if (!BaseResult(NtQueryInformationThread(
            Thread, ThreadPriorityBoost, &Value, sizeof(Value), NULL))) {
        return FALSE;
    }
    *Disabled = Value != 0;
    return TRUE;
}

/* FALSE: nobody else was ready, and the thread went on. */
BOOL WINAPI SwitchToThread(VOID)
{
    return NtYieldExecution() != STATUS_NO_YIELD_PERFORMED;
}
