/* SPDX-License-Identifier: MIT */
/*
 * CreateThread, and what one can ask and change about threads.
 */
#include "user/kernel32/base.h"

typedef struct _BASE_NEW_THREAD {
    HANDLE Process;
    INITIAL_TEB Stack;
    HANDLE Thread;
    CLIENT_ID ClientId;
} BASE_NEW_THREAD, *PBASE_NEW_THREAD;

/* Suspended.  On failure nothing remains. */
static NTSTATUS BasepMakeThread(PBASE_NEW_THREAD New, const SECURITY_ATTRIBUTES *Security,
    SIZE_T Commit, SIZE_T Reserve, LPTHREAD_START_ROUTINE Routine, LPVOID Parameter)
{
    BASE_OBJECT_NAME Buffer;
    CONTEXT Context;
    NTSTATUS Status = BaseCreateStack(New->Process, Commit, Reserve, &New->Stack);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitializeContext(&Context, BaseThreadStartThunk, (ULONG_PTR)Routine,
        (ULONG_PTR)Parameter, New->Stack.StackBase);
    Status = NtCreateThread(&New->Thread, THREAD_ALL_ACCESS,
        BaseFormatObjectAttributes(&Buffer, Security, NULL), New->Process, &New->ClientId,
        &Context, &New->Stack, TRUE);
    if (!NT_SUCCESS(Status)) {
        RtlFreeUserStack(New->Process, &New->Stack);
    }
    return Status;
}

/* The stack can go only when the thread has: it may have started to die on it. */
static VOID BasepUnmakeThread(PBASE_NEW_THREAD New, NTSTATUS Status)
{
    (void)NtTerminateThread(New->Thread, Status);
    (void)NtWaitForSingleObject(New->Thread, FALSE, NULL);
    (void)NtClose(New->Thread);
    RtlFreeUserStack(New->Process, &New->Stack);
}

/* The image's own sizes where StackSize is 0. */
static VOID BasepStackSizes(SIZE_T StackSize, DWORD Flags, PSIZE_T Commit, PSIZE_T Reserve)
{
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(NtCurrentPeb()->ImageBaseAddress);

    *Commit = Headers->OptionalHeader.SizeOfStackCommit;
    *Reserve = Headers->OptionalHeader.SizeOfStackReserve;
    if (StackSize == 0) {
        return;
    }
    if ((Flags & STACK_SIZE_PARAM_IS_A_RESERVATION) != 0) {
        *Reserve = StackSize;
    } else {
        *Commit = StackSize;
    }
    if (*Commit > *Reserve) {
        *Reserve = ALIGN_UP_BY(*Commit, 0x100000);
    }
}

HANDLE WINAPI CreateRemoteThread(HANDLE Process, LPSECURITY_ATTRIBUTES Security, SIZE_T StackSize,
    LPTHREAD_START_ROUTINE Routine, LPVOID Parameter, DWORD Flags, LPDWORD ThreadId)
{
    BASE_NEW_THREAD New;
    SIZE_T Commit;
    SIZE_T Reserve;
    NTSTATUS Status;

    New.Process = Process;
    BasepStackSizes(StackSize, Flags, &Commit, &Reserve);
    Status = BasepMakeThread(&New, Security, Commit, Reserve, Routine, Parameter);
    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return NULL;
    }
    Status = BasepTellCsrOfThread(New.Thread, &New.ClientId);
    if (NT_SUCCESS(Status) && (Flags & CREATE_SUSPENDED) == 0) {
        Status = NtResumeThread(New.Thread, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        BasepUnmakeThread(&New, Status);
        (void)BaseSetLastNTError(Status);
        return NULL;
    }
    if (ThreadId != NULL) {
        *ThreadId = (DWORD)(ULONG_PTR)New.ClientId.UniqueThread;
    }
    return New.Thread;
}

HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES Security, SIZE_T StackSize,
    LPTHREAD_START_ROUTINE Routine, LPVOID Parameter, DWORD Flags, LPDWORD ThreadId)
{
    return CreateRemoteThread(
        NtCurrentProcess(), Security, StackSize, Routine, Parameter, Flags, ThreadId);
}

/* Both return the previous count, or -1. */
DWORD WINAPI SuspendThread(HANDLE Thread)
{
    ULONG Previous;

    return BaseResult(NtSuspendThread(Thread, &Previous)) ? Previous : (DWORD)-1;
}

DWORD WINAPI ResumeThread(HANDLE Thread)
{
    ULONG Previous;

    return BaseResult(NtResumeThread(Thread, &Previous)) ? Previous : (DWORD)-1;
}

BOOL WINAPI GetExitCodeThread(HANDLE Thread, LPDWORD ExitCode)
{
    THREAD_BASIC_INFORMATION Information;
    NTSTATUS Status = NtQueryInformationThread(
        Thread, ThreadBasicInformation, &Information, sizeof(Information), NULL);

    if (!NT_SUCCESS(Status)) {
        return BaseSetLastNTError(Status);
    }
    *ExitCode = (DWORD)Information.ExitStatus;
    return TRUE;
}

HANDLE WINAPI GetCurrentThread(VOID)
{
    return NtCurrentThread();
}

DWORD WINAPI GetCurrentThreadId(VOID)
{
    return (DWORD)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread;
}

BOOL WINAPI GetThreadContext(HANDLE Thread, LPCONTEXT Context)
{
    return BaseResult(NtGetContextThread(Thread, Context));
}

BOOL WINAPI SetThreadContext(HANDLE Thread, const CONTEXT *Context)
{
    return BaseResult(NtSetContextThread(Thread, (PCONTEXT)Context));
}

/* NT's APC routines take three arguments, Win32's one. */
static VOID NTAPI BasepApcThunk(PVOID Routine, PVOID Data, PVOID Unused)
{
    UNREFERENCED_PARAMETER(Unused);
    ((PAPCFUNC)Routine)((ULONG_PTR)Data);
}

DWORD WINAPI QueueUserAPC(PAPCFUNC Routine, HANDLE Thread, ULONG_PTR Data)
{
    return (DWORD)BaseResult(
        NtQueueApcThread(Thread, BasepApcThunk, (PVOID)Routine, (PVOID)Data, NULL));
}
