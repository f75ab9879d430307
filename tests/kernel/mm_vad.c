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
