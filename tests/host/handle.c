/* SPDX-License-Identifier: MIT */
/*
 * ex/handle.c: against an array of what should be in the table, through all
 * three levels, and with every acquisition failed in turn.
 *
 * What the table needs of the kernel is faked here: pool is malloc, so that the
 * address sanitizer sees every entry, and the trace is a count.
 */
#include "ex/handle.h"
#include "ktap.h"
#include "mm.h"
#include <stdlib.h>

#define LEAF       512
#define LEVEL_TWO  (512 * 1024 + 100) /* handles that need a top table */
#define OPERATIONS 200000
#define SLOTS      3000

static LONG Blocks;    /* pool blocks allocated */
static LONG Traced;    /* acquisitions less releases */
static LONG FailAfter; /* acquisitions until one fails; < 0: never */
static LONG LockDepth;

BOOLEAN KeFaultArmed = TRUE;

BOOLEAN KeTestFaultPoint(void)
{
    return FailAfter >= 0 && FailAfter-- == 0;
}

PVOID ExAllocatePoolWithTag(POOL_TYPE Type, SIZE_T Size, ULONG Tag)
{
    PVOID Block = KeFaultPoint() ? NULL : malloc(Size);

    (void)Type;
    (void)Tag;
    Blocks += Block != NULL;
    return Block;
}

PVOID ExAllocatePoolZero(POOL_TYPE Type, SIZE_T Size, ULONG Tag)
{
    PVOID Block = ExAllocatePoolWithTag(Type, Size, Tag);

    return Block != NULL ? memset(Block, 0, Size) : NULL;
}

void ExFreePoolWithTag(PVOID Block, ULONG Tag)
{
    (void)Tag;
    Blocks--;
    free(Block);
}

ULONG KeTraceResources = 1;

void KeTraceShort(TRACE_EVENT_ID Event, ULONG First, ULONG Second)
{
    (void)First;
    (void)Second;
    Traced += Event == TraceAcquired ? 1 : -1;
}

void KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex, LOCK_LEVEL Level)
{
    Mutex->Level = (UCHAR)Level;
}

void KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    (void)Mutex;
    CHECK_EQUAL(LockDepth++, 0);
}

void KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    (void)Mutex;
    CHECK_EQUAL(--LockDepth, 0);
}

void KeInitializeSpinLock(PKSPIN_LOCK Lock, LOCK_LEVEL Level)
{
    Lock->Level = (UCHAR)Level;
}

void KeEnterShortSection(void)
{
    CHECK_EQUAL(LockDepth++, 0);
}

void KeLeaveShortSection(void)
{
    CHECK_EQUAL(--LockDepth, 0);
}

void KeAcquireShortLockInSection(PKSPIN_LOCK Lock)
{
    (void)Lock;
    CHECK_EQUAL(LockDepth, 1);
}

void KeAcquireShortLock(PKSPIN_LOCK Lock)
{
    (void)Lock;
    KeEnterShortSection();
}

void KeReleaseShortLock(PKSPIN_LOCK Lock)
{
    (void)Lock;
    KeLeaveShortSection();
}

void KeAssertionFailed(const char *Condition, const char *File, int Line)
{
    KtapCheck(false, File, Line, "%s", Condition);
    abort();
}

static PHANDLE_TABLE NewTable(BOOLEAN TrackCids)
{
    FailAfter = -1;
    return ExCreateHandleTable(TrackCids);
}

/* Values are 8-aligned like objects; 0 would be a free entry. */
static HANDLE_TABLE_ENTRY EntryOf(ULONG Number)
{
    return (HANDLE_TABLE_ENTRY){.Value = (Number + 1) * 8, .GrantedAccess = Number};
}

static HANDLE Create(PHANDLE_TABLE Table, ULONG Number)
{
    HANDLE_TABLE_ENTRY Entry = EntryOf(Number);

    return ExCreateHandle(Table, &Entry);
}

static BOOLEAN Holds(PHANDLE_TABLE Table, HANDLE Handle, ULONG Number)
{
    PHANDLE_TABLE_ENTRY Entry = ExLockHandle(Table, Handle);
    BOOLEAN Right;

    if (Entry == NULL) {
        return FALSE;
    }
    Right = Entry->Value == (EntryOf(Number).Value | EXHANDLE_LOCK)
        && Entry->GrantedAccess == Number;
    ExUnlockHandle(Entry);
    return Right;
}

static BOOLEAN Remove(PHANDLE_TABLE Table, HANDLE Handle)
{
    PHANDLE_TABLE_ENTRY Entry = ExLockHandle(Table, Handle);

    if (Entry == NULL) {
        return FALSE;
    }
    ExRemoveLockedHandle(Table, Handle, Entry);
    return TRUE;
}

static void CountSwept(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context)
{
    CHECK(Handle != NULL && Entry->Value != 0);
    ++*(ULONG *)Context;
}

/* Sweeps the table and checks that nothing is left of it. */
static void Destroy(PHANDLE_TABLE Table, ULONG Expected)
{
    ULONG Swept = 0;

    CHECK_EQUAL(ExQueryHandleCount(Table), Expected);
    ExSweepHandleTable(Table, CountSwept, &Swept);
    CHECK_EQUAL(Swept, Expected);
    ExDestroyHandleTable(Table);
    CHECK_EQUAL(Blocks, 0);
    CHECK_EQUAL(Traced, 0);
}

static void TestValues(void)
{
    PHANDLE_TABLE Table = NewTable(FALSE);

    CHECK(ExLockHandle(Table, (HANDLE)4) == NULL);
    CHECK_EQUAL((ULONG_PTR)Create(Table, 0), 4);
    CHECK_EQUAL((ULONG_PTR)Create(Table, 1), 8);
    CHECK(Holds(Table, (HANDLE)4, 0) && Holds(Table, (HANDLE)8, 1));
    CHECK(Holds(Table, (HANDLE)7, 0)); /* the low two bits are the owner's */
    CHECK(Remove(Table, (HANDLE)4));
    CHECK(!Remove(Table, (HANDLE)4));
    CHECK(ExLockHandle(Table, NULL) == NULL);
    CHECK(ExLockHandle(Table, (HANDLE)12) == NULL);
    CHECK(ExLockHandle(Table, (HANDLE)0x10000000) == NULL);
    CHECK(ExLockHandle(Table, NtCurrentProcess()) == NULL);
    CHECK_EQUAL((ULONG_PTR)Create(Table, 2), 4); /* last freed, first used */
    Destroy(Table, 2);
}

/* No handle is a multiple of 2048: the first entry of a leaf is reserved. */
static void TestLevels(void)
{
    PHANDLE_TABLE Table = NewTable(FALSE);
    ULONG Index = 0;

    for (ULONG i = 0; i < LEVEL_TWO; i++) {
        Index += (Index + 1) % LEAF == 0 ? 2 : 1;
        if ((ULONG_PTR)Create(Table, i) != Index * 4) {
            CHECK(!"handles ascend");
            break;
        }
    }
    CHECK(ExLockHandle(Table, (HANDLE)(LEAF * 4)) == NULL);
    CHECK(Holds(Table, (HANDLE)(Index * 4), LEVEL_TWO - 1));
    CHECK(Holds(Table, (HANDLE)4, 0));
    CHECK_EQUAL(Traced, LEVEL_TWO);
    Destroy(Table, LEVEL_TWO);
}

static void TestRandom(void)
{
    static HANDLE Handles[SLOTS]; /* NULL: not open */
    PHANDLE_TABLE Table = NewTable(FALSE);
    ULONG Seed = 1, Open = 0;

    for (ULONG i = 0; i < OPERATIONS; i++) {
        ULONG Slot = KtapRandom(&Seed) % SLOTS;

        if (Handles[Slot] == NULL) {
            Handles[Slot] = Create(Table, Slot);
            CHECK(Handles[Slot] != NULL);
            Open++;
        } else {
            CHECK(Holds(Table, Handles[Slot], Slot));
            CHECK(Remove(Table, Handles[Slot]));
            CHECK(ExLockHandle(Table, Handles[Slot]) == NULL);
            Handles[Slot] = NULL;
            Open--;
        }
    }
    Destroy(Table, Open);
}

/* A freed id is not given out again while there are others. */
static void TestCids(void)
{
    PHANDLE_TABLE Table = NewTable(TRUE);
    ULONG_PTR Last = 0;

    for (ULONG i = 0; i < LEAF - 1; i++) {
        HANDLE Id = Create(Table, i);

        CHECK((ULONG_PTR)Id == Last + 4);
        Last = (ULONG_PTR)Id;
        CHECK(Remove(Table, Id));
    }
    for (ULONG i = 0; i < LEAF - 1; i++) {
        CHECK_EQUAL((ULONG_PTR)Create(Table, i), (i + 1) * 4); /* oldest first */
    }
    CHECK(Remove(Table, (HANDLE)40));
    CHECK(Remove(Table, (HANDLE)4));
    CHECK_EQUAL((ULONG_PTR)Create(Table, 0), 40);
    CHECK_EQUAL((ULONG_PTR)Create(Table, 0), 4);
    CHECK_EQUAL((ULONG_PTR)Create(Table, 0), (LEAF + 1) * 4);
    Destroy(Table, LEAF);
}

/* Takes those whose value is not a multiple of 40. */
static BOOLEAN TakeSome(HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry, PVOID Context)
{
    CHECK_EQUAL(Entry->GrantedAccess, (ULONG_PTR)Handle);
    CHECK(Entry->Value & EXHANDLE_LOCK);
    ++*(ULONG *)Context;
    return (ULONG_PTR)Handle % 40 != 0;
}

/* Inheritance: given values, ascending; what is left out is free afterwards. */
static void TestCreateAt(void)
{
    static const ULONG_PTR Values[] = {8, 12, 40, LEAF * 4 + 4, 5000, 5004};
    PHANDLE_TABLE Table = NewTable(FALSE);
    HANDLE Handle = NULL;
    ULONG Seen = 0;

    for (ULONG i = 0; i < ARRAYSIZE(Values); i++) {
        HANDLE_TABLE_ENTRY Entry = {.Value = 8, .GrantedAccess = Values[i]};

        CHECK(ExCreateHandleAt(Table, (HANDLE)Values[i], &Entry));
    }
    for (ULONG i = 0; i < ARRAYSIZE(Values); i++) {
        if (Values[i] % 40 != 0) {
            CHECK(ExNextHandle(Table, &Handle, TakeSome, &Seen));
            CHECK_EQUAL((ULONG_PTR)Handle, Values[i]);
        }
    }
    CHECK(!ExNextHandle(Table, &Handle, TakeSome, &Seen));
    CHECK_EQUAL(Seen, ARRAYSIZE(Values));
    CHECK_EQUAL((ULONG_PTR)Create(Table, 0), 4);
    CHECK_EQUAL((ULONG_PTR)Create(Table, 0), 16);
    Destroy(Table, ARRAYSIZE(Values) + 2);
}

/* From an empty table through the first two levels; FALSE: an acquisition failed. */
static BOOLEAN Grow(PHANDLE_TABLE Table)
{
    for (ULONG i = 0; i < 2 * LEAF; i++) {
        if (Create(Table, i) == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Each acquisition fails once; the table stays whole and grows when tried again. */
static void TestFailures(void)
{
    BOOLEAN Finished = FALSE;

    for (LONG i = 0; !Finished; i++) {
        PHANDLE_TABLE Table;
        ULONG Count;

        FailAfter = i;
        Table = ExCreateHandleTable(FALSE);
        CHECK((Table == NULL) == (i < 2)); /* the table itself and its first leaf */
        if (Table == NULL) {
            continue;
        }
        Finished = Grow(Table);
        FailAfter = -1;
        Count = ExQueryHandleCount(Table);
        CHECK(Create(Table, 0) != NULL);
        Destroy(Table, Count + 1);
    }
}

const KTAP_TEST KtapTests[] = {
    {"handle_values", TestValues},
    {"handle_levels", TestLevels},
    {"handle_random", TestRandom},
    {"handle_cids", TestCids},
    {"handle_create_at", TestCreateAt},
    {"handle_failures", TestFailures},
    {NULL, NULL},
};
