/* SPDX-License-Identifier: MIT */
/*
 * The in-kernel test suite: a test is a function that START_TEST registers and
 * the option test=GLOB selects by name.  Each runs in a system thread of its own,
 * reports with ok() and ok_status(), and must leave all of the kernel's counters
 * (pages, pool, objects, handles, ids) as it found them.
 *
 *     START_TEST(ke_event, "events: set, reset, pulse")
 *     {
 *         ok(KeReadStateEvent(&Event) == 0, "a new event is not signalled");
 *     }
 */
#pragma once
#include "ke.h"
#include "ps.h"

typedef struct _KT_TEST {
    PCSTR Name;
    PCSTR Description;
    PCSTR File;
    void (*Routine)(void);
} KT_TEST, *PKT_TEST;

/* GCC would emit them last first. */
#ifdef __clang__
#define KT_IN_ORDER
#else
#define KT_IN_ORDER no_reorder,
#endif

#define START_TEST(TestName, Text)                                                             \
    static void KtTest_##TestName(void);                                                       \
    static const KT_TEST KtDescriptor_##TestName                                               \
        __attribute__((section(".ktests"), used, KT_IN_ORDER aligned(16))) = {                             \
            .Name = #TestName,                                                                 \
            .Description = Text,                                                               \
            .File = __FILE__,                                                                  \
            .Routine = KtTest_##TestName,                                                      \
    };                                                                                         \
    static void KtTest_##TestName(void)

/* Each returns whether it held; a failure is printed with what the text says. */
BOOLEAN KtCheck(BOOLEAN Condition, PCSTR File, int Line, PCSTR Format, ...) _Printf_(4, 5);
BOOLEAN KtCheckStatus(NTSTATUS Actual, NTSTATUS Expected, PCSTR File, int Line, PCSTR Text);
BOOLEAN KtCheckValue(LONG Actual, LONG Expected, PCSTR File, int Line, PCSTR Text);

#define ok(Condition, ...) KtCheck((Condition) != 0, __FILE__, __LINE__, __VA_ARGS__)
#define ok_status(Actual, Expected)                                                            \
    KtCheckStatus((Actual), (Expected), __FILE__, __LINE__, #Actual)
#define ok_eq(Actual, Expected)                                                                \
    KtCheckValue((LONG)(Actual), (LONG)(Expected), __FILE__, __LINE__, #Actual)

/* Says why a test that needs something else of the machine does nothing. */
void KtSkip(PCSTR Reason);

/*
 * For a test by which tables grow for good: it is run a second time, and only the
 * counters around that are compared.
 */
void KtRunTwice(void);

/*
 * Milliseconds that only what hangs takes: limits of waits that have to succeed are
 * not a measure of speed, since a host may give the machine a tenth of its time.
 */
#define KT_LONG 60000

/* For a test that does not check anything for minutes: it does not hang. */
void KtProgress(void);

/* Runs what Pattern ('*' and '?') selects and prints KTAP; TRUE: all passed. */
BOOLEAN KtRunTests(PCSTR Pattern);

/* The counters after all dead threads are buried. */
void KtSnapshotCounters(PNASCENT_COUNTERS Counters);
/* Prints each difference but IdleTicks; TRUE: none. */
BOOLEAN KtCompareCounters(const NASCENT_COUNTERS *Before, const NASCENT_COUNTERS *After);

/* A system thread; KtJoinThread waits for its end and drops the reference. */
PETHREAD KtStartThread(PKSTART_ROUTINE Routine, PVOID Context);
void KtJoinThread(PETHREAD Thread);
/* Sleeps until Thread is in State, at most KT_LONG; FALSE: it is not. */
BOOLEAN KtAwaitState(PETHREAD Thread, KTHREAD_STATE State);
/* A thread routine that does nothing but run; its context. */
typedef struct _KT_SPINNER {
    volatile BOOLEAN Stop;
    volatile ULONG Turns;
} KT_SPINNER;
void KtSpinner(PVOID Context);
BOOLEAN KtIsTurning(KT_SPINNER *Spinner);    /* during the next 60 ms; for one that stands */
BOOLEAN KtBeginsToTurn(KT_SPINNER *Spinner); /* within KT_LONG; for one that runs */

/*
 * For a test of what one processor does: this thread and those it starts keep to the
 * first one, the other threads of the system too, until the test has ended.
 */
void KtUseOneProcessor(void);
/* A relative timeout for the waits of Ke. */
LARGE_INTEGER KtMilliseconds(ULONG Milliseconds);
void KtSleep(ULONG Milliseconds);
/* KeWaitForSingleObject in kernel mode, not alertable, for at most so long. */
NTSTATUS KtWait(PVOID Object, ULONG Milliseconds);
