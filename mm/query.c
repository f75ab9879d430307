/* SPDX-License-Identifier: MIT */
/*
 * NtQueryVirtualMemory: the run of pages around an address that have the same
 * state and protection and belong to the same allocation.
 */
#include "mm/mi.h"
#include "nt/native.h"

typedef struct _MI_PAGE_STATE {
    ULONG State;
    ULONG Protect;
} MI_PAGE_STATE;

static MI_PAGE_STATE MiStateOfPage(const MM_ADDRESS_SPACE *Space, PMMVAD Vad, ULONG_PTR Va)
{
    ULONG Protection;

    if (!MiQueryPage(Vad, Va, MiLookupPte(Space, Va), &Protection)) {
        return (MI_PAGE_STATE){MEM_RESERVE, 0};
    }
    return (MI_PAGE_STATE){MEM_COMMIT, MiProtectionToWin32(Protection)};
}

/* In a free stretch: up to the next VAD, the shared page or the end of user memory. */
static void MiQueryFree(
    const MM_ADDRESS_SPACE *Space, ULONG_PTR Va, PMEMORY_BASIC_INFORMATION Information)
{
    PMMVAD Next = MiNextVad(Space, Va);
    ULONG_PTR End = Next != NULL ? Next->Start
                                 : Va < MM_SHARED_USER_DATA_VA ? MM_SHARED_USER_DATA_VA
                                                               : MM_USER_PROBE_ADDRESS;

    Information->RegionSize = End - Va;
    Information->State = MEM_FREE;
    Information->Protect = PAGE_NOACCESS;
}

static void MiQuerySharedPage(PMEMORY_BASIC_INFORMATION Information)
{
    Information->AllocationBase = (PVOID)MM_SHARED_USER_DATA_VA;
    Information->AllocationProtect = PAGE_READONLY;
    Information->RegionSize = PAGE_SIZE;
    Information->State = MEM_COMMIT;
    Information->Protect = PAGE_READONLY;
    Information->Type = MEM_PRIVATE;
}

static void MiQueryVad(const MM_ADDRESS_SPACE *Space, PMMVAD Vad, ULONG_PTR Va,
    PMEMORY_BASIC_INFORMATION Information)
{
    static const ULONG Types[] = {
        [VadPrivate] = MEM_PRIVATE, [VadImage] = MEM_IMAGE, [VadData] = MEM_MAPPED};
    MI_PAGE_STATE First = MiStateOfPage(Space, Vad, Va);
    ULONG_PTR End = Va + PAGE_SIZE;

    while (End < Vad->End) {
        MI_PAGE_STATE Next = MiStateOfPage(Space, Vad, End);

        if (Next.State != First.State || Next.Protect != First.Protect) {
            break;
        }
        End += PAGE_SIZE;
    }
    Information->AllocationBase = (PVOID)Vad->Start;
    Information->AllocationProtect = MiProtectionToWin32(Vad->Protection);
    Information->RegionSize = End - Va;
    Information->State = First.State;
    Information->Protect = First.Protect;
    Information->Type = Types[Vad->Type];
}

static NTSTATUS MiQueryBasic(
    PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMEMORY_BASIC_INFORMATION Information)
{
    NTSTATUS Status = STATUS_PROCESS_IS_TERMINATING;

    Information->BaseAddress = (PVOID)Va;
    KeAcquireGuardedMutex(&Space->Lock);
    if (!Space->Deleted) {
        PMMVAD Vad = MiFindVad(Space, Va);

        if (Vad != NULL) {
            MiQueryVad(Space, Vad, Va, Information);
        } else if (Va == MM_SHARED_USER_DATA_VA) {
            MiQuerySharedPage(Information);
        } else {
            MiQueryFree(Space, Va, Information);
        }
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
    MEMORY_INFORMATION_CLASS InformationClass, void __user *Information, SIZE_T Length,
    SIZE_T __user *ReturnLength)
{
    MEMORY_BASIC_INFORMATION Basic = {.RegionSize = 0};
    SIZE_T Needed = sizeof(Basic);
    PVOID Object;
    PKPROCESS Process;
    NTSTATUS Status;

    if (InformationClass != MemoryBasicInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length < sizeof(Basic)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if ((ULONG_PTR)BaseAddress > MM_HIGHEST_USER_ADDRESS) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = MmProbeForWrite(Information, sizeof(Basic), sizeof(ULONG));
    if (NT_SUCCESS(Status)) {
        Status = MiReferenceProcess(ProcessHandle, PROCESS_QUERY_INFORMATION, &Object, &Process);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiQueryBasic(Process->AddressSpace, (ULONG_PTR)BaseAddress & MI_FRAME, &Basic);
    ObDereferenceObject(Object);
    if (NT_SUCCESS(Status)) {
        Status = MmCopyToUser(Information, &Basic, sizeof(Basic));
    }
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = MmCopyToUser(ReturnLength, &Needed, sizeof(Needed));
    }
    return Status;
}
