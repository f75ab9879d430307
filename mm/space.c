/* SPDX-License-Identifier: MIT */
/*
 * Address spaces from birth to death: page directories, the shared user page, the
 * program's image, and the end of it all.
 *
 * Of the four directories a process shares the kernel's (80000000) and has its own
 * of the user half; the fourth (C0000000) differs only in its self-map.
 */
#include "mm/mi.h"

#define POINTERS_TAG POOL_TAG('M', 'm', 'P', 'd')
#define MI_POINTERS_SIZE 32u /* four entries; must be aligned to the same */

/* Directories a process owns, by index: 0, 1 and 3. */
static const UCHAR MiOwnDirectories[] = {0, 1, 3};

static PMMPTE MiDirectory(const MM_ADDRESS_SPACE *Space, ULONG Index)
{
    return MmMapPage(Space->Directories[Index]);
}

/* The fourth directory: the boot one's upper end, and the self-map. */
static void MiFillTopDirectory(PMM_ADDRESS_SPACE Space)
{
    PMMPTE Directory = MiDirectory(Space, 3);
    ULONG Shared = MiPdeIndex(KIP0PCRADDRESS);

    Directory[Shared] = MiBootDirectories[3][Shared];
    for (ULONG i = 0; i < 4; i++) {
        MiWritePte(&Directory[i], Space->Directories[i] << PAGE_SHIFT | MI_VALID | MI_WRITE |
            MI_ACCESSED | MI_DIRTY, MiNxHigh);
    }
}

static void MiReleaseDirectories(PMM_ADDRESS_SPACE Space)
{
    for (ULONG i = 0; i < ARRAYSIZE(MiOwnDirectories); i++) {
        ULONG Index = MiOwnDirectories[i];

        if (Space->Directories[Index] == 0) {
            continue;
        }
        if (Index == 3) {
            RtlZeroMemory(MiDirectory(Space, 3), 4 * sizeof(MMPTE));
            MiDirectory(Space, 3)[MiPdeIndex(KIP0PCRADDRESS)].Long = 0;
        }
        MiReleaseZeroedPage(Space->Directories[Index]); /* its tables are gone already */
        Space->Directories[Index] = 0;
    }
    ExFreePoolWithTag(Space->DirectoryMemory, POINTERS_TAG);
    Space->DirectoryMemory = NULL;
}

static void MiInitializeSpace(PMM_ADDRESS_SPACE Space)
{
    *Space = (MM_ADDRESS_SPACE){.PageCount = 0};
    KeInitializeGuardedMutex(&Space->Lock, LockLevelAddressSpace);
    MiInitializeVads(Space);
}

NTSTATUS MmCreateProcessAddressSpace(PMM_ADDRESS_SPACE Space, PULONG Cr3)
{
    uint64_t *Pointers;

    MiInitializeSpace(Space);
    Space->DirectoryMemory = ExAllocatePoolZero(
        NonPagedPool, 2 * MI_POINTERS_SIZE - sizeof(uint64_t), POINTERS_TAG);
    if (Space->DirectoryMemory == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Space->Directories[2] = MmGetPhysicalAddress(MiKernelDirectory) >> PAGE_SHIFT;
    for (ULONG i = 0; i < ARRAYSIZE(MiOwnDirectories); i++) {
        PFN_NUMBER Page = MmAllocateZeroedPage();

        if (Page == 0) {
            MiReleaseDirectories(Space);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Space->Directories[MiOwnDirectories[i]] = Page;
    }
    MiFillTopDirectory(Space);
    Pointers = (uint64_t *)ALIGN_UP_BY(Space->DirectoryMemory, MI_POINTERS_SIZE);
    for (ULONG i = 0; i < 4; i++) {
        Pointers[i] = Space->Directories[i] << PAGE_SHIFT | MI_VALID;
    }
    Space->Cr3 = *Cr3 = MmGetPhysicalAddress(Pointers);
    Space->KeepTables = TRUE;
    KeTrace(TraceMmAddressSpace, *Cr3);
    return STATUS_SUCCESS;
}

void MmInitializeSystemAddressSpace(PMM_ADDRESS_SPACE Space, PULONG Cr3)
{
    MiInitializeSpace(Space);
    for (ULONG i = 0; i < 4; i++) {
        Space->Directories[i] = MmGetPhysicalAddress(MiBootDirectories[i]) >> PAGE_SHIFT;
    }
    Space->Cr3 = *Cr3 = MmGetPhysicalAddress(MiBootPointers);
}

/* KUSER_SHARED_DATA as user mode sees it; without a VAD, so that nobody moves it. */
static NTSTATUS MiMapSharedUserPage(PMM_ADDRESS_SPACE Space)
{
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
    PMMPTE Pte;

    KeAcquireGuardedMutex(&Space->Lock);
    Pte = MiCreatePte(Space, MM_SHARED_USER_DATA_VA);
    if (Pte != NULL) {
        MiSetValidPte(Pte, MiSharedUserPage, 0);
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

NTSTATUS MmInitializeProcessAddressSpace(PKPROCESS Process, PSECTION Section, PVOID *ImageBase)
{
    SIZE_T ViewSize = 0;
    NTSTATUS Status = MiMapSharedUserPage(Process->AddressSpace);

    *ImageBase = NULL;
    if (NT_SUCCESS(Status) && Section != NULL) {
        Status = MmMapViewOfSection(Section, Process, ImageBase, 0, 0, NULL, &ViewSize, ViewUnmap,
            0, PAGE_EXECUTE);
        KeTrace(TraceMmImageMapped, TraceP(*ImageBase), (__force ULONG)Status);
    }
    return Status;
}

ULONG MmCleanProcessAddressSpace(PKPROCESS Process)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    PRTL_AVL_NODE Node;
    ULONG Pages;

    KeAcquireGuardedMutex(&Space->Lock);
    Pages = Space->PageCount;
    if (!Space->Deleted && Space->Cr3 != 0) {
        Space->Deleted = TRUE;
        Space->KeepTables = FALSE;
        Space->SpareTeb = NULL;
        while ((Node = RtlAvlFirst(&Space->VadRoot)) != NULL) {
            MiDeleteVad(Space, CONTAINING_RECORD(Node, MMVAD, Node));
        }
        MiDeletePtes(Space, MM_SHARED_USER_DATA_VA, MM_SHARED_USER_DATA_VA);
        MiDeleteEmptyTables(Space, 0, MM_HIGHEST_USER_ADDRESS);
        ASSERT(Space->PageCount == 0);
        KeTrace(TraceMmCleaned, Pages);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Pages;
}

/* Runs in some other address space, after the last thread and the last attach. */
void MmDeleteProcessAddressSpace(PMM_ADDRESS_SPACE Space)
{
    if (Space->DirectoryMemory != NULL) {
        ASSERT(Space->VadCount == 0);
        MiReleaseDirectories(Space);
        Space->Cr3 = 0;
    }
}
