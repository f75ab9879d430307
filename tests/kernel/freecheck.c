/* SPDX-License-Identifier: MIT */
/*
 * What must hold while ke_free runs, as seen from the kernel, and when all is quiet.
 *
 * The audit takes the dispatcher lock, so what it sees is between two operations:
 * however many are under way, no thread then stands in the list of an object that it
 * could have.  That is the whole of "no wake-up is lost".
 */
#include "ke/ki.h"
#include "tests/kernel/kt.h"
#include "tests/kernel/freerun.h"

PVOID KtFreeObjects[FREE_OBJECTS];
FREE_MEMORY KtFree;

static PCSTR KtWrong; /* the first thing that is; printed without the lock */
static LONG KtWrongNumber;

static void KtMust(BOOLEAN Condition, PCSTR Text, LONG Number)
{
    if (!Condition && KtWrong == NULL) {
        KtWrong = Text;
        KtWrongNumber = Number;
    }
}

/* ---- Lists, with the dispatcher lock held --------------------------------------------- */

/* Could the whole wait that Block belongs to be satisfied? */
static BOOLEAN KtCouldEnd(PKWAIT_BLOCK Block)
{
    PKWAIT_BLOCK Other = Block;

    if (Block->WaitType == WaitAny) {
        return KiIsSignaled(Block->Object, Block->Thread);
    }
    do {
        if (Other->WaitType == WaitAll && !KiIsSignaled(Other->Object, Other->Thread)) {
            return FALSE;
        }
        Other = Other->NextWaitBlock;
    } while (Other != Block);
    return TRUE;
}

static BOOLEAN KtIsInRing(PKWAIT_BLOCK Block)
{
    PKWAIT_BLOCK Other = Block->Thread->WaitBlockList;

    for (ULONG i = 0; i <= MAXIMUM_WAIT_OBJECTS && Other != Block; i++) {
        Other = Other->NextWaitBlock;
    }
    return Other == Block;
}

static void KtAuditWaiters(LONG Number, PDISPATCHER_HEADER Header)
{
    PLIST_ENTRY Head = &Header->WaitListHead;

    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        PKWAIT_BLOCK Block = CONTAINING_RECORD(Entry, KWAIT_BLOCK, WaitListEntry);

        KtMust(Block->Object == Header, "a block in the wrong list, object", Number);
        KtMust(Block->Thread->State == Waiting, "one that does not wait is a waiter of", Number);
        KtMust(KtIsInRing(Block), "a block of no wait, object", Number);
        if (Number == FreePort) {
            const KQUEUE *Queue = (const KQUEUE *)Header;
            KtMust(Header->SignalState == 0 || Queue->CurrentCount >= Queue->MaximumCount,
                "somebody waits though there are packets in", Number);
        } else {
            KtMust(!KtCouldEnd(Block), "somebody waits for what he could have, object", Number);
        }
    }
}

static void KtAuditState(LONG Number, PDISPATCHER_HEADER Header)
{
    const KMUTANT *Mutant = (const KMUTANT *)Header;
    LONG State = Header->SignalState;

    switch (Header->Type) {
    case SemaphoreObject:
        KtMust(State >= 0 && State <= ((PKSEMAPHORE)Header)->Limit, "the count of", Number);
        break;
    case MutantObject:
        KtMust(State <= 1 && (State == 1) == (Mutant->OwnerThread == NULL), "the count of", Number);
        KtMust(State == 1 || !Mutant->Abandoned, "owned and abandoned is", Number);
        break;
    case QueueObject:
        KtMust(State >= 0, "the count of", Number);
        break;
    default:
        KtMust(State == 0 || State == 1, "the state of", Number);
        break;
    }
}

/* A thread that waits must not have what would end its wait. */
static void KtAuditThread(LONG Slot, PKTHREAD Tcb)
{
    PKAPC_STATE Apcs = &Tcb->ApcState;

    if (Tcb->State != Waiting) {
        return;
    }
    if (Tcb->WaitMode == UserMode) {
        KtMust(!Apcs->UserApcPending, "an APC must be delivered to slot", Slot);
        KtMust(!Tcb->Alertable || IsListEmpty(&Apcs->ApcListHead[UserMode]),
            "an alertable wait and an APC, slot", Slot);
        KtMust(!Tcb->Alertable || (!Tcb->Alerted[UserMode] && !Tcb->Alerted[KernelMode]),
            "an alertable wait and an alert, slot", Slot);
    }
    KtMust(Tcb->WaitBlockList->Object != &Tcb->SuspendSemaphore || Tcb->SuspendCount != 0,
        "stopped, but not suspended is slot", Slot);
    KtMust(Tcb->SuspendCount >= 0 && Tcb->SuspendCount <= FREE_SUSPENSIONS,
        "the suspensions of slot", Slot);
}

/* The slot's thread, referenced; NULL: it has none just now. */
static PETHREAD KtFreeThread(ULONG Slot)
{
    PETHREAD Thread;

    return KtFree.Slots[Slot].ThreadId != 0 &&
                   NT_SUCCESS(PsLookupThreadByThreadId(
                       (HANDLE)KtFree.Slots[Slot].ThreadId, &Thread))
               ? Thread : NULL;
}

BOOLEAN KtAuditFree(void)
{
    PETHREAD Threads[FREE_SLOTS];
    KIRQL OldIrql;

    KtWrong = NULL;
    for (ULONG i = 0; i < FREE_SLOTS; i++) {
        Threads[i] = KtFreeThread(i);
    }
    OldIrql = KiLockDispatcher();
    for (LONG i = 0; i < FreeKeyed; i++) {
        KtAuditState(i, KtFreeObjects[i]);
        KtAuditWaiters(i, KtFreeObjects[i]);
    }
    for (LONG i = 0; i < FREE_SLOTS; i++) {
        if (Threads[i] != NULL) {
            KtAuditThread(i, &Threads[i]->Tcb);
        }
    }
    KiUnlockDispatcher(OldIrql);
    for (ULONG i = 0; i < FREE_SLOTS; i++) {
        if (Threads[i] != NULL) {
            ObDereferenceObject(Threads[i]);
        }
    }
    return ok(KtWrong == NULL, "%s %d", KtWrong, KtWrongNumber);
}

/* ---- The end -------------------------------------------------------------------------- */

/* What the threads of the mortal process had begun when it was ended for good. */
static LONG KtLastDoubt(ULONG Object)
{
    LONG Doubt = 0;

    for (ULONG i = FREE_MORTAL * FREE_THREADS; i < (FREE_MORTAL + 1) * FREE_THREADS; i++) {
        Doubt += KtFree.Slots[i].AtRisk >> Object & 1 ? FREE_RISK : 0;
    }
    return Doubt;
}

static void KtJudgeObject(ULONG Object)
{
    const FREE_COUNTER *Counter = &KtFree.Counters[Object];
    LONG State = ((PDISPATCHER_HEADER)KtFreeObjects[Object])->SignalState;
    LONG Given = FreeInitial(Object) + Counter->Given - Counter->Merged;
    LONG Doubt = Object >= FreeForAll ? Counter->Doubt + KtLastDoubt(Object) : 0;

    if (Object >= FreeMutant0 && Object <= FreeMutant2) {
        ULONG m = Object - FreeMutant0;
        Given += KtFree.Owners[m] != 0; /* its last owner has ended, nobody has taken it since */
        ok(State == 1, "mutant %u is owned", m);
        ok(KtFree.Unclear[m] <= Doubt, "mutant %u was abandoned %d times by nobody", m,
            KtFree.Unclear[m]);
    }
    ok(Counter->Taken + State <= Given && Counter->Taken + State + Doubt >= Given,
        "object %u: %d given, %d taken, %d left, %d in doubt", Object, Given, Counter->Taken,
        State, Doubt);
}

static void KtJudgeThread(ULONG Slot)
{
    const FREE_SLOT *Own = &KtFree.Slots[Slot];
    PETHREAD Thread = KtFreeThread(Slot);

    if (!ok(Thread != NULL, "slot %u has no thread", Slot)) {
        return;
    }
    ok(Thread->Tcb.SuspendCount == 0, "slot %u: suspended %d times", Slot,
        Thread->Tcb.SuspendCount);
    ok(IsListEmpty(&Thread->Tcb.ApcState.ApcListHead[UserMode]), "slot %u: APCs left", Slot);
    ok(IsListEmpty(&Thread->Tcb.MutantListHead), "slot %u: mutants left", Slot);
    ok(Own->ApcsSent == Own->ApcsDone || Slot % FREE_THREADS == FreeLeaver,
        "slot %u: %d APCs sent, %d run", Slot, Own->ApcsSent, Own->ApcsDone);
    ObDereferenceObject(Thread);
}

void KtJudgeFree(void)
{
    LONG Tokens = 0;

    for (ULONG i = 0; i < FreeTimer0; i++) {
        KtJudgeObject(i);
    }
    for (ULONG i = FreeSemaphore0; i <= FreeSemaphore2; i++) {
        Tokens += ((PDISPATCHER_HEADER)KtFreeObjects[i])->SignalState;
    }
    ok_eq(Tokens, FREE_TOKEN_LIMIT);
    for (ULONG i = 0; i < FREE_MORTAL; i++) {
        const FREE_MEETINGS *Meetings = &KtFree.Meetings[i];
        ok(Meetings->Done[0] == Meetings->Done[1], "keyed event: %d waits, %d releases",
            Meetings->Done[0], Meetings->Done[1]);
        for (ULONG Role = 0; Role < FREE_THREADS - 1; Role++) {
            KtJudgeThread(i * FREE_THREADS + Role);
        }
    }
    ok_eq(KtFree.Answers, KtFree.Questions);
    ok_eq(((PKQUEUE)KtFreeObjects[FreePort])->Header.SignalState, FREE_PACKETS);
}

/* ---- Reports ---------------------------------------------------------------------------- */

static void KtReportBlocks(PKTHREAD Tcb)
{
    PKWAIT_BLOCK Block = Tcb->WaitBlockList;

    do {
        PDISPATCHER_HEADER Header = Block->Object;
        LONG Number = 0;

        while (Number < FREE_OBJECTS && KtFreeObjects[Number] != Header) {
            Number++;
        }
        if (Number < FREE_OBJECTS) {
            KePrint(" object %d (%d)", Number, Header->SignalState);
        } else {
            KePrint(Header == &Tcb->Timer.Header ? " its timeout" :
                        Header == &Tcb->SuspendSemaphore.Header ? " a resume" : " another object");
        }
        Block = Block->NextWaitBlock;
    } while (Block != Tcb->WaitBlockList);
}

static void KtReportSlot(ULONG Slot)
{
#define KT_NAME(Name) #Name,
    static const PCSTR Names[] = {FREE_OPERATIONS(KT_NAME)};
    static const PCSTR Roles[] = {"operator", "worker", "leaver", "victim"};
    const FREE_SLOT *Own = &KtFree.Slots[Slot];
    PETHREAD Thread = KtFreeThread(Slot);
    KIRQL OldIrql;

    KePrint("# slot %u (%s, thread %u): step %u, %s, %d tokens, mutants %d %d %d", Slot,
        Roles[Slot % FREE_THREADS], Own->ThreadId, Own->Steps,
        Own->Operation < FREE_OPERATION_COUNT ? Names[Own->Operation] : "?", Own->Tokens,
        Own->Depth[0], Own->Depth[1], Own->Depth[2]);
    if (Thread != NULL) {
        OldIrql = KiLockDispatcher();
        KePrint(", suspended %d times, state %u", Thread->Tcb.SuspendCount, Thread->Tcb.State);
        if (Thread->Tcb.State == Waiting) {
            KePrint(", %s %u, waits for", Thread->Tcb.Alertable ? "alertable, reason" : "reason",
                Thread->Tcb.WaitReason);
            KtReportBlocks(&Thread->Tcb);
        }
        KiUnlockDispatcher(OldIrql);
        ObDereferenceObject(Thread);
    }
    KePrint("\n");
}

void KtReportFree(void)
{
    for (ULONG i = 0; i < FREE_SLOTS; i++) {
        KtReportSlot(i);
    }
    for (ULONG i = 0; i < FREE_COUNTED; i++) {
        KePrint("# object %u: %d given, %d taken, %d merged, %d in doubt, state %d\n", i,
            KtFree.Counters[i].Given, KtFree.Counters[i].Taken, KtFree.Counters[i].Merged,
            KtFree.Counters[i].Doubt, ((PDISPATCHER_HEADER)KtFreeObjects[i])->SignalState);
    }
}
