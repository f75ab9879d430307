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
 * Process and thread ids come from the same code.  For them a freed value goes
 * to the end of the list, so that an id is not soon seen again.
 *
 * Next: ob/handle.c, which gives the entries their meaning.
 */
#include "ex.h"
#include "mm.h"

#define LEAF_ENTRIES  512u
#define MIDDLE_LEAVES 1024u
#define TOP_MIDDLES   32u
#define LEVEL_MASK    3u
#define TAG_TABLE     POOL_TAG('O', 'b', 't', 'b')

/* Lock guards all of it and the entries. */
struct _HANDLE_TABLE {
    ULONG_PTR TableCode; /* leaf, middle or top table | its level 0..2 */
    ULONG FirstFree;     /* index; 0: none */
    ULONG LastFree;
    ULONG NextFresh;     /* no entry from here on has ever been used */
    ULONG HandleCount;
    BOOLEAN TrackCids;
    KGUARDED_MUTEX Lock;
};

static ULONG ExpLevel(PHANDLE_TABLE Table)
{
    return (ULONG)(Table->TableCode & LEVEL_MASK);
}

static PVOID ExpRoot(PHANDLE_TABLE Table)
{
    return (PVOID)(Table->TableCode & ~(ULONG_PTR)LEVEL_MASK);
}

/* The entry of an index below NextFresh. */
static PHANDLE_TABLE_ENTRY ExpEntry(PHANDLE_TABLE Table, ULONG Index)
{
    PVOID Root = ExpRoot(Table);
    ULONG Leaf = Index / LEAF_ENTRIES;

    switch (ExpLevel(Table)) {
    case 0:
        return (PHANDLE_TABLE_ENTRY)Root + Index;
    case 1:
        return ((PHANDLE_TABLE_ENTRY *)Root)[Leaf] + Index % LEAF_ENTRIES;
    default:
        return ((PHANDLE_TABLE_ENTRY **)Root)[Leaf / MIDDLE_LEAVES][Leaf % MIDDLE_LEAVES]
            + Index % LEAF_ENTRIES;
    }
}

/* Puts a table of Count pointers above the root, which becomes its first. */
static BOOLEAN ExpAddLevel(PHANDLE_TABLE Table, ULONG Count)
{
    PVOID *Root = ExAllocatePoolZero(NonPagedPool, Count * sizeof(*Root), TAG_TABLE);

    if (Root == NULL) {
        return FALSE;
    }
    Root[0] = ExpRoot(Table);
    Table->TableCode = (ULONG_PTR)Root | (ExpLevel(Table) + 1);
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
        Table->TableCode = (ULONG_PTR)Entries;
        return TRUE;
    }
    if (ExpLevel(Table) == 0 && !ExpAddLevel(Table, MIDDLE_LEAVES)) {
        return FALSE;
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
    ULONG Leaf = Table->NextFresh / LEAF_ENTRIES;
    PHANDLE_TABLE_ENTRY Entries;

    if (Leaf >= MIDDLE_LEAVES * TOP_MIDDLES) {
        return FALSE;
    }
    Entries = ExAllocatePoolWithTag(NonPagedPool, LEAF_ENTRIES * sizeof(*Entries), TAG_TABLE);
    if (Entries == NULL) {
        return FALSE;
    }
    if (!ExpLinkLeaf(Table, Leaf, Entries)) {
        ExFreePoolWithTag(Entries, TAG_TABLE);
        return FALSE;
    }
    Entries[0] = (HANDLE_TABLE_ENTRY){.Value = 0, .NextFree = 0};
    Table->NextFresh++;
    return TRUE;
}

/* With its first leaf, so that few processes ever need more. */
PHANDLE_TABLE ExCreateHandleTable(BOOLEAN TrackCids)
{
    PHANDLE_TABLE Table = ExAllocatePoolZero(NonPagedPool, sizeof(*Table), TAG_TABLE);

    if (Table == NULL) {
        return NULL;
    }
    KeInitializeGuardedMutex(&Table->Lock, LockLevelHandleTable);
    Table->TrackCids = TrackCids;
    if (!ExpAddLeaf(Table)) {
        ExFreePoolWithTag(Table, TAG_TABLE);
        return NULL;
    }
    return Table;
}

/* The index of an entry that was never used, or 0. */
static ULONG ExpTakeFresh(PHANDLE_TABLE Table)
{
    if (Table->NextFresh % LEAF_ENTRIES == 0 && !ExpAddLeaf(Table)) {
        return 0;
    }
    return Table->NextFresh++;
}

static ULONG ExpTakeIndex(PHANDLE_TABLE Table)
{
    BOOLEAN FreshIsReady = Table->NextFresh % LEAF_ENTRIES != 0;
    ULONG Index = Table->FirstFree;

    if (Index == 0 || (Table->TrackCids && FreshIsReady)) {
        return ExpTakeFresh(Table);
    }
    Table->FirstFree = ExpEntry(Table, Index)->NextFree;
    return Index;
}

/* At the front, where the next create finds it in the cache; ids at the end. */
static void ExpPutIndex(PHANDLE_TABLE Table, ULONG Index, BOOLEAN AtEnd)
{
    PHANDLE_TABLE_ENTRY Entry = ExpEntry(Table, Index);
    BOOLEAN WasEmpty = Table->FirstFree == 0;

    Entry->Value = 0;
    Entry->NextFree = AtEnd ? 0 : Table->FirstFree;
    if (AtEnd && !WasEmpty) {
        ExpEntry(Table, Table->LastFree)->NextFree = Index;
    } else {
        Table->FirstFree = Index;
    }
    if (AtEnd || WasEmpty) {
        Table->LastFree = Index;
    }
}

static HANDLE ExpHandle(ULONG Index)
{
    return (HANDLE)((ULONG_PTR)Index * 4);
}

static TRACE_RESOURCE ExpResource(PHANDLE_TABLE Table)
{
    return Table->TrackCids ? ResourceCid : ResourceHandle;
}

static void ExpFill(PHANDLE_TABLE Table, ULONG Index, const HANDLE_TABLE_ENTRY *Entry)
{
    *ExpEntry(Table, Index) = *Entry;
    Table->HandleCount++;
    KeTraceAcquire(ExpResource(Table), (ULONG_PTR)ExpHandle(Index));
}

static void ExpEmpty(PHANDLE_TABLE Table, ULONG Index)
{
    Table->HandleCount--;
    ExpPutIndex(Table, Index, Table->TrackCids);
    KeTraceRelease(ExpResource(Table), (ULONG_PTR)ExpHandle(Index));
}

HANDLE ExCreateHandle(PHANDLE_TABLE Table, const HANDLE_TABLE_ENTRY *Entry)
{
    ULONG Index;

    if (KeFaultPoint()) {
        return NULL;
    }
    KeAcquireGuardedMutex(&Table->Lock);
    Index = ExpTakeIndex(Table);
    if (Index != 0) {
        ExpFill(Table, Index, Entry);
    }
    KeReleaseGuardedMutex(&Table->Lock);
    return ExpHandle(Index);
}

/*
 * ExCreateHandleAt - an entry at a value somebody else chose: inheritance.
 *
 * No lock, because the table is not yet anyone's; so the caller may hold the
 * lock of the parent's table.  Values left out become free entries.
 */
BOOLEAN ExCreateHandleAt(PHANDLE_TABLE Table, HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry)
{
    ULONG Wanted = (ULONG)((ULONG_PTR)Handle / 4);

    ASSERT(Wanted >= Table->NextFresh && Wanted % LEAF_ENTRIES != 0);
    if (KeFaultPoint()) {
        return FALSE;
    }
    for (;;) {
        ULONG Index = ExpTakeFresh(Table);

        if (Index == 0) {
            return FALSE;
        }
        if (Index == Wanted) {
            ExpFill(Table, Index, Entry);
            return TRUE;
        }
        ExpPutIndex(Table, Index, TRUE); /* the lowest comes first */
    }
}

/* The low two bits of a handle are the owner's to use; they are ignored. */
PHANDLE_TABLE_ENTRY ExLockHandle(PHANDLE_TABLE Table, HANDLE Handle)
{
    ULONG_PTR Index = (ULONG_PTR)Handle / 4;
    PHANDLE_TABLE_ENTRY Entry;

    KeAcquireGuardedMutex(&Table->Lock);
    if (Index < Table->NextFresh) {
        Entry = ExpEntry(Table, (ULONG)Index);
        if (Entry->Value != 0) {
            return Entry;
        }
    }
    KeReleaseGuardedMutex(&Table->Lock);
    return NULL;
}

void ExUnlockHandle(PHANDLE_TABLE Table)
{
    KeReleaseGuardedMutex(&Table->Lock);
}

void ExRemoveLockedHandle(PHANDLE_TABLE Table, HANDLE Handle)
{
    ExpEmpty(Table, (ULONG)((ULONG_PTR)Handle / 4));
    KeReleaseGuardedMutex(&Table->Lock);
}

BOOLEAN ExEnumerateHandles(PHANDLE_TABLE Table, EX_ENUMERATE_HANDLE *Routine, PVOID Context)
{
    BOOLEAN GoOn = TRUE;

    KeAcquireGuardedMutex(&Table->Lock);
    for (ULONG Index = 1; GoOn && Index < Table->NextFresh; Index++) {
        PHANDLE_TABLE_ENTRY Entry = ExpEntry(Table, Index);

        if (Entry->Value != 0) {
            GoOn = Routine(ExpHandle(Index), Entry, Context);
        }
    }
    KeReleaseGuardedMutex(&Table->Lock);
    return GoOn;
}

void ExSweepHandleTable(PHANDLE_TABLE Table,
    void (*Routine)(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context), PVOID Context)
{
    for (ULONG Index = 1; Table->HandleCount != 0 && Index < Table->NextFresh; Index++) {
        HANDLE_TABLE_ENTRY Entry = *ExpEntry(Table, Index);

        if (Entry.Value != 0) {
            ExpEmpty(Table, Index);
            Routine(ExpHandle(Index), &Entry, Context);
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
