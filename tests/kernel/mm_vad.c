/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: VADs against a simple model, the road of NtAllocate-, NtFree-,
 * NtProtect- and NtQueryVirtualMemory with their statuses, and faults.
 *
 * Kernel threads run in the System process, whose user half is as good as any.
 */
#include "tests/kernel/ktprogram.h"
#include "mm/mi.h"
#include "nt/native.h"

#define KT_MODEL_BASE  0x20000000u
#define KT_MODEL_SLOTS 64 /* of 64 KiB */

#define KtSelf NtCurrentProcess()

static NTSTATUS KtAllocate(PVOID *Base, SIZE_T Size, ULONG Type, ULONG Protect)
{
    return NtAllocateVirtualMemory(KtSelf, Base, 0, &Size, Type, Protect);
}

static NTSTATUS KtFree(PVOID Base, SIZE_T Size, ULONG Type)
{
    return NtFreeVirtualMemory(KtSelf, &Base, &Size, Type);
}

static ULONG KtQueryState(PVOID Address, PULONG Protect)
{
    MEMORY_BASIC_INFORMATION Information = {0};

    ok_status(NtQueryVirtualMemory(KtSelf, Address, MemoryBasicInformation, &Information,
                  sizeof(Information), NULL), STATUS_SUCCESS);
    *Protect = Information.Protect;
    return Information.State;
}

START_TEST(mm_vad, "VADs agree with a model over random reserves and releases")
{
    BOOLEAN Taken[KT_MODEL_SLOTS] = {FALSE};
    ULONG Random = KeBootOptions.Seed + 7;
    ULONG Protect;

    for (ULONG Round = 0; Round < 600; Round++) {
        ULONG First = (Random = Random * 1664525 + 1013904223) >> 16;
        ULONG Count = 1 + First / KT_MODEL_SLOTS % 4;
        ULONG Free = 0;

        First %= KT_MODEL_SLOTS - 4;
        for (ULONG i = First; i < First + Count; i++) {
            Free += !Taken[i];
        }
        PVOID Base = (PVOID)(KT_MODEL_BASE + First * MM_ALLOCATION_GRANULARITY);

        if (Free == Count) {
            ok_status(KtAllocate(&Base, Count << 16, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS);
        } else if (Free != 0 || Round % 2 == 0) {
            ok_status(KtAllocate(&Base, Count << 16, MEM_RESERVE, PAGE_READWRITE),
                STATUS_CONFLICTING_ADDRESSES);
            continue;
        } else { /* may span several allocations: release them one by one */
            for (ULONG i = 0; i < Count; i++) {
                ok_status(KtFree((PUCHAR)Base + (i << 16), 1 << 16, MEM_RELEASE), STATUS_SUCCESS);
            }
        }
        for (ULONG i = First; i < First + Count; i++) {
            Taken[i] = Free == Count;
        }
    }
    for (ULONG i = 0; i < KT_MODEL_SLOTS; i++) {
        PVOID Slot = (PVOID)(KT_MODEL_BASE + i * MM_ALLOCATION_GRANULARITY);

        ok_eq(KtQueryState(Slot, &Protect), Taken[i] ? MEM_RESERVE : MEM_FREE);
        if (Taken[i]) {
            ok_status(KtFree(Slot, 1 << 16, MEM_RELEASE), STATUS_SUCCESS);
        }
    }
}

/* ---- Where something fits ------------------------------------------------------------ */

#define KT_VADS  10
#define KT_FIRST MM_LOWEST_USER_ADDRESS
#define KT_PAGES 192 /* that the VADs of the test lie in */
#define KT_HIGHEST (KT_FIRST + (KT_PAGES << PAGE_SHIFT) - 1)

static ULONG KtRandom(PULONG State, ULONG Limit)
{
    return ((*State = *State * 1664525 + 1013904223) >> 16) % Limit;
}

/* Every place is tried, in the order in which NT prefers them.  0: nowhere. */
static ULONG_PTR KtTryAllPlaces(const MM_ADDRESS_SPACE *Space, SIZE_T Size, ULONG_PTR Highest,
    BOOLEAN TopDown, ULONG Alignment)
{
    ULONG_PTR Found = 0;

    for (ULONG_PTR Base = KT_FIRST; Base + Size - 1 <= Highest; Base += Alignment) {
        if (MiIsRangeFree(Space, Base, Base + Size - 1)) {
            Found = Base;
            if (!TopDown) {
                break;
            }
        }
    }
    return Found;
}

/* VADs here and there, some side by side; returns how many. */
static ULONG KtFillSpace(PMM_ADDRESS_SPACE Space, PULONG Random, PMMVAD Vads[])
{
    ULONG Count = 0;

    for (ULONG Try = 0; Try < KT_VADS; Try++) {
        ULONG_PTR Start = KT_FIRST + (KtRandom(Random, KT_PAGES) << PAGE_SHIFT);
        MMVAD Vad = {.Type = VadPrivate, .Start = Start};

        Vad.End = Start + ((1 + KtRandom(Random, 24)) << PAGE_SHIFT) - 1;
        Vad.Lowest = Vad.End + 1;
        if (MiIsRangeFree(Space, Vad.Start, Vad.End)) {
            Vads[Count] = MiInsertVad(Space, &Vad);
            Count += Vads[Count] != NULL;
        }
    }
    return Count;
}

START_TEST(mm_vad_free, "free ranges: the same as by trying every place, from below and above")
{
    ULONG Random = KeBootOptions.Seed + 11;
    MM_ADDRESS_SPACE Space = {.VadCount = 0};
    PMMVAD Vads[KT_VADS];

    MiInitializeVads(&Space);
    for (ULONG Round = 0; Round < 40; Round++) {
        ULONG Count = KtFillSpace(&Space, &Random, Vads);

        for (ULONG i = 0; i < 40; i++) {
            SIZE_T Size = (1 + KtRandom(&Random, 40)) << PAGE_SHIFT;
            ULONG_PTR Highest = KT_FIRST + (KtRandom(&Random, KT_PAGES + 40) << PAGE_SHIFT) - 1;
            BOOLEAN TopDown = i % 2 != 0;
            ULONG Alignment = i / 2 % 2 != 0 ? PAGE_SIZE : MM_ALLOCATION_GRANULARITY;

            ok_eq(MiFindFreeRange(&Space, Size, Highest, TopDown, Alignment),
                KtTryAllPlaces(&Space, Size, Highest, TopDown, Alignment));
        }
        while (Count != 0) {
            MiDeleteVad(&Space, Vads[--Count]);
        }
    }
    for (ULONG TopDown = 0; TopDown < 2; TopDown++) { /* an empty one has this much */
        SIZE_T All = MI_HIGHEST_VAD_ADDRESS + 1 - KT_FIRST;

        ok_eq(MiFindFreeRange(&Space, All, ~0u, (BOOLEAN)TopDown, PAGE_SIZE), KT_FIRST);
        ok_eq(MiFindFreeRange(&Space, All + 1, ~0u, (BOOLEAN)TopDown, PAGE_SIZE), 0);
        ok_eq(MiFindFreeRange(&Space, ~0u, ~0u, (BOOLEAN)TopDown, PAGE_SIZE), 0);
        ok_eq(MiFindFreeRange(&Space, 0, ~0u, (BOOLEAN)TopDown, PAGE_SIZE), 0);
    }
}

/* What is found is taken, other places are given back: the hints must keep up. */
START_TEST(mm_vad_holes, "free ranges: also while places are taken and given back")
{
    ULONG Random = KeBootOptions.Seed + 12;
    MM_ADDRESS_SPACE Space = {.VadCount = 0};
    PMMVAD Vads[KT_VADS];
    ULONG Count = 0;

    MiInitializeVads(&Space);
    for (ULONG Step = 0; Step < 1000; Step++) {
        MMVAD Vad = {.Type = VadPrivate};
        SIZE_T Size = (1 + KtRandom(&Random, 40)) << PAGE_SHIFT;
        BOOLEAN TopDown = KtRandom(&Random, 8) == 0;

        if (Count == KT_VADS || (Count != 0 && KtRandom(&Random, 2) == 0)) {
            ULONG Victim = KtRandom(&Random, Count);

            MiDeleteVad(&Space, Vads[Victim]);
            Vads[Victim] = Vads[--Count];
        }
        Vad.Start = KtTryAllPlaces(
            &Space, Size, KT_HIGHEST, TopDown, MM_ALLOCATION_GRANULARITY);
        ok_eq(MiFindFreeRange(&Space, Size, KT_HIGHEST, TopDown, MM_ALLOCATION_GRANULARITY),
            Vad.Start);
        if (Vad.Start != 0) {
            Vad.End = Vad.Start + Size - 1;
            Vad.Lowest = Vad.End + 1;
            Vads[Count] = MiInsertVad(&Space, &Vad);
            Count += Vads[Count] != NULL;
        }
    }
    while (Count != 0) {
        MiDeleteVad(&Space, Vads[--Count]);
    }
}

#define KT_FILLERS 64

static PVOID KtReserve(SIZE_T Size)
{
    PVOID Base = NULL;

    ok_status(NtAllocateVirtualMemory(KtSelf, &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE),
        STATUS_SUCCESS);
    return Base;
}

START_TEST(mm_vad_part, "free ranges: a part of an allocation that is given back is found")
{
    PUCHAR Base = KtReserve(3 * MM_ALLOCATION_GRANULARITY);
    PVOID Fillers[KT_FILLERS]; /* of all holes below, so that it is known to be full there */
    ULONG Count = 0;

    do {
        Fillers[Count] = KtReserve(MM_ALLOCATION_GRANULARITY);
    } while (Fillers[Count++] < (PVOID)Base && Count < KT_FILLERS - 1);
    ok(Fillers[Count - 1] > (PVOID)Base, "%u fill the holes", Count - 1);
    Fillers[Count++] = KtReserve(MM_ALLOCATION_GRANULARITY); /* the search has come beyond Base */
    for (ULONG Part = 0; Part < 3; Part++) {
        PUCHAR Place = Base + (Part * 2 + 1) % 3 * MM_ALLOCATION_GRANULARITY; /* 1 0 2 */

        ok_status(KtFree(Place, MM_ALLOCATION_GRANULARITY, MEM_RELEASE), STATUS_SUCCESS);
        ok(KtReserve(MM_ALLOCATION_GRANULARITY) == Place, "part %u", Part);
        ok_status(KtFree(Place, 0, MEM_RELEASE), STATUS_SUCCESS);
        ok(KtReserve(MM_ALLOCATION_GRANULARITY) == Place, "part %u, again", Part);
    }
    for (ULONG Part = 0; Part < 3; Part++) {
        ok_status(KtFree(Base + Part * MM_ALLOCATION_GRANULARITY, 0, MEM_RELEASE), STATUS_SUCCESS);
    }
    while (Count != 0) {
        ok_status(KtFree(Fillers[--Count], 0, MEM_RELEASE), STATUS_SUCCESS);
    }
}

START_TEST(mm_vad_hint, "a VAD that was found last and is gone is not found again")
{
    MM_ADDRESS_SPACE Space = {.VadCount = 0};
    MMVAD Model = {.Type = VadPrivate, .Start = 0x20000, .End = 0x2FFFF, .Lowest = 0x30000};
    PMMVAD Low, High;

    MiInitializeVads(&Space);
    Low = MiInsertVad(&Space, &Model);
    Model = (MMVAD){.Type = VadPrivate, .Start = 0x40000, .End = 0x4FFFF, .Lowest = 0x50000};
    High = MiInsertVad(&Space, &Model);
    for (PMMVAD Last = Low; Last != NULL; Last = Last == Low ? High : NULL) {
        ok(MiFindVad(&Space, Last->Start) == Last, "the hint is %x", Last->Start);
        ok(MiFindVad(&Space, 0x1FFFF) == NULL, "below both");
        ok(MiFindVad(&Space, Last->End) == Last, "the hint stays");
        ok(MiFindVad(&Space, 0x3FFFF) == NULL, "between them");
        ok(MiFindVad(&Space, 0x50000) == NULL, "above both");
        ok(MiFindVad(&Space, 0x2FFFF) == Low, "its last byte");
        ok(MiFindVad(&Space, 0x40000) == High, "its first byte");
    }
    MiDeleteVad(&Space, High);
    ok(Space.VadHint != High, "nothing points to what is gone");
    ok(MiFindVad(&Space, 0x40000) == NULL, "it is not found");
    MiDeleteVad(&Space, Low);
}

START_TEST(mm_zero_bits, "NtAllocateVirtualMemory: so many of an address's high bits are zero")
{
    for (ULONG ZeroBits = 1; ZeroBits <= 8; ZeroBits++) {
        PVOID Base = NULL;
        SIZE_T Size = 0x10000;

        ok_status(NtAllocateVirtualMemory(KtSelf, &Base, ZeroBits, &Size,
                      MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE), STATUS_SUCCESS);
        ok(Base != NULL && ((ULONG_PTR)Base + Size - 1) >> (32 - ZeroBits) == 0,
            "%u bits: %p", ZeroBits, Base);
        ok_status(KtFree(Base, 0, MEM_RELEASE), STATUS_SUCCESS);
    }
}

START_TEST(mm_allocate, "NtAllocateVirtualMemory: statuses")
{
    PVOID Base = NULL;
    PVOID Odd = (PVOID)0x30001234;
    SIZE_T Size = 1;

    ok_status(KtAllocate(&Base, 0, MEM_RESERVE, PAGE_READWRITE), STATUS_INVALID_PARAMETER_4);
    ok_status(KtAllocate(&Base, 1, 0, PAGE_READWRITE), STATUS_INVALID_PARAMETER_5);
    ok_status(KtAllocate(&Base, 1, 1, PAGE_READWRITE), STATUS_INVALID_PARAMETER_5);
    ok_status(KtAllocate(&Base, 1, MEM_RESET, PAGE_READWRITE), STATUS_NOT_IMPLEMENTED);
    ok_status(KtAllocate(&Base, 1, MEM_RESERVE, 0), STATUS_INVALID_PAGE_PROTECTION);
    ok_status(KtAllocate(&Base, 1, MEM_RESERVE, PAGE_READONLY | PAGE_READWRITE),
        STATUS_INVALID_PAGE_PROTECTION);
    ok_status(KtAllocate(&Base, 1, MEM_RESERVE, PAGE_WRITECOPY), STATUS_INVALID_PAGE_PROTECTION);
    ok_status(KtAllocate(&(PVOID){(PVOID)0x80000000}, 1, MEM_RESERVE, PAGE_READWRITE),
        STATUS_INVALID_PARAMETER_2);
    ok_status(KtAllocate(&(PVOID){(PVOID)0x1000}, 1, MEM_RESERVE, PAGE_READWRITE),
        STATUS_INVALID_PARAMETER_2);
    ok_status(KtAllocate(&Base, 0x7FFF0000, MEM_RESERVE, PAGE_READWRITE), STATUS_NO_MEMORY);
    ok_status(NtAllocateVirtualMemory(KtSelf, &Base, 22, &Size, MEM_RESERVE, PAGE_READWRITE),
        STATUS_INVALID_PARAMETER_3);
    ok_status(KtAllocate(&Odd, 1, MEM_COMMIT, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
    ok_status(KtAllocate(&Odd, 1, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS);
    ok_eq(Odd, 0x30000000);
    ok_status(KtFree((PVOID)0x30001000, 0, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
    ok_status(KtFree(Odd, 0x3000, MEM_RELEASE), STATUS_UNABLE_TO_FREE_VM);
    ok_status(KtFree(Odd, 0, MEM_RELEASE | MEM_DECOMMIT), STATUS_INVALID_PARAMETER_4);
    ok_status(KtFree(Odd, 0, MEM_RELEASE), STATUS_SUCCESS);
    ok_status(KtFree(Odd, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED);
}

START_TEST(mm_commit, "commit, touch, decommit, split")
{
    UCHAR Byte = 0x5A;
    ULONG Protect;
    PVOID Base = NULL;

    ok_status(KtAllocate(&Base, 0x10000, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS);
    PUCHAR Start = Base;
    ok(KiCopyToUser(Start, &Byte, 1) != 0, "reserved memory cannot be touched");
    Base = Start + 0x2000;
    ok_status(KtAllocate(&Base, 0x2000, MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    ok(KiCopyToUser(Start + 0x2FFF, &Byte, 1) == 0, "committed memory can");
    ok(KiCopyFromUser(&Byte, Start + 0x3000, 1) == 0 && Byte == 0, "and is zero");
    ok_eq(KtQueryState(Start, &Protect), MEM_RESERVE);
    ok_eq(KtQueryState(Start + 0x3000, &Protect), MEM_COMMIT);
    ok_eq(Protect, PAGE_READWRITE);
    ok_status(KtFree(Start + 0x2000, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS);
    ok(KiCopyFromUser(&Byte, Start + 0x2000, 1) != 0, "decommitted memory cannot");
    ok_status(KtFree(Start + 0x4000, 0x4000, MEM_RELEASE), STATUS_SUCCESS);
    ok_eq(KtQueryState(Start + 0x4000, &Protect), MEM_FREE);
    ok_status(KtFree(Start, 0, MEM_RELEASE), STATUS_SUCCESS);
    ok_status(KtFree(Start + 0x8000, 0, MEM_RELEASE), STATUS_SUCCESS);

    Base = NULL; /* committed as a whole: decommitting needs entries of its own */
    ok_status(KtAllocate(&Base, 0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    ok_status(KtFree((PUCHAR)Base + 0x1000, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS);
    ok_eq(KtQueryState((PUCHAR)Base + 0x1000, &Protect), MEM_RESERVE);
    ok_eq(KtQueryState((PUCHAR)Base + 0x2000, &Protect), MEM_COMMIT);
    ok_status(KtFree(Base, 0, MEM_RELEASE), STATUS_SUCCESS);
}

static NTSTATUS KtProtect(PVOID Base, SIZE_T Size, ULONG Protect, PULONG Old)
{
    return NtProtectVirtualMemory(KtSelf, &Base, &Size, Protect, Old);
}

START_TEST(mm_protect, "NtProtectVirtualMemory: read-only, no access, guard")
{
    UCHAR Byte = 0x5A;
    ULONG Old = 0;
    PVOID Base = NULL;

    ok_status(KtAllocate(&Base, 0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    PUCHAR Start = Base;
    ok(KiCopyToUser(Start, &Byte, 1) == 0, "writable");
    ok_status(KtProtect(Start, 1, PAGE_READONLY, &Old), STATUS_SUCCESS);
    ok_eq(Old, PAGE_READWRITE);
    ok(KiCopyToUser(Start, &Byte, 1) != 0, "then read-only");
    ok_status(KtProtect(Start, 0x2000, PAGE_NOACCESS, &Old), STATUS_SUCCESS);
    ok_eq(Old, PAGE_READONLY);
    ok(KiCopyFromUser(&Byte, Start, 1) != 0, "then neither");
    ok_status(KtProtect(Start, 0x2000, PAGE_READWRITE | PAGE_GUARD, &Old), STATUS_SUCCESS);
    ok(KiCopyFromUser(&Byte, Start, 1) != 0, "a guard page catches the first touch");
    ok(KiCopyFromUser(&Byte, Start, 1) == 0 && Byte == 0x5A, "only, and kept its contents");
    ok_status(KtProtect(Start, 0x5000, PAGE_READONLY, &Old), STATUS_CONFLICTING_ADDRESSES);
    ok_status(KtProtect(Start, 1, PAGE_WRITECOPY, &Old), STATUS_INVALID_PARAMETER_4);
    ok_status(KtProtect(Start, 1, 0x300, &Old), STATUS_INVALID_PAGE_PROTECTION);
    ok_status(KtFree(Start, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS);
    ok_status(KtProtect(Start, 0x2000, PAGE_READONLY, &Old), STATUS_NOT_COMMITTED);
    ok_status(KtFree(Start, 0, MEM_RELEASE), STATUS_SUCCESS);
}

START_TEST(mm_commit_fault, "each failed acquisition of allocate and touch leaves nothing behind")
{
    BOOLEAN Fired = TRUE;

    for (ULONG n = 1; Fired && n < 50; n++) {
        ULONG Free = MmQueryFreePages();
        ULONG Vads = KeGetCurrentProcess()->AddressSpace->VadCount;
        PVOID Base = NULL;

        KeArmFault(KeTraceBeginAttempt(), n);
        NTSTATUS Status = KtAllocate(&Base, 0x400000, MEM_RESERVE, PAGE_READWRITE);
        if (NT_SUCCESS(Status)) {
            PVOID Part = Base;

            (void)KtAllocate(&Part, 0x300000, MEM_COMMIT, PAGE_READWRITE);
            (void)KiCopyToUser(Base, "x", 1);
        }
        Fired = KeDisarmFault() >= n;
        if (NT_SUCCESS(Status)) {
            ok_status(KtFree(Base, 0, MEM_RELEASE), STATUS_SUCCESS);
        }
        ok_eq(KeGetCurrentProcess()->AddressSpace->VadCount, Vads);
        ok(MmQueryFreePages() == Free, "fault %u: %u pages free, were %u", n, MmQueryFreePages(),
            Free);
    }
    ok(!Fired, "the sweep came to its end");
}

START_TEST(mm_stack_growth, "a user stack grows by its guard page and overflows with a status")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\stack.exe");
}
