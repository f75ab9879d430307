/* SPDX-License-Identifier: MIT */
/*
 * Critical sections: a lock of the process that costs one locked instruction
 * when nobody waits, and an event, made at the first wait, when somebody does.
 *
 * LockCount is -1 when free, else the number of waiters plus recursions.  The
 * owner hands the lock over by setting the event, which wakes exactly one waiter.
 */
#include "user/ntdll/ntdllp.h"

NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(
    PRTL_CRITICAL_SECTION CriticalSection, ULONG SpinCount)
{
    UNREFERENCED_PARAMETER(SpinCount); /* of no use on one processor */
    CriticalSection->DebugInfo = NULL;
    CriticalSection->LockCount = -1;
    CriticalSection->RecursionCount = 0;
    CriticalSection->OwningThread = NULL;
    CriticalSection->LockSemaphore = NULL;
    CriticalSection->SpinCount = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    return RtlInitializeCriticalSectionAndSpinCount(CriticalSection, 0);
}

NTSTATUS NTAPI RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (CriticalSection->LockSemaphore != NULL) {
        Status = NtClose(CriticalSection->LockSemaphore);
    }
    memset(CriticalSection, 0, sizeof(*CriticalSection));
    return Status;
}

/*
 * The event, created if need be.  Two threads may try at once; the loser's is
 * closed.  Without one neither waiting nor waking is possible, so a failure is
 * raised, as on NT.
 */
static HANDLE RtlpGetLockEvent(PRTL_CRITICAL_SECTION CriticalSection)
{
    HANDLE Event = __atomic_load_n(&CriticalSection->LockSemaphore, __ATOMIC_ACQUIRE);
    HANDLE Expected = NULL;
    NTSTATUS Status;

    if (Event != NULL) {
        return Event;
    }
    Status = NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    if (!NT_SUCCESS(Status)) {
        RtlRaiseStatus(Status);
    }
    if (!__atomic_compare_exchange_n(&CriticalSection->LockSemaphore, &Expected, Event, FALSE,
            __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        (void)NtClose(Event);
        return Expected;
    }
    return Event;
}

static VOID RtlpWaitForCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    NTSTATUS Status = NtWaitForSingleObject(RtlpGetLockEvent(CriticalSection), FALSE, NULL);

    if (!NT_SUCCESS(Status)) {
        RtlRaiseStatus(Status);
    }
}

NTSTATUS NTAPI RtlEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    HANDLE Thread = NtCurrentTeb()->ClientId.UniqueThread;

    if (__atomic_add_fetch(&CriticalSection->LockCount, 1, __ATOMIC_ACQUIRE) != 0) {
        if (CriticalSection->OwningThread == Thread) {
            CriticalSection->RecursionCount++;
            return STATUS_SUCCESS;
        }
        RtlpWaitForCriticalSection(CriticalSection);
    }
    CriticalSection->OwningThread = Thread;
    CriticalSection->RecursionCount = 1;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    HANDLE Thread = NtCurrentTeb()->ClientId.UniqueThread;
    LONG Free = -1;

    if (__atomic_compare_exchange_n(
            &CriticalSection->LockCount, &Free, 0, FALSE, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        CriticalSection->OwningThread = Thread;
        CriticalSection->RecursionCount = 1;
        return TRUE;
    }
    if (CriticalSection->OwningThread == Thread) {
        __atomic_add_fetch(&CriticalSection->LockCount, 1, __ATOMIC_RELAXED);
        CriticalSection->RecursionCount++;
        return TRUE;
    }
    return FALSE;
}

NTSTATUS NTAPI RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    if (--CriticalSection->RecursionCount > 0) {
        __atomic_sub_fetch(&CriticalSection->LockCount, 1, __ATOMIC_RELAXED);
        return STATUS_SUCCESS;
    }
    CriticalSection->OwningThread = NULL;
    if (__atomic_sub_fetch(&CriticalSection->LockCount, 1, __ATOMIC_RELEASE) >= 0) {
        return NtSetEvent(RtlpGetLockEvent(CriticalSection), NULL);
    }
    return STATUS_SUCCESS;
}

VOID RtlpSeizeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    if (CriticalSection->LockCount != -1
        && CriticalSection->OwningThread != NtCurrentTeb()->ClientId.UniqueThread) {
        CriticalSection->LockCount = -1;
        CriticalSection->RecursionCount = 0;
        CriticalSection->OwningThread = NULL;
    }
}

VOID NTAPI RtlAcquirePebLock(VOID)
{
    RtlEnterCriticalSection(NtCurrentPeb()->FastPebLock);
}

VOID NTAPI RtlReleasePebLock(VOID)
{
    RtlLeaveCriticalSection(NtCurrentPeb()->FastPebLock);
}
