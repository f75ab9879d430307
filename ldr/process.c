/* SPDX-License-Identifier: MIT */
/*
 * Phase 6: what happens between a process's first user instruction and its entry
 * point.  The stages carry the numbers of docs/process-creation.md.
 */
#include "ldr/ldrp.h"

PEB_LDR_DATA LdrpLdrData;
PLDRP_MODULE LdrpImageModule;
PLDRP_MODULE LdrpNtdllModule;

static RTL_CRITICAL_SECTION LdrpFastPebLock;

/* A kernel-made process may have no parameters; then it has these, all empty. */
static RTL_USER_PROCESS_PARAMETERS LdrpNoParameters = {
    .MaximumLength = sizeof(RTL_USER_PROCESS_PARAMETERS),
    .Length = sizeof(RTL_USER_PROCESS_PARAMETERS),
    .Flags = RTL_USER_PROC_PARAMS_NORMALIZED,
};

static VOID LdrpInitializeLdrData(PPEB Peb)
{
    LdrpLdrData.Length = sizeof(LdrpLdrData);
    InitializeListHead(&LdrpLdrData.InLoadOrderModuleList);
    InitializeListHead(&LdrpLdrData.InMemoryOrderModuleList);
    InitializeListHead(&LdrpLdrData.InInitializationOrderModuleList);
    Peb->Ldr = &LdrpLdrData;
}

static NTSTATUS LdrpInitializeLocks(PPEB Peb)
{
    NTSTATUS Status = RtlInitializeCriticalSection(&LdrpLoaderLock);

    if (NT_SUCCESS(Status)) {
        Status = RtlInitializeCriticalSection(&LdrpFastPebLock);
    }
    if (NT_SUCCESS(Status)) {
        Status = RtlpInitializeVectoredHandlers();
    }
    Peb->LoaderLock = &LdrpLoaderLock;
    Peb->FastPebLock = &LdrpFastPebLock;
    return Status;
}

static NTSTATUS LdrpCreateProcessHeap(PPEB Peb)
{
    const IMAGE_NT_HEADERS32 *Headers = LdrImageNtHeaders(Peb->ImageBaseAddress, PAGE_SIZE);

    if (Headers == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Peb->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL,
        Headers->OptionalHeader.SizeOfHeapReserve, Headers->OptionalHeader.SizeOfHeapCommit,
        NULL, NULL);
    return Peb->ProcessHeap != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* Entries for the two images that the kernel mapped, first in load order the EXE. */
static NTSTATUS LdrpCreateFirstModules(PPEB Peb, PVOID NtdllBase)
{
    UNICODE_STRING NtdllName;
    WCHAR Buffer[LDRP_MAXIMUM_NAME];
    NTSTATUS Status;

    Status = LdrpCreateModule(
        Peb->ImageBaseAddress, &Peb->ProcessParameters->ImagePathName, 0, &LdrpImageModule);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    NtdllName = (UNICODE_STRING){0, sizeof(Buffer), Buffer};
    Status = RtlAppendUnicodeToString(&NtdllName, USER_SHARED_DATA->NtSystemRoot);
    if (NT_SUCCESS(Status)) {
        Status = RtlAppendUnicodeToString(&NtdllName, L"\\system32\\ntdll.dll");
    }
    if (NT_SUCCESS(Status)) {
        Status = LdrpCreateModule(NtdllBase, &NtdllName, LDRP_IMAGE_DLL, &LdrpNtdllModule);
    }
    if (NT_SUCCESS(Status)) {
        InsertTailList(&LdrpLdrData.InInitializationOrderModuleList,
            &LdrpNtdllModule->Entry.InInitializationOrderLinks);
    }
    return Status;
}

/*
 * Win32 images get kernel32 whether they import it or not: their first thread
 * starts in it, at an address the creator took from its own kernel32.
 */
static NTSTATUS LdrpLoadSubsystem(VOID)
{
    const IMAGE_NT_HEADERS32 *Headers
        = LdrImageNtHeaders(LdrpImageModule->Entry.DllBase, LdrpImageModule->Entry.SizeOfImage);
    PLDRP_MODULE Module;
    NTSTATUS Status;

    if (Headers == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    if (Headers->OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_WINDOWS_GUI
        && Headers->OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_WINDOWS_CUI) {
        return STATUS_SUCCESS;
    }
    Status = LdrpLoadImportedModule(LdrpImageModule, "kernel32.dll", &Module);
    if (NT_SUCCESS(Status)) {
        LdrpDereference(Module); /* the EXE's own reference stays */
    }
    return Status;
}

/* The names of all DLLs, "ntdll,kernel32", as far as Size allows. */
static VOID LdrpListDlls(PCHAR Buffer, ULONG Size)
{
    ULONG Length = 0;

    Buffer[0] = 0;
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink;
         Link != &LdrpLdrData.InLoadOrderModuleList && Length < Size; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InLoadOrderLinks);
        PUNICODE_STRING Name = &Module->Entry.BaseDllName;
        int Characters = Name->Length / sizeof(WCHAR);
        if ((Module->Entry.Flags & LDRP_IMAGE_DLL) != 0 && Characters > 4) {
            Length += RtlStringFormat(Buffer + Length, Size - Length, "%s%.*S",
                Length == 0 ? "" : ",", Characters - 4, Name->Buffer);
        }
    }
}

static VOID LdrpReportReady(VOID)
{
    CHAR Image[LDRP_TRACE_NAME], Dlls[TRACE_MAX_TEXT];

    LdrpListDlls(Dlls, sizeof(Dlls));
    NascentTraceEvent(TracePhase6, LdrpTraceName(LdrpImageModule, Image), Dlls, 1,
        (ULONG)(ULONG_PTR)LdrpImageModule->Entry.EntryPoint);
}

/* Stages 1 to 5: what the loader itself needs. */
static NTSTATUS LdrpInitializeBasics(PPEB Peb, PVOID NtdllBase)
{
    NTSTATUS Status;

    /* Stage 1: process parameters: offsets to pointers. */
    if (Peb->ProcessParameters == NULL) {
        Peb->ProcessParameters = &LdrpNoParameters;
    }
    RtlNormalizeProcessParams(Peb->ProcessParameters);
    LdrpTrace(TraceLdrBegin, NULL, 1, (ULONG)(ULONG_PTR)Peb);

    /* Stage 2: locks; bitmaps of TLS and FLS slots. */
    Status = LdrpInitializeLocks(Peb);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlpInitializeTlsBitmaps(Peb);

    /* Stage 3: the process heap, as large as the image's header wants it. */
    Status = LdrpCreateProcessHeap(Peb);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    LdrpTrace(TraceLdrHeap, NULL, 1, (ULONG)(ULONG_PTR)Peb->ProcessHeap);

    /* Stage 4: PEB.Ldr, with entries for the EXE and ntdll. */
    LdrpInitializeLdrData(Peb);
    Status = LdrpCreateFirstModules(Peb, NtdllBase);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }

    /* Stage 5: the current directory. */
    return RtlpInitializeCurrentDirectory();
}

/*
 * LdrpInitializeProcess - make the process ready to run its entry point.
 *
 * On failure the process cannot run; nothing is undone.
 */
NTSTATUS LdrpInitializeProcess(PCONTEXT Context, PVOID NtdllBase)
{
    PPEB Peb = NtCurrentPeb();
    NTSTATUS Status = LdrpInitializeBasics(Peb, NtdllBase);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);

    /* Stage 6: relocate the EXE if it is not where it wanted to be. */
    Status = LdrpRelocateModule(LdrpImageModule);

    /* Stage 7: kernel32 for Win32 images, then imports, depth first. */
    if (NT_SUCCESS(Status)) {
        Status = LdrpLoadSubsystem();
    }
    if (NT_SUCCESS(Status)) {
        Status = LdrpSnapImports(LdrpImageModule);
    }

    /* Stage 8: what is loaded now stays; its thread-local storage. */
    if (NT_SUCCESS(Status)) {
        LdrpPinModules();
        Status = LdrpInitializeTls();
    }

    /* Stage 9: the debugger's initial breakpoint. */
    if (NT_SUCCESS(Status) && Peb->BeingDebugged) {
        DbgBreakPoint();
    }

    /* Stage 10: entry points of the DLLs, in the order of their dependence. */
    if (NT_SUCCESS(Status)) {
        LdrpLdrData.Initialized = TRUE;
        Status = LdrpRunInitializeRoutines(Context);
    }
    if (NT_SUCCESS(Status)) {
        LdrpCallTlsCallbacks(LdrpImageModule, DLL_PROCESS_ATTACH, Context);
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    if (NT_SUCCESS(Status)) {
        LdrpReportReady();
    }
    return Status;
}
