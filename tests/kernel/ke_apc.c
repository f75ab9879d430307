/* SPDX-License-Identifier: MIT */
/*
 * APCs: which kind is delivered when, and what holds it off.
 */
#include "tests/kernel/kt.h"

/* What the routines of the test write down, in order. */
static CHAR KtLog[16];
static volatile LONG KtLogged;

static void KtNote(CHAR Letter)
{
    LONG Index = InterlockedIncrement(&KtLogged) - 1;

    if (Index < (LONG)sizeof(KtLog) - 1) {
        KtLog[Index] = Letter;
    }
}

static void KtClearLog(void)
{
    RtlZeroMemory(KtLog, sizeof(KtLog));
    KtLogged = 0;
}

#define ok_log(Expected)                                                                       \
    ok(strcmp(KtLog, (Expected)) == 0, "order is \"%s\", expected \"%s\"", KtLog, (Expected))

/* NormalContext is the letter of the normal routine; the kernel routine's is before it. */
static void KtKernelRoutine(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument2);
    ok_eq(KeGetCurrentIrql(), APC_LEVEL);
    ok(!Apc->Inserted, "the APC can be queued again");
    KtNote((CHAR)(ULONG_PTR)*SystemArgument1);
    if (*SystemArgument2 != NULL) {
        *NormalRoutine = NULL;
    }
}

static void KtNormalRoutine(PVOID NormalContext, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    ok_eq(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KtNote((CHAR)(ULONG_PTR)NormalContext);
}

static void KtInitializeApc(PKAPC Apc, PKTHREAD Thread, BOOLEAN Special, CHAR Letter)
{
    KeInitializeApc(Apc, Thread, OriginalApcEnvironment, KtKernelRoutine, NULL,
        Special ? NULL : KtNormalRoutine, KernelMode, (PVOID)(ULONG_PTR)Letter);
}

static void KtQueue(PKAPC Apc, CHAR Letter)
{
    ok(KeInsertQueueApc(Apc, (PVOID)(ULONG_PTR)Letter, NULL, 0), "APC %c is queued", Letter);
}

START_TEST(ke_apc, "kernel APCs: special before normal, regions, the NULLed normal routine")
{
    KAPC Special, Normal, Second;
    KIRQL OldIrql;

    KtInitializeApc(&Special, KeGetCurrentThread(), TRUE, 0);
    KtInitializeApc(&Normal, KeGetCurrentThread(), FALSE, 'N');
    KtInitializeApc(&Second, KeGetCurrentThread(), FALSE, 'M');

    KtClearLog();
    OldIrql = KeRaiseIrqlTo(APC_LEVEL);
    KtQueue(&Normal, 'n');
    KtQueue(&Second, 'm');
    KtQueue(&Special, 's');
    ok(!KeInsertQueueApc(&Special, NULL, NULL, 0), "an APC is queued once only");
    ok_log("");
    KeLowerIrql(OldIrql);
    ok_log("snNmM");

    KtClearLog();
    KeEnterCriticalRegion();
    KtQueue(&Normal, 'n');
    KtQueue(&Special, 's');
    ok_log("s");
    KeLeaveCriticalRegion();
    ok_log("snN");

    KtClearLog();
    KeEnterGuardedRegion();
    KtQueue(&Normal, 'n');
    KtQueue(&Special, 's');
    ok_log("");
    KeLeaveGuardedRegion();
    ok_log("snN");

    KtClearLog();
    ok(KeInsertQueueApc(&Normal, (PVOID)'n', (PVOID)1, 0), "the APC is queued");
    ok_log("n");
}

static KAPC KtInnerNormal, KtInnerSpecial;

static void KtNestingRoutine(PVOID NormalContext, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KtQueue(&KtInnerNormal, 'n');
    KtQueue(&KtInnerSpecial, 's');
    KtNote('e');
}

START_TEST(ke_apc_nested, "kernel APCs: one normal APC at a time, special ones interrupt it")
{
    KAPC Apc;

    KtInitializeApc(&KtInnerNormal, KeGetCurrentThread(), FALSE, 'N');
    KtInitializeApc(&KtInnerSpecial, KeGetCurrentThread(), TRUE, 0);
    KeInitializeApc(&Apc, KeGetCurrentThread(), OriginalApcEnvironment, KtKernelRoutine, NULL,
        KtNestingRoutine, KernelMode, NULL);
    KtClearLog();
    KtQueue(&Apc, 'b');
    ok_log("bsenN");
}

typedef struct _KT_APC_TARGET {
    KEVENT Go;
    KPROCESSOR_MODE Mode;
    BOOLEAN Alertable;
    NTSTATUS Status;
} KT_APC_TARGET;

static void KtApcTarget(PVOID Context)
{
    KT_APC_TARGET *Target = Context;
    LARGE_INTEGER Timeout = KtMilliseconds(KT_LONG);

    Target->Status = KeWaitForSingleObject(
        &Target->Go, UserRequest, Target->Mode, Target->Alertable, &Timeout);
}

static PETHREAD KtStartTarget(KT_APC_TARGET *Target, KPROCESSOR_MODE Mode, BOOLEAN Alertable)
{
    PETHREAD Thread;

    KeInitializeEvent(&Target->Go, NotificationEvent, FALSE);
    Target->Mode = Mode;
    Target->Alertable = Alertable;
    Thread = KtStartThread(KtApcTarget, Target);
    ok(KtAwaitState(Thread, Waiting), "the target waits");
    return Thread;
}

START_TEST(ke_apc_wait, "kernel APCs: delivered to a waiting thread, whose wait goes on")
{
    KT_APC_TARGET Target;
    PETHREAD Thread = KtStartTarget(&Target, KernelMode, FALSE);
    KAPC Apc;

    KtInitializeApc(&Apc, &Thread->Tcb, FALSE, 'N');
    KtClearLog();
    KtQueue(&Apc, 'n');
    KtSleep(30);
    ok_log("nN");
    ok(KtAwaitState(Thread, Waiting), "the target waits again");
    KeSetEvent(&Target.Go, 0, FALSE);
    KtJoinThread(Thread);
    ok_status(Target.Status, STATUS_SUCCESS);
}

/* ---- Which waits a kernel APC ends ---------------------------------------------------- */

typedef enum _KT_PLACE { KtNowhere, KtCritical, KtGuarded, KtInNormalApc, KtAtApcLevel } KT_PLACE;

typedef struct _KT_PLACED {
    KAPC Nesting; /* first: its normal routine gets the address of all */
    KEVENT Go;
    KT_PLACE Place;
} KT_PLACED;

static void KtWaitPlaced(PVOID NormalContext, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    ok_status(KtWait(&((KT_PLACED *)NormalContext)->Go, KT_LONG), STATUS_SUCCESS);
}

static void KtPlaced(PVOID Context)
{
    KT_PLACED *Placed = Context;

    switch (Placed->Place) {
    case KtCritical:
        KeEnterCriticalRegion();
        KtWaitPlaced(Placed, NULL, NULL);
        KeLeaveCriticalRegion();
        break;
    case KtGuarded:
        KeEnterGuardedRegion();
        KtWaitPlaced(Placed, NULL, NULL);
        KeLeaveGuardedRegion();
        break;
    case KtInNormalApc:
        KeInitializeApc(&Placed->Nesting, KeGetCurrentThread(), OriginalApcEnvironment,
            KtKernelRoutine, NULL, KtWaitPlaced, KernelMode, Placed);
        KtQueue(&Placed->Nesting, 'b');
        break;
    case KtAtApcLevel:
        (void)KeRaiseIrqlTo(APC_LEVEL);
        KtWaitPlaced(Placed, NULL, NULL);
        KeLowerIrql(PASSIVE_LEVEL);
        break;
    default:
        KtWaitPlaced(Placed, NULL, NULL);
        break;
    }
}

/* Queues an APC to a thread that waits at Place.  Log: what has run at once, and at last. */
static void KtInterruptAt(KT_PLACE Place, BOOLEAN Special, PCSTR AtOnce, PCSTR AtLast)
{
    KT_PLACED Placed = {.Place = Place};
    PETHREAD Thread;
    KIRQL OldIrql;
    KAPC Apc;

    KeInitializeEvent(&Placed.Go, NotificationEvent, FALSE);
    KtClearLog();
    Thread = KtStartThread(KtPlaced, &Placed);
    ok(KtAwaitState(Thread, Waiting), "it waits at place %u", Place);
    KtInitializeApc(&Apc, &Thread->Tcb, Special, 'N');
    OldIrql = KeRaiseIrqlTo(DISPATCH_LEVEL); /* it cannot run and wait again */
    KtQueue(&Apc, Special ? 's' : 'n');
    ok((Thread->Tcb.State != Waiting) == (strcmp(AtOnce, Place == KtInNormalApc ? "b" : "") != 0),
        "place %u: its wait is ended if the APC can be delivered", Place);
    KeLowerIrql(OldIrql);
    ok(KtAwaitState(Thread, Waiting), "it waits again");
    ok_log(AtOnce);
    KeSetEvent(&Placed.Go, 0, FALSE);
    KtJoinThread(Thread);
    ok_log(AtLast);
}

START_TEST(ke_apc_regions, "kernel APCs: end no wait that they cannot be delivered in")
{
    KtUseOneProcessor();
    KtInterruptAt(KtNowhere, TRUE, "s", "s");
    KtInterruptAt(KtNowhere, FALSE, "nN", "nN");
    KtInterruptAt(KtCritical, TRUE, "s", "s");
    KtInterruptAt(KtCritical, FALSE, "", "nN");
    KtInterruptAt(KtGuarded, TRUE, "", "s");
    KtInterruptAt(KtGuarded, FALSE, "", "nN");
    KtInterruptAt(KtInNormalApc, TRUE, "bs", "bs");
    KtInterruptAt(KtInNormalApc, FALSE, "b", "bnN");
    KtInterruptAt(KtAtApcLevel, TRUE, "", "s");
    KtInterruptAt(KtAtApcLevel, FALSE, "", "nN");
}

typedef struct _KT_LIMITED_WAIT {
    volatile BOOLEAN Over;
    NTSTATUS Status;
} KT_LIMITED_WAIT;

static void KtWaitInVain(PVOID Context)
{
    KT_LIMITED_WAIT *Wait = Context;
    KEVENT Never;

    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    Wait->Status = KtWait(&Never, 100);
    Wait->Over = TRUE;
}

/* Whether the APC is queued again by then depends on how busy the host is. */
static void KtDoNothing(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(Apc);
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
}

START_TEST(ke_apc_due, "kernel APCs: however many come, a wait keeps its due time")
{
    KT_LIMITED_WAIT Wait = {FALSE, STATUS_PENDING};
    PETHREAD Thread = KtStartThread(KtWaitInVain, &Wait);
    KAPC Apc;

    KeInitializeApc(&Apc, &Thread->Tcb, OriginalApcEnvironment, KtDoNothing, NULL, NULL,
        KernelMode, NULL);
    for (ULONG i = 0; i < 100 && !Wait.Over; i++) {
        (void)KeInsertQueueApc(&Apc, NULL, NULL, 0); /* refused if the thread has ended */
        KtSleep(20);
    }
    ok(Wait.Over, "the wait ends while APCs keep coming");
    KtJoinThread(Thread);
    ok_status(Wait.Status, STATUS_TIMEOUT);
}

/* ---- While a wait begins ----------------------------------------------------------- */

typedef struct _KT_BEGINNER {
    KAPC Apc; /* first: its kernel routine finds the rest */
    KEVENT Go;
    KEVENT Delivered;
    volatile BOOLEAN Stop;
} KT_BEGINNER;

static void KtDelivered(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    KeSetEvent(&CONTAINING_RECORD(Apc, KT_BEGINNER, Apc)->Delivered, 0, FALSE);
}

static void KtBeginWaits(PVOID Context)
{
    KT_BEGINNER *Beginner = Context;

    while (!Beginner->Stop) {
        ok_status(KtWait(&Beginner->Go, KT_LONG), STATUS_SUCCESS);
    }
}

#define KT_BEGINNINGS 500

/* The later in the round, the deeper in its next wait the other thread is. */
START_TEST(ke_apc_between, "kernel APCs: one that comes while a wait begins is not slept over")
{
    KT_BEGINNER Beginner = {.Stop = FALSE};
    BOOLEAN Lost = FALSE;
    PETHREAD Thread;

    if (KeNumberProcessors == 1) {
        KtSkip("one processor");
        return;
    }
    KeInitializeEvent(&Beginner.Go, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Beginner.Delivered, SynchronizationEvent, FALSE);
    Thread = KtStartThread(KtBeginWaits, &Beginner);
    KeInitializeApc(&Beginner.Apc, &Thread->Tcb, OriginalApcEnvironment, KtDelivered, NULL, NULL,
        KernelMode, NULL);
    for (ULONG i = 0; i < KT_BEGINNINGS && !Lost; i++) {
        ULONGLONG Start = __builtin_ia32_rdtsc();

        KeSetEvent(&Beginner.Go, 0, FALSE);
        while (Thread->Tcb.State == Standby || Thread->Tcb.State == Ready) {
            __builtin_ia32_pause();
        }
        while (__builtin_ia32_rdtsc() - Start < i % 100 * 500) {
        }
        ok(KeInsertQueueApc(&Beginner.Apc, NULL, NULL, 0), "the APC is queued");
        Lost = !ok_status(KtWait(&Beginner.Delivered, KT_LONG), STATUS_SUCCESS);
    }
    Beginner.Stop = TRUE;
    KeSetEvent(&Beginner.Go, 0, FALSE);
    KtJoinThread(Thread);
}

static void KtInitializeUserApc(PKAPC Apc, PETHREAD Thread)
{
    KeInitializeApc(Apc, &Thread->Tcb, OriginalApcEnvironment, KtKernelRoutine, NULL,
        KtNormalRoutine, UserMode, NULL);
}

START_TEST(ke_apc_user, "user APCs: end alertable waits made for user mode only")
{
    KT_APC_TARGET Target;
    PETHREAD Thread = KtStartTarget(&Target, UserMode, TRUE);
    KAPC Apc;

    KtInitializeUserApc(&Apc, Thread);
    ok(KeInsertQueueApc(&Apc, NULL, NULL, 0), "the APC is queued");
    KtJoinThread(Thread);
    ok_status(Target.Status, STATUS_USER_APC);

    Thread = KtStartTarget(&Target, UserMode, FALSE);
    KtInitializeUserApc(&Apc, Thread);
    ok(KeInsertQueueApc(&Apc, NULL, NULL, 0), "the APC is queued");
    KtSleep(30);
    ok_eq(Thread->Tcb.State, Waiting);
    ok(KeFlushQueueApc(&Thread->Tcb, UserMode) == &Apc.ApcListEntry, "a flush returns it");
    ok(!Apc.Inserted && Apc.ApcListEntry.Flink == &Apc.ApcListEntry, "alone in its ring");
    ok(KeFlushQueueApc(&Thread->Tcb, UserMode) == NULL, "a second flush finds nothing");
    ok(KeInsertQueueUserApcFirst(&Apc, NULL, NULL), "it is queued first");
    ok_status(KtWait(Thread, KT_LONG), STATUS_SUCCESS);
    ok_status(Target.Status, STATUS_USER_APC);
    ok(!KeInsertQueueApc(&Apc, NULL, NULL, 0), "a thread that has ended takes no APC");
    KtJoinThread(Thread);

    KtInitializeUserApc(&Apc, PsGetCurrentThread());
    ok(KeInsertQueueUserApcFirst(&Apc, NULL, NULL), "one for this thread");
    ok_eq(KeGetCurrentThread()->ApcState.UserApcPending, TRUE);
    ok(KeRemoveQueueApc(&Apc) && !KeRemoveQueueApc(&Apc), "can be taken back, once");
    ok_eq(KeGetCurrentThread()->ApcState.UserApcPending, FALSE);
}

START_TEST(ke_apc_user_kernel, "user APCs: a wait made for kernel mode goes on, alertable or not")
{
    for (ULONG Alertable = 0; Alertable < 2; Alertable++) {
        KT_APC_TARGET Target;
        PETHREAD Thread = KtStartTarget(&Target, KernelMode, (BOOLEAN)Alertable);
        KAPC Apc;

        KtInitializeUserApc(&Apc, Thread);
        ok(KeInsertQueueApc(&Apc, NULL, NULL, 0), "the APC is queued");
        KtSleep(30);
        ok_eq(Thread->Tcb.State, Waiting);
        ok(KeFlushQueueApc(&Thread->Tcb, UserMode) == &Apc.ApcListEntry, "a flush returns it");
        KeSetEvent(&Target.Go, 0, FALSE);
        KtJoinThread(Thread);
        ok_status(Target.Status, STATUS_SUCCESS);
    }
}
