/* SPDX-License-Identifier: MIT */
/*
 * Ex, the executive: handle tables, rundown protection, executive objects,
 * counters and system information.  What other layers may call; ex/exp.h is private.
 */
#pragma once
#include "ke.h"
#include "ob.h"

_Must_inspect_result_ NTSTATUS ExInitSystem(void);

/* ---- Handle tables (ex/handle.c): also PspCidTable ----------------------------- */

#define EXHANDLE_LOCK       0x1 /* low bits of HANDLE_TABLE_ENTRY.Object, as NT's */
#define EXHANDLE_INHERIT    0x2
#define EXHANDLE_AUDIT      0x4
#define EXHANDLE_ATTRIBUTES 0x7
#define EXHANDLE_PROTECT    0x02000000 /* in GrantedAccess: protect from close */

typedef struct _HANDLE_TABLE_ENTRY {
    union {
        PVOID Object; /* 8-aligned pointer; low bits EXHANDLE_...; 0: free */
        ULONG_PTR Value;
    };
    union {
        ACCESS_MASK GrantedAccess;
        ULONG NextFree; /* while free */
    };
} HANDLE_TABLE_ENTRY, *PHANDLE_TABLE_ENTRY;
_Static_assert(sizeof(void *) != 4 || sizeof(HANDLE_TABLE_ENTRY) == 8, "NT layout");

typedef struct _HANDLE_TABLE HANDLE_TABLE, *PHANDLE_TABLE;

/* TrackCids: values are process and thread ids, given out again as late as possible. */
PHANDLE_TABLE ExCreateHandleTable(BOOLEAN TrackCids); /* NULL: out of memory */
void ExDestroyHandleTable(PHANDLE_TABLE Table);       /* must be empty of objects */
/* Makes the entry at this value; only in ascending order, in a table nobody else sees yet. */
BOOLEAN ExCreateHandleAt(PHANDLE_TABLE Table, HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry);
/* ExCreateHandle, ExLockHandle, ExUnlockHandle, ExRemoveLockedHandle: ex/handle.h. */

/* The entry is locked: look, reference, copy, no more. */
typedef BOOLEAN EX_TAKE_HANDLE(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context);
/* The next entry after *Handle (NULL: from the first on) that Take wants; FALSE: none. */
BOOLEAN ExNextHandle(
    PHANDLE_TABLE Table, _Inout_ PHANDLE Handle, EX_TAKE_HANDLE *Take, PVOID Context);
/*
 * Removes every entry and calls Routine with a copy of it, no lock held: for a
 * table that nobody can reach any more.
 */
void ExSweepHandleTable(PHANDLE_TABLE Table,
    void (*Routine)(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context), PVOID Context);
ULONG ExQueryHandleCount(PHANDLE_TABLE Table);

/* ---- Rundown protection (ex/rundown.c) --------------------------------------------- */

typedef struct _EX_RUNDOWN_REF {
    volatile ULONG Count; /* 2 per reference; bit 0: running down */
    KEVENT *volatile Waiter;
} EX_RUNDOWN_REF, *PEX_RUNDOWN_REF;

void ExInitializeRundownProtection(PEX_RUNDOWN_REF Ref);
BOOLEAN ExAcquireRundownProtection(PEX_RUNDOWN_REF Ref); /* FALSE: going or gone */
void ExReleaseRundownProtection(PEX_RUNDOWN_REF Ref);
void ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF Ref); /* one waiter at a time */

/* ---- Executive objects (ex/event.c, mutant.c, semaphore.c) --------------------------- */

extern POBJECT_TYPE ExEventObjectType;
extern POBJECT_TYPE ExMutantObjectType;
extern POBJECT_TYPE ExSemaphoreObjectType;
extern POBJECT_TYPE ExTimerObjectType;
extern POBJECT_TYPE ExKeyedEventObjectType;
/* The current thread ends: timers with APCs for it are cancelled (ex/timer.c). */
void ExRundownTimers(void);

/* ---- Counters (ex/counters.c) ---------------------------------------------------------- */

void ExQueryCounters(_Out_ PNASCENT_COUNTERS Counters);
/* Ps registers the two numbers only it knows. */
extern ULONG (*ExCountProcesses)(void);
extern ULONG (*ExCountCids)(void);
