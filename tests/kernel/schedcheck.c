/* SPDX-License-Identifier: MIT */
/*
 * The judge of schedcheck.h.  At each switch, whose records and those before it are
 * complete because the dispatcher lock is held, it looks at all processors: what each
 * one runs, or what stands by there, is no less important than any thread that is
 * ready and may use that processor.
 *
 * A thread that stands by is chosen and not ready: it has a processor, which is told
 * and switches as soon as it can.
 *
 * One allowance, for yielding, which is just this: letting a less important thread run.
 * A thread that is ready because it has yielded counts when a processor takes a thread
 * from the queues again.  It does not in that very switch, nor for a thread that stands
 * by, which need only be more important than who runs.
 */
#include "ke/ki.h"
#include "tests/kernel/schedcheck.h"

void KtSchedBegin(KT_SCHED *Sched)
{
    memset(Sched, 0, sizeof(*Sched));
}

static KT_SCHED_THREAD *KtSchedFind(KT_SCHED *Sched, ULONG Thread)
{
    for (ULONG i = 0; i < Sched->Count; i++) {
        if (Sched->Threads[i].Thread == Thread) {
            return &Sched->Threads[i];
        }
    }
    if (Sched->Count == KT_SCHED_THREADS) {
        return NULL;
    }
    Sched->Threads[Sched->Count] = (KT_SCHED_THREAD){.Thread = Thread, .State = Initialized};
    return &Sched->Threads[Sched->Count++];
}

/* It stands by nowhere any more. */
static void KtSchedLeaveStandby(KT_SCHED *Sched, KT_SCHED_THREAD *Thread)
{
    for (ULONG i = 0; i < MAXIMUM_PROCESSORS; i++) {
        if (Sched->Standby[i] == Thread) {
            Sched->Standby[i] = NULL;
        }
    }
}

static void KtSchedReady(KT_SCHED *Sched, KT_SCHED_THREAD *Thread, KAFFINITY Affinity)
{
    KtSchedLeaveStandby(Sched, Thread);
    Thread->State = Ready;
    Thread->Affinity = Affinity;
    Thread->Yielded = Thread->Yields;
    Thread->Yields = FALSE;
}

/* The idle thread, of priority 0, stands by for want of another, and may go unseen. */
static void KtSchedStandby(KT_SCHED *Sched, KT_SCHED_THREAD *Thread, ULONG Processor)
{
    KtSchedLeaveStandby(Sched, Thread);
    Thread->Yields = FALSE;
    if (Thread->Priority != LOW_PRIORITY) {
        Thread->State = Standby;
        Thread->Processor = Processor;
        Sched->Standby[Processor] = Thread;
    }
}

/* Is some thread that counts ready for Processor and more important? */
static BOOLEAN KtSchedIsBetter(KT_SCHED *Sched, ULONG Processor, ULONG Priority,
    BOOLEAN Yielded, const KT_SCHED_THREAD *Except)
{
    for (ULONG i = 0; i < Sched->Count; i++) {
        const KT_SCHED_THREAD *Thread = &Sched->Threads[i];

        if (Thread->State == Ready && (Thread->Affinity >> Processor & 1) && Thread != Except &&
            Thread->Priority > Priority && (Yielded || !Thread->Yielded)) {
            Sched->Better = Thread->Thread;
            Sched->BetterPriority = Thread->Priority;
            return TRUE;
        }
    }
    return FALSE;
}

/* May To, which is not switched to yet, be so on this processor? */
static PCSTR KtSchedJudgeThread(
    KT_SCHED *Sched, const KT_SCHED_THREAD *To, const KT_SCHED_EVENT *Event)
{
    const KT_SCHED_THREAD *Chosen = Sched->Standby[Event->Processor];

    if (Chosen != NULL && Chosen != To) {
        return "another thread stands by";
    }
    if (To->State == Initialized || Event->Priority == LOW_PRIORITY) {
        return NULL;
    }
    if (To->State == Running) {
        return "it runs already";
    }
    if (To->State == Waiting) {
        return "nobody has made it ready";
    }
    if (To->Priority != Event->Priority) {
        return "its priority has changed unseen";
    }
    if (To->State == Standby && To->Processor != Event->Processor) {
        return "it stands by for another processor";
    }
    if (To->State == Ready && !(To->Affinity >> Event->Processor & 1)) {
        return "it may not run there";
    }
    return NULL;
}

static PCSTR KtSchedJudgeOthers(KT_SCHED *Sched, ULONG Except)
{
    for (ULONG i = 0; i < MAXIMUM_PROCESSORS; i++) {
        const KT_SCHED_THREAD *Thread =
            Sched->Standby[i] != NULL ? Sched->Standby[i] : Sched->Running[i];

        if (i != Except && Thread != NULL &&
            KtSchedIsBetter(Sched, i, Thread->Priority, FALSE, NULL)) {
            return "another processor does something less important";
        }
    }
    return NULL;
}

static PCSTR KtSchedSwitch(KT_SCHED *Sched, KT_SCHED_THREAD *To, const KT_SCHED_EVENT *Event)
{
    KT_SCHED_THREAD *From = KtSchedFind(Sched, Event->Argument);
    BOOLEAN Taken = To->State == Ready || Event->Priority == LOW_PRIORITY;
    PCSTR Wrong = KtSchedJudgeThread(Sched, To, Event);

    if (Wrong != NULL || From == NULL) {
        return Wrong != NULL ? Wrong : "too many threads";
    }
    KtSchedLeaveStandby(Sched, To);
    To->State = Running;
    To->Priority = Event->Priority;
    To->Processor = Event->Processor;
    if (From->State == Running || From->State == Initialized) {
        From->State = Waiting; /* or it has ended */
    }
    Sched->Running[Event->Processor] = To;
    Sched->Switches++;
    Sched->Chances += KtSchedIsBetter(Sched, Event->Processor, LOW_PRIORITY, TRUE, NULL);
    if (KtSchedIsBetter(
            Sched, Event->Processor, To->Priority, Taken, From->Yielded ? From : NULL)) {
        return "a more important thread is ready";
    }
    return KtSchedJudgeOthers(Sched, Event->Processor);
}

PCSTR KtSchedReplay(KT_SCHED *Sched, const KT_SCHED_EVENT *Event)
{
    KT_SCHED_THREAD *Thread;

    if (Event->Event != TraceThreadReady && Event->Event != TraceThreadStandby &&
        Event->Event != TraceThreadPriority && Event->Event != TraceThreadYield &&
        Event->Event != TraceQuantumEnd && Event->Event != TraceContextSwitch) {
        return NULL;
    }
    Thread = KtSchedFind(Sched, Event->Thread);
    if (Thread == NULL) {
        return "too many threads";
    }
    if (Event->Event == TraceContextSwitch) {
        return KtSchedSwitch(Sched, Thread, Event);
    }
    Thread->Priority = Event->Priority;
    if (Event->Event == TraceThreadReady) {
        KtSchedReady(Sched, Thread, Event->Argument);
    } else if (Event->Event == TraceThreadStandby) {
        KtSchedStandby(Sched, Thread, Event->Argument);
    } else if (Event->Event == TraceThreadYield) {
        Thread->Yields = TRUE;
    }
    return NULL;
}
