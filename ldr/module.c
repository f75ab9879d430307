/* SPDX-License-Identifier: MIT */
/*
 * Modules: NT's three lists of them, looking one up, and their references.
 *
 * Load order is the order of finding, memory order the same (as on NT), and
 * initialisation order puts a DLL after those that it imports from.
 */
#include "ldr/ldrp.h"

RTL_CRITICAL_SECTION LdrpLoaderLock;

/* The part of a path after its last backslash. */
static VOID LdrpBaseName(PCUNICODE_STRING Path, PUNICODE_STRING Base)
{
    USHORT Start = Path->Length / sizeof(WCHAR);

    while (Start > 0 && Path->Buffer[Start - 1] != L'\\') {
        Start--;
    }
    Base->Buffer = Path->Buffer + Start;
    Base->Length = Path->Length - Start * sizeof(WCHAR);
    Base->MaximumLength = Base->Length + sizeof(WCHAR);
}

static NTSTATUS LdrpFillModule(PLDRP_MODULE Module, PVOID Base)
{
    const IMAGE_NT_HEADERS32 *Headers = LdrImageNtHeaders(Base, PAGE_SIZE);

    if (Headers == NULL || Headers->FileHeader.Machine != IMAGE_FILE_MACHINE_I386) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Module->Entry.DllBase = Base;
    Module->Entry.SizeOfImage = Headers->OptionalHeader.SizeOfImage;
    Module->Entry.TimeDateStamp = Headers->FileHeader.TimeDateStamp;
    if (Headers->OptionalHeader.AddressOfEntryPoint != 0) {
        Module->Entry.EntryPoint = LdrImageRva(Base, Headers->OptionalHeader.SizeOfImage,
            Headers->OptionalHeader.AddressOfEntryPoint, 1);
    }
    if ((Headers->FileHeader.Characteristics & IMAGE_FILE_DLL) == 0) {
        Module->Entry.Flags &= ~LDRP_IMAGE_DLL;
    }
    return STATUS_SUCCESS;
}

/* A module for the image mapped at Base, in load and memory order, with one reference. */
NTSTATUS LdrpCreateModule(
    PVOID Base, PCUNICODE_STRING FullName, ULONG Flags, PLDRP_MODULE *Module)
{
    PLDRP_MODULE New = RtlAllocateHeap(RtlGetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*New));
    NTSTATUS Status;

    if (New == NULL) {
        return STATUS_NO_MEMORY;
    }
    New->Entry.Flags = Flags;
    New->Entry.LoadCount = 1;
    InitializeListHead(&New->Entry.HashLinks);
    Status = LdrpFillModule(New, Base);
    if (NT_SUCCESS(Status)) {
        Status = RtlDuplicateUnicodeString(0, FullName, &New->Entry.FullDllName);
    }
    if (!NT_SUCCESS(Status)) {
        RtlpFree(New);
        return Status;
    }
    LdrpBaseName(&New->Entry.FullDllName, &New->Entry.BaseDllName);
    InsertTailList(&LdrpLdrData.InLoadOrderModuleList, &New->Entry.InLoadOrderLinks);
    InsertTailList(&LdrpLdrData.InMemoryOrderModuleList, &New->Entry.InMemoryOrderLinks);
    *Module = New;
    return STATUS_SUCCESS;
}

/* Takes the module off all lists and unmaps the image. */
VOID LdrpDestroyModule(PLDRP_MODULE Module)
{
    RemoveEntryList(&Module->Entry.InLoadOrderLinks);
    RemoveEntryList(&Module->Entry.InMemoryOrderLinks);
    if (Module->Entry.InInitializationOrderLinks.Flink != NULL) {
        RemoveEntryList(&Module->Entry.InInitializationOrderLinks);
    }
    (void)NtUnmapViewOfSection(NtCurrentProcess(), Module->Entry.DllBase);
    RtlFreeUnicodeString(&Module->Entry.FullDllName);
    RtlpFree(Module);
}

/* Name with a path is compared with full names, else with base names. */
PLDRP_MODULE LdrpFindByName(PCUNICODE_STRING Name)
{
    UNICODE_STRING Base;
    BOOLEAN HasPath;

    LdrpBaseName(Name, &Base);
    HasPath = Base.Length != Name->Length;
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink;
         Link != &LdrpLdrData.InLoadOrderModuleList; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InLoadOrderLinks);
        if (!Module->Unloading
            && RtlEqualUnicodeString(
                HasPath ? &Module->Entry.FullDllName : &Module->Entry.BaseDllName, Name, TRUE)) {
            return Module;
        }
    }
    return NULL;
}

PLDRP_MODULE LdrpFindByAddress(PVOID Address)
{
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink;
         Link != &LdrpLdrData.InLoadOrderModuleList; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InLoadOrderLinks);
        if ((ULONG_PTR)Address - (ULONG_PTR)Module->Entry.DllBase < Module->Entry.SizeOfImage) {
            return Module;
        }
    }
    return NULL;
}

PLDRP_MODULE LdrpFindByBase(PVOID Base)
{
    PLDRP_MODULE Module = LdrpFindByAddress(Base);

    return Module != NULL && Module->Entry.DllBase == Base ? Module : NULL;
}

/* ---- References ---- */

VOID LdrpReference(PLDRP_MODULE Module)
{
    if (Module->Entry.LoadCount != LDRP_PINNED) {
        Module->Entry.LoadCount++;
    }
}

/* Has Module hold one reference to Target, however often it imports from it. */
NTSTATUS LdrpAddDependency(PLDRP_MODULE Module, PLDRP_MODULE Target)
{
    PLDRP_DEPENDENCY Dependency;

    for (Dependency = Module->Dependencies; Dependency != NULL; Dependency = Dependency->Next) {
        if (Dependency->Module == Target) {
            return STATUS_SUCCESS;
        }
    }
    Dependency = RtlpAllocate(sizeof(*Dependency));
    if (Dependency == NULL) {
        return STATUS_NO_MEMORY;
    }
    Dependency->Module = Target;
    Dependency->Next = Module->Dependencies;
    Module->Dependencies = Dependency;
    LdrpReference(Target);
    return STATUS_SUCCESS;
}

/* Marks what falls when Module loses a reference, through its dependencies. */
static VOID LdrpMarkUnloading(PLDRP_MODULE Module)
{
    if (Module->Entry.LoadCount == LDRP_PINNED || Module->Unloading) {
        return;
    }
    if (--Module->Entry.LoadCount > 0) {
        return;
    }
    Module->Unloading = TRUE;
    while (Module->Dependencies != NULL) {
        PLDRP_DEPENDENCY Dependency = Module->Dependencies;
        Module->Dependencies = Dependency->Next;
        LdrpMarkUnloading(Dependency->Module);
        RtlpFree(Dependency);
    }
}

/* PROCESS_DETACH for the marked modules, the last initialised first. */
static VOID LdrpDetachUnloading(VOID)
{
    PLIST_ENTRY Head = &LdrpLdrData.InInitializationOrderModuleList;

    for (PLIST_ENTRY Link = Head->Blink; Link != Head; Link = Link->Blink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InInitializationOrderLinks);
        if (Module->Unloading) {
            LdrpCallDetach(Module, NULL);
        }
    }
}

/* Unmaps what was marked. */
static VOID LdrpSweep(VOID)
{
    PLIST_ENTRY Head = &LdrpLdrData.InLoadOrderModuleList;
    PLIST_ENTRY Link = Head->Flink;

    while (Link != Head) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InLoadOrderLinks);
        Link = Link->Flink;
        if (Module->Unloading) {
            LdrpDestroyModule(Module);
        }
    }
}

/*
 * LdrpDereference - give one reference back; unload what nobody holds any more.
 *
 * A DllMain may unload further modules while the list is being walked, so only
 * the outermost call takes modules off it.
 */
VOID LdrpDereference(PLDRP_MODULE Module)
{
    static ULONG Depth;

    LdrpMarkUnloading(Module);
    if (!Module->Unloading) {
        return;
    }
    Depth++;
    LdrpDetachUnloading();
    if (--Depth == 0) {
        LdrpSweep();
    }
}

VOID LdrpPinModules(VOID)
{
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink;
         Link != &LdrpLdrData.InLoadOrderModuleList; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InLoadOrderLinks);
        Module->Entry.LoadCount = LDRP_PINNED;
        Module->Entry.Flags |= LDRP_STATIC_LINK;
    }
}
