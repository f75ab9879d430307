/* SPDX-License-Identifier: MIT */
/*
 * The half of handle tables that nearly every system service goes through: look a
 * handle up and lock its entry, make one, free one.  In line, because each is shorter
 * than the call would be.  The protocol is told in ex/handle.c.
 */
#pragma once
#include "ex.h"

#define EXP_LEVEL_MASK 3u
#define EXP_LEAF_ENTRIES 512u

/*
 * ListLock, a short lock, guards the list, the count and the taking of fresh entries.
 * GrowthLock: one thread at a time adds a leaf; it alone moves NextFresh from one
 * leaf to the next and changes TableCode.
 */
struct _HANDLE_TABLE {
    PHANDLE_TABLE_ENTRY FirstLeaf; /* as long as the table lives; so is the next */
    PHANDLE_TABLE_ENTRY *FirstMiddle; /* NULL: one leaf is all there is */
    ULONG_PTR TableCode; /* leaf, middle or top table | its level 0..2 */
    volatile ULONG NextFresh; /* no entry from here on has ever been used */
    ULONG FirstFree;     /* index; 0: none */
    ULONG LastFree;      /* where values are put at the end */
    ULONG HandleCount;
    BOOLEAN TrackCids;
    KSPIN_LOCK ListLock;
    KGUARDED_MUTEX GrowthLock;
};

/* ---- ex/handle.c: off the straight road ---- */
void ExpSpinEntry(PHANDLE_TABLE_ENTRY Entry) __attribute__((cold, noinline));
PHANDLE_TABLE_ENTRY ExpUpperEntry(PHANDLE_TABLE Table, ULONG Index)
    __attribute__((noinline, returns_nonnull));
/* ListLock held on entry and on return; 0: the table cannot grow. */
ULONG ExpCreateFresh(PHANDLE_TABLE Table, ULONG_PTR Value, ULONG GrantedAccess)
    __attribute__((noinline));
void ExpTraceHandle(PHANDLE_TABLE Table, TRACE_EVENT_ID Event, ULONG Index)
    __attribute__((cold, noinline));
/* At the end of the list, so that it is not soon seen again. */
void ExpPutLast(PHANDLE_TABLE Table, ULONG Index) __attribute__((noinline));

/*
 * The entry of an index below NextFresh.  Most are in the first leaf; they are found
 * without a look at the level, so that what comes early costs the same for ever.
 */
FORCEINLINE __attribute__((returns_nonnull)) PHANDLE_TABLE_ENTRY ExpEntry(
    PHANDLE_TABLE Table, ULONG Index)
{
    return __builtin_expect(Index < EXP_LEAF_ENTRIES, TRUE) ? Table->FirstLeaf + Index
                                                            : ExpUpperEntry(Table, Index);
}

/*
 * Interrupts off from here on, if it succeeds.  FALSE: the entry is free, and the
 * lock, which was taken to see that, is dropped again.
 */
FORCEINLINE BOOLEAN ExpLockEntry(PHANDLE_TABLE_ENTRY Entry)
{
    BOOLEAN Held;

    KeEnterShortSection();
    __asm__ volatile("lock btsl $0, %1" : "=@ccc"(Held), "+m"(Entry->Value) : : "memory");
    if (__builtin_expect(Held, FALSE)) {
        ExpSpinEntry(Entry);
    }
    if (__builtin_expect((Entry->Value & ~(ULONG_PTR)EXHANDLE_ATTRIBUTES) != 0, TRUE)) {
        return TRUE;
    }
    (void)InterlockedAnd(&Entry->Value, ~(ULONG_PTR)EXHANDLE_LOCK);
    KeLeaveShortSection();
    return FALSE;
}

/*
 * ExLockHandle - look a handle up and lock its entry, so that the object cannot go
 * while it is referenced.
 *
 * NULL: no such handle.  Else a short section (inc/ke.h) until the unlock.  The low
 * two bits of a handle are the owner's to use; they are ignored.
 */
FORCEINLINE PHANDLE_TABLE_ENTRY ExLockHandle(PHANDLE_TABLE Table, HANDLE Handle)
{
    ULONG_PTR Index = (ULONG_PTR)Handle / 4;
    PHANDLE_TABLE_ENTRY Entry;

    if (Index >= __atomic_load_n(&Table->NextFresh, __ATOMIC_ACQUIRE)) {
        return NULL;
    }
    Entry = ExpEntry(Table, (ULONG)Index);
    if (!ExpLockEntry(Entry)) {
        return NULL;
    }
    if (Entry == NULL) {
        __builtin_unreachable(); /* spares whoever has this in line a test */
    }
    return Entry;
}

FORCEINLINE void ExUnlockHandle(PHANDLE_TABLE_ENTRY Entry)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    Entry->Value &= ~(ULONG_PTR)EXHANDLE_LOCK; /* one store; nobody else's can come between */
    KeLeaveShortSection();
}

FORCEINLINE HANDLE ExpHandle(ULONG Index)
{
    return (HANDLE)((ULONG_PTR)Index * 4);
}

FORCEINLINE BOOLEAN ExpFreshIsReady(PHANDLE_TABLE Table)
{
    return Table->NextFresh % EXP_LEAF_ENTRIES != 0;
}

/* Takes the first of the free list.  ListLock held. */
FORCEINLINE ULONG ExpFillFree(PHANDLE_TABLE Table, const HANDLE_TABLE_ENTRY *Contents)
{
    ULONG Index = Table->FirstFree;
    PHANDLE_TABLE_ENTRY Entry = ExpEntry(Table, Index);

    Table->FirstFree = Entry->NextFree;
    Entry->GrantedAccess = Contents->GrantedAccess;
    (void)InterlockedOr(&Entry->Value, Contents->Value);
    Table->HandleCount++;
    return Index;
}

/* Handle value (multiple of 4, never 0) of a new entry, or NULL when out of memory. */
FORCEINLINE HANDLE ExCreateHandle(PHANDLE_TABLE Table, const HANDLE_TABLE_ENTRY *Entry)
{
    ULONG Index;

    if (KeFaultPoint()) {
        return NULL;
    }
    KeAcquireShortLock(&Table->ListLock);
    if (__builtin_expect(Table->FirstFree != 0, TRUE)
        && !(__builtin_expect(Table->TrackCids, FALSE) && ExpFreshIsReady(Table))) {
        Index = ExpFillFree(Table, Entry);
    } else {
        Index = ExpCreateFresh(Table, Entry->Value, Entry->GrantedAccess);
    }
    KeReleaseShortLock(&Table->ListLock);
    if (__builtin_expect(KeTraceResources != 0, FALSE)) {
        ExpTraceHandle(Table, TraceAcquired, Index);
    }
    return ExpHandle(Index);
}

/* A freed entry, which is in no list yet.  ListLock held, or nobody else's table. */
FORCEINLINE void ExpPutIndex(PHANDLE_TABLE Table, PHANDLE_TABLE_ENTRY Entry, ULONG Index)
{
    Table->HandleCount--;
    if (__builtin_expect(Table->TrackCids, FALSE)) {
        ExpPutLast(Table, Index);
    } else { /* at the front, where the next create finds it in the cache */
        Entry->NextFree = Table->FirstFree;
        Table->FirstFree = Index;
    }
}

/* Frees a locked entry, which ends the short section. */
FORCEINLINE void ExRemoveLockedHandle(
    PHANDLE_TABLE Table, HANDLE Handle, PHANDLE_TABLE_ENTRY Entry)
{
    ULONG Index = (ULONG)((ULONG_PTR)Handle / 4);

    __atomic_store_n(&Entry->Value, 0, __ATOMIC_RELEASE);
    KeAcquireShortLockInSection(&Table->ListLock);
    ExpPutIndex(Table, Entry, Index);
    KeReleaseShortLock(&Table->ListLock);
    if (__builtin_expect(KeTraceResources != 0, FALSE)) {
        ExpTraceHandle(Table, TraceReleased, Index);
    }
}
