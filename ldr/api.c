/* SPDX-License-Identifier: MIT */
/*
 * The loader's exports for a running program: what LoadLibrary, FreeLibrary,
 * GetModuleHandle and GetProcAddress come down to.
 */
#include "ldr/ldrp.h"

/*
 * LdrLoadDll - load a DLL with all it imports and attach what is new.
 *
 * Each success needs an LdrUnloadDll.  If a DllMain refuses, everything that this
 * call loaded is unloaded again: STATUS_DLL_INIT_FAILED.
 */
NTSTATUS NTAPI LdrLoadDll(
    PCWSTR DllPath, PULONG DllCharacteristics, PCUNICODE_STRING DllName, PVOID *DllHandle)
{
    PLDRP_MODULE Module;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(DllCharacteristics);
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Status = LdrpLoadModule(DllPath, DllName, &Module);
    if (NT_SUCCESS(Status)) {
        Status = LdrpRunInitializeRoutines(NULL);
        if (NT_SUCCESS(Status)) {
            *DllHandle = Module->Entry.DllBase;
        } else {
            LdrpDereference(Module);
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI LdrUnloadDll(PVOID DllHandle)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PLDRP_MODULE Module;

    if (LdrpShutdownInProgress) {
        return STATUS_SUCCESS;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Module = LdrpFindByBase(DllHandle);
    if (Module != NULL && !Module->Unloading) {
        LdrpDereference(Module);
    } else {
        Status = STATUS_DLL_NOT_FOUND;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

/* The base of a loaded DLL; takes no reference.  An empty name is not the EXE here. */
NTSTATUS NTAPI LdrGetDllHandle(
    PCWSTR DllPath, PULONG DllCharacteristics, PCUNICODE_STRING DllName, PVOID *DllHandle)
{
    UNICODE_STRING Complete;
    PLDRP_MODULE Module;
    NTSTATUS Status = LdrpCompleteName(DllName, &Complete);

    UNREFERENCED_PARAMETER(DllPath);
    UNREFERENCED_PARAMETER(DllCharacteristics);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Module = LdrpFindByName(&Complete);
    if (Module != NULL) {
        *DllHandle = Module->Entry.DllBase;
    } else {
        Status = STATUS_DLL_NOT_FOUND;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    RtlFreeUnicodeString(&Complete);
    return Status;
}

/* A forwarder may load a DLL, which is attached before its address is given out. */
static NTSTATUS LdrpGetAddress(PVOID DllHandle, PCSTR Name, ULONG Ordinal, PVOID *Address)
{
    PLDRP_MODULE Module;
    PVOID Found;
    NTSTATUS Status = STATUS_DLL_NOT_FOUND;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Module = LdrpFindByBase(DllHandle);
    if (Module != NULL) {
        Status = LdrpResolveExport(Module, Name, Ordinal, 0, &Found);
    }
    if (NT_SUCCESS(Status)) {
        Status = LdrpRunInitializeRoutines(NULL);
    }
    if (NT_SUCCESS(Status)) {
        *Address = Found;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI LdrGetProcedureAddress(
    PVOID DllHandle, PANSI_STRING Name, ULONG Ordinal, PVOID *Address)
{
    CHAR Terminated[256];

    if (Name == NULL || Name->Buffer == NULL) {
        return LdrpGetAddress(DllHandle, NULL, Ordinal, Address);
    }
    if (Name->Length >= sizeof(Terminated)) {
        return STATUS_ENTRYPOINT_NOT_FOUND;
    }
    memcpy(Terminated, Name->Buffer, Name->Length);
    Terminated[Name->Length] = 0;
    return LdrpGetAddress(DllHandle, Terminated, 0, Address);
}

/* Modules with TLS cannot do without the calls. */
NTSTATUS NTAPI LdrDisableThreadCalloutsForDll(PVOID DllHandle)
{
    PLDRP_MODULE Module;
    NTSTATUS Status = STATUS_SUCCESS;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Module = LdrpFindByBase(DllHandle);
    if (Module == NULL || Module->HasTls) {
        Status = STATUS_DLL_NOT_FOUND;
    } else {
        Module->Entry.Flags |= LDRP_DONT_CALL_FOR_THREADS;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

/* The entry stays valid as long as the caller keeps the module loaded. */
NTSTATUS NTAPI LdrFindEntryForAddress(PVOID Address, PLDR_DATA_TABLE_ENTRY *Entry)
{
    PLDRP_MODULE Module;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Module = LdrpFindByAddress(Address);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    if (Module == NULL) {
        return STATUS_NO_MORE_ENTRIES;
    }
    *Entry = &Module->Entry;
    return STATUS_SUCCESS;
}

/* Base is a mapped image, whose headers are in its first page. */
PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base)
{
    return (PIMAGE_NT_HEADERS)LdrImageNtHeaders(Base, PAGE_SIZE);
}
