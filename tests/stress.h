/* SPDX-License-Identifier: MIT */
/*
 * What the in-kernel test ke_stress and its processes (tests/user/stress.c) share:
 * the numbers of the objects, the operations, and a section of memory in which the
 * test gives commands and the threads leave results.
 *
 * Read next: tests/kernel/stress.h.
 */
#pragma once

#define STRESS_PROCESSES 3
#define STRESS_THREADS   4 /* of each process */
#define STRESS_SLOTS     (STRESS_PROCESSES * STRESS_THREADS)
#define STRESS_MAX_WAIT  64

/* Objects that have names, made by the test and opened by each process. */
enum {
    StressEvent0,     /* two notification events, */
    StressEvent2 = 2, /* two synchronization events, */
    StressSemaphore0 = 4,
    StressSemaphore1,
    StressMutant0, /* three mutants, */
    StressMutant2 = 8,
    StressTimer0, /* a notification timer and */
    StressTimer1, /* a synchronization timer; up to here things to wait for */
    StressPort0,
    StressPort1,
    StressKeyed,
    STRESS_NAMED,
    STRESS_WAITABLE = StressPort0,
    /* Behind them, to be waited for only: the threads and the processes themselves. */
    STRESS_THREAD0 = STRESS_NAMED,
    STRESS_PROCESS0 = STRESS_THREAD0 + STRESS_SLOTS,
    STRESS_OBJECTS = STRESS_PROCESS0 + STRESS_PROCESSES,
};

#define STRESS_SEMAPHORE_LIMIT 3
#define STRESS_KEYS            2

/* Printed when a step goes wrong; the names are those of the enumeration. */
#define STRESS_OPERATIONS(X)                                                                   \
    X(Wait) X(SignalAndWait) X(SetEvent) X(ResetEvent) X(PulseEvent) X(ReleaseSemaphore)       \
    X(ReleaseMutant) X(SetTimer) X(CancelTimer) X(SetPacket) X(RemovePacket) X(WaitKeyed)      \
    X(ReleaseKeyed) X(Delay) X(TestAlert) X(Query) X(Reopen) X(Alert) X(AlertResume)           \
    X(QueueApc) X(Suspend) X(Resume) X(KillThread) X(KillProcess) X(StartThread)

#define STRESS_ENUMERATE(Name) Stress##Name,
typedef enum _STRESS_OPERATION { STRESS_OPERATIONS(STRESS_ENUMERATE) } STRESS_OPERATION;

typedef enum _STRESS_TIMEOUT {
    StressForever,
    StressLong, /* an hour: longer than any test */
    StressShort, /* two milliseconds */
    StressZero,
    StressPast, /* the year 1601 */
} STRESS_TIMEOUT;

typedef struct _STRESS_COMMAND {
    ULONG Operation; /* STRESS_OPERATION */
    ULONG Object;    /* what is signalled, queried, reopened; which port */
    ULONG Argument;  /* count, key, packet, slot or process */
    ULONG Timeout;   /* STRESS_TIMEOUT */
    ULONG WaitType;
    ULONG Alertable;
    ULONG Count; /* objects to wait for */
    UCHAR Numbers[STRESS_MAX_WAIT];
} STRESS_COMMAND;

typedef struct _STRESS_RESULT {
    volatile ULONG Results; /* how many commands the thread has finished */
    LONG Status;            /* of the last */
    ULONG Value;            /* a former state, a packet, what a query says */
    ULONG Apcs;             /* that have run in this thread */
} STRESS_RESULT;

typedef struct _STRESS_MEMORY {
    STRESS_RESULT Results[STRESS_SLOTS];
    volatile ULONG ThreadIds[STRESS_SLOTS]; /* 0: not running yet */
    volatile ULONG ProcessIds[STRESS_PROCESSES];
    STRESS_COMMAND Commands[STRESS_SLOTS];
} STRESS_MEMORY;
