/* SPDX-License-Identifier: MIT */
/*
 * RtlCreateUserProcess: NT's own way to make a process, phases 1 to 3 without
 * Win32.  The kernel's first process and csrss come into being this way; csrss is
 * not told, so a Win32 program started so cannot connect to it.
 *
 * kernel32's CreateProcessW does the same with more to decide.
 */
#include "user/ntdll/ntdllp.h"

/* Phase 1: the image's file and section. */
static NTSTATUS RtlpOpenImage(PUNICODE_STRING ImageFileName, ULONG Attributes,
    PCSTR TraceName, PHANDLE Section, PSECTION_IMAGE_INFORMATION Information)
{
    OBJECT_ATTRIBUTES ObjectAttributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE File;
    NTSTATUS Status;

    InitializeObjectAttributes(&ObjectAttributes, ImageFileName,
        Attributes & (OBJ_CASE_INSENSITIVE | OBJ_INHERIT), NULL, NULL);
    Status = NtOpenFile(&File, SYNCHRONIZE | FILE_EXECUTE | FILE_READ_DATA, &ObjectAttributes,
        &IoStatus, FILE_SHARE_READ | FILE_SHARE_DELETE,
        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    NascentTraceEvent(TraceImageOpened, TraceName, NULL, 1, (ULONG)(ULONG_PTR)File);
    Status = NtCreateSection(
        Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    if (NT_SUCCESS(Status)) {
        Status = NtQuerySection(
            *Section, SectionImageInformation, Information, sizeof(*Information), NULL);
        if (NT_SUCCESS(Status)) {
            NascentTraceEvent(TracePhase1, TraceName, NULL, 5, (ULONG)(ULONG_PTR)File,
                (ULONG)(ULONG_PTR)*Section, (ULONG)(ULONG_PTR)Information->TransferAddress,
                Information->SubSystemType, Information->MaximumStackSize);
        } else {
            (void)NtClose(*Section);
        }
    }
    (void)NtClose(File);
    return Status;
}

/* The end of phase 2, parameters, and phase 3: NtProcessStartup gets the PEB. */
static NTSTATUS RtlpCreateFirstThread(PRTL_USER_PROCESS_PARAMETERS Parameters,
    PVOID SecurityDescriptor, PRTL_USER_PROCESS_INFORMATION Information)
{
    PSECTION_IMAGE_INFORMATION Image = &Information->ImageInformation;
    PROCESS_BASIC_INFORMATION Basic;
    NTSTATUS Status = NtQueryInformationProcess(
        Information->ProcessHandle, ProcessBasicInformation, &Basic, sizeof(Basic), NULL);

    if (NT_SUCCESS(Status)) {
        Status = RtlPushProcessParameters(
            Information->ProcessHandle, Basic.PebBaseAddress, Parameters);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return RtlCreateUserThread(Information->ProcessHandle, SecurityDescriptor, TRUE, 0,
        Image->MaximumStackSize, Image->CommittedStackSize,
        (PUSER_THREAD_START_ROUTINE)(ULONG_PTR)Image->TransferAddress, Basic.PebBaseAddress,
        &Information->ThreadHandle, &Information->ClientId);
}

/*
 * RtlCreateUserProcess - a process with its first thread suspended.
 *
 * The caller owns both handles.  On failure nothing remains; a process that
 * already exists is terminated.
 */
NTSTATUS NTAPI RtlCreateUserProcess(PUNICODE_STRING ImageFileName, ULONG Attributes,
    PRTL_USER_PROCESS_PARAMETERS Parameters, PVOID ProcessSecurityDescriptor,
    PVOID ThreadSecurityDescriptor, HANDLE ParentProcess, BOOLEAN InheritHandles,
    HANDLE DebugPort, HANDLE ExceptionPort, PRTL_USER_PROCESS_INFORMATION Information)
{
    OBJECT_ATTRIBUTES ObjectAttributes;
    CHAR TraceName[32];
    HANDLE Section;
    NTSTATUS Status;

    NascentTraceImageName(ImageFileName, TraceName, sizeof(TraceName));
    NascentTraceEvent(TraceCreateBegin, TraceName, NULL, 0);
    Status = RtlpOpenImage(
        ImageFileName, Attributes, TraceName, &Section, &Information->ImageInformation);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeObjectAttributes(&ObjectAttributes, NULL, 0, NULL, ProcessSecurityDescriptor);
    Status = NtCreateProcessEx(&Information->ProcessHandle, PROCESS_ALL_ACCESS,
        &ObjectAttributes, ParentProcess != NULL ? ParentProcess : NtCurrentProcess(),
        InheritHandles ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0, Section, DebugPort,
        ExceptionPort, 0);
    (void)NtClose(Section);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlpCreateFirstThread(Parameters, ThreadSecurityDescriptor, Information);
    if (!NT_SUCCESS(Status)) {
        (void)NtTerminateProcess(Information->ProcessHandle, Status);
        (void)NtClose(Information->ProcessHandle);
        return Status;
    }
    Information->Length = sizeof(*Information);
    return STATUS_SUCCESS;
}
