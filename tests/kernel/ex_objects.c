/* SPDX-License-Identifier: MIT */
/*
 * The executive's services for events, mutants and semaphores, rundown
 * protection, and the small services about the system.
 */
#include "ex.h"
#include "mm.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

START_TEST(ex_event, "NtCreateEvent and its friends: states and statuses")
{
    HANDLE Event;
    LONG Previous = -1;

    ok_status(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, 2, FALSE), STATUS_INVALID_PARAMETER);
    ok_status(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, TRUE),
        STATUS_SUCCESS);
    ok_status(NtSetEvent(Event, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 1);
    ok_status(NtWaitForSingleObject(Event, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtSetEvent(Event, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok_status(NtResetEvent(Event, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 1);
    ok_status(NtPulseEvent(Event, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 0);
    ok_status(NtClearEvent(Event), STATUS_SUCCESS);
    ok_status(NtReleaseMutant(Event, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtSetEvent(Event, NULL), STATUS_INVALID_HANDLE);
}

START_TEST(ex_semaphore, "semaphores: counts within their limits")
{
    HANDLE Semaphore;
    LONG Previous = -1;

    ok_status(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, 0),
        STATUS_INVALID_PARAMETER);
    ok_status(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, -1, 1),
        STATUS_INVALID_PARAMETER);
    ok_status(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 2, 1),
        STATUS_INVALID_PARAMETER);
    ok_status(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 1, 3), STATUS_SUCCESS);
    ok_status(NtReleaseSemaphore(Semaphore, 0, NULL), STATUS_INVALID_PARAMETER);
    ok_status(NtReleaseSemaphore(Semaphore, 2, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 1);
    ok_status(NtReleaseSemaphore(Semaphore, 1, NULL), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    ok_status(NtWaitForSingleObject(Semaphore, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtReleaseSemaphore(Semaphore, 1, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, 2);
    ok_status(NtClose(Semaphore), STATUS_SUCCESS);
}

/* Takes a mutant and ends without giving it back. */
static void KtTakeMutant(PVOID Context)
{
    ok_status(NtWaitForSingleObject(Context, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Context, FALSE, NULL), STATUS_SUCCESS);
}

START_TEST(ex_mutant, "mutants: ownership, recursion, abandonment, deletion while owned")
{
    HANDLE Mutant;
    LONG Previous = -1;

    ok_status(NtCreateMutant(&Mutant, MUTANT_ALL_ACCESS, NULL, TRUE), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Mutant, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtReleaseMutant(Mutant, &Previous), STATUS_SUCCESS);
    ok_eq(Previous, -1);
    ok_status(NtReleaseMutant(Mutant, NULL), STATUS_SUCCESS);
    ok_status(NtReleaseMutant(Mutant, NULL), STATUS_MUTANT_NOT_OWNED);
    KtJoinThread(KtStartThread(KtTakeMutant, Mutant));
    ok_status(NtWaitForSingleObject(Mutant, FALSE, NULL), STATUS_ABANDONED_WAIT_0);
    ok_status(NtClose(Mutant), STATUS_SUCCESS);
    ok(IsListEmpty(&KeGetCurrentThread()->MutantListHead), "the deleted mutant has no owner");
}

typedef struct _KT_RUNDOWN {
    EX_RUNDOWN_REF Ref;
    volatile LONG Done;
} KT_RUNDOWN;

static void KtRunDown(PVOID Context)
{
    KT_RUNDOWN *Rundown = Context;

    ExWaitForRundownProtectionRelease(&Rundown->Ref);
    InterlockedIncrement(&Rundown->Done);
}

START_TEST(ex_rundown, "rundown protection: users are waited for, none are let in")
{
    KT_RUNDOWN Rundown = {.Done = 0};
    PETHREAD Thread;

    ExInitializeRundownProtection(&Rundown.Ref);
    ok(ExAcquireRundownProtection(&Rundown.Ref), "the first user gets in");
    ok(ExAcquireRundownProtection(&Rundown.Ref), "the second too");
    Thread = KtStartThread(KtRunDown, &Rundown);
    ok(KtAwaitState(Thread, Waiting), "the owner waits");
    ok(!ExAcquireRundownProtection(&Rundown.Ref), "nobody new gets in");
    ExReleaseRundownProtection(&Rundown.Ref);
    KtSleep(20);
    ok_eq(Rundown.Done, 0);
    ExReleaseRundownProtection(&Rundown.Ref);
    KtJoinThread(Thread);
    ok_eq(Rundown.Done, 1);
    ok(!ExAcquireRundownProtection(&Rundown.Ref), "gone is gone");
    ExWaitForRundownProtectionRelease(&Rundown.Ref); /* returns at once */
}

START_TEST(ex_sysinfo, "NtQuerySystemInformation: classes and lengths")
{
    static NASCENT_COUNTERS Counters;
    SYSTEM_BASIC_INFORMATION Basic;
    ULONG Length = 0;

    ok_status(NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), &Length),
        STATUS_SUCCESS);
    ok_eq(Length, sizeof(Basic));
    ok_eq(Basic.PhysicalPageSize, PAGE_SIZE);
    ok_status(NtQuerySystemInformation(SystemBasicInformation, &Basic, 1, &Length),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_eq(Length, sizeof(Basic));
    ok_status(NtQuerySystemInformation(SystemNascentCounters, &Counters, sizeof(Counters), NULL),
        STATUS_SUCCESS);
    ok(Counters.FreePages != 0 && Counters.ProcessCount != 0, "the counters count");
    ok_status(NtQuerySystemInformation(SystemPerformanceInformation, NULL, 0, NULL),
        STATUS_NOT_IMPLEMENTED);
    ok_status(NtQuerySystemInformation(0x500, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
}

START_TEST(ex_time, "system time and performance counter go forward")
{
    LARGE_INTEGER First, Second, Frequency;

    ok_status(NtQuerySystemTime(&First), STATUS_SUCCESS);
    KtSleep(30);
    ok_status(NtQuerySystemTime(&Second), STATUS_SUCCESS);
    ok(Second.QuadPart > First.QuadPart, "time goes on");
    ok_status(NtQueryPerformanceCounter(&First, &Frequency), STATUS_SUCCESS);
    ok_status(NtQueryPerformanceCounter(&Second, NULL), STATUS_SUCCESS);
    ok(Second.QuadPart > First.QuadPart, "the counter goes on");
    ok(Frequency.QuadPart != 0, "it has a frequency");
}

START_TEST(ex_harderror, "hard errors: parameters that are refused")
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"missing.dll");
    ULONG_PTR Parameters[2] = {(ULONG_PTR)&Name, 0x1234};
    ULONG Response = 99;

    ok_status(NtRaiseHardError(STATUS_DLL_NOT_FOUND, 6, 0, Parameters, 1, &Response),
        STATUS_INVALID_PARAMETER_2);
    ok_status(NtRaiseHardError(STATUS_DLL_NOT_FOUND, 1, 0, NULL, 1, &Response),
        STATUS_INVALID_PARAMETER_2);
    ok_status(NtRaiseHardError(STATUS_DLL_NOT_FOUND, 2, 1, Parameters, 9, &Response),
        STATUS_INVALID_PARAMETER_4);
    ok_eq(Response, 99);
    ok_status(NtRaiseHardError(STATUS_DLL_NOT_FOUND, 2, 1, Parameters, 1, &Response),
        STATUS_SUCCESS);
    ok_eq(Response, 0);
}
