/* SPDX-License-Identifier: MIT */
/*
 * Phase 5: the first routines of a thread.
 *
 * KiSwapContext "returns" into KiThreadStartup (ke/i386/switch.S), which lowers to
 * APC_LEVEL and calls one of these.  A user thread leaves this file for user mode,
 * with an APC prepared that makes LdrInitializeThunk its first user code.
 * Read next: ldr/init.c (phase 6) and ps/exit.c.
 */
#include "ps/psp.h"

/* A system thread: run the routine, then end. */
void PspSystemThreadStartup(PVOID StartRoutine, PVOID StartContext)
{
    PETHREAD Thread = PsGetCurrentThread();

    KeLowerIrql(PASSIVE_LEVEL);
    if ((Thread->CrossThreadFlags & (CT_TERMINATED | CT_DEAD_THREAD)) == 0) {
        ((PKSTART_ROUTINE)StartRoutine)(StartContext);
    }
    PspExitThread(STATUS_SUCCESS);
}

/* Into the TEB of the address space's thread, which programs can neither free nor protect. */
void PspWriteIdealProcessor(PETHREAD Thread)
{
    TEB __user *Teb = (__force TEB __user *)Thread->Tcb.Teb;

    (void)!NT_SUCCESS(MmCopyToUser(
        &Teb->IdealProcessor, &Thread->Tcb.IdealProcessor, sizeof(Teb->IdealProcessor)));
}

/*
 * PspUserThreadStartup - prepare the entry into user mode.
 *
 * Lowering to PASSIVE_LEVEL delivers the suspend APC: a thread created suspended
 * is parked right here, before any user instruction has run and while PEB.Ldr is
 * still NULL.  IRQL: entered at APC_LEVEL, left at PASSIVE_LEVEL.
 */
void PspUserThreadStartup(PVOID StartRoutine, PVOID StartContext)
{
    PETHREAD Thread = PsGetCurrentThread();

    UNREFERENCED_PARAMETER(StartRoutine);
    UNREFERENCED_PARAMETER(StartContext);
    KeTrace(TracePspStartup, TraceP(Thread));
    KeLowerIrql(PASSIVE_LEVEL);
    if ((Thread->CrossThreadFlags & CT_DEAD_THREAD) != 0) {
        PspExitThread(STATUS_THREAD_IS_TERMINATING);
    }
    if ((Thread->CrossThreadFlags & CT_TERMINATED) != 0 && Thread->Tcb.ApcState.UserApcPending) {
        return; /* killed before it ran: its exit APC ends it, with the status it was given */
    }

    PspWriteIdealProcessor(Thread);
    KIRQL OldIrql = KeRaiseIrqlTo(APC_LEVEL);

    KiInitializeUserApc(KeGetUserTrapFrame(&Thread->Tcb), PspLdrInitializeThunk, NULL,
        PspSystemDllBase, NULL);
    if (Thread->ThreadsProcess->ThreadsEver == 1) {
        KeTraceNamed(TracePhase5, Thread->ThreadsProcess->ImageFileName, Thread->Tcb.ThreadId,
            TraceP(&Thread->Tcb), TraceP(PspLdrInitializeThunk), TraceP(KeUserApcDispatcher),
            (ULONG)Thread->Tcb.Priority);
    }
    KeLowerIrql(OldIrql);
}
