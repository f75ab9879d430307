/* SPDX-License-Identifier: MIT */
/*
 * Memory: virtual memory of any process, and the heap.  HeapAlloc, HeapReAlloc
 * and HeapSize are forwarders to ntdll; see kernel32.def.
 */
#include "user/kernel32/base.h"

LPVOID WINAPI VirtualAllocEx(
    HANDLE Process, LPVOID Address, SIZE_T Size, DWORD AllocationType, DWORD Protect)
{
    PVOID Base = Address;
    NTSTATUS Status = NtAllocateVirtualMemory(Process, &Base, 0, &Size, AllocationType, Protect);

    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return NULL;
    }
    return Base;
}

LPVOID WINAPI VirtualAlloc(LPVOID Address, SIZE_T Size, DWORD AllocationType, DWORD Protect)
{
    return VirtualAllocEx(NtCurrentProcess(), Address, Size, AllocationType, Protect);
}

/* Win32 wants whole regions released; NT would release parts. */
BOOL WINAPI VirtualFreeEx(HANDLE Process, LPVOID Address, SIZE_T Size, DWORD FreeType)
{
    if ((FreeType & MEM_RELEASE) != 0 && Size != 0) {
        return BaseSetLastNTError(STATUS_INVALID_PARAMETER);
    }
    return BaseResult(NtFreeVirtualMemory(Process, &Address, &Size, FreeType));
}

BOOL WINAPI VirtualFree(LPVOID Address, SIZE_T Size, DWORD FreeType)
{
    return VirtualFreeEx(NtCurrentProcess(), Address, Size, FreeType);
}

BOOL WINAPI VirtualProtectEx(
    HANDLE Process, LPVOID Address, SIZE_T Size, DWORD NewProtect, PDWORD OldProtect)
{
    return BaseResult(NtProtectVirtualMemory(Process, &Address, &Size, NewProtect, OldProtect));
}

BOOL WINAPI VirtualProtect(LPVOID Address, SIZE_T Size, DWORD NewProtect, PDWORD OldProtect)
{
    return VirtualProtectEx(NtCurrentProcess(), Address, Size, NewProtect, OldProtect);
}

SIZE_T WINAPI VirtualQueryEx(
    HANDLE Process, LPCVOID Address, PMEMORY_BASIC_INFORMATION Buffer, SIZE_T Length)
{
    SIZE_T Returned = 0;
    NTSTATUS Status = NtQueryVirtualMemory(
        Process, (PVOID)Address, MemoryBasicInformation, Buffer, Length, &Returned);

    return BaseResult(Status) ? Returned : 0;
}

SIZE_T WINAPI VirtualQuery(LPCVOID Address, PMEMORY_BASIC_INFORMATION Buffer, SIZE_T Length)
{
    return VirtualQueryEx(NtCurrentProcess(), Address, Buffer, Length);
}

BOOL WINAPI ReadProcessMemory(
    HANDLE Process, LPCVOID Address, LPVOID Buffer, SIZE_T Size, SIZE_T *Read)
{
    return BaseResult(NtReadVirtualMemory(Process, (PVOID)Address, Buffer, Size, Read));
}

BOOL WINAPI WriteProcessMemory(
    HANDLE Process, LPVOID Address, LPCVOID Buffer, SIZE_T Size, SIZE_T *Written)
{
    return BaseResult(NtWriteVirtualMemory(Process, Address, (PVOID)Buffer, Size, Written));
}

HANDLE WINAPI GetProcessHeap(VOID)
{
    return RtlGetProcessHeap();
}

HANDLE WINAPI HeapCreate(DWORD Options, SIZE_T InitialSize, SIZE_T MaximumSize)
{
    HANDLE Heap = RtlCreateHeap(
        Options | (MaximumSize == 0 ? HEAP_GROWABLE : 0), NULL, MaximumSize, InitialSize, NULL,
        NULL);

    if (Heap == NULL) {
        RtlSetLastWin32Error(ERROR_NOT_ENOUGH_MEMORY);
    }
    return Heap;
}

BOOL WINAPI HeapDestroy(HANDLE Heap)
{
    if (RtlDestroyHeap(Heap) == NULL) {
        return TRUE;
    }
    return BaseSetLastNTError(STATUS_INVALID_HANDLE);
}

/* Not a forwarder: RtlFreeHeap's BOOLEAN leaves the rest of EAX undefined. */
BOOL WINAPI HeapFree(HANDLE Heap, DWORD Flags, LPVOID Block)
{
    return RtlFreeHeap(Heap, Flags, Block) ? TRUE : FALSE;
}

/* Only fixed blocks: LMEM_MOVEABLE is accepted and moves nothing. */
HLOCAL WINAPI LocalAlloc(UINT Flags, SIZE_T Size)
{
    PVOID Block = RtlAllocateHeap(
        RtlGetProcessHeap(), (Flags & LMEM_ZEROINIT) != 0 ? HEAP_ZERO_MEMORY : 0, Size);

    if (Block == NULL) {
        RtlSetLastWin32Error(ERROR_NOT_ENOUGH_MEMORY);
    }
    return Block;
}

HLOCAL WINAPI LocalFree(HLOCAL Block)
{
    BaseFree(Block);
    return NULL;
}
