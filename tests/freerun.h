/* SPDX-License-Identifier: MIT */
/*
 * What the in-kernel test ke_free and its processes (tests/user/freerun.c) share: the
 * numbers of the objects, the operations, and a section of memory in which all threads
 * count what they have given to an object and what they have taken from it.
 *
 * Nothing is driven in lock step here, so no outcome is known beforehand.  What must
 * hold in spite of that is said with the counters below; freecount.h judges it at each
 * step, tests/kernel/freecheck.c from the kernel's side and at the end.
 */
#pragma once

#define FREE_PROCESSES 3
#define FREE_THREADS   4 /* of each process */
#define FREE_SLOTS     (FREE_PROCESSES * FREE_THREADS)
#define FREE_MORTAL    2 /* the process that is ended and started again and again */

/* Which of its process's threads a thread is. */
enum {
    FreeOperator, /* suspends, ends and replaces others; nobody does that to it */
    FreeWorker,   /* is suspended */
    FreeLeaver,   /* ends itself now and then, also while it owns mutants */
    FreeVictim,   /* is ended by its operator, at any moment */
};

/*
 * The named objects.  Those before FreeForAll are used only by threads that are never
 * ended from outside: nobody can have taken something without having counted it, and
 * in the end the counters agree exactly.
 */
enum {
    FreeSemaphore0, /* three semaphores, between which tokens are moved, */
    FreeSemaphore2 = 2,
    FreeEvent0, /* two synchronization events, */
    FreeEvent1,
    FreeMutant0, /* two mutants */
    FreeMutant1,
    FreeForAll,
    FreeMutant2 = FreeForAll, /* and one of each that may be left in doubt */
    FreeSemaphore3,
    FreeEvent2, /* is pulsed, too */
    FreeTimer0, /* a periodic synchronization timer */
    FreeTimer1, /* a one-shot one */
    FREE_COUNTED,
    FreeGate = FREE_COUNTED, /* a notification event that the test opens and closes */
    FreeQuestion0, /* events by which operators ask and are answered by a pulse */
    FreeQuestion1,
    FreeAnswer0, /* a notification event */
    FreeAnswer1,
    FreePort,
    FreeKeyed,
    FREE_OBJECTS,
};

#define FREE_MUTANTS      3
#define FREE_SEMAPHORES   4
#define FREE_TOKENS       1 /* in each of the first three semaphores */
#define FREE_TOKEN_LIMIT  (3 * FREE_TOKENS)
#define FREE_LIMIT        4  /* of FreeSemaphore3, which begins with none */
#define FREE_PACKETS      2  /* in the port to begin with, numbered from 1 */
#define FREE_PERIOD       20 /* milliseconds, of FreeTimer0 */
#define FREE_SUSPENSIONS  4  /* of a thread; two operators suspend it twice at most */
#define FREE_RISK         4  /* at most so many are given or taken by one call */

/* Printed when something is wrong; freerun.c has a routine of each name. */
#define FREE_OPERATIONS(X)                                                                     \
    X(WaitForToken) X(WaitForProduct) X(WaitForAny) X(WaitForAll) X(GiveBack) X(ChangeEvent)   \
    X(Produce) X(PassGate) X(AwaitPeriod) X(MeetPartner) X(AskQuestion) X(AnswerQuestion)      \
    X(OwnMutant) X(PassPacket) X(UseOwnTimer) X(AwaitThread) X(SignalAndWait) X(UseKeyed)      \
    X(SendApc) X(AlertThread) X(TestAlert) X(SuspendThread) X(KillThread) X(KillProcess)       \
    X(LendHandle) X(CloseLoan) X(QueryObject) X(SetTimer) X(Yield) X(Leave)

#define FREE_ENUMERATE(Name) Free##Name,
typedef enum _FREE_OPERATION {
    FREE_OPERATIONS(FREE_ENUMERATE) FREE_OPERATION_COUNT
} FREE_OPERATION;

/*
 * At any moment Taken <= what the object began with + Given, as givers count before
 * they give and takers after they have taken.  When all is quiet, what is left in the
 * object is the difference, less Merged; whatever is missing then was taken by a
 * thread that was ended before it could count, which Doubt bounds.
 */
typedef struct _FREE_COUNTER {
    volatile LONG Given;
    volatile LONG Taken;
    volatile LONG Merged; /* given without effect: an event was set already, a limit reached */
    volatile LONG Doubt;
} FREE_COUNTER;

/* A thread's place; whoever replaces it goes on with what it finds there. */
typedef struct _FREE_SLOT {
    volatile ULONG Id;        /* each thread's is another; Id - 1 % FREE_SLOTS: its slot */
    volatile ULONG ThreadId;  /* 0: not running yet */
    volatile ULONG Condemned; /* an Id: that thread has been told to end */
    volatile ULONG Phase;     /* what of FREE_MEMORY.Phase it has finished, plus 1 */
    volatile ULONG Steps;
    volatile ULONG Operation; /* FREE_OPERATION */
    volatile ULONG AtRisk;    /* objects that the running call may change, by bits */
    volatile ULONG AtGate;    /* GateNumber when it came there; 0: it is elsewhere */
    volatile ULONG Random;
    LONG Depth[FREE_MUTANTS]; /* how often it owns them */
    LONG Tokens;              /* of the first three semaphores, that it holds */
    ULONG Patience;           /* steps until it has to give back everything */
    volatile LONG ApcsSent;
    volatile LONG ApcsDone;
    volatile LONG OwnApcs; /* those of its own timer */
    volatile LONG AlertsSent;
    volatile LONG AlertsSeen;
    LONG SentTo[FREE_SLOTS];   /* numbers of the last APC to and from each slot */
    LONG LastFrom[FREE_SLOTS];
} FREE_SLOT;

/* Of a process; the two sides of keyed events. */
typedef struct _FREE_MEETINGS {
    volatile LONG Tickets; /* an odd number: somebody waits for a partner */
    volatile LONG Begun[2];
    volatile LONG Done[2];
} FREE_MEETINGS;

/* What the threads are to do; they finish one phase before the next begins. */
typedef enum _FREE_PHASE {
    FreeRun,      /* their steps */
    FreeHelp,     /* none of their own; those that can be ended end */
    FreeTakeApcs, /* nobody sends any more */
    FreeRest,
} FREE_PHASE;

typedef struct _FREE_MEMORY {
    volatile ULONG Phase; /* FREE_PHASE */
    ULONG Seed;
    ULONG Steps; /* of each thread, at least */
    volatile ULONG GateNumber;
    ULONGLONG TimerStart; /* interrupt time when FreeTimer0 was first set */
    volatile LONG TimerSets;
    volatile ULONG ProcessIds[FREE_PROCESSES]; /* 0: not running yet */
    volatile ULONG MortalCondemned;
    volatile LONG Owners[FREE_MUTANTS]; /* Ids; 0: free */
    volatile LONG Abandoned; /* mutants got from a dead thread */
    volatile LONG Unclear[FREE_MUTANTS]; /* abandoned by one that has not counted them yet */
    volatile LONG Questions;
    volatile LONG Answers;
    volatile LONG Packets[FREE_PACKETS]; /* Ids of those who have them; 0: in the port */
    FREE_COUNTER Counters[FREE_COUNTED];
    FREE_MEETINGS Meetings[FREE_PROCESSES];
    FREE_SLOT Slots[FREE_SLOTS];
    volatile LONG Failed; /* Id of the first thread that has found something wrong, */
    volatile LONG Told;   /* which is in Failure */
    CHAR Failure[160];
} FREE_MEMORY;

/* What the first three semaphores and the mutants begin with. */
static inline LONG FreeInitial(ULONG Object)
{
    return Object <= FreeSemaphore2 ? FREE_TOKENS
                                    : Object >= FreeMutant0 && Object <= FreeMutant2;
}
