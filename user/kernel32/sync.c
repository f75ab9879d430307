/* SPDX-License-Identifier: MIT */
/*
 * Events, mutexes and semaphores: NT's objects by Win32's names.
 *
 * A name that exists already opens the object and leaves ERROR_ALREADY_EXISTS
 * as the last error.  The ANSI forms only convert the name.
 */
#include "user/kernel32/base.h"

/* The end of every Create: the handle, with the last error said either way. */
static HANDLE BasepCreated(NTSTATUS Status, HANDLE Handle)
{
    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return NULL;
    }
    RtlSetLastWin32Error(Status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : 0);
    return Handle;
}

HANDLE WINAPI CreateEventW(
    LPSECURITY_ATTRIBUTES Security, BOOL ManualReset, BOOL InitialState, LPCWSTR Name)
{
    BASE_OBJECT_NAME Buffer;
    HANDLE Handle = NULL;
    NTSTATUS Status = NtCreateEvent(&Handle, EVENT_ALL_ACCESS,
        BaseFormatObjectAttributes(&Buffer, Security, Name),
        ManualReset ? NotificationEvent : SynchronizationEvent, (BOOLEAN)InitialState);

    return BasepCreated(Status, Handle);
}

HANDLE WINAPI CreateEventA(
    LPSECURITY_ATTRIBUTES Security, BOOL ManualReset, BOOL InitialState, LPCSTR Name)
{
    UNICODE_STRING Unicode;
    NTSTATUS Status = BaseAnsiName(Name, &Unicode);
    HANDLE Handle;

    if (!NT_SUCCESS(Status)) {
        return BasepCreated(Status, NULL);
    }
    Handle = CreateEventW(Security, ManualReset, InitialState, Unicode.Buffer);
    RtlFreeUnicodeString(&Unicode);
    return Handle;
}

BOOL WINAPI SetEvent(HANDLE Event)
{
    return BaseResult(NtSetEvent(Event, NULL));
}

BOOL WINAPI ResetEvent(HANDLE Event)
{
    return BaseResult(NtClearEvent(Event));
}

BOOL WINAPI PulseEvent(HANDLE Event)
{
    return BaseResult(NtPulseEvent(Event, NULL));
}

HANDLE WINAPI CreateMutexW(LPSECURITY_ATTRIBUTES Security, BOOL InitialOwner, LPCWSTR Name)
{
    BASE_OBJECT_NAME Buffer;
    HANDLE Handle = NULL;
    NTSTATUS Status = NtCreateMutant(&Handle, MUTEX_ALL_ACCESS,
        BaseFormatObjectAttributes(&Buffer, Security, Name), (BOOLEAN)InitialOwner);

    return BasepCreated(Status, Handle);
}

HANDLE WINAPI CreateMutexA(LPSECURITY_ATTRIBUTES Security, BOOL InitialOwner, LPCSTR Name)
{
    UNICODE_STRING Unicode;
    NTSTATUS Status = BaseAnsiName(Name, &Unicode);
    HANDLE Handle;

    if (!NT_SUCCESS(Status)) {
        return BasepCreated(Status, NULL);
    }
    Handle = CreateMutexW(Security, InitialOwner, Unicode.Buffer);
    RtlFreeUnicodeString(&Unicode);
    return Handle;
}

BOOL WINAPI ReleaseMutex(HANDLE Mutex)
{
    return BaseResult(NtReleaseMutant(Mutex, NULL));
}

HANDLE WINAPI CreateSemaphoreW(
    LPSECURITY_ATTRIBUTES Security, LONG InitialCount, LONG MaximumCount, LPCWSTR Name)
{
    BASE_OBJECT_NAME Buffer;
    HANDLE Handle = NULL;
    NTSTATUS Status = NtCreateSemaphore(&Handle, SEMAPHORE_ALL_ACCESS,
        BaseFormatObjectAttributes(&Buffer, Security, Name), InitialCount, MaximumCount);

    return BasepCreated(Status, Handle);
}

HANDLE WINAPI CreateSemaphoreA(
    LPSECURITY_ATTRIBUTES Security, LONG InitialCount, LONG MaximumCount, LPCSTR Name)
{
    UNICODE_STRING Unicode;
    NTSTATUS Status = BaseAnsiName(Name, &Unicode);
    HANDLE Handle;

    if (!NT_SUCCESS(Status)) {
        return BasepCreated(Status, NULL);
    }
    Handle = CreateSemaphoreW(Security, InitialCount, MaximumCount, Unicode.Buffer);
    RtlFreeUnicodeString(&Unicode);
    return Handle;
}

BOOL WINAPI ReleaseSemaphore(HANDLE Semaphore, LONG ReleaseCount, LPLONG PreviousCount)
{
    return BaseResult(NtReleaseSemaphore(Semaphore, ReleaseCount, PreviousCount));
}

/* Enter, Leave, TryEnter and Delete are forwarders to ntdll; see kernel32.def. */
VOID WINAPI InitializeCriticalSection(LPCRITICAL_SECTION CriticalSection)
{
    NTSTATUS Status = RtlInitializeCriticalSection(CriticalSection);

    if (!NT_SUCCESS(Status)) {
        RtlRaiseStatus(Status);
    }
}

BOOL WINAPI InitializeCriticalSectionAndSpinCount(
    LPCRITICAL_SECTION CriticalSection, DWORD SpinCount)
{
    return BaseResult(RtlInitializeCriticalSectionAndSpinCount(CriticalSection, SpinCount));
}
