/* SPDX-License-Identifier: MIT */
/*
 * A judge of the scheduler's records: KtSchedReplay is given one after the other, in
 * the order of their numbers, and says what is wrong.  All of them are made under the
 * dispatcher lock, so their order is that of the events, on whatever processors.
 */
#pragma once
#include "tests/kernel/kt.h"

#define KT_SCHED_THREADS 64

typedef struct _KT_SCHED_EVENT {
    ULONG Event; /* TRACE_EVENT_ID; one that is not the scheduler's is nothing */
    ULONG Processor;
    ULONG Thread;
    ULONG Priority;
    ULONG Argument; /* the third one */
} KT_SCHED_EVENT;

typedef struct _KT_SCHED_THREAD {
    ULONG Thread;
    ULONG Priority;
    KAFFINITY Affinity; /* if it is ready */
    ULONG Processor;    /* if it stands by or runs */
    UCHAR State;        /* KTHREAD_STATE; Initialized: no record says */
    BOOLEAN Yields;     /* what makes it ready next is its yielding */
    BOOLEAN Yielded;    /* it is ready because it has yielded */
} KT_SCHED_THREAD;

typedef struct _KT_SCHED {
    KT_SCHED_THREAD Threads[KT_SCHED_THREADS];
    ULONG Count;
    KT_SCHED_THREAD *Running[MAXIMUM_PROCESSORS]; /* NULL: no record says */
    KT_SCHED_THREAD *Standby[MAXIMUM_PROCESSORS];
    ULONG Switches;
    ULONG Chances;        /* switches at which some thread was ready */
    ULONG Better;         /* the thread that should have been chosen */
    ULONG BetterPriority;
} KT_SCHED;

void KtSchedBegin(KT_SCHED *Sched);
/* NULL: nothing is wrong with this one. */
PCSTR KtSchedReplay(KT_SCHED *Sched, const KT_SCHED_EVENT *Event);
