/* SPDX-License-Identifier: MIT */
/*
 * Imports: load the DLLs that a module wants, depth first, and fill the
 * addresses of their functions into its import address tables.
 */
#include "ldr/ldrp.h"

static NTSTATUS LdrpLoadNewModule(
    PCWSTR DllPath, PCUNICODE_STRING Name, PLDRP_MODULE *Module)
{
    NTSTATUS Status = LdrpMapDll(DllPath, Name, Module);

    if (!NT_SUCCESS(Status)) {
        if (Status == STATUS_DLL_NOT_FOUND) {
            LdrpNoteFailure(Status, NULL, 0, Name);
        }
        return Status;
    }
    (*Module)->Entry.Flags |= LDRP_LOAD_IN_PROGRESS;
    if (((*Module)->Entry.Flags & LDRP_IMAGE_DLL) != 0) {
        Status = LdrpSnapImports(*Module);
    }
    (*Module)->Entry.Flags &= ~LDRP_LOAD_IN_PROGRESS;
    if (!NT_SUCCESS(Status)) {
        LdrpDereference(*Module);
        return Status;
    }
    /* Behind everything it imports from, which did the same before. */
    InsertTailList(&LdrpLdrData.InInitializationOrderModuleList,
        &(*Module)->Entry.InInitializationOrderLinks);
    return STATUS_SUCCESS;
}

/*
 * LdrpLoadModule - the module of that name, loaded if it is not yet.
 *
 * A DLL that imports, directly or not, from one that is just being loaded finds
 * it here unfinished; that is enough to take addresses from its exports.
 */
NTSTATUS LdrpLoadModule(PCWSTR DllPath, PCUNICODE_STRING Name, PLDRP_MODULE *Module)
{
    UNICODE_STRING Complete;
    NTSTATUS Status = LdrpCompleteName(Name, &Complete);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Module = LdrpFindByName(&Complete);
    if (*Module != NULL) {
        LdrpReference(*Module);
    } else {
        Status = LdrpLoadNewModule(DllPath, &Complete, Module);
    }
    RtlFreeUnicodeString(&Complete);
    return Status;
}

/* The same for a name in an image, which is Latin-1; notes the dependency. */
NTSTATUS LdrpLoadImportedModule(PLDRP_MODULE Importer, PCSTR Name, PLDRP_MODULE *Module)
{
    WCHAR Buffer[LDRP_MAXIMUM_NAME];
    UNICODE_STRING WideName = {0, sizeof(Buffer), Buffer};
    SIZE_T Length = strnlen(Name, LDRP_MAXIMUM_NAME);
    ULONG Written;
    NTSTATUS Status;

    if (Length == 0 || Length == LDRP_MAXIMUM_NAME) {
        return STATUS_DLL_NOT_FOUND;
    }
    (void)RtlMultiByteToUnicodeN(Buffer, sizeof(Buffer), &Written, Name, Length);
    WideName.Length = (USHORT)Written;
    Status = LdrpLoadModule(NULL, &WideName, Module);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Importer == *Module ? STATUS_SUCCESS : LdrpAddDependency(Importer, *Module);
    if (!NT_SUCCESS(Status)) {
        LdrpDereference(*Module);
    }
    return Status;
}

/* ---- Filling the import address table ---- */

/* The part of the image that is writable for the moment. */
typedef struct _LDRP_WINDOW {
    PUCHAR Start;
    PUCHAR End;
    ULONG OldProtect; /* 0: was writable anyhow */
} LDRP_WINDOW, *PLDRP_WINDOW;

static NTSTATUS LdrpProtectWindow(PLDRP_WINDOW Window, ULONG NewProtect, PULONG OldProtect)
{
    PVOID Base = Window->Start;
    SIZE_T Size = (SIZE_T)(Window->End - Window->Start);

    return NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size, NewProtect, OldProtect);
}

/*
 * Opens the section with the table at AddressRva for writing; one that is
 * writable by itself, the usual case, costs no system call.
 */
static NTSTATUS LdrpOpenWindow(PLDRP_MODULE Module, ULONG AddressRva, PLDRP_WINDOW Window)
{
    const IMAGE_SECTION_HEADER *Section = LdrpSectionOfRva(Module, AddressRva);
    ULONG Span;

    if (Section == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Span = LdrSectionSpan(Section);
    Window->Start = LdrImageRva(
        Module->Entry.DllBase, Module->Entry.SizeOfImage, Section->VirtualAddress, Span);
    if (Window->Start == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Window->End = Window->Start + Span;
    Window->OldProtect = 0;
    if ((Section->Characteristics & IMAGE_SCN_MEM_WRITE) != 0) {
        return STATUS_SUCCESS;
    }
    return LdrpProtectWindow(Window, PAGE_READWRITE, &Window->OldProtect);
}

static NTSTATUS LdrpCloseWindow(PLDRP_WINDOW Window)
{
    ULONG Ignored;

    if (Window->OldProtect == 0) {
        return STATUS_SUCCESS;
    }
    return LdrpProtectWindow(Window, Window->OldProtect, &Ignored);
}

/* Fills one table from Target's exports. */
static NTSTATUS LdrpSnapTable(PLDRP_MODULE Module, const LDR_IMPORT_MODULE *Table,
    PLDRP_MODULE Target, PLDRP_WINDOW Window)
{
    LDR_IMPORT_ENTRY Import;
    PVOID Address;
    NTSTATUS Status;

    for (ULONG i = 0;; i++) {
        Status = LdrImportEntry(
            Module->Entry.DllBase, Module->Entry.SizeOfImage, Table, i, &Import);
        if (Status == STATUS_NO_MORE_ENTRIES) {
            return STATUS_SUCCESS;
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if ((PUCHAR)Import.Slot < Window->Start || (PUCHAR)(Import.Slot + 1) > Window->End) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        Status = LdrpResolveExport(Target, Import.Name,
            Import.Name != NULL ? Import.Hint : Import.Ordinal, 0, &Address);
        if (!NT_SUCCESS(Status)) {
            LdrpNoteFailure(Status, Import.Name, Import.Ordinal, &Target->Entry.BaseDllName);
            return Status;
        }
        *Import.Slot = (ULONG)(ULONG_PTR)Address;
        Module->ImportCount++;
    }
}

static NTSTATUS LdrpSnapModule(PLDRP_MODULE Module, const LDR_IMPORT_MODULE *Table)
{
    LDRP_WINDOW Window;
    PLDRP_MODULE Target;
    NTSTATUS Status, CloseStatus;

    Status = LdrpLoadImportedModule(Module, Table->Name, &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LdrpOpenWindow(Module, Table->AddressRva, &Window);
    if (NT_SUCCESS(Status)) {
        Status = LdrpSnapTable(Module, Table, Target, &Window);
        CloseStatus = LdrpCloseWindow(&Window);
        if (NT_SUCCESS(Status)) {
            Status = CloseStatus;
        }
    }
    LdrpDereference(Target); /* Module's dependency keeps it */
    return Status;
}

/* Loads and snaps everything that Module imports. */
NTSTATUS LdrpSnapImports(PLDRP_MODULE Module)
{
    LDR_IMPORT_MODULE Table;
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; NT_SUCCESS(Status); i++) {
        Status = LdrImportModule(Module->Entry.DllBase, Module->Entry.SizeOfImage, i, &Table);
        if (Status == STATUS_NO_MORE_ENTRIES) {
            LdrpTrace(TraceLdrSnapped, Module, 2, (ULONG)(ULONG_PTR)Module->Entry.DllBase,
                Module->ImportCount);
            return STATUS_SUCCESS;
        }
        if (NT_SUCCESS(Status)) {
            Status = LdrpSnapModule(Module, &Table);
        }
    }
    return Status;
}
