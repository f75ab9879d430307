/* SPDX-License-Identifier: MIT */
/*
 * Handle tables: three levels as NT's, so that a small table is one page and a
 * full one has 16 million entries; create, look-up and close cost the same at
 * any size.
 *
 * A handle is an index times 4.  A leaf has 512 entries, of which the first is
 * reserved; a middle table points to 1,024 leaves, the top table to 32 middle
 * tables.  The level is in the low bits of TableCode.  Freed entries are linked
 * by index; entries that were never used are not linked at all but counted by
 * NextFresh (NT links a whole new leaf at once), which makes a new table cheap.
 *
 * Who looks an entry up needs no lock of the table, only the entry's own: bit 0
 * of Value, as in NT.  The way of an entry:
 *
 *   fresh  -> live     ExCreateHandle: filled, then NextFresh goes beyond it
 *   free   -> live     ExCreateHandle: taken off the list, then filled, Value last
 *   live  <-> locked   ExLockHandle, ExUnlockHandle; nobody else changes it meanwhile
 *   locked -> free     ExRemoveLockedHandle: Value 0, then into the list
 *
 * A free entry belongs to whoever holds ListLock, but for the lock bit: a look-up
 * with a wrong handle sets it for the moment it takes to see that the entry is free.
 * That is why an entry is filled by an atomic OR, and why such a look-up drops the
 * bit atomically: if the entry has become live meanwhile, neither loses anything,
 * and the look-up has it locked, as it should.
 *
 * Leaves and upper tables stay where they are until the table is
 * destroyed, and are in place before NextFresh says that there is something in them.
 *
 * Process and thread ids come from the same code.  For them a freed value goes
 * to the end of the list, so that an id is not soon seen again.
 *
 * Next: ob/handle.c, which gives the entries their meaning.
 */
#include "ex/handle.h"
#include "mm.h"

#define MIDDLE_LEAVES 1024u
#define TOP_MIDDLES   32u
#define TAG_TABLE     POOL_TAG('O', 'b', 't', 'b')

static ULONG ExpLevel(PHANDLE_TABLE Table)
{
    return (ULONG)(Table->TableCode & EXP_LEVEL_MASK);
}

static PVOID ExpRoot(PHANDLE_TABLE Table)
{
    return (PVOID)(Table->TableCode & ~(ULONG_PTR)EXP_LEVEL_MASK);
}

void ExpSpinEntry(PHANDLE_TABLE_ENTRY Entry)
{
    do {
        __builtin_ia32_pause(); /* another processor has it, for a few instructions */
    } while (InterlockedOr(&Entry->Value, EXHANDLE_LOCK) & EXHANDLE_LOCK);
}

static TRACE_RESOURCE ExpResource(PHANDLE_TABLE Table)
{
    return Table->TrackCids ? ResourceCid : ResourceHandle;
}

/* Index 0: there was none to be had. */
void ExpTraceHandle(PHANDLE_TABLE Table, TRACE_EVENT_ID Event, ULONG Index)
{
    if (Index != 0) {
        KeTraceShort(Event, ExpResource(Table), (ULONG_PTR)ExpHandle(Index));
    }
}

/* Of an index beyond the first leaf: there is a middle table. */
PHANDLE_TABLE_ENTRY ExpUpperEntry(PHANDLE_TABLE Table, ULONG Index)
{
    ULONG Leaf = Index / EXP_LEAF_ENTRIES;
    PHANDLE_TABLE_ENTRY *Middle = Table->FirstMiddle;

    if (__builtin_expect(Leaf >= MIDDLE_LEAVES, FALSE)) {
        Middle = ((PHANDLE_TABLE_ENTRY **)ExpRoot(Table))[Leaf / MIDDLE_LEAVES];
        Leaf %= MIDDLE_LEAVES;
    }
    return Middle[Leaf] + Index % EXP_LEAF_ENTRIES;
}

/* Puts a table of Count pointers above the root, which becomes its first. */
static BOOLEAN ExpAddLevel(PHANDLE_TABLE Table, ULONG Count)
{
    PVOID *Root = ExAllocatePoolZero(NonPagedPool, Count * sizeof(*Root), TAG_TABLE);

    if (Root == NULL) {
        return FALSE;
    }
    Root[0] = ExpRoot(Table);
    __atomic_store_n(
        &Table->TableCode, (ULONG_PTR)Root | (ExpLevel(Table) + 1), __ATOMIC_RELEASE);
    return TRUE;
}

/* The middle table that Leaf belongs in, made when it is missing; or NULL. */
static PHANDLE_TABLE_ENTRY *ExpMiddle(PHANDLE_TABLE Table, ULONG Leaf)
{
    PHANDLE_TABLE_ENTRY **Top = ExpRoot(Table);
    ULONG i = Leaf / MIDDLE_LEAVES;

    if (ExpLevel(Table) == 1) {
        return ExpRoot(Table);
    }
    if (Top[i] == NULL) {
        Top[i] = ExAllocatePoolZero(NonPagedPool, MIDDLE_LEAVES * sizeof(*Top[i]), TAG_TABLE);
    }
    return Top[i];
}

/* Links a new leaf in, adding levels as needed; what was added stays on failure. */
static BOOLEAN ExpLinkLeaf(PHANDLE_TABLE Table, ULONG Leaf, PHANDLE_TABLE_ENTRY Entries)
{
    PHANDLE_TABLE_ENTRY *Middle;

    if (Leaf == 0) {
        Table->FirstLeaf = Entries;
        Table->TableCode = (ULONG_PTR)Entries;
        return TRUE;
    }
    if (ExpLevel(Table) == 0) {
        if (!ExpAddLevel(Table, MIDDLE_LEAVES)) {
            return FALSE;
        }
        Table->FirstMiddle = ExpRoot(Table);
    }
    if (Leaf >= MIDDLE_LEAVES && ExpLevel(Table) == 1 && !ExpAddLevel(Table, TOP_MIDDLES)) {
        return FALSE;
    }
    Middle = ExpMiddle(Table, Leaf);
    if (Middle == NULL) {
        return FALSE;
    }
    Middle[Leaf % MIDDLE_LEAVES] = Entries;
    return TRUE;
}

/* The contents beyond the reserved entry may be anything: NextFresh hides them. */
static BOOLEAN ExpAddLeaf(PHANDLE_TABLE Table)
{
    ULONG Leaf = Table->NextFresh / EXP_LEAF_ENTRIES;
    PHANDLE_TABLE_ENTRY Entries;

    if (Leaf >= MIDDLE_LEAVES * TOP_MIDDLES) {
        return FALSE;
    }
    Entries = ExAllocatePoolWithTag(NonPagedPool, EXP_LEAF_ENTRIES * sizeof(*Entries), TAG_TABLE);
    if (Entries == NULL) {
        return FALSE;
    }
    if (!ExpLinkLeaf(Table, Leaf, Entries)) {
        ExFreePoolWithTag(Entries, TAG_TABLE);
        return FALSE;
    }
    Entries[0] = (HANDLE_TABLE_ENTRY){.Value = 0, .NextFree = 0};
    __atomic_store_n(&Table->NextFresh, Table->NextFresh + 1, __ATOMIC_RELEASE);
    return TRUE;
}

/* With its first leaf, so that few processes ever need more. */
PHANDLE_TABLE ExCreateHandleTable(BOOLEAN TrackCids)
{
    PHANDLE_TABLE Table = ExAllocatePoolZero(NonPagedPool, sizeof(*Table), TAG_TABLE);

    if (Table == NULL) {
        return NULL;
    }
    KeInitializeSpinLock(&Table->ListLock, LockLevelHandleList);
    KeInitializeGuardedMutex(&Table->GrowthLock, LockLevelHandleTable);
    Table->TrackCids = TrackCids;
    if (!ExpAddLeaf(Table)) {
        ExFreePoolWithTag(Table, TAG_TABLE);
        return NULL;
    }
    return Table;
}

/* All fresh entries are used: adds a leaf, unless somebody else just has. */
static __attribute__((noinline)) BOOLEAN ExpGrow(PHANDLE_TABLE Table)
{
    BOOLEAN Grown;

    KeAcquireGuardedMutex(&Table->GrowthLock);
    Grown = ExpFreshIsReady(Table) || ExpAddLeaf(Table);
    KeReleaseGuardedMutex(&Table->GrowthLock);
    return Grown;
}

/* Makes the next fresh entry.  ListLock held, or the table is nobody else's. */
FORCEINLINE ULONG ExpFillFresh(PHANDLE_TABLE Table, const HANDLE_TABLE_ENTRY *Contents)
{
    ULONG Index = Table->NextFresh;

    *ExpEntry(Table, Index) = *Contents;
    Table->HandleCount++;
    __atomic_store_n(&Table->NextFresh, Index + 1, __ATOMIC_RELEASE);
    return Index;
}

/* At the end, so that it is not soon seen again. */
void ExpPutLast(PHANDLE_TABLE Table, ULONG Index)
{
    ExpEntry(Table, Index)->NextFree = 0;
    if (Table->FirstFree == 0) {
        Table->FirstFree = Index;
    } else {
        ExpEntry(Table, Table->LastFree)->NextFree = Index;
    }
    Table->LastFree = Index;
}

ULONG ExpCreateFresh(PHANDLE_TABLE Table, ULONG_PTR Value, ULONG GrantedAccess)
{
    const HANDLE_TABLE_ENTRY Entry = {.Value = Value, .GrantedAccess = GrantedAccess};
    BOOLEAN Grown = TRUE;

    while (Grown && !ExpFreshIsReady(Table)) {
        KeReleaseShortLock(&Table->ListLock);
        Grown = ExpGrow(Table);
        KeAcquireShortLock(&Table->ListLock);
    }
    return Grown ? ExpFillFresh(Table, &Entry) : 0;
}

/*
 * ExCreateHandleAt - an entry at a value somebody else chose: inheritance.
 *
 * The table is not yet anyone's.  Values left out become free entries.
 */
BOOLEAN ExCreateHandleAt(PHANDLE_TABLE Table, HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry)
{
    ULONG Wanted = (ULONG)((ULONG_PTR)Handle / 4);

    ASSERT(Wanted >= Table->NextFresh && Wanted % EXP_LEAF_ENTRIES != 0);
    if (KeFaultPoint()) {
        return FALSE;
    }
    for (;;) {
        ULONG Index = Table->NextFresh;

        if (!ExpFreshIsReady(Table)) {
            if (!ExpAddLeaf(Table)) {
                return FALSE;
            }
        } else if (Index == Wanted) {
            (void)ExpFillFresh(Table, Entry);
            KeTraceAcquire(ExpResource(Table), (ULONG_PTR)Handle);
            return TRUE;
        } else {
            ExpEntry(Table, Index)->Value = 0;
            ExpPutLast(Table, Index); /* the lowest comes first */
            Table->NextFresh = Index + 1;
        }
    }
}

BOOLEAN ExNextHandle(
    PHANDLE_TABLE Table, PHANDLE Handle, EX_TAKE_HANDLE *Take, PVOID Context)
{
    ULONG Index = (ULONG)((ULONG_PTR)*Handle / 4);

    while (++Index < __atomic_load_n(&Table->NextFresh, __ATOMIC_ACQUIRE)) {
        PHANDLE_TABLE_ENTRY Entry = ExpEntry(Table, Index);

        if (ExpLockEntry(Entry)) {
            BOOLEAN Taken = Take(ExpHandle(Index), Entry, Context);

            ExUnlockHandle(Entry);
            if (Taken) {
                *Handle = ExpHandle(Index);
                return TRUE;
            }
        }
    }
    return FALSE;
}

void ExSweepHandleTable(PHANDLE_TABLE Table,
    void (*Routine)(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context), PVOID Context)
{
    for (ULONG Index = 1; Table->HandleCount != 0 && Index < Table->NextFresh; Index++) {
        PHANDLE_TABLE_ENTRY Entry = ExpEntry(Table, Index);
        HANDLE_TABLE_ENTRY Contents = *Entry;

        if (Contents.Value != 0) {
            Entry->Value = 0;
            ExpPutIndex(Table, Entry, Index);
            KeTraceRelease(ExpResource(Table), (ULONG_PTR)ExpHandle(Index));
            Routine(ExpHandle(Index), &Contents, Context);
        }
    }
}

ULONG ExQueryHandleCount(PHANDLE_TABLE Table)
{
    return Table->HandleCount;
}

static void ExpFreeMiddle(PHANDLE_TABLE_ENTRY *Middle)
{
    for (ULONG i = 0; i < MIDDLE_LEAVES && Middle[i] != NULL; i++) {
        ExFreePoolWithTag(Middle[i], TAG_TABLE);
    }
    ExFreePoolWithTag(Middle, TAG_TABLE);
}

void ExDestroyHandleTable(PHANDLE_TABLE Table)
{
    PHANDLE_TABLE_ENTRY **Top = ExpRoot(Table);

    ASSERT(Table->HandleCount == 0);
    if (ExpLevel(Table) == 2) {
        for (ULONG i = 0; i < TOP_MIDDLES && Top[i] != NULL; i++) {
            ExpFreeMiddle(Top[i]);
        }
        ExFreePoolWithTag(Top, TAG_TABLE);
    } else if (ExpLevel(Table) == 1) {
        ExpFreeMiddle(ExpRoot(Table));
    } else {
        ExFreePoolWithTag(ExpRoot(Table), TAG_TABLE);
    }
    ExFreePoolWithTag(Table, TAG_TABLE);
}
