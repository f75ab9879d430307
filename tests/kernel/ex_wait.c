/* SPDX-License-Identifier: MIT */
/*
 * The edges of waits by handle: how many objects, one twice, order, and what
 * happens to an object or a handle while somebody waits.
 */
#include "ex.h"
#include "mm.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

static LARGE_INTEGER KtNoTime;

static HANDLE KtEvent(EVENT_TYPE Type, BOOLEAN State)
{
    HANDLE Event = NULL;

    ok_status(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, Type, State), STATUS_SUCCESS);
    return Event;
}

START_TEST(ex_wait_many, "NtWaitForMultipleObjects: 0, 64 and 65 objects, one twice")
{
    static HANDLE Handles[MAXIMUM_WAIT_OBJECTS + 1];
    HANDLE Event = KtEvent(SynchronizationEvent, FALSE), Set = KtEvent(NotificationEvent, TRUE);

    for (ULONG i = 0; i < ARRAYSIZE(Handles); i++) {
        Handles[i] = Event; /* for any, one object may stand there often */
    }
    ok_status(NtWaitForMultipleObjects(0, Handles, WaitAny, FALSE, &KtNoTime),
        STATUS_INVALID_PARAMETER_1);
    ok_status(NtWaitForMultipleObjects(65, Handles, WaitAny, FALSE, &KtNoTime),
        STATUS_INVALID_PARAMETER_1);
    ok_status(NtWaitForMultipleObjects(2, Handles, 2, FALSE, &KtNoTime),
        STATUS_INVALID_PARAMETER_3);
    ok_status(NtWaitForMultipleObjects(64, Handles, WaitAny, FALSE, &KtNoTime), STATUS_TIMEOUT);
    Handles[63] = Set;
    ok_status(NtWaitForMultipleObjects(64, Handles, WaitAny, FALSE, &KtNoTime),
        (__force NTSTATUS)63);
    ok_status(NtSetEvent(Event, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForMultipleObjects(64, Handles, WaitAny, FALSE, NULL), STATUS_WAIT_0);
    ok_status(NtWaitForMultipleObjects(2, Handles, WaitAll, FALSE, &KtNoTime),
        STATUS_INVALID_PARAMETER_MIX);
    Handles[1] = Set;
    ok_status(NtWaitForMultipleObjects(2, Handles, WaitAll, FALSE, &KtNoTime), STATUS_TIMEOUT);
    Handles[1] = NULL;
    ok_status(NtWaitForMultipleObjects(2, Handles, WaitAny, FALSE, &KtNoTime),
        STATUS_INVALID_HANDLE);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(Set), STATUS_SUCCESS);
}

#define KT_WAITERS 4

typedef struct _KT_LINE {
    HANDLE Handle;
    volatile LONG Woken;
    volatile LONG Came;
    LONG Order[KT_WAITERS]; /* as which one waiter i was woken */
    PETHREAD Threads[KT_WAITERS];
    NTSTATUS Status[KT_WAITERS];
    volatile BOOLEAN Owned; /* by the thread that is to abandon it */
    volatile BOOLEAN Release; /* the handle is a mutant */
} KT_LINE;

static void KtStandInLine(PVOID Context)
{
    KT_LINE *Line = Context;
    LONG Self = InterlockedIncrement(&Line->Came) - 1;
    HANDLE Twice[2] = {Line->Handle, Line->Handle}; /* its two wait blocks must go together */

    Line->Status[Self] = NtWaitForMultipleObjects(2, Twice, WaitAny, FALSE, NULL);
    Line->Order[Self] = InterlockedIncrement(&Line->Woken);
    if (Line->Release) {
        ok_status(NtReleaseMutant(Line->Handle, NULL), STATUS_SUCCESS);
    }
}

/* Not for a mutex on the way: for its handle. */
static BOOLEAN KtWaits(PETHREAD Thread)
{
    return Thread->Tcb.State == Waiting && Thread->Tcb.WaitReason == UserRequest;
}

static void KtFormLine(KT_LINE *Line, HANDLE Handle)
{
    RtlZeroMemory(Line, sizeof(*Line));
    Line->Handle = Handle;
    for (ULONG i = 0; i < KT_WAITERS; i++) {
        Line->Threads[i] = KtStartThread(KtStandInLine, Line);
        for (ULONG Try = 0; Try < KT_LONG / 10 && !KtWaits(Line->Threads[i]); Try++) {
            KtSleep(10);
        }
        ok(KtWaits(Line->Threads[i]), "waiter %u waits", i);
    }
}

static void KtDissolveLine(KT_LINE *Line)
{
    for (LONG i = 0; i < KT_WAITERS; i++) {
        KtJoinThread(Line->Threads[i]);
        ok_eq(Line->Order[i], i + 1);
    }
}

START_TEST(ex_wait_order, "waiters are woken in the order they came; a pulse wakes who waits")
{
    static KT_LINE Line;
    HANDLE Event = KtEvent(SynchronizationEvent, FALSE), All = KtEvent(NotificationEvent, FALSE);

    KtUseOneProcessor(); /* the order in which they run is the order of waking */
    KtFormLine(&Line, Event);
    for (LONG i = 1; i <= KT_WAITERS; i++) {
        ok_status(i % 2 ? NtSetEvent(Event, NULL) : NtPulseEvent(Event, NULL), STATUS_SUCCESS);
        KtSleep(10);
        ok_eq(Line.Woken, i);
    }
    KtDissolveLine(&Line);
    ok_status(NtPulseEvent(Event, NULL), STATUS_SUCCESS);
    ok_status(NtWaitForSingleObject(Event, FALSE, &KtNoTime), STATUS_TIMEOUT);
    KtFormLine(&Line, All);
    ok_status(NtPulseEvent(All, NULL), STATUS_SUCCESS);
    KtDissolveLine(&Line);
    ok_status(NtWaitForSingleObject(All, FALSE, &KtNoTime), STATUS_TIMEOUT);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(All), STATUS_SUCCESS);
}

/* Takes the mutant and ends with it once everybody waits. */
static void KtOwnAndEnd(PVOID Context)
{
    KT_LINE *Line = Context;

    ok_status(NtWaitForSingleObject(Line->Handle, FALSE, NULL), STATUS_SUCCESS);
    Line->Owned = TRUE;
    while (!Line->Release) {
        KtSleep(10);
    }
}

START_TEST(ex_wait_abandon, "a mutant abandoned while waited for: the first waiter hears of it")
{
    static KT_LINE Line;
    HANDLE Mutant;
    PETHREAD Owner;

    ok_status(NtCreateMutant(&Mutant, MUTANT_ALL_ACCESS, NULL, FALSE), STATUS_SUCCESS);
    Line = (KT_LINE){.Handle = Mutant};
    Owner = KtStartThread(KtOwnAndEnd, &Line);
    while (!Line.Owned) {
        KtSleep(10);
    }
    KtFormLine(&Line, Mutant);
    Line.Release = TRUE;
    KtJoinThread(Owner);
    KtDissolveLine(&Line);
    ok_status(Line.Status[0], STATUS_ABANDONED_WAIT_0);
    for (ULONG i = 1; i < KT_WAITERS; i++) {
        ok_status(Line.Status[i], STATUS_WAIT_0);
    }
    ok_status(NtClose(Mutant), STATUS_SUCCESS);
}

START_TEST(ex_wait_close, "closing the last handle does not end a wait: the waiter keeps the object")
{
    static KT_LINE Line;
    HANDLE Event = KtEvent(NotificationEvent, FALSE);
    PVOID Object;

    KtUseOneProcessor(); /* the order in which they run is the order of waking */
    ok_status(ObReferenceObjectByHandle(
        Event, 0, ExEventObjectType, KernelMode, &Object, NULL), STATUS_SUCCESS);
    KtFormLine(&Line, Event);
    ok_status(NtClose(Event), STATUS_SUCCESS);
    KtSleep(20);
    ok_eq(Line.Woken, 0);
    ok_eq(ObGetPointerCount(Object), 2 * KT_WAITERS + 1);
    (void)KeSetEvent(Object, 0, FALSE);
    KtDissolveLine(&Line);
    ok_eq(ObGetPointerCount(Object), 1);
    ObDereferenceObject(Object);
}

static void KtEmptyApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
    PVOID *SystemArgument1, PVOID *SystemArgument2)
{
    UNREFERENCED_PARAMETER(NormalRoutine);
    UNREFERENCED_PARAMETER(NormalContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    InterlockedExchangeAdd((volatile LONG *)(Apc + 1), 1);
}

static void KtWaitLong(PVOID Context)
{
    LARGE_INTEGER Timeout = KtMilliseconds(200);
    ULONGLONG Start = KeQueryInterruptTime();
    ULONG Milliseconds;

    ok_status(NtWaitForSingleObject(Context, FALSE, &Timeout), STATUS_TIMEOUT);
    Milliseconds = (ULONG)(KeQueryInterruptTime() - Start) / 10000;
    ok(Milliseconds >= 200, "the wait took %u ms", Milliseconds);
}

#define KT_APCS 1000

/* If an APC made the wait begin anew, it would not end while they keep coming. */
START_TEST(ex_wait_apc, "kernel APCs interrupt a wait; it goes on and ends when it was due")
{
    static struct {
        KAPC Apc;
        volatile LONG Calls;
    } Call;
    HANDLE Event = KtEvent(NotificationEvent, FALSE);
    PETHREAD Thread = KtStartThread(KtWaitLong, Event);
    LONG Sent = 0;

    Call.Calls = 0;
    while (Sent < KT_APCS && KtWait(Thread, 10) == STATUS_TIMEOUT) {
        KeInitializeApc(&Call.Apc, &Thread->Tcb, OriginalApcEnvironment, KtEmptyApc, NULL, NULL,
            KernelMode, NULL);
        Sent += KeInsertQueueApc(&Call.Apc, NULL, NULL, 0);
        while (Call.Calls < Sent && KtWait(Thread, 1) == STATUS_TIMEOUT) {
            /* one that is still queued must not be initialised again */
        }
    }
    KtJoinThread(Thread);
    ok(Call.Calls > 0 && Sent < KT_APCS, "%u APCs are sent, %u came", Sent, Call.Calls);
    ok_status(NtClose(Event), STATUS_SUCCESS);
}
