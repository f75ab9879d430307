/* SPDX-License-Identifier: MIT */
/*
 * MmInitSystem: from the loader's list of memory and its provisional tables to
 * page frames, the kernel's own page tables and pool.
 *
 * Everything permanent is cut from one piece of memory behind the kernel: the
 * page directories, the tables over the kernel image, the page frame database.
 * What it maps is in docs/memory-map.md; next to read: pfn.c.
 */
#include "hal.h"
#include "mm/mi.h"

#define MI_LOW_MEMORY     0x100000u /* firmware's: stays reserved */
#define MI_MINIMUM_PAGES  1536u     /* free after boot, or there is no point */
#define MI_KPCR_TABLE     (KIP0PCRADDRESS & ~(MI_TABLE_SPAN - 1))

/* linker.ld */
extern UCHAR KiTextStart[], KiTextEnd[], KiRodataEnd[], KiKernelEnd[];

ULONG MiNxHigh;
ULONG MiGlobal;
PMMPTE MiKernelDirectory;
PMMPTE MiBootDirectories[4];
uint64_t MiBootPointers[4] __attribute__((aligned(32)));
PFN_NUMBER MiSharedUserPage;

/* The piece of memory that permanent structures are cut from; physical pages. */
static PFN_NUMBER MiBootNext;
static PFN_NUMBER MiBootFirst;

/* The part of a range that we can use, in pages: [*First, *End). */
static void MiClipRange(const BOOT_MEMORY_RANGE *Range, PFN_NUMBER *First, PFN_NUMBER *End)
{
    uint64_t Base = Range->Base < MI_LOW_MEMORY ? MI_LOW_MEMORY : Range->Base;
    uint64_t Limit = Range->Base + Range->Length;

    if (Limit > (uint64_t)MI_DIRECT_PAGES << PAGE_SHIFT) {
        Limit = (uint64_t)MI_DIRECT_PAGES << PAGE_SHIFT;
    }
    *First = (PFN_NUMBER)((Base + PAGE_SIZE - 1) >> PAGE_SHIFT);
    *End = (PFN_NUMBER)(Limit >> PAGE_SHIFT);
    if (*End < *First) {
        *End = *First;
    }
}

static void MiCountMemory(const LOADER_PARAMETER_BLOCK *Loader)
{
    uint64_t Ignored = 0;

    for (ULONG i = 0; i < Loader->RangeCount; i++) {
        const BOOT_MEMORY_RANGE *Range = &Loader->Ranges[i];
        PFN_NUMBER First, End;

        MiClipRange(Range, &First, &End);
        MiTotalPages += End - First;
        if (End > MiHighestPage + 1 && End > First) {
            MiHighestPage = End - 1;
        }
        if (Range->Base >= MI_LOW_MEMORY) {
            Ignored += (Range->Length >> PAGE_SHIFT) - (End - First);
        }
    }
    if (Ignored >> 8 != 0) {
        KePrint("Nascent: %u MiB of memory are beyond the first %u MiB and stay unused.\n",
            (ULONG)(Ignored >> 8), MI_DIRECT_PAGES >> 8);
    }
}

static PFN_NUMBER MiRamdiskEnd(const LOADER_PARAMETER_BLOCK *Loader)
{
    return BYTES_TO_PAGES(Loader->RamdiskStart + Loader->RamdiskSize);
}

/* A page that the kernel image, the ramdisk or a permanent structure lies in? */
static BOOLEAN MiIsOccupied(const LOADER_PARAMETER_BLOCK *Loader, PFN_NUMBER Page)
{
    ULONG Address = Page << PAGE_SHIFT;

    return (Address >= Loader->KernelStart && Address < Loader->KernelEnd) ||
           (Page >= MiBootFirst && Page < MiBootNext) ||
           (Loader->RamdiskSize != 0 && Page >= Loader->RamdiskStart >> PAGE_SHIFT &&
               Page < MiRamdiskEnd(Loader));
}

/* Finds Count pages behind the kernel that nothing occupies. */
static BOOLEAN MiFindBootMemory(const LOADER_PARAMETER_BLOCK *Loader, ULONG Count)
{
    for (ULONG i = 0; i < Loader->RangeCount; i++) {
        PFN_NUMBER First, End;

        MiClipRange(&Loader->Ranges[i], &First, &End);
        for (PFN_NUMBER Page = First, Run = 0; Page < End; Page++) {
            Run = MiIsOccupied(Loader, Page) ? 0 : Run + 1;
            if (Run == Count) {
                MiBootFirst = MiBootNext = Page + 1 - Count;
                return TRUE;
            }
        }
    }
    return FALSE;
}

static PVOID MiCutBootPages(ULONG Count)
{
    PVOID Memory = MmMapPage(MiBootNext);

    MiBootNext += Count;
    RtlZeroMemory(Memory, Count << PAGE_SHIFT);
    return Memory;
}

/* A directory entry of a kernel page table; the pages' own entries restrict further. */
static void MiLinkTable(PMMPTE Pde, PCVOID Table)
{
    MiWritePte(Pde, MmGetPhysicalAddress(Table) | MI_VALID | MI_WRITE | MI_ACCESSED, 0);
}

static void MiMapKernelPage(PMMPTE Pte, ULONG Physical, BOOLEAN Writable, BOOLEAN Executable)
{
    MiWritePte(Pte, Physical | MI_VALID | MI_ACCESSED | MiGlobal |
        (Writable ? MI_WRITE | MI_DIRTY : 0), Executable ? 0 : MiNxHigh);
}

/* One page of the image's share of the direct map, by what the linker put there. */
static void MiMapImagePage(PMMPTE Pte, ULONG Physical)
{
    PUCHAR Va = (PUCHAR)KERNEL_BASE + Physical;
    BOOLEAN Text = Va >= KiTextStart && Va < KiTextEnd;
    BOOLEAN Constant = Va >= KiTextEnd && Va < KiRodataEnd;

    MiMapKernelPage(Pte, Physical, !Text && !Constant, Text);
}

/* The direct map: small pages up to the image's end, large ones from there. */
static void MiBuildDirectMap(void)
{
    ULONG Small = (MmGetPhysicalAddress(KiKernelEnd) + MI_TABLE_SPAN - 1) / MI_TABLE_SPAN;
    ULONG Count = (MiHighestPage + MI_PTE_COUNT) / MI_PTE_COUNT;

    for (ULONG i = 0; i < Small || i < Count; i++) {
        PMMPTE Pde = &MiKernelDirectory[i];

        if (i >= Small) {
            MiWritePte(Pde, i * MI_TABLE_SPAN | MI_VALID | MI_WRITE | MI_ACCESSED | MI_DIRTY |
                MI_LARGE | MiGlobal, MiNxHigh);
            continue;
        }
        MiLinkTable(Pde, MiCutBootPages(1));
        for (ULONG j = 0; j < MI_PTE_COUNT; j++) {
            MiMapImagePage(&MiTableOf(Pde)[j], i * MI_TABLE_SPAN + (j << PAGE_SHIFT));
        }
    }
}

/* The fourth directory: page tables seen as memory, KPCR and the shared page. */
static void MiBuildTopDirectory(void)
{
    PMMPTE Directory = MiBootDirectories[3];
    PMMPTE Table = MiCutBootPages(1);

    for (ULONG i = 0; i < 4; i++) {
        MiWritePte(&Directory[i], MmGetPhysicalAddress(MiBootDirectories[i]) | MI_VALID |
            MI_WRITE | MI_ACCESSED | MI_DIRTY, MiNxHigh);
    }
    MiLinkTable(&Directory[MiPdeIndex(MI_KPCR_TABLE)], Table);
    MiMapKernelPage(&Table[MiPteIndex(KIP0PCRADDRESS)], MmGetPhysicalAddress(KeGetPcr()), TRUE,
        FALSE);
    MiSharedUserPage = MmGetPhysicalAddress(MiCutBootPages(1)) >> PAGE_SHIFT;
    MiMapKernelPage(&Table[MiPteIndex(KI_USER_SHARED_DATA)], MiSharedUserPage << PAGE_SHIFT, TRUE,
        FALSE);
}

static void MiBuildKernelTables(void)
{
    MiNxHigh = (HalCpuFeatures & HAL_CPU_NX) ? MI_NX_HIGH : 0;
    MiGlobal = (HalCpuFeatures & HAL_CPU_PGE) ? MI_GLOBAL : 0;
    for (ULONG i = 0; i < 4; i++) {
        MiBootDirectories[i] = MiCutBootPages(1);
        MiBootPointers[i] = MmGetPhysicalAddress(MiBootDirectories[i]) | MI_VALID;
    }
    MiKernelDirectory = MiBootDirectories[2];
    MiBuildDirectMap();
    MiBuildTopDirectory();
    MiLoadPageTables(MmGetPhysicalAddress(MiBootPointers));
    KeSetFaultDirectory(MmGetPhysicalAddress(MiBootPointers));
}

/* All pages start as reserved; what is memory and nobody's goes to the free list. */
static void MiBuildFreeList(const LOADER_PARAMETER_BLOCK *Loader)
{
    for (ULONG i = Loader->RangeCount; i-- > 0;) {
        PFN_NUMBER First, End;

        MiClipRange(&Loader->Ranges[i], &First, &End);
        while (End-- > First) { /* from the top, so that low pages are used first */
            if (!MiIsOccupied(Loader, End)) {
                MiAddFreePage(End);
            }
        }
    }
}

/* Permanent pages: directories, tables (image and FFC00000), shared page, database. */
static ULONG MiCountBootPages(void)
{
    return 4 + (MmGetPhysicalAddress(KiKernelEnd) + MI_TABLE_SPAN - 1) / MI_TABLE_SPAN + 2 +
           BYTES_TO_PAGES((MiHighestPage + 1) * sizeof(MMPFN)) + KasanShadowPages(MiHighestPage);
}

NTSTATUS MmInitSystem(PLOADER_PARAMETER_BLOCK Loader)
{
    MiCountMemory(Loader);
    if (MiRamdiskEnd(Loader) > MI_DIRECT_PAGES ||
        !MiFindBootMemory(Loader, MiCountBootPages())) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MiBuildKernelTables();
    MiPfnDatabase = MiCutBootPages(BYTES_TO_PAGES((MiHighestPage + 1) * sizeof(MMPFN)));
    KasanInitialize(MiCutBootPages(KasanShadowPages(MiHighestPage)), MiHighestPage);
    MiBuildFreeList(Loader);
    MiInitializePool();
    return MmQueryFreePages() < MI_MINIMUM_PAGES ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}
