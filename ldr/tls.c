/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage that compilers make: an image's TLS directory.
 *
 * Each module with one gets an index into the array at
 * TEB.ThreadLocalStoragePointer, and each thread a copy of the module's initial
 * bytes there.  As in NT 5.2 that is done for the DLLs of process start only.
 * (TlsAlloc's slots are something else; kernel32 has them.)
 */
#include "ldr/ldrp.h"

#define LDRP_MAXIMUM_CALLBACKS 64

static ULONG LdrpTlsCount;

/* An address in the image to its RVA; 0 stays 0. */
static ULONG LdrpVaToRva(PLDRP_MODULE Module, ULONG Va)
{
    return Va == 0 ? 0 : Va - (ULONG)(ULONG_PTR)Module->Entry.DllBase;
}

/* Gives the module its index, which its code reads from a variable of its own. */
static NTSTATUS LdrpAssignTlsIndex(PLDRP_MODULE Module, ULONG IndexVa)
{
    ULONG Rva = LdrpVaToRva(Module, IndexVa);
    PULONG Variable
        = LdrImageRva(Module->Entry.DllBase, Module->Entry.SizeOfImage, Rva, sizeof(ULONG));
    const IMAGE_SECTION_HEADER *Section = LdrpSectionOfRva(Module, Rva);

    if (Variable == NULL || Section == NULL
        || (Section->Characteristics & IMAGE_SCN_MEM_WRITE) == 0
        || LdrpSectionOfRva(Module, Rva + sizeof(ULONG) - 1) != Section) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    *Variable = LdrpTlsCount;
    Module->Entry.TlsIndex = (USHORT)LdrpTlsCount++;
    Module->HasTls = TRUE;
    return STATUS_SUCCESS;
}

static NTSTATUS LdrpReadTlsDirectory(PLDRP_MODULE Module)
{
    IMAGE_TLS_DIRECTORY32 Directory;
    ULONG Length;
    const VOID *Data = LdrImageDirectory(Module->Entry.DllBase, Module->Entry.SizeOfImage,
        IMAGE_DIRECTORY_ENTRY_TLS, &Length);

    if (Data == NULL) {
        return STATUS_SUCCESS;
    }
    if (Length < sizeof(Directory)) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    memcpy(&Directory, Data, sizeof(Directory));
    if (Directory.EndAddressOfRawData < Directory.StartAddressOfRawData) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Module->TlsDataSize = Directory.EndAddressOfRawData - Directory.StartAddressOfRawData;
    Module->TlsZeroSize = Directory.SizeOfZeroFill;
    if (Module->TlsDataSize != 0) {
        Module->TlsData = LdrImageRva(Module->Entry.DllBase, Module->Entry.SizeOfImage,
            LdrpVaToRva(Module, Directory.StartAddressOfRawData), Module->TlsDataSize);
        if (Module->TlsData == NULL) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
    }
    if (Module->TlsZeroSize > Module->Entry.SizeOfImage) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Module->TlsCallbacksRva = LdrpVaToRva(Module, Directory.AddressOfCallBacks);
    return LdrpAssignTlsIndex(Module, Directory.AddressOfIndex);
}

/* Reads the TLS directories of all modules; then the first thread's storage. */
NTSTATUS LdrpInitializeTls(VOID)
{
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink;
         Link != &LdrpLdrData.InLoadOrderModuleList; Link = Link->Flink) {
        NTSTATUS Status = LdrpReadTlsDirectory(LDRP_MODULE_OF(Link, InLoadOrderLinks));
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    return LdrpAllocateTls();
}

static PVOID LdrpCopyTlsData(PLDRP_MODULE Module)
{
    PVOID Copy = RtlAllocateHeap(
        RtlGetProcessHeap(), HEAP_ZERO_MEMORY, Module->TlsDataSize + Module->TlsZeroSize);

    if (Copy != NULL && Module->TlsDataSize != 0) {
        memcpy(Copy, Module->TlsData, Module->TlsDataSize);
    }
    return Copy;
}

/* The calling thread's array and copies. */
NTSTATUS LdrpAllocateTls(VOID)
{
    PVOID *Array;

    if (LdrpTlsCount == 0) {
        return STATUS_SUCCESS;
    }
    Array = RtlAllocateHeap(
        RtlGetProcessHeap(), HEAP_ZERO_MEMORY, LdrpTlsCount * sizeof(PVOID));
    if (Array == NULL) {
        return STATUS_NO_MEMORY;
    }
    NtCurrentTeb()->ThreadLocalStoragePointer = Array;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink;
         Link != &LdrpLdrData.InLoadOrderModuleList; Link = Link->Flink) {
        PLDRP_MODULE Module = LDRP_MODULE_OF(Link, InLoadOrderLinks);
        if (Module->HasTls) {
            Array[Module->Entry.TlsIndex] = LdrpCopyTlsData(Module);
            if (Array[Module->Entry.TlsIndex] == NULL) {
                RtlLeaveCriticalSection(&LdrpLoaderLock);
                LdrpFreeTls();
                return STATUS_NO_MEMORY;
            }
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}

VOID LdrpFreeTls(VOID)
{
    PVOID *Array = NtCurrentTeb()->ThreadLocalStoragePointer;

    if (Array == NULL) {
        return;
    }
    NtCurrentTeb()->ThreadLocalStoragePointer = NULL;
    for (ULONG i = 0; i < LdrpTlsCount; i++) {
        RtlpFree(Array[i]);
    }
    RtlpFree(Array);
}

/* A module's own callbacks, called like its entry point and before it. */
VOID LdrpCallTlsCallbacks(PLDRP_MODULE Module, ULONG Reason, PVOID Reserved)
{
    if (Module->TlsCallbacksRva == 0) {
        return;
    }
    for (ULONG i = 0; i < LDRP_MAXIMUM_CALLBACKS; i++) {
        PIMAGE_TLS_CALLBACK *Callback = LdrImageRva(Module->Entry.DllBase,
            Module->Entry.SizeOfImage, Module->TlsCallbacksRva + i * sizeof(*Callback),
            sizeof(*Callback));
        if (Callback == NULL || *Callback == NULL) {
            return;
        }
        (*Callback)(Module->Entry.DllBase, Reason, Reserved);
    }
}
