/* SPDX-License-Identifier: MIT */
/*
 * The structures of Ke: locks, dispatcher objects, APCs, trap frames, processes,
 * threads, processors.  What can be done with them is in ke.h.
 */
#pragma once
#include "locks.h"
#include "nt/info.h"
#include "nt/kuser.h"
#include "nt/teb.h"
#include "rtl.h"
#include "trace.h"

/* ---- IRQL ------------------------------------------------------------------ */

typedef UCHAR KIRQL, *PKIRQL;
#define PASSIVE_LEVEL  0
#define APC_LEVEL      1
#define DISPATCH_LEVEL 2
#define DEVICE_LEVEL   3 /* here and above, interrupts are off */
#define CLOCK_LEVEL    28
#define IPI_LEVEL      29
#define HIGH_LEVEL     31

enum { KernelMode = 0, UserMode = 1 };

/* ---- Selectors: the order 08 10 18 20 is forced by SYSENTER and SYSEXIT ---- */

#define KGDT_R0_CODE 0x08
#define KGDT_R0_DATA 0x10
#define KGDT_R3_CODE 0x18
#define KGDT_R3_DATA 0x20
#define KGDT_TSS     0x28
#define KGDT_R0_PCR  0x30
#define KGDT_R3_TEB  0x38
#define KGDT_DF_TSS  0x50
#define RPL_MASK     3

/* ---- Locks ------------------------------------------------------------------ */

typedef struct _KSPIN_LOCK {
    volatile ULONG Lock; /* 0 free, else processor number + 1 */
    UCHAR Level;         /* LOCK_LEVEL */
} KSPIN_LOCK, *PKSPIN_LOCK;

/* The locks that a thread or a processor holds, oldest first: debug builds (ke/held.c). */
#define KE_MAXIMUM_HELD_LOCKS 8
typedef struct _KHELD_LOCKS {
    ULONG Count;
    struct {
        PVOID Lock;
        PVOID Caller; /* who took it */
        ULONG Level;  /* LOCK_LEVEL */
    } Locks[KE_MAXIMUM_HELD_LOCKS];
} KHELD_LOCKS, *PKHELD_LOCKS;

/* ---- Dispatcher objects ------------------------------------------------------ */

typedef enum _KOBJECTS {
    EventNotificationObject = 0,
    EventSynchronizationObject = 1,
    MutantObject = 2,
    ProcessObject = 3,
    QueueObject = 4,
    SemaphoreObject = 5,
    ThreadObject = 6,
    GateObject = 7,
    TimerNotificationObject = 8,
    TimerSynchronizationObject = 9,
    ApcObject = 18,
    DpcObject = 19,
} KOBJECTS;

/* Guarded by the dispatcher lock, as everything built on it. */
typedef struct _DISPATCHER_HEADER {
    UCHAR Type; /* KOBJECTS */
    UCHAR Absolute;
    UCHAR Size; /* in ULONGs */
    UCHAR Inserted;
    LONG SignalState;
    LIST_ENTRY WaitListHead; /* of KWAIT_BLOCK */
} DISPATCHER_HEADER, *PDISPATCHER_HEADER;
_Static_assert(sizeof(DISPATCHER_HEADER) == 0x10, "NT 5.2 layout");

typedef struct _KEVENT {
    DISPATCHER_HEADER Header;
} KEVENT, *PKEVENT;

typedef struct _KSEMAPHORE {
    DISPATCHER_HEADER Header;
    LONG Limit;
} KSEMAPHORE, *PKSEMAPHORE;

typedef struct _KMUTANT {
    DISPATCHER_HEADER Header;
    LIST_ENTRY MutantListEntry; /* in the owner's list */
    struct _KTHREAD *OwnerThread;
    BOOLEAN Abandoned;
    UCHAR ApcDisable; /* 1: owning it enters a critical region */
} KMUTANT, *PKMUTANT;

typedef struct _KQUEUE {
    DISPATCHER_HEADER Header; /* SignalState: entries in the list */
    LIST_ENTRY EntryListHead;
    ULONG CurrentCount; /* threads that belong to it and do not wait */
    ULONG MaximumCount;
    LIST_ENTRY ThreadListHead; /* KTHREAD.QueueListEntry */
} KQUEUE, *PKQUEUE;

/* Not a dispatcher object: fast when free, and its owner gets no APCs. */
typedef struct _KGUARDED_MUTEX {
    volatile LONG Count; /* GUARDED_MUTEX_ flags, and GUARDED_MUTEX_WAITER for each waiter */
    struct _KTHREAD *Owner;
    KEVENT Gate;
    UCHAR Level; /* LOCK_LEVEL */
} KGUARDED_MUTEX, *PKGUARDED_MUTEX;

#define GUARDED_MUTEX_FREE   1
#define GUARDED_MUTEX_WOKEN  2 /* a waiter, not counted any more, is about to try again */
#define GUARDED_MUTEX_WAITER 4

struct _KDPC;
typedef void KDEFERRED_ROUTINE(struct _KDPC *Dpc, PVOID Context, PVOID Argument1, PVOID Argument2);
typedef KDEFERRED_ROUTINE *PKDEFERRED_ROUTINE;

typedef struct _KDPC {
    UCHAR Type;
    UCHAR Importance;
    volatile BOOLEAN Inserted;
    UCHAR Number; /* target processor, or 0xFF: the one that queues it */
    LIST_ENTRY DpcListEntry;
    PKDEFERRED_ROUTINE DeferredRoutine;
    PVOID DeferredContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
} KDPC, *PKDPC;

typedef struct _KTIMER {
    DISPATCHER_HEADER Header;
    ULARGE_INTEGER DueTime; /* interrupt time, 100 ns */
    LIST_ENTRY TimerListEntry;
    PKDPC Dpc;
    LONG Period; /* ms; 0 one-shot */
} KTIMER, *PKTIMER;

typedef struct _KWAIT_BLOCK {
    LIST_ENTRY WaitListEntry;
    struct _KTHREAD *Thread;
    PVOID Object;
    struct _KWAIT_BLOCK *NextWaitBlock; /* circular */
    USHORT WaitKey;                     /* what a wait for any returns */
    USHORT WaitType;                    /* WAIT_TYPE */
} KWAIT_BLOCK, *PKWAIT_BLOCK;

#define THREAD_WAIT_OBJECTS  3
#define TIMER_WAIT_BLOCK     3
#define MAXIMUM_WAIT_OBJECTS 64

/* ---- APCs --------------------------------------------------------------------- */

struct _KAPC;
typedef void (*PKNORMAL_ROUTINE)(PVOID NormalContext, PVOID Argument1, PVOID Argument2);
typedef void (*PKKERNEL_ROUTINE)(struct _KAPC *Apc, PKNORMAL_ROUTINE *NormalRoutine,
    PVOID *NormalContext, PVOID *SystemArgument1, PVOID *SystemArgument2);
typedef void (*PKRUNDOWN_ROUTINE)(struct _KAPC *Apc);

typedef enum _KAPC_ENVIRONMENT {
    OriginalApcEnvironment,
    AttachedApcEnvironment,
    CurrentApcEnvironment,
} KAPC_ENVIRONMENT;

typedef struct _KAPC {
    UCHAR Type;
    UCHAR SpareByte0;
    UCHAR Size;
    UCHAR SpareByte1;
    ULONG SpareLong0;
    struct _KTHREAD *Thread;
    LIST_ENTRY ApcListEntry;
    PKKERNEL_ROUTINE KernelRoutine;
    PKRUNDOWN_ROUTINE RundownRoutine;
    PKNORMAL_ROUTINE NormalRoutine;
    PVOID NormalContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
    CCHAR ApcStateIndex;
    KPROCESSOR_MODE ApcMode;
    BOOLEAN Inserted;
} KAPC, *PKAPC;
_Static_assert(sizeof(KAPC) == 0x30, "NT 5.2 layout");

typedef struct _KAPC_STATE {
    LIST_ENTRY ApcListHead[2]; /* by mode */
    struct _KPROCESS *Process;
    BOOLEAN KernelApcInProgress;
    BOOLEAN KernelApcPending;
    BOOLEAN UserApcPending;
} KAPC_STATE, *PKAPC_STATE;
_Static_assert(sizeof(KAPC_STATE) == 0x18, "NT 5.2 layout");

/* ---- Trap frame ------------------------------------------------------------------ */

/* What every entry into the kernel builds; offsets as in NT (assembly uses them). */
typedef struct _KTRAP_FRAME {
    ULONG DbgEbp, DbgEip, DbgArgMark, DbgArgPointer;
    ULONG TempSegCs, TempEsp;
    ULONG Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;
    ULONG SegGs, SegEs, SegDs;
    ULONG Edx, Ecx, Eax;
    ULONG PreviousPreviousMode;
    ULONG ExceptionList;
    ULONG SegFs;
    ULONG Edi, Esi, Ebx, Ebp;
    ULONG ErrCode;
    ULONG Eip, SegCs, EFlags;
    ULONG HardwareEsp, HardwareSegSs; /* present when SegCs is ring 3 */
    ULONG V86Es, V86Ds, V86Fs, V86Gs;
} KTRAP_FRAME, *PKTRAP_FRAME;
_Static_assert(sizeof(KTRAP_FRAME) == 0x8C, "NT 5.2 layout");
_Static_assert(offsetof(KTRAP_FRAME, ErrCode) == 0x64, "NT 5.2 layout");

/* ---- Processes and threads -------------------------------------------------------- */

typedef void (*PKSYSTEM_ROUTINE)(PVOID StartRoutine, PVOID StartContext);
typedef void (*PKSTART_ROUTINE)(PVOID StartContext);

struct _MM_ADDRESS_SPACE;
struct _HANDLE_TABLE;

typedef struct _KPROCESS {
    DISPATCHER_HEADER Header;
    ULONG DirectoryTableBase; /* CR3: physical address of the PAE pointer table */
    volatile KAFFINITY ActiveProcessors;
    LIST_ENTRY ThreadListHead; /* KTHREAD.ThreadListEntry; dispatcher lock */
    KAFFINITY Affinity;
    CCHAR BasePriority;
    CCHAR QuantumReset;
    UCHAR State;
    BOOLEAN DisableBoost; /* for threads to come */
    ULONG UserTime;       /* clock ticks */
    ULONG KernelTime;
    ULONG ProcessId; /* for trace records; PspCidTable is the authority */
    ULONG CreationAttempt;
    /* What the layers above hang on a process; Ke does not look inside. */
    struct _MM_ADDRESS_SPACE *AddressSpace;
    struct _HANDLE_TABLE *ObjectTable; /* NULL once the process's handles are closed */
    ULONG GrantedAccess;               /* what handle -1 grants; 0: no object, or none yet */
} KPROCESS, *PKPROCESS;

typedef enum _KTHREAD_STATE {
    Initialized,
    Ready,
    Running,
    Standby,
    Terminated,
    Waiting,
    Transition,
    DeferredReady,
    GateWait,
} KTHREAD_STATE;

#ifndef _WIN32
typedef enum _KWAIT_REASON {
    Executive = 0,
    Suspended = 5,
    UserRequest = 6,
    DelayExecution = 4,
    WrLpcReceive = 16,
    WrLpcReply = 17,
    WrQueue = 15,
    WrKeyedEvent = 21,
} KWAIT_REASON;
#endif

typedef struct _KTHREAD {
    DISPATCHER_HEADER Header;
    LIST_ENTRY MutantListHead; /* owned mutants; dispatcher lock */
    PVOID InitialStack;        /* top, below it the FX save area */
    PVOID StackLimit;
    PVOID KernelStack; /* ESP while not running */
    PKTRAP_FRAME TrapFrame;
    PVOID Teb; /* user address */
    PVOID ServiceTable;
    KSPIN_LOCK ApcQueueLock;
    KAPC_STATE ApcState;      /* of the process it is attached to */
    KAPC_STATE SavedApcState; /* of its own, while attached */
    PKAPC_STATE ApcStatePointer[2];
    UCHAR ApcStateIndex;
    BOOLEAN ApcQueueable;
    SHORT KernelApcDisable;  /* critical regions; 0 or negative */
    SHORT SpecialApcDisable; /* guarded regions; 0 or negative */
    KAPC SuspendApc;
    KSEMAPHORE SuspendSemaphore;
    CCHAR SuspendCount; /* 0..127 */
    CCHAR FreezeCount;
    KPROCESSOR_MODE PreviousMode;
    BOOLEAN Alerted[2];
    BOOLEAN Alertable;
    UCHAR NpxState; /* KiNpx...: are the FPU registers this thread's? */
    volatile UCHAR State; /* KTHREAD_STATE; dispatcher lock */
    UCHAR WaitReason;
    CCHAR WaitMode;
    KIRQL WaitIrql;
    UCHAR WaitNext;
    LONG_PTR WaitStatus;
    PKWAIT_BLOCK WaitBlockList;
    KWAIT_BLOCK WaitBlock[THREAD_WAIT_OBJECTS + 1];
    KTIMER Timer;
    LIST_ENTRY WaitListEntry; /* ready queue, while Ready */
    CCHAR Priority;
    CCHAR BasePriority;
    CCHAR PriorityDecrement;
    CCHAR Quantum;
    CCHAR QuantumReset;
    CCHAR Saturation;
    UCHAR IdealProcessor;
    UCHAR NextProcessor;
    KAFFINITY Affinity;
    KAFFINITY UserAffinity;
    PKPROCESS Process; /* its own, attached or not */
    LIST_ENTRY ThreadListEntry;
    ULONG ContextSwitches;
    ULONG UserTime; /* clock ticks */
    ULONG KernelTime;
    ULONG ThreadId;        /* for messages */
    ULONG CreationAttempt; /* carried by its trace records */
    ULONG Dr[6];           /* user debug registers 0-3, 6, 7 */
    BOOLEAN DebugActive;
    BOOLEAN SystemThread;
    BOOLEAN DisableBoost; /* completed waits do not lift its priority */
    PKQUEUE Queue; /* whose entries it works on, or NULL; dispatcher lock */
    LIST_ENTRY QueueListEntry;
    LIST_ENTRY ActiveTimerListHead; /* Ex's: timers whose APCs come here (ex/timer.c) */
    ULONG WaitTime; /* tick count when it came into its ready queue */
    ULONG TraceWho; /* TRACE_RECORD.Who of its records */
    ULONG GrantedAccess; /* what handle -2 grants; for Ob */
#ifndef NDEBUG
    KHELD_LOCKS HeldMutexes;
    PVOID ApcsDisabledBy; /* who entered the outermost critical or guarded region */
#endif
} KTHREAD, *PKTHREAD;

/* ---- Processor control region ------------------------------------------------------ */

#define KI_READY_QUEUES 32

typedef struct _KPRCB {
    USHORT MinorVersion;
    USHORT MajorVersion;
    PKTHREAD CurrentThread;
    PKTHREAD NextThread; /* Standby: chosen to run next */
    PKTHREAD IdleThread;
    UCHAR Number;
    UCHAR Reserved[3];
    KAFFINITY SetMember;
    PKTHREAD NpxThread;
    volatile ULONG ReadySummary;
    LIST_ENTRY DispatcherReadyListHead[KI_READY_QUEUES];
    KSPIN_LOCK DpcLock;
    LIST_ENTRY DpcListHead;
    volatile BOOLEAN DpcRoutineActive;
    volatile BOOLEAN QuantumEnd;
    ULONG InterruptCount;
    ULONG IdleTicks;
    PTRACE_RECORD TraceRing;
    ULONG TraceNumber; /* Number where TRACE_RECORD.CpuIrql has it */
    ULONG TraceIndex;
    PKTHREAD DeadThread; /* has just ended here; reaped when its stack is left */
    volatile BOOLEAN Frozen; /* another processor's bugcheck has stopped it, there: */
    ULONG_PTR FrozenEip;
    ULONG_PTR FrozenEbp;
    ULONG QueueIndex; /* where the next search for starved threads begins (ke/balance.c) */
#ifndef NDEBUG
    KHELD_LOCKS HeldSpinLocks;
    PVOID RaisedBy;   /* the last KeRaiseIrqlTo from below DISPATCH_LEVEL */
    PVOID DpcRoutine; /* that runs here, or NULL */
#endif
} KPRCB, *PKPRCB;

/* FS points here in kernel mode; the offsets asserted in ke/i386 are NT's. */
typedef struct _KPCR {
    NT_TIB NtTib;
    struct _KPCR *SelfPcr;
    PKPRCB Prcb;
    KIRQL Irql;
    UCHAR Reserved1[3];
    volatile ULONG SoftwareInterrupts; /* bit n: software interrupt of IRQL n pending */
    ULONG IrrActive;
    ULONG IDR;
    PVOID KdVersionBlock;
    PVOID IDT;
    PVOID GDT;
    PVOID TSS;
    PVOID ShortSectionBy; /* who entered the short section this is in (debug) */
    UCHAR Reserved2[0x120 - 0x48];
    KPRCB PrcbData;
} KPCR, *PKPCR;
_Static_assert(offsetof(KPCR, Irql) == 0x24 && offsetof(KPCR, PrcbData) == 0x120, "NT layout");

#define KIP0PCRADDRESS 0xFFDFF000u
#define MAXIMUM_PROCESSORS 8
