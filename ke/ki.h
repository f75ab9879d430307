/* SPDX-License-Identifier: MIT */
/*
 * Ke's private header: what the files of ke/ and the assembly of ke/i386/ agree
 * on.  First the machine-independent half (scheduler, waits, APCs, time), then
 * the i386 half.
 *
 * The dispatcher lock guards everything the scheduler and the waits look at.  It
 * is held across a thread switch: the thread that is switched away takes it, the
 * thread that is switched to releases it.
 */
#pragma once
#include "boot.h"
#include "hal.h"
#include "ke.h"

/* ---- Scheduling constants, as NT has them --------------------------------- */

#define LOW_PRIORITY          0
#define LOW_REALTIME_PRIORITY 16 /* from here on fixed: no boost, no decay */
#define HIGH_PRIORITY         31
#define MAXIMUM_SUSPEND_COUNT 127

#define KI_IDLE_PRIORITY         (-1) /* below every ready thread */
#define KI_DEFAULT_QUANTUM       6    /* thirds of a clock tick */
#define KI_CLOCK_QUANTUM         3    /* taken by a clock tick */
#define KI_WAIT_QUANTUM          1    /* taken by a completed wait */
#define KI_SATURATING_INCREMENT  15   /* THREAD_PRIORITY_TIME_CRITICAL and _IDLE */
#define KI_TIME_CRITICAL_BOUND   14   /* base priority from which a wait costs no quantum */

/* ---- IRQL (irql.c) ------------------------------------------------------------ */

#define KI_SOFTWARE_INTERRUPT(Level) (1u << (Level))

FORCEINLINE PKPRCB KiCurrentPrcb(void)
{
    PKPRCB Prcb;
    __asm__ volatile("movl %%fs:0x20, %0" : "=r"(Prcb));
    return Prcb;
}

FORCEINLINE void KiSetIrql(KIRQL Irql)
{
    __asm__ volatile("movb %0, %%fs:0x24" : : "qi"(Irql) : "memory");
}

FORCEINLINE ULONG KiPendingSoftwareInterrupts(void)
{
    ULONG Pending;
    __asm__ volatile("movl %%fs:0x28, %0" : "=r"(Pending) : : "memory");
    return Pending;
}

/* The same as a question, which spares a register and an instruction. */
FORCEINLINE BOOLEAN KiIsSoftwareInterruptPending(void)
{
    BOOLEAN Pending;
    __asm__ volatile("cmpl $0, %%fs:0x28" : "=@ccne"(Pending) : : "memory");
    return Pending;
}

/* Marks it pending on this processor; whoever lowers IRQL below Level delivers it. */
FORCEINLINE void KiPendSoftwareInterrupt(KIRQL Level)
{
    __asm__ volatile(
        "lock orl %0, %%fs:0x28" : : "ri"(KI_SOFTWARE_INTERRUPT(Level)) : "memory", "cc");
}

FORCEINLINE void KiEnableInterrupts(void)
{
    __asm__ volatile("sti" : : : "memory");
}

FORCEINLINE void KiDisableInterrupts(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/*
 * Frame of an interrupt handler, called with interrupts off: KiEnterInterrupt
 * raises to Level; KiExitInterrupt returns to OldIrql and delivers the software
 * interrupts that are possible there.  The second leaves interrupts off.
 */
KIRQL KiEnterInterrupt(KIRQL Level);
void KiExitInterrupt(KIRQL OldIrql);

/* DISPATCH_LEVEL: the software interrupt of that level; DPCs, quantum end, preemption. */
void KiDispatchInterrupt(void);

/* Delivers what is pending above Irql, the current level. */
void KiDeliverSoftwareInterrupts(KIRQL Irql) __attribute__((noinline));

/* KeLowerIrql for who knows that it is at DISPATCH_LEVEL. */
FORCEINLINE void KiLowerFromDispatchLevel(KIRQL NewIrql)
{
    ASSERT(NewIrql == DISPATCH_LEVEL || KiCurrentPrcb()->HeldSpinLocks.Count == 0);
    KiSetIrql(NewIrql);
    if (__builtin_expect(KiIsSoftwareInterruptPending(), FALSE)) {
        KiDeliverSoftwareInterrupts(NewIrql);
    }
}

/* ---- Other processors (ipi.c) ---------------------------------------------------- */

void KiInitializeIpi(void);
/* Pends the software interrupt of Level on another processor and makes it look. */
void KiRequestRemoteInterrupt(PKPRCB Prcb, KIRQL Level);
/* In a bugcheck: every other processor saves where it was and stops. */
void KiFreezeOthers(void);
/* This processor is one of the others; the code that was running. */
DECLSPEC_NORETURN void KiStandStill(ULONG_PTR Eip, ULONG_PTR Ebp);
/* This processor's translation buffer alone (i386/tb.c). */
void KiFlushOwnPages(PCVOID First, ULONG Pages);

/*
 * One turn of a loop that waits for another processor; Turns counts them.  PAUSE is
 * for every so many only: QEMU takes it for leave to run something else, which goes
 * through its one big lock, and so does sending an interrupt.  Processors that
 * pause all the time keep the one that they wait for from getting on.
 */
#define KI_TURNS_TO_PAUSE 256

FORCEINLINE void KiRelax(PULONG Turns)
{
    if (++*Turns % KI_TURNS_TO_PAUSE == 0) {
        __builtin_ia32_pause();
    }
}

/* ---- Who holds what (held.c), in debug builds --------------------------------------- */

#ifdef NDEBUG
#define KiNoteSpinLockAcquire(Lock, Caller)          ((void)0)
#define KiNoteSpinLockRelease(Lock, Caller)          ((void)0)
#define KiNoteMutexAcquire(Mutex, Thread, Caller)    ((void)(Thread))
#define KiNoteMutexRelease(Mutex, Thread, Caller)    ((void)(Thread))
#define KiNoteRegion(Thread, Caller)                 ((void)0)
#define KiNoteWait(Thread, Object, Timeout, Caller)  ((void)0)
#define KiNoteRaise(OldIrql, NewIrql, Caller)        ((void)0)
#define KiNoteDpc(Routine)                           ((void)0)
#define KiInShortSection()                           FALSE
#define KiPrintLockUse(Label, Lock, Level, Caller)      KiPrintPlace("  lock used by", (Caller), 1)
#define KiPrintHeld()                                ((void)0)
#else
void KiNoteSpinLockAcquire(PKSPIN_LOCK Lock, PVOID Caller);
void KiNoteShortLockAcquire(PKSPIN_LOCK Lock, PVOID Caller);
void KiNoteSpinLockRelease(PKSPIN_LOCK Lock, PVOID Caller);
void KiNoteMutexAcquire(PKGUARDED_MUTEX Mutex, PKTHREAD Thread, PVOID Caller);
void KiNoteMutexRelease(PKGUARDED_MUTEX Mutex, PKTHREAD Thread, PVOID Caller);
void KiNoteRegion(PKTHREAD Thread, PVOID Caller);
void KiNoteWait(PKTHREAD Thread, PVOID Object, const LARGE_INTEGER *Timeout, PVOID Caller);
#define KiNoteRaise(OldIrql, NewIrql, Caller)                                                  \
    ((OldIrql) < DISPATCH_LEVEL && (NewIrql) >= DISPATCH_LEVEL                                 \
            ? (void)(KiCurrentPrcb()->RaisedBy = (Caller))                                     \
            : (void)0)
#define KiNoteDpc(Routine) (KiCurrentPrcb()->DpcRoutine = (PVOID)(ULONG_PTR)(Routine))
#define KiInShortSection() (KeGetPcr()->ShortSectionBy != NULL)
void KiPrintLockUse(PCSTR Label, ULONG_PTR Lock, ULONG Level, ULONG_PTR Caller);
void KiPrintHeld(void);
#endif

/* ---- Spin locks (spinlock.c) ---------------------------------------------------- */

void KiSpin(PKSPIN_LOCK Lock, ULONG Mark);

/*
 * What a lock that this processor holds contains in a debug build, which looks whose
 * it is; in others it is 1, which is set by one instruction.
 */
FORCEINLINE ULONG KiLockMark(void)
{
    ULONG Mark;
    __asm__ volatile("movzbl %%fs:0x130, %0" : "=r"(Mark)); /* Prcb.Number */
    return Mark + 1;
}

/* The bare lock, without order check: IRQL >= DISPATCH_LEVEL or interrupts off. */
FORCEINLINE void KiTakeLock(PKSPIN_LOCK Lock)
{
#ifdef NDEBUG
    BOOLEAN Held;

    __asm__ volatile("lock btsl $0, %1" : "=@ccc"(Held), "+m"(Lock->Lock) : : "memory");
    if (__builtin_expect(Held, FALSE)) {
        KiSpin(Lock, 1);
    }
#else
    ULONG Mark = KiLockMark();

    if (InterlockedCompareExchange(&Lock->Lock, Mark, 0) != 0) {
        KiSpin(Lock, Mark);
    }
#endif
}

FORCEINLINE void KiDropLock(PKSPIN_LOCK Lock)
{
    __atomic_store_n(&Lock->Lock, 0, __ATOMIC_RELEASE);
}

/* ---- Dispatcher lock (sched.c) -------------------------------------------------- */

extern KSPIN_LOCK KiDispatcherLock;

/* Raises to DISPATCH_LEVEL and returns the old level. */
FORCEINLINE KIRQL KiLockDispatcher(void)
{
    KIRQL OldIrql = KeGetCurrentIrql();

    ASSERT(OldIrql <= DISPATCH_LEVEL);
    KiSetIrql(DISPATCH_LEVEL);
    KiNoteSpinLockAcquire(&KiDispatcherLock, NULL);
    KiTakeLock(&KiDispatcherLock);
    return OldIrql;
}

FORCEINLINE void KiLockDispatcherAtDpcLevel(void)
{
    KiNoteSpinLockAcquire(&KiDispatcherLock, NULL);
    KiTakeLock(&KiDispatcherLock);
}

FORCEINLINE void KiUnlockDispatcherFromDpcLevel(void)
{
    KiNoteSpinLockRelease(&KiDispatcherLock, NULL);
    KiDropLock(&KiDispatcherLock);
}

/* A thread stands by: switch to it, or see to it that a switch follows. */
void KiUnlockDispatcherAndSwitch(KIRQL OldIrql);

/* The way out of every routine that may have made a thread ready. */
FORCEINLINE void KiUnlockDispatcher(KIRQL OldIrql)
{
    if (__builtin_expect(KiCurrentPrcb()->NextThread != NULL, 0)) {
        KiUnlockDispatcherAndSwitch(OldIrql);
        return;
    }
    KiUnlockDispatcherFromDpcLevel();
    KiLowerFromDispatchLevel(OldIrql);
}

/*
 * The same for one that signals: with Wait the lock stays held, and the caller's
 * next wait goes on from here (KiBeginWait).
 */
FORCEINLINE void KiUnlockDispatcherOrWait(KIRQL OldIrql, BOOLEAN Wait)
{
    if (Wait) {
        PKTHREAD Thread = KeGetCurrentThread();
        Thread->WaitNext = TRUE;
        Thread->WaitIrql = OldIrql;
    } else {
        KiUnlockDispatcher(OldIrql);
    }
}

/* ---- Scheduler (sched.c, priority.c, idle.c); dispatcher lock held ---------------- */

extern BOOLEAN KiTraceScheduling; /* record each change of a thread's state? */
void KiInitializeReadyQueues(PKPRCB Prcb);
/* Initialises the boot processor's idle thread and process; makes the thread current. */
void KiInitializeIdleThread(PKPRCB Prcb);
void KiInitializeIdle(PKPRCB Prcb, PKTHREAD Thread, PVOID StackLimit, PVOID StackTop);
void KiReadyThread(PKTHREAD Thread);
void KiDequeueReadyThread(PKPRCB Prcb, PKTHREAD Thread, KPRIORITY Priority);
/* The running thread is more or less important than it was, or may not stay. */
void KiCheckPreemption(PKPRCB Prcb);
/*
 * Gives the processor away; the caller has changed the current thread's State and
 * put it where it belongs.  Comes back, with the dispatcher lock held again, when
 * the thread is switched to.
 */
void KiSwapThread(PKTHREAD Current);
/* The same to a certain thread. */
void KiSwapThreadTo(PKTHREAD Current, PKTHREAD Next);
/* What every thread does first after a switch: releases the dispatcher lock, reaps. */
void KiFinishSwitch(PKTHREAD Current, KIRQL OldIrql);
/* First call of KiThreadStartup: KiFinishSwitch to APC_LEVEL for a new thread. */
void KiBeginThread(void);
void KiQuantumEnd(void); /* takes the dispatcher lock itself */
void KiSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority);
/* Boosts threads that were ready for too long; takes the dispatcher lock itself (balance.c). */
void KiScanReadyQueues(void);

/* At a quantum end the priority goes one down, or back to the base (balance.c). */
FORCEINLINE KPRIORITY KiComputeDecayedPriority(PKTHREAD Thread)
{
    KPRIORITY Priority = Thread->Priority;

    if (Priority >= LOW_REALTIME_PRIORITY) {
        return Priority;
    }
    Priority -= Thread->PriorityDecrement + 1;
    Thread->PriorityDecrement = 0;
    return Priority < Thread->BasePriority ? Thread->BasePriority : Priority;
}

/* Most threads run at their base priority: nothing to compute. */
FORCEINLINE void KiDecayPriority(PKTHREAD Thread)
{
    if (Thread->Priority != Thread->BasePriority || Thread->PriorityDecrement != 0) {
        Thread->Priority = (CCHAR)KiComputeDecayedPriority(Thread);
    }
}

/* ---- Threads (thread.c, suspend.c) ---------------------------------------------- */

void KiInitializeThreadObject(PKTHREAD Thread, PKPROCESS Process);
void KiInitializeSuspend(PKTHREAD Thread);

/* ---- Waits (wait.c, signal.c); dispatcher lock held ---------------------------------- */

/* Object has become signalled: wakes the threads whose waits that satisfies. */
void KiWaitTest(PDISPATCHER_HEADER Object, KPRIORITY Increment);
/* Ends Thread's wait with Status; it becomes ready. */
void KiUnwaitThread(PKTHREAD Thread, LONG_PTR Status, KPRIORITY Increment);

/* Would a wait of Thread for Object be satisfied now?  Owners may enter again. */
FORCEINLINE BOOLEAN KiIsSignaled(PDISPATCHER_HEADER Object, PKTHREAD Thread)
{
    return Object->SignalState > 0 ||
           (Object->Type == MutantObject && ((PKMUTANT)Object)->OwnerThread == Thread);
}

/* What a successful wait does to the object; STATUS_SUCCESS or STATUS_ABANDONED. */
NTSTATUS KiSatisfyWait(PDISPATCHER_HEADER Object, PKTHREAD Thread);

/* ---- Queues (queue.c); dispatcher lock held ---------------------------------------------- */

/* The current thread, which belongs to Queue, does not count while it waits. */
void KiLeaveQueueToWait(PKQUEUE Queue);
void KiJoinQueue(PKTHREAD Thread, PKQUEUE Queue);
void KiLeaveQueue(PKTHREAD Thread); /* for good; also if it belongs to none */
PLIST_ENTRY KiTryRemoveQueue(PKQUEUE Queue);

/* ---- Time (timer.c, clock.c, dpc.c) ---------------------------------------------------- */

#define KiSharedData ((PKUSER_SHARED_DATA)KI_USER_SHARED_DATA)

/* Clock ticks since the start; for differences, which may wrap. */
FORCEINLINE ULONG KiQueryLowTickCount(void)
{
    return KiSharedData->TickCount.LowPart;
}

void KiInitializeTimers(void);
void KiInitializeSharedData(void);
/* FALSE, and not inserted, if DueTime has passed.  Dispatcher lock held. */
BOOLEAN KiInsertTimer(PKTIMER Timer, ULONGLONG DueTime);
void KiRemoveTimer(PKTIMER Timer);
/* Clock interrupt: sees to the timers that may be due. */
void KiCheckTimers(ULONGLONG InterruptTime);

/*
 * The clock interrupt, at CLOCK_LEVEL with interrupts off, once a tick on each
 * processor.  The first one keeps the time and looks for timers; all of them do the
 * second half, KeUpdateRunTime.
 */
void KeUpdateSystemTime(PKTRAP_FRAME TrapFrame);
void KeUpdateRunTime(PKTRAP_FRAME TrapFrame);

void KiRetireDpcList(PKPRCB Prcb);

/* ---- APCs (apc.c, deliver.c) ---------------------------------------------------------------- */

/* Takes Thread's APC queue lock and the dispatcher lock. */
KIRQL KiLockApcQueue(PKTHREAD Thread);
void KiUnlockApcQueue(PKTHREAD Thread, KIRQL OldIrql);
/* Both locks held. */
BOOLEAN KiInsertQueueApc(PKAPC Apc, KPRIORITY Increment);
/*
 * APC_LEVEL, interrupts on.  UserMode only on the way to user mode with
 * TrapFrame, when ApcState.UserApcPending says so; KernelMode: TrapFrame may be
 * NULL.
 */
void KiDeliverApc(KPROCESSOR_MODE Mode, PKTRAP_FRAME TrapFrame);
/* A region ended: deliver the kernel APCs it held back. */
void KiCheckKernelApcs(PKTHREAD Thread);

/* ---- Called upwards; on the short list of tools/layers.py ----------------------------------- */

PVOID MmCreateKernelStack(void); /* top of KI_KERNEL_STACK_SIZE bytes, or NULL */
void MmDeleteKernelStack(PVOID Top);
PVOID MmAllocatePermanent(SIZE_T Size); /* zeroed pages, never given back; or NULL */
#define KI_KERNEL_STACK_SIZE 0x3000

/* ---- i386: switching (i386/switch.S, i386/context.c) ------------------------------------------ */

/*
 * Saves Old's registers on its stack and continues New: KernelStack, TSS.Esp0,
 * the TEB's descriptor, FPU state, CR3 if the processes' differ, and
 * Prcb->CurrentThread.  Dispatcher lock held.  Returns as New.
 */
__attribute__((regparm(2))) void KiSwapContext(PKTHREAD Old, PKTHREAD New);

/* Builds the first kernel frame below Thread->InitialStack and sets KernelStack. */
void KiInitializeContextThread(PKTHREAD Thread, PKSYSTEM_ROUTINE SystemRoutine,
    PVOID StartRoutine, PVOID StartContext, _In_opt_ PCONTEXT Context);

FORCEINLINE void KiLoadDirectoryTable(ULONG DirectoryTableBase)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(DirectoryTableBase) : "memory");
}

/* The address space that this processor's double fault and NMI tasks run in. */
void KeSetFaultDirectory(ULONG DirectoryTableBase);

/* ---- i386: interrupts and traps (i386/interrupt.c, i386/trap.S) -------------------------------- */

/* Handler of a hardware interrupt: runs at the level it was connected with, interrupts off. */
typedef void (*PKINTERRUPT_ROUTINE)(PKTRAP_FRAME TrapFrame);
void KiConnectInterrupt(UCHAR Vector, KIRQL Irql, PKINTERRUPT_ROUTINE Routine);

/* Returns to user mode with all registers of the frame, delivering user APCs first. */
DECLSPEC_NORETURN void KiServiceExit2(PKTRAP_FRAME TrapFrame);

/* A frame of SYSENTER's lacks some registers: supplies them, before anyone reads the frame. */
void KiCompleteFrame(PKTRAP_FRAME TrapFrame);

FORCEINLINE BOOLEAN KiIsUserFrame(const KTRAP_FRAME *TrapFrame)
{
    return (TrapFrame->SegCs & RPL_MASK) != 0;
}

/* FPU registers to the thread's save area; next use loads them again.  Current thread. */
void KiFlushNpxState(PKTHREAD Thread);
void KiFlushNpxError(PKTHREAD Thread);
FORCEINLINE BOOLEAN KiThreadUsesNpx(PKTHREAD Thread)
{
    return Thread->NpxState != 0; /* KiNpxUnused */
}

/* User memory with range check and fault fix-up; FALSE: bad pointer. */
BOOLEAN KiReadUser(void *Destination, const void __user *Source, SIZE_T Length);
BOOLEAN KiWriteUser(void __user *Destination, const void *Source, SIZE_T Length);

/* ---- Diagnostics (bugcheck.c, ksyms.c, tracetext.c) ---------------------------------------------- */

extern volatile BOOLEAN KiBugCheckActive;
/* The function Address is in, and how far in; NULL: unknown. */
PCSTR KiLookupSymbol(ULONG_PTR Address, _Out_ PULONG Offset);
/* One line of a bugcheck: Before, and the function.  Back 1: Address is a return address. */
void KiPrintPlace(PCSTR Before, ULONG_PTR Address, ULONG Back);
/* Where the bugcheck's stack is to begin, if not at its caller: what was interrupted. */
void KiSetBugCheckFrame(ULONG_PTR Eip, ULONG_PTR Ebp);
/* One event as text to the console; Records as KeTraceRead returns them. */
void KiRenderTrace(const TRACE_RECORD *Records);
/* For an event of which there is output: text, raw records or both. */
void KiOutputTrace(TRACE_EVENT_ID Event, ULONG Sequence) __attribute__((cold, noinline));
void KiCountEvent(void); /* fault.c: a test waits for the Nth */
/* By event: what there is to do when it has been recorded. */
#define KI_TRACE_OUTPUT 1u
#define KI_TRACE_POINT  2u
extern UCHAR KiTraceWatched[TraceEventCount];
void KiPrintRecords(PCVOID Records, SIZE_T Length);
SIZE_T KiTraceRingSize(void); /* bytes, of each processor */
void KiStartTraceText(void);
/*
 * System calls are traced: threads have an empty service table, so that the straight
 * road of syscall.S need not ask, and what has to trace them is off it.
 */
extern BOOLEAN KiTraceServices;
extern KSERVICE_TABLE_DESCRIPTOR KiTracedServices[2];
void KiTraceSystemCall(ULONG Number, ULONG_PTR Arguments);
