/* SPDX-License-Identifier: MIT */
/*
 * Views: mapping a section into an address space and unmapping it.  A view is a
 * VAD; its pages come one by one as they are touched (fault.c).
 */
#include "mm/mi.h"
#include "nt/native.h"

/*
 * MiImageMapped - nothing but a place for a breakpoint: tools/gdb/images.py loads
 * the symbols of Area's file when it comes past here.
 */
__attribute__((noinline)) void MiImageMapped(PCONTROL_AREA Area, ULONG_PTR Base)
{
    __asm__ volatile("" : : "r"(Area), "r"(Base));
}

/*
 * MiMapViewOfImageSection - an image at its own base if that is free, else anywhere.
 *
 * STATUS_IMAGE_NOT_AT_BASE tells the loader to relocate it.
 */
static NTSTATUS MiMapViewOfImageSection(PMM_ADDRESS_SPACE Space, PCONTROL_AREA Area,
    PVOID *Base, PSIZE_T ViewSize, ULONG_PTR ZeroBits)
{
    SIZE_T Size = Area->PageCount << PAGE_SHIFT;
    ULONG_PTR Start = *Base != NULL ? (ULONG_PTR)*Base : Area->ImageBase;
    MMVAD Vad = {.Type = VadImage,
        .Protection = MI_EXECUTE | MI_WRITABLE | MI_COPY,
        .ControlArea = Area};

    if (Start < MM_LOWEST_USER_ADDRESS || Start > MI_HIGHEST_VAD_ADDRESS ||
        Size - 1 > MI_HIGHEST_VAD_ADDRESS - Start ||
        !MiIsRangeFree(Space, Start, Start + Size - 1)) {
        if (*Base != NULL) {
            return STATUS_CONFLICTING_ADDRESSES;
        }
        Start = MiFindFreeRange(Space, Size, MiHighestByZeroBits(ZeroBits), FALSE,
            MM_ALLOCATION_GRANULARITY);
    }
    if (Start == 0) {
        return STATUS_NO_MEMORY;
    }
    Vad.Start = Start;
    Vad.End = Start + Size - 1;
    if (MiInsertVad(Space, &Vad) == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Base = (PVOID)Start;
    *ViewSize = Size;
    MiImageMapped(Area, Start);
    return Start == Area->ImageBase ? STATUS_SUCCESS : STATUS_IMAGE_NOT_AT_BASE;
}

/* May a view of the section have this protection? */
static BOOLEAN MiIsViewAllowed(ULONG SectionProtection, ULONG Protection)
{
    ULONG Allowed = MiProtectionFromWin32(SectionProtection);

    if ((Protection & MI_EXECUTE) && !(Allowed & MI_EXECUTE)) {
        return FALSE;
    }
    if (!(Protection & MI_WRITABLE) || (Protection & MI_COPY)) {
        return TRUE; /* reading, or writing to copies */
    }
    return (Allowed & (MI_WRITABLE | MI_COPY)) == MI_WRITABLE;
}

static NTSTATUS MiMapViewOfDataSection(PMM_ADDRESS_SPACE Space, PSECTION Section, PVOID *Base,
    ULONG_PTR ZeroBits, ULONGLONG Offset, PSIZE_T ViewSize, BOOLEAN TopDown, ULONG Protection)
{
    SIZE_T Size = *ViewSize != 0 ? *ViewSize : Section->Size - (SIZE_T)Offset;
    ULONG_PTR Start = (ULONG_PTR)*Base;
    MMVAD Vad = {.Type = VadData,
        .Protection = (UCHAR)Protection,
        .FirstPage = (ULONG)(Offset >> PAGE_SHIFT),
        .ControlArea = Section->ControlArea};

    Size = BYTES_TO_PAGES(Size) << PAGE_SHIFT;
    if (*Base == NULL) {
        Start = MiFindFreeRange(
            Space, Size, MiHighestByZeroBits(ZeroBits), TopDown, MM_ALLOCATION_GRANULARITY);
        if (Start == 0) {
            return STATUS_NO_MEMORY;
        }
    } else if (Start < MM_LOWEST_USER_ADDRESS || Start > MI_HIGHEST_VAD_ADDRESS ||
               Size - 1 > MI_HIGHEST_VAD_ADDRESS - Start ||
               !MiIsRangeFree(Space, Start, Start + Size - 1)) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    Vad.Start = Start;
    Vad.End = Start + Size - 1;
    if (MiInsertVad(Space, &Vad) == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Base = (PVOID)Start;
    *ViewSize = Size;
    return STATUS_SUCCESS;
}

/* The rules for data sections that need the section, then the mapping. */
static NTSTATUS MiMapData(PMM_ADDRESS_SPACE Space, PSECTION Section, PVOID *Base,
    ULONG_PTR ZeroBits, ULONGLONG Offset, PSIZE_T ViewSize, BOOLEAN TopDown, ULONG Protect)
{
    ULONG Protection = MiProtectionFromWin32(Protect);

    if (Protection == MI_INVALID_PROTECTION) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (!MiIsViewAllowed(Section->Protection, Protection)) {
        return STATUS_SECTION_PROTECTION;
    }
    if (Offset >= Section->Size ||
        *ViewSize > (ULONGLONG)BYTES_TO_PAGES(Section->Size) * PAGE_SIZE - Offset) {
        return STATUS_INVALID_VIEW_SIZE;
    }
    return MiMapViewOfDataSection(
        Space, Section, Base, ZeroBits, Offset, ViewSize, TopDown, Protection);
}

NTSTATUS MmMapViewOfSection(PSECTION Section, PKPROCESS Process, PVOID *Base, ULONG_PTR ZeroBits,
    SIZE_T CommitSize, PLARGE_INTEGER Offset, PSIZE_T ViewSize, SECTION_INHERIT Inherit,
    ULONG AllocationType, ULONG Protect)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    ULONGLONG Start = Offset == NULL ? 0 : (ULONGLONG)Offset->QuadPart;
    BOOLEAN TopDown = (AllocationType & MEM_TOP_DOWN) != 0;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(CommitSize); /* all of a committed section is committed */
    UNREFERENCED_PARAMETER(Inherit);    /* matters when an address space is cloned */
    KeAcquireGuardedMutex(&Space->Lock);
    if (Space->Deleted) {
        Status = STATUS_PROCESS_IS_TERMINATING;
    } else if (Section->ControlArea->IsImage) {
        Status = MiMapViewOfImageSection(Space, Section->ControlArea, Base, ViewSize, ZeroBits);
    } else {
        Status = MiMapData(Space, Section, Base, ZeroBits, Start, ViewSize, TopDown, Protect);
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

NTSTATUS MmUnmapViewOfSection(PKPROCESS Process, PVOID Base)
{
    PMM_ADDRESS_SPACE Space = Process->AddressSpace;
    NTSTATUS Status = STATUS_NOT_MAPPED_VIEW;
    PMMVAD Vad;

    KeAcquireGuardedMutex(&Space->Lock);
    Vad = (ULONG_PTR)Base > MM_HIGHEST_USER_ADDRESS ? NULL : MiFindVad(Space, (ULONG_PTR)Base);
    if (Space->Deleted) {
        Status = STATUS_PROCESS_IS_TERMINATING;
    } else if (Vad != NULL && Vad->Type != VadPrivate) {
        MiDeleteVad(Space, Vad);
        Status = STATUS_SUCCESS;
    }
    KeReleaseGuardedMutex(&Space->Lock);
    return Status;
}

/* Parameters of NtMapViewOfSection, captured. */
typedef struct _MI_VIEW_REQUEST {
    PVOID Base;
    SIZE_T Size;
    LARGE_INTEGER Offset;
    ULONG_PTR ZeroBits;
    SIZE_T CommitSize;
    SECTION_INHERIT Inherit;
    ULONG AllocationType;
    ULONG Protect;
} MI_VIEW_REQUEST;

static NTSTATUS MiCheckViewRequest(const MI_VIEW_REQUEST *Request)
{
    if (Request->ZeroBits > MI_MAXIMUM_ZERO_BITS) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (Request->Inherit != ViewShare && Request->Inherit != ViewUnmap) {
        return STATUS_INVALID_PARAMETER_8;
    }
    if (Request->AllocationType & ~(MEM_TOP_DOWN | MEM_RESERVE)) {
        return STATUS_INVALID_PARAMETER_9;
    }
    if (MiProtectionFromWin32(Request->Protect) == MI_INVALID_PROTECTION) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if ((ULONG_PTR)Request->Base > MM_HIGHEST_USER_ADDRESS ||
        Request->Size > MM_HIGHEST_USER_ADDRESS - (ULONG_PTR)Request->Base) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (Request->Size != 0 && Request->CommitSize > Request->Size) {
        return STATUS_INVALID_PARAMETER_5;
    }
    return ((ULONG_PTR)Request->Base | Request->Offset.LowPart) % MM_ALLOCATION_GRANULARITY != 0
               ? STATUS_MAPPED_ALIGNMENT
               : STATUS_SUCCESS;
}

/* Rights on the section that a view of this protection needs. */
static ACCESS_MASK MiSectionAccess(ULONG Protect)
{
    ULONG Protection = MiProtectionFromWin32(Protect);
    ACCESS_MASK Access = (Protection & MI_EXECUTE) ? SECTION_MAP_EXECUTE : 0;

    if (Protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) {
        return Access | SECTION_MAP_WRITE;
    }
    return Access != 0 ? Access : SECTION_MAP_READ;
}

static NTSTATUS MiCaptureView(PVOID __user *BaseAddress, SIZE_T __user *ViewSize,
    LARGE_INTEGER __user *SectionOffset, MI_VIEW_REQUEST *Request)
{
    NTSTATUS Status = MiCaptureRange(BaseAddress, ViewSize, &Request->Base, &Request->Size);

    if (NT_SUCCESS(Status) && SectionOffset != NULL) {
        Status = MmProbeForWrite(SectionOffset, sizeof(LARGE_INTEGER), sizeof(ULONG));
        if (NT_SUCCESS(Status)) {
            Status = MmCopyFromUser(&Request->Offset, SectionOffset, sizeof(LARGE_INTEGER));
        }
    }
    return NT_SUCCESS(Status) ? MiCheckViewRequest(Request) : Status;
}

static NTSTATUS MiMapRequest(HANDLE SectionHandle, HANDLE ProcessHandle, MI_VIEW_REQUEST *Request)
{
    PVOID Object, Section;
    PKPROCESS Process;
    NTSTATUS Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, &Object, &Process);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(SectionHandle, MiSectionAccess(Request->Protect),
        MmSectionObjectType, KeGetPreviousMode(), &Section, NULL);
    if (NT_SUCCESS(Status)) {
        Status = MmMapViewOfSection(Section, Process, &Request->Base, Request->ZeroBits,
            Request->CommitSize, &Request->Offset, &Request->Size, Request->Inherit,
            Request->AllocationType, Request->Protect);
        ObDereferenceObject(Section);
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle,
    PVOID __user *BaseAddress, ULONG_PTR ZeroBits, SIZE_T CommitSize,
    LARGE_INTEGER __user *SectionOffset, SIZE_T __user *ViewSize,
    SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect)
{
    MI_VIEW_REQUEST Request = {.ZeroBits = ZeroBits,
        .CommitSize = CommitSize,
        .Inherit = InheritDisposition,
        .AllocationType = AllocationType,
        .Protect = Win32Protect};
    NTSTATUS Status = MiCaptureView(BaseAddress, ViewSize, SectionOffset, &Request);
    NTSTATUS Written;

    if (NT_SUCCESS(Status)) {
        Status = MiMapRequest(SectionHandle, ProcessHandle, &Request);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Written = MiReturnRange(BaseAddress, ViewSize, NULL, Request.Base, Request.Size, 0);
    return NT_SUCCESS(Written) ? Status : Written;
}

NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    PVOID Object;
    PKPROCESS Process;
    NTSTATUS Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, &Object, &Process);

    if (NT_SUCCESS(Status)) {
        Status = MmUnmapViewOfSection(Process, BaseAddress);
        ObDereferenceObject(Object);
    }
    return Status;
}
