/* SPDX-License-Identifier: MIT */
/*
 * memory.exe: virtual memory as programs see it.  subsystem: native
 */
#include "tests/user/ktap.h"

#define PAGES(Count) ((SIZE_T)(Count) * PAGE_SIZE)

static PVOID Allocate(SIZE_T Size, ULONG Type, ULONG Protect, NTSTATUS Expected, PCSTR Name)
{
    PVOID Base = NULL;
    NTSTATUS Status =
        NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, Type, Protect);

    (void)KtapStatus(Status, Expected, Name);
    return Base;
}

static NTSTATUS Free(PVOID Base, SIZE_T Size, ULONG Type)
{
    return NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, Type);
}

static MEMORY_BASIC_INFORMATION Query(PVOID Address)
{
    MEMORY_BASIC_INFORMATION Information = {0};

    (void)NtQueryVirtualMemory(NtCurrentProcess(), Address, MemoryBasicInformation, &Information,
        sizeof(Information), NULL);
    return Information;
}

/* Whether the kernel can write there on our behalf, which asks the same page tables. */
static NTSTATUS TryWrite(PVOID Address)
{
    ULONG Value = 0x12345678;

    return NtWriteVirtualMemory(NtCurrentProcess(), Address, &Value, sizeof(Value), NULL);
}

static NTSTATUS TryRead(PVOID Address)
{
    ULONG Value;

    return NtReadVirtualMemory(NtCurrentProcess(), Address, &Value, sizeof(Value), NULL);
}

static void TestReserveAndCommit(void)
{
    PUCHAR Base = Allocate(PAGES(20), MEM_RESERVE, PAGE_READWRITE, STATUS_SUCCESS, "reserve");
    PVOID Commit = Base + PAGES(1);
    SIZE_T Size = PAGES(2);
    MEMORY_BASIC_INFORMATION Information = Query(Base);

    (void)KtapEqual((ULONG_PTR)Base & 0xFFFF, 0, "on a boundary of 64 KiB");
    (void)KtapEqual(Information.State, MEM_RESERVE, "it is reserved");
    (void)KtapEqual(Information.RegionSize, PAGES(20), "20 pages of it");
    (void)KtapCheck(!NT_SUCCESS(TryRead(Base)), "and cannot be read");
    (void)KtapStatus(NtAllocateVirtualMemory(
                         NtCurrentProcess(), &Commit, 0, &Size, MEM_COMMIT, PAGE_READWRITE),
        STATUS_SUCCESS, "commit two pages");
    (void)KtapEqual(*(volatile ULONG *)(Base + PAGES(1)), 0, "they are zero");
    *(volatile ULONG *)(Base + PAGES(2)) = 5;
    Information = Query(Base + PAGES(1));
    (void)KtapEqual(Information.RegionSize, PAGES(2), "a region of two pages");
    (void)KtapEqual((ULONG_PTR)Information.AllocationBase, (ULONG_PTR)Base, "of this allocation");
    (void)KtapStatus(Free(Base + PAGES(2), PAGES(1), MEM_DECOMMIT), STATUS_SUCCESS, "decommit");
    (void)KtapCheck(!NT_SUCCESS(TryRead(Base + PAGES(2))), "it is gone");
    (void)KtapStatus(Free(Base, 0, MEM_RELEASE), STATUS_SUCCESS, "release");
    (void)KtapEqual(Query(Base).State, MEM_FREE, "it is free");
    (void)KtapStatus(Free(Base, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED, "release again");
}

static void TestProtection(void)
{
    PVOID Base = Allocate(
        PAGES(2), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, STATUS_SUCCESS, "two pages");
    PVOID Start = Base;
    SIZE_T Size = 1;
    ULONG Old = 0;

    *(volatile ULONG *)Base = 1;
    (void)KtapStatus(
        NtProtectVirtualMemory(NtCurrentProcess(), &Start, &Size, PAGE_READONLY, &Old),
        STATUS_SUCCESS, "protect one byte");
    (void)KtapEqual(Size, PAGE_SIZE, "which is one page");
    (void)KtapEqual(Old, PAGE_READWRITE, "that was PAGE_READWRITE");
    (void)KtapCheck(!NT_SUCCESS(TryWrite(Base)), "it cannot be written");
    (void)KtapStatus(TryWrite((PUCHAR)Base + PAGES(1)), STATUS_SUCCESS, "the next one can");
    (void)KtapEqual(*(volatile ULONG *)Base, 1, "its contents stayed");
    (void)KtapStatus(NtProtectVirtualMemory(NtCurrentProcess(), &Start, &Size, 0x1234, &Old),
        STATUS_INVALID_PAGE_PROTECTION, "a protection that is none");
    (void)Free(Base, 0, MEM_RELEASE);
    (void)KtapStatus(
        NtProtectVirtualMemory(NtCurrentProcess(), &Start, &Size, PAGE_READONLY, &Old),
        STATUS_CONFLICTING_ADDRESSES, "protect free memory");
}

static void TestBadAllocations(void)
{
    PVOID Base;
    SIZE_T Size;

    (void)Allocate(0, MEM_COMMIT, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4, "no size");
    (void)Allocate(PAGES(1), 0, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5, "no type");
    (void)Allocate(
        PAGES(1), MEM_COMMIT, 0x1234, STATUS_INVALID_PAGE_PROTECTION, "no protection");
    (void)Allocate(
        0x7FFF0000, MEM_RESERVE, PAGE_READWRITE, STATUS_NO_MEMORY, "more than there is");
    Base = (PVOID)0x80000000;
    Size = PAGES(1);
    (void)KtapStatus(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE,
                         PAGE_READWRITE),
        STATUS_INVALID_PARAMETER_2, "in the kernel's half");
    Base = NtCurrentPeb()->ImageBaseAddress;
    (void)KtapStatus(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE,
                         PAGE_READWRITE),
        STATUS_CONFLICTING_ADDRESSES, "where the image is");
}

static void TestImage(void)
{
    PVOID Base = NtCurrentPeb()->ImageBaseAddress;
    MEMORY_BASIC_INFORMATION Information = Query(Base);

    (void)KtapEqual(Information.Type, MEM_IMAGE, "the image is MEM_IMAGE");
    (void)KtapEqual(Information.Protect, PAGE_READONLY, "its header is read-only");
    (void)KtapCheck(!NT_SUCCESS(TryWrite(Base)), "and cannot be written");
    (void)KtapCheck(
        !NT_SUCCESS(TryWrite((PVOID)(ULONG_PTR)NtTerminateProcess)), "nor can code");
    (void)KtapCheck(!NT_SUCCESS(TryWrite((PVOID)MM_SHARED_USER_DATA_VA)),
        "nor the page that is shared with the kernel");
    (void)KtapCheck(!NT_SUCCESS(TryRead(NULL)), "address 0 cannot be read");
    (void)KtapCheck(!NT_SUCCESS(TryRead((PVOID)0x80101000)), "nor can the kernel");
}

/* Two views of one section are the same memory. */
static void TestSection(void)
{
    LARGE_INTEGER Length = {.QuadPart = 0x20000};
    LARGE_INTEGER Offset = {.QuadPart = 0x10000};
    HANDLE Section = NULL;
    PVOID First = NULL;
    PVOID Second = NULL;
    SIZE_T Size = 0;

    (void)KtapStatus(NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, &Length, PAGE_READWRITE,
                         SEC_COMMIT, NULL),
        STATUS_SUCCESS, "a section of 128 KiB");
    (void)KtapStatus(NtMapViewOfSection(Section, NtCurrentProcess(), &First, 0, 0, NULL, &Size,
                         ViewUnmap, 0, PAGE_READWRITE),
        STATUS_SUCCESS, "map all of it");
    (void)KtapEqual(Size, 0x20000, "128 KiB are mapped");
    Size = 0;
    (void)KtapStatus(NtMapViewOfSection(Section, NtCurrentProcess(), &Second, 0, 0, &Offset,
                         &Size, ViewUnmap, 0, PAGE_READONLY),
        STATUS_SUCCESS, "map the second half");
    (void)KtapEqual(Size, 0x10000, "64 KiB are mapped");
    if (First != NULL && Second != NULL) {
        *(volatile ULONG *)((PUCHAR)First + 0x10000) = 0xCAFE;
        (void)KtapEqual(*(volatile ULONG *)Second, 0xCAFE, "both show the same page");
        (void)KtapCheck(!NT_SUCCESS(TryWrite(Second)), "one of them is read-only");
    }
    (void)NtClose(Section);
    (void)KtapStatus(
        NtUnmapViewOfSection(NtCurrentProcess(), First), STATUS_SUCCESS, "unmap one");
    (void)KtapStatus(NtUnmapViewOfSection(NtCurrentProcess(), First), STATUS_NOT_MAPPED_VIEW,
        "unmap it again");
    (void)KtapStatus(TryRead(Second), STATUS_SUCCESS, "the other outlives the handle");
    (void)NtUnmapViewOfSection(NtCurrentProcess(), Second);
}

/* Pages that were touched come back: none is lost to a thousand rounds. */
static void TestNothingLost(void)
{
    ULONG Before = 0;

    for (ULONG Round = 0; Round <= 1000; Round++) {
        PVOID Base = NULL;
        SIZE_T Size = PAGES(4);

        if (Round == 1) {
            Before = KtapCounters()->FreePages; /* the first may make page tables */
        }
        (void)NtAllocateVirtualMemory(
            NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        *(volatile ULONG *)Base = Round;
        (void)Free(Base, 0, MEM_RELEASE);
    }
    (void)KtapEqual(KtapCounters()->FreePages, Before, "1,000 rounds lose no page");
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    TestReserveAndCommit();
    TestProtection();
    TestBadAllocations();
    TestImage();
    TestSection();
    TestNothingLost();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
