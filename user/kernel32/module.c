/* SPDX-License-Identifier: MIT */
/*
 * Modules: Win32's names for what ntdll's loader does.  The empty module (NULL)
 * is the program itself.
 */
#include "user/kernel32/base.h"

static NTSTATUS BasepLoad(PCUNICODE_STRING Name, PVOID *Module)
{
    return LdrLoadDll(NULL, NULL, Name, Module);
}

HMODULE WINAPI LoadLibraryW(LPCWSTR FileName)
{
    UNICODE_STRING Name;
    PVOID Module;

    RtlInitUnicodeString(&Name, FileName);
    return BaseResult(BasepLoad(&Name, &Module)) ? Module : NULL;
}

HMODULE WINAPI LoadLibraryA(LPCSTR FileName)
{
    UNICODE_STRING Name;
    PVOID Module = NULL;
    NTSTATUS Status = BaseAnsiName(FileName, &Name);

    if (NT_SUCCESS(Status)) {
        Status = BasepLoad(&Name, &Module);
        RtlFreeUnicodeString(&Name);
    }
    return BaseResult(Status) ? Module : NULL;
}

BOOL WINAPI FreeLibrary(HMODULE Module)
{
    return BaseResult(LdrUnloadDll(Module));
}

HMODULE WINAPI GetModuleHandleW(LPCWSTR ModuleName)
{
    UNICODE_STRING Name;
    PVOID Module;

    if (ModuleName == NULL) {
        return NtCurrentPeb()->ImageBaseAddress;
    }
    RtlInitUnicodeString(&Name, ModuleName);
    return BaseResult(LdrGetDllHandle(NULL, NULL, &Name, &Module)) ? Module : NULL;
}

HMODULE WINAPI GetModuleHandleA(LPCSTR ModuleName)
{
    UNICODE_STRING Name;
    NTSTATUS Status = BaseAnsiName(ModuleName, &Name);
    HMODULE Module;

    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return NULL;
    }
    Module = GetModuleHandleW(Name.Buffer);
    RtlFreeUnicodeString(&Name);
    return Module;
}

/* Cut to Size characters; the length without the zero, or Size when it was cut. */
DWORD WINAPI GetModuleFileNameW(HMODULE Module, LPWSTR Buffer, DWORD Size)
{
    PLDR_DATA_TABLE_ENTRY Entry;
    DWORD Length;
    PVOID Base = Module != NULL ? (PVOID)Module : NtCurrentPeb()->ImageBaseAddress;
    NTSTATUS Status = LdrFindEntryForAddress(Base, &Entry);

    if (!BaseResult(Status) || Size == 0) {
        return 0;
    }
    Length = Entry->FullDllName.Length / sizeof(WCHAR);
    if (Length < Size) {
        RtlCopyMemory(Buffer, Entry->FullDllName.Buffer, Length * sizeof(WCHAR));
        Buffer[Length] = L'\0';
        return Length;
    }
    RtlCopyMemory(Buffer, Entry->FullDllName.Buffer, (Size - 1) * sizeof(WCHAR));
    Buffer[Size - 1] = L'\0';
    RtlSetLastWin32Error(ERROR_INSUFFICIENT_BUFFER);
    return Size;
}

DWORD WINAPI GetModuleFileNameA(HMODULE Module, LPSTR Buffer, DWORD Size)
{
    WCHAR Wide[MAX_PATH];
    DWORD Length = GetModuleFileNameW(Module, Wide, min(Size, (DWORD)MAX_PATH));

    (void)RtlUnicodeToMultiByteN(
        Buffer, Size, NULL, Wide, min(Length + 1, (DWORD)MAX_PATH) * sizeof(WCHAR));
    return Length;
}

/* A name below 64 KiB is an ordinal. */
FARPROC WINAPI GetProcAddress(HMODULE Module, LPCSTR ProcName)
{
    PVOID Base = Module != NULL ? (PVOID)Module : NtCurrentPeb()->ImageBaseAddress;
    BOOLEAN ByOrdinal = (ULONG_PTR)ProcName < 0x10000;
    ANSI_STRING Name;
    PVOID Address;
    NTSTATUS Status;

    if (ByOrdinal) {
        Status = LdrGetProcedureAddress(Base, NULL, (ULONG)(ULONG_PTR)ProcName, &Address);
    } else {
        RtlInitAnsiString(&Name, ProcName);
        Status = LdrGetProcedureAddress(Base, &Name, 0, &Address);
    }
    return BaseResult(Status) ? (FARPROC)Address : NULL;
}

BOOL WINAPI DisableThreadLibraryCalls(HMODULE Module)
{
    return BaseResult(LdrDisableThreadCalloutsForDll(Module));
}
