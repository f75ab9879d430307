/* SPDX-License-Identifier: MIT */
/*
 * PEB and TEB: one page each at the top of the user half, from 7FFDF000 down (NT
 * 5.2 SP1 varies the place; Nascent does not).  They are filled through the direct
 * map before they are mapped, so the creator need not attach to the process.
 */
#include "mm/mi.h"

#define MI_OS_MAJOR    5
#define MI_OS_MINOR    2
#define MI_OS_BUILD    3790
#define MI_OS_CSD      0x100 /* service pack 1 */
#define MI_OS_PLATFORM 2     /* VER_PLATFORM_WIN32_NT */
#define MI_TEB_VERSION 0x1E00
#define MI_THIRTY_DAYS (30ll * 24 * 3600 * 10000000) /* in 100 ns */

static __attribute__((noinline)) PMMVAD MiMakeEnvironmentVad(PMM_ADDRESS_SPACE Space)
{
    MMVAD Model = {.Type = VadPrivate, .Protection = MI_WRITABLE, .NoChange = TRUE};

    Model.Start = MiFindFreeRange(Space, PAGE_SIZE, MI_HIGHEST_VAD_ADDRESS, TRUE, PAGE_SIZE);
    Model.End = Model.Start + PAGE_SIZE - 1;
    return Model.Start == 0 ? NULL : MiInsertVad(Space, &Model);
}

/* The place of the last thread that ended, or else the highest free one; NULL: none. */
static PMMVAD MiTakeEnvironmentVad(PMM_ADDRESS_SPACE Space)
{
    PMMVAD Vad = Space->SpareTeb;

    if (Vad != NULL) {
        Space->SpareTeb = NULL;
        return Vad;
    }
    return MiMakeEnvironmentVad(Space);
}

/* Maps Page, whose reference it takes over on success. */
static NTSTATUS MiMapEnvironmentPage(PMM_ADDRESS_SPACE Space, PFN_NUMBER Page, ULONG_PTR *Va)
{
    PMMVAD Vad;
    PMMPTE Pte;

    if (Space->Deleted) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    Vad = MiTakeEnvironmentVad(Space);
    if (Vad == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Va = Vad->Start;
    Pte = MiCreatePte(Space, *Va);
    if (Pte == NULL) {
        MiDeleteVad(Space, Vad);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Vad->MemCommit = TRUE;
    Space->PageCount++;
    MiSetValidPte(Pte, Page, MI_WRITABLE);
    return STATUS_SUCCESS;
}

/* What a PEB says that is the same in all processes. */
static void MiFillPebDefaults(PPEB Peb)
{
    Peb->Mutant = (HANDLE)(LONG_PTR)-1;
    Peb->NumberOfProcessors = KeNumberProcessors;
    Peb->CriticalSectionTimeout.QuadPart = -MI_THIRTY_DAYS;
    Peb->HeapSegmentReserve = 0x100000;
    Peb->HeapSegmentCommit = 0x2000;
    Peb->HeapDeCommitTotalFreeThreshold = 0x10000;
    Peb->HeapDeCommitFreeBlockThreshold = 0x1000;
    Peb->MaximumNumberOfHeaps = (PAGE_SIZE - sizeof(PEB)) / sizeof(PVOID);
    Peb->OSMajorVersion = MI_OS_MAJOR;
    Peb->OSMinorVersion = MI_OS_MINOR;
    Peb->OSBuildNumber = MI_OS_BUILD;
    Peb->OSCSDVersion = MI_OS_CSD;
    Peb->OSPlatformId = MI_OS_PLATFORM;
}

/* What the image says; Win32VersionValue lets it claim another version of NT. */
static void MiFillPebFromImage(PPEB Peb, const CONTROL_AREA *Image)
{
    ULONG Version = Image->Win32Version;

    Peb->ImageSubsystem = Image->Information.SubSystemType;
    Peb->ImageSubsystemMajorVersion = Image->Information.SubSystemMajorVersion;
    Peb->ImageSubsystemMinorVersion = Image->Information.SubSystemMinorVersion;
    if (Version != 0) {
        Peb->OSMajorVersion = Version & 0xFF;
        Peb->OSMinorVersion = Version >> 8 & 0xFF;
        Peb->OSBuildNumber = Version >> 16 & 0x3FFF;
        Peb->OSPlatformId = (Version >> 30) ^ 2;
    }
}

NTSTATUS MmCreatePeb(
    PKPROCESS Process, const MM_PEB_PARAMETERS *Parameters, PEB __user **UserPeb)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    PFN_NUMBER Page = MmAllocateZeroedPage();
    PPEB Peb = MmMapPage(Page);
    ULONG_PTR Va;
    NTSTATUS Status;

    if (Page == 0) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MiFillPebDefaults(Peb);
    if (Parameters->Section != NULL && Parameters->Section->ControlArea->IsImage) {
        MiFillPebFromImage(Peb, Parameters->Section->ControlArea);
    }
    Peb->ImageBaseAddress = Parameters->ImageBaseAddress;
    Peb->BeingDebugged = Parameters->BeingDebugged;
    Peb->SessionId = Parameters->SessionId;
    KeAcquireGuardedMutex(&Space->Lock);
    Status = MiMapEnvironmentPage(Space, Page, &Va);
    if (NT_SUCCESS(Status)) {
        Peb->ProcessHeaps = (PVOID *)(Va + sizeof(PEB));
    }
    KeReleaseGuardedMutex(&Space->Lock);
    if (!NT_SUCCESS(Status)) {
        MmReleasePage(Page);
        return Status;
    }
    *UserPeb = (__force PEB __user *)Va;
    KeTrace(TraceMmPeb, Va);
    return STATUS_SUCCESS;
}

static void MiFillTeb(
    PTEB Teb, const INITIAL_TEB *Initial, const CLIENT_ID *ClientId, PEB __user *Peb)
{
    Teb->NtTib.ExceptionList = (PVOID)(LONG_PTR)-1;
    Teb->NtTib.Version = MI_TEB_VERSION;
    Teb->ClientId = Teb->RealClientId = *ClientId;
    Teb->ProcessEnvironmentBlock = (__force PPEB)Peb;
    Teb->StaticUnicodeString.MaximumLength = sizeof(Teb->StaticUnicodeBuffer);
    if (Initial->PreviousStackBase != NULL && Initial->PreviousStackLimit != NULL) {
        Teb->NtTib.StackBase = Initial->PreviousStackBase;
        Teb->NtTib.StackLimit = Initial->PreviousStackLimit;
    } else {
        Teb->NtTib.StackBase = Initial->StackBase;
        Teb->NtTib.StackLimit = Initial->StackLimit;
        Teb->DeallocationStack = Initial->AllocatedStackBase;
    }
}

/* Fields that hold the TEB's own address. */
static void MiFillTebAddresses(PTEB Teb, ULONG_PTR Va)
{
    Teb->NtTib.Self = (PNT_TIB)Va;
    Teb->StaticUnicodeString.Buffer = (PWSTR)(Va + offsetof(TEB, StaticUnicodeBuffer));
}

NTSTATUS MmCreateTeb(PKPROCESS Process, const INITIAL_TEB *InitialTeb, const CLIENT_ID *ClientId,
    PEB __user *Peb, TEB __user **UserTeb)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    PFN_NUMBER Page = MmAllocateZeroedPage();
    PTEB Teb = MmMapPage(Page);
    ULONG_PTR Va;
    NTSTATUS Status;

    if (Page == 0) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MiFillTeb(Teb, InitialTeb, ClientId, Peb);
    KeAcquireGuardedMutex(&Space->Lock);
    Status = MiMapEnvironmentPage(Space, Page, &Va);
    if (NT_SUCCESS(Status)) {
        MiFillTebAddresses(Teb, Va);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    if (!NT_SUCCESS(Status)) {
        MmReleasePage(Page);
        return Status;
    }
    *UserTeb = (__force TEB __user *)Va;
    KeTrace(TraceMmTeb, Va);
    return STATUS_SUCCESS;
}

void MmDeleteTeb(PKPROCESS Process, TEB __user *Teb)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    PMMVAD Vad;

    KeAcquireGuardedMutex(&Space->Lock);
    Vad = MiFindVad(Space, (__force ULONG_PTR)Teb);
    if (Vad != NULL && Vad->NoChange) {
        if (Space->SpareTeb == NULL) {
            MiEmptyPte(Space, Vad->Start, MiLookupPte(Space, Vad->Start)); /* its table stays */
            Vad->MemCommit = FALSE;
            Space->SpareTeb = Vad;
        } else {
            MiDeleteVad(Space, Vad);
        }
        KeTrace(TraceMmTebGone, (__force ULONG)Teb);
    }
    KeReleaseGuardedMutex(&Space->Lock);
}
