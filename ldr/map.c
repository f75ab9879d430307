/* SPDX-License-Identifier: MIT */
/*
 * From a file to a module: image section, view, relocation.
 *
 * The view shows the pages that all processes share.  Relocating writes to
 * them, which gives this process private copies; so DLLs have bases of their own.
 */
#include "ldr/ldrp.h"

static NTSTATUS LdrpMapFile(HANDLE File, PVOID *Base)
{
    HANDLE Section;
    SIZE_T ViewSize = 0;
    NTSTATUS Status;

    Status = NtCreateSection(&Section,
        SECTION_MAP_READ | SECTION_MAP_WRITE | SECTION_MAP_EXECUTE | SECTION_QUERY, NULL, NULL,
        PAGE_EXECUTE, SEC_IMAGE, File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Base = NULL;
    Status = NtMapViewOfSection(Section, NtCurrentProcess(), Base, 0, 0, NULL, &ViewSize,
        ViewShare, 0, PAGE_READWRITE);
    (void)NtClose(Section);
    return Status;
}

/* Finds, maps and lists the DLL; its imports are not looked at yet. */
NTSTATUS LdrpMapDll(PCWSTR DllPath, PCUNICODE_STRING Name, PLDRP_MODULE *Module)
{
    UNICODE_STRING FullName;
    HANDLE File;
    PVOID Base;
    NTSTATUS Status = LdrpOpenDll(DllPath, Name, &FullName, &File);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LdrpMapFile(File, &Base);
    (void)NtClose(File);
    if (NT_SUCCESS(Status)) {
        Status = LdrpCreateModule(Base, &FullName, LDRP_IMAGE_DLL, Module);
        if (!NT_SUCCESS(Status)) {
            (void)NtUnmapViewOfSection(NtCurrentProcess(), Base);
        }
    }
    RtlFreeUnicodeString(&FullName);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    LdrpTrace(TraceLdrMapped, *Module, 1, (ULONG)(ULONG_PTR)Base);
    Status = LdrpRelocateModule(*Module);
    if (!NT_SUCCESS(Status)) {
        LdrpDereference(*Module);
    }
    return Status;
}

static const IMAGE_SECTION_HEADER *LdrpSections(PLDRP_MODULE Module, PULONG Count)
{
    const IMAGE_NT_HEADERS32 *Headers
        = LdrImageNtHeaders(Module->Entry.DllBase, Module->Entry.SizeOfImage);
    ULONG Rva;

    *Count = 0;
    if (Headers == NULL || Headers->FileHeader.NumberOfSections > PE_MAXIMUM_SECTIONS) {
        return NULL;
    }
    Rva = (ULONG)((ULONG_PTR)IMAGE_FIRST_SECTION(Headers) - (ULONG_PTR)Module->Entry.DllBase);
    *Count = Headers->FileHeader.NumberOfSections;
    return LdrImageRva(Module->Entry.DllBase, Module->Entry.SizeOfImage, Rva,
        *Count * sizeof(IMAGE_SECTION_HEADER));
}

const IMAGE_SECTION_HEADER *LdrpSectionOfRva(PLDRP_MODULE Module, ULONG Rva)
{
    ULONG Count;
    const IMAGE_SECTION_HEADER *Sections = LdrpSections(Module, &Count);

    for (ULONG i = 0; Sections != NULL && i < Count; i++) {
        if (Rva - Sections[i].VirtualAddress < LdrSectionSpan(&Sections[i])) {
            return &Sections[i];
        }
    }
    return NULL;
}

/*
 * Makes all sections writable, or with Old gives each its protection back.
 * Returns the first failure; when undoing goes on behind it.
 */
static NTSTATUS LdrpProtectSections(
    PLDRP_MODULE Module, BOOLEAN Restore, ULONG Old[PE_MAXIMUM_SECTIONS])
{
    ULONG Count;
    const IMAGE_SECTION_HEADER *Sections = LdrpSections(Module, &Count);
    NTSTATUS Result = Sections != NULL ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;

    for (ULONG i = 0; Sections != NULL && i < Count; i++) {
        SIZE_T Size = LdrSectionSpan(&Sections[i]);
        PVOID Base = LdrImageRva(Module->Entry.DllBase, Module->Entry.SizeOfImage,
            Sections[i].VirtualAddress, Size);
        ULONG Ignored;
        NTSTATUS Status;
        if (Base == NULL || Size == 0 || (Sections[i].Characteristics & IMAGE_SCN_MEM_WRITE)) {
            continue;
        }
        Status = NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size,
            Restore ? Old[i] : PAGE_READWRITE, Restore ? &Ignored : &Old[i]);
        if (!NT_SUCCESS(Status) && NT_SUCCESS(Result)) {
            Result = Status;
        }
    }
    return Result;
}

/*
 * LdrpRelocateModule - correct the addresses in an image that is not at its base.
 *
 * While that lasts no section is executable and all are writable.
 */
NTSTATUS LdrpRelocateModule(PLDRP_MODULE Module)
{
    PVOID Base = Module->Entry.DllBase;
    const IMAGE_NT_HEADERS32 *Headers = LdrImageNtHeaders(Base, Module->Entry.SizeOfImage);
    ULONG Old[PE_MAXIMUM_SECTIONS] = {};
    ULONG Preferred;
    NTSTATUS Status, RestoreStatus;

    if (Headers == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Preferred = Headers->OptionalHeader.ImageBase;
    if (Preferred == (ULONG)(ULONG_PTR)Base) {
        return STATUS_SUCCESS;
    }
    Module->Entry.Flags |= LDRP_IMAGE_NOT_AT_BASE;
    Status = LdrpProtectSections(Module, FALSE, Old);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LdrRelocateImage(
        Base, Module->Entry.SizeOfImage, (ULONG)(ULONG_PTR)Base - Preferred);
    RestoreStatus = LdrpProtectSections(Module, TRUE, Old);
    LdrpTrace(TraceLdrRelocated, Module, 2, (ULONG)(ULONG_PTR)Base, Preferred);
    return NT_SUCCESS(Status) ? RestoreStatus : Status;
}
