/* SPDX-License-Identifier: MIT */
/*
 * Calling DLLs: at process start and end, at thread start and end.
 *
 * Everything here runs with the loader lock, which is why a DllMain must not
 * wait for another thread to start or end.
 */
#include "ldr/ldrp.h"

typedef BOOL(NTAPI *PDLL_INIT_ROUTINE)(PVOID DllHandle, ULONG Reason, PVOID Reserved);

BOOLEAN LdrpShutdownInProgress;

static BOOLEAN LdrpCallInitRoutine(PLDRP_MODULE Module, ULONG Reason, PVOID Reserved)
{
    PDLL_INIT_ROUTINE Routine = (PDLL_INIT_ROUTINE)(ULONG_PTR)Module->Entry.EntryPoint;

    return Routine == NULL || Routine(Module->Entry.DllBase, Reason, Reserved);
}

/*
 * DLL_PROCESS_ATTACH for one module.  It counts as attached even if it refuses:
 * a DLL that was asked is told of its end too.
 */
static NTSTATUS LdrpAttachModule(PLDRP_MODULE Module, PCONTEXT Context)
{
    Module->Entry.Flags |= LDRP_ENTRY_PROCESSED;
    if ((Module->Entry.Flags & LDRP_IMAGE_DLL) == 0 || Module->Entry.EntryPoint == NULL) {
        return STATUS_SUCCESS;
    }
    LdrpTrace(TraceLdrInitRoutine, Module, 2, (ULONG)(ULONG_PTR)Module->Entry.DllBase,
        (ULONG)(ULONG_PTR)Module->Entry.EntryPoint);
    Module->Entry.Flags |= LDRP_PROCESS_ATTACH_CALLED;
    LdrpLdrData.EntryInProgress = Module;
    LdrpCallTlsCallbacks(Module, DLL_PROCESS_ATTACH, Context);
    BOOLEAN Agreed = LdrpCallInitRoutine(Module, DLL_PROCESS_ATTACH, Context);
    LdrpLdrData.EntryInProgress = NULL;
    if (!Agreed) {
        LdrpNoteFailure(STATUS_DLL_INIT_FAILED, NULL, 0, &Module->Entry.BaseDllName);
        return STATUS_DLL_INIT_FAILED;
    }
    return STATUS_SUCCESS;
}

/*
 * LdrpRunInitializeRoutines - attach all modules that are not attached yet.
 *
 * Context is non-NULL at process start; DllMain sees that in lpReserved.
 */
NTSTATUS LdrpRunInitializeRoutines(PCONTEXT Context)
{
    PLIST_ENTRY Head = &LdrpLdrData.InInitializationOrderModuleList;

    for (PLIST_ENTRY Link = Head->Flink; Link != Head; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InInitializationOrderLinks);
        if ((Module->Entry.Flags & LDRP_ENTRY_PROCESSED) == 0) {
            NTSTATUS Status = LdrpAttachModule(Module, Context);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
        }
    }
    return STATUS_SUCCESS;
}

/* DLL_PROCESS_DETACH, once, for what was attached. */
VOID LdrpCallDetach(PLDRP_MODULE Module, PVOID Reserved)
{
    if ((Module->Entry.Flags & LDRP_PROCESS_ATTACH_CALLED) != 0) {
        Module->Entry.Flags &= ~LDRP_PROCESS_ATTACH_CALLED;
        (void)LdrpCallInitRoutine(Module, DLL_PROCESS_DETACH, Reserved);
        LdrpCallTlsCallbacks(Module, DLL_PROCESS_DETACH, Reserved);
    }
}

static BOOLEAN LdrpWantsThreadCalls(PLDRP_MODULE Module)
{
    return Module != LdrpImageModule
        && (Module->Entry.Flags & LDRP_PROCESS_ATTACH_CALLED) != 0
        && (Module->Entry.Flags & LDRP_DONT_CALL_FOR_THREADS) == 0;
}

VOID LdrpAttachThread(VOID)
{
    PLIST_ENTRY Head = &LdrpLdrData.InMemoryOrderModuleList;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY Link = Head->Flink; Link != Head; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InMemoryOrderLinks);
        if (LdrpWantsThreadCalls(Module)) {
            LdrpCallTlsCallbacks(Module, DLL_THREAD_ATTACH, NULL);
            (void)LdrpCallInitRoutine(Module, DLL_THREAD_ATTACH, NULL);
        }
    }
    LdrpCallTlsCallbacks(LdrpImageModule, DLL_THREAD_ATTACH, NULL);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
}

/* The calling thread is about to end: tell the DLLs, the last initialised first. */
VOID NTAPI LdrShutdownThread(VOID)
{
    PLIST_ENTRY Head = &LdrpLdrData.InInitializationOrderModuleList;
    PTEB Teb = NtCurrentTeb();

    if (LdrpShutdownInProgress) {
        return;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY Link = Head->Blink; Link != Head; Link = Link->Blink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InInitializationOrderLinks);
        if (LdrpWantsThreadCalls(Module)) {
            (void)LdrpCallInitRoutine(Module, DLL_THREAD_DETACH, NULL);
            LdrpCallTlsCallbacks(Module, DLL_THREAD_DETACH, NULL);
        }
    }
    LdrpCallTlsCallbacks(LdrpImageModule, DLL_THREAD_DETACH, NULL);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    LdrpFreeTls();
    RtlpFree(Teb->TlsExpansionSlots);
    RtlpFree(Teb->FlsData);
    Teb->TlsExpansionSlots = NULL;
    Teb->FlsData = NULL;
}

/*
 * LdrShutdownProcess - tell all DLLs that the process ends.
 *
 * The caller is the last thread.  Others may have died holding a lock of ntdll,
 * so those are taken over.  DllMain sees a non-NULL lpReserved.
 */
NTSTATUS NTAPI LdrShutdownProcess(VOID)
{
    PLIST_ENTRY Head = &LdrpLdrData.InInitializationOrderModuleList;
    PVOID Terminating = (PVOID)1;

    if (LdrpShutdownInProgress) {
        return STATUS_SUCCESS;
    }
    LdrpShutdownInProgress = TRUE;
    RtlpSeizeCriticalSection(&LdrpLoaderLock);
    RtlpSeizeCriticalSection(NtCurrentPeb()->FastPebLock);
    RtlpSeizeHeap(RtlGetProcessHeap());
    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY Link = Head->Blink; Link != Head; Link = Link->Blink) {
        LdrpCallDetach(LDRP_MODULE_OF(Link, InInitializationOrderLinks), Terminating);
    }
    LdrpCallTlsCallbacks(LdrpImageModule, DLL_PROCESS_DETACH, Terminating);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}
