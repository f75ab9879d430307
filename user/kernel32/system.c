/* SPDX-License-Identifier: MIT */
/*
 * Time and the machine.  Most of it is read from KUSER_SHARED_DATA, without a
 * system call.
 */
#include "user/kernel32/base.h"

/* Milliseconds since boot: ticks by the multiplier, an 8.24 fixed-point number. */
DWORD WINAPI GetTickCount(VOID)
{
    ULONGLONG Ticks = NascentReadTime(&USER_SHARED_DATA->TickCount);

    return (DWORD)((Ticks * USER_SHARED_DATA->TickCountMultiplier) >> 24);
}

VOID WINAPI GetSystemTimeAsFileTime(LPFILETIME Time)
{
    ULONGLONG Now = NascentReadTime(&USER_SHARED_DATA->SystemTime);

    Time->dwLowDateTime = (DWORD)Now;
    Time->dwHighDateTime = (DWORD)(Now >> 32);
}

BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *Counter)
{
    return BaseResult(NtQueryPerformanceCounter(Counter, NULL));
}

BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *Frequency)
{
    LARGE_INTEGER Counter;

    return BaseResult(NtQueryPerformanceCounter(&Counter, Frequency));
}

VOID WINAPI GetSystemInfo(LPSYSTEM_INFO Info)
{
    SYSTEM_BASIC_INFORMATION Basic = {0};

    RtlZeroMemory(Info, sizeof(*Info));
    (void)NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL);
    Info->wProcessorArchitecture = PROCESSOR_ARCHITECTURE_INTEL;
    Info->dwProcessorType = PROCESSOR_INTEL_PENTIUM;
    Info->wProcessorLevel = 6;
    Info->dwPageSize = PAGE_SIZE;
    Info->dwAllocationGranularity = MM_ALLOCATION_GRANULARITY;
    Info->lpMinimumApplicationAddress = (PVOID)0x00010000;
    Info->lpMaximumApplicationAddress = (PVOID)0x7FFEFFFF;
    Info->dwNumberOfProcessors = (DWORD)(UCHAR)Basic.NumberOfProcessors;
    Info->dwActiveProcessorMask = (1u << Info->dwNumberOfProcessors) - 1;
}

/* Major in the low byte, minor in the next, build in the high word. */
DWORD WINAPI GetVersion(VOID)
{
    PPEB Peb = NtCurrentPeb();

    return Peb->OSMajorVersion | Peb->OSMinorVersion << 8 | (ULONG)Peb->OSBuildNumber << 16;
}

BOOL WINAPI GetVersionExW(LPOSVERSIONINFOW Info)
{
    PPEB Peb = NtCurrentPeb();

    if (Info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOW) &&
        Info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOEXW)) {
        RtlSetLastWin32Error(ERROR_INSUFFICIENT_BUFFER);
        return FALSE;
    }
    RtlZeroMemory(&Info->dwMajorVersion,
        Info->dwOSVersionInfoSize - FIELD_OFFSET(OSVERSIONINFOW, dwMajorVersion));
    Info->dwMajorVersion = Peb->OSMajorVersion;
    Info->dwMinorVersion = Peb->OSMinorVersion;
    Info->dwBuildNumber = Peb->OSBuildNumber;
    Info->dwPlatformId = Peb->OSPlatformId;
    return TRUE;
}

BOOL WINAPI GetVersionExA(LPOSVERSIONINFOA Info)
{
    OSVERSIONINFOW Wide = {.dwOSVersionInfoSize = sizeof(Wide)};

    if (Info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOA) &&
        Info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOEXA)) {
        RtlSetLastWin32Error(ERROR_INSUFFICIENT_BUFFER);
        return FALSE;
    }
    (void)GetVersionExW(&Wide);
    RtlZeroMemory(&Info->dwMajorVersion,
        Info->dwOSVersionInfoSize - FIELD_OFFSET(OSVERSIONINFOA, dwMajorVersion));
    Info->dwMajorVersion = Wide.dwMajorVersion;
    Info->dwMinorVersion = Wide.dwMinorVersion;
    Info->dwBuildNumber = Wide.dwBuildNumber;
    Info->dwPlatformId = Wide.dwPlatformId;
    return TRUE;
}
