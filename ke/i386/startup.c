/* SPDX-License-Identifier: MIT */
/*
 * The kernel stack of a thread that has never run, laid out so that the switch to
 * it returns into KiThreadStartup (switch.S) and that routine's return leads to
 * user mode.  One structure says it all; it ends where the stack begins.
 */
#include "ke/i386/kii386.h"

/* What KiSwapContext pops. */
typedef struct _KSWITCH_FRAME {
    ULONG Edi, Esi, Ebx, Ebp;
    void (*ReturnAddress)(void);
} KSWITCH_FRAME;

/* What KiThreadStartup pops. */
typedef struct _KSTART_FRAME {
    PKSYSTEM_ROUTINE SystemRoutine;
    PVOID StartRoutine;
    PVOID StartContext;
    ULONG UserThread; /* 0: a system thread, which has no user mode to return to */
} KSTART_FRAME;

typedef struct _KINIT_STACK {
    KSWITCH_FRAME Switch; /* KTHREAD.KernelStack */
    KSTART_FRAME Start;
    KTRAP_FRAME User;     /* unused in a system thread */
    FXSAVE_FORMAT Fx;     /* its end is KTHREAD.InitialStack */
} KINIT_STACK, *PKINIT_STACK;

_Static_assert(sizeof(KINIT_STACK) - offsetof(KINIT_STACK, User.V86Es) == KI_ESP0_FROM_TOP,
    "a trap from user mode must build its frame at User");

PKTRAP_FRAME KeGetUserTrapFrame(PKTHREAD Thread)
{
    return &((PKINIT_STACK)Thread->InitialStack - 1)->User;
}

void KiInitializeContextThread(PKTHREAD Thread, PKSYSTEM_ROUTINE SystemRoutine,
    PVOID StartRoutine, PVOID StartContext, PCONTEXT Context)
{
    PKINIT_STACK Stack = (PKINIT_STACK)Thread->InitialStack - 1;

    memset(Stack, 0, offsetof(KINIT_STACK, Fx));
    Thread->NpxState = KiNpxUnused;
    Thread->DebugActive = FALSE;
    Thread->TrapFrame = NULL;
    Thread->PreviousMode = KernelMode;
    if (Context != NULL) {
        Context->ContextFlags &= ~(CONTEXT_DEBUG_REGISTERS & ~CONTEXT_i386);
        Context->ContextFlags |= CONTEXT_FULL;
        Stack->User.SegCs = KGDT_R3_CODE | RPL_MASK;
        Stack->User.ExceptionList = (ULONG)-1;
        Stack->User.PreviousPreviousMode = UserMode;
        if (CONTEXT_HAS(Context, CONTEXT_FLOATING_POINT) ||
            CONTEXT_HAS(Context, CONTEXT_EXTENDED_REGISTERS)) {
            KiSaveNpxState(Thread); /* to be overwritten, in part perhaps */
        }
        KeContextToTrapFrame(&Stack->User, Context);
        Thread->PreviousMode = UserMode;
    }
    Stack->Start = (KSTART_FRAME){SystemRoutine, StartRoutine, StartContext, Context != NULL};
    Stack->Switch.ReturnAddress = KiThreadStartup;
    Thread->KernelStack = &Stack->Switch;
}

/* KiThreadStartup's entry in the trace: phase 5 begins. */
void KiTraceThreadStart(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    if (Thread->Teb != NULL) {
        KeTrace(TraceKiStartup, TraceP(Thread));
    }
}

void KiNoUserContext(void)
{
    KeBugCheckEx(NO_USER_MODE_CONTEXT, TraceP(KeGetCurrentThread()), 0, 0, 0);
}
