/* SPDX-License-Identifier: MIT */
/*
 * Writing the process parameters into a new process, before its first thread.
 */
#include "user/ntdll/ntdllp.h"

static NTSTATUS RtlpWriteRemote(HANDLE Process, PVOID Address, const VOID *Data, SIZE_T Size)
{
    return NtWriteVirtualMemory(Process, Address, (PVOID)(ULONG_PTR)Data, Size, NULL);
}

/* The de-normalised block at Remote, with its environment right behind. */
static NTSTATUS RtlpWriteParameters(
    HANDLE Process, PUCHAR Remote, PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    PWSTR Environment = Parameters->Environment;
    BOOLEAN Normalized = (Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) != 0;
    PUCHAR RemoteEnvironment = Remote + ALIGN_UP_BY(Parameters->Length, sizeof(ULONG));
    NTSTATUS Status;

    RtlDeNormalizeProcessParams(Parameters);
    Parameters->Environment = Environment != NULL ? RemoteEnvironment : NULL;
    Status = RtlpWriteRemote(Process, Remote, Parameters, Parameters->Length);
    Parameters->Environment = Environment;
    if (Normalized) {
        RtlNormalizeProcessParams(Parameters);
    }
    if (NT_SUCCESS(Status) && Environment != NULL) {
        Status = RtlpWriteRemote(
            Process, RemoteEnvironment, Environment, RtlEnvironmentSize(Environment));
    }
    return Status;
}

/* On failure nothing of it stays in the child. */
NTSTATUS NTAPI RtlPushProcessParameters(
    HANDLE Process, PPEB RemotePeb, PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    PVOID Remote = NULL;
    SIZE_T Size = ALIGN_UP_BY(Parameters->Length, sizeof(ULONG));
    NTSTATUS Status;

    if (Parameters->Environment != NULL) {
        Size += RtlEnvironmentSize(Parameters->Environment);
    }
    Status = NtAllocateVirtualMemory(
        Process, &Remote, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlpWriteParameters(Process, Remote, Parameters);
    if (NT_SUCCESS(Status)) {
        Status = RtlpWriteRemote(
            Process, &RemotePeb->ProcessParameters, &Remote, sizeof(Remote));
    }
    if (!NT_SUCCESS(Status)) {
        Size = 0;
        (void)NtFreeVirtualMemory(Process, &Remote, &Size, MEM_RELEASE);
    }
    return Status;
}
