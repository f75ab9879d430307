/* SPDX-License-Identifier: MIT */
/*
 * Ke, the kernel core: processors, IRQL, locks, threads and their scheduling,
 * waits, APCs, DPCs, traps and bugchecks.  What other layers may call, by file of
 * ke/; ke/ki.h is private, ketypes.h has the structures.
 */
#pragma once
#include "ketypes.h"
#include "nt/context.h"
#include "nt/status.h"

/* ---- The processor this runs on -------------------------------------------------- */

FORCEINLINE PKPCR KeGetPcr(void)
{
    PKPCR Pcr;
    __asm__ volatile("movl %%fs:0x1c, %0" : "=r"(Pcr)); /* the thread may move */
    return Pcr;
}

/* Not volatile: whatever happens between two calls, it is the same thread that asks. */
FORCEINLINE PKTHREAD KeGetCurrentThread(void)
{
    PKTHREAD Thread;
    __asm__("movl %%fs:0x124, %0" : "=r"(Thread));
    return Thread;
}

FORCEINLINE KIRQL KeGetCurrentIrql(void)
{
    KIRQL Irql;
    __asm__ volatile("movb %%fs:0x24, %0" : "=q"(Irql));
    return Irql;
}

#define KeGetCurrentPrcb()  (KeGetPcr()->Prcb)
#define KeGetCurrentProcess() (KeGetCurrentThread()->ApcState.Process)
#define KeGetPreviousMode() (KeGetCurrentThread()->PreviousMode)

#ifdef NDEBUG
#define ASSERT(Condition)   ((void)0)
#else
#define ASSERT(Condition)                                                                      \
    ((Condition) ? (void)0 : KeAssertionFailed(#Condition, __FILE__, __LINE__))
#endif
#define ASSERT_IRQL(Level)           ASSERT(KeGetCurrentIrql() == (Level))
#define ASSERT_IRQL_AT_MOST(Level)   ASSERT(KeGetCurrentIrql() <= (Level))

/* ---- Bugchecks (ke/bugcheck.c) --------------------------------------------------- */

#define APC_INDEX_MISMATCH                    0x01
#define INVALID_PROCESS_ATTACH_ATTEMPT        0x05
#define IRQL_NOT_LESS_OR_EQUAL                0x0A
#define NO_USER_MODE_CONTEXT                  0x0E
#define SPIN_LOCK_ALREADY_OWNED               0x0F
#define SPIN_LOCK_NOT_OWNED                   0x10
#define THREAD_NOT_MUTEX_OWNER                0x11
#define CID_HANDLE_DELETION                   0x17
#define REFERENCE_BY_POINTER                  0x18
#define BAD_POOL_HEADER                       0x19
#define KMODE_EXCEPTION_NOT_HANDLED           0x1E
#define KERNEL_APC_PENDING_DURING_EXIT        0x20
#define PHASE0_INITIALIZATION_FAILED          0x31
#define PHASE1_INITIALIZATION_FAILED          0x32
#define IRQL_GT_ZERO_AT_SYSTEM_SERVICE        0x4A
#define PFN_LIST_CORRUPT                      0x4E
#define PAGE_FAULT_IN_NONPAGED_AREA           0x50
#define PROCESS1_INITIALIZATION_FAILED        0x6B
#define SYSTEM_THREAD_EXCEPTION_NOT_HANDLED   0x7E
#define UNEXPECTED_KERNEL_MODE_TRAP           0x7F
#define NMI_HARDWARE_FAILURE                  0x80
#define ATTEMPTED_SWITCH_FROM_DPC             0xB8
#define ATTEMPTED_WRITE_TO_READONLY_MEMORY    0xBE
#define MUTEX_ALREADY_OWNED                   0xBF
#define BAD_POOL_CALLER                       0xC2
#define DRIVER_CORRUPTED_MMPOOL               0xD0
#define MANUALLY_INITIATED_CRASH              0xE2
#define CRITICAL_PROCESS_DIED                 0xEF
#define CRITICAL_OBJECT_TERMINATION           0xF4
#define ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY 0xFC
#define THREAD_TERMINATE_HELD_MUTEX           0x4000008A
#define NASCENT_ASSERTION_FAILED              0xE0000001 /* ours: ASSERT */
#define NASCENT_LOCK_ORDER                    0xE0000002 /* ours: lock level or IRQL */
#define NASCENT_SANITIZER                     0xE0000003 /* ours: builds with SANITIZE= */

DECLSPEC_NORETURN void KeBugCheck(ULONG Code);
DECLSPEC_NORETURN void KeBugCheckEx(
    ULONG Code, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4);
DECLSPEC_NORETURN void KeAssertionFailed(const char *Condition, const char *File, int Line);

/* ---- Printing to COM1 and the screen (ke/print.c) -------------------------------- */

void KePrint(const char *Format, ...) _Printf_(1, 2);
void KePrintText(PCSTR Text, SIZE_T Length); /* as it is, in one piece */

/* ---- Start (ke/init.c, ke/i386/processor.c) -------------------------------------- */

void KeInitializeProcessor(void); /* KPCR, GDT, IDT, TSS of the boot processor */
/* mm: the boot page tables are gone, double faults and NMIs are to use these. */
void KeSetFaultDirectory(ULONG DirectoryTableBase);
void KeInitSystem(void);          /* idle process and thread become current */
void KeStartProcessors(void);     /* the other ones; says how many run */
void KiIdleLoop(void) DECLSPEC_NORETURN;
extern KPROCESS KiIdleProcess;
extern volatile UCHAR KeNumberProcessors;
extern volatile KAFFINITY KeActiveProcessors;
extern PKPRCB KiProcessorBlock[MAXIMUM_PROCESSORS];

/* ---- IRQL (ke/irql.c) ------------------------------------------------------------ */

KIRQL KeRaiseIrqlTo(KIRQL NewIrql); /* returns the old one */
void KeLowerIrql(KIRQL NewIrql);    /* delivers what became deliverable */
void KeRequestSoftwareInterrupt(KIRQL Level);
BOOLEAN KeDisableInterrupts(void); /* were they enabled? */
void KeRestoreInterrupts(BOOLEAN Enabled);

/* ---- Other processors (ke/ipi.c) ------------------------------------------------- */

/*
 * KeFlushPages - no processor of the set uses old translations of these pages.
 *
 * The page-table entries are changed already.  The set is read inside; returns when
 * all have done it.  IRQL: any that holds no lock somebody waits for with interrupts
 * off.
 */
void KeFlushPages(const volatile KAFFINITY *Processors, PCVOID First, ULONG Pages);
extern ULONG KiFlushRequests; /* to other processors, since the start */

/* ---- Locks (ke/spinlock.c, ke/gmutex.c) ------------------------------------------ */

void KeInitializeSpinLock(PKSPIN_LOCK Lock, LOCK_LEVEL Level);
#define KSPIN_LOCK_INITIALIZER(LockLevel) {.Lock = 0, .Level = (LockLevel)}
KIRQL KeAcquireSpinLock(PKSPIN_LOCK Lock); /* to DISPATCH_LEVEL; returns the old IRQL */
void KeReleaseSpinLock(PKSPIN_LOCK Lock, KIRQL OldIrql);
void KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK Lock);
void KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK Lock);

/*
 * Short locks: spin locks for a few instructions at DISPATCH_LEVEL or below, taken
 * with interrupts on.  They are off then instead of IRQL raised, which costs less
 * on the way in and nothing has to be looked for on the way out.  While one is held
 * nothing may wait, fault or call far; a lock is used either this way or the other.
 */
#ifdef NDEBUG
void KeSpinShortLock(PKSPIN_LOCK Lock) __attribute__((cold, noinline));

FORCEINLINE void KeEnterShortSection(void)
{
    __asm__ volatile("cli" : : : "memory");
}

FORCEINLINE void KeLeaveShortSection(void)
{
    __asm__ volatile("sti" : : : "memory");
}

FORCEINLINE void KeAcquireShortLockInSection(PKSPIN_LOCK Lock)
{
    BOOLEAN Held;

    __asm__ volatile("lock btsl $0, %1" : "=@ccc"(Held), "+m"(Lock->Lock) : : "memory");
    if (__builtin_expect(Held, FALSE)) {
        KeSpinShortLock(Lock);
    }
}

FORCEINLINE void KeAcquireShortLock(PKSPIN_LOCK Lock)
{
    KeEnterShortSection();
    KeAcquireShortLockInSection(Lock);
}

FORCEINLINE void KeReleaseShortLock(PKSPIN_LOCK Lock)
{
    __atomic_store_n(&Lock->Lock, 0, __ATOMIC_RELEASE);
    KeLeaveShortSection();
}
#else
void KeEnterShortSection(void);
void KeLeaveShortSection(void);
void KeAcquireShortLockInSection(PKSPIN_LOCK Lock); /* the section is entered already */
void KeAcquireShortLock(PKSPIN_LOCK Lock);
void KeReleaseShortLock(PKSPIN_LOCK Lock); /* leaves the section */
#endif

void KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex, LOCK_LEVEL Level);
void KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex); /* enters a guarded region */
void KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex);
BOOLEAN KeIsGuardedMutexOwned(PKGUARDED_MUTEX Mutex); /* by the current thread */

/* ---- Waits and objects (ke/wait.c, event.c, mutant.c, semaphore.c, timer.c, queue.c) --- */

/*
 * Wait: the caller's next call is a wait.  The dispatcher lock stays held until
 * then, so that nothing comes between the two; only if the signalling succeeds.
 */
void KeInitializeEvent(PKEVENT Event, EVENT_TYPE Type, BOOLEAN State);
LONG KeSetEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait);
LONG KeResetEvent(PKEVENT Event);
LONG KePulseEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait);
void KeClearEvent(PKEVENT Event);
LONG KeReadStateEvent(PKEVENT Event);
void KeInitializeMutant(PKMUTANT Mutant, BOOLEAN InitialOwner);
/* STATUS_MUTANT_NOT_OWNED if it is not the caller's; *Previous: the count before. */
_Must_inspect_result_ NTSTATUS KeReleaseMutant(PKMUTANT Mutant, KPRIORITY Increment,
    BOOLEAN Abandon, BOOLEAN Wait, _Out_opt_ PLONG Previous);
void KeInitializeSemaphore(PKSEMAPHORE Semaphore, LONG Count, LONG Limit);
/* STATUS_SEMAPHORE_LIMIT_EXCEEDED leaves it unchanged. */
_Must_inspect_result_ NTSTATUS KeReleaseSemaphore(PKSEMAPHORE Semaphore, KPRIORITY Increment,
    LONG Adjustment, BOOLEAN Wait, _Out_opt_ PLONG Previous);
void KeInitializeTimer(PKTIMER Timer, TIMER_TYPE Type);
BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, _In_opt_ PKDPC Dpc);
BOOLEAN KeCancelTimer(PKTIMER Timer);
ULONGLONG KeQueryTimerDueTime(PKTIMER Timer); /* interrupt time; 0: it is not set */
/* Interrupt time at which a Timeout of NT's (negative: relative) is over. */
ULONGLONG KiComputeDueTime(LONGLONG Timeout);

void KeInitializeQueue(PKQUEUE Queue, ULONG Limit);
LONG KeInsertQueue(PKQUEUE Queue, PLIST_ENTRY Entry);
/* *Entry and STATUS_SUCCESS, or STATUS_TIMEOUT or STATUS_USER_APC (ke/wait.c). */
NTSTATUS KeRemoveQueue(PKQUEUE Queue, KPROCESSOR_MODE Mode, _In_opt_ PLARGE_INTEGER Timeout,
    _Out_ PLIST_ENTRY *Entry);
LONG KeReadStateQueue(PKQUEUE Queue);
PLIST_ENTRY KeRundownQueue(PKQUEUE Queue);

/* Returns STATUS_SUCCESS, ALERTED, USER_APC, TIMEOUT, or ABANDONED.  NULL timeout: for ever. */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON Reason, KPROCESSOR_MODE Mode,
    BOOLEAN Alertable, _In_opt_ PLARGE_INTEGER Timeout);
/* WaitBlocks may be NULL for up to THREAD_WAIT_OBJECTS objects. */
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Objects[], WAIT_TYPE Type,
    KWAIT_REASON Reason, KPROCESSOR_MODE Mode, BOOLEAN Alertable,
    _In_opt_ PLARGE_INTEGER Timeout, _In_opt_ PKWAIT_BLOCK WaitBlocks);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE Mode, BOOLEAN Alertable, PLARGE_INTEGER Interval);
NTSTATUS KeYieldExecution(void);

/* ---- Time (ke/clock.c) ----------------------------------------------------------- */

void KeInitializeClock(void); /* date from the battery clock; starts the ticks */
void KeQuerySystemTime(PLARGE_INTEGER Time);     /* 100 ns since 1601 */
ULONGLONG KeQueryInterruptTime(void);            /* 100 ns since boot */
ULONGLONG KeQueryPerformanceCounter(_Out_opt_ PULONGLONG Frequency);
ULONG KeQueryIdleTicks(void);                    /* of all processors */
extern ULONG KeMaximumIncrement;                 /* 100 ns a clock tick */

/* ---- DPCs (ke/dpc.c) ------------------------------------------------------------- */

void KeInitializeDpc(PKDPC Dpc, PKDEFERRED_ROUTINE Routine, PVOID Context);
/* It runs there, not where it is queued. */
void KeSetTargetProcessorDpc(PKDPC Dpc, UCHAR Number);
BOOLEAN KeInsertQueueDpc(PKDPC Dpc, PVOID Argument1, PVOID Argument2);
void KeFlushQueuedDpcs(void); /* returns when all DPCs queued so far have ended */

/* ---- APCs (ke/apc.c, ke/i386/userapc.c) ------------------------------------------ */

void KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
    PKKERNEL_ROUTINE KernelRoutine, PKRUNDOWN_ROUTINE RundownRoutine,
    PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode, PVOID NormalContext);
/* FALSE if already queued or the thread takes no more APCs. */
BOOLEAN KeInsertQueueApc(PKAPC Apc, PVOID Argument1, PVOID Argument2, KPRIORITY Increment);
/* A user APC that goes first and makes UserApcPending: how threads are ended. */
BOOLEAN KeInsertQueueUserApcFirst(PKAPC Apc, PVOID Argument1, PVOID Argument2);
BOOLEAN KeRemoveQueueApc(PKAPC Apc); /* FALSE: it was not queued */
void KeEnterCriticalRegion(void);
void KeLeaveCriticalRegion(void);
void KeEnterGuardedRegion(void);
void KeLeaveGuardedRegion(void);
BOOLEAN KeAreApcsDisabled(void); /* in a critical or guarded region */
BOOLEAN KeTakeAlert(PKTHREAD Thread, KPROCESSOR_MODE Mode) __attribute__((cold, noinline));

/*
 * Was the current thread told to stop waiting in Mode?  Also lets its queued user
 * APCs through.  Nearly always neither: that is seen without the lock, since one
 * who comes a moment later is too late in any case.
 */
FORCEINLINE BOOLEAN KeTestAlertThread(KPROCESSOR_MODE Mode)
{
    PKTHREAD Thread = KeGetCurrentThread();

    if (!Thread->Alerted[(UCHAR)Mode] &&
        (Mode == KernelMode || IsListEmpty(&Thread->ApcState.ApcListHead[UserMode]))) {
        return FALSE;
    }
    return KeTakeAlert(Thread, Mode);
}

BOOLEAN KeAlertThread(PKTHREAD Thread, KPROCESSOR_MODE Mode);
ULONG KeAlertResumeThread(PKTHREAD Thread);
/* Detaches and returns the queued APCs of a mode, as a ring without head. */
PLIST_ENTRY KeFlushQueueApc(PKTHREAD Thread, KPROCESSOR_MODE Mode);
/*
 * Pushes {NormalRoutine, NormalContext, Argument1, Argument2, CONTEXT} on the user
 * stack and aims the trap frame at KeUserApcDispatcher.  A bad stack raises an
 * access violation in the thread instead.  IRQL: APC_LEVEL or PASSIVE_LEVEL.
 */
void KiInitializeUserApc(PKTRAP_FRAME TrapFrame, PVOID NormalRoutine, PVOID NormalContext,
    PVOID SystemArgument1, PVOID SystemArgument2);

/* ---- Processes (ke/process.c) ---------------------------------------------------- */

void KeInitializeProcess(
    PKPROCESS Process, CCHAR BasePriority, KAFFINITY Affinity, ULONG DirectoryTableBase);
LONG KeSetProcess(PKPROCESS Process, KPRIORITY Increment); /* signal it: it has ended */
void KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE State);
void KeUnstackDetachProcess(PKAPC_STATE State);
BOOLEAN KeIsAttachedProcess(void);
KPRIORITY KeSetPriorityProcess(PKPROCESS Process, KPRIORITY BasePriority);

/* ---- Threads (ke/thread.c, ke/i386/startup.c) ------------------------------------ */

/*
 * KeInitThread - a KTHREAD that will start in SystemRoutine(StartRoutine, StartContext).
 *
 * Thread is zeroed memory; a kernel stack is allocated.  Context NULL: a system
 * thread.  The thread is in state Initialized: KeStartThread links it to its process,
 * KeReadyThread runs it.
 */
_Must_inspect_result_ NTSTATUS KeInitThread(PKTHREAD Thread, PKSYSTEM_ROUTINE SystemRoutine,
    PVOID StartRoutine, PVOID StartContext, _In_opt_ PCONTEXT Context, _In_opt_ PVOID Teb,
    PKPROCESS Process);
void KeUninitThread(PKTHREAD Thread); /* one that never started: frees the stack */
void KeStartThread(PKTHREAD Thread);
void KeReadyThread(PKTHREAD Thread);
/* Last act of a thread: signals it, hands it to the reaper, never returns. */
DECLSPEC_NORETURN void KeTerminateThread(KPRIORITY Increment);
void KeDeleteThreadStack(PKTHREAD Thread); /* by the reaper */
_Must_inspect_result_ NTSTATUS KeSuspendThread(PKTHREAD Thread, _Out_opt_ PULONG PreviousCount);
ULONG KeResumeThread(PKTHREAD Thread);      /* previous count */
void KeForceResumeThread(PKTHREAD Thread);  /* both counts to zero */
BOOLEAN KeFreezeThread(PKTHREAD Thread);
void KeThawThread(PKTHREAD Thread);
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority);
LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment);
KPRIORITY KeQueryPriorityThread(PKTHREAD Thread);
LONG KeQueryBasePriorityThread(PKTHREAD Thread); /* the increment; +-15: saturated */
BOOLEAN KeSetDisableBoostThread(PKTHREAD Thread, BOOLEAN Disable);
/* Of all its threads, and of those to come. */
BOOLEAN KeSetDisableBoostProcess(PKPROCESS Process, BOOLEAN Disable);
/* The old one; one that does not exist changes nothing. */
UCHAR KeSetIdealProcessorThread(PKTHREAD Thread, ULONG Processor);
void KeBalanceSetManager(PVOID Context); /* a system thread's routine (ke/balance.c) */
KAFFINITY KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity);
/* Of all its threads, and of those to come.  Returns the old mask. */
KAFFINITY KeSetAffinityProcess(PKPROCESS Process, KAFFINITY Affinity);
/* Abandons every mutant the current thread owns. */
void KeRundownThread(void);
extern void KiThreadStartup(void); /* assembly: a new thread's first instruction */

/* ---- Contexts (ke/i386/context.c) ------------------------------------------------ */

#define EFLAGS_INTERRUPT_MASK 0x200
#define EFLAGS_USER_SANITIZE  0x003D4DD7 /* bits user mode may choose: not IF, IOPL, VM */
/* A user thread's registers in user mode: the frame at the top of its kernel stack. */
PKTRAP_FRAME KeGetUserTrapFrame(PKTHREAD Thread);
/* FPU and debug registers only for the current thread's frame: go there by an APC. */
void KeContextFromTrapFrame(PKTRAP_FRAME TrapFrame, PCONTEXT Context); /* by ContextFlags */

/* What ContextFlags names of a CONTEXT lies between these, and never its first word. */
FORCEINLINE ULONG KeContextStart(ULONG ContextFlags)
{
    return (ContextFlags & (CONTEXT_DEBUG_REGISTERS | CONTEXT_FLOATING_POINT) & ~CONTEXT_i386) != 0
               ? offsetof(CONTEXT, Dr0)
               : offsetof(CONTEXT, SegGs);
}

FORCEINLINE ULONG KeContextEnd(ULONG ContextFlags)
{
    return (ContextFlags & CONTEXT_EXTENDED_REGISTERS & ~CONTEXT_i386) != 0
               ? sizeof(CONTEXT)
               : offsetof(CONTEXT, ExtendedRegisters);
}

void KeContextToTrapFrame(PKTRAP_FRAME TrapFrame, const CONTEXT *Context); /* sanitised */

/* ---- Exceptions (ke/exception.c) ------------------------------------------------- */

/*
 * KiDispatchException - the one road of every exception.
 *
 * User mode: debugger (none yet), KeUserExceptionDispatcher, second chance,
 * exception port, end of the process.  Kernel mode: bugcheck 1E.
 */
void KiDispatchException(PEXCEPTION_RECORD Record, PKTRAP_FRAME TrapFrame,
    KPROCESSOR_MODE PreviousMode, BOOLEAN FirstChance);

/*
 * What the layers above provide; Ke never names them.  Set once by PsInitSystem
 * (routines) and PsLocateSystemDll (user addresses).
 */
typedef struct _KE_UPPER_ROUTINES {
    DECLSPEC_NORETURN void (*TerminateProcess)(NTSTATUS Status); /* current process */
    BOOLEAN (*ForwardException)(PEXCEPTION_RECORD Record); /* exception port: handled? */
    void (*ReapThread)(PKTHREAD Thread); /* DISPATCH_LEVEL: free its stack */
} KE_UPPER_ROUTINES;
extern KE_UPPER_ROUTINES KeUpperRoutines;
extern PVOID KeUserApcDispatcher;
extern PVOID KeUserExceptionDispatcher;
extern PVOID KeUserCallbackDispatcher;
extern PVOID KeRaiseUserExceptionDispatcher;

/* ---- System services (ke/i386/syscall.S, ke/service.c) --------------------------- */

typedef struct _KSERVICE_TABLE_DESCRIPTOR {
    const PVOID *Base;
    const UCHAR *Number; /* bytes of arguments of each */
    ULONG Limit;
} KSERVICE_TABLE_DESCRIPTOR, *PKSERVICE_TABLE_DESCRIPTOR;
extern KSERVICE_TABLE_DESCRIPTOR KeServiceDescriptorTable[2]; /* [1]: win32k, empty */
void KeSetSystemCallStub(PVOID KiFastSystemCall, PVOID KiFastSystemCallRet, PVOID KiIntSystemCall);

/* ---- User memory: raw copies with fault fix-up (ke/i386/usercopy.S) -------------- */

/* Return 0, or the number of bytes not copied after a fault.  mm's helpers check ranges. */
__attribute__((regparm(3))) SIZE_T KiCopyFromUser(
    void *Destination, const void __user *Source, SIZE_T Length);
__attribute__((regparm(3))) SIZE_T KiCopyToUser(
    void __user *Destination, const void *Source, SIZE_T Length);
/* One word; not 0: a fault. */
__attribute__((regparm(2))) SIZE_T KiReadUserWord(
    PULONG Destination, const ULONG __user *Source);
__attribute__((regparm(2))) SIZE_T KiWriteUserWord(ULONG __user *Destination, ULONG Value);
__attribute__((regparm(1))) SIZE_T KiTouchUser(void __user *Address); /* can it be written? */

/* By SSE if there is (ke/i386/page.c): pages of the direct map, and blocks.  Any IRQL. */
void KeZeroPage(PVOID Page);
void KeZeroMemory(PVOID Memory, SIZE_T Size); /* whole words: Size is rounded up */
void KeCopyPage(PVOID Target, PCVOID Source);

/* ---- Atomics --------------------------------------------------------------------- */

#define InterlockedIncrement(p)           __atomic_add_fetch((p), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement(p)           __atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST)
#define InterlockedExchangeAdd(p, v)      __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define InterlockedExchange(p, v)         __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define InterlockedOr(p, v)               __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define InterlockedAnd(p, v)              __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchange(p, v, old)                                                  \
    __sync_val_compare_and_swap((p), (old), (v))
