/* SPDX-License-Identifier: MIT */
/*
 * The end of a kernel that has found itself broken: what NT's blue screen says,
 * and what helps more, a stack with names, the last events of the trace, and the
 * command that repeats the run.  Nothing here trusts what it reads.
 */
#include "ke/ki.h"

#define KI_STACK_FRAMES 24
#define KI_TRACE_EVENTS 20

typedef struct _KI_BUGCHECK_TEXT {
    ULONG Code;
    PCSTR Name;
    PCSTR Sentence;
} KI_BUGCHECK_TEXT;

#define TEXT(Code, Sentence) {Code, #Code, Sentence}
static const KI_BUGCHECK_TEXT KiBugCheckTexts[] = {
    TEXT(APC_INDEX_MISMATCH, "A thread was about to return to user mode holding a mutex, with "
                             "APCs disabled or attached."),
    TEXT(INVALID_PROCESS_ATTACH_ATTEMPT, "A thread ends while attached to another process."),
    TEXT(IRQL_NOT_LESS_OR_EQUAL,
        "Memory that is not there was touched at an IRQL, or in a short section, at which "
        "nothing can be fetched."),
    TEXT(NO_USER_MODE_CONTEXT, "A system thread returned, but it has no user mode to go to."),
    TEXT(SPIN_LOCK_ALREADY_OWNED, "A processor wants a spin lock that it holds already."),
    TEXT(SPIN_LOCK_NOT_OWNED, "A spin lock was released by a processor that does not hold it."),
    TEXT(THREAD_NOT_MUTEX_OWNER, "A mutex was released by a thread that does not hold it."),
    TEXT(CID_HANDLE_DELETION, "A process or thread id to be freed is not in use."),
    TEXT(REFERENCE_BY_POINTER, "An object's reference count is wrong."),
    TEXT(BAD_POOL_HEADER, "The header of a pool block has been overwritten."),
    TEXT(KMODE_EXCEPTION_NOT_HANDLED, "The kernel raised an exception that nobody handles."),
    TEXT(KERNEL_APC_PENDING_DURING_EXIT,
        "A thread ends with APCs disabled, or with a kernel APC still queued."),
    TEXT(PHASE0_INITIALIZATION_FAILED, "A layer of the kernel could not be started."),
    TEXT(PHASE1_INITIALIZATION_FAILED, "The start of the system failed after the kernel's own."),
    TEXT(IRQL_GT_ZERO_AT_SYSTEM_SERVICE,
        "A thread was about to return to user mode at a raised IRQL or in a short section."),
    TEXT(PFN_LIST_CORRUPT, "The list of physical pages contradicts itself."),
    TEXT(PAGE_FAULT_IN_NONPAGED_AREA, "The kernel touched memory that is not there or not its own."),
    TEXT(PROCESS1_INITIALIZATION_FAILED, "ntdll.dll is missing or lacks what the kernel needs."),
    TEXT(SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, "A system thread raised an exception."),
    TEXT(UNEXPECTED_KERNEL_MODE_TRAP, "The processor reported an exception in the kernel itself."),
    TEXT(NMI_HARDWARE_FAILURE, "The hardware raised a non-maskable interrupt."),
    TEXT(ATTEMPTED_SWITCH_FROM_DPC, "A DPC or other code at DISPATCH_LEVEL tried to wait."),
    TEXT(ATTEMPTED_WRITE_TO_READONLY_MEMORY, "The kernel wrote to memory it may only read."),
    TEXT(MUTEX_ALREADY_OWNED, "A thread wants a mutex that it holds already."),
    TEXT(BAD_POOL_CALLER, "Pool was freed twice, with a wrong tag, or never allocated."),
    TEXT(DRIVER_CORRUPTED_MMPOOL, "The pool's own lists are damaged."),
    TEXT(MANUALLY_INITIATED_CRASH, "Somebody asked for this."),
    TEXT(CRITICAL_PROCESS_DIED, "A process the system cannot do without has ended."),
    TEXT(CRITICAL_OBJECT_TERMINATION, "A critical process or thread was to be terminated."),
    TEXT(ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, "The kernel tried to execute data."),
    TEXT(THREAD_TERMINATE_HELD_MUTEX, "A thread ended while it owned a mutex with APCs off."),
    TEXT(NASCENT_ASSERTION_FAILED, "A condition that the kernel relies on does not hold."),
    TEXT(NASCENT_LOCK_ORDER, "A lock was taken out of order or at the wrong IRQL."),
    TEXT(NASCENT_SANITIZER, "A sanitizer's check, printed above, failed at the first parameter."),
};
#undef TEXT

volatile BOOLEAN KiBugCheckActive;
static volatile LONG KiBugCheckDepth;
static volatile ULONG KiBugCheckOwner; /* processor number + 1 */
static ULONG_PTR KiBugCheckEip, KiBugCheckEbp; /* what was interrupted, if anything */

void KiSetBugCheckFrame(ULONG_PTR Eip, ULONG_PTR Ebp)
{
    if (!KiBugCheckActive) {
        KiBugCheckEip = Eip;
        KiBugCheckEbp = Ebp;
    }
}

/* ---- The stack -------------------------------------------------------------------------- */

extern const UCHAR KiTrapTextStart[], KiTrapTextEnd[];

static BOOLEAN KiReadKernel(ULONG_PTR Address, PVOID Buffer, SIZE_T Length)
{
    return Address >= KERNEL_BASE && (Address & 3) == 0 &&
           KiCopyFromUser(Buffer, (const void __user *)Address, Length) == 0;
}

/* Back 1: a return address, which may already be the next function's. */
static void KiPrintStackLine(ULONG_PTR Eip, ULONG Back)
{
    CHAR Before[16];

    RtlStringFormat(Before, sizeof(Before), "  %08x ", Eip);
    KiPrintPlace(Before, Eip, Back);
}

/*
 * A return address in trap.S or syscall.S: the caller's EBP is not a frame of C
 * but the trap frame, and the stack goes on with what was interrupted.
 */
static BOOLEAN KiCrossTrapFrame(ULONG_PTR *Eip, ULONG_PTR *Ebp)
{
    KTRAP_FRAME Frame;

    if (!KiReadKernel(*Ebp, &Frame, offsetof(KTRAP_FRAME, HardwareEsp))) {
        return FALSE;
    }
    if (KiIsUserFrame(&Frame)) {
        KePrint("  %08x  in user mode, EBP %08x\n", Frame.Eip, Frame.Ebp);
        return FALSE;
    }
    *Eip = Frame.Eip;
    *Ebp = Frame.Ebp;
    KiPrintStackLine(*Eip, 0);
    return TRUE;
}

static void KiPrintStack(ULONG_PTR Eip, ULONG_PTR Ebp)
{
    ULONG Limit = KI_STACK_FRAMES;

    KiPrintStackLine(Eip, 0);
    while (Limit-- != 0) {
        ULONG_PTR Link[2]; /* saved EBP, return address */

        if (Eip >= (ULONG_PTR)KiTrapTextStart && Eip < (ULONG_PTR)KiTrapTextEnd) {
            if (!KiCrossTrapFrame(&Eip, &Ebp)) {
                break;
            }
            continue;
        }
        if (!KiReadKernel(Ebp, Link, sizeof(Link)) || Link[1] == 0) {
            break;
        }
        Ebp = Link[0];
        Eip = Link[1];
        KiPrintStackLine(Eip, 1);
    }
}

/* ---- The screen ---------------------------------------------------------------------------- */

static const KI_BUGCHECK_TEXT *KiFindBugCheckText(ULONG Code)
{
    static const KI_BUGCHECK_TEXT Unknown = {0, "bugcheck", "No text is known for this code."};
    ULONG i;

    for (i = 0; i < ARRAYSIZE(KiBugCheckTexts); i++) {
        if (KiBugCheckTexts[i].Code == Code) {
            return &KiBugCheckTexts[i];
        }
    }
    return &Unknown;
}

void KiPrintPlace(PCSTR Before, ULONG_PTR Address, ULONG Back)
{
    ULONG Offset;
    PCSTR Name = KiLookupSymbol(Address - Back, &Offset);

    if (Name != NULL) {
        KePrint("%s %s+%x\n", Before, Name, Offset + Back);
    } else {
        KePrint("%s %08x\n", Before, Address);
    }
}

static void KiPrintObject(ULONG_PTR Object)
{
    static const PCSTR Types[] = {"event", "event", "mutant", "process", "queue", "semaphore",
        "thread", "gate", "timer", "timer"};

    ULONG Head; /* Type is its first byte */
    PCSTR Type = "object";

    if (KiReadKernel(Object, &Head, sizeof(Head)) && (UCHAR)Head < ARRAYSIZE(Types)) {
        Type = Types[(UCHAR)Head];
    }
    KePrint("  wanted:   the %s %08x\n", Type, Object);
}

/* What the parameters of some codes say, with names; then who holds what. */
static void KiPrintSides(ULONG Code, const ULONG_PTR Parameters[4])
{
    switch (Code) {
    case SPIN_LOCK_NOT_OWNED:
    case THREAD_NOT_MUTEX_OWNER:
        KiPrintLockUse("freed:  ", Parameters[0], Parameters[1], Parameters[3]);
        break;
    case NASCENT_LOCK_ORDER:
    case SPIN_LOCK_ALREADY_OWNED:
    case MUTEX_ALREADY_OWNED:
        KiPrintLockUse("wanted: ", Parameters[0], Parameters[1], Parameters[3]);
        break;
    case ATTEMPTED_SWITCH_FROM_DPC:
        KiPrintObject(Parameters[1]);
        KiPrintPlace("  waits:   ", Parameters[3], 1);
        break;
    case IRQL_NOT_LESS_OR_EQUAL:
        KiPrintPlace("  fault:    in", Parameters[3], 0);
        break;
    case APC_INDEX_MISMATCH:
    case IRQL_GT_ZERO_AT_SYSTEM_SERVICE:
        KiPrintPlace("  service: ", Parameters[0], 0);
        break;
    default:
        break;
    }
    KiPrintHeld();
}

static void KiPrintCulprit(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KePrint("Processor %u, IRQL %u, thread %p", KeGetCurrentPrcb()->Number,
        KeGetCurrentIrql(), Thread);
    if (Thread != NULL && Thread->Process != NULL) {
        KePrint(" (process id %u, thread id %u)", Thread->Process->ProcessId, Thread->ThreadId);
    }
    KePrint("\n\n");
}

/* What the others were doing. */
static void KiPrintOtherProcessors(void)
{
    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        PKPRCB Prcb = KiProcessorBlock[i];
        PKPCR Pcr = CONTAINING_RECORD(Prcb, KPCR, PrcbData);

        if (Prcb == KiCurrentPrcb()) {
            continue;
        }
        KePrint("\nProcessor %u, IRQL %u, thread %p%s\n", i, Pcr->Irql, Prcb->CurrentThread,
            Prcb->CurrentThread == Prcb->IdleThread ? ", idle" : "");
        if (!Prcb->Frozen) {
            KePrint("  does not answer\n");
        } else if (Prcb->FrozenEip < KERNEL_BASE) {
            KePrint("  %08x  in user mode, EBP %08x\n", Prcb->FrozenEip, Prcb->FrozenEbp);
        } else {
            KiPrintStack(Prcb->FrozenEip, Prcb->FrozenEbp);
        }
    }
}

static void KiPrintBugCheck(ULONG Code, const ULONG_PTR Parameters[4], ULONG_PTR Ebp)
{
    const KI_BUGCHECK_TEXT *Text = KiFindBugCheckText(Code);

    KePrint("\n*** STOP: %08x %s (%08x, %08x, %08x, %08x)\n%s\n", Code, Text->Name,
        Parameters[0], Parameters[1], Parameters[2], Parameters[3], Text->Sentence);
    KiPrintSides(Code, Parameters);
    KiPrintCulprit();
    KePrint("Stack:\n");
    if (KiBugCheckEip != 0) {
        KiPrintStack(KiBugCheckEip, KiBugCheckEbp);
    } else {
        KiPrintStack((ULONG_PTR)KeBugCheckEx, Ebp);
    }
    KiPrintOtherProcessors();
    KePrint("\nLast events:\n");
    KeTracePrintLast(KI_TRACE_EVENTS);
    KePrint("\nrepeat with: make run ARGS='%s'\n", KeLoaderBlock.CommandLine);
}

static DECLSPEC_NORETURN void KiStopSystem(void)
{
    HalExitEmulator(HAL_EXIT_FAILURE);
    HalHalt();
}

/*
 * KeBugCheckEx - stop the system and say why.
 *
 * Any IRQL, any state.  A fault on the way begins again here: the second time it
 * says little, the third nothing.  One processor speaks, the others stand still.
 */
void KeBugCheckEx(ULONG Code, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4)
{
    const ULONG_PTR Parameters[4] = {P1, P2, P3, P4};
    ULONG Self = KiLockMark();
    ULONG Owner;
    LONG Depth;

    KiDisableInterrupts();
    Owner = InterlockedCompareExchange(&KiBugCheckOwner, Self, 0);
    if (Owner != 0 && Owner != Self) {
        KiStandStill((ULONG_PTR)KeBugCheckEx, (ULONG_PTR)__builtin_frame_address(0));
    }
    Depth = InterlockedIncrement(&KiBugCheckDepth);
    if (Depth == 1) {
        KeTrace(TraceBugcheck, Code, P1, P2, P3, P4);
        KeTraceFreeze();
        KiBugCheckActive = TRUE;
        KiFreezeOthers();
        KiPrintBugCheck(Code, Parameters, (ULONG_PTR)__builtin_frame_address(0));
    } else if (Depth == 2) {
        KiBugCheckActive = TRUE;
        KePrint("\n*** and within that bugcheck, another: %08x (%08x, %08x, %08x, %08x)\n",
            Code, P1, P2, P3, P4);
    }
    KiStopSystem();
}

void KeBugCheck(ULONG Code)
{
    KeBugCheckEx(Code, 0, 0, 0, 0);
}

void KeAssertionFailed(const char *Condition, const char *File, int Line)
{
    if (!KiBugCheckActive) {
        KePrint("\nAssertion failed: %s, %s line %d\n", Condition, File, Line);
    }
    KeBugCheckEx(NASCENT_ASSERTION_FAILED, (ULONG_PTR)Condition, (ULONG_PTR)File,
        (ULONG_PTR)Line, 0);
}
