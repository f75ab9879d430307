/* SPDX-License-Identifier: MIT */
/*
 * Native threads: stack, first context, creation, exit.
 */
#include "user/ntdll/ntdllp.h"

/* What user code is given; the kernel adds the privilege level and cleans EFLAGS. */
#define RTLP_SELECTOR_CODE 0x18
#define RTLP_SELECTOR_DATA 0x20
#define RTLP_SELECTOR_TEB  0x38
#define RTLP_INITIAL_EFLAGS 0x3000

/* Sizes of 0 are those of the current image's header. */
static NTSTATUS RtlpDefaultStackSizes(PSIZE_T Maximum, PSIZE_T Committed)
{
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(NtCurrentPeb()->ImageBaseAddress);

    if (Headers == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    if (*Maximum == 0) {
        *Maximum = Headers->OptionalHeader.SizeOfStackReserve;
    }
    if (*Committed == 0) {
        *Committed = Headers->OptionalHeader.SizeOfStackCommit;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS RtlpStackSizes(PSIZE_T Maximum, PSIZE_T Committed)
{
    if (*Maximum == 0 || *Committed == 0) {
        NTSTATUS Status = RtlpDefaultStackSizes(Maximum, Committed);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    *Committed = ALIGN_UP_BY(*Committed != 0 ? *Committed : 1, PAGE_SIZE);
    if (*Maximum < *Committed + 2 * PAGE_SIZE) {
        *Maximum = ALIGN_UP_BY(*Committed + 2 * PAGE_SIZE, 0x100000);
    }
    *Maximum = ALIGN_UP_BY(*Maximum, MM_ALLOCATION_GRANULARITY);
    return *Maximum >= *Committed ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* Commits the top of the stack and sets the guard page that lets it grow. */
static NTSTATUS RtlpCommitStack(HANDLE Process, PINITIAL_TEB InitialTeb, SIZE_T Committed)
{
    PVOID Base = (PUCHAR)InitialTeb->StackBase - Committed - PAGE_SIZE;
    SIZE_T Size = Committed + PAGE_SIZE;
    ULONG OldProtect;
    NTSTATUS Status;

    InitialTeb->StackLimit = (PUCHAR)InitialTeb->StackBase - Committed;
    Status = NtAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Size = PAGE_SIZE;
    return NtProtectVirtualMemory(
        Process, &Base, &Size, PAGE_READWRITE | PAGE_GUARD, &OldProtect);
}

NTSTATUS NTAPI RtlCreateUserStack(HANDLE Process, SIZE_T MaximumStackSize,
    SIZE_T CommittedStackSize, PINITIAL_TEB InitialTeb)
{
    NTSTATUS Status = RtlpStackSizes(&MaximumStackSize, &CommittedStackSize);

    *InitialTeb = (INITIAL_TEB){0};
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtAllocateVirtualMemory(Process, &InitialTeb->AllocatedStackBase, 0,
        &MaximumStackSize, MEM_RESERVE, PAGE_READWRITE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitialTeb->StackBase = (PUCHAR)InitialTeb->AllocatedStackBase + MaximumStackSize;
    Status = RtlpCommitStack(Process, InitialTeb, CommittedStackSize);
    if (!NT_SUCCESS(Status)) {
        RtlFreeUserStack(Process, InitialTeb);
    }
    return Status;
}

VOID NTAPI RtlFreeUserStack(HANDLE Process, PINITIAL_TEB InitialTeb)
{
    SIZE_T Size = 0;

    (void)NtFreeVirtualMemory(Process, &InitialTeb->AllocatedStackBase, &Size, MEM_RELEASE);
    *InitialTeb = (INITIAL_TEB){0};
}

VOID NTAPI RtlInitializeContext(
    PCONTEXT Context, PVOID Eip, ULONG_PTR Eax, ULONG_PTR Ebx, PVOID StackBase)
{
    Context->ContextFlags = CONTEXT_FULL; /* so there are no other registers to fill in */
    Context->Eip = (ULONG)(ULONG_PTR)Eip;
    Context->Eax = Eax;
    Context->Ebx = Ebx;
    Context->Ecx = Context->Edx = Context->Esi = Context->Edi = Context->Ebp = 0;
    Context->Esp = (ULONG)(ULONG_PTR)StackBase - sizeof(ULONG);
    Context->SegCs = RTLP_SELECTOR_CODE;
    Context->SegSs = Context->SegDs = Context->SegEs = RTLP_SELECTOR_DATA;
    Context->SegFs = RTLP_SELECTOR_TEB;
    Context->SegGs = 0;
    Context->EFlags = RTLP_INITIAL_EFLAGS;
}

NTSTATUS NTAPI RtlCreateUserThread(HANDLE Process, PVOID SecurityDescriptor,
    BOOLEAN CreateSuspended, ULONG ZeroBits, SIZE_T MaximumStackSize, SIZE_T CommittedStackSize,
    PUSER_THREAD_START_ROUTINE StartAddress, PVOID Parameter, PHANDLE Thread,
    PCLIENT_ID ClientId)
{
    OBJECT_ATTRIBUTES Attributes;
    INITIAL_TEB InitialTeb;
    CONTEXT Context;
    CLIENT_ID Ignored;
    HANDLE Handle;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(ZeroBits);
    Status = RtlCreateUserStack(Process, MaximumStackSize, CommittedStackSize, &InitialTeb);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, SecurityDescriptor);
    RtlInitializeContext(&Context, (PVOID)(ULONG_PTR)RtlUserThreadStart,
        (ULONG_PTR)StartAddress, (ULONG_PTR)Parameter, InitialTeb.StackBase);
    Status = NtCreateThread(&Handle, THREAD_ALL_ACCESS, &Attributes, Process,
        ClientId != NULL ? ClientId : &Ignored, &Context, &InitialTeb, CreateSuspended);
    if (!NT_SUCCESS(Status)) {
        RtlFreeUserStack(Process, &InitialTeb);
        return Status;
    }
    if (Thread != NULL) {
        *Thread = Handle;
    } else {
        (void)NtClose(Handle);
    }
    return STATUS_SUCCESS;
}

/* The first C code of a native thread, from RtlUserThreadStart (dispatch.S). */
DECLSPEC_NORETURN VOID NTAPI RtlpUserThreadStart(
    PUSER_THREAD_START_ROUTINE Routine, PVOID Parameter)
{
    RtlExitUserThread(Routine(Parameter));
}

/* Ends the thread; the last one takes the process with it. */
DECLSPEC_NORETURN VOID NTAPI RtlExitUserThread(NTSTATUS Status)
{
    ULONG Last = 0;

    (void)NtQueryInformationThread(
        NtCurrentThread(), ThreadAmILastThread, &Last, sizeof(Last), NULL);
    if (!Last) {
        LdrShutdownThread();
        NtCurrentTeb()->FreeStackOnTermination = TRUE;
        /* NULL: this thread, unless it has become the last one meanwhile. */
        (void)NtTerminateThread(NULL, Status);
        NtCurrentTeb()->FreeStackOnTermination = FALSE;
    }
    (void)LdrShutdownProcess();
    for (;;) {
        (void)NtTerminateProcess(NtCurrentProcess(), Status);
    }
}
