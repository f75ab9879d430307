/* SPDX-License-Identifier: MIT */
/*
 * LdrpInit: the first C code that every thread runs in user mode.
 *
 * The kernel queues LdrInitializeThunk (user/ntdll/dispatch.S), which leads here,
 * as a user APC before a new thread's first instruction; so it runs on top of the
 * CONTEXT in which the thread shall start.  In the first thread of a process it
 * initialises the process, in others the thread.
 *
 * Next: process.c.
 */
#include "ldr/ldrp.h"

/* Who initialises the process: 0 nobody yet, 1 somebody is at it, 2 done. */
static LONG LdrpProcessInitState;

/* Elects the initialiser; all others return FALSE when it is done. */
static BOOLEAN LdrpElectInitializer(VOID)
{
    LARGE_INTEGER Delay = {.QuadPart = -30 * 10000LL}; /* 30 ms, as NT polls */
    LONG Expected = 0;

    if (__atomic_load_n(&LdrpProcessInitState, __ATOMIC_ACQUIRE) == 2) {
        return FALSE;
    }
    if (__atomic_compare_exchange_n(&LdrpProcessInitState, &Expected, 1, FALSE,
            __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return TRUE;
    }
    while (__atomic_load_n(&LdrpProcessInitState, __ATOMIC_ACQUIRE) != 2) {
        (void)NtDelayExecution(FALSE, &Delay);
    }
    return FALSE;
}

/* The kernel sets it too; this covers stacks described the other way. */
static VOID LdrpFixDeallocationStack(VOID)
{
    PTEB Teb = NtCurrentTeb();
    MEMORY_BASIC_INFORMATION Information;

    if (Teb->DeallocationStack == NULL
        && NT_SUCCESS(NtQueryVirtualMemory(NtCurrentProcess(), Teb->NtTib.StackLimit,
            MemoryBasicInformation, &Information, sizeof(Information), NULL))) {
        Teb->DeallocationStack = Information.AllocationBase;
    }
}

static NTSTATUS LdrpInitializeThread(VOID)
{
    NTSTATUS Status = LdrpAllocateTls();

    if (NT_SUCCESS(Status)) {
        LdrpAttachThread();
    }
    return Status;
}

/*
 * LdrpInit - initialise the process or the thread; return to start it.
 *
 * Context is where the thread goes afterwards: KiUserApcDispatcher continues it.
 * A failure ends the process or the thread.
 */
VOID NTAPI LdrpInit(PCONTEXT Context, PVOID NtdllBase, PVOID Unused)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Unused);
    LdrpFixDeallocationStack();
    if (LdrpElectInitializer()) {
        Status = LdrpInitializeProcess(Context, NtdllBase);
        if (!NT_SUCCESS(Status)) {
            LdrpFailProcess(Status);
        }
        __atomic_store_n(&LdrpProcessInitState, 2, __ATOMIC_RELEASE);
        return;
    }
    Status = LdrpInitializeThread();
    if (!NT_SUCCESS(Status)) {
        (void)NtTerminateThread(NtCurrentThread(), Status);
    }
}
