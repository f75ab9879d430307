/* SPDX-License-Identifier: MIT */
/*
 * Phase 3, the creator's side: a stack and a context for the initial thread,
 * then NtCreateThread.  Kernel: ps/thread.c.
 */
#include "user/kernel32/base.h"

/* Reserves at least 256 KiB; ntdll places the guard page below what is committed. */
NTSTATUS BaseCreateStack(HANDLE Process, SIZE_T Commit, SIZE_T Reserve, PINITIAL_TEB InitialTeb)
{
    if (Reserve < BASE_MINIMUM_STACK_RESERVE) {
        Reserve = BASE_MINIMUM_STACK_RESERVE;
    }
    return RtlCreateUserStack(Process, Reserve, Commit, InitialTeb);
}

/*
 * The thread starts at BaseProcessStartThunk with the image's entry in EAX and
 * the PEB in EBX; the kernel takes its Win32 start address from EAX.  kernel32
 * is at the same address in every process, so our thunk's address is the child's.
 */
NTSTATUS BasepCreateFirstThread(PBASE_CREATE Create)
{
    PSECTION_IMAGE_INFORMATION Image = &Create->ImageInformation;
    BASE_OBJECT_NAME Buffer;
    INITIAL_TEB InitialTeb;
    CONTEXT Context;
    NTSTATUS Status = BaseCreateStack(
        Create->Process, Image->CommittedStackSize, Image->MaximumStackSize, &InitialTeb);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitializeContext(&Context, BaseProcessStartThunk, (ULONG_PTR)Image->TransferAddress,
        (ULONG_PTR)Create->Peb, InitialTeb.StackBase);
    return NtCreateThread(&Create->Thread, THREAD_ALL_ACCESS,
        BaseFormatObjectAttributes(&Buffer, Create->ThreadSecurity, NULL), Create->Process,
        &Create->ClientId, &Context, &InitialTeb, TRUE);
}
